"""Time-stamp token (RFC 3161): read one, and check that a trusted authority stamped this digest.

Promises:
  * The stamp is over exactly the digest given, by a certificate that is for stamping alone, valid at the stamped time.
  * A stamp of a revoked authority counts only when it was given before, and when the reason was no loss of the key.
  * Only SHA-256 (and SM3 for what is stamped, where asked for) and the second form of the signing-certificate
    attribute; a critical extension is refused.

A certificate that ended after the stamp takes nothing from it: licences live longer than certificates, and what a thief
could stamp later is caught by the signing log.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from verify.algorithms import PublicKeyError, SignatureError
from verify.certificates import CertificateError, TrustedPath, find_path
from verify.cms import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SHA_256,
    SHA_256_NULL,
    TST_INFO,
    CmsError,
    SignedData,
    read_octets,
    read_signed_data,
)
from verify.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Reader,
    object_identifier,
    read_whole,
    sequence,
)
from verify.errors import MalformedError, YinzhengError
from verify.key_purpose import KeyPurpose
from verify.revocation import KEY_LOST, revocation_of
from verify.sm2 import sm3

# Two machines whose clocks are set by NTP differ by milliseconds; a stamp from further ahead is a wrong clock.
CLOCK_TOLERANCE: Final = timedelta(minutes=5)

SM3_DIGEST: Final = "1.2.156.10197.1.401"
_VERSION_1: Final = b"\x02\x01\x01"
_GENERALIZED_TIME: Final = 0x18
_BOOLEAN: Final = 0x01
_TRUE: Final = b"\xff"
_CONTEXT_0: Final = 0xA0
_CONTEXT_1: Final = 0xA1
# X.690, 11.7: seconds, in UTC, and no zeros at the end of a fraction.
_TIME_FORM: Final = re.compile(rb"([0-9]{4})" + rb"([0-9]{2})" * 5 + rb"(?:\.([0-9]{0,5}[1-9]))?Z")
# GB/T 20520 stamps digests of SM3; a seal signature may carry either kind.
_SM3: Final = frozenset({sequence(object_identifier(SM3_DIGEST)), sequence(object_identifier(SM3_DIGEST), b"\x05\x00")})


class TimestampTokenError(YinzhengError):
    """The time stamp proves nothing."""

    code = "timestamp_token.refused"


class TimestampFormError(TimestampTokenError, MalformedError):
    """Not a time-stamp token of the form that we read."""

    code = "timestamp_token.malformed"


class TimestampImprintError(TimestampTokenError):
    """The time stamp is over something else."""

    code = "timestamp_token.other_digest"


class TimestampSignatureError(TimestampTokenError):
    """The time stamp's signature does not fit."""

    code = "timestamp_token.signature"


class TimestampAuthorityError(TimestampTokenError):
    """The time stamp is not by an authority that is trusted for stamping at that time."""

    code = "timestamp_token.authority"


class TimestampFutureError(TimestampTokenError):
    """The time stamp is from the future."""

    code = "timestamp_token.future"


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedTime:
    """A time that is proven: when, by whom, and whether revocation lists covered the authority."""

    at: datetime
    authority: str
    is_revocation_known: bool
    path: TrustedPath = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamp:
    algorithm: bytes
    digest: bytes
    at: datetime


def check_timestamp(
    token: bytes, digest: bytes, roots: tuple[bytes, ...], *, at: datetime, crls: tuple[bytes, ...] = ()
) -> StampedTime:
    """Check a time stamp over this SHA-256 digest that was got just now; raises a `TimestampTokenError`."""
    stamped = open_timestamp(token, digest, roots, at=at, crls=crls)
    if stamped.at > at + CLOCK_TOLERANCE:
        raise TimestampFutureError("later than now")
    return stamped


def open_timestamp(
    token: bytes, digest: bytes, roots: tuple[bytes, ...], *, at: datetime, crls: tuple[bytes, ...] = ()
) -> StampedTime:
    """Check a time stamp as `check_timestamp` does, but for its being in the past: at a given time it may not be."""
    return _open(token, {SHA_256: digest, SHA_256_NULL: digest}, roots, at=at, crls=crls)


