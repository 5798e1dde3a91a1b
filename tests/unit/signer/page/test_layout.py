import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import pytest

from signer.page.boxes import LineBox, RectBox, Row, RowsBox, TextBox
from signer.page.errors import CharacterMissingError, TextOverflowError
from signer.page.folders import OWN_TEMPLATES
from signer.page.fonts import FontShelf
from signer.page.layout import TEST_WORDS, Contents, Layout
from signer.page.model import Image, Page, Path, Rects, Run
from signer.page.names import page_values
from signer.page.qr import qr_matrix
from signer.page.table import CONTINUED
from signer.page.template import Template
from signer.page.text_breaking import BLANKS
from signer.page.typesetting import Typesetter
from signer.page.wording import read_wording
from tests.page_requests import FOOD, FOOD_FIELDS, TEACHER, food_request, teacher_request

TYPESETTER = Typesetter(FontShelf.open())
TEMPLATE = Template.read((OWN_TEMPLATES / "food_business_licence.toml").read_bytes()).for_type(FOOD)
CODE = qr_matrix(food_request().token_text)


def values(**changed: str) -> dict[str, str]:
    request = food_request({**FOOD_FIELDS, **changed})
    return dict(
        page_values(
            FOOD,
            request.draft,
            request.data_set,
            request.department,
            code_type="统一社会信用代码",
            issued_on=request.data_set.valid_from,
        )
    )


def laid_out(template: Template = TEMPLATE, *, test: bool = False, **changed: str) -> tuple[Page, ...]:
    return Layout(template, TYPESETTER).pages(Contents(values=values(**changed), code=CODE, photo=None, test=test))


def runs(*pages: Page) -> list[Run]:
    return [mark for page in pages for mark in page.marks if isinstance(mark, Run)]


def shown(item: str, *pages: Page) -> str:
    return "".join(run.text for run in runs(*pages) if run.item == item)


def with_box(box: TextBox | RowsBox) -> Template:
    return replace(TEMPLATE, box=(*(each for each in TEMPLATE.box if not isinstance(each, RowsBox)), box))


def text_box(text: str, **changes: object) -> TextBox:
    box = TextBox(x=30, y=60, width=60, height=20, text=read_wording(text), size=4)
    return replace(box, **changes)


TABLE = RowsBox(
    x=30,
    y=60,
    width=100,
    height=60,
    rows=(Row(label="经营场所", value=read_wording("{KZ_JYCS}")), Row(label="编号", value=read_wording("{ZZBH}"))),
    label_width=34,
    size=4,
    minimum=3,
    next_y=40,
    next_height=100,
)


def table_of(text: str, **changes: object) -> tuple[Page, ...]:
    return laid_out(with_box(replace(TABLE, **changes)), KZ_JYCS=text)


def test_every_value_is_a_run_of_its_own_that_names_its_item() -> None:
    pages = laid_out(with_box(text_box("编号 {ZZBH}，{KZ_ZTYT}。", width=90)))

    found = [(run.text, run.item) for run in runs(*pages) if run.y < 70 and run.x >= 30 and run.size == 4][:5]
    assert ("编号", "") in found
    assert ("JY29901000000013", "ZZBH") in found
    assert ("餐饮服务经营者", "KZ_ZTYT") in found


@pytest.mark.parametrize("value", ["{ZZMC}", "{a.b}", "%(x)s", "{ZZBH.__class__}", "<b>&amp;</b>", "\\u4e00"])
def test_a_value_is_printed_as_it_is(value: str) -> None:
    assert shown("KZ_JYCS", *laid_out(KZ_JYCS=value)) == value


def test_no_run_begins_or_ends_with_a_blank_and_each_has_an_advance_a_character() -> None:
    for run in runs(*laid_out(KZ_JYCS="　滨海 大道 \n 二层　", KZ_ZS="甲 " * 60)):
        assert run.text == run.text.strip(BLANKS)
        assert run.text
        assert "\n" not in run.text
        assert len(run.advances) == len(run.text)


def test_a_rare_character_above_the_first_plane_is_one_character() -> None:
    pages = laid_out(KZ_FDDBR="李𬭎")

    (run,) = [run for run in runs(*pages) if run.item == "KZ_FDDBR"]
    assert run.text == "李𬭎"
    assert len(run.advances) == 2


def test_a_character_without_a_glyph_is_named() -> None:
    with pytest.raises(CharacterMissingError) as caught:
        laid_out(KZ_JYCS="海\ue000")

    assert caught.value.params == {"characters": "U+E000"}


