"""Which number a draft may claim; the ordinary ways are in test_numbers."""

import pytest

from registry import drafts
from registry.db import transaction
from registry.errors import NumberMalformedError, NumberUsedError, UnknownLicenceError
from registry.tables import LICENCE_NUMBER
from tests.registry_office import FOOD, Office

FIRST, OTHER = "示城管招字〔2026〕第00001号", "示城管招字〔1998〕第00777号"


def test_a_next_version_may_bring_another_number_which_it_then_keeps(office: Office) -> None:
    (old,) = office.issues()

    (renewed,) = office.reserves(office.saves(replaces=old.licence_id, number=OTHER, change_kind="change"))
    (again,) = office.reserves(office.saves(replaces=old.licence_id, change_kind="change"))

    assert (old.number, renewed.number, again.number) == (FIRST, OTHER, OTHER)
    assert (renewed.version, again.version) == (2, 3)
    assert renewed.lineage == again.lineage == old.lineage


def test_a_next_version_that_names_its_own_number_claims_nothing_new(office: Office) -> None:
    (old,) = office.issues()

    (place,) = office.reserves(office.saves(replaces=old.licence_id, number=old.number, change_kind="renewal"))

    assert place.number == old.number
    with transaction(office.database) as tx:
        assert len(tx.execute(LICENCE_NUMBER.select()).all()) == 1


def test_another_licences_number_is_not_taken_over_and_the_old_number_stays_taken(office: Office) -> None:
    old, other = office.issues(2)
    with pytest.raises(NumberUsedError):
        office.reserves(office.saves(replaces=old.licence_id, number=other.number, change_kind="change"))
    office.reserves(office.saves(replaces=old.licence_id, number=OTHER, change_kind="change"))

    with pytest.raises(NumberUsedError):
        office.reserves(office.saves(number=old.number))


def test_a_next_version_with_a_malformed_number_is_refused(office: Office) -> None:
    (old,) = office.issues()

    with pytest.raises(NumberMalformedError) as refused:
        office.reserves(office.saves(replaces=old.licence_id, number="第1号", change_kind="change"))

    assert "draft_id" in refused.value.params


def test_only_a_licence_of_the_same_type_and_issuer_is_replaced(office: Office) -> None:
    (old,) = office.issues()
    (record,) = office.saves(type_code=FOOD, fields={"KZ_ZTYT": "单位食堂"}, replaces=old.licence_id)
    with transaction(office.database) as tx:
        drafts.submit_draft(tx, record.draft_id, version=1)
        record = drafts.approve_draft(tx, record.draft_id, reviewer="reviewer", version=2)

    with pytest.raises(UnknownLicenceError):
        office.reserves((record,))


def test_a_chunk_mixes_all_three_ways(office: Office) -> None:
    (old,) = office.issues()
    records = (
        *office.saves(replaces=old.licence_id, change_kind="renewal"),
        *office.saves(number=OTHER),
        *office.saves(2),
    )

    places = office.reserves(records)

    assert [place.number for place in places] == [
        FIRST,
        OTHER,
        FIRST.replace("1号", "2号"),
        FIRST.replace("1号", "3号"),
    ]
    assert [place.version for place in places] == [2, 1, 1, 1]
