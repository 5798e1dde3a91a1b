import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from signer.page.boxes import CodeBox, RowsBox, TextBox
from signer.page.errors import TemplateError
from signer.page.template import Template
from tests.page_requests import FOOD, TEACHER

Entries = dict[str, Any]

GOOD: Entries = {
    "version": 1,
    "page": {"width": 210, "height": 297},
    "every_page": [
        {"kind": "rect", "x": 0, "y": 0, "width": 210, "height": 297, "fill": "#FFFDF6"},
        {"kind": "frame", "x": 8, "y": 8, "width": 194, "height": 281, "style": "braid"},
    ],
    "box": [
        {"kind": "text", "text": "{ZZMC}", "x": 20, "y": 20, "width": 170, "height": 14, "size": 12, "minimum": 8},
        {
            "kind": "rows",
            "x": 20,
            "y": 50,
            "width": 170,
            "height": 120,
            "label_width": 40,
            "next_y": 30,
            "next_height": 200,
            "rows": [{"field": "KZ_ZS"}, {"label": "编号", "value": "{ZZBH}", "empty": "无"}],
        },
        {"kind": "qr", "x": 20, "y": 200, "width": 40, "height": 40},
        {"kind": "seal", "x": 120, "y": 200, "width": 42, "height": 42, "alt": "{ZZBFJG}电子印章"},
        {"kind": "line", "x": 20, "y": 45, "width": 170, "height": 0},
    ],
    "following_page": [{"kind": "text", "text": "{ZZMC}（续页）", "x": 20, "y": 20, "width": 170, "height": 8}],
}
TEXT, ROWS, CODE, SEAL, LINE = range(5)