def test_a_text_shrinks_only_as_far_as_it_must() -> None:
    long = "观澜大道一百八十八号" * 6

    (size,) = {
        run.size
        for run in runs(*laid_out(with_box(text_box("{KZ_JYCS}", minimum=2)), KZ_JYCS=long))
        if run.item == "KZ_JYCS"
    }

    assert 2 < size < 4
    steps = math.log(size / 4) / math.log(0.95)
    assert steps == pytest.approx(round(steps))


def test_a_text_that_fits_keeps_its_size() -> None:
    pages = laid_out(with_box(text_box("{KZ_JYCS}", minimum=2)), KZ_JYCS="观澜大道")

    assert [run.size for run in runs(*pages) if run.item == "KZ_JYCS"] == [4]


def test_a_text_that_does_not_fit_in_its_smallest_size_is_an_error_that_names_the_value() -> None:
    with pytest.raises(TextOverflowError) as caught:
        laid_out(with_box(text_box("{KZ_JYCS}，{ZZBH}", minimum=3.5)), KZ_JYCS="长" * 200)

    assert caught.value.params == {"names": "KZ_JYCS ZZBH"}


@pytest.mark.parametrize(
    ("align", "start", "end"), [("left", 30, 50), ("center", 50, 70), ("right", 70, 90), ("spread", 30, 90)]
)
def test_text_stands_where_its_box_says(align: str, start: float, end: float) -> None:
    (run,) = [run for run in runs(*laid_out(with_box(text_box("一二三四五", align=align)))) if run.text == "一二三四五"]

    assert run.x == pytest.approx(start)
    assert run.x + sum(run.advances) - run.tracking == pytest.approx(end)


@pytest.mark.parametrize(("valign", "baseline"), [("top", 63.52), ("middle", 71.52), ("bottom", 79.52)])
def test_text_stands_at_the_height_that_its_box_says(valign: str, baseline: float) -> None:
    (run,) = [
        run for run in runs(*laid_out(with_box(text_box("一二三四五", valign=valign)))) if run.text == "一二三四五"
    ]

    assert run.y == pytest.approx(baseline)


def test_a_paragraph_is_indented_in_its_first_line_only() -> None:
    pages = laid_out(with_box(text_box("{KZ_JYCS}", indent=2)), KZ_JYCS="一二三四五六七八九十" * 2 + "\n甲乙")

    assert [(run.x, run.text[0]) for run in runs(*pages) if run.item == "KZ_JYCS"] == [
        (38.0, "一"),
        (30, "四"),
        (38.0, "甲"),
    ]


def test_a_row_without_value_is_left_out_or_says_what_the_template_says() -> None:
    plain, told = (
        replace(TABLE, rows=(Row(label="甲栏", value=read_wording("{KZ_JYCS}"), empty=empty), *TABLE.rows[1:]))
        for empty in ("", "无")
    )

    without, with_word = (laid_out(with_box(box), KZ_JYCS="") for box in (plain, told))

    assert "甲栏" not in [run.text for run in runs(*without)]
    assert {"甲栏", "无"} <= {run.text for run in runs(*with_word)}


def test_a_table_shrinks_before_it_takes_another_page() -> None:
    pages = table_of("观澜大道一百八十八号" * 20)

    assert len(pages) == 1
    (size,) = {run.size for run in runs(*pages) if run.item == "KZ_JYCS"}
    assert 3 <= size < 4


def test_a_table_that_cannot_shrink_enough_runs_on_in_its_full_size() -> None:
    text = "".join(chr(0x5000 + number) for number in range(500))

    pages = table_of(text)

    assert len(pages) == 3
    assert shown("KZ_JYCS", *pages) == text
    assert {run.size for run in runs(*pages) if run.item == "KZ_JYCS"} == {4}
    assert ["".join(run.text for run in runs(page) if run.text.startswith("经营场所")) for page in pages] == [
        "经营场所",
        f"经营场所{CONTINUED}",
        f"经营场所{CONTINUED}",
    ]
    assert [run.text for run in runs(*pages) if run.text.startswith("第")] == [
        f"第 {number} 页，共 3 页" for number in (1, 2, 3)
    ]
    assert shown("ZZBH", pages[2])


def test_a_page_break_leaves_at_least_three_lines_on_either_side() -> None:
    for count in range(14, 26):
        pages = table_of("\n".join("行" * 3 for _ in range(count)), minimum=4)
        parts = [sum(run.item == "KZ_JYCS" for run in runs(page)) for page in pages]
        assert sum(parts) == count
        assert all(part >= 3 for part in parts if part)


def test_pages_after_the_first_repeat_frame_and_heading_as_decoration_only() -> None:
    first, second, *_more = table_of("长" * 500)

    assert second.backdrop == first.backdrop != ()
    (heading,) = [run for run in runs(second) if "续页" in run.text]
    assert heading.place == ()
    assert [run for run in runs(second) if run.place and run.place[0].kind != "Table"] == []
    assert not any(isinstance(mark, Image | Rects) for mark in second.marks)


