"""Drawings of a template: rectangles, lines and ornamental borders, as paths.

Promises: a drawing says nothing, so it is the same on every licence and is read out by no reader.
"""

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from signer.page.boxes import AnyBox, FrameBox, LineBox, RectBox
from signer.page.model import Close, Colour, Curve, Line, Move, Path, PathStep

# A cubic curve that follows half a wave of a sine: handles at 0.3642 of the half wave's length, full height.
_WAVE: Final = 0.3642
# A cubic curve that follows a quarter of a circle.
_ARC: Final = 0.5522847498
# One key of the fret, in fifths of its cell: up from the base line, and inwards.
_KEY: Final = ((0, 4), (0, 0), (4, 0), (4, 3), (1.4, 3), (1.4, 1.5), (2.7, 1.5))


def rectangle(x: float, y: float, width: float, height: float) -> tuple[PathStep, ...]:
    """Walk round a rectangle."""
    return Move(x, y), Line(x + width, y), Line(x + width, y + height), Line(x, y + height), Close()


def segments(lines: Iterable[tuple[float, float, float, float]]) -> tuple[PathStep, ...]:
    """Draw lines that do not hang together."""
    return tuple(step for x1, y1, x2, y2 in lines for step in (Move(x1, y1), Line(x2, y2)))


def draw(box: AnyBox) -> tuple[Path, ...]:
    """Return the paths of a drawing; none for a box that shows text or pictures."""
    match box:
        case RectBox():
            colour = box.colour if box.colour or box.fill else (0, 0, 0)
            return (Path(rectangle(box.x, box.y, box.width, box.height), colour, box.line, box.fill),)
        case LineBox():
            return (
                Path((Move(box.x, box.y), Line(box.x + box.width, box.y + box.height)), box.colour, box.line, None),
            )
        case FrameBox():
            return _frame(box)
        case _:
            return ()


def _frame(box: FrameBox) -> tuple[Path, ...]:
    outer = rectangle(box.x, box.y, box.width, box.height)
    band = box.band
    inner = rectangle(box.x + band, box.y + band, box.width - 2 * band, box.height - 2 * band)
    paths: list[Path] = []
    if box.tint is not None:
        paths.append(Path(outer, None, 0, box.tint))
        paths.append(Path(inner, None, 0, (255, 255, 255)))
    if box.style == "double":
        return (*paths, Path(outer, box.colour, box.line * 4), Path(inner, box.colour, box.line))
    paths += [Path(outer, box.colour, box.line * 3), Path(inner, box.colour, box.line * 2)]
    shapes = _fret(box) if box.style == "fret" else _braid(box)
    return (*paths, Path(tuple(shapes), box.colour, box.line), *_corners(box, box.colour))


def _sides(box: FrameBox) -> tuple[tuple[float, float, float, float, float], ...]:
    """Return the four sides between the corners: start, direction, length; the inside of the page is on the right."""
    band, right, bottom = box.band, box.x + box.width, box.y + box.height
    across, down = box.width - 2 * band, box.height - 2 * band
    return (
        (box.x + band, box.y, 1, 0, across),
        (right, box.y + band, 0, 1, down),
        (right - band, bottom, -1, 0, across),
        (box.x, bottom - band, 0, -1, down),
    )


def _fret(box: FrameBox) -> list[PathStep]:
    """Draw a fret (回纹): hooks that stand on a line along the inner edge."""
    steps: list[PathStep] = []
    gap = box.band * 0.16
    height = box.band - 2 * gap
    for x, y, dx, dy, length in _sides(box):
        count = max(round(length / (height * 1.25)), 1)
        cell = length / count
        for index in range(count):
            for number, (along, depth) in enumerate(_KEY):
                s, d = (index + along / 5) * cell, gap + depth / 4 * height
                point = (x + dx * s - dy * d, y + dy * s + dx * d)
                steps.append(Line(*point) if number else Move(*point))
        base = gap + height
        steps += [
            Move(x - dy * base, y + dx * base),
            Line(x + dx * length - dy * base, y + dy * length + dx * base),
        ]
    return steps


def _braid(box: FrameBox) -> list[PathStep]:
    """Draw three waves, each a third of a wave behind the other, as on security paper."""
    steps: list[PathStep] = []
    middle, swing = box.band / 2, box.band * 0.33
    for x, y, dx, dy, length in _sides(box):
        halves = 2 * max(round(length / (box.band * 2)), 1)
        half = length / halves
        for start, amplitude in ((0.0, swing), (0.0, -swing), (half / 2, swing * 0.6), (half / 2, -swing * 0.6)):
            steps += _wave((x, y, dx, dy), middle, (start, half, halves - (1 if start else 0)), amplitude)
    return steps


def _wave(
    side: tuple[float, float, float, float], middle: float, form: tuple[float, float, int], amplitude: float
) -> list[PathStep]:
    x, y, dx, dy = side
    start, half, count = form

    def point(s: float, d: float) -> tuple[float, float]:
        return x + dx * s - dy * d, y + dy * s + dx * d

    steps: list[PathStep] = [Move(*point(start, middle))]
    for index in range(count):
        s, height = start + index * half, amplitude if index % 2 == 0 else -amplitude
        # 4/3 of the height for the handles reaches the height with the curve.
        crest = middle + height * 4 / 3
        steps.append(
            Curve(*point(s + half * _WAVE, crest), *point(s + half * (1 - _WAVE), crest), *point(s + half, middle))
        )
    return steps


def _corners(box: FrameBox, colour: Colour) -> tuple[Path, ...]:
    """Draw a rosette in each corner: a square, and four ellipses turned about its middle."""
    band, steps = box.band, []
    for x in (box.x, box.x + box.width - band):
        for y in (box.y, box.y + box.height - band):
            steps += [*rectangle(x + band * 0.12, y + band * 0.12, band * 0.76, band * 0.76)]
            for quarter in range(4):
                steps += _ellipse((x + band / 2, y + band / 2), band * 0.34, band * 0.13, quarter * math.pi / 4)
    return (Path(tuple(steps), colour, box.line),)


def _ellipse(centre: tuple[float, float], long: float, short: float, angle: float) -> list[PathStep]:
    cosine, sine = math.cos(angle), math.sin(angle)

    def point(a: float, b: float) -> tuple[float, float]:
        return centre[0] + long * a * cosine - short * b * sine, centre[1] + long * a * sine + short * b * cosine

    steps: list[PathStep] = [Move(*point(1, 0))]
    quarters = ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 0))
    for (a1, b1), (a2, b2) in pairwise(quarters):
        steps.append(
            Curve(
                *point(a1 + a2 * _ARC, b1 + b2 * _ARC),
                *point(a2 + a1 * _ARC, b2 + b1 * _ARC),
                *point(a2, b2),
            )
        )
    return [*steps, Close()]
