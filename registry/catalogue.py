"""The catalogue: licence types in their versions, and the government service items that lead to them.

Promises:
  * A version of a licence type, once stored, never changes; a change is a new version with a day from which it holds.
  * What is handed out has been checked in full when it was stored.
"""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from sqlalchemy import bindparam, insert, select

from registry.catalogue_forms import read_record, write_record
from registry.db import Database, Transaction
from registry.departments import add_departments
from registry.errors import CatalogueError
from registry.prepared import Prepared
from registry.records import Department, LicenceType, ServiceItem
from registry.tables import LICENCE_TYPE, SERVICE_ITEM

SAMPLE: Final = Path(__file__).parent / "sample_catalogue.toml"
# The sample has 60 kB; an office's whole catalogue of a thousand types stays far below.
CATALOGUE_BYTES_MAX: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredType:
    """A version of a licence type as it is kept: what stands out of its definition, and the definition."""

    code: str
    version: int
    in_force_from: date
    name: str
    name_en: str
    offline_hours: int
    definition: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """A service item as it is kept."""

    item_code: str
    name: str
    definition: str = field(repr=False)


def add_type(tx: Transaction, licence_type: LicenceType) -> None:
    """Store a version of a licence type. Raises ``CatalogueError``; ``ConflictError`` when the version exists."""
    licence_type = read_record(LicenceType, write_record(licence_type))
    newest = find_type(tx, licence_type.code)
    if licence_type.version != (1 if newest is None else newest.version + 1):
        raise CatalogueError("versions are counted from 1 without gaps")
    if newest is not None and licence_type.in_force_from < newest.in_force_from:
        raise CatalogueError("a newer version does not begin before an older one")
    values = {
        "code": licence_type.code,
        "version": licence_type.version,
        "in_force_from": licence_type.in_force_from,
        "name": licence_type.name,
        "name_en": licence_type.name_en,
        "offline_hours": licence_type.offline_hours,
        "definition": json.dumps(write_record(licence_type), ensure_ascii=False, sort_keys=True),
    }
    tx.execute(insert(LICENCE_TYPE), values)


def find_type(tx: Transaction, code: str, *, on: date | None = None) -> LicenceType | None:
    """Return the version that holds on that day, or the newest one; None when there is no such type."""
    query = select(LICENCE_TYPE.c.definition).where(LICENCE_TYPE.c.code == code)
    if on is not None:
        query = query.where(LICENCE_TYPE.c.in_force_from <= on)
    definition = tx.execute(query.order_by(LICENCE_TYPE.c.version.desc()).limit(1)).scalar_one_or_none()
    return None if definition is None else type_of_definition(definition)


def find_type_version(tx: Transaction, code: str, version: int) -> LicenceType | None:
    """Return one version of a type: the one that a filed licence was issued under."""
    query = select(LICENCE_TYPE.c.definition).where(LICENCE_TYPE.c.code == code, LICENCE_TYPE.c.version == version)
    definition = tx.execute(query).scalar_one_or_none()
    return None if definition is None else type_of_definition(definition)


def all_types(tx: Transaction, *, on: date | None = None) -> tuple[LicenceType, ...]:
    """Return all types, each in the version that holds on that day, or the newest one, by code."""
    query = select(LICENCE_TYPE.c.code, LICENCE_TYPE.c.definition)
    if on is not None:
        query = query.where(LICENCE_TYPE.c.in_force_from <= on)
    rows = tx.execute(query.order_by(LICENCE_TYPE.c.code, LICENCE_TYPE.c.version))
    newest = {row.code: row.definition for row in rows}
    return tuple(type_of_definition(definition) for definition in newest.values())


def types_on(database: Database, day: date) -> tuple[LicenceType, ...]:
    """Return all types as `all_types` does, in a single query of its own."""
    newest: dict[str, str] = {row[0]: row[1] for row in _TYPES_ON.all(database, {"day": day})}
    return tuple(type_of_definition(definition) for definition in newest.values())


