"""Entries of the log as an audit of records looks at them."""

from collections.abc import Sequence

from registry import leaves
from registry.db import Transaction
from verify.errors import MalformedError
from verify.log_entry import LogEntry


def entries_at(tx: Transaction, origin: str, indexes: Sequence[int]) -> dict[int, LogEntry]:
    """Return the entries at these places; one that cannot be read is left out, as the walk of the log names it."""
    found = {}
    for index, entry in leaves.entries_at(tx, origin, indexes).items():
        try:
            found[index] = LogEntry.decode(entry)
        except MalformedError:
            continue
    return found
