"""Bring back what a restored database lacks of the log, from the published bundles, and say what of it is lost.

Promises:
  * What comes back is proven: the entries lead from the database's own head to the root of the published checkpoint,
    which our key signed. Anything else is `LogForkError`, and nothing is written.
  * One transaction: a crash leaves the database as it was, or whole.
  * Nothing is signed twice and nothing given out twice: intents that came back are abandoned, the numbers of lost
    licences are taken, their places in the status lists passed over, and their documents in the vault kept.
  * What is told is kept: which leaves came back, which of them have a document, and that a recovery was done stands in
    the log itself.

The log holds hashes. What a lost act said (who held the licence, why one was suspended) comes back only from documents
that lie in the vault; the rest is listed by leaf, kind and time, so that people can do it again from their papers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from registry import leaves, log_records, numbers, recovered, seal_uses
from registry.db import Database, Transaction, reading, transaction
from registry.leaves import Intent, LogHead, StoredEntry
from registry.records import IntentState
from registry.recovered import EVENT, RecoveredLeaf
from registry.vault import FolderVault
from signer.errors import LogForkError, PublishConflictError
from signer.log import SigningLog
from signer.log_entries import abandoned
from signer.log_files import TileStore
from signer.log_safety import PUBLISHED, Seen, compare_head, own_checkpoint, published_checkpoint
from signer.log_turn import renamed
from signer.recover import named_by_rows
from verify import cbor
from verify.document import read_document
from verify.errors import MalformedError, YinzhengError
from verify.key_purpose import KeyPurpose
from verify.licence import DataSet
from verify.log_entry import EntryKind, LogEntry
from verify.note import Checkpoint, LogVerifier, own_note
from verify.tiles import CHECKPOINT, TILE_WIDTH, TileError, decode_bundle, entries_path
from verify.tree import Frontier, leaf_hash

# Statements name this many values at once.
_AT_ONCE: Final = 500
_DATA_SET: Final = 3
_Item = TypeVar("_Item")
_FOLLOWED: Final = frozenset({KeyPurpose.CODE.value, KeyPurpose.DOCUMENT.value, KeyPurpose.SEAL.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecovered:
    """From which entry on how many came back, and what is known of the acts whose rows are lost."""

    first: int
    count: int
    lost: tuple[RecoveredLeaf, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Returned:
    """The entries that came back, by their index in the log, and which of them a waiting act knows."""

    head: LogHead
    first: int
    entries: Mapping[int, LogEntry]
    raw: Mapping[int, bytes]
    known: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """A document in the vault that no row names, with the leaf whose proof it bears."""

    digest: str
    index: int
    entry: bytes
    data_set: DataSet | None


def recover_log(log: SigningLog, store: TileStore, vault: FolderVault, *, at: datetime) -> LogRecovered:
    """Bring the database up to what is published.

    1. Find the documents that no row names. 2. Write the missing entries, proven against the published root. 3. Mark
    acts that waited and are in the log by now. 4. Abandon intents, keep numbers and places, and list what is lost.
    5. Sequence the entries that tell of it.

    Raises `LogForkError` when database and published log contradict each other, `PublishConflictError` when the
    published files are not whole, and what database and folders raise. Done again it changes nothing.
    """
    with reading(log.database) as tx:
        before = leaves.head(tx, log.origin)
    published = published_checkpoint(log.verifier, store, leaves.PREFIX)
    if published is None or published.size <= before.size:
        if published is not None:
            compare_head(log.database, before, Seen(by=PUBLISHED, checkpoint=published))
        return LogRecovered(first=before.size, count=0, lost=())
    left = tuple(_documents_left(log.database, vault, at=at))  # (1)
    with transaction(log.database) as tx:
        returned = _bring_back(tx, log.verifier, store, published)  # (2)
        known = _mark_waiting(tx, returned)  # (3)
        lost = _settle(tx, replace(returned, known=known), left, at=at)  # (4)
    renamed(log, published.origin).flush_pending()  # (5)
    return LogRecovered(first=returned.first, count=len(returned.entries), lost=lost)


def _bring_back(tx: Transaction, verifier: LogVerifier, store: TileStore, published: Checkpoint) -> _Returned:
    """Write the missing entries and the published head; what does not lead to its root undoes all of it."""
    first = head = leaves.lock_head(tx, verifier.name)
    frontier, entries, raw = Frontier(head.size, head.edge), dict[int, LogEntry](), dict[int, bytes]()
    for bundle in _parts(_bundles(store, leaves.PREFIX, head.size, published.size)):
        hashes = [leaf_hash(entry) for entry in bundle]
        frontier, nodes = frontier.grow(hashes)
        decoded = [_decoded(entry) for entry in bundle]
        stored = [
            StoredEntry(index=index, entry=entry, leaf_hash=hashed, digest=each.digest)
            for index, (entry, hashed, each) in enumerate(zip(bundle, hashes, decoded, strict=True), head.size)
        ]
        entries |= {each.index: entry for each, entry in zip(stored, decoded, strict=True)}
        raw |= {each.index: each.entry for each in stored}
        after = replace(
            head, size=frontier.size, root=frontier.root, edge=frontier.edge, time=max(each.time for each in decoded)
        )
        if after.size == published.size:
            after = replace(after, note=own_note(published.note, verifier.named(published.origin)))
        leaves.append(tx, head, stored, nodes, after)
        head = after
        if decoded[-1].kind is EntryKind.CLOSED:
            head = _close(tx, verifier.named(head.origin), store, head, str((decoded[-1].detail or {})[1]))
    if (head.size, head.root) != (published.size, published.root):
        raise LogForkError("the published entries do not lead from the database to the published root")
    return _Returned(head=head, first=first.size, entries=entries, raw=raw, known=frozenset())


def _close(tx: Transaction, verifier: LogVerifier, store: TileStore, head: LogHead, origin: str) -> LogHead:
    """Let the log have its next name, from its last entry under this one on."""
    content = store.get(f"{leaves.PREFIX}/closed/{head.size}/{CHECKPOINT}")
    path = f"closed/{head.size}"
    last = None if content is None else own_checkpoint(verifier, content, path)
    if last is None or (last.origin, last.size, last.root) != (head.origin, head.size, head.root):
        raise PublishConflictError(path)
    leaves.rename(tx, replace(head, note=own_note(last.note, verifier)), origin)
    return replace(head, origin=origin)


def _parts(bundles: Iterator[tuple[bytes, ...]]) -> Iterator[tuple[bytes, ...]]:
    """Part a bundle behind an entry that closes the log's name."""
    for bundle in bundles:
        start = 0
        for stop, entry in enumerate(bundle, 1):
            if stop == len(bundle) or _decoded(entry).kind is EntryKind.CLOSED:
                yield bundle[start:stop]
                start = stop


