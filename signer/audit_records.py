"""Make the file of records that an auditor takes along: what the registry knows of each leaf.

Promises:
  * Only for an auditor, and an act of the log: who got which file, under a salt, stands there before it is signed.
  * Persons are pseudonyms by a key of this file alone, which is kept here: the office can say later whom one means.
  * The memory of one page, however long the log is; what is filed while it runs is left out.
"""

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from keys.custody import DEPLOYMENT
from registry import audit_rows, leaves, log_records, recovered
from registry.audit_rows import IntentFacts
from registry.db import Transaction, reading, transaction
from registry.leaves import LogHead
from registry.records import Role
from signer.desk import Operator
from signer.errors import LogMissingError, RoleError
from signer.key_acts import KeyDesk
from verify import cbor
from verify.algorithms import der_to_raw
from verify.key_purpose import KeyPurpose
from verify.log_audit.records import RECORDS_TYPE, RecordsManifest, Row, encode_row, manifest_line
from verify.log_entry import EntryKind
from verify.signed_statement import assemble_statement, statement_to_be_signed
from verify.usual_entry import EntryReader, UsualEntry

if TYPE_CHECKING:
    from hashlib import _Hash

PAGE_ENTRIES: Final = 500
EXPORT_EVENT: Final = "records_export"
PSEUDONYM_KEY_BYTES: Final = 16
_PSEUDONYM_DIGITS: Final = 16
_SEALS: Final = frozenset({"seal", "seal_grant"})


@dataclass(slots=True)
class _File:
    """What was written so far."""

    write: Callable[[bytes], object]
    key: bytes
    digest: "_Hash"
    lines: int = 0

    def add(self, row: Row) -> None:
        line = encode_row(row)
        self.write(line)
        self.digest.update(line)
        self.lines += 1

    def hidden(self, person: str | None) -> str | None:
        """Return the pseudonym of a person."""
        if person is None:
            return None
        return hmac.new(self.key, person.encode(), sha256).hexdigest()[:_PSEUDONYM_DIGITS]


def write_records(
    desk: KeyDesk,
    write: Callable[[bytes], object],
    *,
    auditor: Operator,
    at: datetime,
    progress: Callable[[int, int], None],
) -> RecordsManifest:
    """Write the records of the log as it stands, and return the manifest that stands at their end.

    1. Sequence what waits; the head, and how many rows belong to it. 2. A line for each leaf that has a row, in pages.
    3. What still waits. 4. Log who gets it. 5. Sign the manifest.

    Raises `RoleError` for anybody but an auditor, `LogMissingError`, and what log and custody raise.
    """
    if auditor.role is not Role.AUDITOR:
        raise RoleError(auditor.role.value)
    desk.log.flush_pending()
    with reading(desk.database) as tx:
        head = leaves.head(tx, desk.log.origin)
        totals = audit_rows.totals(tx, head)  # (1)
    if not head.size:
        raise LogMissingError(desk.log.origin)
    file = _File(write, desk.random(PSEUDONYM_KEY_BYTES), sha256())
    reader = EntryReader()
    for first in range(0, head.size, PAGE_ENTRIES):  # (2)
        end = min(first + PAGE_ENTRIES, head.size)
        with reading(desk.database) as tx:
            for row in _page(tx, head, reader, first, end, file):
                file.add(row)
        progress(end, head.size)
    with reading(desk.database) as tx:
        for of, since in audit_rows.waiting(tx):  # (3)
            file.add({"leaf": None, "what": "waiting", "of": of, "at": _unix(since)})
    manifest = RecordsManifest(
        origin=head.origin, size=head.size, root=head.root, made_at=at, lines=file.lines, digest=file.digest.digest(),
        totals=totals,
    )  # fmt: skip
    _log_act(desk, file.key, manifest, auditor, at=at)  # (4)
    key = desk.custody.newest(KeyPurpose.TRUST_LIST, DEPLOYMENT)
    kid = desk.custody.public_key(key).kid
    to_be_signed = statement_to_be_signed(RECORDS_TYPE, manifest.encode(), kid)
    signature = der_to_raw(desk.sign_logged(key, to_be_signed))  # (5)
    write(manifest_line(assemble_statement(RECORDS_TYPE, manifest.encode(), kid, signature)))
    return manifest


