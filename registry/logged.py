"""What stands in one place of a log, asked by every check of a document: one query, handed to the driver directly.

Promises: a log that we have and that is too short there is told from a log that we do not have.
"""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Dialect, Select, bindparam, literal_column, select

from registry.db import Database, driver_errors, driver_query, single_queries
from registry.tables import LOG_ENTRY, LOG_HEAD

NOTHING: Final = b""
"""What stands behind the end of a log."""


@lru_cache(maxsize=1)
def _query() -> Select[Any]:
    place = (LOG_ENTRY.c.log == LOG_HEAD.c.log) & (LOG_ENTRY.c.idx == bindparam("place"))
    query = select(LOG_ENTRY.c.leaf_hash).select_from(LOG_HEAD.outerjoin(LOG_ENTRY, place))
    return query.where(LOG_HEAD.c.origin == bindparam("origin"), LOG_HEAD.c.size > literal_column("0"))


@lru_cache(maxsize=4)
def _compiled(dialect: Dialect) -> str:
    return str(_query().compile(dialect=dialect))


def kept_leaf(database: Database, origin: str, index: int) -> bytes | None:
    """Return the leaf hash in this place of the log of this name; None where there is no such log.

    Raises ``DatabaseAwayError``, ``DatabaseBusyError``.
    """
    parameters = {"place": index, "origin": origin} if database.is_postgresql else (index, origin)
    text = _compiled(database.autocommit.dialect)
    try:
        row = driver_query(database, text, parameters)
    except driver_errors(database):
        with single_queries(database) as connection:
            row = connection.execute(_query(), {"place": index, "origin": origin}).one_or_none()
    if row is None:
        return None
    return NOTHING if row[0] is None else bytes(row[0])
