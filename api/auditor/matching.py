"""The signed files that an auditor brings along: what each is, and what the log has of it.

Promises:
  * One file is in memory at a time; what is kept of it is some hundred bytes.
  * A file that cannot be read, or is too long, ends no audit.
  * A signature is logged only under the purpose of its kind, and by a key that the trust list has for it or has not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from api.auditor.files import ReadError, read_capped
from api.auditor.request import Opened
from verify.errors import MalformedError
from verify.evidence import Evidence
from verify.issuer_check import cut_off_of
from verify.key_purpose import TRUST_LIST_USE
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.file_check import UNCHECKED, FileCheck, check_file
from verify.log_audit.signed_files import FoundSignature, signatures_in
from verify.log_audit.statuses import revocation_files
from verify.log_entry import LogEntry
from verify.signed_document import DOCUMENT_BYTES_MAX
from verify.trust import TrustList

_SIGNED: Final = frozenset({".pdf", ".ofd", ".txt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A signed file that was brought along, as it was read; `unread` are signatures that nobody can read."""

    digest: bytes
    signatures: tuple[FoundSignature, ...]
    unread: int
    check: FileCheck = UNCHECKED


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedFile:
    """A signed file that was brought along: the places of its signatures in the log, None for one that is not there."""

    file: str
    digest: bytes
    places: tuple[int | None, ...]


def signed_files(folders: Iterable[Path], opened: Opened, *, at: datetime) -> Iterator[tuple[str, Brought]]:
    """Yield each signed file of these folders by its name, read and checked."""
    evidence: Evidence | None = None
    for folder in folders:
        paths = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        for path in paths:
            if path.is_file() and path.suffix.lower() in _SIGNED:
                evidence = evidence or _evidence(opened)
                yield str(path), brought_in(path, evidence, at=at)


def _evidence(opened: Opened) -> Evidence:
    crls = tuple(content for _file, content in revocation_files(opened.reader))
    return Evidence(trust=opened.trust, crls=crls)


def brought_in(path: Path, evidence: Evidence, *, at: datetime) -> Brought:
    """Read and check a signed file; one that is too long or locked is one that nobody can read, and ends no audit."""
    try:
        content = read_capped(path, DOCUMENT_BYTES_MAX)
    except ReadError:
        return Brought(digest=b"", signatures=(), unread=1)
    found, unread = signatures_in(content)
    check = check_file(content, evidence, at=at) if found else UNCHECKED  # without any, that is what is said
    return Brought(digest=sha256(content).digest(), signatures=found, unread=unread, check=check)


def matched(name: str, brought: Brought, audit: LogAudit, result: AuditResult, opened: Opened) -> MatchedFile:
    """Say whether a file is what was signed, and whether the log has its signatures, below the cut-off of a key."""
    findings, signatures = result.findings, brought.signatures
    places = tuple(result.judge.wanted.get(each.digest) for each in signatures)
    if brought.unread or not signatures:
        findings.unknown("checker.file_unsigned", file=name, found=brought.unread)
    if brought.check.failed:
        findings.fail("checker.file_changed", file=name, found=" ".join(brought.check.failed))
    elif brought.check.open:
        findings.unknown("checker.file_unproven", file=name, found=" ".join(brought.check.open))
    for signature, place in zip(signatures, places, strict=True):
        if place is None:
            findings.fail("checker.file_unlogged", file=name, expected=signature.digest)
            continue
        _judge_intent(name, signature, place, audit, result, opened.trust)
        if place in result.judge.given_up:
            note = findings.unknown if place < result.judge.recovered_at else findings.fail
            note("checker.file_given_up", file=name, index=place)
    return MatchedFile(file=name, digest=brought.digest, places=places)


def _judge_intent(
    name: str, signature: FoundSignature, place: int, audit: LogAudit, result: AuditResult, trust: TrustList
) -> None:
    """See that an intent names purpose and key of the file, and stands below its cut-off, by any name of the log."""
    checkpoint, findings = result.checkpoint, result.findings
    if checkpoint is None:
        return
    try:
        detail = LogEntry.decode(audit.entry(place, checkpoint.size) or b"").detail or {}
    except MalformedError:
        findings.unknown("checker.file_unread", file=name, index=place)
        return
    purpose, told = detail.get(1), detail.get(2)
    kid = signature.kid or (told if isinstance(told, bytes) else b"")
    if purpose != signature.purpose.value:
        findings.fail("checker.file_other_purpose", file=name, index=place, expected=purpose, found=signature.purpose)
    if kid != told:
        findings.fail("checker.file_other_key", file=name, index=place, expected=told, found=kid)
    if not _is_for(trust, kid, signature):
        findings.fail("checker.file_other_use", file=name, index=place, expected=signature.purpose, found=kid)
    cut_off = cut_off_of(trust, kid)
    if cut_off is not None and not trust.is_below(cut_off, checkpoint.origin, place):
        findings.fail("checker.file_cut_off", file=name, index=place, expected=cut_off[1])


def _is_for(trust: TrustList, kid: bytes, signature: FoundSignature) -> bool:
    """Say whether the trust list has a key for such signatures; one that it does not have at all is not judged here."""
    uses = {use for use in TRUST_LIST_USE.values() if trust.keys_for(kid, use)}
    return not uses or TRUST_LIST_USE[signature.purpose] in uses
