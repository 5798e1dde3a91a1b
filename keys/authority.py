"""Certificates of our own authority (RFC 5280): what is to be signed, built from a typed request.

Promises:
  * Pure: same request, same bytes. The serial's randomness, the period and the keys are given by the caller.
  * Nothing is signed here: the caller logs the intent for exactly these bytes, lets custody sign, and puts both
    together.
  * The authority issues leaves only (path length 0), never outside its own period.

asn1crypto is used because the builders of `cryptography` want the private key object itself (decisions.md section 2).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from asn1crypto import keys, x509

from keys.certificates import (
    Subject,
    algorithm_of,
    extension,
    key_identifier,
    moment,
    parse_certificate,
    public_key_info,
    signature_algorithm,
)
from keys.errors import CertificateRequestError
from verify.algorithms import PublicKey
from verify.der import INTEGER, SEQUENCE, bit_string, read_whole, sequence
from verify.key_purpose import KeyPurpose
from verify.oids import SEAL_MAKER_USE, SEAL_USE

SERIAL_BYTES: Final = 16
_VERSION: Final = 0xA0
# Longer than any reader of our addresses would follow; RFC 5280 sets no limit.
URL_LENGTH_MAX: Final = 256


class Profile(StrEnum):
    """What a certificate is for; each is one fixed set of extensions."""

    ROOT = "root"
    DEPARTMENT = "department"
    TIMESTAMP = "timestamp"
    SEAL = "seal"
    SEAL_MAKER = "seal_maker"
    SERVER = "server"


PROFILES: Final = {
    KeyPurpose.AUTHORITY: Profile.ROOT,
    KeyPurpose.DOCUMENT: Profile.DEPARTMENT,
    KeyPurpose.TIMESTAMP: Profile.TIMESTAMP,
    KeyPurpose.SEAL: Profile.SEAL,
    KeyPurpose.SEAL_MAKER: Profile.SEAL_MAKER,
}
"""The profile of each purpose whose keys have certificates."""

KEY_USAGE: Final = {
    **dict.fromkeys(Profile, frozenset({"digital_signature", "non_repudiation"})),
    Profile.ROOT: frozenset({"key_cert_sign", "crl_sign"}),
    Profile.SERVER: frozenset({"digital_signature"}),
}
"""Key usage of each profile, always critical."""

EXTENDED_KEY_USAGE: Final = {
    Profile.TIMESTAMP: ("1.3.6.1.5.5.7.3.8", True),  # RFC 3161, 2.3: alone and critical
    Profile.SERVER: ("1.3.6.1.5.5.7.3.1", False),  # RFC 5280, 4.2.1.12: TLS of a server
    Profile.SEAL: (SEAL_USE, False),
    Profile.SEAL_MAKER: (SEAL_MAKER_USE, False),  # not critical: other programs do not know our own purposes
}
"""The one extended key usage of a profile, and whether it is critical."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest:
    """One certificate to be made. `issuer` is the authority's certificate in DER, None for the root itself.

    `serial` is 16 random bytes. `crl_url` says where the issuer's revocation list lies; a root has none. `server_names`
    are the names or addresses by which browsers reach a server, and stand in its certificate alone.
    """

    profile: Profile
    subject: Subject
    public: PublicKey
    serial: bytes
    not_before: datetime
    not_after: datetime
    issuer: bytes | None = None
    crl_url: str | None = None
    server_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.serial) != SERIAL_BYTES:
            raise CertificateRequestError("a serial has 16 random bytes")
        if self.not_after <= self.not_before:
            raise CertificateRequestError("the period ends before it begins")
        if (self.profile is Profile.ROOT) is not (self.issuer is None):
            raise CertificateRequestError("a root has no issuer, any other certificate has one")
        if (self.profile is Profile.SERVER) is not bool(self.server_names):
            raise CertificateRequestError("a server has names, nothing else has")
        if self.crl_url is not None and not _is_address(self.crl_url):
            raise CertificateRequestError("the address of the revocation list is no http address")


