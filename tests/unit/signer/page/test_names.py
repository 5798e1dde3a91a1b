from dataclasses import replace
from datetime import date

from signer.page.names import CORE_NAMES, chinese_date, english_date, is_indexed, page_values
from tests.page_requests import FOOD, MOMENT, OFFICE, TEACHER, PageRequest, food_request, teacher_request
from verify.licence import ISSUER_ZONE


def values(request: PageRequest, code_type: str = "统一社会信用代码") -> dict[str, str]:
    return dict(
        page_values(
            request.licence_type,
            request.draft,
            request.data_set,
            request.department,
            code_type=code_type,
            issued_on=MOMENT.astimezone(ISSUER_ZONE).date(),
        )
    )


def test_every_name_has_a_value() -> None:
    for request, licence_type in ((food_request(), FOOD), (teacher_request(), TEACHER)):
        assert values(request).keys() == CORE_NAMES | {each.short_name for each in licence_type.fields}


def test_dates_are_written_for_people() -> None:
    found = values(food_request())

    assert found["ZZBFRQ"] == "2026年9月21日"
    assert found["ZZYXQ"] == "2026年9月21日至2031年9月20日"
    assert found["ZZYXQ_EN"] == "21 September 2026 to 20 September 2031"


def test_a_licence_without_end_says_so() -> None:
    found = values(teacher_request())

    assert found["ZZYXQJZRQ"] == "长期"
    assert found["ZZYXQJZRQ_EN"] == "Long-term"
    assert found["ZZYXQ_EN"] == "From 21 September 2026"
    assert (chinese_date(None), english_date(None)) == ("长期", "Long-term")


def test_dates_of_the_type_are_written_like_the_others() -> None:
    assert values(teacher_request())["KZ_CSRQ"] == "1990年3月7日"
    assert english_date(date(1990, 3, 7)) == "7 March 1990"


def test_a_field_that_was_not_filled_in_is_empty_and_a_photo_has_no_text() -> None:
    assert values(teacher_request())["KZ_MZ"] == ""
    assert values(teacher_request({"KZ_ZP": "x"}))["KZ_ZP"] == ""


def test_the_id_is_printed_to_be_typed() -> None:
    assert values(food_request())["TYPED_ID"] == "000G-40R4-0M30-E209-E"


def test_the_kind_of_the_holders_code_falls_back_to_a_plain_word() -> None:
    assert values(food_request(), code_type="")["CZZTDMLX"] == "证件号码"


def test_the_offices_own_name_in_the_data_set_is_printed() -> None:
    request = food_request()
    other = replace(request, data_set=replace(request.data_set, office_name="示例市旧名局"))

    assert values(other)["ZZBFJG"] == "示例市旧名局"
    assert values(other)["ZZBFJG_EN"] == OFFICE.name_en


def test_only_items_of_the_national_metadata_are_indexed() -> None:
    assert is_indexed("ZZBH")
    assert is_indexed("KZ_ZS")
    assert not is_indexed("TYPED_ID")
    assert not is_indexed("ZZYXQ_EN")
