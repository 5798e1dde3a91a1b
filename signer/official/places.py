"""Where seals stand on pages: asked for in millimetres or by a text, answered as boxes on pages as they are seen.

Promises:
  * Lengths are millimetres from the upper left corner of the page as a reader shows it: cropped, and turned.
  * A seal stands on its page whole, or an error says so; a cross-page seal (骑缝章) is on the right edge of all pages.
  * No file is read here: same question, same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from signer.official.errors import (
    NothingPlacedError,
    PageFormError,
    PageMissingError,
    PlaceOutsideError,
    RidingPagesError,
)
from verify.errors import MalformedError

# A0 is 841 by 1189 mm; PDF 1.7 ends at 5,080 mm.
PAGE_MM_MAX: Final = 5080.0
# A label of 10 mm is the smallest page that an office prints.
PAGE_MM_MIN: Final = 10.0
# Below two millimetres a strip shows nothing of the seal: more pages than fit are divided among several seals.
STRIP_MM_MIN: Final = 2.0
PAGES_MAX: Final = 1000
ANCHOR_LENGTH_MAX: Final = 100
# A word may stand on every page a hundred times.
COUNT_MAX: Final = 100 * PAGES_MAX


class PlaceError(MalformedError):
    """Not a place for a seal."""

    code = "official.place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A page, from 1, and the middle of the seal on it."""

    page: int
    x: float
    y: float

    def __post_init__(self) -> None:
        if not 1 <= self.page <= PAGES_MAX or not (0 <= self.x <= PAGE_MM_MAX and 0 <= self.y <= PAGE_MM_MAX):
            raise PlaceError("a page from 1, and millimetres on it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A text that the seal stands over: its last occurrence, or the one counted from 1 (`page` narrows the search).

    `right` and `down` move the middle of the seal from the middle of the text.
    """

    text: str = field(repr=False)
    occurrence: int | None = None
    page: int | None = None
    right: float = 0.0
    down: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < len(self.text.strip()) <= ANCHOR_LENGTH_MAX or not self.text.isprintable():
            raise PlaceError("an anchor is a text of 1 to 100 characters")
        counted = [each for each in (self.occurrence, self.page) if each is not None]
        if any(not 1 <= each <= COUNT_MAX for each in counted):
            raise PlaceError("occurrences and pages are counted from 1")
        if not (abs(self.right) <= PAGE_MM_MAX and abs(self.down) <= PAGE_MM_MAX):
            raise PlaceError("farther than any page reaches")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """What is asked for: one seal at a spot or an anchor, a cross-page seal (its middle `riding_y` down), or both."""

    at: Spot | Anchor | None
    riding: bool = False
    riding_y: float | None = None

    def __post_init__(self) -> None:
        if self.at is None and not self.riding:
            raise NothingPlacedError
        if self.riding_y is not None and not 0 <= self.riding_y <= PAGE_MM_MAX:
            raise PlaceError("millimetres on the page")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealImage:
    """The picture of a seal: PNG with transparency, and how large it is."""

    png: bytes = field(repr=False)
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSize:
    """A page as it is seen."""

    width: float
    height: float

    def __post_init__(self) -> None:
        if not all(PAGE_MM_MIN <= each <= PAGE_MM_MAX for each in (self.width, self.height)):
            raise PageFormError("a page too large or too small")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box on a page, from 1. `left`, `right` are which part of the seal it shows, from 0 to 1."""

    page: int
    x: float
    y: float
    width: float
    height: float
    left: float = 0.0
    right: float = 1.0


def seal_box(spot: Spot, image: SealImage, pages: Sequence[PageSize]) -> Box:
    """Return where a seal stands. Raises `PageMissingError`, `PlaceOutsideError`."""
    if spot.page > len(pages):
        raise PageMissingError(params={"page": str(spot.page), "pages": str(len(pages))})
    page = pages[spot.page - 1]
    x, y = spot.x - image.width / 2, spot.y - image.height / 2
    if x < 0 or y < 0 or x + image.width > page.width or y + image.height > page.height:
        raise PlaceOutsideError(params={"page": str(spot.page)})
    return Box(page=spot.page, x=x, y=y, width=image.width, height=image.height)


def riding_boxes(image: SealImage, pages: Sequence[PageSize], *, middle: float | None) -> tuple[Box, ...]:
    """Return the strips of a cross-page seal on the right edge of every page, from the first to the last.

    Pages laid on each other and fanned out show the seal whole. Of more pages than strips of 2 mm can be cut, as many
    as fit share one seal, the next ones another. Raises `RidingPagesError`, `PlaceOutsideError`.
    """
    if len(pages) < 2:
        raise RidingPagesError
    boxes: list[Box] = []
    for first, count in _groups(len(pages), image):
        strip = image.width / count
        for number in range(count):
            page = pages[first + number]
            y = (page.height / 2 if middle is None else middle) - image.height / 2
            if y < 0 or y + image.height > page.height or strip > page.width:
                raise PlaceOutsideError(params={"page": str(first + number + 1)})
            boxes.append(
                Box(
                    page=first + number + 1,
                    x=page.width - strip,
                    y=y,
                    width=strip,
                    height=image.height,
                    left=number / count,
                    right=(number + 1) / count,
                )
            )
    return tuple(boxes)


def _groups(pages: int, image: SealImage) -> list[tuple[int, int]]:
    """Return first page and number of pages of each seal, as even as can be: no page has a seal of its own."""
    most = max(int(image.width / STRIP_MM_MIN), 2)
    count = -(-pages // most)
    starts = [pages * number // count for number in range(count + 1)]
    return [(start, end - start) for start, end in pairwise(starts)]
