"""Where seals stand: whole on their page, strips that make one seal, and what is no place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.official.errors import (
    NothingPlacedError,
    PageFormError,
    PageMissingError,
    PlaceOutsideError,
    RidingPagesError,
)
from signer.official.places import (
    STRIP_MM_MIN,
    Anchor,
    PageSize,
    PlaceError,
    Placing,
    SealImage,
    Spot,
    riding_boxes,
    seal_box,
)

A4 = PageSize(width=210, height=297)
SEAL = SealImage(png=b"", width=42, height=42)


@given(x=st.floats(0, 210), y=st.floats(0, 297))
def test_a_seal_stands_whole_on_its_page_or_is_refused(x: float, y: float) -> None:
    fits = 21 <= x <= 189 and 21 <= y <= 276

    if fits:
        box = seal_box(Spot(page=1, x=x, y=y), SEAL, [A4])
        assert (box.x + 21, box.y + 21) == pytest.approx((x, y))
    else:
        with pytest.raises(PlaceOutsideError):
            seal_box(Spot(page=1, x=x, y=y), SEAL, [A4])


@given(pages=st.integers(2, 300))
def test_strips_of_neighbouring_pages_make_whole_seals(pages: int) -> None:
    boxes = riding_boxes(SEAL, [A4] * pages, middle=None)

    assert [each.page for each in boxes] == list(range(1, pages + 1))
    assert all(each.width >= STRIP_MM_MIN and each.x + each.width == pytest.approx(210) for each in boxes)
    starts = [number for number, each in enumerate(boxes) if each.left == 0]
    for first, end in zip(starts, [*starts[1:], pages], strict=True):
        seal = boxes[first:end]
        assert len(seal) > 1
        assert [each.left for each in seal[1:]] == pytest.approx([each.right for each in seal[:-1]])
        assert seal[-1].right == 1.0
        assert sum(each.width for each in seal) == pytest.approx(42)


def test_a_cross_page_seal_needs_two_pages_that_it_fits_on() -> None:
    with pytest.raises(RidingPagesError):
        riding_boxes(SEAL, [A4], middle=None)
    with pytest.raises(PlaceOutsideError):
        riding_boxes(SEAL, [A4, PageSize(width=100, height=40)], middle=None)
    with pytest.raises(PlaceOutsideError):
        riding_boxes(SEAL, [A4, A4], middle=290)


def test_a_page_that_is_not_there_is_missing() -> None:
    with pytest.raises(PageMissingError):
        seal_box(Spot(page=2, x=60, y=60), SEAL, [A4])


def test_a_page_is_of_a_size_that_pages_have() -> None:
    for width in (5.0, 6000.0, float("nan")):
        with pytest.raises(PageFormError):
            PageSize(width=width, height=297)


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "x" * 101])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(PlaceError):
        Anchor(text=text)


@pytest.mark.parametrize(
    "values", [{"page": 0, "x": 1, "y": 1}, {"page": 1, "x": -1, "y": 1}, {"page": 1, "x": 1, "y": float("nan")}]
)
def test_what_is_no_spot_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(PlaceError):
        Spot(**values)  # type: ignore[arg-type]


def test_other_numbers_than_those_of_pages_are_refused() -> None:
    for wrong in ({"occurrence": 0}, {"page": 0}, {"right": 1e9}):
        with pytest.raises(PlaceError):
            Anchor(text="a", **wrong)  # type: ignore[arg-type]
    with pytest.raises(PlaceError):
        Placing(at=None, riding=True, riding_y=-1)
    with pytest.raises(NothingPlacedError):
        Placing(at=None)
