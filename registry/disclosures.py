"""What an office may see of a licence, beside what everybody may: the catalogue's word, by purpose and by item.

Promises:
  * A purpose that the type does not name sees no more than the public; a person's full name and number only where the
    catalogue names them.
  * "Papers need not be brought" holds for an item of the catalogue that asks for such a paper, and for no other.
  * Each field that is shown has a number, which the receipt keeps: 1 to 7 as in the data set's table, 11 identifier, 13
    holder's full name, 14 holder's code, from 100 on the type's own fields in their order.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, select

from registry import catalogue
from registry.db import Database
from registry.prepared import Prepared, listed, one_of
from registry.purposes import Purpose
from registry.records import FieldDefinition, FieldKind, LicenceType
from registry.tables import LICENCE, LICENCE_TYPE
from verify.licence import fields_of

FULL_NAME, HOLDER_CODE, FIRST_FIELD = 13, 14, 100
_HOLDER_NAME: Final = "holder_name"
_HOLDER_CODE: Final = "holder_code"
_WORDS: Final = {
    _HOLDER_NAME: (FULL_NAME, "持证主体", "Holder"),
    _HOLDER_CODE: (HOLDER_CODE, "持证主体代码", "Holder's code"),
}


class DisclosedField(NamedTuple):
    """One field with its number, its name, and what the licence says; a repr does not repeat that."""

    number: int
    code: str
    name: str
    name_en: str
    value: str

    def __repr__(self) -> str:
        return f"DisclosedField({self.number}, {self.code})"

    def to_object(self) -> dict[str, str | int]:
        """Return it as it goes out."""
        return {
            "number": self.number,
            "code": self.code,
            "name": self.name,
            "name_en": self.name_en,
            "value": self.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosable:
    """What may be shown of a licence, and the version of its type, which says to whom."""

    licence_type: LicenceType
    data_set: bytes = field(repr=False)
    holder_name: str = field(repr=False)
    holder_code: str = field(repr=False)


def find_disclosables(database: Database, licence_ids: Collection[str]) -> dict[str, Disclosable]:
    """Return what may be shown of those of these licences that are filed, by their ids, in one query."""
    if not licence_ids:
        return {}
    return {
        licence_id: Disclosable(
            licence_type=catalogue.type_of_definition(definition),
            data_set=data_set,
            holder_name=holder_name,
            holder_code=holder_code,
        )
        for licence_id, definition, data_set, holder_name, holder_code in _DISCLOSABLE.each(
            database, {"licence_ids": listed(licence_ids)}
        )
    }


def relied_types(database: Database, item_code: str, *, on: date) -> frozenset[str]:
    """Return the licence types that this item takes in place of a paper."""
    return frozenset(
        material.replaced_by
        for each in catalogue.types_on(database, on)
        if item_code in each.item_codes
        for material in each.materials
        if material.replaced_by is not None
    )


def disclosed(licence: Disclosable, purpose: Purpose) -> tuple[DisclosedField, ...]:
    """Return what this purpose may see of a licence, in the order of the numbers."""
    named = frozenset(next((each.fields for each in licence.licence_type.disclosures if each.purpose == purpose), ()))
    holder = {_HOLDER_NAME: licence.holder_name, _HOLDER_CODE: licence.holder_code}
    of_holder = (_of_holder(code, holder[code]) for code in (_HOLDER_NAME, _HOLDER_CODE) if code in named)
    if named <= holder.keys():
        return tuple(of_holder)
    values = fields_of(licence.data_set)
    return (*of_holder, *_own_fields(licence.licence_type.fields, named, values))


def field_names(licence: Disclosable, *, in_english: bool) -> dict[int, str]:
    """Return what the fields of a licence are called, by the numbers under which receipts name them."""
    own = ((number, each.name, each.name_en) for number, each in enumerate(licence.licence_type.fields, FIRST_FIELD))
    return {number: name_en if in_english else name for number, name, name_en in (*_WORDS.values(), *own)}


def _of_holder(code: str, value: str) -> DisclosedField:
    number, name, name_en = _WORDS[code]
    return DisclosedField(number=number, code=code, name=name, name_en=name_en, value=value)


def _own_fields(
    definitions: Iterable[FieldDefinition], named: frozenset[str], values: Mapping[str, str]
) -> tuple[DisclosedField, ...]:
    return tuple(
        DisclosedField(
            number=number,
            code=each.short_name,
            name=each.name,
            name_en=each.name_en,
            value=values[each.short_name],
        )
        for number, each in enumerate(definitions, FIRST_FIELD)
        if each.short_name in named and each.short_name in values and each.kind is not FieldKind.PHOTO
    )


def _disclosables() -> Select[Any]:
    same_type = (LICENCE_TYPE.c.code == LICENCE.c.type_code) & (LICENCE_TYPE.c.version == LICENCE.c.type_version)
    of_licence = (LICENCE.c.data_set, LICENCE.c.holder_name, LICENCE.c.holder_code)
    query = select(LICENCE.c.licence_id, LICENCE_TYPE.c.definition, *of_licence)
    return query.select_from(LICENCE.join(LICENCE_TYPE, same_type)).where(one_of(LICENCE.c.licence_id, "licence_ids"))


_DISCLOSABLE: Final = Prepared(_disclosables)
