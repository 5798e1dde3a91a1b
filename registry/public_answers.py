"""The hot path: everything that the public check of one licence needs, in one query.

Promises: named columns, no ORM, compiled once; the answer is what the database says at this moment, never a cached one.

The statement is SQLAlchemy's, and so are the converters of its columns; but it is handed to the driver directly, for
looking up the compiled form of a statement of this width costs three times the query. What the driver refuses is asked
again in the usual way, which names the error and replaces the connection.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Dialect, Select, bindparam, literal_column, select

from registry.db import Database, driver_errors, driver_query, single_queries
from registry.lifecycle import LicenceEvent, LicenceState
from registry.records import PublicLicence
from registry.tables import DEPARTMENT, EVENT, LICENCE, LICENCE_TYPE
from verify.licence import HolderKind

# GB/T 36903, Annex A: unified social credit code.
_CODE_TYPE_USCC: Final = "001"
_NEWER: Final = LICENCE.alias("newer")
# A type that is drawn by this template stands for several permits; the definition is kept as JSON.
_COMBINED: Final = "'%\"combined_trade_licence\"%'"


@lru_cache(maxsize=1)
def _query() -> Select[Any]:
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
            LICENCE_TYPE.c.definition.like(literal_column(_COMBINED)),
        )
        .select_from(
            LICENCE.join(LICENCE_TYPE, same_type)
            .join(DEPARTMENT, DEPARTMENT.c.uscc == LICENCE.c.issuer)
            .outerjoin(EVENT, EVENT.c.event_id == LICENCE.c.last_event)
            .outerjoin(_NEWER, _NEWER.c.licence_id == LICENCE.c.superseded_by)
        )
        .where(LICENCE.c.licence_id == bindparam("licence_id"))
    )


class _Compiled(NamedTuple):
    """The statement as the driver takes it, and the converters of the columns that need one."""

    text: str
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]


@lru_cache(maxsize=4)
def _compiled(dialect: Dialect) -> _Compiled:
    query = _query()
    kinds = (column.type.dialect_impl(dialect) for column in query.selected_columns)
    converters = ((index, kind.result_processor(dialect, None)) for index, kind in enumerate(kinds))
    return _Compiled(
        str(query.compile(dialect=dialect)), tuple((index, each) for index, each in converters if each is not None)
    )


def _row(database: Database, licence_id: str) -> Sequence[Any] | None:
    compiled = _compiled(database.autocommit.dialect)
    parameters = {"licence_id": licence_id} if database.is_postgresql else (licence_id,)
    try:
        found = driver_query(database, compiled.text, parameters)
    except driver_errors(database):
        with single_queries(database) as connection:
            return connection.execute(_query(), {"licence_id": licence_id}).one_or_none()
    if found is None:
        return None
    row = list(found)
    for index, convert in compiled.converters:
        row[index] = convert(row[index])
    return row


def public_answer(database: Database, licence_id: str) -> PublicLicence | None:
    """Return what the public may know of one licence version, or None; the caller masks a person's name."""
    row = _row(database, licence_id)
    if row is None:
        return None
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
