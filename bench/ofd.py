"""Figures of the OFD: made and sealed, and checked, against ofdrw."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from bench.checking import of_slow_tools
from bench.figure import Figure, alternating
from bench.ofdrw_way import OFDRW, ofdrw_way
from bench.town_of_bench import found_town, issue_chunks
from signer.page.press import BodyForm, PageRequest
from tests.page_requests import food_request, press, renamed
from tests.sealed_ofd import seal_up
from verify.examine import examine
from verify.report import Outcome

# No two licences have one holder: the font of the values is cut anew each time.
_CHARACTERS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒"
_OURS_EACH = 10
_CALLS = 5
_WARM_CHECKS = 5


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


def ofd_check(folder: Path) -> Iterator[Figure]:
    """Checking one of our own OFDs in full, with the library that the service chooses for SM2 (package, form, digests,
    seal signature, seal, maker, certificates, revocation list, log proof, code, data set, index and page), against
    ofdrw's validator with its SESV4ValidateContainer on the same files in one warm process: digests, seal and two
    signatures, whoever made them. Median of five rounds in turn, over ten documents. ofd_rate: the same checks a second
    over 20, measured when the rival's machine is gone, whose own threads share the core.
    """
    town = found_town(folder / "town")
    issued = issue_chunks(town, town.drafts(10))
    documents = [each.ofd for each in issued if each.ofd is not None]
    files = [folder / f"{number}.ofd" for number in range(len(documents))]
    for file, document in zip(files, documents, strict=True):
        file.write_bytes(document)
    evidence, at = town.evidence(), town.now + timedelta(minutes=1)
    if not documents or any(each.outcome is Outcome.FAILED for each in examine(documents[0], evidence, at=at).findings):
        raise RuntimeError("the figure must measure documents that are good")

    def ours() -> None:
        for document in documents:
            examine(document, evidence, at=at)

    with ofdrw_way(folder / "rival", food_request(), warm_after=0) as rival:

        def theirs() -> None:
            for file in files:
                rival.check(file)

        for _ in range(_WARM_CHECKS):
            theirs()
        own, other = alternating(ours, theirs, count=2)
    yield _ratio("ofd_check", own / len(documents), other / len(documents), goal=4)
    alone, _ = alternating(ours, lambda: None, count=2)
    yield of_slow_tools("ofd_rate", len(documents) / alone)


def _ratio(name: str, ours: float, theirs: float, *, goal: float) -> Figure:
    return Figure(
        name=name,
        value=theirs / ours,
        unit="times",
        goal=goal,
        own=f"{ours * 1000:.2f} ms ({1 / ours:.0f}/s)",
        rival=f"{OFDRW}: {theirs * 1000:.2f} ms ({1 / theirs:.1f}/s)",
    )
