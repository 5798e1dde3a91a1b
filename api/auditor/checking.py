"""Run the checker: open what was brought, take up what was kept, check, match files, and keep the new checkpoint.

Promises:
  * A checkpoint is kept only after an audit in which nothing failed; what an interrupted one had found is taken up by
    one of the same arguments alone.
  * Two checkpoints that prove a fork are both written beside what is kept, whatever else was found; so are the kept one
    and the one that should continue it, where that is of another log or another key.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final

from api.auditor.files import close_source, lines, load_state, save_state, write_whole
from api.auditor.matching import MatchedFile, matched, signed_files
from api.auditor.request import AuditRequest, Opened, open_request
from verify.cose import decode_sign1
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.claims import KEPT_OTHER, KEPT_WRONG, REWRITTEN, UNFINISHED
from verify.log_audit.findings import Weight
from verify.log_audit.kept import kept_of, read_kept
from verify.log_audit.records import Rows
from verify.log_audit.scope import AuditScope
from verify.trust import TRUST_LIST_BYTES_MAX

KEPT: Final = "kept.json"
STATE: Final = "unfinished.json"
FORK: Final = "fork-{}.txt"
_TRUST: Final = "trust"
_EVIDENT: Final = frozenset({"checker.fork", REWRITTEN, KEPT_OTHER, KEPT_WRONG})

Progress = Callable[[int, int], None]


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
    signed = dict(signed_files(request.licences, opened, at=at))  # (2)
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
        sources=(request.source, *(str(each or "") for each in (request.trust, request.policy))),
    )
    audit = LogAudit(scope, opened.reader, partial(_rows, request, opened))
    if state is not None:
        audit.resume(state)
    result = audit.run(progress=progress, save=_saver(request))  # (3)
    _note_brought(opened, result, at=at)
    _judge_trust(opened, result, kept)
    files = tuple(matched(name, each, audit, result, opened) for name, each in sorted(signed.items()))  # (4)
    _keep(request, opened, result)  # (5)
    close_source(opened.reader)
    return Checked(request=request, opened=opened, audit=audit, result=result, files=files, seed=seed, at=at)


def _rows(request: AuditRequest, opened: Opened, start: int) -> Rows | None:
    """Return the rows from a place of their file on."""
    if request.records is None or opened.manifest is None:
        return None
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
    if result.is_complete and result.judge.wanted.get(digest) is None:
        is_newer = opened.trust.issued_at.timestamp() > result.judge.last_time  # than what is published of the log
        note = findings.unknown if is_newer else findings.fail
        note("checker.trust_unlogged", expected=digest)
    seen = 0 if kept is None else kept.get(_TRUST, 0)
    if isinstance(seen, int) and sequence < seen:
        findings.fail("checker.trust_older", expected=seen, found=sequence)


def _keep(request: AuditRequest, opened: Opened, result: AuditResult) -> None:
    if request.keep is None:
        return
    forks = [each for each in result.findings.found if each.code in _EVIDENT]
    if forks and result.checkpoint is not None:
        write_whole(request.keep / FORK.format(0), result.checkpoint.note.encode())
        kept = load_state(request.keep / KEPT)
        notes = [str(kept.get("note", ""))] if kept is not None else []
        against = {each.params.get("file", "") for each in forks}
        notes += [each.note for each in opened.shown if each.source in against]
        notes += [result.begun.note] if UNFINISHED in against and result.begun is not None else []
        for number, note in enumerate(notes, 1):
            write_whole(request.keep / FORK.format(number), note.encode())
    if result.is_complete and not result.findings.counts[Weight.FAILED.value]:
        save_state(request.keep / KEPT, {**kept_of(result), _TRUST: opened.trust.sequence})
    if result.is_complete:
        (request.keep / STATE).unlink(missing_ok=True)
