"""Check characters of the national and international standards that our identifiers use.

Promises:
  * Each function computes one character from the characters before it and refuses characters outside its alphabet.
  * Nothing here looks up a register: a right check character says "not mistyped", never "exists".
"""

from functools import lru_cache
from typing import Final

from verify.errors import MalformedError

DIGITS: Final = "0123456789"
ALPHANUMERIC: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# GB 32100-2015: no I, O, S, V, Z.
USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# Crockford's base 32: no I, L, O, U.
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_USCC_WEIGHTS: Final = tuple(3**place % 31 for place in range(17))
_CITIZEN_WEIGHTS: Final = tuple(2 ** (17 - place) % 11 for place in range(17))
_CITIZEN_CHARACTERS: Final = "10X98765432"
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)


def _values(alphabet: str) -> dict[str, int]:
    return {character: value for value, character in enumerate(alphabet)}


_DIGIT_VALUES: Final = _values(DIGITS)
_ALPHANUMERIC_VALUES: Final = _values(ALPHANUMERIC)
_USCC_VALUES: Final = _values(USCC_ALPHABET)
_CROCKFORD_VALUES: Final = _values(CROCKFORD)


def _weigh(text: str, values: dict[str, int], weights: tuple[int, ...]) -> int:
    """Return the weighted sum; the length must be that of the weights."""
    if len(text) != len(weights):
        raise MalformedError("wrong number of characters before the check character")
    try:
        return sum(values[character] * weight for character, weight in zip(text, weights, strict=True))
    except KeyError:
        raise MalformedError("a character outside the alphabet") from None


def _hybrid(text: str, values: dict[str, int]) -> int:
    """Return the check value of the ISO/IEC 7064 hybrid system MOD (M+1, M), M being the size of the alphabet."""
    modulus = len(values)
    product = modulus
    try:
        for character in text:
            product = (product + values[character]) % modulus or modulus
            product = 2 * product % (modulus + 1)
    except KeyError:
        raise MalformedError("a character outside the alphabet") from None
    return (modulus + 1 - product) % modulus


def mod_37_36(text: str) -> str:
    """Return the check character over digits and capital letters (GB/T 17710, ISO/IEC 7064 MOD 37,36)."""
    return ALPHANUMERIC[_hybrid(text, _ALPHANUMERIC_VALUES)]


def mod_11_10(digits: str) -> str:
    """Return the check digit over digits (GB/T 17710, ISO/IEC 7064 MOD 11,10)."""
    return DIGITS[_hybrid(digits, _DIGIT_VALUES)]


def mod_33_32(text: str) -> str:
    """Return the check character over Crockford's alphabet (ISO/IEC 7064 hybrid system, MOD 33,32)."""
    return CROCKFORD[_hybrid(text, _CROCKFORD_VALUES)]


# The same offices and enterprises come again and again; codes of organisations are public and may be remembered.
@lru_cache(maxsize=4096)
def uscc_character(text: str) -> str:
    """Return the check character of the first 17 characters of a unified social credit code (GB 32100-2015)."""
    return USCC_ALPHABET[-_weigh(text, _USCC_VALUES, _USCC_WEIGHTS) % 31]


def citizen_character(digits: str) -> str:
    """Return the check character of the first 17 digits of a citizen number (GB 11643-1999)."""
    return _CITIZEN_CHARACTERS[_weigh(digits, _DIGIT_VALUES, _CITIZEN_WEIGHTS) % 11]


def organisation_character(text: str) -> str:
    """Return the check character of the first 8 characters of an organisation code (GB 11714)."""
    value = 11 - _weigh(text, _ALPHANUMERIC_VALUES, _ORGANISATION_WEIGHTS) % 11
    return {10: "X", 11: "0"}.get(value, str(value))
