"""Base of the tables and the kinds of column that both databases must store alike.

Promises: a moment is stored in UTC and read back aware; a naive one is refused.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC also where the database knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime; hand SQLite the UTC time without a zone."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("a moment is an aware datetime")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the aware datetime in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else value.replace(tzinfo=UTC)


# SQLite counts up by itself only in a column that is called INTEGER, which holds 64 bits there.
BIG: Final = BigInteger().with_variant(Integer, "sqlite")


class Row(SQLModel):
    """Base of all tables: their own collection, so that no other library's tables mix in."""

    metadata = MetaData(naming_convention=_NAMES)
