"""What the registry says of its rows as a whole, held against the log: totals, rows of no leaf, and the moment of it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from tests.small_log import BEGINS, ORIGIN, VERIFIER, SmallLog, genesis
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.findings import Weight
from verify.log_audit.kept import kept_of, read_kept
from verify.log_audit.records import RecordsManifest, Row, Rows
from verify.log_audit.scope import AuditScope
from verify.log_entry import EntryKind, LogEntry

AT = BEGINS + timedelta(hours=2)
RECEIPTS = [LogEntry(kind=EntryKind.RECEIPT, time=BEGINS, digest=bytes(32)).encode()] * 255


def code(number: int) -> bytes:
    detail = {1: "code", 2: b"key of 8", 3: digest(-number)}
    return LogEntry(kind=EntryKind.INTENT, time=BEGINS, digest=digest(number), detail=detail).encode()


def digest(number: int) -> bytes:
    return sha256(b"%d" % number).digest()


def filed(leaf: int, number: int, *, state: str = "filed") -> Row:
    application = {"id": f"{number}", "state": "filed", "at": 0, "author": "one", "reviewer": "another"}
    told = {
        "issuer": "office",
        "type": "t",
        "item": "i",
        "data_set": digest(-number).hex(),
        "signed": digest(number).hex(),
    }
    licence = {"licence": {**told, "application": application}} if state == "filed" else {}
    return {"leaf": leaf, "what": "intent", "state": state, "attempt": f"{number}", **licence}


def manifest(log: SmallLog, licences: int, **changes: Any) -> RecordsManifest:
    told = RecordsManifest(
        origin=ORIGIN,
        size=log.size,
        root=log.root,
        made_at=AT,
        lines=0,
        digest=bytes(32),
        totals={"licences": licences},
    )
    return replace(told, **changes)


def audited(log: SmallLog, rows: list[Row], told: RecordsManifest | None, **changes: Any) -> AuditResult:
    scope = replace(AuditScope(verifiers=(VERIFIER,), roots=(), at=AT, manifest=told), **changes)
    lines = [json.dumps(each).encode() for each in rows]
    audit = LogAudit(scope, log, lambda _place: Rows(iter(lines)))
    return audit.run(progress=lambda _done, _all: None, save=lambda _state: None)


def found(result: AuditResult) -> dict[str, Mapping[str, str]]:
    return {
        f"{each.weight.value} {each.code}": each.params
        for each in result.findings.found
        if each.code != "checker.witness_none"
    }


TWO = SmallLog.of([genesis(), code(1), code(2)])
THREE = SmallLog.of([*TWO.entries, code(3)])
BOTH = [filed(1, 1), filed(2, 2)]


def test_records_ahead_of_the_published_log_are_compared_as_far_as_they_go_and_the_rest_is_said() -> None:
    """They were drawn after the last publication, as any morning; or an insider says so to be compared with nothing."""
    ahead = {"expected": "4", "found": "3"}
    rows = [*BOTH, filed(3, 3)]

    assert found(audited(TWO, rows, manifest(THREE, 3))) == {"unknown checker.records_ahead": ahead}
    assert found(audited(THREE, rows, manifest(THREE, 3))) == {}
    more = found(audited(TWO, rows, manifest(THREE, 99)))
    assert more["failed checker.rows_without_leaf"] == {"what": "licences", "expected": "99", "found": "3"}
    forged = found(audited(TWO, [{**filed(1, 1), "what": "event"}, *rows[1:]], manifest(THREE, 3)))
    assert "failed checker.row_differs" in forged


def test_a_row_whose_leaf_the_log_of_the_records_does_not_have_is_named() -> None:
    rows = [*BOTH, filed(1_000_000, 3)]

    beyond = found(audited(TWO, rows, manifest(TWO, 2)))["failed checker.row_beyond"]
    assert beyond == {"index": "1000000", "what": "intent", "expected": "3"}
    assert "failed checker.row_beyond" in found(audited(THREE, rows, manifest(TWO, 2)))
    assert "failed checker.row_beyond" in found(audited(TWO, rows, manifest(THREE, 3)))


@pytest.mark.parametrize("made_at", [datetime(2020, 1, 1, tzinfo=UTC), AT + timedelta(days=3)])
def test_records_are_of_no_moment_before_their_last_entry_or_after_the_audit(made_at: datetime) -> None:
    told = found(audited(TWO, BOTH, manifest(TWO, 2, made_at=made_at)))

    assert told["failed checker.records_dated"]["found"] == f"{made_at.timestamp():.0f}"


def test_a_false_date_of_the_records_hides_no_intent_that_was_left_open() -> None:
    later = LogEntry(kind=EntryKind.RECEIPT, time=BEGINS + timedelta(days=2), digest=bytes(32)).encode()
    log, at = SmallLog.of([*TWO.entries, later]), BEGINS + timedelta(days=2)
    rows = [filed(1, 1, state="open"), filed(2, 2)]
    long_ago = manifest(log, 1, made_at=BEGINS)

    told = found(audited(log, rows, long_ago, at=at))

    assert told["failed checker.intent_open"]["index"] == "1"
    assert "failed checker.records_dated" in told


def test_an_audit_of_new_entries_alone_counts_rows_with_what_was_counted_before() -> None:
    old = SmallLog.of([*TWO.entries, *RECEIPTS])
    first = audited(old, [filed(1, 1, state="open"), filed(2, 2)], manifest(old, 1), only_new=True)
    assert found(first) == {}
    kept = read_kept(json.loads(json.dumps(kept_of(first))))
    grown = SmallLog.of([*old.entries, code(3), *RECEIPTS])
    rows = [*BOTH, filed(old.size, 3)]

    def again(licences: int, **changes: Any) -> AuditResult:
        return audited(grown, rows, manifest(grown, licences), only_new=True, **{"kept": kept, **changes})

    result = again(3)
    assert (result.first, found(result)) == (256, {}), "the one that was open is counted when it is filed"
    expected = {"what": "licences", "expected": "4", "found": "3"}
    assert found(again(4)) == {"failed checker.rows_without_leaf": expected}
    third = read_kept(json.loads(json.dumps(kept_of(result))))
    assert found(again(3, kept=third)) == {}
    assert found(again(4, kept=third)) == {"failed checker.rows_without_leaf": expected}
    unknowing = replace(kept, counted={})
    assert found(again(4, kept=unknowing)) == {"unknown checker.rows_uncounted": {}}


def test_totals_are_demanded_of_a_first_audit_that_asks_for_new_entries_alone() -> None:
    told = found(audited(TWO, BOTH, manifest(TWO, 99), only_new=True))

    assert told["failed checker.rows_without_leaf"]["expected"] == "99"


def test_what_lies_ahead_is_counted_by_kind_and_no_more_than_once() -> None:
    rows: list[Row] = [
        *BOTH,
        {"leaf": 3, "what": "event"},
        {"leaf": 4, "what": "seal_event"},
        {"leaf": 5, "what": "seal_uses", "uses": [{}, {}]},
        {"leaf": 6, "what": "intent", "official": {}},
        {"leaf": 7, "what": ["event"]},
    ]
    totals = {"licences": 2, "events": 1, "seal_events": 1, "seal_uses": 2, "officials": 1}
    ahead = manifest(TWO, 2, size=9, totals=totals)

    assert found(audited(TWO, rows, ahead)).keys() == {"unknown checker.records_ahead"}
    for what, count in totals.items():
        result = audited(TWO, rows, replace(ahead, totals={**totals, what: count + 1}))
        assert [each.params["what"] for each in result.findings.found if each.weight is Weight.FAILED] == [what]
