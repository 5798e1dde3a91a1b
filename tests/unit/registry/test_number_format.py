"""The language of number formats: strict reading, composing and checking as inverses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import NumberExhaustedError, NumberFormatError, NumberMalformedError
from registry.number_format import FORMAT_LENGTH_MAX, NumberValues, parse_number_format

FOOD = "JY{field:KZ_ZTYT:1}{division}{serial:6}{check:mod_11_10}"
PERMIT = "示城管招字〔{year}〕第{serial:5}号"
VALUES = NumberValues(year=2026, division="990100", places={"KZ_ZTYT": 2})


def test_each_part_is_written_in_its_digits() -> None:
    assert parse_number_format(PERMIT).compose(VALUES, 7) == "示城管招字〔2026〕第00007号"
    assert parse_number_format(FOOD).compose(VALUES, 7).startswith("JY2990100000007")


@given(st.sampled_from([FOOD, PERMIT, "{serial:12}", "a{field:KZ_ZTYT:3}{year}{division}-{serial:4}"]), st.data())
def test_what_is_composed_is_accepted_and_any_other_digit_is_not(text: str, data: st.DataObject) -> None:
    number_format = parse_number_format(text)
    number = number_format.compose(VALUES, data.draw(st.integers(0, 9_999)))

    number_format.check(number, VALUES)
    assert number_format.problem(number, VALUES) is None
    assert number_format.problem(number + "0", VALUES) is not None
    assert number_format.problem(number[:-1], VALUES) is not None


@given(st.integers(0, 999_999), st.integers(3, 15), st.integers(1, 9))
def test_a_slip_in_one_digit_breaks_the_check_digit(serial: int, place: int, step: int) -> None:
    number_format = parse_number_format(FOOD)
    number = number_format.compose(VALUES, serial)
    slipped = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]

    with pytest.raises(NumberMalformedError):
        number_format.check(slipped, VALUES)


def test_year_and_division_of_a_given_number_may_be_others_its_fields_may_not() -> None:
    number_format = parse_number_format("A{field:KZ_ZTYT:1}-{year}-{division}-{serial:2}")

    number_format.check("A2-1998-110000-07", VALUES)
    with pytest.raises(NumberMalformedError):
        number_format.check("A1-1998-110000-07", VALUES)


def test_a_problem_names_field_and_code_and_not_the_number() -> None:
    problem = parse_number_format(PERMIT).problem("王五", VALUES)

    assert problem is not None
    assert (problem.field, problem.code, dict(problem.params)) == ("number", "number.malformed", {})


@pytest.mark.parametrize(("text", "serial"), [(PERMIT, 100_000), ("{field:KZ_ZTYT:1}{serial:1}", 10)])
def test_a_serial_without_room_is_refused(text: str, serial: int) -> None:
    with pytest.raises(NumberExhaustedError):
        parse_number_format(text).compose(VALUES, serial)


def test_what_enters_the_number_is_known() -> None:
    number_format = parse_number_format("{field:KZ_A:2}{field:KZ_B:1}{serial:3}")

    assert number_format.fields == ("KZ_A", "KZ_B")
    assert number_format.field_digits("KZ_A") == 2
    assert not number_format.has_year
    assert parse_number_format(PERMIT).has_year


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * (FORMAT_LENGTH_MAX + 1),
        "no serial",
        "{serial:5}{serial:5}",
        "{serial:13}",
        "{serial:0}",
        "{serial}",
        "{year}{year}{serial:1}",
        "{division}{division}{serial:1}",
        "{check:mod_11_10}{serial:1}",
        "{serial:1}{check:mod_11_10}{check:mod_11_10}",
        "{serial:1}{check:mod_97}",
        "{field:KZ_A:1}{field:KZ_A:1}{serial:1}",
        "{field:kz_a:1}{serial:1}",
        "{field:KZ_A:4}{serial:1}",
        "{serial:1}{unknown}",
        "{serial:1}}",
        "{serial:1}\n",
    ],
)
def test_a_format_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(NumberFormatError):
        parse_number_format(text)


@given(st.text(max_size=40))
def test_any_text_is_a_format_or_is_refused(text: str) -> None:
    try:
        parsed = parse_number_format(text)
    except NumberFormatError:
        return
    assert [part.kind for part in parsed.parts].count("serial") == 1
