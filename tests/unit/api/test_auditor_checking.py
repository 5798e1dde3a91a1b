"""What the checker says of the trust list, and what it keeps: never a checkpoint that does not continue the kept one."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.auditor.checking import FORK, KEPT, _judge_trust, _keep, _trust_digest
from api.auditor.request import AuditRequest, Opened
from tests.small_log import BEGINS, VERIFIER, SmallLog, genesis, intents, signed_note
from verify.algorithms import Algorithm, key_identifier
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.hours import OfficeHours
from verify.log_audit.kept import kept_of, read_kept
from verify.log_audit.scope import AuditScope
from verify.log_entry import EntryKind, LogEntry
from verify.note import verifier_key_text
from verify.trust import TrustedIssuer, TrustedKey, TrustList, assemble_trust_list

OLD = "licences.test.example/2025"
SPKI = (
    ec.derive_private_key(9, ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
KID = key_identifier(SPKI)
KEY = TrustedKey(
    kid=KID, algorithm=Algorithm.ES256, spki=SPKI, use=1, not_before=BEGINS, not_after=BEGINS + timedelta(days=365)
)


def trust(issued_after: int = 0) -> TrustList:
    names = (VERIFIER, VERIFIER.named(OLD))
    return TrustList(
        sequence=1, issued_at=BEGINS + timedelta(seconds=issued_after), expires_at=BEGINS + timedelta(days=9),
        issuers=(TrustedIssuer(issuer="office", name="office", keys=(KEY,), status_prefix="", licence_types=()),),
        log_policy="".join(f"log {verifier_key_text(each.name, each.public)}\n" for each in names) + "quorum none\n",
    )  # fmt: skip


def opened_with(list_: TrustList) -> Opened:
    return Opened(
        reader=SmallLog.of([genesis()]), roots=(), trust=list_, trust_content=assemble_trust_list(list_, KID, bytes(64)),
        policy=list_.policy, shown=(), hours=OfficeHours(), manifest=None, records_end=0,
    )  # fmt: skip


def entry(kind: EntryKind, digest: bytes, **detail: object) -> bytes:
    told = {int(key[1:]): value for key, value in detail.items()}
    return LogEntry(kind=kind, time=BEGINS, digest=digest, detail=told).encode()


@pytest.mark.parametrize(
    ("issued_after", "is_logged", "seen", "expected"),
    [(0, True, 1, ""), (0, False, 1, "failed checker.trust_unlogged"), (9, False, 1, "unknown checker.trust_unlogged"),
     (0, True, 2, "failed checker.trust_older")],
)  # fmt: skip
def test_the_trust_list_is_in_the_log_and_never_an_older_one(
    issued_after: int, seen: int, expected: str, *, is_logged: bool
) -> None:
    opened = opened_with(trust(issued_after))
    digest = _trust_digest(opened)
    logged = entry(EntryKind.INTENT, digest if is_logged else bytes(32), _1="trust_list", _2=KID)
    scope = AuditScope(
        verifiers=opened.trust.verifiers, roots=(), at=BEGINS + timedelta(hours=1), wanted=frozenset({digest})
    )
    audit = LogAudit(scope, SmallLog.of([genesis(), logged]))
    result = audit.run(progress=lambda _done, _all: None, save=lambda _state: None)

    _judge_trust(opened, result, {"trust": seen})

    found = [f"{each.weight.value} {each.code}" for each in result.findings.found if "trust" in each.code]
    assert found == [expected] * bool(expected)


@pytest.mark.parametrize("is_logged", [True, False])
def test_the_trust_list_is_looked_for_in_the_whole_log_by_an_audit_of_new_entries_alone(*, is_logged: bool) -> None:
    opened = opened_with(trust())
    digest = _trust_digest(opened)
    logged = entry(EntryKind.INTENT, digest if is_logged else bytes(32), _1="trust_list", _2=KID)
    log = SmallLog.of([genesis(), logged, *intents(300)])
    scope = AuditScope(verifiers=opened.trust.verifiers, roots=(), at=BEGINS + timedelta(hours=1), only_new=True)

    def audited(**changes: Any) -> AuditResult:
        return LogAudit(replace(scope, **changes), log).run(progress=lambda *_: None, save=lambda _: None)

    result = audited(kept=read_kept(kept_of(audited())), wanted=frozenset({digest}))
    _judge_trust(opened, result, None)

    assert result.first == 256
    assert ("checker.trust_unlogged" in {each.code for each in result.findings.found}) is not is_logged


def test_a_kept_checkpoint_gives_way_to_none_of_another_log_and_both_are_written_as_evidence(tmp_path: Path) -> None:
    other = VERIFIER.named("new.example/log")
    kept, fresh = SmallLog.with_intents(300), SmallLog.of([genesis(other.name), *intents(9)])
    of_other = signed_note(fresh.size, fresh.root, other.name)
    request = AuditRequest(source="", roots=(), keep=tmp_path)
    opened = opened_with(trust())
    scope = AuditScope(verifiers=(VERIFIER, other), roots=(), at=BEGINS + timedelta(hours=1))

    def audits(log: SmallLog, **changes: Any) -> None:
        audit = LogAudit(replace(scope, **changes), log)
        _keep(request, opened, audit.run(progress=lambda *_: None, save=lambda _: None))

    audits(kept)
    content = (tmp_path / KEPT).read_bytes()
    note = kept.files["log/checkpoint"].decode()
    of_kept = read_kept(json.loads(content))
    fresh.files["log/checkpoint"] = of_other.encode()
    for changes in ({}, {"verifiers": (other,)}):  # the list may know the old log no more
        audits(fresh, kept=of_kept, **changes)
        assert (tmp_path / KEPT).read_bytes() == content
        assert [(tmp_path / FORK.format(number)).read_text() for number in (0, 1)] == [of_other, note]
        for number in (0, 1):
            (tmp_path / FORK.format(number)).unlink()
