"""Read JSON as everybody else reads it, or not at all (RFC 8259, and RFC 7493, I-JSON).

Promises:
  * UTF-8 alone, without a mark at its beginning: what one program reads as UTF-16 is another text to the next.
  * No name twice in an object, no half of a character, no NaN and no Infinity, no number longer than any that is meant.
  * A limit of depth, found without recursion; each refusal has its own error and none repeats a value.
"""

import json
import re
from itertools import accumulate
from typing import Final

from verify.errors import MalformedError

# The deepest body of ours is four levels deep.
DEPTH_MAX: Final = 32
# 64 bits have 20 digits; a fraction with its exponent, as programs write one, has 25 characters.
DIGITS_MAX: Final = 20
FRACTION_LENGTH_MAX: Final = 40
_MARK: Final = "\ufeff"
_TEXTS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_OPENING: Final = b"[{"
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS: Final = bytes(each for each in range(256) if each not in _STEPS)
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")


class JsonError(MalformedError):
    """No JSON at all; the root of what follows."""

    code = "json.malformed"


class JsonEncodingError(JsonError):
    """Not in UTF-8, or with a byte order mark."""

    code = "json.encoding"


class JsonNameTwiceError(JsonError):
    """An object that has a name twice: which value is meant nobody can say."""

    code = "json.name_twice"


class JsonNumberError(JsonError):
    """NaN, Infinity, or a number with more digits than any that is meant."""

    code = "json.number"


class JsonTextError(JsonError):
    """A text with half a character: one surrogate without the other."""

    code = "json.half_character"


class JsonDepthError(JsonError):
    """More levels of arrays and objects than any body of ours has."""

    code = "json.depth"


def read_json(content: bytes) -> object:
    """Return the value. Raises `JsonError`, or the one of its leaves that says what is wrong.

    1. The encoding. 2. The depth, before anything is built. 3. Names and numbers. 4. Whole characters.
    """
    text = _decoded(content)  # (1)
    if sum(map(content.count, _OPENING)) > DEPTH_MAX:  # else it cannot be deeper
        _demand_flat(content)  # (2)
    try:
        value: object = _READER.decode(text)  # (3)
        if _HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode()  # (4)
    except UnicodeEncodeError as error:
        raise JsonTextError from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise JsonError from error
    return value


def _decoded(content: bytes) -> str:
    """Return the text; UTF-16 and UTF-32 show by their zeros, which no JSON has."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise JsonEncodingError from error
    if "\x00" in text or text.startswith(_MARK):
        raise JsonEncodingError
    return text


def _demand_flat(content: bytes) -> None:
    brackets = _TEXTS.sub(b"", content).translate(None, _NO_BRACKETS)
    if any(depth > DEPTH_MAX for depth in accumulate(map(_STEPS.__getitem__, brackets))):
        raise JsonDepthError


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonNameTwiceError
    return found


def _whole(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise JsonNumberError
    return int(digits)


def _fraction(digits: str) -> float:
    value = float(digits) if len(digits) <= FRACTION_LENGTH_MAX else float("inf")
    if value in {float("inf"), float("-inf")}:
        raise JsonNumberError
    return value


def _no_number(_word: str) -> object:
    raise JsonNumberError


_READER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction, parse_constant=_no_number
)
