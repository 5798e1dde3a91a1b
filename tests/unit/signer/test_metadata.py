"""The national metadata of a licence: short names and texts, with days as GB/T 39046 writes them."""

from datetime import date

from signer.holder_codes import CODE_TYPE_NAMES, ORGANISATION_CODE_TYPES, PERSON_CODE_TYPES
from signer.metadata import national_metadata
from signer.reservation import reserve
from tests.town import BUREAU, CITIZEN, HOLDER, Town


def _metadata(town: Town, issuer: str, draft: object) -> dict[str, str]:
    (reserved,), _ = reserve(
        town.desk,
        town.saves([draft]),  # type: ignore[list-item]
        operator=town.officer_of(issuer),
        at=town.now,
    )
    return national_metadata(
        reserved.record.draft,
        reserved.data_set,
        reserved.licence_type,
        reserved.department,
        issued_on=date(2026, 11, 24),
    )


def test_the_core_items_and_the_types_own_items_stand_under_their_short_names(sqlite_town: Town) -> None:
    draft = sqlite_town.food_draft()

    items = _metadata(sqlite_town, BUREAU, draft)

    assert items["ZZMC"] == "食品经营许可证"
    assert (items["ZZBFJG"], items["ZZBFJGDM"]) == ("示例市行政审批服务局", BUREAU)
    assert (items["CZZT"], items["CZZTDM"]) == (draft.holder_name, HOLDER)
    assert (items["CZZTDMLX"], items["CZZTDMLXDM"]) == ("统一社会信用代码", "001")
    assert (items["ZZBFRQ"], items["ZZYXQQSRQ"], items["ZZYXQJZRQ"]) == ("20261124", "20261124", "20311123")
    assert items["ZZBH"].startswith("JY")
    assert items["ZZBS"].startswith("1.2.156.3005.2.")
    assert {name: items[name] for name in draft.fields} == dict(draft.fields)


def test_a_licence_without_end_has_no_end_date(sqlite_town: Town) -> None:
    draft = sqlite_town.teacher_draft()

    items = _metadata(sqlite_town, draft.issuer, draft)

    assert "ZZYXQJZRQ" not in items
    assert items["CZZTDM"] == CITIZEN


def test_every_code_type_that_may_be_entered_has_its_name() -> None:
    assert CODE_TYPE_NAMES.keys() == ORGANISATION_CODE_TYPES | PERSON_CODE_TYPES
