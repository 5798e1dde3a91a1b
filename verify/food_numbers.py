"""Numbers of food licences: JY (food business) and SC (food production), each with a check digit.

The check digit is ISO/IEC 7064 MOD 11,10 over the 13 digits before it. For numbers that we give, a wrong digit is an
error; on a foreign licence the caller reports ``FoodNumberCheckError`` as a warning (spec/identifiers.md).
"""

import re
from typing import Final

from verify.check_characters import mod_11_10
from verify.errors import MalformedError

_BUSINESS_FORM: Final = re.compile(r"JY([123][0-9]{12})([0-9])")
_PRODUCTION_FORM: Final = re.compile(r"SC([0-9]{13})([0-9])")


class FoodNumberError(MalformedError):
    """Not the number of a food licence."""

    code = "food_number.malformed"


class FoodNumberCheckError(FoodNumberError):
    """The number of a food licence with a wrong check digit."""

    code = "food_number.check_character"


def _check(text: str, form: re.Pattern[str]) -> None:
    match = form.fullmatch(text)
    if match is None:
        raise FoodNumberError("not the number of a food licence")
    if mod_11_10(match[1]) != match[2]:
        raise FoodNumberCheckError("wrong check digit")


def _make(letters: str, digits: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(f"{letters}{digits}0"):
        raise FoodNumberError("the parts do not make the number of a food licence")
    return f"{letters}{digits}{mod_11_10(digits)}"


def check_food_business_number(text: str) -> None:
    """Refuse what is not JY, form of business (1 sale, 2 catering, 3 canteen), division, serial of 6, check digit."""
    _check(text, _BUSINESS_FORM)


def check_food_production_number(text: str) -> None:
    """Refuse what is not SC, food category of 3 digits, division, serial of 4, check digit."""
    _check(text, _PRODUCTION_FORM)


def make_food_business_number(form: str, division: str, serial: int) -> str:
    """Make a food business number; ``form`` is 1, 2 or 3, ``division`` has six digits, ``serial`` at most six."""
    return _make("JY", f"{form}{division}{serial:06}", _BUSINESS_FORM)


def make_food_production_number(category: str, division: str, serial: int) -> str:
    """Make a food production number; ``category`` has three digits, ``division`` six, ``serial`` at most four."""
    return _make("SC", f"{category}{division}{serial:04}", _PRODUCTION_FORM)
