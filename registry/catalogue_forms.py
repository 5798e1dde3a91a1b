"""Licence types and service items as plain mappings (TOML, JSON), read strictly and written back the same.

Promises: an unknown or missing key, a value of another kind or a contradiction is refused, with the place where it
stands; what was read is complete, so that no later step asks "is there a …".
"""

import dataclasses
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import NoneType
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

from registry.errors import CatalogueError
from registry.number_format import parse_number_format
from registry.purposes import Purpose
from registry.records import Department, FieldDefinition, FieldKind, LicenceType, ServiceItem
from verify.errors import MalformedError
from verify.values import ItemCode, LicenceTypeCode

Record = TypeVar("Record", Department, LicenceType, ServiceItem)

NAME_LENGTH_MAX: Final = 200
FIELDS_MAX: Final = 60
# The data set refuses longer texts (verify/licence.py).
FIELD_LENGTH_MAX: Final = 4000
OFFLINE_HOURS_MAX: Final = 24 * 7
OF_HOLDER: Final = frozenset({"holder_name", "holder_code"})
"""What a disclosure may name beside the fields of a type: a person's name in full, and the holder's code."""
_SHORT_NAME: Final = re.compile(r"KZ_[A-Z0-9]{1,30}")
_TEMPLATE: Final = re.compile(r"[a-z][a-z0-9_]{0,60}")


def read_record(kind: type[Record], entries: object) -> Record:
    """Read a department, licence type or service item. Raises ``CatalogueError``."""
    record: Record = _read_dataclass(kind, entries, kind.__name__)
    if isinstance(record, LicenceType):
        check_licence_type(record)
    return record


def write_record(record: LicenceType | ServiceItem) -> dict[str, Any]:
    """Return the record as a mapping of JSON's kinds, which ``read_record`` reads back."""
    return {name: _plain(value) for name, value in dataclasses.asdict(record).items()}


def check_licence_type(licence_type: LicenceType) -> None:
    """Refuse a licence type that contradicts itself. Raises ``CatalogueError`` or ``NumberFormatError``."""
    try:
        LicenceTypeCode(licence_type.code)
        for code in licence_type.item_codes:
            ItemCode(code)
    except MalformedError as error:
        raise CatalogueError(error.detail) from error
    _demand(_TEMPLATE.fullmatch(licence_type.template) is not None, "template")
    _demand(0 < len(licence_type.name) <= NAME_LENGTH_MAX, "name")
    _demand(1 <= licence_type.level <= 6, "level")
    _demand(1 <= licence_type.offline_hours <= OFFLINE_HOURS_MAX, "offline_hours")
    _demand(licence_type.version >= 1 and licence_type.template_version >= 1, "version")
    _demand(len(set(licence_type.item_codes)) == len(licence_type.item_codes), "item_codes")
    _demand(len(set(licence_type.bodies)) == len(licence_type.bodies) > 0, "bodies")
    years = licence_type.validity.years
    _demand((years is not None and 1 <= years <= 100) == (licence_type.validity.kind == "years"), "validity")
    _demand(len(licence_type.fields) <= FIELDS_MAX, "fields")
    names = [definition.short_name for definition in licence_type.fields]
    _demand(len(set(names)) == len(names), "fields")
    for definition in licence_type.fields:
        _check_field(definition)
    _check_disclosures(licence_type)
    _check_number_format(licence_type)


def _check_disclosures(licence_type: LicenceType) -> None:
    """See that each purpose is one of ours, stands once, and may see what there is."""
    known = {definition.short_name for definition in licence_type.fields} | OF_HOLDER
    purposes = [each.purpose for each in licence_type.disclosures]
    _demand(len(set(purposes)) == len(purposes) and set(purposes) <= set(Purpose), "disclosures")
    for each in licence_type.disclosures:
        _demand(len(set(each.fields)) == len(each.fields) and known.issuperset(each.fields), "disclosures")


def _check_field(definition: FieldDefinition) -> None:
    name, choices = definition.short_name, definition.choices
    _demand(_SHORT_NAME.fullmatch(name) is not None, "short_name")
    _demand(0 < len(definition.name) <= NAME_LENGTH_MAX and 0 < len(definition.name_en) <= NAME_LENGTH_MAX, name)
    _demand(1 <= definition.max_length <= FIELD_LENGTH_MAX, name)
    _demand(bool(choices) == (definition.kind is FieldKind.CHOICE), name)
    _demand(len(set(choices)) == len(choices) and all(0 < len(each) <= definition.max_length for each in choices), name)


def _check_number_format(licence_type: LicenceType) -> None:
    number_format = parse_number_format(licence_type.number_format)
    fields = {definition.short_name: definition for definition in licence_type.fields}
    for name in number_format.fields:
        definition = fields.get(name)
        _demand(definition is not None and definition.required and bool(definition.choices), "number_format")
        if definition is not None:
            _demand(len(definition.choices) < 10 ** number_format.field_digits(name), "number_format")


def _demand(is_right: bool, place: str) -> None:  # noqa: FBT001 - a statement and where it stands
    if not is_right:
        raise CatalogueError(place)


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


@lru_cache(maxsize=64)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read_dataclass(kind: type, entries: object, place: str) -> Any:  # noqa: ANN401 - of the kind that is asked for
    if not isinstance(entries, Mapping):
        raise CatalogueError(place)
    fields = {each.name: each for each in dataclasses.fields(kind)}
    unknown = entries.keys() - fields.keys()
    if unknown:
        raise CatalogueError(f"{place}: unknown {min(unknown)}")
    optional = {
        name
        for name, each in fields.items()
        if each.default is not dataclasses.MISSING or _hints(kind)[name] == str | None
    }
    missing = fields.keys() - entries.keys() - optional
    if missing:
        raise CatalogueError(f"{place}: no {min(missing)}")
    values = {name: _read(_hints(kind)[name], value, f"{place}.{name}") for name, value in entries.items()}
    return kind(**{name: None for name in optional - entries.keys() if _has_no_default(fields[name])}, **values)


def _has_no_default(each: dataclasses.Field[Any]) -> bool:
    return each.default is dataclasses.MISSING


def _read(hint: Any, value: object, place: str) -> Any:  # noqa: ANN401 - whatever the hint asks for
    origin = get_origin(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _read_dataclass(hint, value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise CatalogueError(place)
        return tuple(_read(get_args(hint)[0], each, place) for each in value)
    if origin is Literal:
        if value not in get_args(hint) or isinstance(value, bool):
            raise CatalogueError(place)
        return value
    if NoneType in get_args(hint):
        return (
            None
            if value is None
            else _read(next(each for each in get_args(hint) if each is not NoneType), value, place)
        )
    return _read_plain(hint, value, place)


def _read_plain(hint: type, value: object, place: str) -> Any:  # noqa: ANN401 - whatever the hint asks for
    try:
        if hint is date and isinstance(value, str):
            return date.fromisoformat(value)
        if hint is FieldKind and isinstance(value, str):
            return FieldKind(value)
    except ValueError as error:
        raise CatalogueError(place) from error
    if type(value) is not hint:
        raise CatalogueError(place)
    return value
