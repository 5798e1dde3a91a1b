"""A process of its own that opens a log house, does one act, and kills itself with SIGKILL when a step is done.

    {"url": "sqlite:///…", "keys": "…", "public": "…", "told": "…", "act": "append", "step": "entries_written"}

Acts: `append` an act that waits and three intents with what is filed with them; `publish` all files, `publish_log` the log
alone; `load` all of it again and again from several threads, until the file `stop` stands; `fill_store` and
`fill_database` where there is no room, then where there is; `set_back` the clock, and right again. With `rename` the
process dies right before that many-th file gets its name. What is refused is said by its code. Receipts are written into
the file `told` at the moment in which a caller has them, a line each: what stands there was handed out.
"""

import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, text

from registry import leaves
from registry.db import Database, Transaction, transaction
from signer.log import SigningLog
from signer.log_entries import EntryDraft, licence_intent
from signer.log_files import FolderStore
from signer.log_safety import HeadGuard
from signer.publish import publish, publish_log
from tests.key_room import CHECKPOINT, NOW
from tests.log_house import LogHouse
from verify.errors import YinzhengError
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogReceipt

# Smaller than a full tile.
FILE_BYTES_MAX: Final = 4096
# Threads of each process that append under load; one more publishes.
CALLERS: Final = 2
# The disk under test is small; more than this much room is a mistake in how the test was called.
BALLAST_BYTES_MAX: Final = 1 << 30
FULL_AFTER_MAX: Final = 20_000

