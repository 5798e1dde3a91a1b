"""Log entries: each kind with its own detail, one spelling."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify import cbor
from verify.errors import MalformedError
from verify.log_entry import EntryKind, LogEntry, LogEntryError

RECEIPT = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())["verification_receipt"]
AT = datetime(2026, 9, 21, 8, tzinfo=UTC)
KID = bytes(8)
DIGEST = bytes(32)

TEXTS = st.text(min_size=1, max_size=16)
KIDS, DIGESTS = st.binary(min_size=8, max_size=8), st.binary(min_size=32, max_size=32)
INDEXES = st.integers(0, 2**63 - 1)
DETAILS = {
    EntryKind.GENESIS: st.fixed_dictionaries({1: TEXTS}, optional={2: TEXTS, 3: INDEXES, 4: DIGESTS}),
    EntryKind.INTENT: st.fixed_dictionaries({1: TEXTS, 2: KIDS}, optional={3: DIGESTS}),
    EntryKind.STATE: st.fixed_dictionaries({1: TEXTS, 2: TEXTS}),
    EntryKind.RECEIPT: st.none(),
    EntryKind.KEY: st.fixed_dictionaries({1: TEXTS}, optional={2: KIDS}),
    EntryKind.ADMIN: st.fixed_dictionaries({1: TEXTS}),
    EntryKind.ABANDONED: st.fixed_dictionaries({1: INDEXES}),
    EntryKind.CLOSED: st.fixed_dictionaries({1: TEXTS}),
}


@given(st.sampled_from(EntryKind), st.integers(0, 10**11), DIGESTS, st.data())
def test_each_entry_reads_back(kind: EntryKind, seconds: int, digest: bytes, data: st.DataObject) -> None:
    time = datetime.fromtimestamp(seconds, UTC)
    entry = LogEntry(kind=kind, time=time, digest=digest, detail=data.draw(DETAILS[kind]))  # type: ignore[arg-type]

    assert LogEntry.decode(entry.encode()) == entry
    assert len(entry.encode()) < 300


def test_the_entry_of_the_vector_reads_and_writes_alike() -> None:
    entry = LogEntry.decode(bytes.fromhex(RECEIPT["log_entry_hex"]))

    assert entry.kind is EntryKind.RECEIPT
    assert entry.detail is None
    assert entry.digest.hex() == RECEIPT["statement_sha256_hex"]
    assert entry.encode().hex() == RECEIPT["log_entry_hex"]


def test_a_time_in_another_zone_is_the_same_second() -> None:
    local = AT.astimezone(timezone(timedelta(hours=8)))
    entry = LogEntry(kind=EntryKind.RECEIPT, time=local, digest=DIGEST)

    assert LogEntry.decode(entry.encode()).time == AT


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        (EntryKind.RECEIPT, {}),
        (EntryKind.RECEIPT, {1: "x"}),
        (EntryKind.GENESIS, None),
        (EntryKind.GENESIS, {}),
        (EntryKind.GENESIS, {1: ""}),
        (EntryKind.GENESIS, {1: "x" * 256}),
        (EntryKind.INTENT, {1: "document"}),
        (EntryKind.INTENT, {1: "document", 2: b"short"}),
        (EntryKind.INTENT, {1: "document", 2: KID, 3: b"short"}),
        (EntryKind.INTENT, {1: "document", 2: KID, 4: DIGEST}),
        (EntryKind.STATE, {1: "licence"}),
        (EntryKind.STATE, {1: "licence", 2: 5}),
        (EntryKind.ADMIN, {1: "x" * 65}),
        (EntryKind.ABANDONED, {1: -1}),
        (EntryKind.ABANDONED, {1: True}),
    ],
)
def test_a_detail_that_is_not_of_the_kind_is_refused(kind: EntryKind, detail: dict[int, object] | None) -> None:
    with pytest.raises(LogEntryError):
        LogEntry(kind=kind, time=AT, digest=DIGEST, detail=detail)


@pytest.mark.parametrize("time", [AT.replace(tzinfo=None), AT.replace(microsecond=5)])
def test_a_time_without_zone_or_with_a_fraction_is_refused(time: datetime) -> None:
    with pytest.raises(LogEntryError):
        LogEntry(kind=EntryKind.RECEIPT, time=time, digest=DIGEST)


@pytest.mark.parametrize(
    "parts",
    [
        [1, 3, 0],
        [1, 3, 0, DIGEST, {}, 0],
        [2, 3, 0, DIGEST],
        [True, 3, 0, DIGEST],
        [1, 4, 0, DIGEST],
        [1, True, 0, DIGEST, {1: "x", 2: KID}],
        [1, 3, -1, DIGEST],
        [1, 3, 253_402_300_800, DIGEST],
        [1, 3, False, DIGEST],
        [1, 3, 0, "x" * 32],
        [1, 3, 0, bytes(31)],
        [1, 6, 0, DIGEST, []],
        [1, 6, 0, DIGEST, None],
        {},
        [1, 0, 0, DIGEST, {1: "é" * 255}],
    ],
)
def test_an_array_that_we_would_not_write_is_refused(parts: object) -> None:
    with pytest.raises(MalformedError):
        LogEntry.decode(cbor.encode(parts))