def _bundles(store: TileStore, prefix: str, start: int, stop: int) -> Iterator[tuple[bytes, ...]]:
    """Yield the entries from one index to another, bundle by bundle."""
    for index in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
        width = min(TILE_WIDTH, stop - index * TILE_WIDTH)
        path = f"{prefix}/{entries_path(index, width)}"
        content = store.get(path)
        if content is None:  # a full bundle takes the place of a partial one
            content = store.get(f"{prefix}/{entries_path(index, TILE_WIDTH)}")
        try:
            entries = decode_bundle(content or b"")[:width]
        except TileError as error:
            raise PublishConflictError(path) from error
        if len(entries) != width:
            raise PublishConflictError(path)
        yield entries[max(0, start - index * TILE_WIDTH) :]


def _decoded(entry: bytes) -> LogEntry:
    try:
        return LogEntry.decode(entry)
    except MalformedError as error:
        raise LogForkError("a published entry is none of ours") from error


def _mark_waiting(tx: Transaction, returned: _Returned) -> frozenset[int]:
    """Take out of what waits for the log what stands in it by now, and return where."""
    places = {(entry.kind, entry.digest): index for index, entry in reversed(tuple(returned.entries.items()))}
    marked: dict[int, int] = {}
    for digests in _batches([digest for _kind, digest in places]):
        for each in leaves.pending_of(tx, digests):
            index = places.get((each.kind, each.digest))
            if index is not None:
                marked[each.pending_id] = index
    for some in _batches(list(marked)):
        leaves.pending_sequenced(tx, {pending_id: marked[pending_id] for pending_id in some})
    return frozenset(marked.values())


