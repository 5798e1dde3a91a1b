"""Judge one of our own OFDs: seal signature, digests of all files, log, and whether anything was added or changed.

Promises:
  * Every check is made and reported, also after one failed.
  * The package holds exactly the files that our writer makes, in its order and packed in its way. The seal protects all
    but four: its own value and description, the list of signatures (which has one spelling) and the receipt (which the
    log protects). So no byte of any file is free; of the package only how a file is deflated is not held.
  * The signing time is the log's: what the signer wrote must agree with the entry of its intent.
  * What the document says in several places must agree (`ofd_contents`).

Nothing may be added to an OFD of ours later, not even another signature (README, "Signed OFDs").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from verify.attached import CODE_FILE, DATA_SET_FILE, METADATA_FILE
from verify.certificates import Certificate, CertificateError, read_certificate
from verify.errors import MalformedError
from verify.issuer_check import issuer_uscc
from verify.key_purpose import KeyPurpose
from verify.licence import DataSet
from verify.log_check import Announced, LogFound, check_log
from verify.ofd_contents import Pages, contents_problem
from verify.ofd_coverage import RECEIPT_FILE, stamps_problem
from verify.ofd_document import OutlineDocument, content, read_outline
from verify.ofd_package import Package
from verify.ofd_signatures import OWN_METHOD, Description, OfdFormError, read_description
from verify.ofd_usual import UsualPage, read_usual_description, read_usual_page
from verify.ofd_xml import Element, read_xml
from verify.qr_text import TEXT_LENGTH_MAX
from verify.remembered import Remembered
from verify.report import Check, Finding, Outcome
from verify.seal_check import check_seal_signature
from verify.seal_objects import SealSignature, SealVersion
from verify.signed_document import SignatureFound, SignedDocument
from verify.sm2 import sm3
from verify.trust import TrustList

SIGNATURES_FILE: Final = "Doc_0/Signs/Signatures.xml"
SIGNATURE_FOLDER: Final = "Doc_0/Signs/Sign_0"
DESCRIPTION_FILE: Final = f"{SIGNATURE_FOLDER}/Signature.xml"
VALUE_FILE: Final = f"{SIGNATURE_FOLDER}/SignedValue.dat"
SEAL_FILE: Final = f"{SIGNATURE_FOLDER}/Seal.esl"
RECEIPT: Final = f"{SIGNATURE_FOLDER}/{RECEIPT_FILE}"
ATTACHED: Final = "Doc_0/Attachs"
LOOSE: Final = frozenset({SIGNATURES_FILE, DESCRIPTION_FILE, VALUE_FILE, RECEIPT})
"""The files that the seal does not protect."""

OWN_SIGNATURES: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<ofd:Signatures xmlns:ofd="http://www.ofdspec.org/2016">'
    b'<ofd:MaxSignId>2</ofd:MaxSignId><ofd:Signature ID="1" Type="Seal" BaseLoc="Sign_0/Signature.xml"/>'
    b"</ofd:Signatures>"
)
"""The list of signatures, in its one spelling."""

# The entry is made when the bytes to be signed are known: a chunk of licences and a slow machine lie between, and two
# clocks of one machine room.
EARLIER_MAX: Final = timedelta(hours=1)
LATER_MAX: Final = timedelta(minutes=5)

STRANGERS: Final = frozenset({"issuer.unknown", "issuer.not_entitled", "issuer.no_trust_list"})

# All names of an OFD of ours, in their order; of those with a number there may be several, or none.
_NAMES: Final[tuple[str | re.Pattern[str], ...]] = (
    "OFD.xml",
    "Doc_0/Document.xml",
    "Doc_0/PublicRes.xml",
    "Doc_0/DocumentRes.xml",
    re.compile(r"Doc_0/Tpls/Tpl_([0-9]{1,4})/Content\.xml"),
    re.compile(r"Doc_0/Pages/Page_([0-9]{1,4})/Content\.xml"),
    "Doc_0/Tags/CustomTags.xml",
    "Doc_0/Tags/Tag_elicence.xml",
    "Doc_0/Attachs/Attachments.xml",
    "Doc_0/Attachs/code.txt",
    "Doc_0/Attachs/data-set.cbor",
    "Doc_0/Attachs/metadata.json",
    re.compile(r"Doc_0/Res/font_([0-9]{1,6})\.ttf"),
    re.compile(r"Doc_0/Res/image_([0-9]{1,6})\.jpg"),
    SIGNATURES_FILE,
    SEAL_FILE,
    DESCRIPTION_FILE,
    VALUE_FILE,
    RECEIPT,
)
_ONCE: Final = {each: place for place, each in enumerate(_NAMES) if isinstance(each, str)}
_REPEATED: Final = {place: each for place, each in enumerate(_NAMES) if not isinstance(each, str)}
# Pictures are deflated already, all else is deflated.
_STORED_SUFFIX: Final = ".jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnOfd:
    """An OFD in our form, with the seal signature that makes it ours, and what it is judged by."""

    document: bytes = field(repr=False)
    package: Package
    sealed: SealSignature
    trust: TrustList | None
    crls: tuple[bytes, ...] = field(repr=False)
    at: datetime

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files of the package."""
        return self.package.files

    def attached(self, name: str) -> bytes | None:
        """Return an attached file."""
        return self.files.get(f"{ATTACHED}/{name}")


