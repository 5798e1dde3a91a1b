import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.page.errors import ControlCharacterError
from signer.page.model import Close, Curve, Image, Line, Move, Page, Path, Rects, Run, Step
from signer.page.ofd_contents import Numbers, OfdFont, PageWriter, Shown, path_object, split_run
from signer.page.ofd_words import part
from tests.ofd_page import OFD, characters, tree
from tests.page_requests import press

FONT = press()._fonts["F1"]
PLACE = (Step("P", "p"),)
TEXTS = st.text(st.sampled_from("ab 甲乙𬭎"), min_size=1, max_size=12).filter(lambda text: text.strip() == text != "")


def run(text: str, **changes: object) -> Run:
    advances = tuple(4.0 + number / 10 for number in range(len(text)))
    return Run(10.0, 20.0, "F1", 4.0, text, advances, place=PLACE)._replace(
        **changes  # type: ignore[arg-type] # fields of a run
    )


def written(*marks: Run | Path | Rects | Image, images: dict[str, int] | None = None) -> list[ET.Element]:
    glyphs = {character: number for number, character in enumerate("ab 甲乙𬭎", 1)}
    writer = PageWriter(Numbers(), {"F1": OfdFont(7, FONT, glyphs)}, images or {})
    return list(tree(part("Layer", writer.objects(Page(100, 100, (), marks), 5)).content))


def code(element: ET.Element) -> ET.Element:
    found = element.find(f"{OFD}TextCode")
    assert found is not None
    return found


def test_a_line_is_one_object_whose_boundary_is_its_box() -> None:
    (element,) = written(run("甲乙a", colour=(1, 2, 3)))

    left, top, width, height = map(float, element.get("Boundary", "").split())
    assert (left, width) == (10, pytest.approx(12.3))
    assert top == pytest.approx(20 - FONT.ascent * 4)
    assert height == pytest.approx((FONT.ascent + FONT.descent) * 4)
    assert (element.get("ID"), element.get("Font"), element.get("Size"), element.get("CTM")) == ("1", "7", "4", None)
    assert [each.tag for each in element] == [f"{OFD}FillColor", f"{OFD}TextCode"]
    assert element[0].get("Value") == "1 2 3"
    assert (code(element).text, code(element).get("X"), code(element).get("DeltaX")) == ("甲乙a", "0", "4 4.1")
    assert float(code(element).get("Y", "")) == pytest.approx(FONT.ascent * 4)


@pytest.mark.parametrize(
    ("advances", "words"),
    [
        ((4.0,), None),
        ((4.0, 1.0), "4"),
        ((4.0, 4.0, 1.0), "4 4"),
        ((4.0, 4.0, 4.0, 1.0), "g 3 4"),
        ((4.0, 4.0, 4.0, 2.0, 2.0, 2.0, 2.0, 3.0, 9.0), "g 3 4 g 4 2 3"),
    ],
)
def test_equal_distances_are_counted_from_three_on(advances: tuple[float, ...], words: str | None) -> None:
    (element,) = written(run("a" * len(advances), advances=advances))

    assert code(element).get("DeltaX") == words


def test_a_character_above_the_basic_plane_is_an_object_of_its_own_with_its_glyph() -> None:
    first, rare, last = written(run("甲𬭎乙"))

    assert [code(each).text for each in (first, rare, last)] == ["甲", "𬭎", "乙"]
    assert [each.tag for each in rare] == [f"{OFD}FillColor", f"{OFD}CGTransform", f"{OFD}TextCode"]
    assert dict(rare[1].attrib) == {"CodePosition": "0", "CodeCount": "2", "GlyphCount": "1"}
    assert rare[1][0].text == "6"
    assert code(rare).get("DeltaX") is None
    assert first.find(f"{OFD}CGTransform") is None is last.find(f"{OFD}CGTransform")


@given(TEXTS, st.sampled_from([0.0, 30.0, 90.0]))
def test_cut_or_not_every_character_stands_where_the_run_has_it(text: str, angle: float) -> None:
    line = run(text, angle=angle)

    found = [placed for element in written(line) for placed in characters(element)]

    turn, way, wanted = math.radians(angle), 0.0, []
    for character, advance in zip(line.text, line.advances, strict=True):
        wanted.append((character, 10 + way * math.cos(turn), 20 - way * math.sin(turn)))
        way += advance
    wanted = [each for each in wanted if each[0] != " "]
    found = [each for each in found if each.character != " "]
    assert [each.character for each in found] == [each[0] for each in wanted]
    for each, (_character, x, y) in zip(found, wanted, strict=True):
        assert (each.x, each.y) == pytest.approx((x, y), abs=0.001)


