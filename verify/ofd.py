"""Read the signatures of an OFD: one of ours by the strict way, any other as a stranger's.

Promises:
  * Any bytes get an answer, and the same bytes and evidence the same one; nothing is fetched, nothing is written.
  * An OFD of ours that was changed is judged as a changed one of ours, never as a stranger's, as long as its seal
    signature can be read.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from verify.der import object_identifier
from verify.errors import MalformedError
from verify.foreign_ofd import ENCRYPTED, ForeignOfd, judge_foreign_ofd, unreadable
from verify.ofd_package import Package, PackageError, Refusal, read_package
from verify.official_ofd import find_official, judge_official_ofd
from verify.oids import OFFICIAL_DOCUMENT
from verify.own_ofd import DESCRIPTION_FILE, VALUE_FILE, OwnOfd, judge_own_ofd
from verify.report import Finding
from verify.seal_objects import SealSignature, read_seal_signature
from verify.signed_document import DOCUMENT_BYTES_MAX, SignedDocument
from verify.trust import TrustList

OFD_HEAD: Final = b"PK"
_OFFICIAL: Final = object_identifier(OFFICIAL_DOCUMENT)


def read_ofd(document: bytes, trust: TrustList | None, crls: tuple[bytes, ...], *, at: datetime) -> SignedDocument:
    """Return what a file turned out to be.

    1. It is a package that is read, and not too long. 2. A seal signature with a mandate, where ours stands, decides.
    3. Else the last one of an official document. 4. Else it is a stranger's.
    """
    if len(document) > DOCUMENT_BYTES_MAX:  # (1)
        return _unread(document, unreadable("a longer file than anybody may hand in"))
    try:
        package = read_package(document)
    except PackageError as error:
        finding = ENCRYPTED if error.refusal is Refusal.ENCRYPTED else unreadable(f"{error.code}: {error.refusal}")
        return _unread(document, finding)
    sealed = _own_signature(package)
    if sealed is not None:  # (2)
        return judge_own_ofd(OwnOfd(document=document, package=package, sealed=sealed, trust=trust, crls=crls, at=at))
    official = find_official(document, package, trust, crls, at=at)
    if official is not None:  # (3)
        return judge_official_ofd(official)
    return judge_foreign_ofd(ForeignOfd(document=document, package=package, trust=trust, crls=crls, at=at))  # (4)


def _unread(document: bytes, finding: Finding) -> SignedDocument:
    return SignedDocument(form="ofd", digest=sha256(document).digest(), is_ours=False, findings=(finding,))


def _own_signature(package: Package) -> SealSignature | None:
    """Return the seal signature of a package of ours: the one with a mandate, beside its description."""
    files: Mapping[str, bytes] = package.files
    value = files.get(VALUE_FILE)
    if value is None or DESCRIPTION_FILE not in files:
        return None
    try:
        sealed = read_seal_signature(value)
    except MalformedError:
        return None
    is_official = any(each.identifier == _OFFICIAL for each in sealed.extensions)
    return None if sealed.mandate is None or is_official else sealed
