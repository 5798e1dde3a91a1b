"""Certificate in: does a chain, ours or an outside authority's, fit the key that it is installed for?

Promises:
  * Checked before anything is stored: public key, extensions, order and signatures, trusted end, period; each refusal
    has its own error.
  * Revocation is not asked here: it changes later, and every check of a document asks it then.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    ExtendedKeyUsage,
    ExtensionNotFound,
    KeyUsage,
    load_pem_x509_certificates,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys.authority import EXTENDED_KEY_USAGE, PROFILES, Profile
from keys.certificates import CERTIFICATE_BYTES_MAX, parse_certificate, public_key_info
from keys.errors import (
    CertificateChainError,
    CertificateFormError,
    CertificateKeyError,
    CertificatePeriodError,
    CertificateProfileError,
)
from verify.algorithms import PublicKey, PublicKeyError, SignatureError, check_signature
from verify.certificates import CertificateReadError, read_certificate
from verify.key_purpose import KeyPurpose
from verify.sm2 import SPKI_HEAD

# Leaf, two intermediates and a root, with one to spare.
CHAIN_LENGTH_MAX: Final = 5
# PEM adds a third.
CHAIN_BYTES_MAX: Final = CHAIN_LENGTH_MAX * CERTIFICATE_BYTES_MAX * 3 // 2
# Each is that of one purpose alone.
_USES_APART: Final = frozenset(
    {ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string, *(use for use, _ in EXTENDED_KEY_USAGE.values())}
)


def check_certificate(
    purpose: KeyPurpose, public: PublicKey, chain: Sequence[bytes], *, anchors: Sequence[bytes], at: datetime
) -> None:
    """Refuse certificates that do not fit the key. All are DER: `chain` begins with the key's own, `anchors` are roots.

    1. The form of each. 2. The first is for this key. 3. Its extensions fit the purpose. 4. Each is issued by the
    next, and the last is an anchor or issued by one. 5. All are valid at this moment.
    """
    if purpose not in PROFILES:
        raise CertificateProfileError(f"keys of purpose {purpose.value} have no certificate")
    if not 0 < len(chain) <= CHAIN_LENGTH_MAX:
        raise CertificateChainError("a chain has one to five certificates")
    certificates = [parse_certificate(each) for each in chain]  # (1)
    leaf = certificates[0]
    if public_key_info(chain[0]) != public.spki:  # (2)
        raise CertificateKeyError("the certificate is for another key")
    _demand_profile(leaf, PROFILES[purpose])  # (3)
    _demand_order(certificates, [parse_certificate(each) for each in anchors])  # (4)
    if not all(each.not_valid_before_utc <= at <= each.not_valid_after_utc for each in certificates):  # (5)
        raise CertificatePeriodError("a certificate of the chain is not valid at this moment")


def encode_pem_chain(chain: Sequence[bytes]) -> bytes:
    """Return certificates as PEM blocks, in their order."""
    return b"".join(parse_certificate(each).public_bytes(Encoding.PEM) for each in chain)


def decode_pem_chain(data: bytes) -> tuple[bytes, ...]:
    """Return the DER of the certificates of a PEM file. Raises `CertificateFormError`."""
    if len(data) > CHAIN_BYTES_MAX:
        raise CertificateFormError("too many bytes")
    try:
        return tuple(each.public_bytes(Encoding.DER) for each in load_pem_x509_certificates(data))
    except ValueError as error:
        raise CertificateFormError("not certificates in PEM") from error


def _demand_profile(certificate: Certificate, profile: Profile) -> None:
    is_authority = _is_authority(certificate)
    if is_authority is not (profile is Profile.ROOT):
        raise CertificateProfileError("an authority's certificate for another key, or the reverse")
    if not is_authority and not _may_sign(certificate):
        raise CertificateProfileError("the key usage does not allow signatures")
    uses, critical = _extended_key_usage(certificate)
    own, is_critical = EXTENDED_KEY_USAGE.get(profile, (None, False))
    if is_critical and not (critical and uses == {own}):
        raise CertificateProfileError("a time stamp needs the one extended key usage, critical (RFC 3161, 2.3)")
    if uses & _USES_APART - {own}:
        raise CertificateProfileError("the extended key usage is that of another purpose")


def _demand_order(chain: Sequence[Certificate], anchors: Sequence[Certificate]) -> None:
    if any(not _is_authority(each) for each in chain[1:]):
        raise CertificateChainError("a certificate above the first is no authority's")
    if not all(_is_issued_by(each, issuer) for each, issuer in pairwise(chain)):
        raise CertificateChainError("a certificate is not issued by the next one")
    last = chain[-1]
    if last not in anchors and not any(_is_authority(each) and _is_issued_by(last, each) for each in anchors):
        raise CertificateChainError("the chain does not lead to a trusted authority")


def _is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    encoded, above = certificate.public_bytes(Encoding.DER), issuer.public_bytes(Encoding.DER)
    if public_key_info(above).startswith(SPKI_HEAD):  # the library checks no SM2
        return _is_issued_by_sm2(encoded, above)
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_issued_by_sm2(certificate: bytes, issuer: bytes) -> bool:
    try:
        below, above = read_certificate(certificate), read_certificate(issuer)
        check_signature(below.algorithm, above.spki, below.to_be_signed, below.signature)
    except (CertificateReadError, SignatureError, PublicKeyError):
        return False
    return below.issuer == above.subject


def _is_authority(certificate: Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(KeyUsage).value
    except ExtensionNotFound:
        return False
    return constraints.ca and usage.key_cert_sign


def _may_sign(certificate: Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(KeyUsage).value
    except ExtensionNotFound:
        return False
    return usage.digital_signature or usage.content_commitment


def _extended_key_usage(certificate: Certificate) -> tuple[frozenset[str], bool]:
    try:
        found = certificate.extensions.get_extension_for_class(ExtendedKeyUsage)
    except ExtensionNotFound:
        return frozenset(), False
    return frozenset(each.dotted_string for each in found.value), found.critical
