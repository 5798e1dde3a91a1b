"""Give the log its next name: the old one is closed by a last entry, and the next one begins with a link to it.

Promises:
  * One transaction: the closing entry and the last checkpoint under the old name, the genesis entry and the first
    checkpoint under the new one. A crash leaves the log as it was, or turned.
  * Nothing is ever signed under the old name again: its row is gone, and a process that still writes under it gets
    `LogClosedError`.
  * The tree goes on: leaves are counted through all names, tiles stay, and everybody can prove that the new log only
    appended to the old one. Who kept a checkpoint of either needs no second copy.

Why a new name and not a new tree: names are what witnesses, policies and auditors count by, so a year has its own; leaf
numbers stand in rows, cut-offs and documents, and stay what they are.
"""

import re
from dataclasses import replace
from hashlib import sha256
from typing import Final

from registry import leaves
from registry.db import Transaction, transaction
from registry.errors import ConflictError
from registry.leaves import LogHead, StoredEntry
from signer.errors import LogTurnError
from signer.log import SigningLog
from signer.log_tree import Growth
from verify.log_entry import EntryKind, LogEntry
from verify.tree import leaf_hash

# Both names, sizes and root stand in one entry of at most 400 bytes.
NAME_LENGTH_MAX: Final = 150
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.:/_-]*[a-z0-9]")


def turn_log(log: SigningLog, origin: str) -> SigningLog:
    """Close the log's name and return the log under the next one.

    Raises `LogTurnError` for a name that is malformed, too long or taken, and what `append` raises.
    """
    if not _NAME.fullmatch(origin) or max(len(origin), len(log.origin)) > NAME_LENGTH_MAX:
        raise LogTurnError("not a name of a log, or too long")
    following = renamed(log, origin)
    log.demand_safe()
    try:
        with transaction(log.database) as tx:
            before = log.locked_head(tx)
            time = log.time_after(before)
            last = LogEntry(
                kind=EntryKind.CLOSED, time=time, digest=sha256(origin.encode()).digest(), detail={1: origin}
            )
            closed = _append(tx, log, before, last)
            leaves.rename(tx, closed, origin)
            detail = {1: origin, 2: log.origin, 3: closed.size, 4: closed.root}
            first = LogEntry(kind=EntryKind.GENESIS, time=time, digest=sha256(origin.encode()).digest(), detail=detail)
            _append(tx, following, replace(closed, origin=origin), first)
    except ConflictError as error:
        raise LogTurnError("the log has or had this name") from error
    log.after("turned")
    return following


def renamed(log: SigningLog, origin: str) -> SigningLog:
    """Return the same log under another name; nothing is written."""
    guard = None if log.guard is None else replace(log.guard, verifier=log.verifier.named(origin))
    return replace(log, origin=origin, guard=guard)


def _append(tx: Transaction, log: SigningLog, before: LogHead, entry: LogEntry) -> LogHead:
    """Write one entry with its checkpoint, and return the head."""
    encoded = entry.encode()
    hashed = leaf_hash(encoded)
    growth = Growth(before.size, before.edge, (hashed,))
    after = replace(
        before,
        size=growth.size,
        root=growth.root,
        edge=growth.edge,
        note=log.signed_note(growth),
        time=entry.time,
    )
    stored = StoredEntry(index=before.size, entry=encoded, leaf_hash=hashed, digest=entry.digest)
    leaves.append(tx, before, (stored,), growth.new_nodes, after)
    return after
