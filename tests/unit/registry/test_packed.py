"""Arrays that are packed by us arrive as those of the driver."""

import pytest

from registry.db import open_database, reading
from registry.packed import packed_bytes, packed_numbers

BYTES = [b"", b"\x00", bytes(range(256)) * 3]
NUMBERS = [0, 1, -1, 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_packed_arrays_arrive_as_those_of_the_driver(fresh_postgresql_url: str, count: int) -> None:
    database, texts, numbers = open_database(fresh_postgresql_url), BYTES[:count], NUMBERS[-count:] if count else []
    query = "SELECT %(packed)b, %(packed)b = %(plain)b::{}[]"
    with reading(database) as tx:
        for kind, packed, plain in (
            ("bytea", packed_bytes(texts), texts),
            ("bigint", packed_numbers(numbers), numbers),
        ):
            [(found, is_same)], _ = tx.by_driver(query.format(kind), {"packed": packed, "plain": plain})
            assert (found, is_same) == (plain, True)
    database.close()
