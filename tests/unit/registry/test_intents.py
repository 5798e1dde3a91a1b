"""Intents: open until filed or abandoned, never both."""

from datetime import timedelta

import pytest

from registry import leaves
from registry.db import reading, transaction
from registry.errors import IntentAbandonedError
from registry.records import IntentState
from tests.registry_office import AT, ORIGIN, Office

LATER = AT + timedelta(minutes=11)


def states(office: Office) -> list[IntentState]:
    with reading(office.database) as tx:
        return [intent.state for intent in leaves.all_intents(tx, ORIGIN)]


def test_filing_takes_the_intents(office: Office) -> None:
    (licence,) = office.issues()

    with reading(office.database) as tx:
        intents = leaves.intents_of(tx, licence.licence_id)
        assert leaves.intents_by_licence(tx, [licence.licence_id, "none"]) == {licence.licence_id: intents}
    assert [(each.purpose, each.state) for each in intents] == [
        ("code", IntentState.FILED),
        ("document", IntentState.FILED),
    ]


def test_a_live_workers_intents_are_left_alone_and_a_dead_ones_are_found(office: Office) -> None:
    places = office.reserves(office.saves(2))
    office.intends(places[:1])
    office.intends(places[1:], lease=timedelta(hours=1))

    with transaction(office.database) as tx:
        assert leaves.overdue_intents(tx, ORIGIN, at=AT) == ()
        overdue = leaves.overdue_intents(tx, ORIGIN, at=LATER)
        assert leaves.overdue_intents(tx, "another.log", at=LATER) == ()

    assert {each.licence_id for each in overdue} == {places[0].licence_id}
    assert [each.purpose for each in overdue] == ["code", "document"]


def test_a_worker_that_says_so_keeps_its_lease(office: Office) -> None:
    office.intends(office.reserves(office.saves()))

    with transaction(office.database) as tx:
        leaves.renew_lease(tx, "worker-1", until=LATER + timedelta(minutes=1))
        leaves.renew_lease(tx, "worker-2", until=AT)

    with transaction(office.database) as tx:
        assert leaves.overdue_intents(tx, ORIGIN, at=LATER) == ()


def test_what_was_abandoned_is_never_filed(office: Office) -> None:
    records = office.saves()
    (place,) = office.reserves(records)
    first = office.intends((place,))
    with transaction(office.database) as tx:
        leaves.abandon_intents(tx, [place.licence_id])
        leaves.abandon_intents(tx, [])

    with pytest.raises(IntentAbandonedError) as refused:
        office.files([office.filing(records[0], place, first[place.licence_id])])

    assert refused.value.params == {"draft_id": records[0].draft_id}
    assert states(office) == [IntentState.ABANDONED] * 2


def test_what_was_filed_is_never_abandoned(office: Office) -> None:
    (licence,) = office.issues()

    with transaction(office.database) as tx:
        leaves.abandon_intents(tx, [licence.licence_id])

    assert states(office) == [IntentState.FILED] * 2


def test_intents_are_listed_in_pages(office: Office) -> None:
    office.issues(3)

    with reading(office.database) as tx:
        first = leaves.all_intents(tx, ORIGIN, limit=4)
        rest = leaves.all_intents(tx, ORIGIN, after=first[-1].leaf_index)
        assert leaves.all_intents(tx, "another.log") == ()

    assert [each.leaf_index for each in first + rest] == list(range(6))


def test_no_intents_are_opened_without_a_word(office: Office) -> None:
    with transaction(office.database) as tx:
        leaves.open_intents(tx, ())

    assert states(office) == []