@given(TEXTS)
def test_no_part_of_a_run_begins_or_ends_with_a_blank_or_has_two_in_it(text: str) -> None:
    parts = split_run(run(text))

    assert all(part.text == part.text.strip() != "" and "  " not in part.text for part in parts)
    assert all(len(part.text) == len(part.advances) for part in parts)
    assert "".join(part.text for part in parts).replace(" ", "") == text.replace(" ", "")
    assert all(len(part.text) == 1 for part in parts if max(part.text) > "\uffff")


def test_a_turned_line_lies_within_its_boundary() -> None:
    (element,) = written(run("甲乙", angle=40.0))

    left, top, width, height = map(float, element.get("Boundary", "").split())
    a, b, c, d, e, f = map(float, element.get("CTM", "").split())
    assert (a, b, c, d) == pytest.approx((0.766044, -0.642788, 0.642788, 0.766044))
    assert (left + e, top + f) == pytest.approx((10, 20), abs=0.001)
    corners = [(x, y) for x in (0, 8.1) for y in (-FONT.ascent * 4, FONT.descent * 4)]
    xs, ys = [a * x + c * y + e for x, y in corners], [b * x + d * y + f for x, y in corners]
    assert (min(xs), max(xs), min(ys), max(ys)) == pytest.approx((0, width, 0, height), abs=0.001)


def test_an_item_is_indexed_by_all_objects_of_its_first_showing() -> None:
    writer = PageWriter(Numbers(), {"F1": OfdFont(7, FONT, {"𬭎": 1})}, {})
    repeated = run("甲", item="CZZT", place=())
    elsewhere = run("甲", item="CZZT", place=(Step("P", "q"),))
    marks = (run("甲"), repeated, run("a𬭎", item="CZZT"), run("b", item="CZZT"), elsewhere, run("a"))

    writer.objects(Page(100, 100, (), marks), 5)

    assert writer.index == {"CZZT": (PLACE, [Shown(5, 3), Shown(5, 4), Shown(5, 5)])}


def test_a_boundary_of_a_path_includes_its_pen_and_its_coordinates_begin_there() -> None:
    path = Path((Move(10, 20), Line(30, 20), Curve(31, 25, 32, 28, 30, 40), Close()), (9, 8, 7), 0.5)

    element = tree(part("Layer", path_object(path, 3)).content)[0]

    assert element.get("Boundary") == "9.5 19.5 23 21"
    assert (element.get("LineWidth"), element.get("Stroke"), element.get("Fill")) == ("0.5", None, None)
    assert [each.tag for each in element] == [f"{OFD}StrokeColor", f"{OFD}AbbreviatedData"]
    assert element[1].text == "M 0.5 0.5 L 20.5 0.5 B 21.5 5.5 22.5 8.5 20.5 20.5 C"


def test_a_filled_path_without_line_says_so() -> None:
    steps = (Move(1, 1), Line(2, 1), Line(2, 2), Close())
    (filled,) = written(Path(steps, None, 0, (255, 255, 255)))
    (both,) = written(Path(steps, (0, 0, 0), 0.2, (255, 255, 255)))

    assert (filled.get("Stroke"), filled.get("Fill"), filled.get("LineWidth")) == ("false", "true", None)
    assert filled.get("Boundary") == "1 1 1 1"
    assert (both.get("Stroke"), both.get("Fill"), both.get("LineWidth")) == (None, "true", "0.2")
    assert [each.tag for each in both] == [f"{OFD}FillColor", f"{OFD}StrokeColor", f"{OFD}AbbreviatedData"]


def test_a_code_is_one_path_in_whole_modules() -> None:
    (element,) = written(Rects(5, 6, 0.59016393, 61, ((0, 0, 7, 1), (9, 0, 4, 2)), PLACE, "码"))

    assert element.get("CTM") == "0.590164 0 0 0.590164 0 0"
    assert element.get("Boundary") == "5 6 36 36"
    assert (element.get("Stroke"), element.get("Fill")) == ("false", "true")
    assert element[1].text == "M 0 0 L 7 0 L 7 1 L 0 1 C M 9 0 L 13 0 L 13 2 L 9 2 C"


def test_a_picture_fills_its_box_and_a_seal_is_left_to_its_signature() -> None:
    photo = Image(154, 56, 33, 46.2, "photo", PLACE, "照片")
    seal = Image(1, 2, 42, 42, "seal", PLACE, "印章", multiply=True, on_paper=False)

    (element,) = written(photo, seal, images={"photo": 4})

    assert element.tag == f"{OFD}ImageObject"
    assert dict(element.attrib) == {
        "ID": "1",
        "Boundary": "154 56 33 46.2",
        "CTM": "33 0 0 46.2 0 0",
        "ResourceID": "4",
    }


def test_a_control_character_on_a_page_is_refused() -> None:
    with pytest.raises(ControlCharacterError):
        written(run("a\x07"))
