"""The catalogue: versions of licence types, service items, and the sample town."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from registry import catalogue
from registry.db import Database, reading, transaction
from registry.errors import CatalogueError, ConflictError
from registry.records import LicenceType
from tests.registry_office import FOOD, SIGNBOARD

DAY = date(2026, 11, 24)


def newest(database: Database, code: str = SIGNBOARD, on: date | None = None) -> LicenceType:
    with reading(database) as tx:
        found = catalogue.find_type(tx, code, on=on)
    assert found is not None
    return found


def test_the_sample_has_twelve_types_whose_items_exist(sample: Database) -> None:
    with reading(sample) as tx:
        types, items = catalogue.all_types(tx), {each.item_code for each in catalogue.all_items(tx)}

    assert [each.code[-3:] for each in types] == [f"{number:03}" for number in range(1, 13)]
    assert {code for each in types for code in each.item_codes} <= items
    assert all(each.name_en and each.legal_basis for each in types)


def test_an_item_is_found_with_its_twelve_elements(sample: Database) -> None:
    with reading(sample) as tx:
        first = catalogue.all_items(tx)[0]
        assert catalogue.find_item(tx, first.item_code) == first
        assert catalogue.find_item(tx, "0" * 31) is None
    assert all(getattr(first, name) not in ("", ()) for name in first.__slots__)


def test_a_new_version_holds_from_its_day_and_the_old_one_stays(sample: Database) -> None:
    old = newest(sample)
    new = replace(old, version=2, name="招牌许可证（新）", in_force_from=DAY)
    with transaction(sample) as tx:
        catalogue.add_type(tx, new)

    assert newest(sample) == new
    assert newest(sample, on=DAY) == new
    assert newest(sample, on=DAY - timedelta(days=1)) == old
    with reading(sample) as tx:
        assert catalogue.find_type_version(tx, SIGNBOARD, 1) == old
        assert catalogue.find_type_version(tx, SIGNBOARD, 3) is None
        assert catalogue.find_type(tx, SIGNBOARD, on=date(1999, 1, 1)) is None
        assert new in catalogue.all_types(tx)
        assert old in catalogue.all_types(tx, on=DAY - timedelta(days=1))


@pytest.mark.parametrize("wrong", [{"version": 1}, {"version": 3}, {"version": 2, "in_force_from": date(1999, 1, 1)}])
def test_versions_are_counted_and_follow_each_other(sample: Database, wrong: dict[str, object]) -> None:
    with pytest.raises(CatalogueError), transaction(sample) as tx:
        catalogue.add_type(tx, replace(newest(sample), **wrong))  # type: ignore[arg-type]


def test_an_item_stands_once(sample: Database) -> None:
    with reading(sample) as tx:
        items = catalogue.all_items(tx)

    with pytest.raises(ConflictError), transaction(sample) as tx:
        catalogue.add_items(tx, items[:1])
    with transaction(sample) as tx:
        catalogue.add_items(tx, ())


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"not = [toml",
        b"[unknown]\n",
        b"licence_type = 5\n",
        b"[licence_type]\ncode = 1\n",
        b"[[licence_type]]\ncode = 1\n",
        b"[[department]]\nuscc = 5\n",
        b" " * (catalogue.CATALOGUE_BYTES_MAX + 1),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused(database: Database, content: bytes) -> None:
    with pytest.raises(CatalogueError), transaction(database) as tx:
        catalogue.load_catalogue(tx, content)


def test_an_empty_catalogue_is_one(database: Database) -> None:
    with transaction(database) as tx:
        catalogue.load_catalogue(tx, b"")
        assert catalogue.all_types(tx) == ()


def test_what_is_stored_was_checked_in_full(sample: Database) -> None:
    food = newest(sample, FOOD)

    with pytest.raises(CatalogueError), transaction(sample) as tx:
        catalogue.add_type(tx, replace(food, version=2, offline_hours=0))
