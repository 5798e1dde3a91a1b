"""Who calls: the header that proves it, and all that does not."""

import secrets

import pytest

from api.errors import CallerUnknownError
from api.identity import authenticated, credential
from registry.db import transaction
from registry.people import add_client
from registry.records import ApiClient, Role
from tests.hall import Hall
from tests.town import BUREAU


def test_the_credential_that_was_given_out_proves_the_client(sqlite_hall: Hall) -> None:
    client = authenticated(sqlite_hall.office.database, sqlite_hall.credentials["officer"], at=sqlite_hall.town.now)

    assert (client.key_id, client.department, client.roles) == ("officer", BUREAU, {Role.ISSUING_OFFICER})


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "Bearer",
        "Bearer officer",
        "Basic b2ZmaWNlcjp4",
        "Bearer officer." + "A" * 43,
        "Bearer officer." + "A" * 42,
        "Bearer nobody." + "A" * 43,
        "Bearer officer'--." + "A" * 43,
        "Bearer officer.\x00" + "A" * 42,
    ],
)
def test_anything_else_is_nobody(sqlite_hall: Hall, wrong: str) -> None:
    with pytest.raises(CallerUnknownError):
        authenticated(sqlite_hall.office.database, wrong, at=sqlite_hall.town.now)


def test_one_bit_of_the_secret_decides(sqlite_hall: Hall) -> None:
    client = ApiClient(
        key_id="fresh", department=BUREAU, roles=frozenset({Role.COUNTER}), environment="sandbox", name="fresh"
    )
    with transaction(sqlite_hall.office.database) as tx:
        secret = add_client(tx, client, random=secrets.token_bytes)
    flipped = bytes([secret[0] ^ 1]) + secret[1:]

    assert (
        authenticated(sqlite_hall.office.database, credential("fresh", secret), at=sqlite_hall.town.now).key_id
        == "fresh"
    )
    with pytest.raises(CallerUnknownError):
        authenticated(sqlite_hall.office.database, credential("fresh", flipped), at=sqlite_hall.town.now)


def test_a_wrong_key_is_refused_also_where_none_is_needed(sqlite_hall: Hall) -> None:
    answer = sqlite_hall.ask(
        "GET", "/api/v1/checks/0000000000000000", headers={"Authorization": "Bearer x." + "A" * 43}
    )

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
