"""The twelve templates that we ship: complete, legible, free of overlaps, with usual and with the longest values."""

import itertools
import re
import unicodedata
from contextlib import closing
from functools import cache
from typing import NamedTuple

import pypdfium2
import pytest
import zxingcpp

from registry.records import FieldKind, LicenceType
from signer.page.boxes import CodeBox, FrameBox, PhotoBox, RowsBox, TextBox
from signer.page.folders import OWN_TEMPLATES
from signer.page.fonts import FontShelf
from signer.page.layout import Contents, Layout
from signer.page.model import Page, Rects, Run
from signer.page.press import Press
from signer.page.samples import _sample_types, has_photo, sample_contents
from signer.page.template import Template
from signer.page.typesetting import Typesetter
from signer.page.wording import names

TYPES = {each.template: each for each in _sample_types()}
PRESS = Press.open()
TYPESETTER = Typesetter(FontShelf.open())
# What an office printer or a scanner at a counter makes of a page.
DPI = 150


class Area(NamedTuple):
    """A rectangle in millimetres and what it holds."""

    left: float
    top: float
    right: float
    bottom: float
    what: str

    def meets(self, other: "Area") -> bool:
        slack = 0.05
        return (
            self.left < other.right - slack
            and other.left < self.right - slack
            and self.top < other.bottom - slack
            and other.top < self.bottom - slack
        )

    def holds(self, other: "Area") -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


def bands(frame: FrameBox) -> tuple[Area, ...]:
    """Return the four sides of an ornamental border."""
    left, top, right, bottom = frame.x, frame.y, frame.x + frame.width, frame.y + frame.height
    return (
        Area(left, top, right, top + frame.band, "upper border"),
        Area(left, bottom - frame.band, right, bottom, "lower border"),
        Area(left, top, left + frame.band, bottom, "left border"),
        Area(right - frame.band, top, right, bottom, "right border"),
    )


@cache
def template_of(licence_type: LicenceType) -> Template:
    return Template.read((OWN_TEMPLATES / f"{licence_type.template}.toml").read_bytes()).for_type(licence_type)


def contents_of(licence_type: LicenceType, *, is_long: bool) -> Contents:
    photo = (295, 413) if has_photo(licence_type) else None
    return sample_contents(licence_type, photo=photo, is_long=is_long)


@cache
def pages_of(template: str, *, is_long: bool) -> tuple[Page, ...]:
    layout = Layout(template_of(TYPES[template]), TYPESETTER)
    return layout.pages(contents_of(TYPES[template], is_long=is_long))


@cache
def preview_of(template: str) -> bytes:
    return PRESS.preview(template)


def shown_names(template: Template) -> frozenset[str]:
    wordings = [box.text for box in template.box if isinstance(box, TextBox)]
    wordings += [row.value for box in template.box if isinstance(box, RowsBox) for row in box.rows]
    return frozenset().union(*map(names, wordings))


def upright_runs(page: Page) -> list[Run]:
    """Return the text of a page without the mark of a test, which lies across and below everything."""
    return [mark for mark in page.marks if isinstance(mark, Run) and mark.angle == 0]


def run_area(run: Run) -> Area:
    width = sum(run.advances) - run.tracking  # what is added after the last character is no ink
    return Area(run.x, run.y - 0.86 * run.size, run.x + width, run.y + 0.1 * run.size, run.text)


def folded(text: str) -> str:
    """Return the text without what extraction may add: blanks, line ends, the control marks of page ends."""
    return re.sub(r"[\s\x00-\x1f\ufffe]+", "", unicodedata.normalize("NFC", text))


def test_every_type_of_the_sample_catalogue_has_its_template_and_no_template_is_left_over() -> None:
    assert {path.stem for path in OWN_TEMPLATES.glob("*.toml")} == TYPES.keys()
    assert len(TYPES) == 12


@pytest.mark.parametrize("template", TYPES)
def test_a_template_is_of_the_version_that_the_type_names_and_shows_all_its_fields(template: str) -> None:
    licence_type = TYPES[template]
    read = template_of(licence_type)

    assert read.version == licence_type.template_version
    fields = {each.short_name for each in licence_type.fields if each.kind is not FieldKind.PHOTO}
    assert fields <= shown_names(read)
    assert any(isinstance(box, PhotoBox) for box in read.box) == has_photo(licence_type)