def judge_own_ofd(own: OwnOfd) -> SignedDocument:
    """Judge an OFD in our form; never raises for a bad one.

    1. What it carries. 2. The log. 3. The seal signature, its certificate and the seal, at the time of the log.
    4. The digests, and the form in which we sign. 5. What was added or changed. 6. What it says in several places.
    """
    data_set = _data_set(own.attached(DATA_SET_FILE))  # (1)
    certificate = _certificate(own.sealed.signer_certificate)
    log = _judge_log(own, certificate)  # (2)
    sealed = check_seal_signature(
        own.sealed, own.files[DESCRIPTION_FILE], own.trust, own.crls, at=own.at, proven_at=log.logged_at
    )  # (3)
    issuer = _judge_issuer(own, certificate)
    inside = _read_inside(own)
    form = _judge_form(own, inside)  # (4) (5)
    contents = _judge_contents(own, inside, data_set)  # (6)
    findings = (
        Finding(check=Check.FORM, code="form.own_ofd", outcome=Outcome.PASSED),
        *sealed,
        *issuer,
        *form,
        *contents,
    )
    return SignedDocument(
        form="ofd",
        digest=sha256(own.document).digest(),
        is_ours=_is_ours(findings),
        findings=(*findings, log.finding),
        signatures=(_line(own, findings, log),),
        data_set=data_set,
        token_text=_code_text(own.attached(CODE_FILE)),
        metadata=own.attached(METADATA_FILE),
        mandate=own.sealed.mandate,
        seal=own.sealed.seal,
        receipt=log.receipt,
        checkpoint=log.checkpoint,
        issuer_uscc=None if certificate is None else issuer_uscc(certificate.organisation),
        signer_kid=None if certificate is None else certificate.kid,
        signed_at=log.logged_at,
        is_test=certificate is not None and certificate.is_test,
    )


def _data_set(data: bytes | None) -> DataSet | None:
    try:
        return None if data is None else DataSet.decode(data)
    except MalformedError:
        return None


def _code_text(data: bytes | None) -> str | None:
    is_text = data is not None and len(data) <= TEXT_LENGTH_MAX and data.isascii()
    return data.decode("ascii") if data is not None and is_text else None


def _certificate(data: bytes) -> Certificate | None:
    try:
        return read_certificate(data)
    except CertificateError:
        return None


def _judge_log(own: OwnOfd, certificate: Certificate | None) -> LogFound:
    """Check the receipt; the time that the signer wrote must be that of the entry, give or take."""
    announced = Announced(
        to_be_signed=own.sealed.to_be_signed,
        purpose=KeyPurpose.SEAL,
        kid=b"" if certificate is None else certificate.kid,
        of={3: sha256(own.attached(DATA_SET_FILE) or b"").digest()},
    )
    found = check_log(_receipt_text(own.files.get(RECEIPT)), announced, own.trust)
    if found.logged_at is None or -LATER_MAX <= found.logged_at - own.sealed.signed_at <= EARLIER_MAX:
        return found
    detail = "the entry is of another time than the signature"
    finding = Finding(check=Check.LOG, code="log.wrong", outcome=Outcome.FAILED, detail=detail)
    return LogFound(finding=finding, receipt=found.receipt, checkpoint=found.checkpoint)


def _receipt_text(data: bytes | None) -> str | None:
    """Return the text of the receipt; what is no text is no receipt, but it is there."""
    return None if data is None else data.decode("utf-8", errors="replace")


def _judge_issuer(own: OwnOfd, certificate: Certificate | None) -> tuple[Finding, ...]:
    """Demand that the certificate is that of the seal by its code; whether it is trusted was judged with the seal."""
    if certificate is None or certificate.common_name == own.sealed.seal.code:
        return ()
    return (_failed(Check.ISSUER, "issuer.not_entitled", "a certificate of another seal"),)


