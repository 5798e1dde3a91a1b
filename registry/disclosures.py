"""What an office may see of a licence, beside what everybody may: the catalogue's word, by purpose and by item.

Promises:
  * A purpose that the type does not name sees no more than the public; a person's full name and number only where the
    catalogue names them.
  * "Papers need not be brought" holds for an item of the catalogue that asks for such a paper, and for no other.
  * Each field that is shown has a number, which the receipt keeps: 1 to 7 as in the data set's table, 11 identifier, 13
    holder's full name, 14 holder's code, from 100 on the type's own fields in their order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from registry import catalogue
from registry.db import Transaction
from registry.purposes import Purpose
from registry.records import FieldDefinition, FieldKind, LicenceRecord, LicenceType
from verify.licence import DataSet

FULL_NAME, HOLDER_CODE, FIRST_FIELD = 13, 14, 100
_HOLDER_NAME: Final = "holder_name"
_HOLDER_CODE: Final = "holder_code"
_WORDS: Final = {
    _HOLDER_NAME: (FULL_NAME, "持证主体", "Holder"),
    _HOLDER_CODE: (HOLDER_CODE, "持证主体代码", "Holder's code"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosedField:
    """One field with its number, its name, and what the licence says."""

    number: int
    code: str
    name: str
    name_en: str
    value: str = field(repr=False)


def relied_types(tx: Transaction, item_code: str, *, on: date) -> frozenset[str]:
    """Return the licence types that this item takes in place of a paper."""
    return frozenset(
        material.replaced_by
        for each in catalogue.all_types(tx, on=on)
        if item_code in each.item_codes
        for material in each.materials
        if material.replaced_by is not None
    )


def disclosed(licence: LicenceRecord, licence_type: LicenceType, purpose: Purpose) -> tuple[DisclosedField, ...]:
    """Return what this purpose may see of a licence, in the order of the numbers."""
    named = next((each.fields for each in licence_type.disclosures if each.purpose == purpose), ())
    values = DataSet.decode(licence.data_set).fields
    holder = {_HOLDER_NAME: licence.holder_name, _HOLDER_CODE: licence.holder_code}
    of_holder = (_of_holder(code, holder[code]) for code in (_HOLDER_NAME, _HOLDER_CODE) if code in named)
    return (*of_holder, *_own_fields(licence_type.fields, frozenset(named), values))


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
