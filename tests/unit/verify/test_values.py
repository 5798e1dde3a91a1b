"""Identifiers: a value that exists has its form and its check character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.errors import MalformedError
from verify.values import (
    CitizenNumber,
    ItemCode,
    LicenceId,
    LicenceIdentifier,
    LicenceIdentifierCheckError,
    LicenceIdentifierError,
    LicenceTypeCode,
    TypingError,
    Uscc,
)

TYPE = LicenceTypeCode("11100000MB03271699001")
ISSUER = Uscc("11320500014150050B")


@pytest.mark.parametrize(
    "text",
    [
        "11100000000013339W",  # a slip
        "11100000000013338w",  # small letter
        "11100000000013338",
        "11100000000013338W0",
        "1110O000000013338W",
        "",
        "11100000000013338W\n",
        "１１100000000013338W",
    ],
)
def test_what_is_no_credit_code_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        Uscc(text)

    assert caught.value.code == "uscc.malformed"
    assert len(text) < 5 or text not in str(caught.value)


@pytest.mark.parametrize("text", ["11010519491231002X", "440524188001010014", "310000199912318884"])
def test_citizen_numbers_of_the_standard_are_accepted(text: str) -> None:
    assert CitizenNumber(text).text == text


def test_a_small_x_becomes_a_capital_one() -> None:
    assert CitizenNumber("11010519491231002x") == CitizenNumber("11010519491231002X")


@pytest.mark.parametrize(
    "text",
    [
        "11010519491231003X",
        "110105194912310020",
        "110101200102290016",
        "11010519491331002X",
        "1101051949123100",
        "X" * 18,
    ],
)
def test_what_is_no_citizen_number_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        CitizenNumber(text)

    assert caught.value.code == "citizen_number.malformed"


def test_a_citizen_number_is_never_shown_by_its_repr() -> None:
    assert "1949" not in repr(CitizenNumber("11010519491231002X"))


def test_a_refused_birth_date_does_not_keep_the_number_in_its_cause() -> None:
    with pytest.raises(MalformedError) as caught:
        CitizenNumber("11010519491331002X")

    assert caught.value.__suppress_context__


def test_a_licence_type_names_who_defines_it() -> None:
    assert TYPE.defined_by == Uscc("11100000MB03271699")


@pytest.mark.parametrize(
    "text", ["11100000MB0327169901", "11100000MB0327169900A", "11100000MB03271698001", "11100000MB03271699٠٠١"]
)
def test_what_is_no_licence_type_code_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        LicenceTypeCode(text)

    assert caught.value.code == "licence_type_code.malformed"


def test_our_identifier_is_the_one_of_the_specification() -> None:
    made = LicenceIdentifier.make(TYPE, ISSUER, "A1B2C3D4E5", 1)

    assert made.text == "1.2.156.3005.2.11100000MB03271699001.11320500014150050B.A1B2C3D4E5.001.Y"
    assert (made.type_code, made.issuer, made.serial, made.version) == (TYPE, ISSUER.text, "A1B2C3D4E5", 1)


@pytest.mark.parametrize(
    "rest",
    ["11100000000013338W032.11220000013544541J.2430599.001.F", "11100000MB03271699022.340100.000000016.001.9"],
)
def test_what_other_offices_write_is_read(rest: str) -> None:
    assert LicenceIdentifier(f"1.2.156.3005.2.{rest}").version == 1


@pytest.mark.parametrize(
    "text",
    [
        "1.2.156.3003.2.11100000MB03271699001.11320500014150050B.A1B2C3D4E5.001.Y",  # root of an older product
        "1.2.156.3005.2.11100000MB03271699001.11320500014150050B.A1B2C3D4E5.000.0",
        "1.2.156.3005.2.11100000MB03271699001.11320500014150050C.A1B2C3D4E5.001.Y",
        "1.2.156.3005.2.11100000MB03271698001.11320500014150050B.A1B2C3D4E5.001.Y",
        "1.2.156.3005.2.11100000MB03271699001.11320500014150050B.A1B2C3D4E5.001.Y\n",
        "1.2.156.3005.2.11100000MB03271699001.11320500014150050B.A1-2C3D4E5.001.Y",
        "",
    ],
)
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(LicenceIdentifierError):
        LicenceIdentifier(text)


def test_a_wrong_check_character_has_a_code_of_its_own() -> None:
    shandong = "1.2.156.3005.2.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M"

    with pytest.raises(LicenceIdentifierCheckError):
        LicenceIdentifier(shandong)


@pytest.mark.parametrize(
    ("serial", "version"), [("A" * 9, 1), ("A" * 33, 1), ("a" * 10, 1), ("A" * 10, 0), ("A" * 10, 1000)]
)
def test_we_do_not_make_what_the_convention_forbids(serial: str, version: int) -> None:
    with pytest.raises(LicenceIdentifierError):
        LicenceIdentifier.make(TYPE, ISSUER, serial, version)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=10, max_size=32), st.integers(1, 999))
def test_each_identifier_that_we_make_can_be_read(serial: str, version: int) -> None:
    made = LicenceIdentifier.make(TYPE, ISSUER, serial, version)

    assert (made.serial, made.version) == (serial, version)


def test_the_id_of_the_vector_reads_as_printed() -> None:
    licence_id = LicenceId(bytes.fromhex("4270bdfd35f31cfef359"))

    assert licence_id.text == "89RBVZ9NYCEFXWTS"
    assert licence_id.typed[:20] == "89RB-VZ9N-YCEF-XWTS-"


@given(st.binary(min_size=10, max_size=10))
def test_text_and_typed_form_of_an_id_read_back(octets: bytes) -> None:
    licence_id = LicenceId(octets)

    assert LicenceId.parse(licence_id.text) == licence_id
    assert LicenceId.parse_typed(licence_id.typed) == licence_id
    assert (
        LicenceId.parse_typed(licence_id.typed.lower().replace("-", " ").replace("0", "o").replace("1", "l"))
        == licence_id
    )
    assert LicenceId.parse_typed(licence_id.text) == licence_id


@given(st.binary(min_size=10, max_size=10), st.integers(0, 16), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_a_slip_of_the_finger_is_told_as_such(octets: bytes, place: int, other: str) -> None:
    typed = LicenceId(octets).typed.replace("-", "")
    slip = typed[:place] + other + typed[place + 1 :]

    if slip != typed:
        with pytest.raises(TypingError):
            LicenceId.parse_typed(slip)


@pytest.mark.parametrize(
    "text", ["", "89RBVZ9NYCEFXWT", "89RBVZ9NYCEFXWTS00", "89RBVZ9NYCEFXWTU", "8" * 1000, "8" * 16 + "-" * 60]
)
def test_what_cannot_have_been_printed_is_a_typing_error(text: str) -> None:
    with pytest.raises(TypingError):
        LicenceId.parse_typed(text)


@pytest.mark.parametrize("text", ["89rbvz9nycefxwts", "89RB-VZ9N-YCEF-XWTS", "O9RBVZ9NYCEFXWTS", "89RBVZ9NYCEFXWTS\n"])
def test_the_id_in_an_address_is_not_folded(text: str) -> None:
    with pytest.raises(MalformedError):
        LicenceId.parse(text)


@pytest.mark.parametrize("octets", [b"", b"x" * 9, b"x" * 11])
def test_an_id_has_ten_bytes(octets: bytes) -> None:
    with pytest.raises(MalformedError):
        LicenceId(octets)


@pytest.mark.parametrize("text", ["1131000068735121X0231010032700001", "12441500196720244T3442199806003"])
def test_codes_of_service_items_in_use_are_accepted(text: str) -> None:
    assert not ItemCode(text).is_legacy


@pytest.mark.parametrize("length", [10, 12, 24])
def test_older_codes_of_service_items_are_accepted_as_legacy(length: int) -> None:
    assert ItemCode("0" * length).is_legacy


@pytest.mark.parametrize(
    "text",
    [
        "1131000068735121X1231010032700001",
        "1131000068735121X0831010032700001",
        "12441500196720244T34421998060031",
        "x" * 10,
    ],
)
def test_what_is_no_item_code_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        ItemCode(text)

    assert caught.value.code == "item_code.malformed"


@given(st.binary(min_size=10, max_size=10))
def test_an_id_knows_its_own_text_and_no_other(octets: bytes) -> None:
    licence_id = LicenceId(octets)
    text = licence_id.text

    assert licence_id.is_text(text)
    assert licence_id.is_text(LicenceId(bytes(10)).text) is (octets == bytes(10))
    for wrong in (text.lower() + "_", text[:-1], f"0{text}", f" {text[1:]}", f"U{text[1:]}", f"+{text[1:]}", ""):
        assert not licence_id.is_text(wrong)


def test_an_id_is_not_read_in_other_digits() -> None:
    assert not LicenceId(bytes(10)).is_text("\uff10" * 16)
    assert not LicenceId(bytes(9) + b"\x0a").is_text("000000000000000a")
