"""Part of an audit: the records behind the log's entries, and the entries that wait for the log.

Promises:
  * Each kept record has the digest under which it is kept.
  * An entry that waits is what its act tells: a wrong one would be logged as the truth in a moment.
"""

from hashlib import sha256
from typing import Final

from registry import leaves, log_records, seal_audits
from registry.db import Database, Transaction, reading
from registry.leaves import WaitingEntry
from registry.seal_events import GRANT, SEAL
from registry.seal_uses import FILE, USE
from signer.audit_report import Findings
from verify import cbor
from verify.errors import MalformedError
from verify.log_entry import ENTRY_BYTES_MAX, EntryKind

_EVENT: Final = "event"


def judge_records(database: Database, findings: Findings) -> None:
    """Judge all records."""
    after: bytes = b""
    while True:
        with reading(database) as tx:
            page = log_records.record_page(tx, after=after)
        if not page:
            return
        after = page[-1][0]
        for digest, record in page:
            findings.count("log_records")
            findings.demand(sha256(record).digest() == digest, "audit.record_changed", digest=digest.hex())


def judge_waiting(database: Database, origin: str, findings: Findings) -> None:
    """Judge all entries that wait; what acts on licences leave is judged with their rows as well."""
    with reading(database) as tx:
        for each in leaves.waiting_entries(tx):
            findings.demand(_is_own(tx, origin, each), "audit.pending", key=each.key)


def _is_own(tx: Transaction, origin: str, waiting: WaitingEntry) -> bool:
    """Say whether what waits is of the act that its key names."""
    what, _, whose = waiting.key.partition(":")
    if what == _EVENT:
        return whose == str(waiting.event_id)
    try:
        detail = None if waiting.detail is None else cbor.decode(waiting.detail, bytes_max=ENTRY_BYTES_MAX)
    except MalformedError:
        return False
    wanted: object = None
    match what:
        case "abandoned":
            index = int(whose.rpartition(":")[2]) if whose.rpartition(":")[2].isdecimal() else -1
            entry = leaves.entries_at(tx, origin, (index,)).get(index)
            wanted = (EntryKind.ABANDONED, {1: index}, None if entry is None else sha256(entry).digest())
        case "seal_use":
            wanted = (EntryKind.STATE, {1: USE, 2: FILE}, _digest(whose))
        case "seal_event":
            event = seal_audits.event_of_digest(tx, waiting.digest)
            acted = None if event is None else {1: SEAL if event[0] is None else GRANT, 2: event[1]}
            wanted = (EntryKind.STATE, acted, _digest(whose))
        case "key" | "admin" | "recovered" if log_records.find(tx, waiting.digest) is not None:
            kind = EntryKind.KEY if what == "key" else EntryKind.ADMIN
            wanted = (kind, detail, waiting.digest if what == "recovered" else _digest(whose))
    return (waiting.kind, detail, waiting.digest) == wanted


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
