"""Accounts: what is taken once is taken once, and a closed account is as good as none."""

from datetime import UTC, datetime, timedelta

import pytest

from registry import accounts, people
from registry.accounts import ProviderVisit
from registry.db import Database, reading, transaction
from registry.errors import ConflictError
from registry.records import Person, Role

BUREAU = "119999990000000511"
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
CLERK = Person(person_id="clerk", department=BUREAU, name="示例", roles=frozenset({Role.COUNTER}))
OTHER = Person(person_id="other", department=BUREAU, name="示例", roles=frozenset({Role.AUDITOR}))


@pytest.fixture
def staffed(sample: Database) -> Database:
    """The sample town with two persons."""
    with transaction(sample) as tx:
        people.add_person(tx, CLERK)
        people.add_person(tx, OTHER)
    return sample


def test_a_person_without_account_has_nothing_to_compare_with(staffed: Database) -> None:
    with reading(staffed) as tx:
        found = accounts.find_account(tx, "clerk")

    assert found is not None
    assert (found.person, found.password, found.authenticator) == (CLERK, None, None)


def test_a_new_password_leaves_the_second_factor_as_it_is(staffed: Database) -> None:
    with transaction(staffed) as tx:
        accounts.set_password(tx, "clerk", "hash-1", at=NOW)
        accounts.set_authenticator(tx, "clerk", b"sealed", step=7, at=NOW)
        accounts.set_password(tx, "clerk", "hash-2", at=LATER)

    with reading(staffed) as tx:
        found = accounts.find_account(tx, "clerk")
    assert found is not None
    assert (found.password, found.authenticator, found.last_step) == ("hash-2", b"sealed", 7)
    assert "hash" not in repr(found)
    assert "sealed" not in repr(found)


def test_a_closed_account_is_not_found(staffed: Database) -> None:
    with transaction(staffed) as tx:
        accounts.set_password(tx, "clerk", "hash", at=NOW)
        accounts.link_subject(tx, "https://id.example", "s-1", "clerk")
        accounts.invite(tx, "clerk", "i" * 64, made_by="other", ends_at=LATER)
        people.close_person(tx, "clerk")

    with transaction(staffed) as tx:
        assert accounts.find_account(tx, "clerk") is None
        assert accounts.account_of_subject(tx, "https://id.example", "s-1") is None
        assert accounts.take_invitation(tx, "i" * 64, at=NOW) is None


def test_a_step_is_taken_once_and_only_forwards(staffed: Database) -> None:
    with transaction(staffed) as tx:
        accounts.set_authenticator(tx, "clerk", b"sealed", step=7, at=NOW)

        assert [accounts.take_step(tx, "clerk", step) for step in (7, 6, 8, 8, 9)] == [False, False, True, False, True]


def test_a_recovery_code_is_good_once_and_for_one_person(staffed: Database) -> None:
    with transaction(staffed) as tx:
        accounts.set_recovery_codes(tx, "clerk", ["a" * 64, "b" * 64])

        assert not accounts.take_recovery_code(tx, "other", "a" * 64)
        assert accounts.take_recovery_code(tx, "clerk", "a" * 64)
        assert not accounts.take_recovery_code(tx, "clerk", "a" * 64)
        assert accounts.recovery_codes_left(tx, "clerk") == 1


def test_new_recovery_codes_make_the_old_ones_void(staffed: Database) -> None:
    with transaction(staffed) as tx:
        accounts.set_recovery_codes(tx, "clerk", ["a" * 64])
        accounts.set_recovery_codes(tx, "clerk", ["c" * 64])

        assert not accounts.take_recovery_code(tx, "clerk", "a" * 64)
        assert accounts.take_recovery_code(tx, "clerk", "c" * 64)


def test_an_invitation_is_good_once_and_until_its_end(staffed: Database) -> None:
    with transaction(staffed) as tx:
        accounts.invite(tx, "clerk", "i" * 64, made_by="other", ends_at=LATER)
        accounts.invite(tx, "other", "j" * 64, made_by="clerk", ends_at=LATER)

        assert accounts.invited(tx, "i" * 64, at=NOW) == CLERK
        assert accounts.take_invitation(tx, "i" * 64, at=NOW) == CLERK
        assert accounts.take_invitation(tx, "i" * 64, at=NOW) is None
        assert accounts.take_invitation(tx, "j" * 64, at=LATER) is None


def test_a_second_invitation_makes_the_first_void(staffed: Database) -> None:
    with transaction(staffed) as tx:
        accounts.invite(tx, "clerk", "i" * 64, made_by="other", ends_at=LATER)
        accounts.invite(tx, "clerk", "k" * 64, made_by="other", ends_at=LATER)

        assert accounts.invited(tx, "i" * 64, at=NOW) is None
        assert accounts.invited(tx, "k" * 64, at=NOW) == CLERK


def test_a_subject_is_one_person_and_a_person_one_subject(staffed: Database) -> None:
    with transaction(staffed) as tx:
        accounts.link_subject(tx, "https://id.example", "s-1", "clerk")
        accounts.link_subject(tx, "https://id.example", "s-2", "clerk")
        found = accounts.account_of_subject(tx, "https://id.example", "s-2")
        elsewhere = accounts.account_of_subject(tx, "https://other.example", "s-2")
        before = accounts.account_of_subject(tx, "https://id.example", "s-1")

    assert found is not None
    assert found.person == CLERK
    assert (elsewhere, before) == (None, None)
    with pytest.raises(ConflictError), transaction(staffed) as tx:
        accounts.link_subject(tx, "https://id.example", "s-2", "other")


def test_a_visit_to_the_provider_comes_back_once_and_in_time(staffed: Database) -> None:
    visit = ProviderVisit(nonce="n", verifier="v")
    with transaction(staffed) as tx:
        accounts.send_to_provider(tx, "a" * 64, visit, at=NOW, ends_at=LATER)
        accounts.send_to_provider(tx, "b" * 64, visit, at=NOW, ends_at=LATER)

        assert accounts.take_visit(tx, "a" * 64, at=NOW) == visit
        assert accounts.take_visit(tx, "a" * 64, at=NOW) is None
        assert accounts.take_visit(tx, "b" * 64, at=LATER) is None
