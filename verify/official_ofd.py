"""Judge an OFD that an office of ours sealed as an official document: a package of any form, with our seal behind it.

Promises:
  * Only a seal signature with the mark of official documents counts, with mandate, log proof and a certificate that an
    authority of the trust list made out to that very seal; a licence has no such mark.
  * Our signature protects every file but the list of signatures and the files of later signatures, which are their own
    and nothing else; each other signature must hold too. What later ones show is told unless they are trusted.
  * All else about the package is judged as `foreign_ofd` judges it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from verify.certificates import Certificate, CertificateError, read_certificate
from verify.errors import MalformedError
from verify.foreign_ofd import ForeignOfd, judge_foreign_ofd
from verify.issuer_check import issuer_uscc
from verify.key_purpose import KeyPurpose
from verify.log_check import Announced, LogFound, check_log
from verify.log_proof import LogReceipt
from verify.ofd_document import content, read_outline
from verify.ofd_package import Package
from verify.ofd_signatures import Description, SignatureEntry, SignatureKind, read_description, read_signatures
from verify.own_ofd import EARLIER_MAX, LATER_MAX, STRANGERS
from verify.report import Check, Finding, Outcome
from verify.seal_check import check_seal_signature
from verify.seal_objects import SealSignature, read_seal_signature
from verify.signed_document import STRANGERS_MARK, SignedDocument
from verify.trust import TrustList

RECEIPT_FILE: Final = "receipt.tlog-proof"
_FORM: Final = Finding(check=Check.FORM, code="form.official_ofd", outcome=Outcome.PASSED)
_WHOLE: Final = Finding(check=Check.CONTENTS, code="contents.whole", outcome=Outcome.PASSED, source="document")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialOfd:
    """A package with the last seal signature in it that bears the mark of official documents."""

    document: bytes = field(repr=False)
    package: Package
    list_path: str
    entries: tuple[SignatureEntry, ...]
    place: int
    description: Description
    sealed: SealSignature
    trust: TrustList | None
    crls: tuple[bytes, ...] = field(repr=False)
    at: datetime

    @property
    def folder(self) -> str:
        """The folder of our signature."""
        return self.description.path.rpartition("/")[0]


def find_official(
    document: bytes, package: Package, trust: TrustList | None, crls: tuple[bytes, ...], *, at: datetime
) -> OfficialOfd | None:
    """Return the package with its last official signature, or None when it has none that can be read."""
    try:
        outlines = read_outline(package.files)
        path = outlines[0].signatures_path if len(outlines) == 1 else None
        entries = () if path is None else read_signatures(content(package.files, path), path)
    except MalformedError:
        return None
    for place in reversed(range(len(entries))):
        found = _read(package.files, entries[place])
        if found is not None and path is not None:
            description, sealed = found
            return OfficialOfd(
                document=document,
                package=package,
                list_path=path,
                entries=entries,
                place=place,
                description=description,
                sealed=sealed,
                trust=trust,
                crls=crls,
                at=at,
            )
    return None


def judge_official_ofd(own: OfficialOfd) -> SignedDocument:
    """Judge a package by its last official signature; never raises for a bad one.

    1. The log. 2. Seal signature, certificate and seal, at the time of the log. 3. What it protects. 4. All other
    signatures, as a stranger's are judged.
    """
    certificate = _certificate(own.sealed.signer_certificate)
    log = _judge_log(own, certificate)  # (1)
    sealed = check_seal_signature(
        own.sealed,
        own.package.files[own.description.path],
        own.trust,
        own.crls,
        at=own.at,
        proven_at=log.logged_at,
    )  # (2)
    if certificate is not None and certificate.common_name != own.sealed.seal.code:
        entitled = Finding(check=Check.ISSUER, code="issuer.not_entitled", outcome=Outcome.FAILED)
        sealed = (*sealed, entitled)
    protected = _judge_protected(own)  # (3)
    later = () if protected.outcome is Outcome.FAILED else _judge_later(own)
    others = judge_foreign_ofd(
        ForeignOfd(document=own.document, package=own.package, trust=own.trust, crls=own.crls, at=own.at)
    )  # (4)
    bad = [each for each in others.findings if each.outcome is Outcome.FAILED and each.check in _OF_OTHERS]
    codes = {each.code for each in sealed if each.check is Check.ISSUER}
    return replace(
        others,
        digest=sha256(own.document).digest(),
        is_ours=bool(codes) and codes.isdisjoint(STRANGERS),
        findings=(_FORM, *sealed, *bad, protected, *later, log.finding),
        mandate=own.sealed.mandate,
        seal=own.sealed.seal,
        receipt=log.receipt,
        checkpoint=log.checkpoint,
        issuer_uscc=None if certificate is None else issuer_uscc(certificate.organisation),
        signer_kid=None if certificate is None else certificate.kid,
        signed_at=log.logged_at,
        is_test=certificate is not None and certificate.is_test,
        official=own.sealed.official,
    )


# Of strangers' signatures only this is asked: that they hold. Who made them is for those who look at them.
_OF_OTHERS: Final = frozenset({Check.SIGNATURE, Check.CONTENTS})


def _read(files: Mapping[str, bytes], entry: SignatureEntry) -> tuple[Description, SealSignature] | None:
    read = _seal_signature_of(files, entry.path)
    return None if read is None or read[1].official is None or read[1].mandate is None else read


def _certificate(data: bytes) -> Certificate | None:
    try:
        return read_certificate(data)
    except CertificateError:
        return None


def _judge_log(own: OfficialOfd, certificate: Certificate | None) -> LogFound:
    """Check the receipt beside the signature; the time that the signer wrote must be that of the entry."""
    receipt = own.package.files.get(f"{own.folder}/{RECEIPT_FILE}")
    announced = Announced(
        to_be_signed=own.sealed.to_be_signed,
        purpose=KeyPurpose.SEAL,
        kid=b"" if certificate is None else certificate.kid,
    )
    text = None if receipt is None else receipt.decode("utf-8", errors="replace")
    found = check_log(text, announced, own.trust)
    if found.logged_at is None or -LATER_MAX <= found.logged_at - own.sealed.signed_at <= EARLIER_MAX:
        return found
    finding = Finding(check=Check.LOG, code="log.wrong", outcome=Outcome.FAILED, detail="an entry of another time")
    return LogFound(finding=finding, receipt=found.receipt, checkpoint=found.checkpoint)


def _judge_protected(own: OfficialOfd) -> Finding:
    """Say whether our signature protects all files but those that it cannot, and those of later signatures.

    A page of the upload may name a picture that was not there when it was sealed: so a later signature may bring its
    own files alone, and none that ours protects.
    """
    loose = {own.list_path, own.description.path, own.description.value_path, f"{own.folder}/{RECEIPT_FILE}"}
    brought: set[str] = set()
    for entry in own.entries[own.place + 1 :]:
        brought |= _files_of(own.package.files, entry)
    references = own.description.references.keys()
    if is_left_out(own.package.files, references, own.entries):
        return _changed("an earlier signature that the list does not name any more")
    if own.package.files.keys() - references - loose - brought or references & brought:
        return _changed("files that our signature does not protect")
    return _WHOLE


def is_left_out(files: Mapping[str, bytes], names: Iterable[str], entries: Iterable[SignatureEntry]) -> bool:
    """Say whether one of these files describes a seal signature that the list does not name as one.

    Nobody protects the list: without its line a seal beside ours would not be shown, and nobody would miss it.
    """
    listed = {each.path for each in entries if each.kind is SignatureKind.SEAL}
    return any(
        name not in listed and b"SignedValue" in files.get(name, b"") and _seal_signature_of(files, name) is not None
        for name in names
    )


def _seal_signature_of(files: Mapping[str, bytes], path: str) -> tuple[Description, SealSignature] | None:
    try:
        description = read_description(content(files, path), path)
        return description, read_seal_signature(content(files, description.value_path))
    except MalformedError:
        return None


def _changed(detail: str) -> Finding:
    return Finding(check=Check.CONTENTS, code="contents.changed_after_signing", outcome=Outcome.FAILED, detail=detail)


def _files_of(files: Mapping[str, bytes], entry: SignatureEntry) -> set[str]:
    """Return the files of a later signature whose contents can be nothing else; none of one that is not read."""
    read = _seal_signature_of(files, entry.path)
    if read is None:
        return set()
    description, sealed = read
    found = {entry.path, description.value_path}
    if description.seal_path is not None and files.get(description.seal_path) == sealed.seal.raw:
        found.add(description.seal_path)
    receipt = f"{entry.path.rpartition('/')[0]}/{RECEIPT_FILE}"
    try:
        LogReceipt.from_text(files.get(receipt, b"").decode())
    except (MalformedError, UnicodeDecodeError):
        return found
    return found | {receipt}


def _judge_later(own: OfficialOfd) -> tuple[Finding, ...]:
    """Tell that a later seal is shown on the pages which nobody can answer for: its picture may cover anything."""
    for entry in own.entries[own.place + 1 :]:
        read = _seal_signature_of(own.package.files, entry.path)
        if read is None or not read[0].stamps:
            continue  # the files of one that is not read were told already
        original = own.package.files[entry.path]
        found = check_seal_signature(read[1], original, own.trust, own.crls, at=own.at)
        if any(each.outcome is not Outcome.PASSED for each in found):
            return (STRANGERS_MARK,)
    return ()
