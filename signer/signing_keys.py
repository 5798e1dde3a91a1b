"""Whether an office's keys may sign now: asked before a number is spent, for nothing that they sign would be accepted.

Promises: nothing is signed, written or read from the registry; what is asked is what a stranger has, trust and
revocation lists, which the caller reads once for a chunk.
"""

from datetime import datetime

from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl

from registry.seal_records import SealObjectRecord
from signer.desk import Desk
from signer.errors import SigningKeyError
from verify.certificates import read_certificate
from verify.issuer_check import cut_off_of
from verify.key_purpose import KeyPurpose
from verify.trust import TrustList


def demand_signing_keys(desk: Desk, issuer: str, trust: TrustList, crls: tuple[bytes, ...], *, at: datetime) -> None:
    """Raise `KeyMissingError`, or `SigningKeyError`: a key is cut off, or the certificate revoked or out of its term.

    The newest keys count: one that was rotated after its loss hinders nobody.
    """
    code, document = (desk.key(purpose, issuer) for purpose in (KeyPurpose.CODE, KeyPurpose.DOCUMENT))
    desk.signer_parts(document)
    for key in (code, document):
        if cut_off_of(trust, desk.custody.public_key(key).kid) is not None:
            raise SigningKeyError(params={"key": key.text})
    if not _holds(desk.custody.chain(document)[0], crls, at=at):
        raise SigningKeyError(params={"key": document.text})


def demand_seal_key(seal: SealObjectRecord, trust: TrustList, crls: tuple[bytes, ...], *, at: datetime) -> None:
    """Raise `SigningKeyError`: the seal's key is cut off, or its certificate revoked or out of its term.

    A seal that was never made, or is not in force, is for the use itself to refuse.
    """
    if seal.certificate is None or seal.key is None:
        return
    is_cut_off = cut_off_of(trust, read_certificate(seal.certificate).kid) is not None
    if is_cut_off or not _holds(seal.certificate, crls, at=at):
        raise SigningKeyError(params={"key": seal.key})


def _holds(content: bytes, crls: tuple[bytes, ...], *, at: datetime) -> bool:
    certificate = load_der_x509_certificate(content)
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return False
    lists = [found for each in crls if (found := load_der_x509_crl(each)).issuer == certificate.issuer]
    return all(each.get_revoked_certificate_by_serial_number(certificate.serial_number) is None for each in lists)
