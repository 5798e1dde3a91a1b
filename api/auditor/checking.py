"""Run the checker: open what was brought, take up what was kept, check, match files, and keep the new checkpoint.

Promises:
  * A checkpoint is kept only after an audit in which nothing failed; what an interrupted one had found is taken up.
  * Two checkpoints that prove a fork are both written beside what is kept, whatever else was found.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from api.auditor.files import ReadError, close_source, lines, load_state, read_capped, save_state, write_whole
from api.auditor.request import AuditRequest, Opened, open_request
from verify.cose import decode_sign1
from verify.errors import MalformedError
from verify.issuer_check import cut_off_of
from verify.log_audit.audit import AuditResult, AuditScope, LogAudit
from verify.log_audit.claims import UNFINISHED
from verify.log_audit.findings import Weight
from verify.log_audit.kept import kept_of, read_kept
from verify.log_audit.records import Rows
from verify.log_audit.signed_files import FoundSignature, signatures_in
from verify.log_entry import LogEntry
from verify.signed_document import DOCUMENT_BYTES_MAX
from verify.trust import TRUST_LIST_BYTES_MAX

KEPT: Final = "kept.json"
STATE: Final = "unfinished.json"
FORK: Final = "fork-{}.txt"
_TRUST: Final = "trust"
_SIGNED: Final = frozenset({".pdf", ".ofd", ".txt"})

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brought:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One audit as it ended."""

    request: AuditRequest
    opened: Opened
    audit: LogAudit
    result: AuditResult
    files: tuple[MatchedFile, ...]
    seed: str
    at: datetime

    @property
    def sample_root(self) -> str:
        """The root from which the sample was drawn: that of the checkpoint under which the audit began."""
        return "" if self.result.begun is None else self.result.begun.root.hex()

    @property
    def exit_code(self) -> int:
        """0: all holds. 5: something does not. 4: something could not be checked."""
        counts = self.result.findings.counts
        return 5 if counts[Weight.FAILED.value] else 4 if counts[Weight.UNKNOWN.value] else 0


def check(request: AuditRequest, *, at: datetime, progress: Progress) -> Checked:
    """Do one audit.

    1. Open what was brought. 2. Digest the signed files. 3. Walk through the log. 4. Say which files it has. 5. Keep.

    Raises `RequestError`, `ReadError`, `WriteError`; what is wrong with the log is in the result.
    """
    opened = open_request(request)  # (1)
    signed = dict(_signed_files(request))  # (2)
    state = None if request.keep is None else load_state(request.keep / STATE)
    seed = request.seed or str((state or {}).get("seed", f"{at:%Y-%m-%d}"))
    kept = None if request.keep is None else load_state(request.keep / KEPT)
    scope = AuditScope(
        verifiers=opened.policy.logs or opened.trust.verifiers,
        roots=opened.roots,
        at=at,
        kept=None if kept is None else read_kept(kept),
        shown=opened.shown,
        manifest=opened.manifest,
        wanted=frozenset(one.digest for each in signed.values() for one in each.signatures) | {_trust_digest(opened)},
        hours=opened.hours,
        seed=seed,
        sample_size=request.sample,
        only_new=request.only_new,
        prefix=request.prefix,
        policy=opened.policy,
        trust=opened.trust,
    )
    again = partial(_rows, request, opened, None)
    audit = LogAudit(scope, opened.reader, _rows(request, opened, state), again=again)
    if state is not None:
        audit.resume(state)
    result = audit.run(progress=progress, save=_saver(request))  # (3)
    _note_brought(opened, result, at=at)
    _judge_trust(opened, result, kept)
    files = tuple(_matched(name, each, audit, result, opened) for name, each in sorted(signed.items()))  # (4)
    _keep(request, opened, result)  # (5)
    close_source(opened.reader)
    return Checked(request=request, opened=opened, audit=audit, result=result, files=files, seed=seed, at=at)


