"""What a purpose may see of a licence: what the catalogue names, with fixed numbers, and no photo."""

from dataclasses import replace
from datetime import date

from registry import catalogue
from registry.db import reading, transaction
from registry.disclosures import DisclosedField, disclosed, find_disclosables, relied_types
from registry.purposes import Disclosure, Purpose
from registry.records import FieldKind
from tests.registry_office import FOOD, HOLDER, SIGNBOARD, Office

FOOD_ITEM = "1199999900000005113000131012000"


def test_a_purpose_sees_the_fields_that_the_type_names_for_it_numbered_in_the_types_order(office: Office) -> None:
    (filed,) = office.issues()

    known = find_disclosables(office.database, {filed.licence_id, "0" * 16})

    assert list(known) == [filed.licence_id]
    assert find_disclosables(office.database, ()) == {}
    licence = known[filed.licence_id]
    numbers = {each: [field.number for field in disclosed(licence, each)] for each in Purpose}
    assert numbers.pop(Purpose.SUPERVISION) == [100, 101, 102, 103, 104]
    assert numbers.pop(Purpose.MATERIALS_REDUCTION) == [100, 101]
    assert set(map(tuple, numbers.values())) == {()}, "a purpose that is not named sees no more than everybody"
    first = disclosed(licence, Purpose.SUPERVISION)[0]
    assert first.to_object() == {
        "number": 100, "code": "KZ_SZDD", "name": "设置地点", "name_en": "Place", "value": "示例路1号",
    }  # fmt: skip
    assert "示例路" not in repr(first)
    assert HOLDER not in repr(licence)


def test_the_holder_is_shown_in_full_only_where_the_catalogue_names_it(office: Office) -> None:
    (filed,) = office.issues()
    licence = find_disclosables(office.database, (filed.licence_id,))[filed.licence_id]
    cases: dict[tuple[str, ...], list[int]] = {
        ("holder_name",): [13],
        ("holder_code", "holder_name"): [13, 14],
        ("KZ_GG", "holder_code"): [14, 103],
        ("KZ_NONE",): [],
        (): [],
    }

    for named, numbers in cases.items():
        disclosures = (Disclosure(purpose=Purpose.JUDICIAL, fields=named),)
        known = replace(licence, licence_type=replace(licence.licence_type, disclosures=disclosures))
        shown = {each.number: each.value for each in disclosed(known, Purpose.JUDICIAL)}
        assert list(shown) == numbers
        assert shown.get(13, filed.holder_name) == filed.holder_name
        assert shown.get(14, filed.holder_code) == filed.holder_code


def test_a_photo_and_what_the_licence_does_not_have_are_never_shown(office: Office) -> None:
    (filed,) = office.issues()
    licence = find_disclosables(office.database, (filed.licence_id,))[filed.licence_id]
    own = licence.licence_type.fields
    photo = replace(own[0], kind=FieldKind.PHOTO)
    absent = replace(own[1], short_name="KZ_NONE")
    disclosures = (
        Disclosure(purpose=Purpose.APPROVAL, fields=tuple(each.short_name for each in (photo, absent, own[2]))),
    )
    known = replace(licence.licence_type, fields=(photo, absent, *own[2:]), disclosures=disclosures)

    (shown,) = disclosed(replace(licence, licence_type=known), Purpose.APPROVAL)

    assert isinstance(shown, DisclosedField)
    assert (shown.code, shown.number) == (own[2].short_name, 102)


def test_an_item_takes_a_licence_in_place_of_a_paper_where_the_catalogue_says_so_on_that_day(office: Office) -> None:
    on = date(2026, 11, 24)
    taken = relied_types(office.database, FOOD_ITEM, on=on)

    assert taken
    assert SIGNBOARD not in taken
    assert relied_types(office.database, FOOD_ITEM, on=date(2000, 1, 1)) == frozenset()
    assert relied_types(office.database, "1" * 31, on=on) == frozenset()
    with reading(office.database) as tx:
        food = next(each for each in catalogue.all_types(tx) if each.code == FOOD)
    materials = tuple(replace(each, replaced_by=None) for each in food.materials)
    with transaction(office.database) as tx:
        catalogue.add_type(tx, replace(food, version=food.version + 1, materials=materials))
    assert relied_types(office.database, FOOD_ITEM, on=on) == frozenset(), "the version in force decides"
