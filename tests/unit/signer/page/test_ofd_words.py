from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.page.errors import ControlCharacterError
from signer.page.ofd_words import NAMESPACE, colour_text, escape, moment_text, number, part
from tests.ofd_page import tree

WRITABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.00001, "0"), (4.0, "4"), (0.896, "0.896"), (12.34567, "12.3457"), (100.0, "100"), (-1.5, "-1.5")],
)
def test_a_number_has_at_most_four_decimals_and_no_idle_zeros(value: float, text: str) -> None:
    assert number(value) == text


@given(WRITABLE)
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    content = part("Author", f'<ofd:Name Of="{escape(text)}">{escape(text)}</ofd:Name>').content

    (element,) = tree(content)

    assert element.tag == f"{{{NAMESPACE}}}Name"
    assert (element.text or "", element.get("Of")) == (text, text)
    assert len(element) == 0


@pytest.mark.parametrize(
    "text",
    [
        "<ofd:Signatures/>",
        "]]><x/>",
        '" Visible="false',
        "&lt;!ENTITY x SYSTEM 'file:///etc/passwd'&gt;",
        "<!--",
        "<?xml?>",
        "../../OFD.xml",
        "{CZZT} %(x)s {a.b} ${x} {{x}}",
    ],
)
def test_what_tries_to_be_markup_a_path_or_a_template_stays_text(text: str) -> None:
    (element,) = tree(part("A", f'<ofd:B C="{escape(text)}">{escape(text)}</ofd:B>').content)

    assert (element.text, element.get("C"), len(element)) == (text, text, 0)


@pytest.mark.parametrize("text", ["a\x00", "\x1b[2J", "a\rb", "\x7f", "\x9f", "\ud800", "\ufffe", "\uffff<"])
def test_a_control_character_is_refused(text: str) -> None:
    with pytest.raises(ControlCharacterError):
        escape(text)


def test_a_text_of_several_lines_keeps_them() -> None:
    assert escape("热食\n冷食\t<") == "热食\n冷食\t&lt;"


def test_a_moment_is_that_of_china_as_on_the_page() -> None:
    assert moment_text(datetime(2026, 9, 20, 18, 30, 5, tzinfo=UTC)) == "2026-09-21T02:30:05"


def test_a_colour_is_three_numbers() -> None:
    assert colour_text((138, 109, 29)) == "138 109 29"
