"""CMS SignedData (RFC 5652) as our signatures and time stamps have it, read by hand, strictly.

Promises:
  * DER all through, one signer named by issuer and serial number, SHA-256, each attribute once and with one value.
  * `read_our_cms` takes exactly what `signer.pades` writes and nothing beside it: no byte of it is without meaning.
  * Nothing is checked against keys here; what was read is not yet trusted.

Read by hand for its speed: general objects cost ten times the two signature checks (measured.md section 3.3).
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from verify.algorithms import Algorithm, check_signature
from verify.certificates import SIGNATURE_ALGORITHMS, Certificate, CertificateReadError, read_certificate
from verify.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    DerError,
    Reader,
    object_identifier,
    read_whole,
    sequence,
    tlv,
)
from verify.errors import MalformedError
from verify.mandate import Mandate
from verify.oids import LOG_PROOF, MANDATE, OFFICIAL_DOCUMENT
from verify.values import LicenceId, LicenceIdError

# The room in our documents holds 8,192 bytes; a time stamp with a chain of RSA-4096 certificates takes 8 kB alone.
CMS_BYTES_MAX: Final = 65_536
CERTIFICATES_MAX: Final = 8
ATTRIBUTES_MAX: Final = 16

DATA: Final = object_identifier("1.2.840.113549.1.7.1")
TST_INFO: Final = object_identifier("1.2.840.113549.1.9.16.1.4")
CONTENT_TYPE: Final = object_identifier("1.2.840.113549.1.9.3")
MESSAGE_DIGEST: Final = object_identifier("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE: Final = object_identifier("1.2.840.113549.1.9.16.2.47")
TIME_STAMP: Final = object_identifier("1.2.840.113549.1.9.16.2.14")
SHA_256: Final = sequence(object_identifier("2.16.840.1.101.3.4.2.1"))
SHA_256_NULL: Final = sequence(object_identifier("2.16.840.1.101.3.4.2.1"), b"\x05\x00")

_SIGNED_DATA: Final = object_identifier("1.2.840.113549.1.7.2")
_MANDATE: Final = object_identifier(MANDATE)
_LOG_PROOF: Final = object_identifier(LOG_PROOF)
_OFFICIAL: Final = object_identifier(OFFICIAL_DOCUMENT)
_VERSION_1: Final = b"\x02\x01\x01"
_VERSION_3: Final = b"\x02\x01\x03"
_UTF8_STRING: Final = 0x0C
_CONTEXT_0: Final = 0xA0
_CONTEXT_1: Final = 0xA1
# What authorities write who name the key's algorithm instead of the signature's (RFC 3370, 3.2).
_PLAIN_RSA: Final = sequence(object_identifier("1.2.840.113549.1.1.1"), b"\x05\x00")
# SM2 signs no PDF of ours, and its digest would be another one.
_OURS: Final = {each: name for each, name in SIGNATURE_ALGORITHMS.items() if name is not Algorithm.SM2}
_ALGORITHMS: Final = _OURS | {_PLAIN_RSA: Algorithm.RS256}
_OUR_SIGNED: Final = frozenset({CONTENT_TYPE, SIGNING_CERTIFICATE, MESSAGE_DIGEST, _MANDATE})
_OFFICIAL_SIGNED: Final = _OUR_SIGNED | {_OFFICIAL}
_OUR_UNSIGNED: Final = frozenset({TIME_STAMP, _LOG_PROOF})


class CmsError(MalformedError):
    """Not a CMS of the form that we read."""

    code = "cms.malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedData:
    """A CMS with one signer. `attributes` and `unsigned` map an object identifier to its one value, both in DER."""

    version: bytes
    content_type: bytes
    content: bytes | None = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    signer: bytes = field(repr=False)
    digest_algorithms: tuple[bytes, bytes]
    attributes: Mapping[bytes, bytes] = field(repr=False)
    to_be_signed: bytes = field(repr=False)
    signature_algorithm: bytes
    signature: bytes = field(repr=False)
    unsigned: Mapping[bytes, bytes] = field(repr=False)

    def signing_certificate(self) -> Certificate:
        """Return the certificate that the signer is named by; raises `CmsError` when it is not there.

        The signed attribute must name the very same one by its hash (RFC 5035), so that it cannot be exchanged.
        """
        try:
            found = [each for each in map(read_certificate, self.certificates) if each.identifier == self.signer]
        except CertificateReadError as error:
            raise CmsError("a certificate that we do not read") from error
        if len(found) != 1:
            raise CmsError("not exactly one certificate of the signer")
        if not _names(self.attributes.get(SIGNING_CERTIFICATE, b""), found[0].encoded):
            raise CmsError("the signed attributes name another certificate")
        return found[0]

    def check(self, certificate: Certificate) -> None:
        """Check the signature over the attributes; raises `SignatureError`, `PublicKeyError`."""
        check_signature(_ALGORITHMS[self.signature_algorithm], certificate.spki, self.to_be_signed, self.signature)


@dataclass(frozen=True, slots=True, kw_only=True)
class OurCms:
    """A CMS of our documents. Time stamp and log proof are None where they are missing, as a thief would leave them.

    `official` is the id of the official document that was sealed; None in the document of a licence.
    """

    signed: SignedData
    certificate: Certificate
    mandate: Mandate
    digest: bytes
    timestamp: bytes | None = field(repr=False)
    log_proof: str | None = field(repr=False)
    official: LicenceId | None = None


def read_signed_data(data: bytes) -> SignedData:
    """Read a CMS SignedData; raises `CmsError` for anything that is not of the form named above."""
    if len(data) > CMS_BYTES_MAX:
        raise CmsError("too many bytes")
    try:
        return _read(data)
    except DerError as error:
        raise CmsError(error.detail) from error


def read_our_cms(data: bytes) -> OurCms:
    """Read the CMS of a licence's document; raises `MalformedError` for what `signer.pades` would not write."""
    return _read_ours(data, _OUR_SIGNED)


