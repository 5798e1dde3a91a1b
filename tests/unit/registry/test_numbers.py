"""Numbers, ids and places: given out once, also after crashes and by two processes at once."""

import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from registry import drafts, numbers, statuses
from registry.db import open_database, reading, transaction
from registry.errors import (
    CatalogueError,
    ChangedMeanwhileError,
    DraftStateError,
    NumberExhaustedError,
    NumberMalformedError,
    NumberUsedError,
    UnknownDepartmentError,
    UnknownDraftError,
    UnknownLicenceError,
)
from registry.permutation import LIST_SIZE
from registry.tables import COUNTER, DRAFT
from tests.registry_office import AT, BUREAU, SIGNBOARD, Office
from verify.food_numbers import check_food_business_number
from verify.status import StatusValue


def test_numbers_follow_the_format_and_count_up(office: Office) -> None:
    places = office.reserves(office.saves(3))

    assert [place.number for place in places] == [f"示城管招字〔2026〕第0000{n}号" for n in (1, 2, 3)]


def test_serials_begin_anew_each_year_of_the_issuers_zone(office: Office) -> None:
    office.reserves(office.saves())

    (place,) = office.reserves(office.saves(), at=datetime(2026, 12, 31, 16, 30, tzinfo=UTC))

    assert place.number == "示城管招字〔2027〕第00001号"


def test_a_food_number_holds_form_division_serial_and_check_digit(office: Office) -> None:
    fields = {"KZ_ZTYT": "餐饮服务经营者"}
    (record,) = office.saves(type_code="11999999000000019M002", fields=fields)
    with transaction(office.database) as tx:
        drafts.submit_draft(tx, record.draft_id, version=1)
        record = drafts.approve_draft(tx, record.draft_id, reviewer="reviewer", version=2)

    (place,) = office.reserves((record,))

    check_food_business_number(place.number)
    assert place.number.startswith("JY2990100000001")


def test_the_sum_of_all_places_is_given_out_once(office: Office) -> None:
    places = [place for _ in range(4) for place in office.reserves(office.saves(50))]

    for name in ("licence_id", "number", "identifier", "lineage"):
        assert len({getattr(place, name) for place in places}) == 200
    assert len({(place.status_list, place.status_index) for place in places}) == 200


def test_a_retry_keeps_the_number_and_gets_a_new_id_and_a_new_place(office: Office) -> None:
    records = office.saves()
    (first,) = office.reserves(records)

    (second,) = office.reserves(records)

    assert (second.number, second.identifier, second.version) == (first.number, first.identifier, first.version)
    assert second.licence_id != first.licence_id
    assert (second.status_list, second.status_index) != (first.status_list, first.status_index)


def test_a_crash_after_reserving_loses_no_number(office: Office) -> None:
    records = office.saves(2)
    with pytest.raises(KeyboardInterrupt), transaction(office.database) as tx:  # noqa: PT012 - the crash comes after
        numbers.reserve(tx, records, random=office.random, at=AT)
        raise KeyboardInterrupt

    places = office.reserves(records)

    assert [place.number[-3:] for place in places] == ["01号", "02号"]


def test_a_given_number_is_kept_and_passed_over_by_the_counter(office: Office) -> None:
    given = "示城管招字〔2026〕第00002号"
    (place,) = office.reserves(office.saves(number=given))

    generated = office.reserves(office.saves(3))

    assert place.number == given
    assert {each.number[-2] for each in generated} == {"1", "3", "4"}


def test_a_given_number_that_is_used_is_refused_and_names_the_draft(office: Office) -> None:
    given = "示城管招字〔2026〕第00002号"
    office.reserves(office.saves(number=given))
    (record,) = office.saves(number=given)

    with pytest.raises(NumberUsedError) as refused:
        office.reserves((record,))

    assert refused.value.code == "number.used"
    assert refused.value.params == {"draft_id": record.draft_id}


@pytest.mark.parametrize("given", ["示城管招字〔2026〕第2号", "JY29901000000011", "示城管招字〔2026〕第00002号 ", ""])
def test_a_given_number_of_another_form_is_refused(office: Office, given: str) -> None:
    with pytest.raises(NumberMalformedError):
        office.reserves(office.saves(number=given))


def test_a_counter_without_room_refuses_and_spoils_nothing(office: Office) -> None:
    with transaction(office.database) as tx:
        tx.execute(insert(COUNTER).values(name=f"number:{BUREAU}:{SIGNBOARD}:2026", value=99_999))

    with pytest.raises(NumberExhaustedError):
        office.reserves(office.saves())

    with reading(office.database) as tx:
        assert tx.execute(select(COUNTER.c.value)).scalars().all() == [99_999]


