"""Check one licence, with everything that the check may rely on given by the caller.

Promises:
  * No network, no database, no clock, no environment: same arguments, same report.
  * Every step is reported, also after a failure, so that a clerk sees all reasons at once.
  * No bad document, text or id raises. `accept` is the only maker of `VerifiedLicence`; who holds one needs not check
    again.

What "valid" means, step by step (the numbers of the README): 1. form 2. signature 3. issuer 4. contents 5. term
6. status 7. log 8. clock; then the verdict (`report.judge`). Signature and code of a document go through 1 to 3 each.
"""

from datetime import datetime
from functools import partial
from typing import Final

from verify.accepting import RejectedError, VerifiedDocument, VerifiedLicence, accept
from verify.document_check import check_document
from verify.evidence import Answer, Evidence, RegistryAnswer, Unreachable
from verify.facts import Facts
from verify.live_code_check import examine_live, is_live_code
from verify.national_metadata import MetadataError, read_metadata
from verify.official_examine import of_official
from verify.registry_facts import facts_with
from verify.report import Check, Claimed, Finding, LogPlaces, Once, Outcome, Report, Subject, merged
from verify.seal_facts import with_seal
from verify.signed_document import SignedDocument
from verify.status_check import check_clock, check_registry, check_status_list, differences, find_list
from verify.token_check import CODE_USE, check_term, check_token, claimed_by, facts_of, is_test_issuer
from verify.values import LicenceId

__all__ = [
    "RejectedError",
    "VerifiedDocument",
    "VerifiedLicence",
    "accept",
    "examine",
    "examine_id",
    "examine_text",
    "with_registry",
]

# Longer than any type of the national catalogue is called.
TYPE_NAME_LENGTH_MAX: Final = 100
_TYPED: Final = Finding(check=Check.FORM, code="form.typed_id", outcome=Outcome.PASSED, source="typed id")
_SIGNATURE_NOT_ASKED: Final = Finding(check=Check.SIGNATURE, code="signature.not_asked", outcome=Outcome.UNKNOWN)
_ISSUER_NOT_ASKED: Final = Finding(check=Check.ISSUER, code="issuer.not_asked", outcome=Outcome.UNKNOWN)
_CONTENTS_NOT_ASKED: Final = Finding(check=Check.CONTENTS, code="contents.not_asked", outcome=Outcome.UNKNOWN)
_TERM_NOT_ASKED: Final = Finding(check=Check.TERM, code="term.not_asked", outcome=Outcome.UNKNOWN)
_STATUS_NOT_ASKED: Final = Finding(check=Check.STATUS, code="status.not_asked", outcome=Outcome.UNKNOWN)
_AGREES: Final = Finding(
    check=Check.CONTENTS, code="contents.registry_agrees", outcome=Outcome.PASSED, source="registry"
)
_LOG_NOT_ASKED: Final = Finding(check=Check.LOG, code="log.not_asked", outcome=Outcome.UNKNOWN)


def examine(document: bytes, evidence: Evidence, *, at: datetime) -> Report:
    """Check a file: its own signature (1, 2, 3, 7), the code inside (1 to 5), that both agree (4), the state (6)."""
    check = check_document(document, evidence, at=at)
    known = Report(
        subject=Subject.DOCUMENT,
        findings=check.findings,
        at=at,
        log=check.log,
        signatures=check.lines,
        test=check.signed.is_test,
        document_digest=check.signed.digest.hex(),
    )
    if check.signed.official is not None and check.signed.is_ours:
        return of_official(known, check.signed, evidence)
    data_set, code = check.signed.data_set, check.code
    if data_set is None or code is None or code.token is None:
        return known
    claims = code.token.claims
    status_list = find_list(claims, code.issuer, evidence)
    of_state = (check_status_list(claims, status_list, evidence, at=at), check_clock(status_list, evidence, at=at))
    facts = facts_of(code.token, code.issuer, evidence)._replace(
        identifier=data_set.identifier.text,
        holder=data_set.holder_name,
        holder_kind=data_set.holder_kind,
        issuer_name=data_set.office_name,
    )
    facts = with_seal(_named(facts, check.signed), check.signed)
    report = known._replace(
        findings=merged((*check.findings, *of_state)),
        valid_until=facts.valid_until,
        facts_source=facts,
        test=known.test or is_test_issuer(claims.issuer),
        claimed_source=claimed_by(code.token),
    )
    return report if evidence.registry is None else with_registry(report, evidence.registry, evidence, at=at)


def _named(facts: Facts, signed: SignedDocument) -> Facts:
    """Call the type what the document's own metadata call it, where nobody else told: they are signed with it."""
    if facts.type_name or signed.metadata is None:
        return facts
    try:
        items = read_metadata(signed.metadata)
    except MetadataError:
        return facts  # what is wrong with them is a finding of its own
    is_same = items.get("ZZLXDM") == facts.type_code
    return facts._replace(type_name=items.get("ZZMC", "")[:TYPE_NAME_LENGTH_MAX]) if is_same else facts


def examine_text(text: str, evidence: Evidence, *, at: datetime) -> Report:
    """Check the text of a QR code: 1 to 5 by the code alone, 6 by registry or status list, 7 by the registry's leaf.

    A live code is not that of a paper: see `live_code_check`.
    """
    if is_live_code(text):
        return examine_live(text, evidence, at=at)
    check = check_token(text, evidence, at=at)
    token = check.token
    if token is None:
        return Report(subject=Subject.TEXT, findings=check.findings, at=at)
    claims = token.claims
    form, signature, issuer, term, log = check.findings
    status_list = find_list(claims, check.issuer, evidence)
    status = check_status_list(claims, status_list, evidence, at=at)
    clock = check_clock(status_list, evidence, at=at)
    report = Report(
        subject=Subject.TEXT,
        findings=(form, *check.notices, signature, issuer, _CONTENTS_NOT_ASKED, term, status, log, clock),
        at=at,
        valid_until=claims.valid_until,
        facts_source=partial(facts_of, token, check.issuer, evidence),
        test=is_test_issuer(claims.issuer),
        claimed_source=Once(partial(claimed_by, token)),
    )
    return report if evidence.registry is None else with_registry(report, evidence.registry, evidence, at=at)


