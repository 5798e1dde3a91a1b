"""The guard's question to the registry: once for all who came together, anew for whoever came later."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.types import Scope

from api.errors import CallerUnknownError
from api.guard import Admission
from api.identity import Caller
from api.permissions import PERMISSIONS
from registry.db import transaction
from registry.people import close_client
from registry.records import Role
from tests.hall import Hall
from tests.town import BUREAU

RELYING = PERMISSIONS["verify"]
WRONG = "Bearer officer." + "A" * 43


@pytest.fixture
def admission(sqlite_hall: Hall) -> Admission:
    made: Admission = sqlite_hall.app.state.admission
    return made


@pytest.fixture
def asked(sqlite_hall: Hall) -> Iterator[list[str]]:
    """What the registry is asked about systems from here on."""
    asyncio.run(admitted(sqlite_hall.app.state.admission, sqlite_hall.credentials["officer"]))
    (connection,) = sqlite_hall.office.database.idle
    driver = connection.driver_connection
    assert driver is not None
    found: list[str] = []
    driver.set_trace_callback(lambda text: found.append(text) if "FROM api_client" in text else None)
    yield found
    driver.set_trace_callback(None)


async def admitted(admission: Admission, header: str) -> Caller | None:
    scope: Scope = {"type": "http", "client": ("192.0.2.1", 1), "headers": [], "path": "/api/v1/verifications"}
    return await admission.caller(scope, RELYING, header)


def test_the_registry_is_asked_once_for_all_requests_of_a_system_that_came_together(
    sqlite_hall: Hall, admission: Admission, asked: list[str]
) -> None:
    keys = [sqlite_hall.credentials[name] for name in ("officer", "counter")]

    async def ask() -> list[Caller | BaseException | None]:
        headers = [keys[0], keys[1], WRONG, keys[0], WRONG, keys[1], keys[0]]
        return await asyncio.gather(*(admitted(admission, each) for each in headers), return_exceptions=True)

    rounds = [asyncio.run(ask()) for _ in range(2)]

    for answers in rounds:
        names = [each.client.key_id if isinstance(each, Caller) else type(each) for each in answers]
        wrong = CallerUnknownError
        assert names == ["officer", "counter", wrong, "officer", wrong, "counter", "officer"]
    queries = 2 + 2 * 2  # a wrong secret is asked for each time, and may be a token
    assert len(asked) == len(rounds) * queries


def test_a_key_that_was_closed_lets_nobody_in_who_came_after_not_even_in_the_same_turn_of_the_loop(
    sqlite_hall: Hall, admission: Admission
) -> None:
    key = sqlite_hall.gives_key("closed", BUREAU, Role.COUNTER)

    async def ask() -> list[Caller | BaseException | None]:
        before = asyncio.create_task(admitted(admission, key))
        first = await admitted(admission, key)
        with transaction(sqlite_hall.office.database) as tx:
            close_client(tx, "closed")
        after = asyncio.create_task(admitted(admission, key))
        return [first, *await asyncio.gather(before, after, return_exceptions=True)]

    answers = asyncio.run(ask())

    assert [type(each) for each in answers] == [Caller, Caller, CallerUnknownError]
