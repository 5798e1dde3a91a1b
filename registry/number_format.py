"""The small language in which a licence type says how its numbers look.

    JY{field:KZ_ZTYT:1}{division}{serial:6}{check:mod_11_10}

literal text · ``{year}`` of issue, four digits · ``{division}`` of the issuer, six digits · ``{field:KZ_X:n}`` place
of the chosen value among the field's choices, counted from 1, in n digits · ``{serial:n}`` n digits, once ·
``{check:mod_11_10}`` at the end: the check digit of ISO/IEC 7064 MOD 11,10 over all digits before it. Nothing else.

Promises: pure; a text that is not exactly of this form is refused; what ``compose`` writes, ``check`` accepts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from registry.errors import NumberExhaustedError, NumberFormatError, NumberMalformedError
from verify.check_characters import mod_11_10
from verify.errors import FieldProblem

FORMAT_LENGTH_MAX: Final = 100
# The number stands in the QR code, three bytes for each Chinese character.
NUMBER_LENGTH_MAX: Final = 60
_YEAR_DIGITS: Final = 4
_DIVISION_DIGITS: Final = 6

_PART: Final = re.compile(
    r"(?P<literal>[^{}\x00-\x1f\x7f]+)"
    r"|\{(?P<year>year)\}"
    r"|\{(?P<division>division)\}"
    r"|\{field:(?P<field>KZ_[A-Z0-9]{1,30}):(?P<field_digits>[1-3])\}"
    r"|\{serial:(?P<serial>[1-9]|1[0-2])\}"
    r"|\{(?P<check>check:mod_11_10)\}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberValues:
    """What the parts of a number stand for; ``places`` are those of the chosen values among their choices."""

    year: int
    division: str
    places: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Part:
    kind: str
    text: str = ""
    digits: int = 0


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A parsed number format."""

    parts: tuple[_Part, ...]

    @property
    def has_year(self) -> bool:
        """Say whether serials begin anew each year."""
        return any(part.kind == "year" for part in self.parts)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields whose choices enter the number."""
        return tuple(part.text for part in self.parts if part.kind == "field")

    @property
    def serial_max(self) -> int:
        """The largest serial that has room."""
        return int("9" * next(part.digits for part in self.parts if part.kind == "serial"))

    def field_digits(self, short_name: str) -> int:
        """Return how many digits the choice of this field takes."""
        return next(part.digits for part in self.parts if part.kind == "field" and part.text == short_name)

    def compose(self, values: NumberValues, serial: int) -> str:
        """Return the number with this serial. Raises ``NumberExhaustedError`` when the serial has no room."""
        text = ""
        for part in self.parts:
            text += mod_11_10(_digits_of(text)) if part.kind == "check" else _text_of(part, values, serial)
        return text

    def check(self, number: str, values: NumberValues) -> None:
        """Refuse a number that somebody gave: its form, the chosen fields and the check digit must fit.

        Year and division may be others, for numbers are older than offices. Raises ``NumberMalformedError``.
        """
        pattern = "".join(_pattern_of(part, values) for part in self.parts)
        if len(number) > NUMBER_LENGTH_MAX or not re.fullmatch(pattern, number):
            raise NumberMalformedError
        if self.parts[-1].kind == "check" and mod_11_10(_digits_of(number[:-1])) != number[-1]:
            raise NumberMalformedError

    def problem(self, number: str, values: NumberValues) -> FieldProblem | None:
        """Return what is wrong with a given number, for a list of problems."""
        try:
            self.check(number, values)
        except NumberMalformedError as error:
            return FieldProblem(field="number", code=error.code)
        return None


@lru_cache(maxsize=256)
def parse_number_format(text: str) -> NumberFormat:
    """Read a number format. Raises ``NumberFormatError``."""
    if not 0 < len(text) <= FORMAT_LENGTH_MAX:
        raise NumberFormatError("a number format has 1 to 100 characters")
    parts, position = [], 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise NumberFormatError(f"cannot be read at character {position + 1}")
        parts.append(_part_of(match))
        position = match.end()
    kinds = [part.kind for part in parts]
    if kinds.count("serial") != 1:
        raise NumberFormatError("a number format has one serial")
    if any(kinds.count(kind) > 1 for kind in ("year", "division", "check")):
        raise NumberFormatError("year, division and check stand at most once")
    if "check" in kinds and kinds[-1] != "check":
        raise NumberFormatError("the check digit stands at the end")
    if len({part.text for part in parts if part.kind == "field"}) != kinds.count("field"):
        raise NumberFormatError("a field stands at most once")
    return NumberFormat(tuple(parts))


def _part_of(match: re.Match[str]) -> _Part:
    if match["literal"] is not None:
        return _Part("literal", text=match["literal"])
    if match["field"] is not None:
        return _Part("field", text=match["field"], digits=int(match["field_digits"]))
    if match["serial"] is not None:
        return _Part("serial", digits=int(match["serial"]))
    return _Part("year" if match["year"] else "division" if match["division"] else "check")


def _text_of(part: _Part, values: NumberValues, serial: int) -> str:
    if part.kind == "literal":
        return part.text
    if part.kind == "year":
        return f"{values.year:04}"
    if part.kind == "division":
        return values.division
    number = serial if part.kind == "serial" else values.places[part.text]
    text = f"{number:0{part.digits}}"
    if len(text) > part.digits:
        raise NumberExhaustedError
    return text


def _pattern_of(part: _Part, values: NumberValues) -> str:
    if part.kind in {"literal", "field"}:
        return re.escape(_text_of(part, values, 0))
    digits = {"year": _YEAR_DIGITS, "division": _DIVISION_DIGITS, "serial": part.digits, "check": 1}[part.kind]
    return f"[0-9]{{{digits}}}"


def _digits_of(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")
