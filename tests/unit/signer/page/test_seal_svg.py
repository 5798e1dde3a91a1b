"""The SVG source of a seal: shapes only, whatever was typed, and the same picture as the PNG."""

import xml.etree.ElementTree as ET
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from signer.page.errors import SealPictureTextError
from signer.page.seal_picture import draw_seal, lay_out_seal
from signer.page.seal_svg import draw_seal_svg

NAME = "示例市行政审批服务局"
NAMESPACE = "{http://www.w3.org/2000/svg}"


def test_it_has_a_ring_a_star_and_an_outline_for_each_character_and_nothing_else() -> None:
    source = ET.fromstring(draw_seal_svg(NAME, lower="行政审批专用章", code="99010000000001"))  # noqa: S314 - our own

    kinds = [each.tag.removeprefix(NAMESPACE) for each in source]
    assert kinds == ["circle", "polygon", *["path"] * (len(NAME) + 7 + 14)]
    assert (source.get("width"), source.get("viewBox")) == ("42mm", "-21 -21 42 42")
    assert {name for each in source.iter() for name in each.attrib} == {
        "width", "height", "viewBox", "fill", "r", "stroke", "stroke-width", "points", "transform", "d"
    }  # fmt: skip


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"/><image href="x"/>', "{{ 7*7 }}", "../../a.svg"])
def test_what_tries_to_be_script_or_a_path_becomes_curves(text: str) -> None:
    svg = draw_seal_svg(text)

    assert set(svg) <= set(draw_seal_svg("示") + "CLMQZ0123456789.- ")
    assert "script" not in svg
    assert "href" not in svg


def test_the_outlines_stand_where_the_pixels_are() -> None:
    """The middle of each character's box in the layout is dark within its box, and the same in both forms."""
    layout = lay_out_seal(NAME, lower="专用章")
    alpha = Image.open(BytesIO(draw_seal(NAME, lower="专用章", pixels_per_mm=12))).convert("RGBA").getchannel("A")
    paths = [each.get("transform") for each in ET.fromstring(draw_seal_svg(NAME, lower="专用章"))][2:]  # noqa: S314

    for glyph, path in zip(layout.glyphs, paths, strict=True):
        assert path is not None
        assert path.startswith(f"translate({glyph.x:.4f}".rstrip("0").rstrip("."))
        half = glyph.height / 2 * 12
        x, y = (glyph.x + 21) * 12, (glyph.y + 21) * 12
        mask = Image.new("L", alpha.size)
        ImageDraw.Draw(mask).ellipse((x - half, y - half, x + half, y + half), fill=255)
        assert sum(alpha.histogram(mask)[128:]) > half * half * 0.2, glyph.character


def test_a_name_that_cannot_be_drawn_is_refused_in_both_forms() -> None:
    for name in ("", "示" * 61, "示\x01"):
        with pytest.raises(SealPictureTextError):
            draw_seal_svg(name)
        with pytest.raises(SealPictureTextError):
            draw_seal(name)