def examine_id(licence_id: LicenceId, evidence: Evidence, *, at: datetime) -> Report:
    """Answer a typed id: only the registry can say. What is printed beside the id was not seen and is not judged."""
    answer = evidence.registry
    facts = Facts(licence_id=licence_id.text)
    clock = check_clock(None, evidence, at=at)
    if not isinstance(answer, RegistryAnswer):
        status = _STATUS_NOT_ASKED if answer is None else check_registry(answer, at=at)
        rest = (_CONTENTS_NOT_ASKED, _TERM_NOT_ASKED, status, _LOG_NOT_ASKED, clock)
        findings = (_TYPED, _SIGNATURE_NOT_ASKED, _ISSUER_NOT_ASKED, *rest)
        return Report(subject=Subject.ID, findings=findings, at=at, facts_source=facts)
    term = check_term(answer.valid_from, answer.valid_until, answer.issued_at, None, at=at)
    rest = (_CONTENTS_NOT_ASKED, term, check_registry(answer, at=at), _LOG_NOT_ASKED, clock)
    return Report(
        subject=Subject.ID,
        findings=(_TYPED, _SIGNATURE_NOT_ASKED, _ISSUER_NOT_ASKED, *rest),
        at=at,
        valid_until=answer.valid_until,
        facts_source=facts_with(facts, answer),
        test=is_test_issuer(answer.issuer),
        log=LogPlaces(code_leaf=answer.code_leaf, document_leaf=answer.document_leaf),
    )


def with_registry(report: Report, answer: Answer, evidence: Evidence, *, at: datetime) -> Report:
    """Complete what was found without the registry: its state (6), its agreement (4), its place of the code's leaf (7).

    What is not genuine is left as it is: the registry's facts are not those of a forgery. A registry that cannot be
    reached takes nothing away from a status list that is still good. A document must be the filed one, by its place in
    the log: whoever may sign can log and sign another page round the same code, and only the registry knows which one
    was filed.
    """
    claimed = report.claimed
    if claimed is None or report.verdict.is_not_genuine:
        return report
    status = check_registry(answer, at=at)
    if not isinstance(answer, RegistryAnswer):
        earlier = report.finding(Check.STATUS)
        if isinstance(answer, Unreachable) and earlier is not None and earlier.outcome is not Outcome.UNKNOWN:
            return report
        return report._replace(findings=_renewed(report.findings, status), at=at)
    different = differences(claimed, answer)
    if report.log.document_leaf not in {None, answer.document_leaf, answer.ofd_leaf}:
        different = (*different, "document_leaf")
    if different:
        return report._replace(findings=_renewed(report.findings, status, _differs(different)), at=at)
    return report._replace(
        findings=_renewed(report.findings, status, _AGREES, _recorded(claimed, answer, evidence)),
        at=at,
        facts_source=facts_with(report.facts, answer),
        log=LogPlaces(
            code_leaf=answer.code_leaf,
            document_leaf=_document_leaf(report.log, answer),
            tree_size=report.log.tree_size,
            proof=report.log.proof,
        ),
    )


def _document_leaf(found: LogPlaces, answer: RegistryAnswer) -> int:
    """Return the leaf of the body that was shown; of a code, that of the first body."""
    return answer.document_leaf if found.document_leaf is None else found.document_leaf


def _renewed(findings: tuple[Finding, ...], *new: Finding) -> tuple[Finding, ...]:
    """Return the findings with the new ones; a state asked now replaces the older one, a gap in the log is closed."""
    is_log_closed = any(each.check is Check.LOG for each in new)
    kept = [
        each for each in findings if each.check is not Check.STATUS and not (is_log_closed and _is_gap_in_log(each))
    ]
    return merged((*kept, *new))


def _is_gap_in_log(finding: Finding) -> bool:
    """Say whether the registry's word closes this gap; who witnessed an entry it cannot say."""
    return finding.check is Check.LOG and finding.outcome is Outcome.UNKNOWN and finding.code != "log.unwitnessed"


def _differs(names: tuple[str, ...]) -> Finding:
    detail = ", ".join(names)
    return Finding(
        check=Check.CONTENTS,
        code="contents.registry_differs",
        outcome=Outcome.FAILED,
        detail=detail,
        source="registry",
    )


def _recorded(claimed: Claimed, answer: RegistryAnswer, evidence: Evidence) -> Finding:
    """Judge the place of the code's log entry: below the cut-off of its key, or just recorded when there is none."""
    keys = () if evidence.trust is None else evidence.trust.keys_for(bytes.fromhex(claimed.token_kid), CODE_USE)
    sizes = [key.cut_off[1] for issuer, key in keys if issuer.issuer == claimed.issuer and key.cut_off is not None]
    is_below = all(answer.code_leaf < size for size in sizes)
    return Finding(
        check=Check.LOG,
        code="log.recorded" if is_below else "log.cut_off",
        outcome=Outcome.PASSED if is_below else Outcome.FAILED,
        source="registry",
        params={"leaf": str(answer.code_leaf)},
    )