def test_drawings_and_decoration_of_a_template_are_read_out_by_nobody() -> None:
    words = text_box("花边", tag="decoration")
    template = replace(
        with_box(words), following_page=(LineBox(x=10, y=20, width=50, height=0), *TEMPLATE.following_page)
    )
    template = replace(template, box=(*template.box, TABLE, RectBox(x=1, y=1, width=5, height=5)))

    first, second, *_more = laid_out(template, KZ_JYCS="长" * 500)

    assert [run.place for run in runs(first) if run.text == "花边"] == [()]
    assert [mark.steps[0] for mark in first.marks if isinstance(mark, Path)][-1] == (1, 1)
    assert next(mark.steps[0] for mark in second.marks if isinstance(mark, Path)) == (10, 20)


def test_a_label_that_is_repeated_is_read_out_once() -> None:
    pages = table_of("长" * 500)

    labels = [run for run in runs(*pages) if run.text.startswith("经营场所")]
    assert [bool(run.place) for run in labels] == [True, False, False]


def test_two_tables_run_on_side_by_side() -> None:
    left = replace(TABLE, width=80)
    right = replace(TABLE, x=150, width=80, label_width=20, rows=(Row(label="住所", value=read_wording("{KZ_ZS}")),))
    template = replace(with_box(left), box=(*with_box(left).box, right))

    pages = laid_out(template, KZ_JYCS="长" * 400, KZ_ZS="短" * 500)

    assert [(shown("KZ_JYCS", page) != "", shown("KZ_ZS", page) != "") for page in pages] == [(True, True)] * len(pages)
    assert len(pages) > 1


def test_a_label_higher_than_a_page_is_an_error_and_no_endless_loop() -> None:
    box = replace(TABLE, rows=(Row(label="很长的栏目名" * 200, value=read_wording("{KZ_JYCS}")),))

    with pytest.raises(TextOverflowError):
        laid_out(with_box(box))


@pytest.mark.parametrize("length", [1, 20, 40, 60, 75, 76, 77, 80, 200, 2000])
@pytest.mark.parametrize("minimum", [2, 3.5])
def test_what_is_said_to_be_too_long_is_what_cannot_be_laid_out(length: int, minimum: float) -> None:
    template = replace(with_box(text_box("{KZ_JYCS}，{ZZBH}", minimum=minimum)))
    refused: set[str] = set()
    try:
        laid_out(template, KZ_JYCS="长" * length)
    except TextOverflowError as error:
        refused = set(error.params["names"].split())

    assert Layout(template, TYPESETTER).too_long(values(KZ_JYCS="长" * length)) == refused


def test_all_boxes_that_are_too_small_are_named_also_of_following_pages_and_of_fixed_texts() -> None:
    table = replace(TABLE, rows=(Row(label="项目", value=read_wording("{KZ_JYXM}")),))
    template = replace(
        with_box(text_box("{KZ_JYCS}")),
        following_page=(text_box("{KZ_ZS}"), text_box("续页" * 200)),
    )
    template = replace(template, box=(*template.box, table))
    long = {"KZ_JYCS": "长" * 300, "KZ_ZS": "长" * 300}
    layout = Layout(template, TYPESETTER)

    assert layout.too_long(values(**long)) == {"KZ_JYCS"}
    assert layout.too_long(values(**long, KZ_JYXM="行\n" * 200)) == {"KZ_JYCS", "KZ_ZS", "following1"}
    assert layout.too_long(values(**long, KZ_JYXM="行" + "\n" * 3990)) == {"KZ_JYCS", "KZ_JYXM"}


