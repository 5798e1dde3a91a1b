"""Leaves against rows that an insider wrote: what was logged properly and still has nobody behind it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from tests.small_log import BEGINS, ORIGIN, VERIFIER, SmallLog, genesis, text64
from verify.der import integer, sequence, set_of, tlv
from verify.log_audit.audit import AuditResult, AuditScope, LogAudit
from verify.log_audit.records import RecordsManifest, Row, Rows
from verify.log_entry import EntryKind, LogEntry

AT = BEGINS + timedelta(hours=2)
DATA_SET, SIGNED = b"s" * 32, b"q" * 32
APPLICATION = {"id": "a", "state": "filed", "at": int(BEGINS.timestamp()), "author": "one", "reviewer": "another"}
LICENCE = {"issuer": "office", "type": "t", "item": "i", "data_set": DATA_SET.hex(), "signed": SIGNED.hex()}
REQUEST = sequence(integer(0), sequence(), sequence(), tlv(0xA0))
ATTRIBUTES = set_of([sequence(integer(1))])


def entry(kind: EntryKind, digest: bytes, time: datetime = BEGINS, **detail: object) -> bytes:
    told = {int(key[1:]): value for key, value in detail.items()}
    return LogEntry(kind=kind, time=time, digest=digest, detail=told).encode()


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
    return LogAudit(scope, log, Rows(lines)).run(progress=lambda _done, _all: None, save=lambda _state: None)


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
    odd = entry(EntryKind.ADMIN, bytes(32), datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC), _1="x")
    begins = replace(LogEntry.decode(genesis()), time=datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)).encode()
    row = {"leaf": 1, "what": "record", "record": ""}

    assert failed(audited([odd, CODE], [row, filed() | {"leaf": 2}]))["checker.time_impossible"]["index"] == "1"
    log = SmallLog.of([begins, CODE])
    result = LogAudit(AuditScope(verifiers=(VERIFIER,), roots=(), at=AT), log).run(
        progress=lambda _done, _all: None, save=lambda _state: None
    )
    assert failed(result)["checker.time_impossible"]["index"] == "0"
    assert "checker.time_order" not in failed(result)
