"""The report of an official document: what its signature says in words, and what the registry knows of it.

Promises:
  * It is told as an official document and never as a licence: no holder, no number, no term.
  * Which file belongs to an id is the log's to say: the registry must name the very place where the intent stands.
  * Pure, as all of `verify`: the registry's answer is given.
"""

from dataclasses import InitVar, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from verify.accepting import DEMANDED, RejectedError
from verify.evidence import AnswerOnOfficial, Evidence, NotFound, OfficialAnswer, Unreachable
from verify.facts import Facts
from verify.licence import law_day
from verify.mandate import Mandate
from verify.report import Check, Finding, LogPlaces, Outcome, Report, Subject, merged
from verify.seal_facts import with_seal
from verify.signed_document import SignedDocument
from verify.states import LicenceState
from verify.values import LicenceId

TYPE_NAME: Final = "公文"
TYPE_NAME_EN: Final = "Official document"

_MAKER: Final = object()
_NO_TERM: Final = Finding(check=Check.TERM, code="term.none", outcome=Outcome.PASSED)
_STATUS_NOT_ASKED: Final = Finding(check=Check.STATUS, code="status.not_asked", outcome=Outcome.UNKNOWN)
_CLOCK_NOT_ASKED: Final = Finding(check=Check.CLOCK, code="clock.not_asked", outcome=Outcome.UNKNOWN)
_AGREES: Final = Finding(
    check=Check.CONTENTS, code="contents.registry_agrees", outcome=Outcome.PASSED, source="registry"
)
_TYPED: Final = (
    Finding(check=Check.FORM, code="form.typed_id", outcome=Outcome.PASSED, source="typed id"),
    Finding(check=Check.SIGNATURE, code="signature.not_asked", outcome=Outcome.UNKNOWN),
    Finding(check=Check.ISSUER, code="issuer.not_asked", outcome=Outcome.UNKNOWN),
    Finding(check=Check.CONTENTS, code="contents.not_asked", outcome=Outcome.UNKNOWN),
    _NO_TERM,
    Finding(check=Check.LOG, code="log.not_asked", outcome=Outcome.UNKNOWN),
    _CLOCK_NOT_ASKED,
)


def of_official(known: Report, signed: SignedDocument, evidence: Evidence) -> Report:
    """Return the report of a file that bears an office's seal, before the registry is asked."""
    issuer = None if evidence.trust is None else evidence.trust.issuer(signed.issuer_uscc or "")
    facts = Facts(
        type_name=TYPE_NAME,
        type_name_en=TYPE_NAME_EN,
        issuer=signed.issuer_uscc or "",
        issuer_name="" if issuer is None else issuer.name,
        official_id="" if signed.official is None else signed.official.text,
        sealed_on=None if signed.signed_at is None else law_day(signed.signed_at),
    )
    findings = merged((*known.findings, _NO_TERM, _STATUS_NOT_ASKED, _CLOCK_NOT_ASKED))
    return known._replace(findings=findings, facts_source=with_seal(facts, signed))


def with_official(report: Report, answer: AnswerOnOfficial, *, at: datetime) -> Report:
    """Complete a report by what the registry says now; what is not genuine is left as it is."""
    facts = report.facts
    if not facts.official_id or report.verdict.is_not_genuine:
        return report
    status = _status(answer, at=at)
    kept = tuple(each for each in report.findings if each.check is not Check.STATUS)
    if not isinstance(answer, OfficialAnswer):
        return report._replace(findings=merged((*kept, status)), at=at)
    different = [
        name
        for name, shown, filed in (
            ("document_id", facts.official_id, answer.document_id),
            ("issuer", facts.issuer, answer.issuer),
            ("seal_code", facts.seal_code, answer.seal_code),
            ("document_leaf", report.log.document_leaf, answer.leaf),
        )
        if shown != filed
    ]
    if different:
        return report._replace(findings=merged((*kept, status, _differs(different))), at=at)
    return report._replace(findings=merged((*kept, status, _AGREES)), at=at, facts_source=_facts_with(facts, answer))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedOfficial:
    """A sealed document that a stranger would accept; only `accept_official` makes one."""

    document_id: str
    digest: str
    leaf: int
    made_by: InitVar[object]

    def __post_init__(self, made_by: object) -> None:
        if made_by is not _MAKER:
            raise TypeError("only verify.official_examine.accept_official makes a verified document")


def accept_official(document: bytes, report: Report, *, document_id: str, mandate: Mandate) -> VerifiedOfficial:
    """Accept what a reader reported of a sealed document, or raise `RejectedError`.

    1. The report is of these very bytes. 2. Form, signature, issuer, contents and log have passed, and every other
    signature of the file holds. 3. It is the document that was to be sealed, under the mandate that was to be signed.
    """
    digest = sha256(document).hexdigest()
    outcomes = [{each.outcome for each in report.findings if each.check is name} for name in DEMANDED]
    holds = all(each.outcome is not Outcome.FAILED for each in report.signatures)
    facts, leaf = report.facts, report.log.document_leaf
    told = (facts.mandate_grant, facts.mandate_item, facts.mandate_legal_basis, facts.mandate_role)
    wanted = (mandate.grant or "", mandate.item_code or "", mandate.legal_basis, mandate.role)
    if (
        report.document_digest != digest  # (1)
        or not (holds and all(found == {Outcome.PASSED} for found in outcomes))  # (2)
        or (facts.official_id, told) != (document_id, wanted)  # (3)
        or leaf is None
    ):
        raise RejectedError(report)
    return VerifiedOfficial(document_id=document_id, digest=digest, leaf=leaf, made_by=_MAKER)


def examine_official_id(document_id: LicenceId, answer: OfficialAnswer, *, at: datetime) -> Report:
    """Answer a typed id, or the address on a slip. The document itself was not seen and is not judged."""
    facts = Facts(type_name=TYPE_NAME, type_name_en=TYPE_NAME_EN, official_id=document_id.text)
    return Report(
        subject=Subject.ID,
        findings=merged((*_TYPED, _status(answer, at=at))),
        at=at,
        facts_source=_facts_with(facts, answer),
        log=LogPlaces(document_leaf=answer.leaf),
    )


def _status(answer: AnswerOnOfficial, *, at: datetime) -> Finding:
    code, outcome = "status.in_force", Outcome.PASSED
    if isinstance(answer, Unreachable):
        code, outcome = "status.unreachable", Outcome.UNKNOWN
    elif isinstance(answer, NotFound):
        code, outcome = "status.not_found", Outcome.FAILED
    return Finding(check=Check.STATUS, code=code, outcome=outcome, source="registry", as_of=at)


def _differs(names: list[str]) -> Finding:
    return Finding(
        check=Check.CONTENTS,
        code="contents.registry_differs",
        outcome=Outcome.FAILED,
        detail=", ".join(names),
        source="registry",
    )


def _facts_with(facts: Facts, answer: OfficialAnswer) -> Facts:
    return facts._replace(
        issuer=answer.issuer,
        issuer_name=answer.issuer_name,
        issuer_name_en=answer.issuer_name_en,
        seal_code=answer.seal_code,
        sealed_on=law_day(answer.sealed_at),
        state=LicenceState.IN_FORCE,
    )
