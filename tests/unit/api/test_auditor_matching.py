"""Files that an auditor brings along, held against the log: what became of their intents, and of their keys."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.auditor.matching import Brought, brought_in, matched
from api.auditor.request import Opened
from tests.small_log import BEGINS, ORIGIN, VERIFIER, SmallLog, genesis
from verify.algorithms import Algorithm, key_identifier
from verify.evidence import Evidence
from verify.key_purpose import KeyPurpose
from verify.log_audit.audit import LogAudit
from verify.log_audit.file_check import UNCHECKED, FileCheck
from verify.log_audit.hours import OfficeHours
from verify.log_audit.scope import AuditScope
from verify.log_audit.signed_files import FoundSignature
from verify.log_entry import EntryKind, LogEntry
from verify.note import verifier_key_text
from verify.signed_document import DOCUMENT_BYTES_MAX
from verify.trust import TrustedIssuer, TrustedKey, TrustList

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


def intent(kid: bytes = STOLEN, purpose: str = "code") -> bytes:
    return entry(EntryKind.INTENT, sha256(FILE).digest(), _1=purpose, _2=kid, _3=bytes(32))


def told(
    entries: list[bytes],
    *,
    cut_off: tuple[str, int] | None = None,
    unread: int = 0,
    purpose: KeyPurpose = KeyPurpose.CODE,
    check: FileCheck = UNCHECKED,
) -> Mapping[str, Mapping[str, str]]:
    """Say what is found of one file, signed by the key that was stolen."""
    log, digest, list_ = SmallLog.of([genesis(), *entries]), sha256(FILE).digest(), trust(cut_off)
    scope = AuditScope(verifiers=list_.verifiers, roots=(), at=BEGINS + timedelta(hours=1), wanted=frozenset({digest}))
    audit = LogAudit(scope, log)
    result = audit.run(progress=lambda _done, _all: None, save=lambda _state: None)
    opened = Opened(
        reader=log, roots=(), trust=list_, trust_content=b"", policy=list_.policy, shown=(), hours=OfficeHours(),
        manifest=None, records_end=0,
    )  # fmt: skip
    brought = Brought(
        digest=digest,
        signatures=(FoundSignature(digest=digest, kid=STOLEN, purpose=purpose),),
        unread=unread,
        check=check,
    )
    matched("a file", brought, audit, result, opened)
    return {each.code: each.params for each in result.findings.found if each.code.startswith("checker.file")}


@pytest.mark.parametrize("name", [ORIGIN, OLD])
def test_a_cut_off_counts_by_whichever_name_of_the_log_it_was_said(name: str) -> None:
    assert told([intent()], cut_off=(name, 2)) == {}
    assert told([intent()], cut_off=(name, 1))["checker.file_cut_off"]["expected"] == "1"


def test_an_intent_under_another_key_hides_no_cut_off() -> None:
    found = told([intent(OTHER)], cut_off=(ORIGIN, 1))

    assert found["checker.file_other_key"]["found"] == STOLEN.hex()
    assert "checker.file_cut_off" in found


def test_a_file_whose_intent_was_given_up_is_found() -> None:
    given_up = entry(EntryKind.ABANDONED, sha256(intent()).digest(), _1=1)
    recovered = entry(EntryKind.ADMIN, bytes(32), _1="log_recovered")

    assert told([intent(), given_up])["checker.file_given_up"]["index"] == "1"
    assert told([intent(), given_up, recovered]).keys() == {"checker.file_given_up"}
    assert told([recovered, entry(EntryKind.ADMIN, bytes(32), _1="x")]).keys() == {"checker.file_unlogged"}


def test_a_file_that_is_too_long_is_one_that_nobody_can_read(tmp_path: Path) -> None:
    with (tmp_path / "long.pdf").open("wb") as file:
        file.truncate(DOCUMENT_BYTES_MAX + 1)

    assert brought_in(tmp_path / "long.pdf", Evidence(trust=None), at=BEGINS) == Brought(
        digest=b"", signatures=(), unread=1
    )


def test_a_signature_that_nobody_can_read_leaves_the_file_open() -> None:
    assert told([intent()], unread=2)["checker.file_unsigned"]["found"] == "2"


def test_a_signature_that_was_logged_as_something_else_is_found() -> None:
    """An insider who may log lets a forged code pass for a time stamp, of which no row is asked."""
    found = told([intent(purpose="timestamp")])

    assert found == {
        "checker.file_other_purpose": {"file": "a file", "index": "1", "expected": "timestamp", "found": "code"}
    }


def test_a_key_that_the_trust_list_has_for_something_else_makes_no_licence() -> None:
    found = told([intent(purpose="seal")], purpose=KeyPurpose.SEAL)

    assert found["checker.file_other_use"] == {
        "file": "a file", "index": "1", "expected": "seal", "found": STOLEN.hex(),
    }  # fmt: skip
    assert found.keys() == {"checker.file_other_use"}


def test_a_file_that_was_changed_is_no_file_of_the_log_though_its_signature_is() -> None:
    changed, unproven = FileCheck(failed=("signature.bad",), open=("form.foreign",)), FileCheck(open=("form.foreign",))

    assert told([intent()], check=changed) == {"checker.file_changed": {"file": "a file", "found": "signature.bad"}}
    assert told([intent()], check=unproven) == {"checker.file_unproven": {"file": "a file", "found": "form.foreign"}}
