"""Seal a filed document for the long term: PAdES B-LT and B-LTA (ETSI EN 319 142-1, 5.4 and 5.5).

Promises:
  * The filed bytes stay as they are; what is added stands after them, as an update that any PDF reader knows.
  * Certificates, revocation lists and time stamps are given; nothing is fetched because the document names it.
  * May be done again, years later: each time new evidence and a new time stamp over all that is there.

pyHanko writes the update here: it is a later act on one document, where its 50 ms do not matter.
"""

from collections.abc import Sequence
from io import BytesIO

from asn1crypto import cms, crl, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from keys.timestamps import TimestampSource
from signer.errors import SealingError


class _Stamper(TimeStamper):
    """Our time-stamp source in the form that pyHanko asks for."""

    def __init__(self, source: TimestampSource) -> None:
        super().__init__(include_nonce=False)  # type: ignore[no-untyped-call]  # pyHanko's own is not annotated
        self._source = source

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a token over this SHA-256 digest."""
        if md_algorithm != "sha256":
            raise SealingError(f"time stamps are over SHA-256, not {md_algorithm}")
        return cms.ContentInfo.load(self._source.stamp(message_digest))


def seal_long_term(
    document: bytes, *, certificates: Sequence[bytes], revocation: Sequence[bytes], timestamps: TimestampSource
) -> bytes:
    """Return the document with a security store and a document time stamp behind it.

    `certificates` and `revocation` (CRLs) are DER, and must cover the signer, the time stamp and their issuers. Raises
    `SealingError` when one of the two is missing, or when the document has no signature.
    """
    if not certificates or not revocation:
        raise SealingError("certificates and revocation lists are needed")
    output = BytesIO(document)
    try:
        signatures = PdfFileReader(output).embedded_signatures
        if not signatures:
            raise SealingError("the document bears no signature")
        contents = signatures[-1].pkcs7_content.hex().encode()
        DocumentSecurityStore.add_dss(
            output,
            contents,
            certs=[x509.Certificate.load(each) for each in certificates],
            crls=[crl.CertificateList.load(each) for each in revocation],
        )
        stamped = PdfTimeStamper(_Stamper(timestamps)).timestamp_pdf(IncrementalPdfFileWriter(output), "sha256")
    except (PdfError, ValueError) as error:
        raise SealingError("the document could not be read") from error
    sealed: bytes = stamped.getvalue()
    if not sealed.startswith(document):
        raise SealingError("the filed bytes would change")
    return sealed