def _is_ours(findings: tuple[Finding, ...]) -> bool:
    """Say whether a trusted authority's certificate signed: also when it was revoked, or the rest was altered."""
    codes = {each.code for each in findings if each.check is Check.ISSUER}
    return bool(codes) and codes.isdisjoint(STRANGERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inside:
    """What the files of an OFD of ours say, read once."""

    description: Description
    document: OutlineDocument
    pages: Pages


def _read_inside(own: OwnOfd) -> _Inside | MalformedError:
    """Read description, document and pages; what is wrong with them is returned, for several findings need it."""
    try:
        outline = read_outline(own.files, is_own=True)
        if len(outline) != 1:
            return OfdFormError("more than one document")
        return _Inside(
            description=read_usual_description(own.files[DESCRIPTION_FILE], DESCRIPTION_FILE)
            or read_description(own.files[DESCRIPTION_FILE], DESCRIPTION_FILE),
            document=outline[0],
            pages={
                identifier: _read_page(content(own.files, path)) for identifier, path in outline[0].page_places.items()
            },
        )
    except MalformedError as error:
        return error


def _read_page(data: bytes) -> Element | UsualPage:
    return read_usual_page(data) or read_xml(data, "Page", is_own=True)


def _judge_form(own: OwnOfd, inside: _Inside | MalformedError) -> tuple[Finding, ...]:
    """Check that what was sealed is what is there, no more and no less, and sealed in our way."""
    if isinstance(inside, MalformedError):
        return (_failed(Check.SIGNATURE, "signature.bad", inside.detail),)
    description = inside.description
    found: list[Finding] = []
    signed = _signing_problem(own, description) or _stamp_problem(inside)
    if signed:
        found.append(_failed(Check.SIGNATURE, "signature.bad", signed))
    if own.files.get(description.seal_path or "") != own.sealed.seal.raw:
        found.append(_failed(Check.SEAL, "seal.file_differs"))
    changed = _change(own, description)
    if changed:
        found.append(_failed(Check.CONTENTS, "contents.changed_after_signing", changed))
    return tuple(found)


def _signing_problem(own: OwnOfd, description: Description) -> str:
    """Return what is not as we seal, or which file is not the one that was sealed."""
    sealed = own.sealed
    form = (sealed.version, sealed.warnings, sealed.timestamp, sealed.property_info, description.check_method)
    if form != (SealVersion.V4, (), None, f"/{DESCRIPTION_FILE}", OWN_METHOD):
        return "not the form in which our seals sign"
    if (description.seal_path, description.value_path) != (SEAL_FILE, VALUE_FILE):
        return "not the places of our signatures"
    if sealed.data_hash != sm3(own.files[DESCRIPTION_FILE]):
        return "the description is not the one that was sealed"
    for name, digest in description.references.items():
        found = own.files.get(name)
        if found is None or _digest(found) != digest:
            return "a file is missing, or not the one that was sealed"
    return ""


# Templates, fonts of labels and seals are the same on all documents of a type or an office.
_DIGESTS: Final[Remembered[bytes, bytes]] = Remembered(bytes_max=4 << 20)


def _digest(content: bytes) -> bytes:
    """Return the SM3 digest of a file, made or remembered."""
    return _DIGESTS.find(content) or _DIGESTS.offer(content, sm3(content), weight=len(content))


def _stamp_problem(inside: _Inside) -> str:
    try:
        boxes = {identifier: inside.document.box_of(page) for identifier, page in inside.pages.items()}
    except MalformedError as error:
        return error.detail
    return stamps_problem(inside.description.stamps, boxes, must_be_inside=True)


def _change(own: OwnOfd, description: Description) -> str:
    """Return what stands in the package that our writer did not put there, or put there otherwise."""
    names = tuple(own.files)
    if set(names) != description.references.keys() | LOOSE:
        return "a file that nobody sealed, or none where one was"
    stored = {name for name in names if name.endswith(_STORED_SUFFIX)}
    if not own.package.is_plain or own.package.stored != stored or not _is_our_order(names):
        return "a package that was packed anew"
    if own.files[SIGNATURES_FILE] != OWN_SIGNATURES:
        return "the list of signatures is not as it was written"
    return ""


def _is_our_order(names: tuple[str, ...]) -> bool:
    """Say whether these are the files of our writer in its order: each of the list once, or those with numbers."""
    places = [_place_of(name) for name in names]
    found = [each for each in places if each is not None]
    return places == sorted(set(found)) and set(_ONCE.values()) <= {place for place, _ in found}


def _place_of(name: str) -> tuple[int, int] | None:
    """Return where a file of ours stands in the list, and its number (0 for one that has none); None for another."""
    place = _ONCE.get(name)
    if place is not None:
        return place, 0
    for numbered, form in _REPEATED.items():
        found = form.fullmatch(name)
        if found is not None:
            return numbered, int(found[1])
    return None


def _judge_contents(own: OwnOfd, inside: _Inside | MalformedError, data_set: DataSet | None) -> tuple[Finding, ...]:
    metadata = own.attached(METADATA_FILE)
    if isinstance(inside, MalformedError) or data_set is None or metadata is None:
        return ()  # said elsewhere: `_judge_form`, `check_document`
    problem = contents_problem(own.files, inside.document, inside.pages, metadata, data_set)
    return (_failed(Check.CONTENTS, "contents.inconsistent", problem),) if problem else ()


def _line(own: OwnOfd, findings: tuple[Finding, ...], log: LogFound) -> SignatureFound:
    signatures = [each for each in findings if each.check is Check.SIGNATURE]
    worst = next((each for each in signatures if each.outcome is Outcome.FAILED), signatures[0])
    return SignatureFound(signer=own.sealed.seal.name, signed_at=log.logged_at, outcome=worst.outcome, code=worst.code)


def _failed(check: Check, code: str, detail: str = "") -> Finding:
    return Finding(check=check, code=code, outcome=Outcome.FAILED, detail=detail, source="document")
