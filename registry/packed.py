"""Arrays as PostgreSQL takes them, put together from whole columns.

Promises: what is packed arrives as what the driver would have sent (a test sends both). The driver looks at each value
by itself, which for the columns of a commit of the log costs as much as to hash all its entries.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Any, Final

# Numbers of the types in PostgreSQL's catalogue: https://www.postgresql.org/docs/current/catalog-pg-type.html
_BYTEA: Final = 17
_BIGINT: Final = 20
_BYTEA_ARRAY: Final = 1001
_BIGINT_ARRAY: Final = 1016

# One dimension, no nulls, type of the elements, how many, counted from 1.
_HEAD: Final = Struct(">5i")
_EMPTY: Final = Struct(">3i")
_LENGTH: Final = Struct(">i")
_NUMBER: Final = Struct(">iq")


class PackedBytes(bytes):
    """An array of byte strings."""

    __slots__ = ()


class PackedNumbers(bytes):
    """An array of whole numbers of 64 bits."""

    __slots__ = ()


def packed_bytes(values: Sequence[bytes]) -> PackedBytes:
    """Pack byte strings."""
    length = _LENGTH.pack
    return PackedBytes(
        _head(values, _BYTEA) + b"".join([part for each in values for part in (length(len(each)), each)])
    )


def packed_numbers(values: Sequence[int]) -> PackedNumbers:
    """Pack whole numbers of 64 bits."""
    number = _NUMBER.pack
    return PackedNumbers(_head(values, _BIGINT) + b"".join([number(8, each) for each in values]))


def _head(values: Sequence[object], kind: int) -> bytes:
    return _HEAD.pack(1, 0, kind, len(values), 1) if values else _EMPTY.pack(0, 0, kind)


def teach_packed(connection: Any) -> None:  # noqa: ANN401 - the driver's own connection
    """Let a connection of psycopg send what is packed here."""
    from psycopg.adapt import Dumper  # only offices on PostgreSQL need the driver
    from psycopg.pq import Format

    def dumper_of(array: int) -> type[Dumper]:
        class Sent(Dumper):
            format = Format.BINARY
            oid = array

            def dump(self, obj: bytes) -> bytes:
                return obj

        return Sent

    connection.adapters.register_dumper(PackedBytes, dumper_of(_BYTEA_ARRAY))
    connection.adapters.register_dumper(PackedNumbers, dumper_of(_BIGINT_ARRAY))
