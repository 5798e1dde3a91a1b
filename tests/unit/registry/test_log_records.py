"""The records behind the log's entries about keys."""

from hashlib import sha256

from registry import log_records
from registry.db import Database, reading, transaction
from tests.registry_office import AT


def test_a_record_is_found_by_its_digest_and_kept_once(database: Database) -> None:
    with transaction(database) as tx:
        digest = log_records.keep(tx, b"a record", at=AT)
        again = log_records.keep(tx, b"a record", at=AT)

    assert digest == again == sha256(b"a record").digest()
    with reading(database) as tx:
        assert log_records.find(tx, digest) == b"a record"
        assert log_records.find(tx, bytes(32)) is None
