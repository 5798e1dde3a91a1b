"""Read entries of the log quickly: most differ from one seen before in time, digest and data set alone.

Promises:
  * A short way, not another format: what it returns is what ``LogEntry.decode`` makes of the same bytes, and what that
    refuses is refused. A form is learnt from an entry that was decoded strictly; an entry is taken for that form when
    every byte agrees but those of time, digest and data set, whose lengths the form fixes.
  * At most 4096 forms are remembered, so that a log of strangers' making fills no memory.
"""

from typing import Final, NamedTuple

from verify.log_entry import EntryKind, LogEntry

# Purposes times keys of some thousand offices; what is beyond is read the general way.
SHAPES_MAX: Final = 4096
# Array, version, kind, head of a time of four bytes | time | head of the digest | digest | detail.
_TIME: Final = 4
_DIGEST_HEAD: Final = 8
_DIGEST: Final = 10
_DETAIL: Final = 42
_HEAD_OF_32: Final = b"\x58\x20"
_TIME_HEAD: Final = 0x1A
_DATA_SET: Final = 3
_DATA_SET_BYTES: Final = 32


class EntryShape(NamedTuple):
    """What entries of one form have in common; ``first`` and ``second`` are the words of the detail, else empty.

    ``first``: purpose of an intent, what changed, or event; ``second``: the act of a change. ``target`` is the place
    that an abandoned intent had, else -1.
    """

    kind: EntryKind
    first: str
    second: str
    kid: bytes
    has_data_set: bool
    target: int


class UsualEntry(NamedTuple):
    """One entry as read."""

    shape: EntryShape
    time: int
    digest: bytes
    data_set: bytes


class EntryReader:
    """Reads entries one after the other and remembers their forms."""

    def __init__(self) -> None:
        self._plain: dict[bytes, EntryShape] = {}
        self._with_data_set: dict[bytes, EntryShape] = {}

    def read(self, entry: bytes) -> UsualEntry:
        """Return an entry. Raises ``MalformedError``, as ``LogEntry.decode`` does."""
        if len(entry) >= _DETAIL and entry[_DIGEST_HEAD:_DIGEST] == _HEAD_OF_32 and entry[_TIME:6] != b"\0\0":
            head = entry[:_TIME]
            shape = self._with_data_set.get(head + entry[_DETAIL:-_DATA_SET_BYTES])
            if shape is not None:
                time = int.from_bytes(entry[_TIME:_DIGEST_HEAD])
                return UsualEntry(shape, time, entry[_DIGEST:_DETAIL], entry[-_DATA_SET_BYTES:])
            shape = self._plain.get(head + entry[_DETAIL:])
            if shape is not None:
                return UsualEntry(shape, int.from_bytes(entry[_TIME:_DIGEST_HEAD]), entry[_DIGEST:_DETAIL], b"")
        return self._decode(entry)

    def _decode(self, entry: bytes) -> UsualEntry:
        """Read an entry strictly, and learn its form."""
        read = LogEntry.decode(entry)
        shape, data_set = _shape(read)
        is_usual = entry[3] == _TIME_HEAD and entry[_DIGEST_HEAD:_DIGEST] == _HEAD_OF_32
        if is_usual and read.kind is not EntryKind.ABANDONED:
            if shape.has_data_set:
                self._learn(self._with_data_set, entry[:_TIME] + entry[_DETAIL:-_DATA_SET_BYTES], shape)
            else:
                self._learn(self._plain, entry[:_TIME] + entry[_DETAIL:], shape)
        return UsualEntry(shape, int(read.time.timestamp()), read.digest, data_set)

    def _learn(self, shapes: dict[bytes, EntryShape], key: bytes, shape: EntryShape) -> None:
        if len(self._plain) + len(self._with_data_set) < SHAPES_MAX:
            shapes[key] = shape


def _shape(entry: LogEntry) -> tuple[EntryShape, bytes]:
    detail = entry.detail or {}
    first, second, data_set = detail.get(1), detail.get(2), detail.get(_DATA_SET)
    is_abandoned = entry.kind is EntryKind.ABANDONED
    shape = EntryShape(
        kind=entry.kind,
        first=first if isinstance(first, str) else "",
        second=second if isinstance(second, str) else "",
        kid=second if isinstance(second, bytes) else b"",
        has_data_set=isinstance(data_set, bytes),
        target=first if is_abandoned and isinstance(first, int) else -1,
    )
    return shape, data_set if isinstance(data_set, bytes) else b""
