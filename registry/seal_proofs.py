"""What stands behind the log's entries about uses of seals, for whoever holds a sealed document.

Promises: read only, by the digest of a whole document: who does not hold it learns nothing, not even that it exists.
The records hold no person; each is a link of a chain to the log: record, list of records, entry.
"""

from dataclasses import dataclass, field

from sqlalchemy import select

from registry import log_records
from registry.db import Transaction
from registry.seal_events import leaf_of
from registry.seal_lifecycle import UseState
from registry.tables import SEAL_USE, SEAL_USE_BODY


@dataclass(frozen=True, slots=True, kw_only=True)
class UseProof:
    """A filed use: its salted record, the list that holds the record's digest, and the leaf that holds the list's."""

    use_id: str
    code: str
    record: bytes = field(repr=False)
    listed: bytes = field(repr=False)
    leaf_index: int | None


def use_proofs(tx: Transaction, digest: str) -> tuple[UseProof, ...]:
    """Return what proves the uses in which a document of this SHA-256 (hex) was sealed."""
    mine = SEAL_USE.c.use_id.in_(select(SEAL_USE_BODY.c.use_id).where(SEAL_USE_BODY.c.digest == digest))
    columns = (SEAL_USE.c.use_id, SEAL_USE.c.code, SEAL_USE.c.record, SEAL_USE.c.filing)
    query = select(*columns, leaf_of(SEAL_USE.c.filing).label("leaf_index"))
    rows = tx.execute(query.where(mine, SEAL_USE.c.state == UseState.FILED.value).order_by(SEAL_USE.c.use_id)).all()
    return tuple(
        UseProof(
            use_id=row.use_id,
            code=row.code,
            record=row.record,
            listed=log_records.find(tx, row.filing) or b"",
            leaf_index=row.leaf_index,
        )
        for row in rows
    )
