"""The tree of offices."""

from dataclasses import replace

import pytest

from registry import departments
from registry.db import Database, reading, transaction
from registry.errors import ConflictError, DepartmentTreeError, UnknownDepartmentError
from registry.records import Department
from verify.values import UsccError

NATIONAL, PROVINCE, BUREAU, DISTRICT = (
    "11999999000000019M",
    "11999999000000027G",
    "119999990000000511",
    "119999990000000436",
)
NEW = Department(
    uscc="91999999MA00000154",
    name="新局",
    name_en="New Bureau",
    short_code="新",
    level=4,
    parent=BUREAU,
    division="990102",
)


def add(database: Database, *new: Department) -> None:
    with transaction(database) as tx:
        departments.add_departments(tx, new)


def test_the_sample_town_has_six_levels_and_is_listed_from_the_top(sample: Database) -> None:
    with reading(sample) as tx:
        everybody = departments.all_departments(tx)

    assert [each.level for each in everybody] == sorted(each.level for each in everybody)
    assert {each.level for each in everybody} == set(departments.LEVELS)


def test_an_added_department_is_found_and_stands_below_its_parent(sample: Database) -> None:
    add(sample, NEW)

    with reading(sample) as tx:
        assert departments.find_department(tx, NEW.uscc) == NEW
        assert NEW in departments.below(tx, BUREAU)
        assert departments.find_department(tx, "91999999MA00000162") is None


def test_a_department_is_added_once(sample: Database) -> None:
    with pytest.raises(ConflictError):
        add(sample, NEW, NEW)

    with reading(sample) as tx:
        assert departments.find_department(tx, NEW.uscc) is None, "all or none"


@pytest.mark.parametrize(
    "wrong",
    [
        {"level": 0},
        {"level": 7},
        {"division": "99010"},
        {"division": "99010a"},
        {"level": 2},
        {"parent": "91999999MA00000162"},
        {"parent": NEW.uscc},
    ],
)
def test_what_fits_no_tree_is_refused(sample: Database, wrong: dict[str, object]) -> None:
    with pytest.raises(DepartmentTreeError):
        add(sample, replace(NEW, **wrong))  # type: ignore[arg-type]


def test_a_wrong_code_is_refused(sample: Database) -> None:
    with pytest.raises(UsccError):
        add(sample, replace(NEW, uscc="91999999MA00000155"))


def test_a_department_may_change_all_but_its_code(sample: Database) -> None:
    add(sample, NEW)
    renamed = replace(NEW, name="更名局", parent=DISTRICT)

    with transaction(sample) as tx:
        departments.change_department(tx, renamed)

    with reading(sample) as tx:
        assert departments.find_department(tx, NEW.uscc) == renamed


def test_nobody_is_moved_below_himself_at_any_distance(sample: Database) -> None:
    with reading(sample) as tx:
        bureau = departments.find_department(tx, BUREAU)
    assert bureau is not None

    with pytest.raises(DepartmentTreeError), transaction(sample) as tx:
        departments.change_department(tx, replace(bureau, level=6, parent=DISTRICT))


def test_an_unknown_department_is_not_changed(sample: Database) -> None:
    with pytest.raises(UnknownDepartmentError), transaction(sample) as tx:
        departments.change_department(tx, NEW)
