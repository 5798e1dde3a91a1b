"""Leaves against rows that an insider wrote: what was logged properly and still has nobody behind it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from tests.small_log import BEGINS, ORIGIN, VERIFIER, SmallLog, genesis, text64
from verify import cbor
from verify.der import integer, sequence, set_of, tlv
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.claims import Claims
from verify.log_audit.counted import Counted
from verify.log_audit.findings import Findings
from verify.log_audit.kept import kept_of, read_kept
from verify.log_audit.monthly import MonthlyReport
from verify.log_audit.records import RecordsManifest, Row, Rows
from verify.log_audit.reports import REPORTS_BYTES_MAX, ReadReport, Reports
from verify.log_audit.scope import AuditScope
from verify.log_audit.tallies import Tally
from verify.log_entry import EntryKind, LogEntry
from verify.note import Checkpoint

AT = BEGINS + timedelta(hours=2)
DATA_SET, SIGNED = b"s" * 32, b"q" * 32
APPLICATION = {"id": "a", "state": "filed", "at": int(BEGINS.timestamp()), "author": "one", "reviewer": "another"}
LICENCE = {"issuer": "office", "type": "t", "item": "i", "data_set": DATA_SET.hex(), "signed": SIGNED.hex()}
REQUEST = sequence(integer(0), sequence(), sequence(), tlv(0xA0))
ATTRIBUTES = set_of([sequence(integer(1))])


def entry(kind: EntryKind, digest: bytes, **detail: object) -> bytes:
    told = {int(key[1:]): value for key, value in detail.items()}
    return LogEntry(kind=kind, time=BEGINS, digest=digest, detail=told).encode()


def intent(purpose: str, digest: bytes = SIGNED, **more: object) -> bytes:
    return entry(EntryKind.INTENT, digest, _1=purpose, _2=b"key of 8", **more)


CODE = intent("code", _3=DATA_SET)


def audited(entries: list[bytes], rows: list[Row]) -> AuditResult:
    log = SmallLog.of([genesis(), *entries])
    manifest = RecordsManifest(
        origin=ORIGIN, size=log.size, root=log.root, made_at=AT, lines=len(rows), digest=bytes(32), totals={}
    )
    scope = AuditScope(verifiers=(VERIFIER,), roots=(), at=AT, manifest=manifest)
    lines = iter([json.dumps(each).encode() for each in rows])
    return LogAudit(scope, log, lambda _place: Rows(lines)).run(
        progress=lambda _done, _all: None, save=lambda _state: None
    )


def failed(result: AuditResult) -> dict[str, Mapping[str, str]]:
    return {each.code: each.params for each in result.findings.found if each.code != "checker.witness_none"}


def filed(**application: object) -> Row:
    licence = {**LICENCE, "application": APPLICATION | application}
    return {"leaf": 1, "what": "intent", "state": "filed", "attempt": "a", "licence": licence}


def test_a_licence_with_application_and_two_persons_is_clean() -> None:
    result = audited([CODE], [filed()])

    assert (failed(result), result.findings.lists) == ({}, {})


def test_a_licence_without_a_second_person_is_listed() -> None:
    assert audited([CODE], [filed(reviewer=None)]).findings.list_counts == {"unreviewed": 1}


def test_what_the_log_gave_up_must_not_be_filed() -> None:
    given_up = entry(EntryKind.ABANDONED, sha256(CODE).digest(), _1=1)
    honest = {"leaf": 1, "what": "intent", "state": "abandoned", "attempt": "a"}

    assert failed(audited([CODE, given_up], [honest])) == {}
    assert failed(audited([CODE, given_up], [filed()]))["checker.abandoned_filed"]["index"] == "1"


@pytest.mark.parametrize(("made_at", "codes"), [(AT, set()), (AT + timedelta(days=2), {"checker.intent_open"})])
def test_an_intent_is_not_left_open_for_days(made_at: datetime, codes: set[str]) -> None:
    log = SmallLog.of([genesis(), CODE])
    manifest = replace(_manifest(log), made_at=made_at)
    scope = AuditScope(verifiers=(VERIFIER,), roots=(), at=made_at, manifest=manifest)
    row = json.dumps({"leaf": 1, "what": "intent", "state": "open", "attempt": "a"}).encode()

    audit = LogAudit(scope, log, lambda _place: Rows(iter([row])))
    result = audit.run(progress=lambda _done, _all: None, save=lambda _state: None)

    assert failed(result).keys() == codes
    assert result.findings.list_counts == {"open": 1}


@pytest.mark.parametrize(
    ("purpose", "signed", "is_forged"),
    [("code", REQUEST, False), ("document", REQUEST, False), ("seal", REQUEST, False), ("document", ATTRIBUTES, True),
     ("code", b"\x84jSignature1", True), ("seal", sequence(integer(4), sequence(), sequence(), tlv(0xA0)), True)],
)  # fmt: skip
def test_a_kept_record_stands_in_for_a_licence_only_where_a_certificate_was_asked_for(
    purpose: str, signed: bytes, *, is_forged: bool
) -> None:
    row = {"leaf": 1, "what": "record", "record": text64(signed)}

    result = audited([intent(purpose, sha256(signed).digest())], [row])

    assert ("checker.row_differs" in failed(result)) is is_forged
    assert result.findings.list_counts == {"key_uses": 1}


def test_texts_of_an_insider_stay_on_their_line_and_end_soon() -> None:
    told = failed(audited([CODE], [{"leaf": 1, "what": "\x1b[2J\n✔\u202e\ud800" + "A" * 9000}]))

    found = told["checker.row_differs"]["found"]
    assert found.startswith("\\u001b[2J\\u000a✔\\u202e\\ud800AAA")
    assert (found.isprintable(), len(found) < 600) == (True, True)


@pytest.mark.parametrize("year", [1970, 1999, 2027, 3000, 9999])
def test_times_that_cannot_be_are_found_and_end_no_audit(year: int) -> None:
    time = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    odd, begins = (
        replace(LogEntry.decode(each), time=time).encode()
        for each in (entry(EntryKind.ADMIN, bytes(32), _1="x"), genesis())
    )
    row = {"leaf": 1, "what": "record", "record": ""}

    assert failed(audited([odd, CODE], [row, {**filed(), "leaf": 2}]))["checker.time_impossible"]["index"] == "1"
    log = SmallLog.of([begins, CODE])
    result = LogAudit(AuditScope(verifiers=(VERIFIER,), roots=(), at=AT), log).run(
        progress=lambda _done, _all: None, save=lambda _state: None
    )
    assert failed(result)["checker.time_impossible"]["index"] == "0"
    assert "checker.time_order" not in failed(result)


def test_leaves_behind_the_rows_are_compared_the_next_time_or_said_to_be_left_out() -> None:
    """Records are given out a little before the checkpoint that is audited: what lies between is looked at later."""
    forged = [intent("code", sha256(b"%d" % number).digest(), _3=DATA_SET) for number in range(600)]
    log = SmallLog.of([genesis(), *forged])
    early, late = (_manifest(SmallLog.of(log.entries[:size])) for size in (1, 601))
    scope = AuditScope(verifiers=(VERIFIER,), roots=(), at=AT)

    def result(**changes: Any) -> AuditResult:
        audit = LogAudit(replace(scope, **changes), log, lambda _place: Rows(iter(())))
        return audit.run(progress=lambda _done, _all: None, save=lambda _state: None)

    kept = read_kept(kept_of(result(manifest=early)))
    assert (kept.rows, kept.walk["position"]) == (1, 0)
    assert result(manifest=late, kept=kept, only_new=True).findings.counts["failed"] == 600

    without = read_kept(kept_of(result()))
    assert (without.rows, without.walk["position"]) == (0, 601 - 601 % 256)
    gap = result(manifest=late, kept=without, only_new=True)
    assert failed(gap)["checker.records_gap"] == {"index": "0", "expected": "512"}
    assert read_kept(kept_of(gap)).rows == 0


def test_what_was_left_open_is_followed_by_an_audit_of_new_entries_alone() -> None:
    another = intent("code", sha256(b"2").digest(), _3=DATA_SET)
    seal, receipts = intent("seal"), [LogEntry(kind=EntryKind.RECEIPT, time=BEGINS, digest=SIGNED).encode()] * 300
    before = [genesis(), CODE, seal, another, *receipts]
    opened = {"leaf": 1, "what": "intent", "state": "open"}
    official = {"department": "d", "at": 0, "author": "one", "approver": "another"}
    used = {"leaf": 2, "what": "intent", "state": "filed", "official": official}
    licence = {**LICENCE, "signed": sha256(b"2").hexdigest(), "application": APPLICATION}
    filed_before = {"leaf": 3, "what": "intent", "state": "filed", "licence": licence}

    def result(new: list[bytes], rows: list[Row], *, days: int = 0, **changes: Any) -> AuditResult:
        log = SmallLog.of([*before, *new])
        manifest = replace(_manifest(log), made_at=AT + timedelta(days=days))
        scope = AuditScope(verifiers=(VERIFIER,), roots=(), at=manifest.made_at, manifest=manifest, only_new=True)
        lines = [json.dumps(each).encode() for each in rows]
        audit = LogAudit(replace(scope, **changes), log, lambda _place: Rows(iter(lines)))
        return audit.run(progress=lambda _done, _all: None, save=lambda _state: None)

    kept = read_kept(json.loads(json.dumps(kept_of(result([], [opened, used, filed_before])))))

    def codes(new: list[bytes], first: Row, *, days: int = 0) -> set[tuple[str, str]]:
        told = result([*receipts, *new], [first, used, filed_before], days=days, kept=kept)
        assert told.first == 256
        return {(each.code, each.params.get("index", "")) for each in told.findings.found} - {
            ("checker.witness_none", "")
        }

    given_up, also = (
        entry(EntryKind.ABANDONED, sha256(each).digest(), _1=place) for place, each in ((1, CODE), (3, another))
    )
    abandoned = {"leaf": 1, "what": "intent", "state": "abandoned"}
    assert codes([], opened) == codes([], filed()) == codes([given_up], abandoned) == set()
    assert codes([], opened, days=2) == {("checker.intent_open", "1"), ("checker.use_missing", "2")}
    assert codes([given_up], filed()) == {("checker.abandoned_filed", "1")}
    assert codes([], abandoned) == {("checker.abandoned_unlogged", "1")}
    assert codes([], {**filed(), "licence": LICENCE}) == {("checker.application_missing", "1")}
    assert codes([also], filed()) == {("checker.abandoned_filed", "3")}, "filed in the audit before, given up now"
    lost = {"leaf": 1, "what": "recovered"}
    assert codes([], lost) == {("checker.row_lost", "1"), ("checker.row_unrecovered", "1")}


@pytest.mark.parametrize(
    ("first", "size", "codes"), [(1, 2, {"lost"}), (2, 9, {"lost", "unrecovered"}), (0, 1, {"lost", "unrecovered"})]
)
def test_a_row_is_lost_only_where_the_log_tells_of_a_recovery(first: int, size: int, codes: set[str]) -> None:
    record = cbor.encode({"event": "log_recovered", "log": ORIGIN, "first": first, "size": size, "at": 0})
    told = entry(EntryKind.ADMIN, sha256(record).digest(), _1="log_recovered")
    rows: list[Row] = [{"leaf": 1, "what": "recovered"}, {"leaf": 2, "what": "record", "record": text64(record)}]

    assert failed(audited([CODE, told], rows)).keys() == {f"checker.row_{each}" for each in codes}


@pytest.mark.parametrize("author", [None, "", 7])
def test_an_application_and_a_document_have_an_author(author: object) -> None:
    sealed = intent("document", sha256(b"sealed").digest())
    official = {"department": "d", "at": 0, "author": author, "approver": None}
    row = {"leaf": 1, "what": "intent", "state": "filed", "attempt": "a", "official": official}

    assert failed(audited([CODE], [filed(author=author)]))["checker.application_missing"]["index"] == "1"
    assert failed(audited([sealed], [row]))["checker.application_missing"]["index"] == "1"


def test_a_document_is_prepared_before_it_is_sealed() -> None:
    official: dict[str, Any] = {"department": "d", "at": int(BEGINS.timestamp()), "author": "one", "approver": None}
    row = {"leaf": 1, "what": "intent", "state": "filed", "attempt": "a", "official": official}
    late = {**row, "official": {**official, "at": official["at"] + 1}}

    assert failed(audited([intent("document")], [row])) == {}
    assert failed(audited([intent("document")], [late]))["checker.application_late"]["index"] == "1"


@pytest.mark.parametrize(
    ("purpose", "record", "codes"),
    [("trust_list", None, set()), ("authority", None, set()), ("seal_maker", b"a seal", set()), ("ocsp", REQUEST, set()),
     ("seal_maker", None, {"checker.row_missing"}), ("timestamp", None, {"checker.row_missing"}),
     ("what there is not", b"x", {"checker.row_differs"}), ("timestamp", b"x", {"checker.row_differs"})],
)  # fmt: skip
def test_an_intent_for_something_else_than_a_licence_has_the_record_that_such_have(
    purpose: str, record: bytes | None, codes: set[str]
) -> None:
    row = {"leaf": 1, "what": "record", "record": text64(record or b"")}

    result = audited([intent(purpose, sha256(record or b"").digest())], [row] if record is not None else [])

    assert failed(result).keys() == codes


def _manifest(log: SmallLog) -> RecordsManifest:
    return RecordsManifest(
        origin=ORIGIN, size=log.size, root=log.root, made_at=AT, lines=0, digest=bytes(32), totals={}
    )


def test_a_report_of_a_month_in_which_the_log_has_nothing_counts_nothing() -> None:
    findings = Findings()
    reports = Reports(SmallLog.of([genesis()]), _CHECKPOINT, (), findings)
    report = MonthlyReport(
        origin=ORIGIN, month="2026-08", first=0, end=3, root=bytes(32), kinds={1: 3}, purposes={"code": 3},
        departments={}, made_at=AT,
    )  # fmt: skip
    reports.read["2026-08"] = ReadReport(content=b"", report=report, digest=SIGNED)

    reports.judge(Tally(), Counted(None, 0), {SIGNED: 1}, rows_until=0, at=AT)

    assert [each.code for each in findings.found] == ["checker.report_count"] * 2


def test_reports_of_many_megabytes_are_left_unread() -> None:
    log, findings = SmallLog.of([genesis()]), Findings()
    log.files["report/2026-09"] = bytes(REPORTS_BYTES_MAX + 1)
    reports = Reports(log, _CHECKPOINT, (), findings)

    assert reports.fetch(BEGINS, BEGINS, Claims(_CHECKPOINT, (), findings)) == frozenset()
    assert [(each.code, each.params["found"]) for each in findings.found] == [("checker.report_wrong", "> 8388608 B")]


_CHECKPOINT = Checkpoint(origin=ORIGIN, size=1, root=bytes(32), text="", note="")