def read_official_cms(data: bytes) -> OurCms:
    """Read the CMS of an official document: the same with one attribute more, so that neither is taken for the other.

    Raises `MalformedError`.
    """
    return _read_ours(data, _OFFICIAL_SIGNED)


def _read_ours(data: bytes, attributes: AbstractSet[bytes]) -> OurCms:
    signed = read_signed_data(data)
    if signed.version != _VERSION_1 or signed.content_type != DATA or signed.content is not None:
        raise CmsError("not a signature beside its content")
    if signed.attributes.keys() != attributes or not signed.unsigned.keys() <= _OUR_UNSIGNED:
        raise CmsError("not the attributes of our documents")
    if signed.digest_algorithms != (SHA_256, SHA_256) or signed.signature_algorithm not in _OURS:
        raise CmsError("not the algorithms of our documents")
    if signed.attributes[CONTENT_TYPE] != DATA:
        raise CmsError("the attributes name another content")
    try:
        digest = read_octets(signed.attributes[MESSAGE_DIGEST])
        log_proof = signed.unsigned.get(_LOG_PROOF)
        return OurCms(
            signed=signed,
            certificate=signed.signing_certificate(),
            mandate=Mandate.decode(signed.attributes[_MANDATE]),
            digest=digest,
            timestamp=signed.unsigned.get(TIME_STAMP),
            log_proof=None if log_proof is None else _read_text(log_proof),
            official=_read_official(signed.attributes.get(_OFFICIAL)),
        )
    except (DerError, UnicodeDecodeError, LicenceIdError) as error:
        raise CmsError("an attribute is not of its form") from error


def read_octets(value: bytes) -> bytes:
    """Return the content of one OCTET STRING; raises `DerError`."""
    reader = Reader(value)
    content = reader.take(OCTET_STRING)
    reader.end()
    return content


def _read_official(value: bytes | None) -> LicenceId | None:
    return None if value is None else LicenceId.parse(_read_text(value))


def _read_text(value: bytes) -> str:
    reader = Reader(value)
    content = reader.take(_UTF8_STRING)
    reader.end()
    return content.decode()


