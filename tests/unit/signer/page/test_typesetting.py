from pathlib import Path

import pytest

from signer.page.errors import CharacterMissingError
from signer.page.fonts import OWN_FONTS, ROLES, Font, FontShelf
from signer.page.typesetting import Spot, Style, Typesetter
from signer.page.wording import fill, read_wording

BODY = Style("body", 4.0)


@pytest.fixture
def shelf_with_gaps(tmp_path: Path) -> FontShelf:
    """Our font has but a few characters; the office's own, a serif, has the rest."""
    whole = Font(OWN_FONTS / ROLES["body"], key="F1")
    (tmp_path / "few.ttf").write_bytes(whole.subset("王海 ").program)
    few, serif = Font(tmp_path / "few.ttf", key="F1"), Font(OWN_FONTS / ROLES["serif"], key="F9")
    return FontShelf(dict.fromkeys(ROLES, few), (serif,))


def test_the_offices_font_fills_the_gaps_of_ours(shelf_with_gaps: FontShelf) -> None:
    typesetter = Typesetter(shelf_with_gaps)
    filled = fill(read_wording("王{CZZT}"), {"CZZT": "海䶮䶮王"})

    lines = typesetter.lines(filled.text, BODY, width=100)
    runs = typesetter.runs(filled, lines, BODY, Spot(10, 20, 100, 6))

    assert [(run.text, run.font, run.item) for run in runs] == [
        ("王", "F1", ""),
        ("海", "F1", "CZZT"),
        ("䶮䶮", "F9", "CZZT"),
        ("王", "F1", "CZZT"),
    ]
    assert [run.x for run in runs] == [10, 14, 18, 26]
    assert lines[0].width == pytest.approx(20)


def test_a_text_that_our_font_has_is_set_in_our_font_alone(shelf_with_gaps: FontShelf) -> None:
    typesetter = Typesetter(shelf_with_gaps)
    filled = fill(read_wording("王海"), {})

    (run,) = typesetter.runs(filled, typesetter.lines("王海", BODY, width=9), BODY, Spot(0, 0, 9, 6))

    assert (run.text, run.font) == ("王海", "F1")


def test_a_character_of_no_font_is_named_by_its_number_only() -> None:
    with pytest.raises(CharacterMissingError) as caught:
        Typesetter(FontShelf.open()).lines("王\U000f0000", BODY, width=50)

    assert caught.value.params == {"characters": "U+F0000"}
    assert "王" not in str(caught.value)


def test_the_distance_of_characters_counts_between_them_only() -> None:
    typesetter = Typesetter(FontShelf.open())

    assert typesetter.width("王海店", Style("body", 4.0, track=0.5)) == pytest.approx(16)
    assert typesetter.width("", BODY) == 0


def test_blanks_between_values_move_what_follows() -> None:
    typesetter = Typesetter(FontShelf.open())
    filled = fill(read_wording("{CZZT}　{ZZBH}"), {"CZZT": "王海", "ZZBH": "店"})

    first, second = typesetter.runs(filled, typesetter.lines(filled.text, BODY, width=50), BODY, Spot(0, 0, 50, 6))

    assert (first.text, second.text) == ("王海", "店")
    assert second.x == pytest.approx(first.x + 12)
