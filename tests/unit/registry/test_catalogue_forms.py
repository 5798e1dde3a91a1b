"""Licence types and items as plain mappings: strict in, the same out."""

import tomllib
from copy import deepcopy
from typing import Any

import pytest

from registry.catalogue import SAMPLE
from registry.catalogue_forms import FIELDS_MAX, read_record, write_record
from registry.errors import CatalogueError, NumberFormatError
from registry.records import Department, FieldKind, LicenceType, ServiceItem

PARSED = tomllib.loads(SAMPLE.read_text(encoding="utf-8"))
TYPES: list[dict[str, Any]] = PARSED["licence_type"]
FOOD = TYPES[1]


def changed(**changes: Any) -> dict[str, Any]:
    return deepcopy(FOOD) | changes


def with_field(**changes: Any) -> dict[str, Any]:
    """Return the food licence with its first field changed."""
    licence_type = deepcopy(FOOD)
    licence_type["fields"][0] |= changes
    return licence_type


@pytest.mark.parametrize("entries", TYPES, ids=lambda each: each["template"])
def test_what_was_read_is_written_back_and_read_the_same(entries: dict[str, Any]) -> None:
    licence_type = read_record(LicenceType, entries)

    assert read_record(LicenceType, write_record(licence_type)) == licence_type


@pytest.mark.parametrize("entries", PARSED["service_item"], ids=lambda each: each["item_code"])
def test_items_are_written_back_the_same(entries: dict[str, Any]) -> None:
    item = read_record(ServiceItem, entries)

    assert read_record(ServiceItem, write_record(item)) == item


def test_a_department_without_a_parent_stands_at_the_top() -> None:
    entries = dict(PARSED["department"][0])

    assert read_record(Department, entries).parent is None
    assert read_record(Department, entries | {"parent": None}).parent is None


@pytest.mark.parametrize("name", sorted(FOOD.keys() - {"disclosures"}))
def test_each_key_must_be_there_and_of_its_kind(name: str) -> None:
    lacking = changed()
    del lacking[name]
    with pytest.raises(CatalogueError):
        read_record(LicenceType, lacking)
    with pytest.raises(CatalogueError):
        read_record(LicenceType, changed(**{name: object()}))


@pytest.mark.parametrize("entries", [None, [], "x", 5])
def test_what_is_no_mapping_is_refused(entries: object) -> None:
    with pytest.raises(CatalogueError):
        read_record(LicenceType, entries)


@pytest.mark.parametrize(
    "entries",
    [
        changed(unknown=1),
        changed(code="11999999000000019M00x"),
        changed(code="119999990000000191002"),
        changed(item_codes=["123"]),
        changed(item_codes=FOOD["item_codes"] * 2),
        changed(template="../passwd"),
        changed(template=""),
        changed(name=""),
        changed(name="长" * 201),
        changed(level=0),
        changed(level=7),
        changed(level=True),
        changed(offline_hours=0),
        changed(offline_hours=169),
        changed(version=0),
        changed(template_version=0),
        changed(reviewers=2),
        changed(reviewers=True),
        changed(holder_kind="animal"),
        changed(official_document="yes"),
        changed(in_force_from="2026-13-01"),
        changed(in_force_from=20260101),
        changed(validity={"kind": "years"}),
        changed(validity={"kind": "years", "years": 0}),
        changed(validity={"kind": "years", "years": 101}),
        changed(validity={"kind": "long_term", "years": 5}),
        changed(validity={"kind": "for ever"}),
        changed(fields="none"),
        changed(fields=FOOD["fields"][:1] * 2),
        changed(fields=[FOOD["fields"][0] | {"short_name": f"KZ_{each}"} for each in range(FIELDS_MAX + 1)]),
        with_field(short_name="ZTYT"),
        with_field(short_name="KZ_"),
        with_field(name=""),
        with_field(name_en=""),
        with_field(max_length=0),
        with_field(max_length=4001),
        with_field(kind="essay"),
        with_field(kind=5),
        with_field(choices=["没有类型的选项"]),
        with_field(choices=5),
    ],
)
def test_a_type_that_contradicts_itself_is_refused(entries: dict[str, Any]) -> None:
    with pytest.raises(CatalogueError):
        read_record(LicenceType, entries)


def choice_of(entries: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in entries["fields"] if each["kind"] == FieldKind.CHOICE.value)
    return found


@pytest.mark.parametrize("choices", [[], ["甲", "甲"], [""], ["长" * 5000]])
def test_choices_are_texts_of_which_none_stands_twice(choices: list[str]) -> None:
    entries = changed()
    choice_of(entries)["choices"] = choices

    with pytest.raises(CatalogueError):
        read_record(LicenceType, entries)


def test_a_number_is_made_of_required_choices_that_fit_its_digits() -> None:
    too_many, optional, unknown = changed(), changed(), changed(number_format="{field:KZ_NONE:1}{serial:3}")
    choice_of(too_many)["choices"] = [f"种类{each}" for each in range(10)]
    choice_of(optional)["required"] = False

    for entries in (too_many, optional, unknown):
        with pytest.raises(CatalogueError):
            read_record(LicenceType, entries)
    with pytest.raises(NumberFormatError):
        read_record(LicenceType, changed(number_format="{serial}"))
