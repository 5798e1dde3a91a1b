"""A log proof that comes beside what was checked: from a file, or from the registry. It completes a report.

Promises:
  * It must be about the same leaf as the proof inside a document, under whichever name of the log, or about exactly
    the code that was checked; what is about something else changes nothing and is said to be of no use.
  * It closes gaps and takes none of the failures away.
  * Two leaves in one place, or two roots of one size, both under the log's signature, are proof of a fork: the report
    says `log.inconsistent`, whoever brought the proof.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from verify.errors import MalformedError
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogProofError, LogReceipt, check_receipt
from verify.note import Checkpoint
from verify.report import Check, Claimed, Finding, Outcome, Report, Subject, merged
from verify.token_check import CODE_USE
from verify.trust import TrustList
from verify.witnessed import judge_witnesses

_INCONSISTENT: Final = Finding(check=Check.LOG, code="log.inconsistent", outcome=Outcome.FAILED, source="proof")
_CUT_OFF: Final = Finding(check=Check.LOG, code="log.cut_off", outcome=Outcome.FAILED, source="proof")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    """A receipt with the checkpoint that a trusted log signed over it."""

    receipt: LogReceipt
    checkpoint: Checkpoint
    text: str


def with_proof(report: Report, text: str, trust: TrustList | None, *, at: datetime) -> Report:
    """Return the report with what this proof adds.

    1. The log part must be open or good; a failure stays. 2. The proof holds. 3. It belongs to what was checked, or
    contradicts it. 4. Below the cut-off of the code's key, if there is one. 5. Who witnessed it.
    """
    if trust is None or any(each.check is Check.LOG and each.outcome is Outcome.FAILED for each in report.findings):
        return report  # (1)
    try:
        proof = _opened(text, trust)  # (2)
    except (LogProofError, MalformedError) as error:
        return _with(report, _useless(error.code))
    if report.subject is Subject.DOCUMENT:
        return _of_document(report, proof, trust, at=at)
    claimed = report.claimed if report.subject is Subject.TEXT else None
    if claimed is None or not _is_of_code(proof, claimed):  # (3)
        return _with(report, _useless("another entry"))
    if not _is_below(proof, claimed, trust):  # (4)
        return _with(report, _CUT_OFF)
    places = replace(report.log, code_leaf=proof.receipt.index, tree_size=proof.checkpoint.size, proof=proof.text)
    return _closed(report, judge_witnesses(proof.receipt, trust, at=at))._replace(log=places)  # (5)


def _of_document(report: Report, proof: _Proof, trust: TrustList, *, at: datetime) -> Report:
    try:
        own = _opened(report.log.proof, trust)
    except (LogProofError, MalformedError):
        return report  # the document's own proof was not good, and that was said
    if _contradict(own, proof, trust):
        return _closed(report, _INCONSISTENT)
    if (own.receipt.index, own.receipt.entry) != (proof.receipt.index, proof.receipt.entry):
        return _with(report, _useless("another entry"))
    places = replace(report.log, tree_size=proof.checkpoint.size, proof=proof.text)
    judged = judge_witnesses(proof.receipt, trust, at=at)
    was = report.finding(Check.LOG)
    if judged.outcome is Outcome.UNKNOWN and was is not None and was.code == "log.witnessed":
        return report  # the document carries the better proof
    return _closed(report, judged)._replace(log=places)


def _opened(text: str, trust: TrustList) -> _Proof:
    receipt = LogReceipt.from_text(text)
    return _Proof(receipt=receipt, checkpoint=check_receipt(receipt, trust.verifiers), text=text)


def _contradict(one: _Proof, other: _Proof, trust: TrustList) -> bool:
    """Say whether no honest log can have signed both: one key keeps one tree, whatever the log is called that year."""
    of_one, of_other = (
        {each.public for each in trust.verifiers if each.name == proof.checkpoint.origin} for proof in (one, other)
    )
    if of_one.isdisjoint(of_other):
        return False
    if one.checkpoint.size == other.checkpoint.size and one.checkpoint.root != other.checkpoint.root:
        return True
    return one.receipt.index == other.receipt.index and one.receipt.entry != other.receipt.entry


def _is_of_code(proof: _Proof, claimed: Claimed) -> bool:
    """Say whether the entry is the signing intent of exactly this code."""
    entry = LogEntry.decode(proof.receipt.entry)
    detail = entry.detail or {}
    is_named = detail.get(1) == KeyPurpose.CODE.value and detail.get(2) == bytes.fromhex(claimed.token_kid)
    return entry.kind is EntryKind.INTENT and entry.digest.hex() == claimed.token_digest and is_named


def _is_below(proof: _Proof, claimed: Claimed, trust: TrustList) -> bool:
    keys = trust.keys_for(bytes.fromhex(claimed.token_kid), CODE_USE)
    cuts = [key.cut_off for issuer, key in keys if issuer.issuer == claimed.issuer and key.cut_off is not None]
    return all(trust.is_below(cut_off, proof.checkpoint.origin, proof.receipt.index) for cut_off in cuts)


def _useless(detail: str) -> Finding:
    return Finding(check=Check.LOG, code="log.proof_of_no_use", outcome=Outcome.UNKNOWN, detail=detail, source="proof")


def _with(report: Report, finding: Finding) -> Report:
    return report._replace(findings=merged((*report.findings, finding)))


def _closed(report: Report, finding: Finding) -> Report:
    """Return the report with this word on the log in place of the one that it had.

    The gap of a code inside a document stays: what proves the document proves nothing of the key of its code.
    """
    is_document = report.subject is Subject.DOCUMENT
    others = (
        each for each in report.findings if each.check is not Check.LOG or (is_document and each.code == "log.cut_off")
    )
    return report._replace(findings=merged((*others, finding)))
