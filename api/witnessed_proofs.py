"""The registry's better proof: online checks say who witnessed the entry of what was shown.

Promises:
  * Asked only where the trust list names a quorum; without one nothing is read.
  * A registry that is away, or an entry that no checkpoint with a quorum covers yet, changes nothing.
  * The proof is judged like one that a stranger brings (`verify/brought_proof.py`), not believed because it is ours.
"""

from api.wiring import Office
from registry.errors import DatabaseAwayError, DatabaseBusyError
from signer.proofs import prove_place_witnessed, prove_witnessed
from verify.brought_proof import with_proof
from verify.errors import MalformedError
from verify.log_proof import LogReceipt
from verify.note import NoteError, parse_body, split_note
from verify.report import Report, Subject
from verify.trust import TrustList
from verify.witness_policy import WitnessPolicy


def with_online_proof(office: Office, report: Report, trust: TrustList | None) -> Report:
    """Return the report with the registry's witnessed proof, where there is one."""
    if trust is None or not trust.policy.has_quorum or report.verdict.is_not_genuine:
        return report
    try:
        receipt = _receipt(office, report, trust.policy)
    except (DatabaseAwayError, DatabaseBusyError, MalformedError, NoteError):
        return report
    return report if receipt is None else with_proof(report, receipt.to_text(), trust, at=report.at)


def _receipt(office: Office, report: Report, policy: WitnessPolicy) -> LogReceipt | None:
    if report.subject is Subject.DOCUMENT and report.log.proof:
        return receipt_of_leaf(office, LogReceipt.from_text(report.log.proof), policy)
    if report.subject is Subject.TEXT and report.log.code_leaf is not None:
        return prove_place_witnessed(office.database, report.log.code_leaf, policy)
    return None


def receipt_of_leaf(office: Office, own: LogReceipt, policy: WitnessPolicy) -> LogReceipt | None:
    """Return the witnessed receipt of the same leaf of the same log; None without one. Raises `NoteError`."""
    origin, _, _ = parse_body(split_note(own.note)[0])
    return prove_witnessed(office.database, origin, own.index, policy)
