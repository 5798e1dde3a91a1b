"""Read the signatures of a PDF: one of ours by the strict short way, any other through pyHanko.

Promises:
  * Any bytes get an answer, and the same bytes and evidence the same one; nothing is fetched.
  * A document of ours that was changed is judged as a changed one of ours, never as a stranger's.
"""

from datetime import datetime
from hashlib import sha256
from typing import Final

from verify.cms import OurCms, read_official_cms, read_our_cms
from verify.errors import MalformedError
from verify.foreign_pdf import judge_foreign, unreadable
from verify.official_document import judge_official
from verify.own_document import OwnSignature, judge_own
from verify.own_pdf import find_rooms
from verify.signed_document import DOCUMENT_BYTES_MAX, SignatureFound, SignedDocument
from verify.trust import TrustList

__all__ = ["SignatureFound", "SignedDocument", "read_pdf"]

_HEAD: Final = b"%PDF-"


def read_pdf(document: bytes, trust: TrustList | None, crls: tuple[bytes, ...], *, at: datetime) -> SignedDocument:
    """Return what a file turned out to be.

    1. It is a PDF, and not too long. 2. A signature of a licence decides, the first one. 3. Else the last one of an
    official document. 4. Else it is a stranger's.
    """
    if not document.startswith(_HEAD) or len(document) > DOCUMENT_BYTES_MAX:  # (1)
        findings = (unreadable("not a PDF, or a longer one than anybody may hand in"),)
        return SignedDocument(digest=sha256(document).digest(), is_ours=False, findings=findings)
    official = []
    for room in find_rooms(document):  # (2)
        try:
            cms = _read_cms(room.cms)
        except MalformedError:
            continue
        own = OwnSignature(document=document, room=room, cms=cms, trust=trust, crls=crls, at=at)
        if cms.official is None:
            return judge_own(own)
        official.append(own)
    if official:
        return judge_official(official)  # (3)
    return judge_foreign(document, trust, crls, at=at)  # (4)


def _read_cms(data: bytes) -> OurCms:
    try:
        return read_our_cms(data)
    except MalformedError:
        return read_official_cms(data)
