"""The hot path: everything that the public check of licences needs, in one query for all that are asked about at once.

Promises: named columns, no ORM, compiled once; the answer is what the database says at this moment, never a cached one.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from registry.db import Database
from registry.lifecycle import LicenceEvent, LicenceState
from registry.prepared import Prepared, listed, one_of
from registry.records import PublicLicence
from registry.tables import DEPARTMENT, EVENT, LICENCE, LICENCE_TYPE
from verify.licence import HolderKind

# GB/T 36903, Annex A: unified social credit code.
_CODE_TYPE_USCC: Final = "001"
_NEWER: Final = LICENCE.alias("newer")
# A type that is drawn by this template stands for several permits.
_COMBINED: Final = "combined_trade_licence"


class _IsCombined(FunctionElement[bool]):
    """Whether a definition, which is kept as JSON, names that template."""

    inherit_cache = True


@compiles(_IsCombined, "sqlite")
def _is_combined_on_sqlite(element: _IsCombined, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    """Look for the member, in a fifth of the time of looking for its text; a damaged definition says no."""
    definition = compiler.process(element.clauses, **options)
    member = f"json_extract({definition}, '$.template')"
    return f"CASE WHEN json_valid({definition}) THEN {member} = '{_COMBINED}' END"


@compiles(_IsCombined, "postgresql")
def _is_combined_on_postgresql(element: _IsCombined, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    """Look for the text: to read the whole of it as JSON takes longer."""
    (definition,) = element.clauses
    return compiler.process(definition.like(literal_column(f"'%\"{_COMBINED}\"%'")), **options)


def _query(condition: ColumnElement[bool]) -> Select[Any]:
    same_type = (LICENCE_TYPE.c.code == LICENCE.c.type_code) & (LICENCE_TYPE.c.version == LICENCE.c.type_version)
    return (
        select(
            LICENCE.c.licence_id,
            LICENCE.c.identifier,
            LICENCE.c.number,
            LICENCE.c.type_code,
            LICENCE_TYPE.c.name,
            LICENCE_TYPE.c.name_en,
            LICENCE_TYPE.c.offline_hours,
            LICENCE.c.issuer,
            DEPARTMENT.c.name,
            DEPARTMENT.c.name_en,
            LICENCE.c.holder_name,
            LICENCE.c.holder_kind,
            LICENCE.c.holder_code,
            LICENCE.c.holder_code_type,
            LICENCE.c.valid_from,
            LICENCE.c.valid_until,
            LICENCE.c.state,
            LICENCE.c.etag,
            EVENT.c.event,
            EVENT.c.effective_on,
            EVENT.c.reason,
            EVENT.c.legal_basis,
            EVENT.c.reference,
            LICENCE.c.suspended_until,
            LICENCE.c.papers_due,
            LICENCE.c.superseded_by,
            _NEWER.c.number,
            LICENCE.c.issued_at,
            LICENCE.c.token_kid,
            LICENCE.c.token_digest,
            LICENCE.c.document_digest,
            LICENCE.c.status_list,
            LICENCE.c.status_index,
            LICENCE.c.code_leaf,
            LICENCE.c.document_leaf,
            LICENCE.c.ofd_digest,
            LICENCE.c.ofd_leaf,
            _IsCombined(LICENCE_TYPE.c.definition),
        )
        .select_from(
            LICENCE.join(LICENCE_TYPE, same_type)
            .join(DEPARTMENT, DEPARTMENT.c.uscc == LICENCE.c.issuer)
            .outerjoin(EVENT, EVENT.c.event_id == LICENCE.c.last_event)
            .outerjoin(_NEWER, _NEWER.c.licence_id == LICENCE.c.superseded_by)
        )
        .where(condition)
    )


# One is found by its id in two thirds of the time of a list with one id.
_ONE: Final = Prepared(lambda: _query(LICENCE.c.licence_id == bindparam("licence_id")))
_SEVERAL: Final = Prepared(lambda: _query(one_of(LICENCE.c.licence_id, "licence_ids")))


def public_answer(database: Database, licence_id: str) -> PublicLicence | None:
    """Return what the public may know of one licence version, or None; the caller masks a person's name."""
    row = _ONE.first(database, {"licence_id": licence_id})
    return None if row is None else _answer(row)


def public_answers(database: Database, licence_ids: Collection[str]) -> dict[str, PublicLicence]:
    """Return the same of each of these that there is, by their ids."""
    if len(licence_ids) > 1:
        rows = _SEVERAL.each(database, {"licence_ids": listed(licence_ids)})
        return {row[0]: _answer(row) for row in rows}
    found = [public_answer(database, each) for each in licence_ids]
    return {each.licence_id: each for each in found if each is not None}


def _answer(row: Sequence[Any]) -> PublicLicence:
    of_organisation = row[11] == HolderKind.ORGANISATION.value
    return PublicLicence(
        licence_id=row[0],
        identifier=row[1],
        number=row[2],
        type_code=row[3],
        type_name=row[4],
        type_name_en=row[5],
        offline_hours=row[6],
        issuer=row[7],
        issuer_name=row[8],
        issuer_name_en=row[9],
        holder_name=row[10],
        holder_kind=HolderKind(row[11]),
        holder_uscc=row[12] if of_organisation and row[13] == _CODE_TYPE_USCC else None,
        valid_from=row[14],
        valid_until=row[15],
        state=LicenceState(row[16]),
        etag=row[17],
        event=None if row[18] is None else LicenceEvent(row[18]),
        event_effective_on=row[19],
        event_reason=row[20],
        event_legal_basis=row[21],
        event_reference=row[22],
        suspended_until=row[23],
        papers_due=row[24],
        superseded_by=row[25],
        superseded_by_number=row[26],
        issued_at=row[27],
        token_kid=row[28],
        token_digest=row[29],
        document_digest=row[30],
        status_list=row[31],
        status_index=row[32],
        code_leaf=row[33],
        document_leaf=row[34],
        ofd_digest=row[35],
        ofd_leaf=row[36],
        is_combined=bool(row[37]),
    )
