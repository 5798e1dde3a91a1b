import math
from io import BytesIO

import pytest
from PIL import Image

from signer.page.errors import SealPictureTextError
from signer.page.seal_picture import RED, draw_seal, lay_out_seal

NAME = "示例市行政审批服务局"


def shape(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGBA").getchannel("A")


def part_dark(image: Image.Image, box: tuple[int, int, int, int]) -> float:
    """Return how much of a box, given in millimetres, is covered."""
    part = image.crop(tuple(each * 20 for each in box))
    return sum(part.tobytes()) / 255 / (part.width * part.height)


def test_a_seal_is_round_42_mm_at_508_dpi_and_of_one_red() -> None:
    picture = Image.open(BytesIO(draw_seal(NAME)))

    assert (picture.format, picture.mode, picture.size) == ("PNG", "P", (840, 840))
    colours = {each[:3] for _, each in picture.convert("RGBA").getcolors(256)}
    assert colours == {RED}
    alpha = shape(draw_seal(NAME))
    assert alpha.getpixel((0, 0)) == 0
    assert alpha.getpixel((420, 8)) == 255, "the ring"
    assert alpha.getpixel((420, 420)) == 255, "the star"


def test_a_seal_is_small_and_always_the_same() -> None:
    first, second = draw_seal(NAME), draw_seal(NAME)

    assert first == second
    assert len(first) < 40_000


def test_the_name_stands_along_the_arc_and_nothing_below_the_star() -> None:
    alpha = shape(draw_seal(NAME))

    assert part_dark(alpha, (3, 3, 39, 13)) > 0.1
    assert part_dark(alpha, (13, 30, 29, 39)) == 0


def test_lower_line_and_code_stand_below_the_star() -> None:
    plain, full = shape(draw_seal(NAME)), shape(draw_seal(NAME, lower="电子证照专用章", code="9901990012345"))

    assert part_dark(plain, (10, 30, 32, 34)) < part_dark(full, (10, 30, 32, 34))
    assert part_dark(plain, (16, 38, 26, 40)) < part_dark(full, (16, 38, 26, 40))


@pytest.mark.parametrize("length", [1, 2, 3, 5, 8, 12, 16, 20, 26, 33])
def test_names_of_any_usual_length_keep_clear_of_ring_and_star(length: int) -> None:
    alpha = shape(draw_seal("示例省示例自治州示例自治县人力资源和社会保障局行政审批服务专用窗口"[:length]))

    # Circles just inside the ring and round the star: on both no name may lie.
    for radius in (19.2, 10.0):
        for degrees in range(360):
            turn = math.radians(degrees)
            place = (round((21 + radius * math.sin(turn)) * 20), round((21 - radius * math.cos(turn)) * 20))
            assert alpha.getpixel(place) == 0, (radius, degrees)
    assert part_dark(alpha, (18, 2, 24, 9)) > 0.05, "the middle of the name stands at the top"


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("", {}),
        ("𠮷", {}),
        ("局" * 80, {}),
        (NAME, {"lower": "电子证照专用章" * 5}),
        (NAME, {"code": "123456789012345"}),
    ],
)
def test_text_that_would_not_be_legible_is_refused(name: str, more: dict[str, str]) -> None:
    with pytest.raises(SealPictureTextError):
        draw_seal(name, **more)


LONG = "中华人民共和国示例民族自治区示例哈萨克自治州示例县级市经济技术开发区管理委员会住房和城乡建设综合行政执法局政务服务分中心"


@pytest.mark.parametrize("lower", ["", "行政审批专用章（1）"])
@pytest.mark.parametrize("code", ["", "99010000000001"])
def test_names_of_two_to_sixty_characters_stay_legible_and_no_two_characters_meet(lower: str, code: str) -> None:
    for length in range(2, 61):
        layout = lay_out_seal(LONG[:length], lower=lower, code=code)

        for place, one in enumerate(layout.glyphs):
            assert one.height >= 1.9 if one.character.isdecimal() else one.height >= 2.2
            for other in layout.glyphs[place + 1 :]:
                apart = math.dist((one.x, one.y), (other.x, other.y))
                narrow = 0.5 if one.character.isdecimal() else 1.0  # digits are half as wide as their square
                assert apart >= min(one.width, other.width) * 0.9 * narrow, (length, one.character, other.character)