@pytest.mark.parametrize("template", TYPES)
def test_a_template_shows_what_every_licence_must_show(template: str) -> None:
    shown = shown_names(template_of(TYPES[template]))

    assert {"ZZMC", "ZZBH", "CZZT", "CZZTDM", "ZZBFJG", "ZZBFRQ", "TYPED_ID"} <= shown
    # A teacher's qualification is for life; its certificate has no line for a term.
    assert shown & {"ZZYXQ", "ZZYXQJZRQ", "ZZYXQQSRQ"} or TYPES[template].validity.kind == "long_term"


@pytest.mark.parametrize("template", TYPES)
def test_no_box_of_a_template_meets_another_but_the_seal_and_drawings(template: str) -> None:
    read = template_of(TYPES[template])
    number = Area(0, read.page.number_y - 3, read.page.width, read.page.number_y + 0.5, "page number")

    areas = [
        Area(box.x, box.y, box.x + box.width, box.y + box.height, str(box)[:60])
        for box in (*read.every_page, *read.box)
        if isinstance(box, TextBox | RowsBox | PhotoBox | CodeBox)
    ]

    assert [(one.what, other.what) for one, other in itertools.combinations(areas, 2) if one.meets(other)] == []
    assert [area.what for area in areas if read.page.number_y and area.meets(number)] == []


@pytest.mark.parametrize("is_long", [False, True], ids=["usual", "long"])
@pytest.mark.parametrize("template", TYPES)
def test_no_text_lies_on_other_text_on_the_code_or_on_the_border(template: str, *, is_long: bool) -> None:
    borders = [
        area for box in template_of(TYPES[template]).every_page if isinstance(box, FrameBox) for area in bands(box)
    ]

    for page in pages_of(template, is_long=is_long):
        areas = [run_area(run) for run in upright_runs(page)]
        codes = [
            Area(mark.x, mark.y, mark.x + mark.modules * mark.unit, mark.y + mark.modules * mark.unit, "code")
            for mark in page.marks
            if isinstance(mark, Rects)
        ]
        pairs = [*itertools.combinations([*areas, *codes], 2), *itertools.product([*areas, *codes], borders)]
        assert [(one.what, other.what) for one, other in pairs if one.meets(other)] == []
        paper = Area(2, 2, page.width - 2, page.height - 2, "paper")
        assert [area.what for area in areas if not paper.holds(area)] == []


@pytest.mark.parametrize("is_long", [False, True], ids=["usual", "long"])
@pytest.mark.parametrize("template", TYPES)
def test_every_value_is_shown_whole(template: str, *, is_long: bool) -> None:
    licence_type = TYPES[template]
    values = contents_of(licence_type, is_long=is_long).values
    texts: dict[str, str] = {}
    for page in pages_of(template, is_long=is_long):
        for run in upright_runs(page):
            if run.item:
                texts[run.item] = texts.get(run.item, "") + folded(run.text)

    for name in shown_names(template_of(licence_type)) & texts.keys():
        value = folded(values[name])
        assert texts[name] == value * (len(texts[name]) // len(value)), name
    assert {each.short_name for each in licence_type.fields if each.kind is not FieldKind.PHOTO} <= texts.keys()


@pytest.mark.parametrize("template", TYPES)
def test_a_reader_extracts_the_text_of_every_run(template: str) -> None:
    pages = [*pages_of(template, is_long=False), *pages_of(template, is_long=True)]

    with closing(pypdfium2.PdfDocument(preview_of(template))) as document:
        extracted = [folded(each.get_textpage().get_text_bounded()) for each in document]

    assert len(extracted) == len(pages)
    for text, page in zip(extracted, pages, strict=True):
        assert [run.text for run in upright_runs(page) if folded(run.text) not in text] == []


@pytest.mark.parametrize("template", TYPES)
def test_the_code_is_read_from_a_picture_of_the_page_at_150_dpi(template: str) -> None:
    firsts = (0, len(pages_of(template, is_long=False)))

    with closing(pypdfium2.PdfDocument(preview_of(template))) as document:
        pictures = [document[index].render(scale=DPI / 72, grayscale=True).to_pil() for index in firsts]

    for picture in pictures:
        (code,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        assert code.text.startswith("https://licences.example.org/v/")


@pytest.mark.parametrize("template", TYPES)
def test_usual_values_fit_on_one_page(template: str) -> None:
    assert len(pages_of(template, is_long=False)) == 1
