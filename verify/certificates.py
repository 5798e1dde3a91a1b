"""Certificates (RFC 5280): read one, find the path from a signer to an authority that is trusted.

Promises:
  * A certificate is trusted only along signatures up to an anchor that the caller gave; nothing is fetched.
  * A document certificate signs documents, a time-stamp certificate stamps, a seal's makes seal signatures, a seal
    maker's makes seals; none of ours passes for another. A foreign one that names no purpose may be of a seal or of its
    maker, if its key is an SM2 key.
  * Unknown critical extensions, other algorithms and second spellings are refused; no certificate may stand beside the
    path, so that a signature's certificates have one form.

What was read and found is remembered by the bytes: a department's path costs its signature checks once, then nothing.
Revocation is another question: see `revocation`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from verify.algorithms import Algorithm, PublicKeyError, SignatureError, check_signature, key_identifier
from verify.der import BIT_STRING, INTEGER, SEQUENCE, DerError, object_identifier, read_whole, sequence
from verify.errors import MalformedError, YinzhengError
from verify.key_purpose import KeyPurpose
from verify.oids import SEAL_MAKER_USE, SEAL_USE
from verify.sm2 import SPKI_HEAD

# A certificate of ours has 0.8 kB, one of an outside authority with RSA-4096 and many extensions 3 kB.
CERTIFICATE_BYTES_MAX: Final = 16_384
# Leaf, three authorities between, root; deeper trees do not occur below the national root.
PATH_CERTIFICATES_MAX: Final = 5
# Departments and services of one deployment, and those of its neighbours.
CERTIFICATES_REMEMBERED: Final = 4096

SIGNATURE_ALGORITHMS: Final = {
    sequence(object_identifier("1.2.840.10045.4.3.2")): Algorithm.ES256,
    sequence(object_identifier("1.2.840.113549.1.1.11"), b"\x05\x00"): Algorithm.RS256,
    sequence(object_identifier("1.2.156.10197.1.501")): Algorithm.SM2,
    sequence(object_identifier("1.2.156.10197.1.501"), b"\x05\x00"): Algorithm.SM2,  # some authorities write NULL
}
"""AlgorithmIdentifier in DER, to algorithm: ecdsa-with-SHA256, sha256WithRSAEncryption, SM2 with SM3."""

_VERSION_3: Final = b"\xa0\x03\x02\x01\x02"
_TEST_UNIT: Final = "TEST"
_KNOWN_EXTENSIONS: Final = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.CertificatePolicies,  # restricts nothing where no policy is asked for (RFC 5280, 6.1.1)
)
# Purposes beside which a certificate may sign documents: RFC 9336, Adobe's and Microsoft's own, e-mail, any.
_DOCUMENT_PURPOSES: Final = frozenset(
    {
        "1.3.6.1.5.5.7.3.36",
        "1.2.840.113583.1.1.5",
        "1.3.6.1.4.1.311.10.3.12",
        ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE.dotted_string,
    }
)
_STAMP_PURPOSES: Final = frozenset({ExtendedKeyUsageOID.TIME_STAMPING.dotted_string})
# What each purpose of content names itself by; where one of the others stands too, the certificate is not for it.
_OWN_PURPOSES: Final = {
    KeyPurpose.DOCUMENT: frozenset[str](),
    KeyPurpose.SEAL: frozenset({SEAL_USE}),
    KeyPurpose.SEAL_MAKER: frozenset({SEAL_MAKER_USE}),
}
_PURPOSES_APART: Final = _STAMP_PURPOSES.union(*_OWN_PURPOSES.values())
_SEALING: Final = frozenset({KeyPurpose.SEAL, KeyPurpose.SEAL_MAKER})

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


class CertificateError(YinzhengError):
    """The certificate cannot be relied on."""

    code = "certificate.refused"


class CertificateReadError(CertificateError, MalformedError):
    """Not a certificate of the form that we read."""

    code = "certificate.malformed"


class CertificatePathError(CertificateError):
    """No path leads from the certificate to an authority that is trusted."""

    code = "certificate.not_trusted"


class CertificateUseError(CertificateError):
    """The certificate is for another use."""

    code = "certificate.other_use"


class CertificatePeriodError(CertificateError):
    """The certificate was not valid at that time."""

    code = "certificate.out_of_period"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """What the extensions of a certificate allow. `purposes` is None where none are named."""

    signs_certificates: bool
    signs_lists: bool
    signs_content: bool
    path_length: int | None
    purposes: frozenset[str] | None
    purposes_are_critical: bool

    def allow(self, purpose: KeyPurpose) -> bool:
        """Say whether a signer's certificate may be used for documents, time stamps, seals or their making."""
        if purpose is KeyPurpose.TIMESTAMP:  # RFC 3161, 2.3
            return self.signs_content and self.purposes == _STAMP_PURPOSES and self.purposes_are_critical
        own = _OWN_PURPOSES.get(purpose)
        return (
            own is not None
            and self.signs_content
            and (
                self.purposes is None
                or (
                    bool(self.purposes & (own | _DOCUMENT_PURPOSES)) and self.purposes.isdisjoint(_PURPOSES_APART - own)
                )
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Certificate:
    """One certificate that was read: names are shown, bytes are compared; `identifier` is how a CMS names it."""

    encoded: bytes = field(repr=False)
    to_be_signed: bytes = field(repr=False)
    algorithm: Algorithm
    signature: bytes = field(repr=False)
    serial_number: int
    identifier: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    organisation: str
    common_name: str
    is_test: bool
    spki: bytes = field(repr=False)
    not_before: datetime
    not_after: datetime
    uses: Uses

    @property
    def kid(self) -> bytes:
        """The 8 bytes by which log and trust list name the key."""
        return key_identifier(self.spki)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrustedPath:
    """Certificates from the signer's to the anchor, each signed by the next; only `find_path` makes one."""

    certificates: tuple[Certificate, ...]

    @property
    def leaf(self) -> Certificate:
        """The signer's own certificate."""
        return self.certificates[0]

    def check_period(self, at: datetime) -> None:
        """Make sure that every certificate was valid then; raises `CertificatePeriodError`."""
        if not all(each.not_before <= at <= each.not_after for each in self.certificates):
            raise CertificatePeriodError("a certificate of the path was not yet or no longer valid")


@lru_cache(maxsize=CERTIFICATES_REMEMBERED)
def read_certificate(data: bytes) -> Certificate:
    """Read one certificate in DER; raises `CertificateReadError`. Only its form is checked."""
    if len(data) > CERTIFICATE_BYTES_MAX:
        raise CertificateReadError("too many bytes")
    try:
        return _read(data)
    except (DerError, ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        # (the library says TypeError of a name that is written as a BIT STRING)
        raise CertificateReadError("not a certificate of the form that we read") from error


@lru_cache(maxsize=CERTIFICATES_REMEMBERED)
def find_path(leaf: bytes, chain: tuple[bytes, ...], anchors: tuple[bytes, ...], purpose: KeyPurpose) -> TrustedPath:
    """Return the path from a signer's certificate over the chain that came with it to one of the anchors.

    The order of the chain does not matter, and it may hold the signer's certificate. Raises `CertificateReadError`,
    `CertificatePathError`, or `CertificateUseError` when the signer's certificate is not for this purpose. Whether the
    certificates were valid at some time is asked of the path.
    """
    given = frozenset(chain) - {leaf}
    if len(given) >= PATH_CERTIFICATES_MAX:
        raise CertificatePathError("more certificates than a path has")
    others = tuple(read_certificate(each) for each in sorted(given))
    # An anchor that came along is tried first: an authority renewed under the same key has two certificates.
    trusted = tuple(read_certificate(each) for each in sorted(anchors, key=lambda anchor: anchor not in given))
    found = _extend((read_certificate(leaf),), others, trusted)
    if found is None:
        raise CertificatePathError("no path to an authority that is trusted")
    if not given <= {each.encoded for each in found}:
        raise CertificatePathError("a certificate stands beside the path")
    if not found[0].uses.allow(purpose) or (purpose in _SEALING and not found[0].spki.startswith(SPKI_HEAD)):
        raise CertificateUseError(f"not a certificate for the purpose {purpose.value}")
    return TrustedPath(certificates=found)


def _extend(
    path: tuple[Certificate, ...], others: tuple[Certificate, ...], anchors: tuple[Certificate, ...]
) -> tuple[Certificate, ...] | None:
    """Return the path with what leads to an anchor, or None."""
    if len(path) >= PATH_CERTIFICATES_MAX:
        return None
    for anchor in _issuers(path, anchors):
        return (*path, anchor)
    for issuer in _issuers(path, others):
        longer = _extend((*path, issuer), others, anchors)
        if longer is not None:
            return longer
    return None


def _issuers(path: tuple[Certificate, ...], candidates: tuple[Certificate, ...]) -> Iterator[Certificate]:
    """Return the candidates that signed the last certificate of the path and may stand above it."""
    last = path[-1]
    below = len(path) - 1  # authorities between the candidate and the signer
    for each in candidates:
        uses = each.uses
        if (
            each.subject == last.issuer
            and each not in path
            and uses.signs_certificates
            and (uses.path_length is None or below <= uses.path_length)
            and _has_signed(each, last)
        ):
            yield each


def _has_signed(issuer: Certificate, certificate: Certificate) -> bool:
    try:
        check_signature(certificate.algorithm, issuer.spki, certificate.to_be_signed, certificate.signature)
    except (SignatureError, PublicKeyError):
        return False
    return True


def _read(data: bytes) -> Certificate:
    frame = read_whole(data, SEQUENCE)
    to_be_signed = frame.take_whole(SEQUENCE)
    algorithm = frame.take_whole(SEQUENCE)
    signature = frame.take(BIT_STRING)
    frame.end()
    inside = read_whole(to_be_signed, SEQUENCE)
    if inside.take_whole(0xA0) != _VERSION_3:
        raise DerError("not a certificate of version 3")
    serial = inside.take_whole(INTEGER)
    if int.from_bytes(serial[2:], "big", signed=True) <= 0:  # RFC 5280, 4.1.2.2
        raise DerError("a serial number that is not positive")
    if inside.take_whole(SEQUENCE) != algorithm or algorithm not in SIGNATURE_ALGORITHMS or signature[:1] != b"\x00":
        raise DerError("two algorithms, or one that this version does not check")
    issuer = inside.take_whole(SEQUENCE)
    inside.take(SEQUENCE)
    subject = inside.take_whole(SEQUENCE)
    spki = inside.take_whole(SEQUENCE)
    parsed = x509.load_der_x509_certificate(data)
    return Certificate(
        encoded=data,
        to_be_signed=to_be_signed,
        algorithm=SIGNATURE_ALGORITHMS[algorithm],
        signature=signature[1:],
        serial_number=parsed.serial_number,
        identifier=sequence(issuer, serial),
        issuer=issuer,
        subject=subject,
        organisation=_name(parsed.subject, NameOID.ORGANIZATION_NAME),
        common_name=_name(parsed.subject, NameOID.COMMON_NAME),
        is_test=_name(parsed.subject, NameOID.ORGANIZATIONAL_UNIT_NAME) == _TEST_UNIT,
        spki=spki,
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        uses=_read_uses(parsed.extensions),
    )


def _read_uses(extensions: x509.Extensions) -> Uses:
    if any(each.critical and not isinstance(each.value, _KNOWN_EXTENSIONS) for each in extensions):
        raise DerError("a critical extension that this version does not know")
    constraints = _extension(extensions, x509.BasicConstraints)
    usage = _extension(extensions, x509.KeyUsage)
    purposes = _extension(extensions, x509.ExtendedKeyUsage)
    is_authority = constraints is not None and constraints.value.ca
    return Uses(
        signs_certificates=is_authority and usage is not None and usage.value.key_cert_sign,
        signs_lists=is_authority and usage is not None and usage.value.crl_sign,
        signs_content=not is_authority and usage is not None and _is_for_content(usage.value),
        path_length=None if constraints is None else constraints.value.path_length,
        purposes=None if purposes is None else frozenset(each.dotted_string for each in purposes.value),
        purposes_are_critical=purposes is not None and purposes.critical,
    )


def _is_for_content(usage: x509.KeyUsage) -> bool:
    """Say whether the key may sign content, and no certificates."""
    return (usage.digital_signature or usage.content_commitment) and not (usage.key_cert_sign or usage.crl_sign)


def _extension(extensions: x509.Extensions, kind: type[_Extension]) -> x509.Extension[_Extension] | None:
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _name(name: x509.Name, kind: x509.ObjectIdentifier) -> str:
    """Return a text of a distinguished name; an absent one, or one that stands there twice, is empty."""
    found = name.get_attributes_for_oid(kind)
    value = found[0].value if len(found) == 1 else ""
    return value if isinstance(value, str) else ""
