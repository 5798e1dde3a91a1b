"""How tables are written down, and the kinds of column that both databases must store alike.

Promises:
  * A class that names its columns with their types becomes one table of SQLAlchemy Core and nothing else: rows of ours
    are never objects of a library, so that none is put together at the start of every process.
  * A column may be empty only where its type says ``| None``.
  * A moment is stored in UTC and read back aware; a naive one is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import NoneType
from typing import Any, ClassVar, Final, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

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
        moment = value if value.tzinfo is UTC else value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Return what hands a moment to the driver; SQLite's text in one step, a third of SQLAlchemy's time."""
        if dialect.name == "postgresql":
            return super().bind_processor(dialect)

        def written(value: datetime | None) -> str | None:
            naive = self.process_bind_param(value, dialect)
            return None if naive is None else naive.isoformat(" ", "microseconds")

        return written

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the aware datetime in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else value.replace(tzinfo=UTC)


# SQLite counts up by itself only in a column that is called INTEGER, which holds 64 bits there.
BIG: Final = BigInteger().with_variant(Integer, "sqlite")


_KINDS: Final[Mapping[type, type[TypeEngine[Any]]]] = {
    str: String,
    int: Integer,
    bool: Boolean,
    bytes: LargeBinary,
    date: Date,
}
_NO_DEFAULT: Final = object()
WHERE: Final = "where"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    """What is said of a column beside its name and type."""

    default: object = _NO_DEFAULT
    primary_key: bool = False
    index: bool = False
    unique: bool = False
    foreign_key: str = ""
    max_length: int | None = None
    kind: type[TypeEngine[Any]] | TypeEngine[Any] | None = None


def column(**described: Any) -> Any:  # noqa: ANN401 - stands where the column's own type is written
    """Describe a column: `primary_key`, `index`, `unique`, `foreign_key`, `max_length`, `default`, `kind`."""
    return _Described(**described)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index of the rows for which a condition holds.

    The condition stands beside it for the test that compares it with the migrations', which make the index: said in
    the words of each database, it would load both of their dialects at the start of every process.
    """
    return Index(name, *columns, unique=unique, info={WHERE: where})


class Row:
    """Base of all tables: their own collection, so that no other library's tables mix in."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=_NAMES)
    __tablename__: ClassVar[str]
    __table_args__: ClassVar[tuple[Any, ...]] = ()
    __table__: ClassVar[Table]

    def __init_subclass__(cls) -> None:
        """Make the table of the class."""
        columns = [
            _column(name, kind, cls.__dict__.get(name, _Described())) for name, kind in cls.__annotations__.items()
        ]
        cls.__table__ = Table(cls.__tablename__, cls.metadata, *columns, *cls.__table_args__)


def _column(name: str, annotation: Any, described: Any) -> Column[Any]:  # noqa: ANN401 - what a class body holds
    """Return the column of a name, its type and what is said of it: a description, or the default alone."""
    if not isinstance(described, _Described):
        described = _Described(default=described)
    types = [each for each in get_args(annotation) or (annotation,) if each is not NoneType]
    kind = described.kind if described.kind is not None else _KINDS[types[0]]
    return Column(
        name,
        String(described.max_length) if kind is String else kind,
        *((ForeignKey(described.foreign_key),) if described.foreign_key else ()),
        primary_key=described.primary_key,
        nullable=NoneType in get_args(annotation) and not described.primary_key,
        index=described.index,
        unique=described.unique,
        **({} if described.default is _NO_DEFAULT else {"default": described.default}),
    )
