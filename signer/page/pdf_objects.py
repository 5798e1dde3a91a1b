"""The small words of PDF: numbers, texts, streams, and the table of objects with its cross-references.

Promises:
  * One spelling for each thing (README.md, "Form of an own PDF"), so that our own reader needs no parser for the rest.
  * Classic cross-reference table, one revision, no object streams.
"""

from binascii import hexlify
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from signer.page.deflate import deflate
from signer.page.model import Colour

HEAD: Final = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
POINTS: Final = 72 / 25.4
# Coordinates of one type's pages repeat; a cache of them is dropped when it has grown to some megabytes.
_CACHED_NUMBERS_MAX: Final = 50_000


class _Numbers(dict[float, str]):
    """Numbers as PDF writes them, in three decimals: a point's thousandth is far below what a printer can do."""

    __slots__ = ()

    def __missing__(self, value: float) -> str:
        if len(self) > _CACHED_NUMBERS_MAX:
            self.clear()
        text = f"{value:.3f}".rstrip("0").rstrip(".")
        self[value] = text = "0" if text == "-0" else text
        return text


class _Lengths(_Numbers):
    """Millimetres, written in points."""

    __slots__ = ()

    def __missing__(self, value: float) -> str:
        if len(self) > _CACHED_NUMBERS_MAX:
            self.clear()
        text = self[value] = number(value * POINTS)
        return text


class _Colours(dict[Colour, str]):
    """Colours as three numbers from 0 to 1."""

    __slots__ = ()

    def __missing__(self, colour: Colour) -> str:
        text = self[colour] = " ".join(number(each / 255) for each in colour)
        return text


number: Final = _Numbers().__getitem__
length: Final = _Lengths().__getitem__
colour_text: Final = _Colours().__getitem__


# Labels, titles and office names come back on every licence of a type.
@lru_cache(maxsize=2048)
def text_string(text: str) -> str:
    """Write a text of any script: UTF-16 with its mark, in hexadecimal digits."""
    return f"<FEFF{hexlify(text.encode('utf-16-be')).decode().upper()}>"


# The licences of a chunk are made at one moment, and each names it five times.
@lru_cache(maxsize=64)
def date_string(moment: datetime) -> str:
    """Write a moment in UTC to the second."""
    return f"(D:{moment.astimezone(UTC):%Y%m%d%H%M%SZ})"


def stream(content: bytes, entries: str = "") -> bytes:
    """Write a stream, deflated."""
    return stored_stream(deflate(content), f"{entries}/Filter/FlateDecode")


def stored_stream(content: bytes, entries: str) -> bytes:
    """Write a stream of bytes that are as the entries say already."""
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (entries.encode(), len(content), content)


class Objects:
    """The objects of one document, counted from 1; the first ones are reserved for what comes last."""

    def __init__(self, reserved: int = 0) -> None:
        self._bodies: list[bytes] = [b""] * reserved

    @property
    def count(self) -> int:
        """How many objects there are."""
        return len(self._bodies)

    def add(self, body: bytes | str) -> int:
        """Append an object and return its number."""
        self._bodies.append(body if isinstance(body, bytes) else body.encode())
        return len(self._bodies)

    def reserve(self) -> int:
        """Return the number of an object whose body comes later."""
        return self.add(b"")

    def put(self, place: int, body: bytes | str) -> None:
        """Write a reserved object."""
        self._bodies[place - 1] = body if isinstance(body, bytes) else body.encode()

    def write(self, *, root: int, info: int, identifier: bytes) -> tuple[bytearray, tuple[int, ...]]:
        """Return the whole file, and the offset of each object."""
        offsets, parts, at = [], [HEAD], len(HEAD)
        for place, body in enumerate(self._bodies, 1):
            offsets.append(at)
            part = b"%d 0 obj\n%b\nendobj\n" % (place, body)
            parts.append(part)
            at += len(part)
        count = len(offsets) + 1
        parts.append(b"xref\n0 %d\n0000000000 65535 f \n" % count)
        parts += [b"%010d 00000 n \n" % offset for offset in offsets]
        name = hexlify(identifier)
        parts.append(
            b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%b><%b>]>>\nstartxref\n%d\n%%%%EOF\n"
            % (count, root, info, name, name, at)
        )
        return bytearray(b"".join(parts)), tuple(offsets)