def _log_act(desk: KeyDesk, key: bytes, manifest: RecordsManifest, auditor: Operator, *, at: datetime) -> None:
    """Leave the entry of kind 6: its record tells file, size and moment, and holds person and key as a commitment.

    Record: 0 salt · 1 event · 2 unix time · 3 SHA-256 of the private part · 4 size of the log · 5 SHA-256 of the file.
    Private part: 0 salt · 1 person · 2 key of the pseudonyms.
    """
    private = cbor.encode({0: desk.random(16), 1: auditor.person_id, 2: key})
    told = {1: EXPORT_EVENT, 2: _unix(at), 3: sha256(private).digest(), 4: manifest.size, 5: manifest.digest}
    with transaction(desk.database) as tx:
        log_records.keep(tx, private, at=at)
        digest = log_records.keep(tx, cbor.encode({0: desk.random(16)} | told), at=at)
        leaves.add_pending(tx, EntryKind.ADMIN, digest, {1: EXPORT_EVENT}, at=at, key=f"admin:{digest.hex()}")
    desk.log.flush_pending()


def _page(tx: Transaction, head: LogHead, reader: EntryReader, first: int, end: int, file: _File) -> list[Row]:
    """Return the rows of a range of leaves, in order."""
    here = (first, end)
    entries = {each.index: reader.read(each.entry) for each in leaves.entries(tx, head.origin, first, end)}
    rows = {index: _intent_row(index, facts, file) for index, facts in audit_rows.intents(tx, head, first, end).items()}
    for leaf, event in audit_rows.events(tx, *here).items():
        record = None if event.record is None else _base64(event.record)
        told = {"event": event.event, "issuer": event.issuer, "place": list(event.place), "record": record}
        rows[leaf] = {"leaf": leaf, "what": "event", **told}
    for leaf, office in audit_rows.receipts(tx, *here).items():
        rows[leaf] = {"leaf": leaf, "what": "receipt", "office": office}
    rows |= _seal_rows(tx, entries, file)
    others = {
        index: each.digest
        for index, each in entries.items()
        if index not in rows and each.shape.kind in {EntryKind.INTENT, EntryKind.KEY, EntryKind.ADMIN}
    }
    found = audit_rows.log_records(tx, tuple(others.values()))
    for index, digest in others.items():
        if digest in found:
            rows[index] = {"leaf": index, "what": "record", "record": _base64(found[digest])}
    for each in recovered.recovered(tx, head.origin, start=first, stop=end):  # came back, and its rows are lost
        rows.setdefault(each.leaf_index, {"leaf": each.leaf_index, "what": "recovered"})
    return [rows[index] for index in sorted(rows)]


def _seal_rows(tx: Transaction, entries: Mapping[int, UsualEntry], file: _File) -> dict[int, Row]:
    changes = {index: each for index, each in entries.items() if each.shape.kind is EntryKind.STATE}
    acts = {index: each.digest for index, each in changes.items() if each.shape.first in _SEALS}
    filings = {index: each.digest for index, each in changes.items() if each.shape.first == "seal_use"}
    events = audit_rows.seal_events(tx, tuple(acts.values()))
    rows: dict[int, Row] = {}
    for index, digest in acts.items():
        if digest in events:
            act = events[digest]
            told = {"record": _base64(act.record), "person": file.hidden(act.person), "has_reason": act.has_reason}
            rows[index] = {"leaf": index, "what": "seal_event", **told}
    rows |= _use_rows(tx, filings, file)
    return rows


def _use_rows(tx: Transaction, filings: Mapping[int, bytes], file: _File) -> dict[int, Row]:
    uses = audit_rows.uses(tx, tuple(filings.values()))
    listed = audit_rows.log_records(tx, tuple(filings.values()))
    rows: dict[int, Row] = {}
    for index, digest in filings.items():
        if digest in listed:
            told: Sequence[Row] = [
                {"record": _base64(each.record), "person": file.hidden(each.person), "second": file.hidden(each.second)}
                for each in uses.get(digest, ())
            ]
            rows[index] = {"leaf": index, "what": "seal_uses", "record": _base64(listed[digest]), "uses": told}
    return rows


def _intent_row(index: int, facts: IntentFacts, file: _File) -> Row:
    row: dict[str, object] = {
        "leaf": index, "what": "intent", "state": facts.state.value, "attempt": facts.attempt,
    }  # fmt: skip
    licence, official = facts.licence, facts.official
    if licence is not None:
        applied = licence.application
        row["licence"] = {
            "issuer": licence.issuer,
            "type": licence.type_code,
            "item": applied.item_code,
            "data_set": licence.data_set.hex(),
            "signed": licence.signed.hex(),
            "application": {
                "id": applied.draft_id,
                "state": applied.state,
                "at": _unix(applied.at),
                "author": file.hidden(applied.author),
                "reviewer": file.hidden(applied.reviewer),
            },
        }
    if official is not None:
        row["official"] = {
            "department": official.department,
            "at": _unix(official.at),
            "author": file.hidden(official.author),
            "approver": file.hidden(official.approver),
        }
    return row


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())
