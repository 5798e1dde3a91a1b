"""Monthly reports, held against counts that more than one audit made."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.small_log import BEGINS, ORIGIN, VERIFIER, SmallLog, genesis
from verify.algorithms import der_to_raw, key_identifier
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.kept import kept_of, read_kept
from verify.log_audit.monthly import REPORT_TYPE, MonthlyReport
from verify.log_audit.records import RecordsManifest, Rows
from verify.log_audit.scope import AuditScope
from verify.log_entry import EntryKind, LogEntry
from verify.signed_statement import assemble_statement, open_statement, statement_to_be_signed

ROOT = ec.derive_private_key(7, ec.SECP256R1())
SPKI = ROOT.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
OFFICE, DATA_SET = "office", b"s" * 32
OCTOBER = datetime(2026, 10, 2, 1, tzinfo=UTC)
FILE = "report/2026-09"


def entry(kind: EntryKind, digest: bytes, at: datetime, **detail: object) -> bytes:
    return LogEntry(
        kind=kind, time=at, digest=digest, detail={int(key[1:]): each for key, each in detail.items()}
    ).encode()


def receipts(count: int, at: datetime) -> list[bytes]:
    return [LogEntry(kind=EntryKind.RECEIPT, time=at, digest=bytes(32)).encode()] * count


def signed(report: MonthlyReport) -> bytes:
    kid = key_identifier(SPKI)
    to_be_signed = statement_to_be_signed(REPORT_TYPE, report.encode(), kid)
    signature = der_to_raw(ROOT.sign(to_be_signed, ec.ECDSA(SHA256())))
    return assemble_statement(REPORT_TYPE, report.encode(), kid, signature)


# September: a licence and 300 receipts when it is audited first, 20 receipts later.
EARLY = [genesis(), entry(EntryKind.INTENT, bytes(32), BEGINS, _1="code", _2=b"key of 8", _3=DATA_SET)]
EARLY += receipts(300, BEGINS)
SEPTEMBER = [*EARLY, *receipts(20, BEGINS + timedelta(days=20))]
LICENCE = {
    "issuer": OFFICE, "type": "t", "item": "i", "data_set": DATA_SET.hex(), "signed": bytes(32).hex(),
    "application": {"id": "a", "state": "filed", "at": 0, "author": "one", "reviewer": "another"},
}  # fmt: skip
ROW = {"leaf": 1, "what": "intent", "state": "filed", "attempt": "a", "licence": LICENCE}
HONEST = MonthlyReport(
    origin=ORIGIN, month="2026-09", first=0, end=len(SEPTEMBER), root=SmallLog.of(SEPTEMBER).root,
    kinds={0: 1, 1: 1, 3: 320}, purposes={"code": 1},
    departments={OFFICE: {1: 1}}, made_at=OCTOBER,
)  # fmt: skip
FALSE = replace(HONEST, departments={OFFICE: {1: 999}})


def published(report: MonthlyReport | None, *also_logged: MonthlyReport, more: int = 0) -> SmallLog:
    """The log in October with this report of September, and with so many receipts of later."""
    told = [] if report is None else [report, *also_logged]
    digests = [open_statement(signed(each), REPORT_TYPE, (SPKI,)).digest for each in told]
    logged = [entry(EntryKind.INTENT, each, OCTOBER, _1="trust_list", _2=b"key of 8") for each in digests]
    log = SmallLog.of([*SEPTEMBER, *logged, *receipts(300 + more, OCTOBER)])
    log.files |= {} if report is None else {FILE: signed(report)}
    return log


def audited(log: SmallLog, at: datetime = OCTOBER, **changes: Any) -> AuditResult:
    told = RecordsManifest(
        origin=ORIGIN, size=log.size, root=log.root, made_at=at, lines=1, digest=bytes(32), totals={"licences": 1}
    )
    scope = AuditScope(verifiers=(VERIFIER,), roots=(SPKI,), at=at, manifest=told, only_new=True)
    audit = LogAudit(replace(scope, **changes), log, lambda _place: Rows(iter([json.dumps(ROW).encode()])))
    return audit.run(progress=lambda _done, _all: None, save=lambda _state: None)


def found(result: AuditResult) -> Mapping[str, int]:
    return Counter(each.code for each in result.findings.found if each.code != "checker.witness_none")


def kept_after(result: AuditResult) -> Any:
    assert found(result) == {}
    return read_kept(json.loads(json.dumps(kept_of(result))))


@pytest.fixture(scope="module")
def kept() -> Any:
    return kept_after(audited(SmallLog.of(EARLY), BEGINS + timedelta(days=1)))


def test_a_report_is_held_against_what_two_audits_counted(kept: Any) -> None:
    result = audited(published(HONEST), kept=kept)

    assert (result.first, found(result)) == (256, {})
    assert found(audited(published(FALSE), kept=kept)) == {"checker.report_count": 1}
    of_later = replace(HONEST, first=5, kinds={1: 1, 3: 316})
    assert found(audited(published(of_later), kept=kept)) == {"checker.report_first": 1, "checker.report_count": 2}


def test_a_report_is_judged_until_it_was_held_against_all_counts_and_no_other_takes_its_place(kept: Any) -> None:
    once = kept_after(audited(published(HONEST), kept=kept))
    later = {"at": OCTOBER + timedelta(days=9), "kept": once}

    assert set(once.judged) == {"2026-09"}
    assert "2026-09" not in once.counted["months"], "what was judged need not be counted any more"
    assert found(audited(published(HONEST, more=300), **later)) == {}
    gone = published(HONEST, more=300)
    del gone.files[FILE]
    assert found(audited(gone, **later)) == {"checker.report_missing": 1}
    exchanged = published(HONEST, FALSE, more=300)
    both = kept_after(audited(published(HONEST, FALSE), kept=kept))
    exchanged.files[FILE] = signed(FALSE)
    for _ in range(2):  # it was logged, and is as unjudged the second time
        result = audited(exchanged, at=OCTOBER + timedelta(days=9), kept=both)
        assert found(result) == {"checker.report_partly": 1}
        both = read_kept(json.loads(json.dumps(kept_of(result))))


def test_a_report_that_comes_late_is_held_against_the_counts_of_long_ago(kept: Any) -> None:
    soon = kept_after(audited(published(None), kept=kept))

    assert (soon.walk["position"], "2026-09" in soon.counted["months"]) == (512, True)
    late = {"at": OCTOBER + timedelta(days=1), "kept": soon}
    digest = open_statement(signed(FALSE), REPORT_TYPE, (SPKI,)).digest
    with_report = SmallLog.of([
        *published(None).entries, entry(EntryKind.INTENT, digest, OCTOBER, _1="trust_list", _2=b"key of 8")
    ])  # fmt: skip
    with_report.files[FILE] = signed(FALSE)
    result = audited(with_report, **late)
    assert (result.first, found(result)) == (512, {"checker.report_count": 1})


def test_what_an_older_checker_did_not_count_is_said_each_time(kept: Any) -> None:
    unknowing = replace(kept, counted={})
    expected = {"checker.report_partly": 1, "checker.rows_uncounted": 1}

    result = audited(published(FALSE), kept=unknowing)

    assert found(result) == expected
    again = read_kept(json.loads(json.dumps(kept_of(result))))
    assert (again.counted, found(audited(published(FALSE, more=300), kept=again))) == ({}, expected)
