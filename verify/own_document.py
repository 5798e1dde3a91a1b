"""Judge one of our own PDFs: signature, time stamp, issuer, log, and whether the file was changed afterwards.

Promises:
  * Every check is made and reported, also after one failed.
  * A time counts only when a trusted authority stamped it over the signature; our documents must bear such a stamp.
  * For a key with a cut-off the place in the log decides, never a date (decisions.md section 2).

Whether the office may issue this type, and whether code and data set agree, is `examine`'s to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from verify import issuer_check
from verify.algorithms import PublicKeyError, SignatureError
from verify.attached import CODE_FILE, DATA_SET_FILE, METADATA_FILE
from verify.certificates import TrustedPath
from verify.cms import OurCms
from verify.errors import MalformedError
from verify.issuer_check import Issuer, Relied, Signing, issuer_uscc
from verify.key_purpose import KeyPurpose
from verify.licence import DataSet
from verify.log_check import Announced, LogFound, check_log
from verify.own_pdf import SignatureRoom, read_attachments
from verify.pdf_objects import PdfFormError
from verify.report import Check, Finding, Outcome
from verify.revisions import LaterStamp, RevisionError, read_later_stamps
from verify.signed_document import SignatureFound, SignedDocument
from verify.timestamp_token import StampedTime, TimestampAuthorityError, TimestampTokenError, open_timestamp
from verify.trust import TrustList

_LATER_STAMP_UNKNOWN: Final = Finding(
    check=Check.CONTENTS, code="contents.later_stamp_unknown", outcome=Outcome.PASSED, source="document"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSignature:
    """A document in our form, with the signature that makes it ours and what it is judged by."""

    document: bytes = field(repr=False)
    room: SignatureRoom
    cms: OurCms
    trust: TrustList | None
    crls: tuple[bytes, ...] = field(repr=False)
    at: datetime

    @property
    def relied(self) -> Relied:
        """What it is judged by."""
        return Relied(trust=self.trust, crls=self.crls, at=self.at)

    @property
    def authorities(self) -> tuple[bytes, ...]:
        """The certificates under which anything is trusted."""
        return self.relied.authorities


def judge_own(own: OwnSignature) -> SignedDocument:
    """Judge a document in our form; never raises for a bad one.

    1. What it carries. 2. The path from its certificate. 3. Signature and time stamp. 4. Revocation at the stamped
    time. 5. The log. 6. What stands after the signature.
    """
    attached = _attachments(own)  # (1)
    data_set = _data_set(attached.get(DATA_SET_FILE))
    issuer = judge_path(own)  # (2)
    stamped, signature = judge_signature(own, issuer.path)  # (3)
    issuers: tuple[Finding, ...] = (issuer.finding,)
    if issuer.path is not None and stamped is not None:
        issuers = judge_at(own, issuer, issuer.path, stamped)  # (4)
    log = judge_log(own, {3: sha256(attached.get(DATA_SET_FILE) or b"").digest()})  # (5)
    later, contents = _judge_later(own, is_ours=issuer.path is not None)  # (6)
    is_longer = own.room.revision_end < len(own.document) and signature.outcome is Outcome.PASSED
    certificate = own.cms.certificate
    form = Finding(check=Check.FORM, code="form.own_pdf", outcome=Outcome.PASSED)
    return SignedDocument(
        digest=sha256(own.document).digest(),
        is_ours=issuer.path is not None,
        findings=(form, signature, *issuers, *contents, log.finding),
        signatures=(
            SignatureFound(
                signer=certificate.common_name or certificate.organisation,
                signed_at=None if stamped is None else stamped.at,
                outcome=signature.outcome,
                code=signature.code,
                signed_bytes=own.room.revision_end if is_longer else None,
            ),
            *later,
        ),
        data_set=data_set,
        token_text=_token_text(attached.get(CODE_FILE)),
        metadata=attached.get(METADATA_FILE),
        mandate=own.cms.mandate,
        receipt=log.receipt,
        checkpoint=log.checkpoint,
        issuer_uscc=issuer_uscc(certificate.organisation),
        signer_kid=certificate.kid,
        signed_at=None if stamped is None else stamped.at,
        is_test=certificate.is_test,
    )


def _attachments(own: OwnSignature) -> Mapping[str, bytes]:
    try:
        return read_attachments(own.document[: own.room.revision_end])
    except PdfFormError:
        return {}  # `examine` reports what is missing


def _data_set(data: bytes | None) -> DataSet | None:
    try:
        return None if data is None else DataSet.decode(data)
    except MalformedError:
        return None


def _token_text(data: bytes | None) -> str | None:
    return data.decode("ascii") if data is not None and data.isascii() else None


def judge_path(own: OwnSignature) -> Issuer:
    """Say whether the certificate hangs under an authority of the list, and its office stands in the list."""
    certificate, chain = own.cms.certificate, own.cms.signed.certificates
    return issuer_check.judge_path(
        certificate.encoded, certificate.organisation, chain, own.relied, KeyPurpose.DOCUMENT
    )


def judge_signature(own: OwnSignature, path: TrustedPath | None) -> tuple[StampedTime | None, Finding]:
    """Check the digest, the signature, and the time stamp; without a trusted path no stamp can be trusted either."""
    problem = _signature_problem(own)
    if problem:
        return None, _bad(problem)
    good = _finding(Check.SIGNATURE, "signature.good", Outcome.PASSED)
    if path is None:
        return None, good
    if own.cms.timestamp is None:
        return None, _bad("no time stamp")
    digest = sha256(own.cms.signed.signature).digest()
    try:
        return open_timestamp(own.cms.timestamp, digest, own.authorities, at=own.at, crls=own.crls), good
    except TimestampTokenError as error:
        return None, _bad(f"{error.code}: {error.detail}")


def _signature_problem(own: OwnSignature) -> str:
    """Return what is wrong with the signature itself, or nothing."""
    room, cms = own.room, own.cms
    if not room.is_plain or room.revision_end > len(own.document):
        return "the room of the signature, or the end of the file, is not as it was written"
    if room.digest(own.document) != cms.digest:
        return "the bytes are not those that were signed"
    try:
        cms.signed.check(cms.certificate)
    except (SignatureError, PublicKeyError) as error:
        return error.detail
    return ""


def judge_at(own: OwnSignature, issuer: Issuer, path: TrustedPath, stamped: StampedTime) -> tuple[Finding, ...]:
    """Say whether the certificate was valid and not revoked when the signature was stamped.

    Revocation of the stamping authority is judged with the stamp; that it is known is not asked for, because lists of
    an outside authority seldom lie at hand.
    """
    signing = Signing(signed_at=stamped.at, proven_at=stamped.at)
    return issuer_check.judge_at(issuer, path, signing, own.relied)


def judge_log(own: OwnSignature, of: Mapping[int, bytes]) -> LogFound:
    """Check that the intent of exactly this signature stands in a log that is trusted.

    `of` is what the entry must say beside purpose and key: the digest of a licence's data set, or nothing.
    """
    announced = Announced(
        to_be_signed=own.cms.signed.to_be_signed,
        purpose=KeyPurpose.DOCUMENT,
        kid=own.cms.certificate.kid,
        of=of,
    )
    return check_log(own.cms.log_proof, announced, own.trust)


def _judge_later(own: OwnSignature, *, is_ours: bool) -> tuple[tuple[SignatureFound, ...], tuple[Finding, ...]]:
    """Say whether anything but time stamps and revocation data stands behind the signed revision.

    What a stranger stamped changes nothing that was signed; of a document of ours it is told all the same.
    """
    if own.room.revision_end >= len(own.document):
        return (), ()
    try:
        stamps = read_later_stamps(own.document, own.room.revision_end)
        found = tuple(_judge_later_stamp(own, each) for each in stamps)
    except RevisionError as error:
        return (), (_finding(Check.CONTENTS, "contents.changed_after_signing", Outcome.FAILED, error.detail),)
    is_told = is_ours and any(each.outcome is Outcome.UNKNOWN for each in found)
    return found, (_LATER_STAMP_UNKNOWN,) if is_told else ()


def _judge_later_stamp(own: OwnSignature, stamp: LaterStamp) -> SignatureFound:
    """Judge a document time stamp; one that is not over this file is a change, one of a stranger is only unknown."""
    try:
        stamped = open_timestamp(stamp.token, stamp.digest, own.authorities, at=own.at, crls=own.crls)
    except TimestampAuthorityError:
        return SignatureFound(
            signer="", signed_at=None, outcome=Outcome.UNKNOWN, code="issuer.unknown", is_timestamp=True
        )
    except TimestampTokenError as error:
        raise RevisionError(f"{error.code}: {error.detail}") from error
    return SignatureFound(
        signer=stamped.authority,
        signed_at=stamped.at,
        outcome=Outcome.PASSED,
        code="signature.good",
        is_timestamp=True,
    )


def _finding(check: Check, code: str, outcome: Outcome, detail: str = "") -> Finding:
    return Finding(check=check, code=code, outcome=outcome, detail=detail)


def _bad(detail: str) -> Finding:
    return _finding(Check.SIGNATURE, "signature.bad", Outcome.FAILED, detail)
