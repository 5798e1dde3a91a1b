"""Judge the signatures of PDFs that others made, through pyHanko.

Promises:
  * A document judged here is never called ours, whatever its certificates say.
  * Nothing is fetched that the document names; what its writer broke, or built to hurt, ends in a finding.
  * Signatures, revisions and inflated bytes are capped here; time and memory are the sandbox's to cap.
"""

from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeVar

from verify.errors import MalformedError
from verify.guarded_pyhanko import REVISIONS_MAX, open_pdf
from verify.report import Check, Finding, Outcome
from verify.signed_document import SignatureFound, SignedDocument, as_seen
from verify.trust import TrustList

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko.sign.validation.status import DocumentTimestampStatus, PdfSignatureStatus, TimestampSignatureStatus
    from pyhanko_certvalidator import ValidationContext

# A dossier that went through ten offices, with time stamps in between.
SIGNATURES_MAX: Final = 24
SIGNER_NAME_LENGTH_MAX: Final = 200

_ENCRYPTED: Final = Finding(check=Check.FORM, code="form.encrypted", outcome=Outcome.FAILED)
_NONE: Final = Finding(check=Check.SIGNATURE, code="signature.none", outcome=Outcome.FAILED)
_GOOD: Final = Finding(check=Check.SIGNATURE, code="signature.good", outcome=Outcome.PASSED)
_NOT_JUDGED: Final = Finding(check=Check.SIGNATURE, code="signature.not_asked", outcome=Outcome.UNKNOWN)
_BAD: Final = Finding(check=Check.SIGNATURE, code="signature.bad", outcome=Outcome.FAILED)
_CHANGED: Final = Finding(check=Check.CONTENTS, code="contents.changed_after_signing", outcome=Outcome.FAILED)
_UNKNOWN: Final = Finding(check=Check.ISSUER, code="issuer.unknown", outcome=Outcome.FAILED)
_NO_TRUST_LIST: Final = Finding(check=Check.ISSUER, code="issuer.no_trust_list", outcome=Outcome.UNKNOWN)
# A signature in a form that pyHanko does not know, as those before PDF 1.6.
_OTHER_FORM: Final = SignatureFound(signer="", signed_at=None, outcome=Outcome.UNKNOWN, code=_NOT_JUDGED.code)

# One that cannot even be taken apart.
_BROKEN: Final = SignatureFound(signer="", signed_at=None, outcome=Outcome.FAILED, code=_BAD.code)

_Value = TypeVar("_Value")


class ForeignPdfError(MalformedError):
    """Not a PDF whose signatures can be judged within the limits."""

    code = "foreign_pdf.unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What signatures are judged by, in pyHanko's form."""

    roots: "tuple[Certificate, ...]"
    crls: tuple[bytes, ...]
    at: datetime

    def context(self) -> "ValidationContext":
        """Return a fresh context that fetches nothing; a list that is missing does not spoil a signature."""
        from pyhanko_certvalidator import ValidationContext

        return ValidationContext(
            trust_roots=list(self.roots),
            crls=list(self.crls),
            moment=self.at,
            allow_fetching=False,
            revocation_mode="soft-fail",
        )


def judge_foreign(document: bytes, trust: TrustList | None, crls: tuple[bytes, ...], *, at: datetime) -> SignedDocument:
    """Judge a PDF that is not in our form; never raises for a bad one."""
    try:
        signatures, encrypted = _judge(document, trust, crls, at=at)
    except Exception as error:  # noqa: BLE001 - for a hostile file pyHanko raises whatever Python raises
        return _document(document, (unreadable(type(error).__name__),))
    if encrypted:
        return _document(document, (_ENCRYPTED,))
    form = Finding(check=Check.FORM, code="form.pdf", outcome=Outcome.PASSED)
    signed = [each for each in signatures if not each.is_timestamp]
    if not signed:
        return _document(document, (form, _NONE), signatures)
    codes = {each.code for each in signed}
    worst = next((each for each in (_BAD, _NOT_JUDGED) if each.code in codes), _GOOD)
    changes = (_CHANGED,) if _CHANGED.code in {each.code for each in signatures} else ()
    return _document(document, (form, worst, _NO_TRUST_LIST if trust is None else _UNKNOWN, *changes), signatures)


def unreadable(detail: str) -> Finding:
    """Return the finding for a file that cannot be read."""
    return Finding(check=Check.FORM, code="form.unreadable", outcome=Outcome.FAILED, detail=detail)


def _document(
    document: bytes, findings: tuple[Finding, ...], signatures: tuple[SignatureFound, ...] = ()
) -> SignedDocument:
    whole = len(document)
    lines = tuple(replace(each, signed_bytes=None) if each.signed_bytes == whole else each for each in signatures)
    return SignedDocument(digest=sha256(document).digest(), is_ours=False, findings=findings, signatures=lines)


