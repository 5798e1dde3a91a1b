"""Documents for the demonstration that are no licences of ours: one altered after signing, one signed by a stranger."""

import io
import re
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from PIL import Image, ImageDraw

# A4 at 72 dots an inch.
_PAGE: Final = (595, 842)
_INK: Final = (160, 30, 30)
_BYTE_RANGE: Final = re.compile(rb"/ByteRange ?\[ ?[0-9]+ [0-9]+ ([0-9]+) ([0-9]+) *\]")


def altered(document: bytes) -> bytes:
    """Return the document with one byte of its signed content changed, as a forger with an editor would leave it.

    The byte lies in the middle of the second signed range: behind the room for the signature, where the pages are.
    """
    ranges = _BYTE_RANGE.search(document)
    if ranges is None:
        raise ValueError("not a signed document")
    place = int(ranges[1]) + int(ranges[2]) // 2
    return document[:place] + bytes([document[place] ^ 1]) + document[place + 1 :]


def foreign(*, at: datetime) -> bytes:
    """Return a PDF that a stranger signed properly with a certificate of his own."""
    # The signing half of pyHanko takes half a second to load and is needed here only.
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers

    writer = IncrementalPdfFileWriter(io.BytesIO(_page()))
    metadata = signers.PdfSignatureMetadata(field_name="Signature", reason="demonstration")
    signed = signers.sign_pdf(writer, metadata, signer=_stranger(at=at), output=io.BytesIO())
    content: bytes = signed.getvalue()
    return content


def _page() -> bytes:
    page = Image.new("RGB", _PAGE, (255, 255, 255))
    draw = ImageDraw.Draw(page)
    draw.rectangle((40, 40, _PAGE[0] - 40, _PAGE[1] - 40), outline=_INK, width=4)
    draw.text((90, 120), "FOOD BUSINESS LICENCE (signed by a stranger)", fill=_INK)
    draw.ellipse((380, 620, 520, 760), outline=_INK, width=4)
    out = io.BytesIO()
    page.save(out, "PDF", resolution=72)
    # Pillow (12.x) gives the free object a generation that strict readers refuse.
    return out.getvalue().replace(b"0000000000 65536 f", b"0000000000 65535 f")


def _stranger(*, at: datetime) -> Any:  # noqa: ANN401 - pyHanko is loaded late, its types too
    from asn1crypto import keys
    from asn1crypto import x509 as asn1_x509
    from pyhanko.sign import signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A stranger")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=30))
        .sign(private, SHA256())
    )
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        signing_key=keys.PrivateKeyInfo.load(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]  # pyHanko's
    )
