"""Departments: the tree of offices in six levels.

Promises: a department stands below one of a level not lower than its own number, never below itself, at any distance;
a department that is named by records is never deleted.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import insert, select, update

from registry.db import Transaction
from registry.errors import DepartmentTreeError, UnknownDepartmentError
from registry.records import Department
from registry.tables import DEPARTMENT
from verify.values import Uscc

LEVELS: Final = range(1, 7)
_COLUMNS: Final = tuple(DEPARTMENT.c)


def add_departments(tx: Transaction, departments: Sequence[Department]) -> None:
    """Add departments, parents before children. Raises ``DepartmentTreeError``, ``ConflictError``."""
    for department in departments:
        _check(tx, department)
        tx.execute(insert(DEPARTMENT), _values(department))


def change_department(tx: Transaction, department: Department) -> None:
    """Change everything but the code. Raises ``DepartmentTreeError``, ``UnknownDepartmentError``."""
    _check(tx, department)
    values = _values(department)
    if not tx.execute(update(DEPARTMENT).where(DEPARTMENT.c.uscc == values.pop("uscc")).values(values)).rowcount:
        raise UnknownDepartmentError


def find_department(tx: Transaction, uscc: str) -> Department | None:
    """Return one department."""
    row = tx.execute(select(*_COLUMNS).where(DEPARTMENT.c.uscc == uscc)).mappings().one_or_none()
    return None if row is None else Department(**row)


def all_departments(tx: Transaction) -> tuple[Department, ...]:
    """Return all departments, higher levels first."""
    rows = tx.execute(select(*_COLUMNS).order_by(DEPARTMENT.c.level, DEPARTMENT.c.uscc))
    return tuple(Department(**row) for row in rows.mappings())


def below(tx: Transaction, uscc: str) -> tuple[Department, ...]:
    """Return the departments directly below this one."""
    rows = tx.execute(select(*_COLUMNS).where(DEPARTMENT.c.parent == uscc).order_by(DEPARTMENT.c.uscc))
    return tuple(Department(**row) for row in rows.mappings())


def _values(department: Department) -> dict[str, Any]:
    return {column.name: getattr(department, column.name) for column in _COLUMNS}


def _check(tx: Transaction, department: Department) -> None:
    Uscc(department.uscc)
    if department.level not in LEVELS or len(department.division) != 6 or not department.division.isdecimal():
        raise DepartmentTreeError("a level is 1 to 6, a division has six digits")
    lowest, uscc = department.level, department.parent
    while uscc is not None:
        if uscc == department.uscc:
            raise DepartmentTreeError("a department does not stand below itself")
        row = tx.execute(select(DEPARTMENT.c.level, DEPARTMENT.c.parent).where(DEPARTMENT.c.uscc == uscc)).one_or_none()
        if row is None or row.level > lowest:
            raise DepartmentTreeError("the department above does not exist or is of a lower level")
        lowest, uscc = row.level, row.parent
