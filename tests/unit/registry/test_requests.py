"""Idempotency keys: done once, answered the same."""

from datetime import timedelta

import pytest

from registry import requests
from registry.db import Database, transaction
from registry.errors import ConflictError
from registry.requests import Conflict, New, Replay, Running
from tests.registry_office import AT

BODY, OTHER = b"a" * 32, b"b" * 32


def begin(database: Database, *, body: bytes = BODY, client: str = "client", after: timedelta = timedelta(0)) -> object:
    with transaction(database) as tx:
        return requests.begin(tx, client, "key", body, at=AT + after)


def test_the_second_one_is_told_that_the_first_is_running_and_then_its_answer(database: Database) -> None:
    assert begin(database) == New()
    assert begin(database) == Running()

    with transaction(database) as tx:
        requests.finish(tx, "client", "key", status=201, body=b"{}", at=AT)

    assert begin(database) == Replay(201, b"{}")
    assert begin(database, after=timedelta(hours=71)) == Replay(201, b"{}")


def test_another_body_is_a_conflict_and_another_client_is_not(database: Database) -> None:
    begin(database)

    assert begin(database, body=OTHER) == Conflict()
    assert begin(database, client="another") == New()


def test_a_key_is_free_again_when_its_time_is_over(database: Database) -> None:
    begin(database)
    assert begin(database, after=requests.RUNNING_MAX) == New(), "the worker of the first one died"

    with transaction(database) as tx:
        requests.finish(tx, "client", "key", status=200, body=b"", at=AT)

    assert begin(database, after=requests.KEPT, body=OTHER) == New()


def test_a_released_key_is_new_and_an_answer_cannot_be_released(database: Database) -> None:
    begin(database)
    with transaction(database) as tx:
        requests.release(tx, "client", "key")
    assert begin(database) == New()

    with transaction(database) as tx:
        requests.finish(tx, "client", "key", status=200, body=b"", at=AT)
        requests.release(tx, "client", "key")

    assert begin(database) == Replay(200, b"")


def test_what_was_never_begun_is_not_finished(database: Database) -> None:
    with pytest.raises(ConflictError), transaction(database) as tx:
        requests.finish(tx, "client", "key", status=200, body=b"", at=AT)


def test_old_keys_are_dropped_and_young_ones_stay(database: Database) -> None:
    begin(database, client="old")
    begin(database, client="young", after=timedelta(minutes=5))

    with transaction(database) as tx:
        assert requests.expire(tx, at=AT + requests.RUNNING_MAX) == 1
        assert requests.expire(tx, at=AT + requests.RUNNING_MAX) == 0

    assert begin(database, client="young", after=timedelta(minutes=11)) == Running()