def test_a_replacement_keeps_number_and_lineage_and_takes_the_next_version(office: Office) -> None:
    (old,) = office.issues()

    (place,) = office.reserves(office.saves(replaces=old.licence_id, change_kind="renewal"))

    assert (place.number, place.lineage, place.version) == (old.number, old.lineage, 2)
    assert place.identifier.split(".")[-2] == "002"


def test_a_licence_of_another_type_or_of_nobody_is_not_replaced(office: Office) -> None:
    with pytest.raises(UnknownLicenceError):
        office.reserves(office.saves(replaces="0000000000000000"))


def test_a_draft_that_was_changed_or_withdrawn_meanwhile_is_refused(office: Office) -> None:
    changed, withdrawn = office.saves(2)
    with transaction(office.database) as tx:
        drafts.change_draft(tx, changed.draft_id, office.draft(holder_name="别的公司"), changed_by="officer", version=1)
        drafts.withdraw_draft(tx, withdrawn.draft_id, version=1)

    with pytest.raises(ChangedMeanwhileError):
        office.reserves((changed,))
    with pytest.raises(DraftStateError):
        office.reserves((withdrawn,))


def test_a_type_that_needs_a_reviewer_gets_no_number_without_one(office: Office) -> None:
    records = office.saves(type_code="11999999000000019M002", fields={"KZ_ZTYT": "单位食堂"})

    with pytest.raises(DraftStateError):
        office.reserves(records)


def test_a_full_status_list_is_followed_by_a_new_one(office: Office) -> None:
    with transaction(office.database) as tx:
        tx.execute(insert(COUNTER).values(name="status", value=LIST_SIZE - 1))

    places = office.reserves(office.saves(2))

    assert [place.status_list for place in places] == [1, 2]
    with reading(office.database) as tx:
        assert statuses.list_numbers(tx) == (1, 2)


def test_an_abandoned_place_is_ended_in_its_status_list(office: Office) -> None:
    first, second = office.reserves(office.saves(2))
    with transaction(office.database) as tx:
        numbers.end_places(tx, (second.licence_id,))

    with reading(office.database) as tx:
        values = statuses.values(tx, second.status_list)

    assert values == {second.status_index: StatusValue.ENDED}
    assert first.status_index not in values


def _issue_many(url: str, seed: int) -> list[tuple[str, str, int, int]]:
    database = open_database(url)
    source = random.Random(seed).randbytes  # noqa: S311 - a test's
    found = []
    with reading(database) as tx:
        mine = [row.draft_id for row in tx.execute(select(DRAFT.c.draft_id).where(DRAFT.c.created_by == str(seed)))]
    for start in range(0, len(mine), 10):
        with transaction(database) as tx:
            records = drafts.find_drafts(tx, mine[start : start + 10])
            places = numbers.reserve(tx, records, random=source, at=AT)
        found += [(place.number, place.licence_id, place.status_list, place.status_index) for place in places]
    database.close()
    return found


def test_two_processes_never_get_the_same(office: Office, database_url: str) -> None:
    for seed in (1, 2):
        with transaction(office.database) as tx:
            drafts.add_drafts(
                tx,
                [office.draft()] * 100,
                created_by=str(seed),
                at=AT,
                random=random.Random(seed).randbytes,  # noqa: S311 - a test's
            )

    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        first, second = processes.map(_issue_many, (database_url,) * 2, (1, 2))

    places = first + second
    assert sorted(place[0][-6:-1] for place in places) == [f"{serial:05}" for serial in range(1, 201)]
    assert len({place[1] for place in places}) == 200
    assert len({place[2:] for place in places}) == 200


def test_nothing_is_reserved_for_no_drafts(office: Office) -> None:
    assert office.reserves(()) == ()


def test_a_draft_that_does_not_exist_and_a_type_that_nobody_knows_are_refused(office: Office) -> None:
    (record,) = office.saves()
    (of_no_type,) = office.saves(type_code="11999999000000019M999")

    with pytest.raises(UnknownDraftError):
        office.reserves((replace(record, draft_id="none"),))
    with pytest.raises(CatalogueError):
        office.reserves((of_no_type,))


def test_a_field_that_enters_the_number_must_be_chosen(office: Office) -> None:
    (record,) = office.saves(type_code="11999999000000019M002", fields={"KZ_ZTYT": "没有的业态"})
    with transaction(office.database) as tx:
        drafts.submit_draft(tx, record.draft_id, version=1)
        record = drafts.approve_draft(tx, record.draft_id, reviewer="reviewer", version=2)

    with pytest.raises(CatalogueError):
        office.reserves((record,))


def test_a_draft_that_names_an_office_nobody_knows_gets_no_number(office: Office) -> None:
    (record,) = office.saves()
    stranger = replace(record, draft=replace(record.draft, issuer="91999999MA00000154"))

    with pytest.raises(UnknownDepartmentError):
        office.reserves((stranger,))