def _settle(tx: Transaction, returned: _Returned, left: Sequence[_Left], *, at: datetime) -> tuple[RecoveredLeaf, ...]:
    """Abandon what came back, keep what must not be given out again, and write down what is lost."""
    found = {each.index: each for each in left if returned.raw.get(each.index) == each.entry}
    named = {each.data_set.digest: each.data_set for each in found.values() if each.data_set is not None}
    lost = tuple(
        _told(index, entry, found.get(index), named)
        for index, entry in returned.entries.items()
        if index not in returned.known
    )
    recovered.keep(tx, returned.head.log, lost, at=at)
    for data_set in named.values():
        name = data_set.identifier
        recovered.keep_number(
            tx, name.issuer, data_set.type_code, data_set.number, lineage=name.serial, version=name.version
        )
    _abandon(tx, returned, {each.leaf_index: each for each in lost}, at=at)
    codes = sum(_purpose(entry) == KeyPurpose.CODE.value for entry in returned.entries.values())
    recovered.pass_places(tx, codes)
    record = {"event": EVENT, "log": returned.head.origin, "first": returned.first, "size": returned.head.size}
    digest = log_records.keep(tx, cbor.encode(record | {"at": int(at.timestamp())}), at=at)
    key = f"recovered:{returned.head.log}:{returned.first}"
    leaves.add_pending(tx, EntryKind.ADMIN, digest, {1: EVENT}, at=at, key=key)
    return lost


def _abandon(tx: Transaction, returned: _Returned, lost: Mapping[int, RecoveredLeaf], *, at: datetime) -> None:
    """Let each intent that came back be abandoned, and those that the returned entries themselves abandon."""
    ended = {
        index
        for entry in returned.entries.values()
        if entry.kind is EntryKind.ABANDONED and isinstance(index := (entry.detail or {}).get(1), int)
    }
    followed = {index: entry for index, entry in returned.entries.items() if _purpose(entry) in _FOLLOWED}
    intents = [
        Intent(
            log=returned.head.log,
            leaf_index=index,
            licence_id=lost[index].licence_id or "",
            purpose=_purpose(entry),
            state=IntentState.ABANDONED,
            worker=EVENT,
            lease_until=at,
        )
        for index, entry in followed.items()
    ]
    leaves.open_intents(tx, intents)
    for index in followed.keys() - ended:
        note = abandoned(index, returned.raw[index])
        key = f"abandoned:{returned.head.log}:{index}"
        leaves.add_pending(tx, note.kind, note.digest, note.detail, at=at, key=key)
    for indexes in _batches(sorted(ended - returned.entries.keys())):
        attempts = leaves.attempts_at(tx, returned.head.log, indexes)
        leaves.abandon_intents(tx, attempts)
        numbers.end_places(tx, attempts)
        seal_uses.abandon_uses(tx, attempts=attempts)


def _told(index: int, entry: LogEntry, left: _Left | None, named: Mapping[bytes, DataSet]) -> RecoveredLeaf:
    """Return what is known of a leaf: both leaves of a licence name its data set, so one document tells of both."""
    detail = entry.detail or {}
    digest = detail.get(_DATA_SET) if entry.kind is EntryKind.INTENT else None
    data_set = named.get(digest) if isinstance(digest, bytes) else None
    words = (str(detail[key]) for key in (1, 2) if isinstance(detail.get(key), (str, int)))
    return RecoveredLeaf(
        leaf_index=index,
        what=" ".join((entry.kind.name.lower(), *words)),
        document=None if left is None else left.digest,
        licence_id=None if data_set is None else data_set.licence_id.text,
        number=None if data_set is None else data_set.number,
    )


def _purpose(entry: LogEntry) -> str:
    return str((entry.detail or {}).get(1, "")) if entry.kind is EntryKind.INTENT else ""


def _documents_left(database: Database, vault: FolderVault, *, at: datetime) -> Iterator[_Left]:
    """Yield the documents that no row names and that bear a proof of our log, whichever it is."""
    digests = vault.digests()
    for some in iter(lambda: list(islice(digests, _AT_ONCE)), []):
        for digest in sorted(set(some) - named_by_rows(database, some)):
            try:
                read = read_document(vault.get(digest), None, (), at=at)
            except YinzhengError:  # damaged, or something else altogether: it tells nothing
                continue
            if read.receipt is not None:
                yield _Left(digest=digest, index=read.receipt.index, entry=read.receipt.entry, data_set=read.data_set)


def _batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
