"""Break text into lines: Latin words stay whole, Chinese breaks anywhere but round its punctuation.

Promises:
  * Lines are given as bounds in the text, so that what a run shows can be traced to its value.
  * No line begins with a mark that closes, none ends with a mark that opens, except where nothing else fits.
  * Every line takes at least one character: breaking ends for any text and any width.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

BLANKS: Final = " \u00a0\u3000"
NEVER_FIRST: Final = frozenset("，。、；：？！）》〉」』】〕〗｝］％‰°℃…—～·’”,.;:!?)]}%")
NEVER_LAST: Final = frozenset("（《〈「『【〔〖｛［‘“([{￥$¥")
# Rounding of sums of widths; a thousandth of a millimetre.
_TOLERANCE: Final = 1e-3
# From here on scripts are written without blanks between words: CJK radicals, ideographs, kana.
_FIRST_CJK: Final = "\u2e80"


class TextLine(NamedTuple):
    """One line: from `start` to `end` without blanks at its ends, and its width in millimetres."""

    start: int
    end: int
    width: float


def break_lines(
    text: str, advances: Mapping[str, float], *, size: float, width: float, tracking: float = 0.0, indent: float = 0.0
) -> list[TextLine]:
    """Break into lines of at most `width`; `indent` shortens the first line of each paragraph. All in millimetres."""
    lines: list[TextLine] = []
    start = 0
    for paragraph in text.split("\n"):
        end = start + len(paragraph)
        widths = [advances[character] * size + tracking for character in paragraph]
        if sum(widths) - tracking <= width - indent + _TOLERANCE:
            lines.append(_trim(text, start, end, widths, start, tracking))
        else:
            _break_paragraph(lines, text, (start, end), widths, (width, indent, tracking))
        start = end + 1
    return lines


def _break_paragraph(
    lines: list[TextLine], text: str, bounds: tuple[int, int], widths: list[float], room: tuple[float, float, float]
) -> None:
    first, end = bounds
    width, indent, tracking = room
    start, left = first, width - indent + tracking + _TOLERANCE
    while start < end:
        stop, used = start, 0.0
        while stop < end and (stop == start or used + widths[stop - first] <= left):
            used += widths[stop - first]
            stop += 1
        if stop < end:
            stop = _best_break(text, start, stop)
        lines.append(_trim(text, start, stop, widths, first, tracking))
        start, left = stop, width + tracking + _TOLERANCE
        while start < end and text[start] in BLANKS:
            start += 1


def _best_break(text: str, start: int, stop: int) -> int:
    """Return the last place up to `stop` where a line may end; `stop` itself where there is none."""
    for place in range(stop, start, -1):
        if may_break(text, place):
            return place
    return stop


def may_break(text: str, place: int) -> bool:
    """Say whether a line may end before this character; it is neither the first nor past the last."""
    before, after = text[place - 1], text[place]
    if after in BLANKS or before in BLANKS:
        return before in BLANKS or after in BLANKS
    if after in NEVER_FIRST or before in NEVER_LAST:
        return False
    return before >= _FIRST_CJK or after >= _FIRST_CJK


def _trim(text: str, start: int, end: int, widths: list[float], first: int, tracking: float) -> TextLine:
    while start < end and text[start] in BLANKS:
        start += 1
    while end > start and text[end - 1] in BLANKS:
        end -= 1
    width = sum(widths[start - first : end - first])
    return TextLine(start, end, width - tracking if end > start else 0.0)
