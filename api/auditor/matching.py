"""The signed files that an auditor brings along: what each is, and what the log has of it.

Promises:
  * One file is in memory at a time; what is kept of it is some hundred bytes.
  * A file that cannot be read, or is too long, ends no audit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from api.auditor.files import ReadError, read_capped
from api.auditor.request import Opened
from verify.errors import MalformedError
from verify.issuer_check import cut_off_of
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.signed_files import FoundSignature, signatures_in
from verify.log_entry import LogEntry
from verify.signed_document import DOCUMENT_BYTES_MAX

_SIGNED: Final = frozenset({".pdf", ".ofd", ".txt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A signed file that was brought along, as it was read; `unread` are signatures that nobody can read."""

    digest: bytes
    signatures: tuple[FoundSignature, ...]
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedFile:
    """A signed file that was brought along: the places of its signatures in the log, None for one that is not there."""

    file: str
    digest: bytes
    places: tuple[int | None, ...]


def signed_files(paths: Iterable[Path]) -> Iterator[tuple[str, Brought]]:
    for folder in paths:
        paths = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        for path in paths:
            if path.is_file() and path.suffix.lower() in _SIGNED:
                yield str(path), brought_in(path)


def brought_in(path: Path) -> Brought:
    """Read a signed file; one that is too long or locked is one that nobody can read, and ends no audit."""
    try:
        content = read_capped(path, DOCUMENT_BYTES_MAX)
    except ReadError:
        return Brought(digest=b"", signatures=(), unread=1)
    found, unread = signatures_in(content)
    return Brought(digest=sha256(content).digest(), signatures=found, unread=unread)


def matched(name: str, brought: Brought, audit: LogAudit, result: AuditResult, opened: Opened) -> MatchedFile:
    """Say whether the log has the signatures of a file, and below the cut-off where a key has one."""
    findings, signatures = result.findings, brought.signatures
    places = tuple(result.judge.wanted.get(each.digest) for each in signatures)
    if brought.unread or not signatures:
        findings.unknown("checker.file_unsigned", file=name, found=brought.unread)
    for signature, place in zip(signatures, places, strict=True):
        if place is None:
            findings.fail("checker.file_unlogged", file=name, expected=signature.digest)
            continue
        _judge_key((name, signature.kid), place, audit, result, opened)
        if place in result.judge.given_up:
            note = findings.unknown if place < result.judge.recovered_at else findings.fail
            note("checker.file_given_up", file=name, index=place)
    return MatchedFile(file=name, digest=brought.digest, places=places)


def _judge_key(signed: tuple[str, bytes], place: int, audit: LogAudit, result: AuditResult, opened: Opened) -> None:
    """See that an intent names the key of the file, and stands below its cut-off, by whichever name of the log."""
    checkpoint, trust, (name, own) = result.checkpoint, opened.trust, signed
    if checkpoint is None:
        return
    try:
        detail = LogEntry.decode(audit.entry(place, checkpoint.size) or b"").detail or {}
    except MalformedError:
        result.findings.unknown("checker.file_unread", file=name, index=place)
        return
    told = detail.get(2)
    kid = own or (told if isinstance(told, bytes) else b"")
    if kid != told:
        result.findings.fail("checker.file_other_key", file=name, index=place, expected=told, found=kid)
    cut_off = cut_off_of(trust, kid)
    if cut_off is not None and not trust.is_below(cut_off, checkpoint.origin, place):
        result.findings.fail("checker.file_cut_off", file=name, index=place, expected=cut_off[1])
