from collections.abc import Iterator

import pytest

from signer.page.boxes import FrameBox, LineBox, RectBox, TextBox
from signer.page.model import Close, Curve, Line, Move, Path
from signer.page.ornament import draw
from signer.page.wording import read_wording


def points(paths: tuple[Path, ...]) -> Iterator[tuple[float, float]]:
    for path in paths:
        for step in path.steps:
            if isinstance(step, Curve):
                yield from ((step.x1, step.y1), (step.x2, step.y2), (step.x, step.y))
            elif not isinstance(step, Close):
                yield step.x, step.y


@pytest.mark.parametrize("style", ["double", "fret", "braid"])
@pytest.mark.parametrize("tint", [None, (250, 240, 220)])
def test_a_border_stays_in_its_band(style: str, tint: tuple[int, int, int] | None) -> None:
    box = FrameBox(x=10, y=20, width=190, height=270, style=style, band=6, tint=tint)  # type: ignore[arg-type]

    paths = draw(box)

    for x, y in points(paths):
        assert 10 - 1e-6 <= x <= 200 + 1e-6
        assert 20 - 1e-6 <= y <= 290 + 1e-6
        assert not (16 + 1e-6 < x < 194 - 1e-6 and 26 + 1e-6 < y < 284 - 1e-6)
    assert [path.fill for path in paths if path.fill] == ([tint, (255, 255, 255)] if tint else [])


@pytest.mark.parametrize("style", ["fret", "braid"])
def test_a_border_is_the_same_on_opposite_sides(style: str) -> None:
    paths = draw(FrameBox(x=0, y=0, width=200, height=200, style=style, band=5))  # type: ignore[arg-type]

    rounded = {(round(x, 3), round(y, 3)) for x, y in points(paths)}
    assert {(round(200 - x, 3), round(200 - y, 3)) for x, y in rounded} == rounded


def test_every_figure_of_a_border_begins_with_a_move() -> None:
    for style in ("double", "fret", "braid"):
        for path in draw(FrameBox(x=0, y=0, width=100, height=80, style=style, band=5)):
            assert isinstance(path.steps[0], Move)


def test_a_rectangle_without_colour_is_drawn_in_black_and_a_filled_one_without_edge() -> None:
    (edge,), (area,) = (
        draw(RectBox(x=1, y=2, width=3, height=4, **more))
        for more in ({}, {"fill": (9, 9, 9)})  # type: ignore[arg-type]
    )

    assert (edge.stroke, edge.fill) == ((0, 0, 0), None)
    assert (area.stroke, area.fill) == (None, (9, 9, 9))


def test_a_line_goes_from_corner_to_corner() -> None:
    (line,) = draw(LineBox(x=1, y=2, width=30, height=0))

    assert line.steps == (Move(1, 2), Line(31, 2))


def test_a_text_is_no_drawing() -> None:
    assert draw(TextBox(x=1, y=2, width=3, height=4, text=read_wording("字"))) == ()