def _names(attribute: bytes, certificate: bytes) -> bool:
    """Say whether a SigningCertificateV2 names this certificate first; SHA-256 is its default and the only one here."""
    try:
        first = read_whole(attribute, SEQUENCE).take_inside(SEQUENCE).take_inside(SEQUENCE)
        if first.next_tag() == SEQUENCE and first.take_whole(SEQUENCE) not in {SHA_256, SHA_256_NULL}:
            return False
        return first.take(OCTET_STRING) == sha256(certificate).digest()
    except DerError:
        return False


def _read(data: bytes) -> SignedData:
    frame = read_whole(data, SEQUENCE)
    if frame.take_whole(OBJECT_IDENTIFIER) != _SIGNED_DATA:
        raise DerError("not a SignedData")
    wrapped = frame.take_inside(_CONTEXT_0)
    frame.end()
    body = wrapped.take_inside(SEQUENCE)
    wrapped.end()
    version = body.take_whole(INTEGER)
    digests = body.take_inside(SET)
    digest_algorithm = digests.take_whole(SEQUENCE)
    digests.end()
    content_type, content = _read_content(body.take_inside(SEQUENCE))
    certificates = _read_values(body.take_inside(_CONTEXT_0), CERTIFICATES_MAX) if body.next_tag() == _CONTEXT_0 else ()
    signers = body.take_inside(SET)
    body.end()
    signer_info = signers.take_inside(SEQUENCE)
    signers.end()
    return _read_signer(
        signer_info,
        version=version,
        content_type=content_type,
        content=content,
        certificates=certificates,
        digest_algorithm=digest_algorithm,
    )


def _read_content(reader: Reader) -> tuple[bytes, bytes | None]:
    content_type = reader.take_whole(OBJECT_IDENTIFIER)
    content = None
    if reader.next_tag() == _CONTEXT_0:
        content = read_octets(reader.take(_CONTEXT_0))
    reader.end()
    return content_type, content


def _read_values(reader: Reader, count_max: int) -> tuple[bytes, ...]:
    """Return the sequences that stand there one after the other."""
    values: list[bytes] = []
    while reader.next_tag() is not None:
        if len(values) == count_max:
            raise DerError("too many values")
        values.append(reader.take_whole(SEQUENCE))
    return tuple(values)


def _read_signer(
    reader: Reader,
    *,
    version: bytes,
    content_type: bytes,
    content: bytes | None,
    certificates: tuple[bytes, ...],
    digest_algorithm: bytes,
) -> SignedData:
    if reader.take_whole(INTEGER) != _VERSION_1 or version not in {_VERSION_1, _VERSION_3}:
        raise DerError("a version that this reader does not know")
    signer = reader.take_whole(SEQUENCE)
    signer_digest = reader.take_whole(SEQUENCE)
    if not {digest_algorithm, signer_digest} <= {SHA_256, SHA_256_NULL}:
        raise DerError("another digest than SHA-256")
    attributes = reader.take(_CONTEXT_0)
    algorithm = reader.take_whole(SEQUENCE)
    if algorithm not in _ALGORITHMS:
        raise DerError("an algorithm that this version does not check")
    signature = reader.take(OCTET_STRING)
    unsigned = _read_attributes(reader.take(_CONTEXT_1)) if reader.next_tag() == _CONTEXT_1 else {}
    reader.end()
    return SignedData(
        version=version,
        content_type=content_type,
        content=content,
        certificates=certificates,
        signer=signer,
        digest_algorithms=(digest_algorithm, signer_digest),
        attributes=_read_attributes(attributes),
        to_be_signed=tlv(SET, attributes),
        signature_algorithm=algorithm,
        signature=signature,
        unsigned=unsigned,
    )


def _read_attributes(data: bytes) -> Mapping[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for value in _read_values(Reader(data), ATTRIBUTES_MAX):
        attribute = read_whole(value, SEQUENCE)
        name = attribute.take_whole(OBJECT_IDENTIFIER)
        content = attribute.take(SET)
        attribute.end()
        if name in found or not content:
            raise DerError("an attribute twice, or without a value")
        found[name] = content
    return found