def has_item(database: Database, item_code: str) -> bool:
    """Say whether there is such a service item, in a single query of its own."""
    return _HAS_ITEM.first(database, {"item_code": item_code}) is not None


def add_items(tx: Transaction, items: Sequence[ServiceItem]) -> None:
    """Store service items. Raises ``ConflictError`` when one exists."""
    if items:
        tx.execute(
            insert(SERVICE_ITEM),
            [
                {
                    "item_code": item.item_code,
                    "name": item.name,
                    "definition": json.dumps(write_record(item), ensure_ascii=False, sort_keys=True),
                }
                for item in items
            ],
        )


def find_item(tx: Transaction, item_code: str) -> ServiceItem | None:
    """Return one service item."""
    query = select(SERVICE_ITEM.c.definition).where(SERVICE_ITEM.c.item_code == item_code)
    definition = tx.execute(query).scalar_one_or_none()
    return None if definition is None else item_of_definition(definition)


def all_items(tx: Transaction) -> tuple[ServiceItem, ...]:
    """Return all service items by code."""
    rows = tx.execute(select(SERVICE_ITEM.c.definition).order_by(SERVICE_ITEM.c.item_code))
    return tuple(item_of_definition(row.definition) for row in rows)


def stored_types(tx: Transaction) -> tuple[StoredType, ...]:
    """Return all versions of all types as they are kept, for an audit."""
    rows = tx.execute(select(LICENCE_TYPE).order_by(LICENCE_TYPE.c.code, LICENCE_TYPE.c.version)).mappings()
    return tuple(StoredType(**row) for row in rows)


def stored_items(tx: Transaction) -> tuple[StoredItem, ...]:
    """Return all service items as they are kept, for an audit."""
    rows = tx.execute(select(SERVICE_ITEM).order_by(SERVICE_ITEM.c.item_code)).mappings()
    return tuple(StoredItem(**row) for row in rows)


def load_catalogue(tx: Transaction, content: bytes) -> None:
    """Store the departments, service items and licence types of a TOML file. Raises ``CatalogueError``."""
    if len(content) > CATALOGUE_BYTES_MAX:
        raise CatalogueError("the catalogue is too large")
    try:
        parsed = tomllib.loads(content.decode())
    except ValueError as error:
        raise CatalogueError("not a TOML file") from error
    unknown = parsed.keys() - {"department", "service_item", "licence_type"}
    if unknown or not all(isinstance(entries, list) for entries in parsed.values()):
        raise CatalogueError("a catalogue has departments, service items and licence types")
    add_departments(tx, [read_record(Department, each) for each in parsed.get("department", [])])
    add_items(tx, [read_record(ServiceItem, each) for each in parsed.get("service_item", [])])
    for each in parsed.get("licence_type", []):
        add_type(tx, read_record(LicenceType, each))


def load_sample(tx: Transaction) -> None:
    """Store the sample town: departments, service items and the twelve licence types."""
    load_catalogue(tx, SAMPLE.read_bytes())


# A definition never changes; parsing one takes longer than the query that fetched it.
@lru_cache(maxsize=1024)
def type_of_definition(definition: str) -> LicenceType:
    """Return the version of a licence type that stands in a row as this text."""
    return read_record(LicenceType, json.loads(definition))


def item_of_definition(definition: str) -> ServiceItem:
    """Return the service item that stands in a row as this text."""
    return read_record(ServiceItem, json.loads(definition))


_TYPES_ON: Final = Prepared(
    lambda: (
        select(LICENCE_TYPE.c.code, LICENCE_TYPE.c.definition)
        .where(LICENCE_TYPE.c.in_force_from <= bindparam("day"))
        .order_by(LICENCE_TYPE.c.code, LICENCE_TYPE.c.version)
    )
)
_HAS_ITEM: Final = Prepared(
    lambda: select(SERVICE_ITEM.c.item_code).where(SERVICE_ITEM.c.item_code == bindparam("item_code"))
)
