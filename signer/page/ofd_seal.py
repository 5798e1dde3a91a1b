"""The signature of an OFD: what is fixed before the seal is used, and the whole file after it.

Promises:
  * Everything that can be protected is: each part of the package but the signature's own two files, the receipt and
    the list of signatures, to which others may be added.
  * `SignedValue.dat` and the receipt are all that comes after `prepare_ofd_seal`; nothing else can change.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from signer.page.ofd import PRODUCER, SIGNATURES_PART, UnsignedOfd
from signer.page.ofd_words import part, part_text
from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed

_FOLDER: Final = "Doc_0/Signs/Sign_0"
SIGNATURE_PART: Final = f"{_FOLDER}/Signature.xml"
VALUE_PART: Final = f"{_FOLDER}/SignedValue.dat"
SEAL_PART: Final = f"{_FOLDER}/Seal.esl"
RECEIPT_PART: Final = f"{_FOLDER}/receipt.tlog-proof"
# GB/T 33560: SM2 with SM3, and SM3.
_SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
_SM3: Final = "1.2.156.10197.1.401"
# Signatures and their stamps are counted together.
_SIGNATURE_NUMBER, _STAMP_NUMBER = 1, 2


def _signatures(largest: int) -> Packed:
    listed = f'<ofd:Signature ID="{_SIGNATURE_NUMBER}" Type="Seal" BaseLoc="Sign_0/Signature.xml"/>'
    return part("Signatures", f"<ofd:MaxSignId>{largest}</ofd:MaxSignId>{listed}")


_SIGNATURES: Final = _signatures(_STAMP_NUMBER)
_SIGNATURES_UNSTAMPED: Final = _signatures(_SIGNATURE_NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedOfd:
    """An OFD of which only the signature's value and the receipt are missing.

    The value is a seal signature (GB/T 38540) over the SM3 digest of `signature_xml`, naming `property_info`.
    """

    parts: tuple[OfdPart, ...] = field(repr=False)
    signature_xml: bytes = field(repr=False)
    property_info: str = f"/{SIGNATURE_PART}"


def prepare_ofd_seal(unsigned: UnsignedOfd, seal: bytes, *, signed_at: datetime) -> PreparedOfd:
    """Put the seal into the package, and list what its signature will protect."""
    protected = (*unsigned.parts, OfdPart(SEAL_PART, _packed_seal(seal)))
    references = "".join([_reference(each) for each in protected])
    stamp = unsigned.stamp
    shown = (
        f'<ofd:StampAnnot ID="{_STAMP_NUMBER}" PageRef="{stamp.page_number}" Boundary="{stamp.box}"/>' if stamp else ""
    )
    signature = description_text(references, shown, folder=_FOLDER, signed_at=signed_at).encode()
    return PreparedOfd(
        parts=(
            *unsigned.parts,
            OfdPart(SIGNATURES_PART, _SIGNATURES if stamp else _SIGNATURES_UNSTAMPED),
            protected[-1],
            OfdPart(SIGNATURE_PART, Packed(signature)),
        ),
        signature_xml=signature,
    )


def description_text(references: str, shown: str, *, folder: str, signed_at: datetime) -> str:
    """Write a Signature.xml: what it protects, where its seal is shown; seal and value stand in the same folder."""
    return part_text(
        "Signature",
        f'<ofd:SignedInfo><ofd:Provider ProviderName="{PRODUCER}" Version="1" Company="{PRODUCER}"/>'
        f"<ofd:SignatureMethod>{_SM2_WITH_SM3}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{signed_at.astimezone(UTC):%Y%m%d%H%M%SZ}</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{_SM3}">{references}</ofd:References>{shown}'
        f"<ofd:Seal><ofd:BaseLoc>/{folder}/Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>"
        f"<ofd:SignedValue>/{folder}/SignedValue.dat</ofd:SignedValue>",
    )


def assemble_ofd(prepared: PreparedOfd, signed_value: bytes, receipt: str) -> bytes:
    """Return the sealed file: `signed_value` is the seal signature, `receipt` the proof that it stands in the log."""
    return write_zip(
        (
            *prepared.parts,
            OfdPart(VALUE_PART, Packed(signed_value)),
            OfdPart(RECEIPT_PART, Packed(receipt.encode())),
        )
    )


# One seal is used for years; its picture makes it the largest part.
@lru_cache(maxsize=64)
def _packed_seal(seal: bytes) -> Packed:
    return Packed(seal)


def _reference(protected: OfdPart) -> str:
    digest = b64encode(protected.packed.digest).decode()
    return f'<ofd:Reference FileRef="/{protected.name}"><ofd:CheckValue>{digest}</ofd:CheckValue></ofd:Reference>'
