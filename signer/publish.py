"""Publish what the public needs to check a licence, as files that any web server or object storage carries.

Promises:
  * A file is whole or absent, also after a power cut (`log_files`). The checkpoint comes last, so it never promises a
    tile that is not there (C2SP tlog-tiles).
  * All of it is made from the database: running again changes nothing, a crash is mended by running again, and an empty
    folder gets everything. A tile that stands there with other bytes stops everything: one of the two is a lie.
  * The newest checkpoint that witnesses have seen stands beside the newest of all, which they cannot have seen yet in a
    log that is in use; it comes after that one, so it is never the longer of the two, and it never goes back.
  * A checkpoint never goes back. A database that is behind the published one, or contradicts it, is an old copy or
    worse: `LogForkError`, and nothing is written.
  * A partial tile goes when the full one stands there for good, never before (C2SP tlog-tiles), and before the
    checkpoint is written: what a publisher that was killed left is removed the next time.
  * An older signed file never takes a newer one's place: what stands there is read first, then the database.
  * No key is used; two processes that publish at once wait for each other, or one of the two is refused.

    checkpoint checkpoint.witnessed tile/… log.vkey (in log/) · checkpoint log.vkey (in log/closed/<size>/, for each
    name that the log had before; the tiles are those of log/, for the tree goes on) · trust-list.cbor · status/<n> ·
    status/seal-<division>-<n> · seal-history/<code> · pack/counter · pack/since-<place> · report/<month> ·
    authority.crl · national.crl · certificates/<name>.cer

`after` is called with a step's name when the step is done: `compared tiles_published artefacts_published
partials_removed checkpoint_published witnessed_published`; fault tests kill the process there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from registry import artefacts, leaves
from registry.db import Database, Transaction, reading
from registry.leaves import LogHead
from signer.errors import LogForkError, LogMissingError
from signer.log_files import TileStore
from signer.log_safety import PUBLISHED, Seen, compare_head, demand_own_note, own_checkpoint
from signer.witnessing import cosigned, newest_of_all
from verify.note import LogVerifier, verifier_key_text
from verify.tiles import (
    CHECKPOINT,
    TILE_WIDTH,
    WITNESSED_CHECKPOINT,
    encode_bundle,
    entries_path,
    tile_nodes,
    tile_path,
    tiles_of_growth,
)
from verify.witness_policy import WitnessPolicy

VERIFIER_KEY: Final = "log.vkey"
PATHS: Final = (
    ("certificate", "certificates/{}.cer"),
    ("crl", "{}.crl"),
    ("trust_list", "{}.cbor"),
    ("status_list", "status/{}"),
    ("seal_status_list", "status/seal-{}"),
    ("seal_history", "seal-history/{}"),
    ("pack", "pack/{}"),
    ("pack_since", "pack/since-{}"),
    ("monthly_report", "report/{}"),
)
"""Kinds of artefact and where each stands, by its name; certificates first, for the others lead to them."""

NO_WITNESSES: Final = WitnessPolicy()
"""The policy of who has no witnesses: no checkpoint is called witnessed."""

# Tiles that are flushed together: 64 bundles of 256 entries of 500 bytes are 8 MB.
TILES_AT_ONCE: Final = 64
# Of so many tiles each is asked whether a publisher that was killed left a partial one; in a log published anew, with
# tens of thousands, that would be as many requests, and only the tile that was partial before is asked.
SWEPT_MAX: Final = 1024

Step = Callable[[str], None]
_Tile = tuple[int, int, int]


def go_on(_step: str) -> None:
    """Do nothing between two steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """How large the published log is now, and how many files were written."""

    size: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    """One log to be published: its head, its checkpoint with all cosignatures, its key, and what stands there."""

    head: LogHead
    note: str
    verifier: LogVerifier
    there: bytes | None
    before: int

    @property
    def is_new(self) -> bool:
        """Say whether nothing stands there under this name of the log."""
        return self.there is None or not self.there.startswith(f"{self.head.origin}\n".encode())

    def path(self, name: str) -> str:
        return f"{self.head.prefix}/{name}"


