"""Look a licence up by its number and a second fact: its holder's name or code.

Promises:
  * A wrong holder and an unknown number give the same answer by the same way: one query, whose values depend on what
    was asked alone, and then as much work. Numbers run in sequence, and alone they tell nothing.
  * Both are compared in a normal form: wide or narrow letters, capitals or small ones, whatever brackets, blanks or
    none. Who types ``[2026]`` for ``〔2026〕`` must not get a signed "not found" for a licence that holds.
  * The spelling as it stands goes before all others; where it does not decide, two licences are none.

The index holds numbers as they were given out: asked for are the spellings that people type for them (`spellings`), and
not every one that has the same normal form. A number with two kinds of brackets is found as it is spelt.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import select

from registry.db import Database
from registry.prepared import Prepared, listed, one_of
from registry.tables import LICENCE

# Chinese document numbers have the first; the others are what keyboards and office programs make of it.
_BRACKETS: Final = ("〔〕", "［］", "[]", "（）", "()")
_AS_WRITTEN: Final = [str.maketrans("[]［］()（）【】〔〕", pair * 6) for pair in _BRACKETS]
_ALIKE: Final = str.maketrans("[]【】〔〕", "()" * 3)

_QUERY: Final = Prepared(
    lambda: (
        select(
            LICENCE.c.licence_id,
            LICENCE.c.lineage,
            LICENCE.c.type_code,
            LICENCE.c.number,
            LICENCE.c.holder_name,
            LICENCE.c.holder_code,
        )
        .where(one_of(LICENCE.c.number, "numbers"))
        .order_by(LICENCE.c.document_leaf.desc())
    )
)


class _Row(NamedTuple):
    licence_id: str
    lineage: str
    type_code: str
    number: str
    holder_name: str
    holder_code: str


class _Match(NamedTuple):
    row: _Row
    spelt: tuple[str, str]
    """Number and holder as the registry spells them: the name or the code, whichever was asked for."""


# Compared where nothing has the number, so that the time does not tell it; it is never an answer.
_NOBODY: Final = _Row("", "", "", "", "示例市（无此持证主体）有限公司", "000000000000000000")


def find_by_number(database: Database, number: str, holder: str, *, type_code: str | None = None) -> str | None:
    """Return the id of the newest version of the licence with this number and this holder."""
    rows = [_Row(*each) for each in _QUERY.each(database, {"numbers": listed(spellings(number))})]
    wanted = normal(holder)
    found = [
        _Match(row, (row.number, text))
        for row in rows or (_NOBODY,)
        for text in (row.holder_name, row.holder_code)
        if normal(text) == wanted != "" and type_code in (None, row.type_code) and row.licence_id
    ]
    lineage = _lineage(found, (number, holder))
    return next((each.row.licence_id for each in found if each.row.lineage == lineage), None)


def normal(text: str) -> str:
    """Return the form in which numbers and holders are compared."""
    return _solid(unicodedata.normalize("NFKC", text)).casefold().translate(_ALIKE)


def spellings(number: str) -> tuple[str, ...]:
    """Return how a number may stand in the index, 16 spellings at most: as it was asked for first."""
    solid = _solid(number)
    narrow = unicodedata.normalize("NFKC", solid)
    ways = [text.translate(brackets) for text in (solid, narrow, narrow.upper()) for brackets in _AS_WRITTEN]
    return tuple(dict.fromkeys((number, *ways)))


def _solid(text: str) -> str:
    """Return a text without blanks, and without signs that nobody sees."""
    return "".join(each for each in text if each.isprintable() and not each.isspace())


def _lineage(found: Sequence[_Match], asked: tuple[str, str]) -> str | None:
    """Return which licence is meant: one that is spelt as it was asked for, else the only one.

    Where several have this very number and holder, it is the newest; the type tells them apart.
    """
    for place, spelling in enumerate(asked):
        found = [each for each in found if each.spelt[place] == spelling] or found
    lineages, spelt = ({each.row.lineage for each in found}, {each.spelt for each in found})
    return found[0].row.lineage if min(len(lineages), len(spelt)) == 1 else None
