"""Whether independent witnesses saw the log that a proof leads to, as far as the trust list asks for witnesses.

Promises:
  * Which witnesses count, and how many, says the trust list's log policy and nothing else: not the proof, nor a caller.
  * A proof without its quorum is "not yet witnessed" for the merge delay, and "could not be checked" after it: the
    proof inside a document is as old as its signature, so its age alone never makes a licence bad.
  * For a signature of a key that was cut off, where witnesses are asked for, a proof without them could not be checked:
    who stole that key may have the log's key too. Online, or with a witnessed proof, what is honest stays good.
  * A line of a known witness that does not fit makes the whole proof wrong.
  * When it was witnessed is when the quorum was reached: one witness whose clock is wrong moves it no further.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from verify.cosignature import Cosignature, read_cosignatures
from verify.errors import MalformedError
from verify.issuer_check import cut_off_of
from verify.log_entry import LogEntry
from verify.log_proof import LogReceipt
from verify.note import NoteError
from verify.report import Check, Finding, Outcome
from verify.signed_document import SignedDocument
from verify.trust import TrustList

MERGE_DELAY: Final = timedelta(hours=24)
"""Within this time every entry is to be seen by the witnesses; an office that is later raises an alarm."""

PROVEN: Final = "log.proven"
# Where the entry of an intent names the key that will sign.
_KEY: Final = 2
_SEPARATOR: Final = ", "


def judge_witnesses(receipt: LogReceipt, trust: TrustList, *, at: datetime) -> Finding:
    """Say who witnessed the checkpoint of a receipt that `check_receipt` has let pass."""
    try:
        entry = LogEntry.decode(receipt.entry)
        found = read_cosignatures(receipt.note, trust.policy.keys)
    except (NoteError, MalformedError) as error:
        return _finding("log.wrong", Outcome.FAILED, detail=error.detail)
    params = {"logged_at": entry.time.isoformat()}
    if not trust.policy.has_quorum:
        return _finding(PROVEN, Outcome.PASSED)
    if trust.policy.is_met(found):
        names = _SEPARATOR.join(trust.policy.names(found))
        params |= {"witnesses": names, "witnessed_at": _reached_at(found, trust).isoformat()}
        return _finding("log.witnessed", Outcome.PASSED, params=params)
    if _is_cut_off(entry, trust):
        return _finding("log.cut_off_unwitnessed", Outcome.UNKNOWN, params=params)
    if at - entry.time <= MERGE_DELAY:
        return _finding("log.not_yet_witnessed", Outcome.PASSED, params=params)
    return _finding("log.unwitnessed", Outcome.UNKNOWN, params=params)


def with_witnesses(signed: SignedDocument, trust: TrustList | None, *, at: datetime) -> SignedDocument:
    """Return a document's check with the word on its witnesses in place of the one that its log proof holds."""
    if trust is None or signed.receipt is None or all(each.code != PROVEN for each in signed.findings):
        return signed
    judged = judge_witnesses(signed.receipt, trust, at=at)
    findings = tuple(judged if each.code == PROVEN else each for each in signed.findings)
    return replace(signed, findings=findings)


def _is_cut_off(entry: LogEntry, trust: TrustList) -> bool:
    kid = (entry.detail or {}).get(_KEY)
    return isinstance(kid, bytes) and cut_off_of(trust, kid) is not None


def _reached_at(found: Sequence[Cosignature], trust: TrustList) -> datetime:
    """Return the moment at which the quorum, which is met, was met."""
    signed: list[Cosignature] = []
    for each in sorted(found, key=lambda one: one.at):
        signed.append(each)
        if trust.policy.is_met(signed):
            break
    return signed[-1].at


def _finding(code: str, outcome: Outcome, *, detail: str = "", params: dict[str, str] | None = None) -> Finding:
    return Finding(check=Check.LOG, code=code, outcome=outcome, detail=detail, params=params or {})
