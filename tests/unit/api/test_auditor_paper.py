"""The working paper: what stands in it can be read with any reader, and no number is cut in two."""

import re

from api.auditor.paper import _MARKS, _folded
from api.auditor.pdf import Page


def test_no_number_hash_or_word_is_cut_where_a_line_ends() -> None:
    numbers = " ".join(str(each) for each in range(95_000, 95_090))
    line = f"  • 抽样（种子 dice，树根 c6fcab2529ca69d8…）：{numbers} [checker.witness_none]"

    folded = list(_folded(line))

    assert len(folded) > 5
    assert re.findall(r"[0-9]{5}", " ".join(folded)) == numbers.split()
    assert folded[-1].endswith("[checker.witness_none]")
    assert all(sum(1 if each < "\x7f" else 2 for each in part) <= 104 for part in folded)
    assert "".join(_folded("x" * 300)).replace(" ", "") == "x" * 300, "what is longer than a line is cut"


def test_an_english_paper_needs_no_chinese_font() -> None:
    page = Page()
    page.text(0, 0, 8, "✔ ✘ ？ • root c6fc… (a)".translate(_MARKS["en"]))

    assert page.content() == rb"BT 0.00 0.00 Td /F1 8 Tf (OK \327 ? \225 root c6fc\205 \(a\)) Tj ET"