def open_timestamp_over(
    token: bytes, stamped: bytes, roots: tuple[bytes, ...], *, at: datetime, crls: tuple[bytes, ...] = ()
) -> StampedTime:
    """Check a time stamp over these bytes, by their SHA-256 or by their SM3, as the stamp says."""
    digests = dict.fromkeys((SHA_256, SHA_256_NULL), sha256(stamped).digest()) | dict.fromkeys(_SM3, sm3(stamped))
    return _open(token, digests, roots, at=at, crls=crls)


def _open(
    token: bytes, digests: Mapping[bytes, bytes], roots: tuple[bytes, ...], *, at: datetime, crls: tuple[bytes, ...]
) -> StampedTime:
    """Check a time stamp over what has these digests, by algorithm.

    1. Its form. 2. It is over this digest. 3. Its signature. 4. The path to a root, at the stamped time. 5. Revocation.
    """
    try:
        signed = read_signed_data(token)  # (1)
        stamp = _read_stamp(signed)
        certificate = signed.signing_certificate()
    except (CmsError, DerError, ValueError) as error:
        raise TimestampFormError("not a time stamp of the form that we read") from error
    if stamp.algorithm not in digests:
        raise TimestampFormError("a digest that is not asked for here")
    if stamp.digest != digests[stamp.algorithm]:  # (2)
        raise TimestampImprintError("a stamp over another digest")
    try:
        signed.check(certificate)  # (3)
    except (SignatureError, PublicKeyError) as error:
        raise TimestampSignatureError(error.detail) from error
    try:
        path = find_path(certificate.encoded, signed.certificates, roots, KeyPurpose.TIMESTAMP)  # (4)
        path.check_period(stamp.at)
    except CertificateError as error:
        raise TimestampAuthorityError(f"{error.code}: {error.detail}") from error
    revocation = revocation_of(path, crls, at=at)  # (5)
    if revocation.revoked_at is not None and (revocation.revoked_at <= stamp.at or revocation.reason in KEY_LOST):
        raise TimestampAuthorityError("the authority's certificate was revoked")
    return StampedTime(
        at=stamp.at, authority=certificate.common_name, is_revocation_known=revocation.is_known, path=path
    )


def _read_stamp(signed: SignedData) -> _Stamp:
    """Return what was stamped, bound to the signed attributes."""
    content = signed.content
    if signed.content_type != TST_INFO or content is None or signed.attributes.get(CONTENT_TYPE) != TST_INFO:
        raise CmsError("not the content of a time stamp")
    if read_octets(signed.attributes.get(MESSAGE_DIGEST, b"")) != sha256(content).digest():
        raise CmsError("the attributes belong to another content")
    reader = read_whole(content, SEQUENCE)
    if reader.take_whole(INTEGER) != _VERSION_1:
        raise DerError("a version that this reader does not know")
    reader.take(OBJECT_IDENTIFIER)
    imprint = reader.take_inside(SEQUENCE)
    algorithm = imprint.take_whole(SEQUENCE)
    digest = imprint.take(OCTET_STRING)
    imprint.end()
    reader.take(INTEGER)
    at = _read_time(reader.take(_GENERALIZED_TIME))
    _read_rest(reader)
    return _Stamp(algorithm=algorithm, digest=digest, at=at)


def _read_rest(reader: Reader) -> None:
    """Read past accuracy, ordering, nonce and name; refuse a critical extension, and anything else."""
    if reader.next_tag() == SEQUENCE:
        reader.take(SEQUENCE)
    if reader.next_tag() == _BOOLEAN and reader.take(_BOOLEAN) != _TRUE:  # FALSE is the default, which DER leaves out
        raise DerError("not a truth value in DER")
    for tag in (INTEGER, _CONTEXT_0):
        if reader.next_tag() == tag:
            reader.take(tag)
    if reader.next_tag() == _CONTEXT_1:
        extensions = reader.take_inside(_CONTEXT_1)
        while extensions.next_tag() is not None:
            extension = extensions.take_inside(SEQUENCE)
            extension.take(OBJECT_IDENTIFIER)
            extension.take(OCTET_STRING)  # a critical one has a truth value here
            extension.end()
    reader.end()


def _read_time(content: bytes) -> datetime:
    found = _TIME_FORM.fullmatch(content)
    if found is None:
        raise DerError("not a time in DER")
    year, month, day, hour, minute, second = (int(each) for each in found.groups()[:6])
    microsecond = int((found[7] or b"").ljust(6, b"0"))
    return datetime(year, month, day, hour, minute, second, microsecond, UTC)
