"""Certificate revocation lists (RFC 5280, 5): read one, and say whether and when a path was revoked.

Promises:
  * Only a list that the certificate's own issuer signed counts; partial, indirect, unreadable ones count for nothing.
  * "Not revoked" is said only on a list that is not past its end; "revoked" also on an old one, for it stays true.
  * No list is fetched; the caller gives what he has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509

from verify.algorithms import Algorithm, PublicKeyError, SignatureError, check_signature
from verify.certificates import SIGNATURE_ALGORITHMS, Certificate, TrustedPath
from verify.der import BIT_STRING, INTEGER, SEQUENCE, DerError, read_whole
from verify.errors import MalformedError

# A list of an authority with a hundred thousand revoked certificates takes 4 MB.
REVOCATION_LIST_BYTES_MAX: Final = 16 << 20
# The authorities whose documents one process meets, two lists each.
LISTS_REMEMBERED: Final = 64

KEY_LOST: Final = frozenset(
    {
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.key_compromise,
        x509.ReasonFlags.ca_compromise,
        x509.ReasonFlags.aa_compromise,
    }
)
"""Reasons after which somebody else may have the key: what it signed has no time of its own (RFC 3161, 4)."""

_VERSION_2: Final = b"\x02\x01\x01"


class RevocationListReadError(MalformedError):
    """Not a revocation list of the form that we read."""

    code = "revocation_list.malformed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadList:
    """A revocation list that was read, and whose signature is not yet checked. `revoked`: serial to time and reason."""

    to_be_signed: bytes = field(repr=False)
    algorithm: Algorithm
    signature: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    issued_at: datetime
    next_at: datetime
    revoked: Mapping[int, tuple[datetime, x509.ReasonFlags]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What the lists say of a path: `is_known` when every certificate is covered, `revoked_at` the earliest time."""

    is_known: bool
    revoked_at: datetime | None = None
    reason: x509.ReasonFlags = x509.ReasonFlags.unspecified


@lru_cache(maxsize=LISTS_REMEMBERED)
def read_revocation_list(data: bytes) -> ReadList:
    """Read one revocation list in DER; raises `RevocationListReadError`. Its signature is not checked."""
    if len(data) > REVOCATION_LIST_BYTES_MAX:
        raise RevocationListReadError("too many bytes")
    try:
        return _read(data)
    except (DerError, ValueError, x509.DuplicateExtension) as error:
        raise RevocationListReadError("not a revocation list of the form that we read") from error


def revocation_of(path: TrustedPath, lists: tuple[bytes, ...], *, at: datetime) -> Revocation:
    """Say whether a certificate below the anchor was revoked, as far as is known at that moment.

    A list issued later than that moment counts too: it knows more.
    """
    found = [
        _of_one(certificate, issuer, lists, at=at)
        for certificate, issuer in zip(path.certificates, path.certificates[1:], strict=False)
    ]
    revoked = [each for each in found if each.revoked_at is not None]
    if revoked:
        return min(revoked, key=lambda each: each.revoked_at or at)
    return Revocation(is_known=all(each.is_known for each in found))


def _of_one(certificate: Certificate, issuer: Certificate, lists: tuple[bytes, ...], *, at: datetime) -> Revocation:
    is_known = False
    for data in lists:
        try:
            read = read_revocation_list(data)
            if read.issuer != issuer.subject:
                continue
            check_list_issuer(data, issuer)
        except (RevocationListReadError, SignatureError, PublicKeyError):
            continue
        entry = read.revoked.get(certificate.serial_number)
        if entry is not None:
            return Revocation(is_known=True, revoked_at=entry[0], reason=entry[1])
        is_known = is_known or at < read.next_at
    return Revocation(is_known=is_known)


@lru_cache(maxsize=LISTS_REMEMBERED)
def check_list_issuer(data: bytes, issuer: Certificate) -> None:
    """Make sure that this authority signed the list; remembered, for a list is long.

    Raises `SignatureError`, `PublicKeyError`, and what `read_revocation_list` raises.
    """
    read = read_revocation_list(data)
    if not issuer.uses.signs_lists:
        raise SignatureError("an authority that may not sign revocation lists")
    check_signature(read.algorithm, issuer.spki, read.to_be_signed, read.signature)


def _read(data: bytes) -> ReadList:
    frame = read_whole(data, SEQUENCE)
    to_be_signed = frame.take_whole(SEQUENCE)
    algorithm = frame.take_whole(SEQUENCE)
    signature = frame.take(BIT_STRING)
    frame.end()
    inside = read_whole(to_be_signed, SEQUENCE)
    if inside.take_whole(INTEGER) != _VERSION_2:
        raise DerError("not a list of version 2")
    if inside.take_whole(SEQUENCE) != algorithm or algorithm not in SIGNATURE_ALGORITHMS or signature[:1] != b"\x00":
        raise DerError("two algorithms, or one that this version does not check")
    issuer = inside.take_whole(SEQUENCE)
    parsed = x509.load_der_x509_crl(data)
    # Delta lists and lists of a part of the certificates say so in a critical extension (RFC 5280, 5.2.4 and 5.2.5).
    if any(each.critical for each in parsed.extensions) or parsed.next_update_utc is None:
        raise DerError("a part of a list, or one without an end")
    return ReadList(
        to_be_signed=to_be_signed,
        algorithm=SIGNATURE_ALGORITHMS[algorithm],
        signature=signature[1:],
        issuer=issuer,
        issued_at=parsed.last_update_utc,
        next_at=parsed.next_update_utc,
        revoked={each.serial_number: (each.revocation_date_utc, _reason(each)) for each in parsed},
    )


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags:
    """Return the reason of an entry; one with a critical extension names another issuer, and spoils the list."""
    if any(each.critical for each in entry.extensions):
        raise DerError("an entry of another authority")
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return x509.ReasonFlags.unspecified
