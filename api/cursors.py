"""Opaque cursors of lists: what a page gives out, the next one takes, and nobody else reads.

Promises: a cursor belongs to its list; anything else is refused with an error, never guessed.
"""

import base64
import binascii
import re
from typing import Final

from api.errors import CursorError

CURSOR_LENGTH_MAX: Final = 120
_FORM: Final = re.compile(r"[A-Za-z0-9_-]{1,120}")
_PLACE: Final = re.compile(r"[!-~]*")
# What both databases can count, and JSON too; a list of ours is never so long.
_NUMBER_MAX: Final = 1 << 53


def write_cursor(of: str, place: str) -> str:
    """Return the cursor for this place of a list."""
    return base64.urlsafe_b64encode(f"{of}:{place}".encode()).decode().rstrip("=")


def read_cursor(of: str, cursor: str | None) -> str | None:
    """Return the place that a cursor of this list names, None for none. Raises `CursorError`."""
    if cursor is None:
        return None
    if not _FORM.fullmatch(cursor):
        raise CursorError
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise CursorError from None
    name, separator, place = text.partition(":")
    if name != of or not separator or not _PLACE.fullmatch(place) or write_cursor(of, place) != cursor:
        raise CursorError
    return place


def read_number(of: str, cursor: str | None) -> int | None:
    """Return the number that a cursor of this list names. Raises `CursorError`."""
    place = read_cursor(of, cursor)
    if place is None:
        return None
    if not re.fullmatch(r"(0|[1-9][0-9]{0,15})", place) or int(place) > _NUMBER_MAX:
        raise CursorError
    return int(place)
