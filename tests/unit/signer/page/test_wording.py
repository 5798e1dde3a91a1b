import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.page.errors import TemplateError
from signer.page.wording import Filled, Span, fill, names, read_wording


def test_a_name_is_replaced_and_keeps_its_bounds() -> None:
    wording = read_wording("编号 {ZZBH}，{KZ_ZS}")

    filled = fill(wording, {"ZZBH": "JY1", "KZ_ZS": "海街"})

    assert names(wording) == {"ZZBH", "KZ_ZS"}
    assert filled == Filled("编号 JY1，海街", (Span(0, 3, ""), Span(3, 6, "ZZBH"), Span(6, 7, ""), Span(7, 9, "KZ_ZS")))


@pytest.mark.parametrize(
    "value", ["{ZZMC}", "{a.b}", "{ZZBH.__class__}", "%(x)s", "%s", "{{ZZMC}}", "${x}", "{0}", "\\1"]
)
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    assert fill(read_wording("甲{ZZBH}乙"), {"ZZBH": value, "ZZMC": "secret"}).text == f"甲{value}乙"


@given(st.text(max_size=200))
def test_any_value_comes_out_as_it_went_in(value: str) -> None:
    filled = fill(read_wording("{CZZT}"), {"CZZT": value})

    assert filled.text == value
    assert filled.spans == (Span(0, len(value), "CZZT"),)


@pytest.mark.parametrize(
    "text", ["{a.b}", "{zzmc}", "{}", "{ZZMC", "ZZMC}", "{{ZZMC}}", "{ZZMC!r}", "{ZZMC:>5}", "{ZZMC[0]}", "{ 1 }"]
)
def test_any_other_brace_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        read_wording(text)


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(TemplateError):
        read_wording("字" * 8001)
