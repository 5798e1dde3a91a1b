"""Entry of the signing log: ``[1, kind, unix time, digest, detail]`` in deterministic CBOR.

Promises:
  * No personal data and no names: an entry holds hashes, a purpose, a key id; entries cannot be erased.
  * Each kind has its own detail and nothing else; kind 3 has none, and its array ends after the digest.
  * Kind 8 is the last entry under a name and tells the next one; the genesis entry of that one, right behind it, tells
    the old name, its size and its root. The tree goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from verify import cbor
from verify.errors import MalformedError

VERSION: Final = 1
DIGEST_BYTES: Final = 32
# A genesis entry holds the origin line (at most 255 bytes); all others stay under 200 bytes.
ENTRY_BYTES_MAX: Final = 400
TEXT_LENGTH_MAX: Final = 64
ORIGIN_LENGTH_MAX: Final = 255
_REMEMBERED: Final = 4096
# 9999-12-31T23:59:59Z, the last second that a datetime can say.
UNIX_TIME_MAX: Final = 253_402_300_799


class LogEntryError(MalformedError):
    """Not an entry of our signing log."""

    code = "log_entry.malformed"


class EntryKind(IntEnum):
    """What an entry records; 4 is not used."""

    GENESIS = 0
    INTENT = 1
    STATE = 2
    RECEIPT = 3
    KEY = 5
    ADMIN = 6
    ABANDONED = 7
    CLOSED = 8


def _is_origin(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= ORIGIN_LENGTH_MAX


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= TEXT_LENGTH_MAX


def _is_kid(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == 8


def _is_digest(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == DIGEST_BYTES


def _is_index(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


_Rule = Mapping[int, Callable[[object], bool]]
# Per kind: what must stand in the detail, and what may.
_DETAILS: Final[Mapping[EntryKind, tuple[_Rule, _Rule]]] = {
    EntryKind.GENESIS: ({1: _is_origin}, {2: _is_origin, 3: _is_index, 4: _is_digest}),
    EntryKind.INTENT: ({1: _is_text, 2: _is_kid}, {3: _is_digest}),
    EntryKind.STATE: ({1: _is_text, 2: _is_text}, {}),
    EntryKind.RECEIPT: ({}, {}),
    EntryKind.KEY: ({1: _is_text}, {2: _is_kid}),
    EntryKind.ADMIN: ({1: _is_text}, {}),
    EntryKind.ABANDONED: ({1: _is_index}, {}),
    EntryKind.CLOSED: ({1: _is_origin}, {}),
}
# Per kind: the keys that must stand in the detail, and the rules of all that may.
_RULES: Final[Mapping[EntryKind, tuple[frozenset[int], _Rule]]] = {
    kind: (frozenset(must), {**must, **may}) for kind, (must, may) in _DETAILS.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One entry. ``detail`` is None for kind 3; ``time`` is a whole second, set when the entry is sequenced."""

    kind: EntryKind
    time: datetime
    digest: bytes
    detail: Mapping[int, object] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        if self.time.utcoffset() is None or self.time.microsecond:
            raise LogEntryError("a time is aware and a whole second")
        if not _is_digest(self.digest):
            raise LogEntryError("a digest has 32 bytes")
        must, rules = _RULES[self.kind]
        if (self.detail is None) is not (not must):
            raise LogEntryError("a detail is missing, or stands where none belongs")
        if self.detail is not None:
            _demand_form(self.detail, must, rules)

    def encode(self) -> bytes:
        """Return the deterministic CBOR."""
        head = _HEADS[self.kind] + _encoded_time(self.time) + _DIGEST_HEAD + self.digest
        return head if self.detail is None else head + cbor.encode(dict(self.detail))

    @classmethod
    def decode(cls, data: bytes) -> "LogEntry":
        """Read an entry; raises ``MalformedError`` for anything that ``encode`` would not write."""
        return _decoded(data)


def _demand_form(detail: Mapping[int, object], must: frozenset[int], rules: _Rule) -> None:
    if not must <= detail.keys() <= rules.keys():
        raise LogEntryError("not the keys of this kind's detail")
    for key, value in detail.items():
        if not rules[key](value):
            raise LogEntryError("a value of the detail is not of its form")


# All entries of a commit have one time.
@lru_cache(maxsize=16)
def _encoded_time(time: datetime) -> bytes:
    return cbor.encode(int(time.timestamp()))


# An entry is read by custody, by the check of one's own work and by whoever asks next: seven times for one licence.
@lru_cache(maxsize=_REMEMBERED)
def _decoded(data: bytes) -> LogEntry:
    parts = cbor.decode(data, bytes_max=ENTRY_BYTES_MAX)
    if not isinstance(parts, list) or len(parts) not in {4, 5} or parts[0] != VERSION or type(parts[0]) is not int:
        raise LogEntryError("not an array of version 1")
    _, kind, time, digest, *rest = parts
    if type(kind) is not int or kind not in _KINDS:
        raise LogEntryError("an unknown kind")
    if type(time) is not int or not 0 <= time <= UNIX_TIME_MAX:
        raise LogEntryError("not a time")
    if not isinstance(digest, bytes) or (rest and not isinstance(rest[0], dict)):
        raise LogEntryError("a digest is bytes, a detail is a map")
    detail = MappingProxyType(rest[0]) if rest else None  # which is remembered: nobody may write into it
    return LogEntry(kind=EntryKind(kind), time=datetime.fromtimestamp(time, UTC), digest=digest, detail=detail)


_KINDS: Final = frozenset(int(kind) for kind in EntryKind)
# Array, version and kind: an entry is put together from its parts, for the log writes some thousand a second.
_DIGEST_HEAD: Final = cbor.bytes_head(DIGEST_BYTES)
_HEADS: Final = {kind: bytes((0x85 if _DETAILS[kind][0] else 0x84, VERSION, kind)) for kind in EntryKind}
