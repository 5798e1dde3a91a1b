"""A licence by number and holder: found however they are typed, never by the number alone, never one of two."""

from sqlalchemy import select, update

from registry.db import transaction
from registry.number_search import find_by_number, normal, spellings
from registry.tables import LICENCE
from tests.registry_office import HOLDER, Office

NAME = "示例（滨海）Food 有限公司"
TYPED_NUMBERS = (
    "示城管招字〔2026〕第00001号",
    "示城管招字[2026]第00001号",
    "示城管招字［2026］第00001号",
    "示城管招字（2026）第00001号",
    "示城管招字(2026)第00001号",
    "示城管招字【2026】第00001号",
    " 示城管招字〔 2026 〕 第 00001\u3000号",
    "示城管招字〔２０２６〕第００００１号\u200b",
)
TYPED_HOLDERS = (
    NAME,
    "示例(滨海)food有限公司",
    "示例［滨海］ＦＯＯＤ有限公司",
    HOLDER,
    HOLDER.lower(),
    "９１９９ 9999MA 0000 0154",
)


def files(office: Office, number: str, holder: str) -> str:
    """File a licence with this number and holder, and return its id."""
    (filed,) = office.issues(holder_name=holder)
    with transaction(office.database) as tx:
        tx.execute(update(LICENCE).values(number=number).where(LICENCE.c.licence_id == filed.licence_id))
    return filed.licence_id


def test_a_licence_is_found_however_its_number_and_holder_are_typed(office: Office) -> None:
    (filed,) = office.issues(holder_name=NAME)
    other = [(number, holder) for number in TYPED_NUMBERS for holder in TYPED_HOLDERS]

    assert [each for each in other if find_by_number(office.database, *each) != filed.licence_id] == []
    assert find_by_number(office.database, filed.number, NAME, type_code=filed.type_code) == filed.licence_id
    assert find_by_number(office.database, filed.number, NAME, type_code="11999999000000019M002") is None


def test_letters_that_were_given_out_as_capitals_or_wide_are_found_as_they_are_typed(office: Office) -> None:
    for given, typed in (("JY2-AB（1）", "jy2-ab(1)"), ("ＷＸ〔1〕", "ＷＸ[1]"), ("No. 5 〔x〕", "No. 5 〔x〕")):
        filed = files(office, given, NAME)
        assert find_by_number(office.database, typed, NAME) == filed, given


def test_the_number_alone_and_another_number_or_holder_find_nothing(office: Office) -> None:
    (filed,) = office.issues(holder_name=NAME)
    with transaction(office.database) as tx:
        tx.execute(update(LICENCE).values(holder_code=""))

    for holder in ("", "\u200b", " ", "%", "示例（滨海）Food", "示例市（无此持证主体）有限公司"):
        assert find_by_number(office.database, filed.number, holder) is None, repr(holder)
        assert find_by_number(office.database, "示城管招字〔2026〕第00002号", holder) is None, repr(holder)


def test_of_two_licences_only_the_exact_spelling_tells_which(office: Office) -> None:
    narrow, wide = files(office, "A(1)", NAME), files(office, "A（1）", NAME)

    assert find_by_number(office.database, "A(1)", NAME) == narrow
    assert find_by_number(office.database, "A（1）", normal(NAME)) == wide
    assert find_by_number(office.database, "a [1]", NAME) is None
    older, newer = files(office, "B1", NAME), files(office, "B1", "示例(滨海)FOOD有限公司")
    assert find_by_number(office.database, "B1", NAME) == older
    assert find_by_number(office.database, "b1", "示例(滨海)FOOD有限公司") == newer
    assert find_by_number(office.database, "B1", "示例(滨海)food有限公司") is None
    assert find_by_number(office.database, "B1", HOLDER) == newer, "several of one number and holder: the newest"


def test_versions_of_one_licence_are_one_and_the_newest_is_found(office: Office) -> None:
    older, newer = files(office, "C（1）", NAME), files(office, "C（1）", "示例(滨海)Food有限公司")
    with transaction(office.database) as tx:
        lineage = tx.execute(select(LICENCE.c.lineage).where(LICENCE.c.licence_id == older)).scalar_one()
        tx.execute(update(LICENCE).values(lineage=lineage, version=2).where(LICENCE.c.licence_id == newer))

    for holder in (NAME, "示例(滨海)Food有限公司", HOLDER):
        assert find_by_number(office.database, "c(1)", holder) == newer


def test_an_unknown_number_and_a_wrong_holder_are_asked_for_alike_and_few_spellings_are(office: Office) -> None:
    (filed,) = office.issues(holder_name=NAME)
    assert max(len(spellings(each)) for each in (*TYPED_NUMBERS, "ａ－b〔ﷺ〕（1）[2]" * 20)) <= 16
    sizes = {len(spellings(each)) for each in (filed.number, filed.number.replace("1号", "2号"))}

    assert sizes == {5}, "as many for a number that is known as for one that is not"
