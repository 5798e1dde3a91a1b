import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from signer.page.errors import PhotoUnreadableError, TemplateError, TextOverflowError, UnknownTemplateError
from signer.page.folders import OWN_TEMPLATES
from signer.page.press import Press
from signer.page.samples import sample_licence_type
from tests.page_requests import FOOD, FOOD_FIELDS, MOMENT, food_request, press, renamed, teacher_request

FOOD_TEMPLATE = (OWN_TEMPLATES / "food_business_licence.toml").read_text(encoding="utf-8")


def texts(document: bytes | bytearray) -> list[str]:
    with pypdfium2.PdfDocument(bytes(document)) as opened:
        return [page.get_textpage().get_text_range() for page in opened]


def test_a_licence_says_what_was_asked_for() -> None:
    (text,) = texts(press().render(food_request()).content)

    for value in (
        "食品经营许可证",
        "JY29901000000013",
        "示例市望潮楼餐饮有限公司",
        "王䶮",
        "2031年9月20日",
        "000G-40R4-0M30-E209-E",
    ):
        assert value in text
    assert "测试" not in text


def test_a_test_says_so_on_every_page() -> None:
    long = food_request({**FOOD_FIELDS, "KZ_JYCS": "观澜大道" * 400}, test=True)

    pages = texts(press().render(long).content)

    assert len(pages) > 1
    assert all("测试 TEST 不具法律效力" in text for text in pages)


@pytest.mark.parametrize("value", ["{ZZBFJG}", "{a.b}", "%(x)s", "</rdf:li>", "(x) Tj ET EMC", "<FEFF>"])
def test_a_value_cannot_act_on_the_document(value: str) -> None:
    (text,) = texts(press().render(renamed(food_request(), value)).content)

    assert value in text


def test_the_same_request_gives_the_same_bytes_in_another_process_too() -> None:
    script = (
        "import sys; from tests.page_requests import *;"
        "sys.stdout.buffer.write(press().render(teacher_request(test=True)).content)"
    )
    here = Press.open().render(teacher_request(test=True)).content

    there, again = (
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[4],
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    )

    for other in (there, again):
        differs = next((at for at, (one, two) in enumerate(zip(here, other, strict=False)) if one != two), len(here))
        around = slice(max(0, differs - 400), differs + 40)
        assert other == here, (differs, len(here), len(other), here[around], other[around])


def test_another_moment_or_salt_gives_another_document() -> None:
    request = food_request()
    salted = replace(request, data_set=replace(request.data_set, salt=bytes(16)))

    assert press().render(request).content != press().render(salted).content
    assert press().render(request).content != press().render(replace(request, created=MOMENT.replace(hour=1))).content


def test_the_day_of_issue_is_the_day_in_china() -> None:
    (text,) = texts(press().render(food_request()).content)

    assert "2026年9月21日" in text
    assert "9月20日" not in text.replace("2031年9月20日", "")


def test_a_text_that_cannot_be_printed_is_refused() -> None:
    with pytest.raises(TextOverflowError):
        press().render(food_request({**FOOD_FIELDS, **dict.fromkeys(("KZ_JYCS", "KZ_ZS", "KZ_JYXM"), "行\n" * 2000)}))


def test_a_photo_that_is_none_is_refused() -> None:
    with pytest.raises(PhotoUnreadableError):
        press().render(teacher_request(photo=b"GIF89a"))


def test_a_photo_of_a_type_without_one_is_not_in_the_document() -> None:
    with_photo = replace(food_request(), photo=teacher_request().photo)

    assert b"DCTDecode" not in press().render(with_photo).content
    assert press().render(teacher_request()).content.count(b"DCTDecode") == 1


def test_characters_that_no_font_has_are_named_by_field() -> None:
    found = press().missing_characters(
        FOOD,
        {
            "holder_name": "海\ue000店\ue001",
            "KZ_ZS": "李𬭎䶮",
            "KZ_JYXM": "甲\n乙",
            "holder_code": "9\ue002",
            "KZ_NONE": "\ue003",
        },
    )

    assert found == {"holder_name": frozenset("\ue000\ue001"), "holder_code": frozenset("\ue002")}


def office(folder: Path, name: str, text: str) -> Press:
    (folder / name).write_text(text, encoding="utf-8")
    return Press.open(templates=[folder])


def test_an_offices_template_goes_before_ours(tmp_path: Path) -> None:
    changed = office(tmp_path, "food_business_licence.toml", FOOD_TEMPLATE.replace("发证机关", "核发机关"))

    (text,) = texts(changed.render(food_request()).content)

    assert "核发机关" in text
    assert "发证机关" not in text


def test_a_template_of_another_version_is_not_taken(tmp_path: Path) -> None:
    newer = office(tmp_path, "food_business_licence.toml", FOOD_TEMPLATE.replace("version = 1", "version = 2"))
    asked = replace(food_request(), licence_type=replace(FOOD, template_version=3))

    assert newer.render(food_request()).content == press().render(food_request()).content
    with pytest.raises(UnknownTemplateError) as caught:
        newer.render(asked)
    assert caught.value.params == {"name": "food_business_licence", "version": "3"}


def test_an_older_version_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    office(tmp_path, "food_business_licence-1.toml", FOOD_TEMPLATE.replace("发证机关", "旧版机关"))
    both = office(
        tmp_path,
        "food_business_licence.toml",
        FOOD_TEMPLATE.replace("version = 1", "version = 2").replace("发证机关", "新版机关"),
    )

    for version, words in ((1, "旧版机关"), (2, "新版机关")):
        request = replace(food_request(), licence_type=replace(FOOD, template_version=version))
        assert words in texts(both.render(request).content)[0]


def test_a_wrong_template_names_its_file(tmp_path: Path) -> None:
    wrong = office(tmp_path, "food_business_licence.toml", FOOD_TEMPLATE.replace("tracking", "x") + "\n[extra]\n")

    with pytest.raises(TemplateError, match=r"food_business_licence\.toml: template: unknown key extra"):
        wrong.render(food_request())


@pytest.mark.parametrize("name", ["../food_business_licence", "Food", "", "x" * 100, "no_such_template"])
def test_a_name_is_no_path_and_must_be_known(name: str, tmp_path: Path) -> None:
    asked = replace(food_request(), licence_type=replace(FOOD, template=name))

    with pytest.raises(UnknownTemplateError):
        Press.open(templates=[tmp_path]).render(asked)


def test_a_preview_shows_usual_and_long_values_and_is_marked_as_a_test() -> None:
    pages = texts(press().preview("food_business_licence"))

    assert len(pages) > 2
    assert all("测试 TEST 不具法律效力" in text for text in pages)
    assert "（续）" in "".join(pages)
    assert b"/AcroForm" not in press().preview("food_business_licence")


def test_a_preview_takes_an_offices_own_type(tmp_path: Path) -> None:
    own = replace(FOOD, name="示例自设许可证", template="own_permit")
    changed = office(tmp_path, "own_permit.toml", FOOD_TEMPLATE)

    assert "示例自设许可证" in texts(changed.preview("own_permit", own))[0]
    with pytest.raises(UnknownTemplateError):
        changed.preview("own_permit")
    with pytest.raises(UnknownTemplateError):
        changed.preview("food_business_licence", own)


def test_a_preview_is_the_same_each_time() -> None:
    assert press().preview("teacher_certificate") == Press.open().preview("teacher_certificate")
    assert sample_licence_type("teacher_certificate").name == "教师资格证书"
