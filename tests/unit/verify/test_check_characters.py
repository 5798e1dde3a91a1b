"""Check characters against codes taken from certificates, file names and standards (spec/identifiers.md)."""

from collections.abc import Callable

import pytest

from verify.check_characters import (
    citizen_character,
    mod_11_10,
    mod_33_32,
    mod_37_36,
    organisation_character,
    uscc_character,
)
from verify.errors import MalformedError


@pytest.mark.parametrize(
    "identifier",
    [
        "11100000000013338W011.11430000006122244L.20230000403.001.U",
        "11100000000013338W011.11430000006122244L.20230000403.002.S",
        "11100000000013338W011.11110000000021135M.20230329701.003.Y",
        "11100000000013338W009.11330105002500287C.2025052201.002.0",
        "11100000000013338W032.11220000013544541J.2430599.001.F",
        "11100000MB03271699022.340100.000000016.001.9",
        "11100000000013338W011.11110000000021135M.2026000001.001.A",
        "11100000MB03271699001.11320500014150050B.A1B2C3D4E5.001.Y",
        "111000000000131433001.11370306MB2867521U.00000001.012.4",
    ],
)
def test_identifiers_in_the_field_have_the_check_character_of_mod_37_36(identifier: str) -> None:
    *parts, check = identifier.split(".")

    assert mod_37_36("".join(parts)) == check


def test_the_provincial_routine_differs_from_the_standard() -> None:
    parts = ["11100000000013661B006", "113700000045046442", "209FA4E88F9E4C878F3E9BED2CE7EA49", "001"]

    assert mod_37_36("".join(parts)) == "D"  # the sample bears M


@pytest.mark.parametrize(
    "code",
    [
        "11100000000013338W",
        "11320500014150050B",
        "11370306MB2867521U",
        "115300000151003540",
        "12100000000018032A",
        "1131000068735121X0",
        "91350100M000100Y43",
        "91610800064834709T",
        "111000000000133390",
    ],
)
def test_codes_of_organisations_have_their_check_character(code: str) -> None:
    assert uscc_character(code[:17]) == code[17]


def test_a_slip_in_a_code_changes_its_check_character() -> None:
    assert uscc_character("11100000000013339") != "W"


@pytest.mark.parametrize(
    ("code", "check"), [("00001333", "8"), ("01415005", "0"), ("68735121", "X"), ("MB286752", "1"), ("M000100Y", "4")]
)
def test_organisation_codes_have_their_check_character(code: str, check: str) -> None:
    assert organisation_character(code) == check


def test_an_organisation_code_whose_sum_is_a_multiple_of_eleven_gets_zero() -> None:
    assert organisation_character("00000000") == "0"


@pytest.mark.parametrize(
    "number",
    ["11010519491231002X", "440524188001010014", "110101199003070011", "110101200002290018", "653225198507150031"],
)
def test_citizen_numbers_have_their_check_character(number: str) -> None:
    assert citizen_character(number[:17]) == number[17]


@pytest.mark.parametrize(("digits", "check"), [("2330100000000", "4"), ("1330100000001", "8"), ("1114401120001", "8")])
def test_food_numbers_have_the_check_digit_of_mod_11_10(digits: str, check: str) -> None:
    assert mod_11_10(digits) == check


def test_mod_33_32_finds_every_single_slip_and_every_swap_of_neighbours() -> None:
    text = "89RBVZ9NYCEFXWTS"
    check = mod_33_32(text)

    slips = {
        text[:place] + other + text[place + 1 :] for place in range(16) for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    }
    swaps = {text[:place] + text[place + 1] + text[place] + text[place + 2 :] for place in range(15)}

    assert all(mod_33_32(each) != check for each in (slips | swaps) - {text})


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (mod_37_36, "a"),
        (mod_11_10, "1A"),
        (mod_33_32, "U"),
        (uscc_character, "I" * 17),
        (uscc_character, "1" * 16),
        (citizen_character, "1" * 18),
        (citizen_character, "١" * 17),
        (organisation_character, "0000000_"),
    ],
)
def test_characters_outside_the_alphabet_and_wrong_lengths_are_refused(
    function: Callable[[str], str], text: str
) -> None:
    with pytest.raises(MalformedError):
        function(text)
