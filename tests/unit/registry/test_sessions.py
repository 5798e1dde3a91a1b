"""Sessions end by themselves, at once with the account, and wherever somebody ends them."""

from datetime import UTC, datetime, timedelta

import pytest

from registry import people, sessions
from registry.db import Database, reading, transaction
from registry.records import Person, Role
from registry.sessions import IDLE_MAX, LIFE_MAX, StaffSession

BUREAU = "119999990000000511"
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
CLERK = Person(person_id="clerk", department=BUREAU, name="示例", roles=frozenset({Role.COUNTER}))
HERE, THERE = "a" * 64, "b" * 64


@pytest.fixture
def signed_in(sample: Database) -> Database:
    """The sample town with a clerk who is signed in twice."""
    with transaction(sample) as tx:
        people.add_person(tx, CLERK)
        sessions.open_session(tx, HERE, "clerk", is_whole=True, at=NOW)
        sessions.open_session(tx, THERE, "clerk", is_whole=False, at=NOW)
    return sample


def found(database: Database, digest: str, at: datetime) -> StaffSession | None:
    with reading(database) as tx:
        return sessions.find_session(tx, digest, at=at)


def demanded(database: Database, digest: str, at: datetime) -> StaffSession:
    session = found(database, digest, at)
    assert session is not None
    return session


def test_a_session_is_found_with_the_person_as_they_are_now(signed_in: Database) -> None:
    with transaction(signed_in) as tx:
        people.change_roles(tx, "clerk", frozenset({Role.AUDITOR}))

    assert demanded(signed_in, HERE, NOW).person.roles == {Role.AUDITOR}
    assert demanded(signed_in, HERE, NOW).is_whole
    assert not demanded(signed_in, THERE, NOW).is_whole
    assert found(signed_in, "c" * 64, NOW) is None


def test_a_session_that_is_not_used_ends(signed_in: Database) -> None:
    assert found(signed_in, HERE, NOW + IDLE_MAX - timedelta(seconds=1)) is not None
    assert found(signed_in, HERE, NOW + IDLE_MAX) is None


def test_a_session_that_is_used_goes_on_until_its_last_hour(signed_in: Database) -> None:
    at = NOW
    while at < NOW + LIFE_MAX - IDLE_MAX:
        at += IDLE_MAX / 2
        session = demanded(signed_in, HERE, at)
        assert sessions.needs_touch(session, at=at)
        with transaction(signed_in) as tx:
            sessions.touch(tx, session, at=at)

    assert found(signed_in, HERE, NOW + LIFE_MAX - timedelta(seconds=1)) is not None
    assert found(signed_in, HERE, NOW + LIFE_MAX) is None


def test_two_pages_in_one_minute_are_written_down_once(signed_in: Database) -> None:
    session = demanded(signed_in, HERE, NOW)

    assert not sessions.needs_touch(session, at=NOW + timedelta(seconds=59))
    assert sessions.needs_touch(session, at=NOW + timedelta(seconds=60))


def test_a_closed_account_is_signed_in_nowhere(signed_in: Database) -> None:
    with transaction(signed_in) as tx:
        people.close_person(tx, "clerk")

    assert found(signed_in, HERE, NOW) is None


def test_a_proof_makes_the_session_whole_and_the_cookie_before_void(signed_in: Database) -> None:
    later = NOW + timedelta(minutes=5)
    with transaction(signed_in) as tx:
        sessions.prove(tx, demanded(signed_in, THERE, NOW), "c" * 64, at=later)

    proved = demanded(signed_in, "c" * 64, later)
    assert (proved.is_whole, proved.proved_at, proved.made_at) == (True, later, NOW)
    assert found(signed_in, THERE, later) is None


def test_a_page_lists_sessions_and_ends_the_one_that_it_names(signed_in: Database) -> None:
    with transaction(signed_in) as tx:
        listed = sessions.sessions_of(tx, "clerk", at=NOW)
        none = sessions.end_named(tx, "clerk", "%")
        others = sessions.end_named(tx, "nobody", listed[0].handle)
        ended = sessions.end_named(tx, "clerk", listed[0].handle)
        left = sessions.sessions_of(tx, "clerk", at=NOW)

    assert [each.digest for each in listed] == [HERE, THERE]
    assert (none, others, ended) == (0, 0, 1)
    assert [each.digest for each in left] == [THERE]


def test_sign_out_ends_one_and_sign_out_everywhere_ends_all_others(signed_in: Database) -> None:
    with transaction(signed_in) as tx:
        assert sessions.end_all(tx, "clerk", but=HERE) == 1
        sessions.end_session(tx, HERE)
        assert sessions.sessions_of(tx, "clerk", at=NOW) == ()


def test_sessions_that_are_over_are_dropped_when_another_begins(signed_in: Database) -> None:
    with transaction(signed_in) as tx:
        sessions.open_session(tx, "d" * 64, "clerk", is_whole=True, at=NOW + LIFE_MAX)
        assert sessions.end_all(tx, "clerk") == 1
