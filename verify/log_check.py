"""Judge the log proof that one of our documents carries: that exactly this signature was announced, in a known log.

Promises:
  * The entry must name the bytes that were signed, the purpose, the key and the data set; less is another's entry.
  * For a key with a cut-off the place in the log decides, never a date (decisions.md section 2).
  * `logged_at` is the log's own word, and only given when everything else about the entry is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from verify.errors import MalformedError
from verify.issuer_check import cut_off_of
from verify.key_purpose import KeyPurpose
from verify.log_entry import LogEntry
from verify.log_proof import LogProofError, LogReceipt, check_receipt
from verify.note import Checkpoint
from verify.report import Check, Finding, Outcome
from verify.trust import TrustList


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What must have been announced: the bytes signed, for which purpose, by which key.

    `of` is what the entry says beside: for a licence the digest of its data set, under 3.
    """

    to_be_signed: bytes = field(repr=False)
    purpose: KeyPurpose
    kid: bytes
    of: Mapping[int, bytes] = field(default_factory=dict, hash=False)

    @property
    def detail(self) -> dict[int, object]:
        """The detail that its entry has."""
        return {1: self.purpose.value, 2: self.kid, **self.of}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFound:
    """What the proof says, and how its check ended."""

    finding: Finding
    receipt: LogReceipt | None = None
    checkpoint: Checkpoint | None = None
    logged_at: datetime | None = None


def check_log(proof: str | None, announced: Announced, trust: TrustList | None) -> LogFound:
    """Check the proof that travels with a signature of ours."""
    receipt = _receipt(proof)
    if trust is None:
        return LogFound(receipt=receipt, finding=_finding("log.not_asked", Outcome.UNKNOWN))
    if proof is None:
        return LogFound(finding=_finding("log.missing", Outcome.FAILED))
    if receipt is None:
        return LogFound(finding=_wrong("not a log proof"))
    try:
        checkpoint = check_receipt(receipt, trust.verifiers, to_be_signed=announced.to_be_signed)
    except LogProofError as error:
        return LogFound(receipt=receipt, finding=_wrong(error.detail))
    entry = LogEntry.decode(receipt.entry)
    problem = ""
    if entry.detail != announced.detail:
        problem = "the entry is for another purpose, key or data set"
    cut_off = cut_off_of(trust, announced.kid)
    if cut_off is not None and not trust.is_below(cut_off, checkpoint.origin, receipt.index):
        finding = _finding("log.cut_off", Outcome.FAILED, "the key was cut off before this entry")
    else:
        finding = _wrong(problem) if problem else _finding("log.proven", Outcome.PASSED)
    logged_at = entry.time if finding.outcome is Outcome.PASSED else None
    return LogFound(receipt=receipt, checkpoint=checkpoint, finding=finding, logged_at=logged_at)


def _receipt(text: str | None) -> LogReceipt | None:
    try:
        return None if text is None else LogReceipt.from_text(text)
    except MalformedError:
        return None


def _finding(code: str, outcome: Outcome, detail: str = "") -> Finding:
    return Finding(check=Check.LOG, code=code, outcome=outcome, detail=detail)


def _wrong(detail: str) -> Finding:
    return _finding("log.wrong", Outcome.FAILED, detail)
