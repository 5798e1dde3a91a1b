"""The data set: one spelling, nothing left out, nothing shown by accident."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify import cbor
from verify.errors import MalformedError
from verify.licence import DataSet, DataSetError, HolderKind, day_number, day_of, licence_end, mask_name, shown_kind
from verify.values import LicenceId, LicenceIdentifier

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())["dataset"]
IDENTIFIER = LicenceIdentifier("1.2.156.3005.2.11100000MB03271699001.11320500014150050B.A1B2C3D4E5.001.Y")


@pytest.fixture
def data_set() -> DataSet:
    return DataSet(
        salt=bytes(range(16)),
        type_code="11100000MB03271699001",
        number="JY13205080123456",
        holder_name="苏州市姑苏区平江路老字号糕团食品有限公司",
        holder_uscc="91610800064834709T",
        valid_from=date(2026, 3, 18),
        valid_until=date(2031, 3, 17),
        office_name="苏州市姑苏区行政审批局",
        fields={"住所": "江苏省苏州市", "法定代表人": "王建国"},
        identifier=IDENTIFIER,
        licence_id=LicenceId(bytes(10)),
    )


def test_the_encoding_is_that_of_the_vector_with_identifier_and_id(data_set: DataSet) -> None:
    entries = cbor2.loads(bytes.fromhex(VECTOR["deterministic_cbor_hex"]))
    same = replace(
        data_set,
        salt=entries[0],
        holder_name=entries[3],
        valid_from=day_of(entries[5]),
        valid_until=day_of(entries[6]),
        office_name=entries[7],
        fields=entries[10],
    )

    assert cbor2.loads(same.encode()) == entries | {4: "91610800064834709T", 11: IDENTIFIER.text, 12: bytes(10)}
    assert cbor.encode(entries).hex() == VECTOR["deterministic_cbor_hex"]
    assert hashlib.sha256(cbor.encode(entries)).hexdigest() == VECTOR["sha256_hex"]


def test_a_data_set_reads_back(data_set: DataSet) -> None:
    person = replace(data_set, holder_uscc=None, valid_until=None, fields={})
    association = replace(person, without_uscc=True)

    for each in (data_set, person, association):
        assert DataSet.decode(each.encode()) == each
    assert [each.holder_kind for each in (data_set, person, association)] == [
        HolderKind.ORGANISATION,
        HolderKind.PERSON,
        HolderKind.ORGANISATION,
    ]
    assert [8 in cbor2.loads(each.encode()) for each in (data_set, person, association)] == [False, False, True]


@given(st.dictionaries(st.text(min_size=1, max_size=64), st.text(max_size=50), max_size=10))
def test_any_fields_read_back(fields: dict[str, str]) -> None:
    data_set = DataSet(
        salt=bytes(16),
        type_code="11100000MB03271699001",
        number="1",
        holder_name="王",
        holder_uscc=None,
        valid_from=date(2026, 1, 1),
        valid_until=None,
        office_name="局",
        fields=fields,
        identifier=IDENTIFIER,
        licence_id=LicenceId(bytes(10)),
    )

    assert dict(DataSet.decode(data_set.encode()).fields) == fields


def test_the_digest_is_over_the_encoding_and_the_short_one_is_its_start(data_set: DataSet) -> None:
    assert data_set.digest == hashlib.sha256(data_set.encode()).digest()
    assert data_set.short_digest == data_set.digest[:16]


def test_later_changes_of_the_map_that_was_given_do_not_reach_the_data_set(data_set: DataSet) -> None:
    given_fields = {"住所": "甲"}
    made = replace(data_set, fields=given_fields)

    given_fields["住所"] = "乙"

    assert made.fields["住所"] == "甲"


def test_a_data_set_is_not_shown_by_its_repr(data_set: DataSet) -> None:
    assert "糕团" not in repr(data_set)
    assert hash(data_set) == hash(replace(data_set))


@pytest.mark.parametrize(
    "change",
    [
        {"salt": bytes(15)},
        {"number": ""},
        {"holder_name": "王" * 201},
        {"office_name": ""},
        {"type_code": "11100000000013338W011"},
        {"type_code": "x"},
        {"holder_uscc": "91610800064834709X"},
        {"without_uscc": True},
        {"valid_until": date(2026, 3, 17)},
        {"valid_until": date(9999, 12, 31)},
        {"fields": {str(number): "" for number in range(101)}},
        {"fields": {"": "x"}},
        {"fields": {"x" * 65: ""}},
        {"fields": {"x": "x" * 4001}},
        {"fields": {"x": 1}},
    ],
)
def test_what_no_licence_can_say_is_refused(data_set: DataSet, change: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        replace(data_set, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [{0: "salt"}, {1: b""}, {3: 1}, {4: 1}, {5: "x"}, {5: -1}, {6: None}, {5: True}, {8: 0}, {8: True}, {8: 1}, {10: []}, {10: {1: "x"}}, {11: "x"}, {12: b""}, {12: "x"}, {13: 1}, {-1: 1}],
)  # fmt: skip
def test_a_map_that_we_would_not_write_is_refused(data_set: DataSet, change: dict[int, object]) -> None:
    entries = cbor2.loads(data_set.encode()) | change

    with pytest.raises(MalformedError):
        DataSet.decode(cbor.encode(entries))


@pytest.mark.parametrize("key", [0, 1, 2, 3, 5, 7, 10, 11, 12])
def test_each_required_key_is_required(data_set: DataSet, key: int) -> None:
    entries = cbor2.loads(data_set.encode())
    del entries[key]

    with pytest.raises(DataSetError):
        DataSet.decode(cbor.encode(entries))


def test_what_is_no_map_is_no_data_set() -> None:
    with pytest.raises(DataSetError):
        DataSet.decode(b"\x80")


def test_a_licence_ends_at_midnight_in_china_of_the_day_after() -> None:
    assert licence_end(date(2031, 3, 17)) == datetime(2031, 3, 17, 16, tzinfo=UTC)
    assert int(licence_end(day_of(22355)).timestamp()) == 1931529600  # claim 4 of the first vector


@given(st.dates(date(1970, 1, 1), date(9998, 12, 31)))
def test_day_numbers_and_dates_turn_into_each_other(day: date) -> None:
    assert day_of(day_number(day)) == day
    assert date(1970, 1, 1) + timedelta(days=day_number(day)) == day


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王建国", "王*国"),
        ("王建", "王*"),
        ("欧阳建国", "欧**国"),
        ("王", "*"),
        ("", ""),
        (" 王建国 ", "王*国"),
        ("阿卜杜拉·买买提", "阿***·买**"),
        ("迪丽•热巴", "迪*•热*"),
        ("John Smith", "J*** S****"),
        ("王\U000e0100建国", "王\U000e0100*国"),  # a variation selector belongs to the character before it
        ("𠮷田", "𠮷*"),
        ("·", "·"),
    ],
)
def test_names_of_persons_are_masked(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text("王建国明华", min_size=2, max_size=8))
def test_masking_keeps_the_length_and_hides_the_middle(name: str) -> None:
    masked = mask_name(name)

    assert len(masked) == len(name)
    assert set(masked[1 : -1 or None] if len(name) > 2 else masked[1:]) == {"*"}


@given(st.text(max_size=12) | st.text(alphabet="王建 ·•\ufe00*", max_size=8))
def test_a_masked_name_is_masked_already(name: str) -> None:
    assert mask_name(mask_name(name)) == mask_name(name)


@pytest.mark.parametrize(
    ("holder", "uscc", "kind"),
    [
        ("欧*䶮", None, HolderKind.PERSON),
        ("阿***·买**", None, HolderKind.PERSON),
        ("示例市老城商会", None, HolderKind.ORGANISATION),
        ("示例市老城商会", "91610800064834709T", HolderKind.ORGANISATION),
        ("*", "91610800064834709T", HolderKind.ORGANISATION),
    ],
)
def test_a_code_shows_persons_masked_and_organisations_in_full(holder: str, uscc: str | None, kind: HolderKind) -> None:
    assert shown_kind(holder, uscc) is kind
