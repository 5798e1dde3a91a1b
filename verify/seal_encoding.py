"""Electronic seals and seal signatures: write one of GB/T 38540-2020 (V4), or of GM/T 0031-2025 (V5) where asked for.

Promises:
  * DER, one spelling; what is written here is read by `seal_objects` without any warning.
  * First the bytes to be signed, then the object round the signature: a key never sees anything else.
  * Optional fields stand under their tag; what we write as extensions, mandate and official id, is critical.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from verify.der import (
    bit_string,
    generalized_time,
    integer,
    object_identifier,
    octet_string,
    sequence,
    tlv,
    utf8_string,
)
from verify.mandate import Mandate
from verify.oids import MANDATE, OFFICIAL_DOCUMENT
from verify.seal_fields import (
    BOOLEAN,
    CONTEXT_0,
    IA5_STRING,
    PRINTABLE_STRING,
    SM2_WITH_SM3,
    CertificateDigest,
    Picture,
    SealError,
    SealVersion,
)
from verify.seal_info import HEADER_ID, LISTS_CERTIFICATES, LISTS_DIGESTS
from verify.seal_objects import read_seal
from verify.sm2 import sm3
from verify.values import LicenceId

DIGEST_KIND: Final = "SM3"
"""How a certificate digest of ours names itself; its value is SM3 over the whole certificate, without Z."""

_TRUE: Final = b"\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealDraft:
    """What a seal is to say, before its maker signs it. Either certificates or digests name who may sign with it."""

    code: str
    vendor: str
    kind: int
    name: str
    certificates: tuple[bytes, ...] = ()
    digests: tuple[CertificateDigest, ...] = ()
    created: datetime
    valid_from: datetime
    valid_until: datetime
    picture: Picture
    version: SealVersion = SealVersion.V4

    def __post_init__(self) -> None:
        if bool(self.certificates) == bool(self.digests):
            raise SealError("a seal lists certificates, or digests of certificates")
        if self.version is SealVersion.V1:
            raise SealError("a seal of 2014 is read, and never written")
        if not self.valid_from < self.valid_until:
            raise SealError("a seal is valid for some time")


def digest_of(certificate: bytes) -> CertificateDigest:
    """Return the digest by which a seal of ours names a certificate."""
    return CertificateDigest(kind=DIGEST_KIND, value=sm3(certificate))


def seal_to_be_signed(draft: SealDraft) -> bytes:
    """Return the eSealInfo, which the seal maker signs; raises `SealError` when a text is not of its kind."""
    return sequence(
        sequence(_ia5(HEADER_ID), integer(draft.version), _ia5(draft.vendor)),
        _ia5(draft.code),
        sequence(
            integer(draft.kind),
            _utf8(draft.name),
            *_listed(draft),
            generalized_time(draft.created),
            generalized_time(draft.valid_from),
            generalized_time(draft.valid_until),
        ),
        sequence(
            _ia5(draft.picture.kind),
            octet_string(draft.picture.data),
            integer(draft.picture.width_mm),
            integer(draft.picture.height_mm),
        ),
    )


def assemble_seal(
    to_be_signed: bytes, maker_certificate: bytes, signature: bytes, timestamp: bytes | None = None
) -> bytes:
    """Return the seal; the signature is DER, the time stamp (of version 5 only) a token over it.

    Raises `SealError` for anything that the reader would not take without a warning.
    """
    seal = sequence(to_be_signed, *_signed_by(maker_certificate, signature, timestamp))
    if read_seal(seal).warnings:
        raise SealError("not a seal in the form of the standard")
    return seal


def seal_signature_to_be_signed(
    seal: bytes,
    *,
    signed_at: datetime,
    data_hash: bytes,
    property_info: str,
    mandate: Mandate | None,
    official: LicenceId | None = None,
) -> bytes:
    """Return the TBS_Sign, which the key of the seal signs; the seal stands in it as it is.

    `official` is the id of an official document, which no licence has.
    """
    parts = [
        integer(read_seal(seal).written_version),
        seal,
        generalized_time(signed_at),
        bit_string(data_hash),
        _ia5(property_info),
    ]
    extensions = [] if mandate is None else [_extension(MANDATE, mandate.encode())]
    if official is not None:
        extensions.append(_extension(OFFICIAL_DOCUMENT, utf8_string(official.text)))
    if extensions:
        parts.append(tlv(CONTEXT_0, sequence(*extensions)))
    return sequence(*parts)


def assemble_seal_signature(
    to_be_signed: bytes, certificate: bytes, signature: bytes, timestamp: bytes | None = None
) -> bytes:
    """Return the SES_Signature; the signature is DER, the time stamp a token over its bytes."""
    return sequence(to_be_signed, *_signed_by(certificate, signature, timestamp))


def _signed_by(certificate: bytes, signature: bytes, timestamp: bytes | None) -> tuple[bytes, ...]:
    parts = (octet_string(certificate), SM2_WITH_SM3, bit_string(signature))
    return parts if timestamp is None else (*parts, tlv(CONTEXT_0, bit_string(timestamp)))


def _listed(draft: SealDraft) -> tuple[bytes, bytes]:
    if draft.certificates:
        return integer(LISTS_CERTIFICATES), sequence(*map(octet_string, draft.certificates))
    digests = (sequence(_ascii(PRINTABLE_STRING, each.kind), octet_string(each.value)) for each in draft.digests)
    return integer(LISTS_DIGESTS), sequence(*digests)


def _extension(identifier: str, value: bytes) -> bytes:
    return sequence(object_identifier(identifier), tlv(BOOLEAN, _TRUE), octet_string(value))


def _utf8(text: str) -> bytes:
    try:
        return utf8_string(text)
    except UnicodeEncodeError:
        raise SealError("a text with a lone surrogate") from None


def _ia5(text: str) -> bytes:
    return _ascii(IA5_STRING, text)


def _ascii(tag: int, text: str) -> bytes:
    try:
        return tlv(tag, text.encode("ascii"))
    except UnicodeEncodeError:
        raise SealError("a text that is to be ASCII") from None
