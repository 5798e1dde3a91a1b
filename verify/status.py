"""Signed status list: two bits for each licence (Token Status List as CWT).

Promises:
  * ``open_status_list`` is the only reader: address, signature, period of the key and form are checked first.
  * The inflated size is capped before inflating; a place beyond the end is refused, never read as "in force".
  * Freshness is the caller's: the list says when it was issued and when it ends, not whether that is good enough.

Tagged COSE_Sign1, type 16 ``application/statuslist+cwt``; claims 2 address · 4 expires · 6 issued · 65534 seconds
until the next fetch · 65533 {bits: 2, lst: zlib of the bytes}. Entries are packed from the lowest bit.
"""

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final

from verify import cbor
from verify.algorithms import Algorithm
from verify.cose import decode_sign1, encode_sign1, protected_header, read_header, sig_structure
from verify.errors import MalformedError, YinzhengError
from verify.trust import TrustedKey, signed_by

CONTENT_TYPE: Final = "application/statuslist+cwt"
ENTRIES_MAX: Final = 1 << 20
PACKED_BYTES_MAX: Final = ENTRIES_MAX // 4
# zlib makes bytes that do not compress longer by some hundredths; header and signature take 300 bytes.
STATUS_LIST_BYTES_MAX: Final = PACKED_BYTES_MAX + 8192

_SUBJECT, _EXPIRES, _ISSUED, _LIST, _TTL = 2, 4, 6, 65533, 65534
_INSTANT_MAX: Final = 253_402_300_799


class StatusListError(YinzhengError):
    """The status list cannot be used."""

    code = "status_list.refused"


class StatusListFormError(StatusListError, MalformedError):
    """Not a status list."""

    code = "status_list.malformed"


class StatusListSignatureError(StatusListError):
    """The status list is not signed by a trusted key of that use."""

    code = "status_list.signature"


class StatusListAddressError(StatusListError):
    """The status list of another address."""

    code = "status_list.other_address"


class StatusIndexError(StatusListError):
    """The status list has no such place."""

    code = "status_list.no_such_place"


class StatusValue(IntEnum):
    """What the list says of a licence; which act ended it is told online only."""

    IN_FORCE = 0
    ENDED = 1
    SUSPENDED = 2
    SUPERSEDED = 3


_VALUES: Final = tuple(StatusValue)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusList:
    """A list with its address and times; ``packed`` holds four entries in each byte."""

    uri: str
    issued_at: datetime
    expires_at: datetime
    ttl_seconds: int
    packed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if (
            not self.uri
            or not self.issued_at < self.expires_at
            or type(self.ttl_seconds) is not int
            or self.ttl_seconds < 0
        ):
            raise StatusListFormError("not an address and a period")
        if not 0 < len(self.packed) <= PACKED_BYTES_MAX:
            raise StatusListFormError("a list has at most 2^20 entries")

    def value(self, index: int) -> StatusValue:
        """Return the value at a place; raises ``StatusIndexError`` beyond the end."""
        if not 0 <= index < len(self.packed) * 4:
            raise StatusIndexError("no such place")
        return _VALUES[self.packed[index >> 2] >> ((index & 3) << 1) & 3]

    def payload(self) -> bytes:
        """Return the deterministic CBOR of the claims."""
        claims = {
            _SUBJECT: self.uri,
            _EXPIRES: int(self.expires_at.timestamp()),
            _ISSUED: int(self.issued_at.timestamp()),
            _LIST: {"bits": 2, "lst": zlib.compress(self.packed, 9)},
            _TTL: self.ttl_seconds,
        }
        return cbor.encode(claims)


def pack(values: Iterable[int]) -> bytes:
    """Pack values of two bits, the first one lowest; the last byte is filled up with zeros."""
    entries = bytes(values)
    if any(each > 3 for each in entries):
        raise StatusListFormError("a value has two bits")
    entries += bytes(-len(entries) % 4)
    quarters = zip(entries[0::4], entries[1::4], entries[2::4], entries[3::4], strict=True)
    return bytes(a | b << 2 | c << 4 | d << 6 for a, b, c, d in quarters)


def status_list_to_be_signed(status_list: StatusList, kid: bytes) -> bytes:
    """Return the COSE Sig_structure that the ``status_list`` key signs; ``kid`` is that key's id."""
    return sig_structure(_header(kid), status_list.payload())


def assemble_status_list(status_list: StatusList, kid: bytes, signature: bytes) -> bytes:
    """Return the signed list; the signature is r and s (see ``algorithms.der_to_raw``)."""
    return encode_sign1(_header(kid), status_list.payload(), signature, tagged=True)


def open_status_list(data: bytes, *, uri: str, keys: Callable[[bytes], Sequence[TrustedKey]]) -> StatusList:
    """Check and read the status list that was asked for at ``uri``.

    ``keys`` answers with the trusted keys of use 2 that have a key id; they must be those of the issuer whose list it
    is. The key is judged at the time at which the list was issued. Raises a ``StatusListError``.
    """
    try:
        sign1 = decode_sign1(data, tagged=True, bytes_max=STATUS_LIST_BYTES_MAX)
        algorithm, kid = read_header(sign1, content_type=CONTENT_TYPE)
        candidates = [key for key in keys(kid) if key.algorithm is algorithm]
        key = signed_by(candidates, sign1.to_be_signed, sign1.signature)
        if key is None:
            raise StatusListSignatureError("no trusted key of this use made the signature")
        status_list = _read(sign1.payload)
    except MalformedError as error:
        raise StatusListFormError(error.detail) from error
    if not key.covers(status_list.issued_at):
        raise StatusListSignatureError("issued outside the period of the key")
    if status_list.uri != uri:
        raise StatusListAddressError("the list of another address")
    return status_list


def _header(kid: bytes) -> bytes:
    return protected_header(Algorithm.ES256, kid, content_type=CONTENT_TYPE)


def _read(payload: bytes) -> StatusList:
    match cbor.decode(payload, bytes_max=STATUS_LIST_BYTES_MAX):
        case {
            2: str(uri),
            4: int(expires),
            6: int(issued),
            65534: int(ttl),
            65533: {"bits": 2, "lst": bytes(packed), **more},
            **others,
        } if not others and not more:
            return StatusList(
                uri=uri,
                issued_at=_instant(issued),
                expires_at=_instant(expires),
                ttl_seconds=ttl,
                packed=_inflate(packed),
            )
    raise StatusListFormError("not the claims of a status list")


def _inflate(data: bytes) -> bytes:
    """Inflate at most the largest list; raises for more, for a cut-off stream and for bytes behind it."""
    stream = zlib.decompressobj()
    try:
        packed = stream.decompress(data, PACKED_BYTES_MAX + 1)
    except zlib.error as error:
        raise StatusListFormError("not a zlib stream") from error
    if not stream.eof or stream.unused_data:
        raise StatusListFormError("too long, cut off, or with bytes behind")
    return packed


def _instant(number: int) -> datetime:
    if type(number) is not int or not 0 <= number <= _INSTANT_MAX:
        raise StatusListFormError("not a time")
    return datetime.fromtimestamp(number, UTC)