def _rows(request: AuditRequest, opened: Opened, state: Mapping[str, Any] | None) -> Rows | None:
    """Return the rows, from where an interrupted audit of the same records had come."""
    manifest = opened.manifest
    if request.records is None or manifest is None:
        return None
    start = 0
    if state is not None and manifest.digest.hex() in state.get("of", ()):
        start = int(state.get("consumed", 0))
    return Rows(lines(request.records, start, opened.records_end), start)


def _saver(request: AuditRequest) -> Callable[[Mapping[str, object]], None]:
    folder = request.keep
    if folder is None:
        return lambda _state: None
    return lambda state: save_state(folder / STATE, state)


def _note_brought(opened: Opened, result: AuditResult, *, at: datetime) -> None:
    if opened.records_problem:
        result.findings.fail("checker.records_wrong", found=opened.records_problem)
    for name, reason in opened.unasked:
        result.findings.unknown("checker.witness_away", file=name, found=reason)
    if at >= opened.trust.expires_at:
        result.findings.unknown("checker.trust_expired", found=opened.trust.expires_at.isoformat())


def _trust_digest(opened: Opened) -> bytes:
    """Return the digest by which the log knows of the trust list's signature."""
    sign1 = decode_sign1(opened.trust_content, tagged=True, bytes_max=TRUST_LIST_BYTES_MAX)
    return sha256(sign1.to_be_signed).digest()


def _judge_trust(opened: Opened, result: AuditResult, kept: Mapping[str, Any] | None) -> None:
    """See that the trust list was logged before it was signed, and is not older than the one that was seen last."""
    findings, digest, sequence = result.findings, _trust_digest(opened), opened.trust.sequence
    if result.is_complete and not result.first and result.judge.wanted.get(digest) is None:
        is_newer = opened.trust.issued_at.timestamp() > result.judge.last_time  # than what is published of the log
        note = findings.unknown if is_newer else findings.fail
        note("checker.trust_unlogged", expected=digest)
    seen = 0 if kept is None else kept.get(_TRUST, 0)
    if isinstance(seen, int) and sequence < seen:
        findings.fail("checker.trust_older", expected=seen, found=sequence)


def _signed_files(request: AuditRequest) -> Iterator[tuple[str, _Brought]]:
    for folder in request.licences:
        paths = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        for path in paths:
            if path.is_file() and path.suffix.lower() in _SIGNED:
                yield str(path), _brought(path)


def _brought(path: Path) -> _Brought:
    """Read a signed file; one that is too long or locked is one that nobody can read, and ends no audit."""
    try:
        content = read_capped(path, DOCUMENT_BYTES_MAX)
    except ReadError:
        return _Brought(digest=b"", signatures=(), unread=1)
    found, unread = signatures_in(content)
    return _Brought(digest=sha256(content).digest(), signatures=found, unread=unread)


def _matched(name: str, brought: _Brought, audit: LogAudit, result: AuditResult, opened: Opened) -> MatchedFile:
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


def _keep(request: AuditRequest, opened: Opened, result: AuditResult) -> None:
    if request.keep is None:
        return
    forks = [each for each in result.findings.found if each.code in {"checker.fork", "checker.rewritten"}]
    if forks and result.checkpoint is not None:
        write_whole(request.keep / FORK.format(0), result.checkpoint.note.encode())
        kept = load_state(request.keep / KEPT)
        notes = [str(kept.get("note", ""))] if kept is not None else []
        against = {each.params["file"] for each in forks}
        notes += [each.note for each in opened.shown if each.source in against]
        notes += [result.begun.note] if UNFINISHED in against and result.begun is not None else []
        for number, note in enumerate(notes, 1):
            write_whole(request.keep / FORK.format(number), note.encode())
    if result.is_complete and not result.findings.counts[Weight.FAILED.value]:
        save_state(request.keep / KEPT, {**kept_of(result), _TRUST: opened.trust.sequence})
    if result.is_complete:
        (request.keep / STATE).unlink(missing_ok=True)
