"""Text of a template with names in it: `编号 {ZZBH}`. A value is put in as it is and is never read as a template.

Promises:
  * Only `{NAME}` is replaced, NAME being capital letters, digits and underscores; any other brace is refused when the
    template is read.
  * Filling happens once: braces, percent signs and names inside a value stay what they are.
  * Fixed text and each value keep their bounds, so that they become runs of their own.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from signer.page.errors import TemplateError

_NAME: Final = re.compile(r"\{([A-Z][A-Z0-9_]{0,63})\}")
# A page of prose has under 4,000 characters.
WORDING_LENGTH_MAX: Final = 8000


class Piece(NamedTuple):
    """Fixed text, or the name of a value."""

    text: str
    name: str


class Span(NamedTuple):
    """From `start` to `end` the text shows the value of this name; fixed text has no name."""

    start: int
    end: int
    name: str


Wording = tuple[Piece, ...]


class Filled(NamedTuple):
    """A wording with its values in place."""

    text: str
    spans: tuple[Span, ...]


def read_wording(text: str) -> Wording:
    """Split into fixed text and names. Raises `TemplateError` for a brace that belongs to no name."""
    if len(text) > WORDING_LENGTH_MAX:
        raise TemplateError("a text is too long")
    pieces, at = [], 0
    for match in _NAME.finditer(text):
        if match.start() > at:
            pieces.append(Piece(text[at : match.start()], ""))
        pieces.append(Piece("", match[1]))
        at = match.end()
    if at < len(text):
        pieces.append(Piece(text[at:], ""))
    if any("{" in piece.text or "}" in piece.text for piece in pieces):
        raise TemplateError("a brace that is not part of {NAME}, NAME in capital letters")
    return tuple(pieces)


def names(wording: Wording) -> frozenset[str]:
    """Return the names of the values that this text shows."""
    return frozenset(piece.name for piece in wording if piece.name)


def fill(wording: Wording, values: Mapping[str, str]) -> Filled:
    """Put the values in their places."""
    texts, spans, at = [], [], 0
    for piece in wording:
        text = values[piece.name] if piece.name else piece.text
        texts.append(text)
        spans.append(Span(at, at + len(text), piece.name))
        at += len(text)
    return Filled("".join(texts), tuple(spans))
