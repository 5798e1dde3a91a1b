"""Figures of the OFD: made and sealed, and checked, against ofdrw."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from bench.figure import Figure, alternating
from bench.ofdrw_way import OFDRW, ofdrw_way
from signer.page.press import BodyForm, PageRequest
from tests.page_requests import food_request, press, renamed
from tests.sealed_ofd import seal_up

# No two licences have one holder: the font of the values is cut anew each time.
_CHARACTERS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒"
_OURS_EACH = 10
_CALLS = 5


def ofd_make(folder: Path) -> Iterator[Figure]:
    """One licence (food business) as OFD, sealed: ours lays it out, sets the code, cuts the fonts of a new holder, writes,
    signs with SM2 and packs; ofdrw 2.3.3 in one warm process gets the same page laid out, the fonts cut and the code as a
    picture, draws it on its canvas, attaches the same files, seals with the same key and packs. Median of five rounds in
    turn, one core.
    """
    names, numbers = _CHARACTERS, count()

    def request() -> PageRequest:
        number = next(numbers)
        holder = f"示例市望潮楼{names[number % 30]}{names[number // 30 % 30]}{names[number // 900 % 30]}餐饮有限公司"
        made = food_request()
        return renamed(replace(made, draft=replace(made.draft, holder_name=holder)), holder)

    def ours() -> None:
        for _ in range(_OURS_EACH):
            unsigned = press().render_bodies(request(), forms={BodyForm.OFD}).ofd
            if unsigned is None:
                raise RuntimeError("no OFD was made")
            seal_up(unsigned)

    with ofdrw_way(folder, food_request()) as rival:
        own, theirs = alternating(ours, rival.make, count=_CALLS)
    yield _ratio("ofd_make", own / _OURS_EACH, theirs, goal=4)


def _ratio(name: str, ours: float, theirs: float, *, goal: float) -> Figure:
    return Figure(
        name=name,
        value=theirs / ours,
        unit="times",
        goal=goal,
        own=f"{ours * 1000:.2f} ms ({1 / ours:.0f}/s)",
        rival=f"{OFDRW}: {theirs * 1000:.2f} ms ({1 / theirs:.1f}/s)",
    )