def publish(
    database: Database,
    verifier: LogVerifier,
    store: TileStore,
    *,
    policy: WitnessPolicy = NO_WITNESSES,
    after: Step = go_on,
) -> Published:
    """Bring all published files up to date; `policy` names the witnesses.

    1. Compare the published checkpoints with the logs. 2. Write the tiles and bundles between the two. 3. Write the
    newest signed files. 4. Remove partial tiles that are full by now. 5. Write the checkpoints. 6. Write the newest one
    that has its quorum.

    Raises `LogForkError`, `PublishConflictError`, `PublishFolderError`, `DiskFullError`, and what the database raises.
    """
    return _brought_up(database, verifier, store, policy, after, is_whole=True)


def publish_log(
    database: Database,
    verifier: LogVerifier,
    store: TileStore,
    *,
    policy: WitnessPolicy = NO_WITNESSES,
    after: Step = go_on,
) -> Published:
    """Bring the published log up to date, and nothing else: cheap enough to be done all the time. Raises as above."""
    return _brought_up(database, verifier, store, policy, after, is_whole=False)


def _brought_up(
    database: Database, verifier: LogVerifier, store: TileStore, policy: WitnessPolicy, after: Step, *, is_whole: bool
) -> Published:
    """Go the steps of `publish`; of the log alone, the signed files stay as they are."""
    with store.alone():
        logs = _compared(database, verifier, store)  # (1)
        newest = _newest(logs, verifier)
        after("compared")
        files = sum(_write_tiles(database, each, store, after) for each in logs)  # (2)
        files += sum(_write_key(each, store) for each in logs if is_whole or each.is_new)
        files += _write_artefacts(database, store) if is_whole else 0  # (3)
        store.flush()
        if is_whole:
            after("artefacts_published")
        files += sum(_write_checkpoint(each, store, after) for each in logs)  # (4, 5)
        files += _write_witnessed(database, newest, store, policy, after)  # (6)
    return Published(size=newest.head.size, files=files)


def _newest(logs: Sequence[_Log], verifier: LogVerifier) -> _Log:
    """Return the log that is written into."""
    return next(each for each in logs if each.verifier == verifier)


def _compared(database: Database, verifier: LogVerifier, store: TileStore) -> list[_Log]:
    """Return the deployment's logs, each compared with what is published of it.

    What is published is read before the heads are: another publisher may be at work, and the log goes on.
    """
    newest = store.get(f"{leaves.PREFIX}/{CHECKPOINT}")
    with reading(database) as tx:
        heads = leaves.all_heads(tx)
        notes = {each.origin: cosigned(tx, each) for each in heads}
    if verifier.name not in {each.origin for each in heads if each.size}:
        raise LogMissingError(verifier.name)
    logs = []
    for head in heads:
        own = verifier.named(head.origin)
        path = f"{head.prefix}/{CHECKPOINT}"
        there, before = store.get(path) if head.is_closed else newest, 0
        demand_own_note(head, own)
        if there is not None:
            checkpoint = own_checkpoint(own, there, path)
            compare_head(database, head, Seen(by=PUBLISHED, checkpoint=checkpoint))
            before = checkpoint.size
        logs.append(_Log(head=head, note=notes[head.origin], verifier=own, there=there, before=before))
    return logs


def _write_tiles(database: Database, log: _Log, store: TileStore, after: Step) -> int:
    """Write tiles and bundles, some dozens at once, and return how many were new."""
    if log.head.is_closed:  # the tree went on under the next name, and has them all
        return 0
    wanted, count = tiles_of_growth(log.before, log.head.size), 0
    for start in range(0, len(wanted), TILES_AT_ONCE):
        files: dict[str, bytes] = {}
        with reading(database) as tx:
            for tile in wanted[start : start + TILES_AT_ONCE]:
                files |= {log.path(name): content for name, content in _tile_files(tx, log.head, tile)}
        count += store.put_all(files)
        after("tiles_published")
    return count


