"""Staff and calling systems, and the proof that it is they."""

import secrets
from dataclasses import replace
from hashlib import sha256

import pytest
from sqlalchemy import select, update

from registry import people
from registry.db import Database, reading, transaction
from registry.errors import ConflictError
from registry.records import ApiClient, Person, Role
from registry.tables import API_CLIENT, PERSON

BUREAU = "119999990000000511"
OFFICER = Person(
    person_id="officer-1", department=BUREAU, name="王䶮", roles=frozenset({Role.ISSUING_OFFICER, Role.COUNTER})
)
CLIENT = ApiClient(
    key_id="sandbox-1", department=BUREAU, roles=frozenset({Role.COUNTER}), environment="sandbox", name="试用系统"
)


@pytest.fixture
def staffed(sample: Database) -> Database:
    """The sample town with one officer."""
    with transaction(sample) as tx:
        people.add_person(tx, OFFICER)
    return sample


def test_an_added_person_is_found_and_listed(staffed: Database) -> None:
    with reading(staffed) as tx:
        assert people.find_person(tx, "officer-1") == OFFICER
        assert people.people_of(tx, BUREAU) == (OFFICER,)
        assert people.find_person(tx, "nobody") is None


def test_a_record_shows_no_name_in_its_repr() -> None:
    assert "王" not in repr(OFFICER)


@pytest.mark.parametrize("again", [OFFICER, Person(person_id="x", department="1", name="y", roles=frozenset())])
def test_an_id_stands_once_and_a_department_must_exist(staffed: Database, again: Person) -> None:
    with pytest.raises(ConflictError) as refused, transaction(staffed) as tx:
        people.add_person(tx, again)

    assert "王" not in str(refused.value)
    assert refused.value.__cause__ is None, "the driver's text would repeat the values"


def test_roles_are_given_as_a_whole(staffed: Database) -> None:
    with transaction(staffed) as tx:
        people.change_roles(tx, "officer-1", frozenset({Role.AUDITOR}))

    with reading(staffed) as tx:
        found = people.find_person(tx, "officer-1")
    assert found is not None
    assert found.roles == {Role.AUDITOR}


def test_a_person_is_known_by_the_secret_and_by_nothing_else(staffed: Database) -> None:
    with transaction(staffed) as tx:
        assert people.authenticate_person(tx, "officer-1", b"") is None, "who has no secret cannot sign in"
        old = people.give_secret(tx, "officer-1", random=secrets.token_bytes)
        new = people.give_secret(tx, "officer-1", random=secrets.token_bytes)

    with reading(staffed) as tx:
        assert people.authenticate_person(tx, "officer-1", new) == OFFICER
        for wrong in (old, b"", b"nobody", new[:-1], new + b"\x00"):
            assert people.authenticate_person(tx, "officer-1", wrong) is None
        assert people.authenticate_person(tx, "nobody", b"nobody") is None
        assert new != tx.execute(select(PERSON.c.secret_digest)).scalar_one(), "kept is the digest only"


def test_a_closed_account_is_nobodys(staffed: Database) -> None:
    with transaction(staffed) as tx:
        secret = people.give_secret(tx, "officer-1", random=secrets.token_bytes)
        people.close_person(tx, "officer-1")

    with reading(staffed) as tx:
        assert people.find_person(tx, "officer-1") is None
        assert people.people_of(tx, BUREAU) == ()
        assert people.authenticate_person(tx, "officer-1", secret) is None


def test_a_system_gets_its_secret_once_and_is_known_by_it(sample: Database) -> None:
    with transaction(sample) as tx:
        secret = people.add_client(tx, CLIENT, random=secrets.token_bytes)

    assert people.authenticate_client(sample, "sandbox-1", secret) == CLIENT
    assert people.authenticate_client(sample, "sandbox-1", secret[::-1]) is None
    assert people.authenticate_client(sample, "sandbox-2", secret) is None
    with reading(sample) as tx:
        assert people.clients_of(tx, BUREAU) == (CLIENT,)
        assert tx.execute(select(API_CLIENT.c.secret_digest)).scalar_one() != secret


def test_a_closed_key_is_closed_for_good(sample: Database) -> None:
    with transaction(sample) as tx:
        secret = people.add_client(tx, CLIENT, random=secrets.token_bytes)
        people.close_client(tx, "sandbox-1")

    assert people.authenticate_client(sample, "sandbox-1", secret) is None
    with reading(sample) as tx:
        assert people.clients_of(tx, BUREAU) == ()
    with pytest.raises(ConflictError), transaction(sample) as tx:
        people.add_client(tx, CLIENT, random=secrets.token_bytes)


def test_a_system_in_service_has_no_secret_and_one_of_before_is_void(sample: Database) -> None:
    serving = replace(CLIENT, environment="production")
    with pytest.raises(ValueError, match="no secret"), transaction(sample) as tx:
        people.add_client(tx, serving, random=secrets.token_bytes)
    with transaction(sample) as tx:
        people.add_client_in_service(tx, serving)
    secret = secrets.token_bytes(people.SECRET_BYTES)

    for kept in (None, sha256(secret).digest()):
        with transaction(sample) as tx:
            if kept is not None:
                tx.execute(update(API_CLIENT).values(secret_digest=kept))
        assert people.authenticate_client(sample, serving.key_id, secret) is None
        assert people.authenticate_client(sample, serving.key_id, b"") is None
        with reading(sample) as tx:
            assert people.clients_of(tx, BUREAU) == (serving,)
