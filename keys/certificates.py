"""What our certificates, requests and revocation lists share: names, extensions, and the frame round what is signed.

Promises:
  * Names follow the one scheme of the field: C=CN, O=<USCC><name>, OU=TEST for a test, CN (spec/identifiers.md
    section 7).
  * Parsing a certificate here means DER, whole, and capped in size; nothing is fetched that it points to.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from asn1crypto import algos, core, keys, x509
from cryptography.x509 import Certificate, load_der_x509_certificate

from keys.errors import CertificateFormError, CertificateRequestError
from verify.algorithms import Algorithm
from verify.der import SEQUENCE, Reader, bit_string, object_identifier, sequence
from verify.errors import MalformedError
from verify.sm2 import SPKI_HEAD
from verify.values import Uscc

# X.520 caps organisation and common name at 64 characters.
NAME_LENGTH_MAX: Final = 64
# A certificate of ours has 0.8 kB, one of an outside authority with RSA-4096 and many extensions 3 kB.
CERTIFICATE_BYTES_MAX: Final = 16_384

SIGNATURE_ALGORITHMS: Final = {
    Algorithm.ES256: sequence(object_identifier("1.2.840.10045.4.3.2")),
    Algorithm.RS256: sequence(object_identifier("1.2.840.113549.1.1.11"), b"\x05\x00"),
    Algorithm.SM2: sequence(object_identifier("1.2.156.10197.1.501")),
}
"""AlgorithmIdentifier in DER: ecdsa-with-SHA256, sha256WithRSAEncryption, SM2 with SM3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who a certificate is for: organisation (USCC and name) and what the key is called."""

    uscc: Uscc
    organisation: str
    common_name: str
    test: bool = False

    def __post_init__(self) -> None:
        for text in (self.uscc.text + self.organisation, self.common_name):
            if not text.strip() or len(text) > NAME_LENGTH_MAX or not text.isprintable():
                raise CertificateRequestError("a name is empty, longer than 64 characters, or not printable")

    def to_name(self) -> x509.Name:
        """Return the distinguished name, UTF8String but for the country."""
        parts = {
            "country_name": "CN",
            "organization_name": self.uscc.text + self.organisation,
            "organizational_unit_name": "TEST" if self.test else None,
            "common_name": self.common_name,
        }
        return x509.Name.build({key: value for key, value in parts.items() if value})


def extension(name: str, value: object, *, critical: bool) -> x509.Extension:
    """Return one extension of asn1crypto's name."""
    return x509.Extension({"extn_id": name, "critical": critical, "extn_value": value})


def key_identifier(spki: bytes) -> bytes:
    """Return a subject key identifier: the first 160 bits of SHA-256 over the key's bits (RFC 7093, 2, method 1)."""
    bits = keys.PublicKeyInfo.load(spki)["public_key"]
    octets: bytes = bits.contents[1:]  # without the count of unused bits, which is zero
    return sha256(octets).digest()[:20]


def moment(at: datetime) -> x509.Time:
    """Return a time as RFC 5280 (4.1.2.5) wants it: UTCTime to 2049, then GeneralizedTime; a fraction is refused."""
    if at.utcoffset() is None or at.microsecond:
        raise CertificateRequestError("a moment in a certificate is aware and a whole second")
    utc = at.astimezone(UTC)
    kind, value = ("utc_time", core.UTCTime(utc)) if utc.year < 2050 else ("general_time", core.GeneralizedTime(utc))
    return x509.Time(name=kind, value=value)


def signed_frame(to_be_signed: bytes, algorithm: Algorithm, signature: bytes) -> bytes:
    """Return what was signed, the algorithm and the signature as one value (the SIGNED frame of X.509)."""
    return sequence(to_be_signed, SIGNATURE_ALGORITHMS[algorithm], bit_string(signature))


def signature_algorithm(algorithm: Algorithm) -> algos.SignedDigestAlgorithm:
    """Return the AlgorithmIdentifier for asn1crypto."""
    return algos.SignedDigestAlgorithm.load(SIGNATURE_ALGORITHMS[algorithm])


def algorithm_of(certificate: bytes) -> Algorithm:
    """Return the algorithm of one of our own authorities: SM2 for the national one, else P-256."""
    return Algorithm.SM2 if public_key_info(certificate).startswith(SPKI_HEAD) else Algorithm.ES256


def public_key_info(certificate: bytes) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a certificate that was parsed; `cryptography` loads no SM2 key."""
    spki: bytes = x509.Certificate.load(certificate).public_key.dump()
    return spki


def parse_certificate(data: bytes) -> Certificate:
    """Parse one certificate. Raises `CertificateFormError` when it is too long, no DER, or has something after it."""
    if len(data) > CERTIFICATE_BYTES_MAX:
        raise CertificateFormError("too many bytes")
    try:
        frame = Reader(data)
        frame.take(SEQUENCE)
        frame.end()
        certificate = load_der_x509_certificate(data)
        _ = certificate.extensions  # parsed lazily; a broken one must be found here
    except (ValueError, MalformedError) as error:
        raise CertificateFormError("not a certificate") from error
    return certificate