def _tile_files(tx: Transaction, head: LogHead, tile: _Tile) -> Iterator[tuple[str, bytes]]:
    """Yield a tile, and its bundle where it is one of leaves. Raises `LogForkError` when the database lacks a part."""
    level, index, width = tile
    nodes = tile_nodes(level, index, width)
    row, start, stop = nodes[0][0], nodes[0][1], nodes[-1][1] + 1
    if level:
        hashes: Sequence[bytes] = leaves.row_of_nodes(tx, head, row, start, stop)
    else:
        entries = leaves.bundle(tx, head, start, stop)
        hashes = [each for _, each in entries]
        yield entries_path(index, width), encode_bundle([each for each, _ in entries])
    if len(hashes) != width:
        raise LogForkError("the database lacks a part of its log", params={"by": PUBLISHED})
    yield tile_path(level, index, width), b"".join(hashes)


def _write_artefacts(database: Database, store: TileStore) -> int:
    """Write the signed files that changed, and return how many did.

    What stands there is read before the newest one is: another publisher may be at work, who read the same database
    earlier. So ours is never the older one, and what was put there since is not what was expected.
    """
    count = 0
    with reading(database) as tx:
        names = {kind: artefacts.names(tx, kind) for kind, _ in PATHS}
    for kind, form in PATHS:
        for name in names[kind]:
            path = form.format(name)
            there = store.get(path)
            with reading(database) as tx:
                newest = artefacts.latest(tx, kind, name)
            if newest is not None:
                count += store.replace(path, newest, expected=there)
    return count


def _write_key(log: _Log, store: TileStore) -> int:
    """Write the log's verifier key, which is another one under another name."""
    path = log.path(VERIFIER_KEY)
    key = f"{verifier_key_text(log.verifier.name, log.verifier.public)}\n".encode()
    return int(store.replace(path, key, expected=store.get(path)))


def _write_checkpoint(log: _Log, store: TileStore, after: Step) -> int:
    """Remove the partial tiles whose full ones were flushed, then write the checkpoint, for good."""
    note = log.note.encode()
    if note == log.there:
        return 0
    grown = () if log.head.is_closed else tiles_of_growth(log.before, log.head.size)
    for level, index, width in grown:
        if width == TILE_WIDTH and (len(grown) <= SWEPT_MAX or _was_partial(log.before, level, index)):
            store.drop(log.path(f"{tile_path(level, index, width)}.p"))
            if not level:
                store.drop(log.path(f"{entries_path(index, width)}.p"))
    after("partials_removed")
    count = int(store.replace(log.path(CHECKPOINT), note, expected=log.there))
    store.flush()
    after("checkpoint_published")
    return count


def _write_witnessed(database: Database, log: _Log, store: TileStore, policy: WitnessPolicy, after: Step) -> int:
    """Write the newest checkpoint with its quorum, if it is newer than what stands there or has more witnesses.

    Another publisher may have been faster, with more than the head that is published here: his stays. Raises
    `LogForkError` when what stands there contradicts the log, `PublishConflictError` when it is not the log's own.
    """
    if not policy.has_quorum:
        return 0
    path = log.path(WITNESSED_CHECKPOINT)
    there = store.get(path)
    with reading(database) as tx:
        found = newest_of_all(tx, policy)
    if there is not None:
        seen = own_checkpoint(log.verifier, there, path)
        if seen.size <= log.head.size:
            compare_head(database, log.head, Seen(by=PUBLISHED, checkpoint=seen))
        if found is not None and (found.size, found.note.count("\n")) <= (seen.size, there.count(b"\n")):
            return 0
    if found is None or found.size > log.head.size:
        return 0
    count = int(store.replace(path, found.note.encode(), expected=there))
    store.flush()
    after("witnessed_published")
    return count


def _was_partial(before: int, level: int, index: int) -> bool:
    """Say whether some of a tile stood there when the log had its old size."""
    return index * TILE_WIDTH < before >> (8 * level)