Order = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who appends and publishes in this process, and writes down what was handed out to him."""

    house: LogHouse
    log: SigningLog
    store: FolderStore
    after: Callable[[str], None]
    told: int

    @classmethod
    def open(cls, order: Order, after: Callable[[str], None]) -> "Clerk":
        """Open the house as one more process, with a guard, as every process of an office has one."""
        house = LogHouse.open(order["url"], Path(order["keys"]), worker=f"clerk-{os.getpid()}")
        store = FolderStore(Path(order["public"]))
        guard = HeadGuard(database=house.database, verifier=house.log.verifier, store=store)
        told = os.open(order["told"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return cls(house, replace(house.log, guard=guard, after=after), store, after, told)

    def appends(self, count: int) -> list[str]:
        """Append intents of licences, and something that is filed with them; return the receipts."""
        logged = self.log.append(self.drafts(count), filing=files_with)
        return self.tells({"receipts": [each.to_text() for each in logged]})["receipts"]

    def leaves_waiting(self) -> None:
        """Do an act of the registry alone, whose entry the next commit of the log takes."""
        digest = os.urandom(32)
        with transaction(self.house.database) as tx:
            waits(tx, digest)
        self.tells({"waits": digest.hex()})

    def publishes(self) -> list[str]:
        """Publish all files, and return how large the published log is."""
        done = publish(self.house.database, self.log.verifier, self.store, after=self.after)
        return [str(done.size)]

    def publishes_log(self) -> list[str]:
        """Publish the log alone, as a thread of every process does all the time."""
        done = publish_log(self.house.database, self.log.verifier, self.store, after=self.after)
        return [str(done.size)]

    def tells(self, what: dict[str, Any]) -> dict[str, Any]:
        """Write down what this caller has by now, in one piece."""
        os.write(self.told, json.dumps(what).encode() + b"\n")
        return what

    def drafts(self, count: int) -> tuple[EntryDraft, ...]:
        """Return intents of as many licences."""
        key = self.house.custody.public_key(CHECKPOINT)
        return tuple(
            licence_intent(
                KeyPurpose.CODE,
                key,
                os.urandom(16),
                data_set_digest=os.urandom(32),
                licence_id=os.urandom(8).hex().upper(),
            )
            for _ in range(count)
        )


def filed_with(digest: bytes) -> bytes:
    """Return the digest of what is filed in the transaction of this entry."""
    return sha256(b"filed with " + digest).digest()


def files_with(tx: Transaction, logged: Sequence[LogReceipt]) -> None:
    """File something with each entry: both stand, or neither does."""
    for each in logged:
        waits(tx, filed_with(LogEntry.decode(each.entry).digest))


def waits(tx: Transaction, digest: bytes) -> None:
    """Leave an entry for the sequencer."""
    leaves.add_pending(tx, EntryKind.RECEIPT, digest, None, at=NOW, key=digest.hex())


def main(order: Order, pipe: Connection) -> None:
    """Do what the order says, and send what came of it."""

    def after(done: str) -> None:
        if done == order.get("step"):
            os.kill(os.getpid(), signal.SIGKILL)

    clerk = Clerk.open(order, after)
    if "rename" in order:
        _die_before_rename(order["rename"])
    pipe.send(ACTS[order["act"]](clerk, order))


def _die_before_rename(count: int) -> None:
    """Kill this process at a moment that has no name: before so many-th file of this publication gets its own."""
    left = [count]

    def look(what: str, _arguments: tuple[object, ...]) -> None:
        if what == "os.rename":
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


def tried(act: Callable[[], list[str]]) -> list[str]:
    """Do it, or say by its code and its file why it was refused."""
    try:
        return act()
    except YinzhengError as error:
        return [error.code, error.detail]


def _append(clerk: Clerk, _order: Order) -> list[str]:
    def act() -> list[str]:
        clerk.leaves_waiting()
        return clerk.appends(3)

    return tried(act)


def _load(clerk: Clerk, order: Order) -> list[str]:
    """Append and publish at once, until told to stop."""
    stop = Path(order["stop"])

    def works(act: Callable[[random.Random], object]) -> None:
        source = random.Random()  # noqa: S311 - pauses, no secrets
        while not stop.exists():
            act(source)
            time.sleep(source.uniform(0, 0.02))

    def appends(source: random.Random) -> None:
        if source.random() < 0.3:
            clerk.leaves_waiting()
            clerk.log.flush_pending()
        else:
            clerk.appends(source.randint(1, 3))

    with ThreadPoolExecutor(CALLERS + 1) as pool:
        callers = [pool.submit(works, appends) for _ in range(CALLERS)]
        callers.append(pool.submit(works, lambda _source: clerk.publishes_log()))
        for each in callers:
            each.result()
    return ["stopped"]


def _fill_store(clerk: Clerk, order: Order) -> list[str]:
    """Publish where no file finds room, append meanwhile, and publish again where there is room."""
    with _no_room_for_files(order):
        refused = tried(clerk.publishes)[0]
    clerk.appends(1)
    return [refused, *(clerk.publishes() if order["is_mended"] else ())]


def _fill_database(clerk: Clerk, order: Order) -> list[str]:
    """Append until there is no room, then once more where there is some; say how often it went well before."""
    went_well = -1
    refused: list[str] = []
    with _no_room_for_rows(clerk.house.database, order):
        while len(refused) != 2 and went_well < FULL_AFTER_MAX:
            went_well += 1
            refused = tried(lambda: clerk.appends(3))
    return [refused[0], str(went_well), *clerk.appends(1)]


def _set_back(clerk: Clerk, _order: Order) -> list[str]:
    """Append, once more with the clock a minute and a second behind, and with the clock right; tell what was signed."""
    clock, custody, told = clerk.house.clock, clerk.house.custody, []
    clerk.appends(3)
    for seconds in (-61, 61):
        clock.moves(timedelta(seconds=seconds))
        signed = custody.counts()
        refused = tried(lambda: clerk.appends(3))
        told += [refused[0] if len(refused) == 2 else "", "signed" if custody.counts() != signed else "nothing signed"]
    return told


@contextmanager
def _no_room_for_files(order: Order) -> Iterator[None]:
    """Let no file grow beyond some bytes until the block ends; on a small disk of its own, take all room."""
    if order["disk"] is not None:
        with _ballast(Path(order["disk"])):
            yield
        return
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


@contextmanager
def _no_room_for_rows(database: Database, order: Order) -> Iterator[None]:
    """Let the database find no room until the block ends: where nodes of the tree are written, so half way through."""
    if database.is_postgresql:
        refuses = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END"
        function = f"CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ {refuses} $$"
        _run(database, function, "CREATE TRIGGER no_room BEFORE INSERT ON log_node EXECUTE FUNCTION no_room()")
        yield
        _run(database, "DROP TRIGGER no_room ON log_node", "DROP FUNCTION no_room")
    elif order["disk"] is not None:
        with _ballast(Path(order["disk"])):
            yield
    else:
        yield from _few_pages(database)


def _few_pages(database: Database) -> Iterator[None]:
    """Let each new connection to a SQLite file allow it to grow by nothing; SQLite itself answers "full"."""

    def connect(connection: Any, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    database.close()
    event.listen(database.engine, "connect", connect)
    try:
        yield
    finally:
        event.remove(database.engine, "connect", connect)
        database.close()


@contextmanager
def _ballast(disk: Path) -> Iterator[None]:
    """Write until the disk is full, and take that away at the end."""
    path, left = disk / "ballast", BALLAST_BYTES_MAX
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while left > 0:
            left -= file.write(bytes(4096))
    if left <= 0:
        raise ValueError("not a small disk")
    try:
        yield
    finally:
        path.unlink()


def _run(database: Database, *statements: str) -> None:
    with transaction(database) as tx:
        for each in statements:
            tx.execute(text(each))


ACTS: Final[dict[str, Callable[[Clerk, Order], list[str]]]] = {
    "append": _append,
    "publish": lambda clerk, _order: tried(clerk.publishes),
    "publish_log": lambda clerk, _order: tried(clerk.publishes_log),
    "load": _load,
    "fill_store": _fill_store,
    "fill_database": _fill_database,
    "set_back": _set_back,
}
