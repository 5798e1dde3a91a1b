"""Sign one of our own pages as PAdES B-T (ETSI EN 319 142-1), with everything that does not change encoded once.

Promises:
  * The bytes to be signed exist before the key is used, so that their hash can be logged first.
  * The signature fits the room that the page left for it, or an error says so; nothing is cut.
  * No key, no network, no clock: signature, time stamp and log proof are given by the caller.

pyHanko and poppler agree with what comes out (tests/peers). pyHanko is not used here because its general objects cost a
hundred times the arithmetic of the signature.
"""

from binascii import hexlify
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from asn1crypto import x509

from signer.errors import HoleTooSmallError, UnsignedFormError, UnsupportedKeyError
from signer.page.pdf import UnsignedPdf
from verify.algorithms import Algorithm
from verify.der import object_identifier, octet_string, sequence, set_of, tlv, utf8_string
from verify.log_proof import LogReceipt
from verify.mandate import Mandate
from verify.oids import LOG_PROOF, MANDATE, OFFICIAL_DOCUMENT
from verify.values import LicenceId

_VERSION_1: Final = b"\x02\x01\x01"
_SHA_256: Final = sequence(object_identifier("2.16.840.1.101.3.4.2.1"))
_DATA: Final = object_identifier("1.2.840.113549.1.7.1")
_SIGNED_DATA: Final = object_identifier("1.2.840.113549.1.7.2")
_MESSAGE_DIGEST: Final = object_identifier("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE: Final = object_identifier("1.2.840.113549.1.9.16.2.47")
_TIME_STAMP: Final = object_identifier("1.2.840.113549.1.9.16.2.14")
_MANDATE: Final = object_identifier(MANDATE)
_LOG_PROOF: Final = object_identifier(LOG_PROOF)
_OFFICIAL: Final = object_identifier(OFFICIAL_DOCUMENT)
_CONTENT_TYPE: Final = sequence(object_identifier("1.2.840.113549.1.9.3"), set_of((_DATA,)))
_DIGEST_ALGORITHMS: Final = set_of((_SHA_256,))
_SIGNATURE_ALGORITHMS: Final = {
    Algorithm.ES256: sequence(object_identifier("1.2.840.10045.4.3.2")),
    Algorithm.RS256: sequence(object_identifier("1.2.840.113549.1.1.11"), b"\x05\x00"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerParts:
    """What every signature of one key repeats, as DER. Make it with `of`, once per key."""

    certificates: bytes
    signer: bytes
    signing_certificate: bytes
    algorithm: bytes

    @classmethod
    def of(cls, chain: Sequence[bytes], algorithm: Algorithm) -> "SignerParts":
        """Encode the constant parts for a chain (DER, leaf first).

        Raises `UnsupportedKeyError` for an algorithm that PDF readers do not know.
        """
        if algorithm not in _SIGNATURE_ALGORITHMS or not chain:
            raise UnsupportedKeyError(algorithm.value)
        leaf = x509.Certificate.load(chain[0])
        return cls(
            certificates=tlv(0xA0, *sorted(chain)),
            signer=sequence(leaf.issuer.dump(), leaf["tbs_certificate"]["serial_number"].dump()),
            signing_certificate=sequence(
                _SIGNING_CERTIFICATE, set_of((sequence(sequence(sequence(octet_string(sha256(chain[0]).digest())))),))
            ),
            algorithm=_SIGNATURE_ALGORITHMS[algorithm],
        )


def document_digest(unsigned: UnsignedPdf) -> bytes:
    """Return SHA-256 over everything but the room for the signature (ISO 32000-2, 12.8.1)."""
    content = unsigned.content
    if content[unsigned.hole_start] != 0x3C or content[unsigned.hole_end - 1] != 0x3E:
        raise UnsignedFormError("the room for the signature is not between < and >")
    with memoryview(content) as view:
        digest = sha256(view[: unsigned.hole_start])
        digest.update(view[unsigned.hole_end :])
    return digest.digest()


def signed_attributes(
    parts: SignerParts, digest: bytes, mandate: Mandate, *, official: LicenceId | None = None
) -> bytes:
    """Return the exact bytes to be signed and logged: the signed attributes as SET OF, tag 31 (RFC 5652, 5.4).

    `official` is the id of an official document, which makes the signature one that no licence has.
    """
    mark = () if official is None else (sequence(_OFFICIAL, set_of((utf8_string(official.text),))),)
    return set_of(
        (
            *mark,
            _CONTENT_TYPE,
            parts.signing_certificate,
            sequence(_MESSAGE_DIGEST, set_of((octet_string(digest),))),
            sequence(_MANDATE, set_of((mandate.encode(),))),
        )
    )


def assemble_cms(
    parts: SignerParts, attributes: bytes, signature: bytes, *, timestamp: bytes, receipt: LogReceipt
) -> bytes:
    """Put together the CMS: signed attributes, signature; unsigned beside it time stamp (RFC 3161) and log proof."""
    unsigned_attributes = set_of(
        (
            sequence(_TIME_STAMP, set_of((timestamp,))),
            sequence(_LOG_PROOF, set_of((utf8_string(receipt.to_text()),))),
        )
    )
    signer_info = sequence(
        _VERSION_1,
        parts.signer,
        _SHA_256,
        b"\xa0" + attributes[1:],
        parts.algorithm,
        octet_string(signature),
        b"\xa1" + unsigned_attributes[1:],
    )
    signed_data = sequence(_VERSION_1, _DIGEST_ALGORITHMS, sequence(_DATA), parts.certificates, set_of((signer_info,)))
    return sequence(_SIGNED_DATA, tlv(0xA0, signed_data))


def embed(unsigned: UnsignedPdf, cms: bytes) -> bytes:
    """Return the signed document; the room's rest stays zeros.

    Raises `HoleTooSmallError` when the CMS is longer than the room, which is fixed before the hash is taken.
    """
    room = unsigned.hole_end - unsigned.hole_start - 2
    digits = hexlify(cms)
    if len(digits) > room:
        raise HoleTooSmallError(f"{len(cms)} bytes do not fit into {room // 2}")
    start = unsigned.hole_start + 1
    unsigned.content[start : start + len(digits)] = digits
    return bytes(unsigned.content)