@pytest.mark.parametrize("grid", ["grid", "rules", "under", "none"])
def test_the_lines_of_a_table_are_as_the_template_says(grid: str) -> None:
    box = replace(TABLE, grid=grid, label_fill=(240, 240, 240))

    paths = [mark for mark in laid_out(with_box(box))[0].marks if isinstance(mark, Path) and mark.stroke == box.colour]

    assert len(paths) == (0 if grid == "none" else 1)
    assert [len(path.steps) // 2 for path in paths] == {"grid": [6], "rules": [3], "under": [2], "none": []}[grid]


def test_a_stretched_table_fills_its_height() -> None:
    box = replace(TABLE, stretch=True)

    (path,) = [
        mark for mark in laid_out(with_box(box))[0].marks if isinstance(mark, Path) and mark.stroke == box.colour
    ]

    assert max(step.y for step in path.steps if hasattr(step, "y")) == pytest.approx(120)


def test_a_row_has_the_height_that_it_asks_for() -> None:
    rows = (replace(TABLE.rows[0], height=30), TABLE.rows[1])

    plain, higher = (laid_out(with_box(replace(TABLE, rows=each))) for each in (TABLE.rows, rows))

    (before,), (after,) = ([run.y for run in runs(*pages) if run.item == "ZZBH"] for pages in (plain, higher))
    assert after > before + 20


def test_english_labels_are_marked_as_english() -> None:
    row = Row(label="编号", label_en="Number", value=read_wording("{ZZBH}"))

    pages = laid_out(with_box(replace(TABLE, rows=(row,), english=True)))

    (run,) = [run for run in runs(*pages) if run.text == "Number"]
    assert run.place[-1] == ("Span", "en")


def test_the_mark_of_a_test_is_below_everything_on_every_page_and_read_out_once() -> None:
    pages = laid_out(with_box(TABLE), test=True, KZ_JYCS="长" * 500)

    for page in pages:
        assert isinstance(page.marks[0], Run)
        assert page.marks[0].text == TEST_WORDS
        assert min(page.marks[0].colour) > 200
    assert [bool(page.marks[0].place) for page in pages if isinstance(page.marks[0], Run)] == [True, False, False]
    assert TEST_WORDS not in [run.text for run in runs(*laid_out())]


def test_the_mark_of_a_test_runs_over_the_middle_of_the_page_and_stays_inside() -> None:
    page = laid_out(test=True)[0]
    (run,) = [run for run in runs(page) if run.text == TEST_WORDS]

    length, angle = sum(run.advances), math.radians(run.angle)
    end = (run.x + length * math.cos(angle), run.y - length * math.sin(angle))

    assert 0 < run.x < end[0] < page.width
    assert 0 < end[1] < run.y < page.height
    assert (run.x + end[0]) / 2 == pytest.approx(page.width / 2, abs=run.size)


def test_the_seal_multiplies_and_never_meets_the_code() -> None:
    marks = laid_out()[0].marks
    (seal,) = [mark for mark in marks if isinstance(mark, Image)]
    (code,) = [mark for mark in marks if isinstance(mark, Rects)]

    assert seal.multiply
    assert not seal.on_paper
    assert seal.alt == "示例市市场监督管理局电子印章"
    assert seal.x > code.x + code.modules * code.unit + 4 * code.unit
    assert code.unit >= 0.40


def photo_marks(size: tuple[int, int] | None) -> Iterator[Image | Path]:
    request = teacher_request()
    template = Template.read((OWN_TEMPLATES / "teacher_certificate.toml").read_bytes()).for_type(TEACHER)
    found = dict(
        page_values(
            TEACHER,
            request.draft,
            request.data_set,
            request.department,
            code_type="公民身份号码",
            issued_on=request.data_set.valid_from,
        )
    )
    page = Layout(template, TYPESETTER).pages(Contents(values=found, code=CODE, photo=size, test=False))[0]
    return (mark for mark in page.marks if isinstance(mark, Image | Path) and getattr(mark, "key", "photo") == "photo")


@pytest.mark.parametrize("size", [(295, 413), (600, 413), (100, 413)])
def test_a_photo_is_fitted_whole_and_not_stretched(size: tuple[int, int]) -> None:
    (photo,) = [mark for mark in photo_marks(size) if isinstance(mark, Image)]

    assert photo.width / photo.height == pytest.approx(size[0] / size[1])
    assert photo.width <= 30.001
    assert photo.height <= 42.001
    assert photo.x + photo.width / 2 == pytest.approx(66)


def test_a_missing_photo_leaves_the_empty_box() -> None:
    assert [mark for mark in photo_marks(None) if isinstance(mark, Image)] == []


def test_what_is_fixed_is_the_same_on_the_next_licence() -> None:
    layout = Layout(TEMPLATE, TYPESETTER)
    first, second = (
        layout.pages(Contents(values=values(KZ_JYCS=text), code=CODE, photo=None, test=False)) for text in ("甲", "乙")
    )

    assert first[0].backdrop is second[0].backdrop
    assert first == laid_out(KZ_JYCS="甲")
    assert second == laid_out(KZ_JYCS="乙")
    changed = [one for one, other in zip(first[0].marks, second[0].marks, strict=True) if one != other]
    assert {mark.item for mark in changed if isinstance(mark, Run)} == {"KZ_JYCS"}
    assert len(changed) == 1


def test_pages_do_not_overlap_themselves() -> None:
    lines = sorted((run.y, run.x, run.x + sum(run.advances) - run.tracking) for run in runs(*laid_out()))

    for (y1, _start, end), (y2, start, _end) in itertools.pairwise(lines):
        assert y1 != y2 or start >= end - 1e-6