def tbs_certificate(request: CertificateRequest) -> bytes:
    """Return the DER of the TBSCertificate, to be signed by the authority: P-256 with SHA-256, or SM2 with SM3.

    Raises `CertificateRequestError` when the period is not inside the issuer's.
    """
    subject = request.subject.to_name()
    signer = request.public.algorithm if request.issuer is None else algorithm_of(request.issuer)
    issuer_name, issuer_key_identifier = _issuer(request, subject)
    built = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": serial_number(request.serial),
            "signature": signature_algorithm(signer),
            "issuer": issuer_name,
            "validity": {"not_before": moment(request.not_before), "not_after": moment(request.not_after)},
            "subject": subject,
            "subject_public_key_info": keys.PublicKeyInfo.load(request.public.spki),
            "extensions": _extensions(request, issuer_key_identifier),
        }
    )
    encoded: bytes = built.dump()
    return encoded


def assemble_certificate(tbs: bytes, signature: bytes) -> bytes:
    """Return the certificate in DER from what `tbs_certificate` made and the authority signed."""
    inside = read_whole(tbs, SEQUENCE)
    inside.take(_VERSION)
    inside.take(INTEGER)
    return sequence(tbs, inside.take_whole(SEQUENCE), bit_string(signature))


def serial_number(serial: bytes) -> int:
    """Return a positive number of exactly 16 octets with 126 random bits (RFC 5280, 4.1.2.2 allows up to 20 octets)."""
    return int.from_bytes(serial, "big") & ((1 << 126) - 1) | 1 << 126


def _is_address(url: str) -> bool:
    return (
        url.startswith(("http://", "https://")) and url.isascii() and url.isprintable() and len(url) <= URL_LENGTH_MAX
    )


def _server_name(name: str) -> x509.GeneralName:
    """Return the alternative name of a server: an address as such, anything else as a DNS name."""
    try:
        return x509.GeneralName("ip_address", str(ip_address(name)))
    except ValueError:
        return x509.GeneralName("dns_name", name)


def _issuer(request: CertificateRequest, subject: x509.Name) -> tuple[x509.Name, bytes]:
    if request.issuer is None:
        return subject, key_identifier(request.public.spki)
    parsed = parse_certificate(request.issuer)
    if not parsed.not_valid_before_utc <= request.not_before < request.not_after <= parsed.not_valid_after_utc:
        raise CertificateRequestError("the period is not inside the issuer's")
    issuer = x509.Certificate.load(request.issuer)
    return issuer.subject, key_identifier(public_key_info(request.issuer))


def _extensions(request: CertificateRequest, issuer_key_identifier: bytes) -> list[x509.Extension]:
    is_root = request.profile is Profile.ROOT
    constraints = {"ca": True, "path_len_constraint": 0} if is_root else {"ca": False}
    extensions = [
        extension("basic_constraints", constraints, critical=True),
        extension("key_usage", x509.KeyUsage(set(KEY_USAGE[request.profile])), critical=True),
        extension("key_identifier", key_identifier(request.public.spki), critical=False),
        extension("authority_key_identifier", {"key_identifier": issuer_key_identifier}, critical=False),
    ]
    if request.profile in EXTENDED_KEY_USAGE:
        use, is_critical = EXTENDED_KEY_USAGE[request.profile]
        extensions.append(extension("extended_key_usage", [use], critical=is_critical))
    if request.server_names:
        names = [_server_name(each) for each in request.server_names]
        extensions.append(extension("subject_alt_name", names, critical=False))
    if request.crl_url is not None:
        point = {
            "distribution_point": ("full_name", [x509.GeneralName("uniform_resource_identifier", request.crl_url)])
        }
        extensions.append(extension("crl_distribution_points", [point], critical=False))
    return extensions
