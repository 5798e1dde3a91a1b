"""Accept the bodies of a licence: the strict gate before anything is filed.

Promises:
  * `accept` is the only maker of a `VerifiedLicence`; who holds one needs not check again.
  * Form, signature, issuer, contents and log (of an OFD also the seal) must have passed, in every body, and all bodies
    are of one version.
  * Status and registry are not asked, for nothing is filed yet; the term may begin later.
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from datetime import datetime
from typing import Final, NamedTuple

from verify.document_check import DocumentCheck, check_document
from verify.errors import YinzhengError
from verify.evidence import Evidence
from verify.licence import DataSet
from verify.log_proof import LogReceipt
from verify.qr_token import LicenceToken
from verify.report import Check, Finding, Outcome, Report, Subject
from verify.signed_document import DocumentForm

DEMANDED: Final = (Check.FORM, Check.SIGNATURE, Check.ISSUER, Check.CONTENTS, Check.LOG)
# A PDF is signed with the office's key; only an OFD holds a seal to be judged.
DEMANDED_OF: Final[Mapping[DocumentForm, tuple[Check, ...]]] = {"pdf": DEMANDED, "ofd": (*DEMANDED, Check.SEAL)}

_OTHER_BODY: Final = Finding(check=Check.CONTENTS, code="contents.other_token", outcome=Outcome.FAILED)
_NO_BODY: Final = Finding(check=Check.FORM, code="form.unreadable", outcome=Outcome.FAILED, detail="no body")
_MAKER: Final = object()


class RejectedError(YinzhengError):
    """The bodies are not those of one genuine licence; the report says why."""

    code = "licence.rejected"

    def __init__(self, report: Report) -> None:
        missed = [each.code for each in report.findings if each.outcome is not Outcome.PASSED]
        super().__init__(", ".join(missed), params={"reason": ", ".join(missed[:3])})
        self.report = report


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedDocument:
    """One accepted body: form, SHA-256 of the file, the key that signed, when (trusted time), its place in the log."""

    form: DocumentForm
    digest: bytes
    signer_kid: bytes
    signed_at: datetime
    leaf: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLicence:
    """A licence whose bodies were all accepted; only `accept` can make one."""

    token: LicenceToken
    data_set: DataSet
    documents: tuple[VerifiedDocument, ...]
    made_by: InitVar[object]

    def __post_init__(self, made_by: object) -> None:
        if made_by is not _MAKER:
            raise TypeError("only verify.accepting.accept makes a verified licence")


def accept(bodies: tuple[bytes, ...], evidence: Evidence, *, at: datetime) -> VerifiedLicence:
    """Accept all bodies of one licence, or raise ``RejectedError`` with the report of the first that is not good.

    1. Check each body by itself. 2. Demand that form, signature, issuer, contents and log have passed, and an OFD's
    seal. 3. Demand that all carry the same code and data set.
    """
    if not bodies:
        raise RejectedError(Report(subject=Subject.DOCUMENT, findings=(_NO_BODY,), at=at))
    accepted = tuple(_demand(check_document(body, evidence, at=at), at=at) for body in bodies)  # (1) (2)
    first = accepted[0]
    if any(each.token.text != first.token.text or each.data_set != first.data_set for each in accepted):
        raise RejectedError(Report(subject=Subject.DOCUMENT, findings=(_OTHER_BODY,), at=at))  # (3)
    documents = tuple(each.document for each in accepted)
    return VerifiedLicence(token=first.token, data_set=first.data_set, documents=documents, made_by=_MAKER)


class _Body(NamedTuple):
    """One body that is good by itself."""

    document: VerifiedDocument
    token: LicenceToken
    data_set: DataSet


def _demand(check: DocumentCheck, *, at: datetime) -> _Body:
    signed = check.signed
    demanded = DEMANDED_OF[signed.form]
    outcomes = [{each.outcome for each in check.findings if each.check is name} for name in demanded]
    match (check.token, signed.data_set, signed.signer_kid, signed.signed_at, signed.receipt):
        case (
            LicenceToken() as token,
            DataSet() as data_set,
            bytes(kid),
            datetime() as signed_at,
            LogReceipt(index=leaf),
        ) if all(found == {Outcome.PASSED} for found in outcomes):
            document = VerifiedDocument(
                form=signed.form, digest=signed.digest, signer_kid=kid, signed_at=signed_at, leaf=leaf
            )
            return _Body(document, token, data_set)
        case _:
            raise RejectedError(Report(subject=Subject.DOCUMENT, findings=check.findings, at=at))