def _judge(
    document: bytes, trust: TrustList | None, crls: tuple[bytes, ...], *, at: datetime
) -> tuple[tuple[SignatureFound, ...], bool]:
    """Return all signatures in the order of their revisions, and whether the document is encrypted."""
    from asn1crypto import x509  # late, with pyHanko
    from pyhanko.sign.fields import enumerate_sig_fields

    reader = open_pdf(document, strict=False)
    if reader.encrypted:
        return (), True
    if reader.xrefs.total_revisions > REVISIONS_MAX:
        raise ForeignPdfError("too many revisions")
    count = len(tuple(enumerate_sig_fields(reader, filled_status=True)))
    if count > SIGNATURES_MAX:
        raise ForeignPdfError("too many signatures")
    try:
        signatures = reader.embedded_signatures
    except Exception:  # noqa: BLE001 - as in `judge_foreign`
        return (_BROKEN,), False
    roots = () if trust is None else tuple(x509.Certificate.load(each) for each in trust.authorities)
    evidence = _Evidence(roots=roots, crls=crls, at=at)
    judged = tuple(_judge_one(each, evidence) for each in signatures)
    return judged + (_OTHER_FORM,) * (count - len(judged)), False


def _judge_one(signature: "EmbeddedPdfSignature", evidence: _Evidence) -> SignatureFound:
    from pyhanko.sign.validation.pdf_embedded import async_validate_pdf_signature, async_validate_pdf_timestamp

    is_timestamp = signature.sig_object_type == "/DocTimeStamp"
    try:
        if is_timestamp:
            stamp = _run(async_validate_pdf_timestamp(signature, evidence.context()))
            code, outcome = _verdict(stamp, is_timestamp=True)
            signed_at, signed_bytes = _proven_time(stamp), None
        else:
            status = _run(async_validate_pdf_signature(signature, evidence.context(), evidence.context()))
            code, outcome = _verdict(status, is_timestamp=False)
            signed_at, signed_bytes = _proven_time(status.timestamp_validity), _signed_bytes(signature, status)
        signer = _signer(signature)
    except Exception:  # noqa: BLE001 - one signature that cannot be judged must not hide the others
        return replace(_BROKEN, is_timestamp=is_timestamp)
    return SignatureFound(
        signer=signer,
        signed_at=signed_at,
        outcome=outcome,
        code=code,
        is_timestamp=is_timestamp,
        signed_bytes=signed_bytes,
    )


def _verdict(status: "PdfSignatureStatus | DocumentTimestampStatus", *, is_timestamp: bool) -> tuple[str, Outcome]:
    """Say how one signature ended: broken, overtaken by a change, good and trusted, or good and of a stranger."""
    from pyhanko.sign.diff_analysis import ModificationLevel

    if not (status.intact and status.valid):
        return _BAD.code, Outcome.FAILED
    level = status.modification_level
    if level is None or level > ModificationLevel.FORM_FILLING or not (is_timestamp or status.docmdp_ok):
        return _CHANGED.code, Outcome.FAILED
    return _GOOD.code, Outcome.PASSED if status.trusted else Outcome.UNKNOWN


def _signed_bytes(signature: "EmbeddedPdfSignature", status: "PdfSignatureStatus") -> int | None:
    """Return where the revision ends that a signature fits and covers whole; whatever came behind it is not asked."""
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    if not (status.intact and status.valid) or status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return None
    _, _, start, length = signature.byte_range
    return int(start) + int(length)


def _proven_time(stamp: "TimestampSignatureStatus | None") -> datetime | None:
    """Return the time of a time stamp by a trusted authority; a time that is only claimed is none."""
    if stamp is None or not (stamp.intact and stamp.valid and stamp.trusted):
        return None
    moment: datetime = stamp.timestamp
    return moment


def _signer(signature: "EmbeddedPdfSignature") -> str:
    """Return what the signer's certificate calls him: what is seen of it, in the order in which it stands."""
    names = signature.signer_cert.subject.native
    name = names.get("common_name") or names.get("organization_name") or ""
    return as_seen(name[:SIGNER_NAME_LENGTH_MAX]) if isinstance(name, str) else ""


def _run(steps: Coroutine[Any, Any, _Value]) -> _Value:
    """Run what pyHanko calls asynchronous to its end: it waits for nothing when nothing is fetched.

    Without an event loop, for one opens sockets, which the sandbox forbids.
    """
    try:
        steps.send(None)
    except StopIteration as end:
        value: _Value = end.value
        return value
    steps.close()
    raise ForeignPdfError("a signature whose check would wait for something")
