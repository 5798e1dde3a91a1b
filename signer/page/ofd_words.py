"""The small words of OFD's XML: numbers, texts, colours, and the frame of a part.

Promises:
  * One spelling for each thing (README.md, "Form of an own OFD"); no white space but what belongs to a text.
  * Any text stays a text: what would be markup is escaped, a control character is refused.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Final

from signer.page.errors import ControlCharacterError
from signer.page.model import Colour
from signer.page.packed import Packed
from verify.licence import ISSUER_ZONE

NAMESPACE: Final = "http://www.ofdspec.org/2016"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
# Coordinates of one type's pages repeat; a cache of them is dropped when it has grown to some megabytes.
_CACHED_NUMBERS_MAX: Final = 50_000

_SPECIAL: Final = re.compile(r'[&<>"\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]')
# XML 1.0 has no way to write most of these, and no text of a document needs the others; line feed and tab are texts.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


class _Numbers(dict[float, str]):
    """Numbers in four decimals: sums of 60 of them are still right to 0.003 mm."""

    __slots__ = ()

    def __missing__(self, value: float) -> str:
        if len(self) > _CACHED_NUMBERS_MAX:
            self.clear()
        text = f"{value:.4f}".rstrip("0").rstrip(".")
        self[value] = text = "0" if text == "-0" else text
        return text


class _Colours(dict[Colour, str]):
    """Colours as three numbers from 0 to 255."""

    __slots__ = ()

    def __missing__(self, colour: Colour) -> str:
        text = self[colour] = f"{colour[0]} {colour[1]} {colour[2]}"
        return text


number: Final = _Numbers().__getitem__
colour_text: Final = _Colours().__getitem__


def escape(text: str) -> str:
    """Write a text, in an element or between quotes. Raises `ControlCharacterError`."""
    if _SPECIAL.search(text) is None:
        return text
    if _CONTROL.search(text):
        raise ControlCharacterError
    return text.translate(_ESCAPES)


def part_text(element: str, content: str, attributes: str = "") -> str:
    """Write a whole part: its only element, which names the namespace."""
    return f'{_HEAD}<ofd:{element} xmlns:ofd="{NAMESPACE}"{attributes}>{content}</ofd:{element}>'


def part(element: str, content: str, attributes: str = "") -> Packed:
    """Make a part of a package."""
    return Packed(part_text(element, content, attributes).encode())


# The licences of a chunk are made at one moment.
@lru_cache(maxsize=64)
def moment_text(moment: datetime) -> str:
    """Write a moment as `xs:dateTime` without a zone, which readers take as their own: China's, as on the page."""
    return f"{moment.astimezone(ISSUER_ZONE):%Y-%m-%dT%H:%M:%S}"