def written(entries: Entries) -> bytes:
    """Write TOML; inline tables are JSON with equals signs, so one line a key does."""
    return "\n".join(f"{name} = {_value(value)}" for name, value in entries.items()).encode()


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_value(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def changed(change: Callable[[Entries], object]) -> bytes:
    entries = copy.deepcopy(GOOD)
    change(entries)
    return written(entries)


def test_a_good_template_is_read_with_its_defaults() -> None:
    template = Template.read(written(GOOD))

    text, rows, code = template.box[:3]
    assert isinstance(text, TextBox)
    assert (text.font, text.align, text.lead) == ("body", "left", 1.5)
    assert isinstance(rows, RowsBox)
    assert rows.rows[1].empty == "无"
    assert isinstance(code, CodeBox)
    assert template.every_page[0].fill == (255, 253, 246)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda t: t.update(colour="red"), "template: unknown key colour"),
        (lambda t: t.pop("version"), "template: no version"),
        (lambda t: t.update(version=True), "version: of the wrong kind"),
        (lambda t: t.update(version="1"), "version: of the wrong kind"),
        (lambda t: t.update(page=3), "page: a table"),
        (lambda t: t["page"].update(width=20), "50 to 500"),
        (lambda t: t["page"].update(number_y=300), "page number"),
        (lambda t: t.update(box={}), "box: a list"),
        (lambda t: t.update(box=[]), "1 to 200 boxes"),
        (lambda t: t["box"].extend([t["box"][LINE]] * 200), "1 to 200 boxes"),
        (lambda t: t["box"].append(7), "box 6: kind is one of"),
        (lambda t: t["box"][TEXT].update(kind="image"), "box 1: kind is one of"),
        (lambda t: t["box"][TEXT].pop("kind"), "box 1: kind is one of"),
        (lambda t: t["box"][TEXT].update(tracking=1), "box 1: unknown key tracking"),
        (lambda t: t["box"][TEXT].pop("text"), "box 1: no text"),
        (lambda t: t["box"][TEXT].update(text="{zzmc}"), "brace"),
        (lambda t: t["box"][TEXT].update(text=5), "box 1: text: of the wrong kind"),
        (lambda t: t["box"][TEXT].update(size="4"), "box 1: size: of the wrong kind"),
        (lambda t: t["box"][TEXT].update(font="times"), "box 1: font is one of body, bold, serif, title"),
        (lambda t: t["box"][TEXT].update(align="justify"), "align is one of"),
        (lambda t: t["box"][TEXT].update(colour="red"), "a colour is written like"),
        (lambda t: t["box"][TEXT].update(colour=[1, 2, 3]), "a colour is written like"),
        (lambda t: t["box"][TEXT].update(width=191), "box 1: the box leaves the page"),
        (lambda t: t["box"][TEXT].update(x=-1), "box 1: the box leaves the page"),
        (lambda t: t["box"][TEXT].update(y=290), "box 1: the box leaves the page"),
        (lambda t: t["box"][TEXT].update(height=0), "box 1: width and height"),
        (lambda t: t["box"][TEXT].update(minimum=13), "box 1: size and minimum"),
        (lambda t: t["box"][TEXT].update(size=1, minimum=1), "box 1: size and minimum"),
        (lambda t: t["box"][TEXT].update(lead=0.5), "box 1: lead"),
        (lambda t: t["box"][TEXT].update(track=5), "box 1: track"),
        (lambda t: t["box"][TEXT].update(indent=-1), "box 1: track"),
        (lambda t: t["box"][ROWS].update(rows=[]), "box 2: no rows"),
        (lambda t: t["box"][ROWS].update(rows="KZ_ZS"), "box 2: rows: a list"),
        (lambda t: t["box"][ROWS]["rows"].append({"fields": "KZ_ZS"}), "rows 3: unknown key fields"),
        (lambda t: t["box"][ROWS]["rows"].append({"label": "住所"}), "a row has a field"),
        (lambda t: t["box"][ROWS]["rows"].append({"field": "KZ_ZS", "empty": " "}), "can be seen"),
        (lambda t: t["box"][ROWS]["rows"].append({"field": "KZ_ZS", "height": 121}), "higher than the table"),
        (lambda t: t["box"][ROWS].update(label_width=8), "room for two characters"),
        (lambda t: t["box"][ROWS].update(label_width=162), "room for two characters"),
        (lambda t: t["box"][ROWS].update(next_height=0), "runs on"),
        (lambda t: t["box"][ROWS].update(next_y=100), "runs on"),
        (lambda t: t["box"][ROWS].update(height=20), "too low"),
        (lambda t: t["box"][ROWS].update(height=160), "meets the QR code"),
        (lambda t: t["box"][CODE].update(width=37, height=37), "at least 37.2 mm"),
        (lambda t: t["box"][CODE].update(height=41), "a QR box is a square"),
        (lambda t: t["box"].pop(CODE), "one QR code"),
        (lambda t: t["box"].append({"kind": "qr", "x": 120, "y": 245, "width": 40, "height": 40}), "one QR code"),
        (lambda t: t["box"].append(t["box"][SEAL]), "at most one seal"),
        (lambda t: t["box"][SEAL].update(x=59), "box 4: the box meets the QR code"),
        (lambda t: t["box"][TEXT].update(y=195), "box 1: the box meets the QR code"),
        (lambda t: t["every_page"].append({**t["box"][TEXT], "y": 230}), "every_page 3: the box meets the QR code"),
        (lambda t: t["every_page"].append(t["box"][SEAL]), "every_page 3: only text and drawings"),
        (lambda t: t["following_page"].append(t["box"][ROWS]), "following_page 2: only text and drawings"),
        (lambda t: t["box"][LINE].update(height=3), "a line has a width or a height"),
        (lambda t: t["box"][LINE].update(width=0), "a line has a width or a height"),
        (lambda t: t["every_page"][1].update(band=60), "band"),
    ],
)
def test_what_is_not_right_is_refused_with_its_place(change: Callable[[Entries], object], place: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template.read(changed(change))

    assert place in caught.value.detail


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_length_is_a_number_that_can_be_measured(number: str) -> None:
    with pytest.raises(TemplateError):
        Template.read(written(GOOD).replace(b"width = 210", f"width = {number}".encode()))


@pytest.mark.parametrize("content", [b"version = ", b"\xff\xfe", b"version = 1\nversion = 2", b"x" * 300_000])
def test_a_file_that_is_no_toml_is_refused(content: bytes) -> None:
    with pytest.raises(TemplateError):
        Template.read(content)


def test_a_seal_may_stand_right_beside_the_code() -> None:
    template = Template.read(changed(lambda t: t["box"][SEAL].update(x=60)))

    assert template.box[SEAL].x == 60


def test_labels_come_from_the_licence_type() -> None:
    rows = Template.read(written(GOOD)).for_type(FOOD).box[ROWS]

    assert isinstance(rows, RowsBox)
    assert (rows.rows[0].label, rows.rows[0].label_en) == ("住所", "Registered address")
    assert [piece.name for piece in rows.rows[0].value] == ["KZ_ZS"]


def test_a_label_of_the_template_goes_before_that_of_the_type() -> None:
    template = Template.read(changed(lambda t: t["box"][ROWS]["rows"].append({"field": "KZ_ZS", "label": "地址"})))

    rows = template.for_type(FOOD).box[ROWS]

    assert isinstance(rows, RowsBox)
    assert (rows.rows[2].label, rows.rows[2].label_en) == ("地址", "Registered address")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda t: t["box"][TEXT].update(text="{KZ_NONE}"), "box 1: the licence type has no KZ_NONE"),
        (lambda t: t["box"][SEAL].update(alt="{KZ_NONE}"), "box 4: the licence type has no KZ_NONE"),
        (lambda t: t["box"][ROWS]["rows"].append({"field": "KZ_NONE"}), "rows: the licence type has no KZ_NONE"),
        (
            lambda t: t["box"][ROWS]["rows"].append({"label": "x", "value": "{KZ_NONE}"}),
            "box 2: the licence type has no",
        ),
        (lambda t: t["following_page"][0].update(text="{HOST}"), "following_page 1: the licence type has no HOST"),
        (
            lambda t: t["box"].append({"kind": "photo", "x": 120, "y": 245, "width": 30, "height": 40}),
            "box 6: the licence type has no photo",
        ),
    ],
)
def test_a_name_that_the_type_lacks_is_refused(change: Callable[[Entries], object], place: str) -> None:
    template = Template.read(changed(change))

    with pytest.raises(TemplateError) as caught:
        template.for_type(FOOD)

    assert place in caught.value.detail


def test_a_photo_is_a_picture_and_no_text() -> None:
    template = Template.read(changed(lambda t: t["box"][TEXT].update(text="{KZ_ZP}")))

    with pytest.raises(TemplateError):
        template.for_type(TEACHER)


def test_the_fonts_of_each_name_are_known() -> None:
    template = Template.read(changed(lambda t: t["box"][TEXT].update(font="title", text="{ZZMC}{ZZBH}")))

    roles = template.for_type(FOOD).roles_of_names()

    assert roles["ZZBH"] == {"title", "body"}
    assert roles["ZZMC"] == {"title", "body"}  # the title, and the pages after the first
    assert roles["KZ_ZS"] == {"body"}
