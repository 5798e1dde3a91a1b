"""Read a signed document of any form that we know: a PDF or an OFD, told apart by how it begins.

Promises: as those of `verify/pdf.py` and `verify/ofd.py`; what is neither is an unreadable PDF.
"""

from datetime import datetime

from verify.ofd import OFD_HEAD, read_ofd
from verify.pdf import read_pdf
from verify.signed_document import SignedDocument
from verify.trust import TrustList


def read_document(document: bytes, trust: TrustList | None, crls: tuple[bytes, ...], *, at: datetime) -> SignedDocument:
    """Return what a file turned out to be."""
    read = read_ofd if document.startswith(OFD_HEAD) else read_pdf
    return read(document, trust, crls, at=at)
