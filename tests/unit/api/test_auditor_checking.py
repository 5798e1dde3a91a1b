"""The trust list that an auditor uses: it is in the log, and never older than the one that was seen before."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.auditor.checking import _judge_trust, _trust_digest
from api.auditor.request import Opened
from tests.small_log import BEGINS, VERIFIER, SmallLog, genesis
from verify.algorithms import Algorithm, key_identifier
from verify.log_audit.audit import LogAudit
from verify.log_audit.hours import OfficeHours
from verify.log_audit.scope import AuditScope
from verify.log_entry import EntryKind, LogEntry
from verify.note import verifier_key_text
from verify.trust import TrustedIssuer, TrustedKey, TrustList, assemble_trust_list

OLD = "licences.test.example/2025"
SPKI = (
    ec.derive_private_key(9, ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)
STOLEN, OTHER = key_identifier(SPKI), b"a key id"
FILE = b"signed"
KEY = TrustedKey(
    kid=STOLEN, algorithm=Algorithm.ES256, spki=SPKI, use=1, not_before=BEGINS, not_after=BEGINS + timedelta(days=365)
)


def trust(cut_off: tuple[str, int] | None) -> TrustList:
    names = (VERIFIER, VERIFIER.named(OLD))
    keys = (replace(KEY, cut_off=cut_off),)
    return TrustList(
        sequence=1, issued_at=BEGINS, expires_at=BEGINS + timedelta(days=9),
        issuers=(TrustedIssuer(issuer="office", name="office", keys=keys, status_prefix="", licence_types=()),),
        log_policy="".join(f"log {verifier_key_text(each.name, each.public)}\n" for each in names) + "quorum none\n",
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
    list_ = replace(trust(None), issued_at=BEGINS + timedelta(seconds=issued_after))
    content = assemble_trust_list(list_, STOLEN, bytes(64))
    opened = Opened(
        reader=SmallLog.of([genesis()]), roots=(), trust=list_, trust_content=content, policy=list_.policy, shown=(),
        hours=OfficeHours(), manifest=None, records_end=0,
    )  # fmt: skip
    digest = _trust_digest(opened)
    logged = entry(EntryKind.INTENT, digest if is_logged else bytes(32), _1="trust_list", _2=STOLEN)
    scope = AuditScope(verifiers=list_.verifiers, roots=(), at=BEGINS + timedelta(hours=1), wanted=frozenset({digest}))
    audit = LogAudit(scope, SmallLog.of([genesis(), logged]))
    result = audit.run(progress=lambda _done, _all: None, save=lambda _state: None)

    _judge_trust(opened, result, {"trust": seen})

    found = [f"{each.weight.value} {each.code}" for each in result.findings.found if "trust" in each.code]
    assert found == [expected] * bool(expected)
