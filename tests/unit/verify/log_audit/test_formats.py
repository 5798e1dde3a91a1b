"""The monthly report and the records for auditors have one spelling; whatever else comes is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from verify import cbor
from verify.errors import MalformedError
from verify.log_audit.monthly import MonthlyReport, ReportError, month_begins, month_of, next_month
from verify.log_audit.records import LINE_BYTES_MAX, TOTALS, RecordsError, RecordsManifest, Rows, encode_row

AT = datetime(2026, 12, 2, 1, 0, tzinfo=UTC)
REPORT = MonthlyReport(
    origin="o/log", month="2026-11", first=5, end=9, root=bytes(32), kinds={1: 3, 2: 1}, purposes={"code": 3},
    departments={"11999999000000078Q": {1: 3, 2: 1}}, made_at=AT,
)  # fmt: skip
MANIFEST = RecordsManifest(
    origin="o/log", size=9, root=bytes(32), made_at=AT, lines=4, digest=bytes(32), totals=dict.fromkeys(TOTALS, 3)
)


def test_report_and_manifest_read_back() -> None:
    assert MonthlyReport.decode(REPORT.encode()) == REPORT
    assert RecordsManifest.decode(MANIFEST.encode()) == MANIFEST


@pytest.mark.parametrize(
    ("key", "value"),
    [(2, "2026-13"), (3, 10), (3, True), (5, bytes(31)), (6, {1: 2}), (6, {1: 4, 2: 0}), (7, {1: 3}), (8, {"x": {}}),
     (8, {"x": {5: 1}}), (8, {"x": 1}), (9, "now"), (10, 1)],
)  # fmt: skip
def test_a_report_with_another_value_is_refused(key: int, value: object) -> None:
    told = cbor.decode(REPORT.encode(), bytes_max=10_000)
    assert isinstance(told, dict)

    with pytest.raises(MalformedError):
        MonthlyReport.decode(cbor.encode(told | {key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [(1, 1), (7, {"people": 3}), (7, {}), (7, dict.fromkeys(TOTALS, "3")), (7, dict.fromkeys(TOTALS, -1)), (9, 0)],
)
def test_a_manifest_with_another_value_is_refused(key: int, value: object) -> None:
    told = cbor.decode(MANIFEST.encode(), bytes_max=10_000)
    assert isinstance(told, dict)

    with pytest.raises(MalformedError):
        RecordsManifest.decode(cbor.encode(told | {key: value}))


def test_months_are_those_of_china() -> None:
    assert month_of(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)) == "2026-11"
    assert month_of(datetime(2026, 11, 30, 16, tzinfo=UTC)) == "2026-12"
    assert month_begins("2026-12") == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert (next_month("2026-11"), next_month("2026-12")) == ("2026-12", "2027-01")
    with pytest.raises(ReportError):
        month_begins("2026-1")
    with pytest.raises(ReportError):
        replace(REPORT, end=8)


def rows(*leaves: int | None) -> Rows:
    return Rows(iter([encode_row({"leaf": leaf}) for leaf in leaves]))


def test_rows_are_handed_out_in_the_order_of_the_log() -> None:
    some = rows(1, 4, 9, None, None)

    assert [some.row(index) is not None for index in range(6)] == [False, True, False, False, True, False]
    assert some.consumed == len(encode_row({"leaf": 1})) + len(encode_row({"leaf": 4}))
    assert [each["leaf"] for each in some.waiting()] == [None, None]


@pytest.mark.parametrize("leaves", [(4, 1), (4, 4), (True,), ("4",)])
def test_rows_out_of_order_are_refused(leaves: tuple[int, ...]) -> None:
    some = rows(*leaves)

    with pytest.raises(RecordsError):
        [some.row(index) for index in range(9)]


@pytest.mark.parametrize("line", [b"[]", b"{", b"[" * 200_000, b"\xff", b" " * (LINE_BYTES_MAX + 1)])
def test_a_line_that_is_no_row_is_refused(line: bytes) -> None:
    with pytest.raises(RecordsError):
        Rows(iter([line])).row(0)


def test_a_row_with_a_leaf_behind_one_without_is_refused() -> None:
    with pytest.raises(RecordsError):
        list(rows(1, None, 2).waiting())
