"""The quick reader of entries says what the strict one says, of good entries and of broken ones."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from verify.errors import MalformedError
from verify.log_entry import EntryKind, LogEntry
from verify.usual_entry import EntryReader

DIGESTS = st.binary(min_size=32, max_size=32)
WORDS = st.sampled_from(("code", "document", "seal", "x"))
KIDS = st.sampled_from((b"key of 8", bytes(8)))
DETAILS = {
    EntryKind.GENESIS: st.fixed_dictionaries({1: WORDS}),
    EntryKind.INTENT: st.fixed_dictionaries({1: WORDS, 2: KIDS}, optional={3: DIGESTS}),
    EntryKind.STATE: st.fixed_dictionaries({1: WORDS, 2: WORDS}),
    EntryKind.RECEIPT: st.none(),
    EntryKind.KEY: st.fixed_dictionaries({1: WORDS}, optional={2: KIDS}),
    EntryKind.ADMIN: st.fixed_dictionaries({1: WORDS}),
    EntryKind.ABANDONED: st.fixed_dictionaries({1: st.integers(0, 2**40)}),
}


@st.composite
def entries(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from(sorted(DETAILS)))
    time = datetime.fromtimestamp(
        draw(st.one_of(st.integers(0, 2**34), st.integers(1_790_000_000, 1_790_000_009))), UTC
    )
    return LogEntry(kind=kind, time=time, digest=draw(DIGESTS), detail=draw(DETAILS[kind])).encode()  # type: ignore[arg-type]


def strictly(entry: bytes) -> tuple[object, ...] | None:
    try:
        read = LogEntry.decode(entry)
    except MalformedError:
        return None
    detail = read.detail or {}
    return read.kind, int(read.time.timestamp()), read.digest, dict(detail)


def quickly(reader: EntryReader, entry: bytes) -> tuple[object, ...] | None:
    try:
        (kind, first, second, kid, has_data_set, target), time, digest, data_set = reader.read(entry)
    except MalformedError:
        return None
    assert has_data_set is bool(data_set)
    values: dict[int, object] = {1: target if target >= 0 else first, 2: kid or second, 3: data_set}
    return kind, time, digest, {key: value for key, value in values.items() if value not in {"", b""}}


@settings(max_examples=60)
@given(st.lists(entries(), min_size=1, max_size=8), st.data())
def test_both_readers_agree_on_entries_and_on_what_was_changed_in_them(some: list[bytes], data: st.DataObject) -> None:
    reader = EntryReader()
    for entry in some:
        assert quickly(reader, entry) == strictly(entry)

    broken = bytearray(data.draw(st.sampled_from(some)))
    place = data.draw(st.integers(0, len(broken) - 1))
    broken[place] = data.draw(st.integers(0, 255))
    cut = bytes(broken)[: data.draw(st.sampled_from((len(broken), len(broken) - 1, 42, 41)))]

    assert quickly(reader, cut) == strictly(cut)


def test_a_known_form_is_read_without_being_decoded_again() -> None:
    kind, time = EntryKind.INTENT, datetime(2026, 9, 1, tzinfo=UTC)
    first = LogEntry(kind=kind, time=time, digest=bytes(32), detail={1: "code", 2: bytes(8), 3: bytes(32)}).encode()
    second = first[:10] + b"\x07" * 32 + first[42:-32] + b"\x09" * 32
    reader = EntryReader()
    reader.read(first)

    found = reader.read(second)

    assert (found.digest, found.data_set, found.shape.first) == (b"\x07" * 32, b"\x09" * 32, "code")
