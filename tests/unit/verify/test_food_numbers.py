"""Numbers of food licences and their check digit."""

import pytest

from verify.food_numbers import (
    FoodNumberCheckError,
    FoodNumberError,
    check_food_business_number,
    check_food_production_number,
    make_food_business_number,
    make_food_production_number,
)


def test_the_computed_examples_of_the_specification_are_made() -> None:
    assert make_food_business_number("2", "330100", 0) == "JY23301000000004"
    assert make_food_business_number("1", "330100", 1) == "JY13301000000018"
    assert make_food_production_number("111", "440112", 1) == "SC11144011200018"


@pytest.mark.parametrize(
    "text", ["JY43301000000004", "SC23301000000004", "JY2330100000000", "JY23301000000004\n", "", "JY２3301000000004"]
)
def test_what_is_no_food_business_number_is_refused(text: str) -> None:
    with pytest.raises(FoodNumberError):
        check_food_business_number(text)


def test_a_wrong_check_digit_has_a_code_of_its_own() -> None:
    with pytest.raises(FoodNumberCheckError):
        check_food_business_number("JY23301000000005")
    with pytest.raises(FoodNumberCheckError):
        check_food_production_number("SC11144011200019")


@pytest.mark.parametrize(
    ("form", "division", "serial"),
    [("4", "330100", 1), ("1", "33010", 1), ("1", "330100", 1_000_000), ("1", "330100", -1)],
)
def test_a_number_outside_the_form_is_not_made(form: str, division: str, serial: int) -> None:
    with pytest.raises(FoodNumberError):
        make_food_business_number(form, division, serial)


def test_a_production_number_outside_the_form_is_not_made() -> None:
    with pytest.raises(FoodNumberError):
        make_food_production_number("111", "440112", 10_000)


def test_good_numbers_pass() -> None:
    check_food_business_number("JY13301000000018")
    check_food_production_number("SC11144011200018")
