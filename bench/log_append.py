"""Figures of the signing log: entries a second and how long callers wait, in a closed loop and as they arrive."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from api.wiring import Office
from bench.cores import every_core
from bench.figure import LIMIT, Figure
from bench.log_office import appended, arrived, awaited, drafts, durable_postgresql, log_office, percentile
from registry import leaves
from verify.tiles import CHECKPOINT

CALLERS: Final = 64
ENTRIES: Final = 40_000
ARRIVALS: Final = 15_000
ARRIVALS_A_SECOND: Final = 1_000
BATCH: Final = 1_000
BATCHES: Final = 80
# How finely the published checkpoint is looked at.
_LOOK_SECONDS: Final = 0.01
_PUBLISHED_SECONDS_MAX: Final = 3.0


def log_append(folder: Path) -> Iterator[Figure]:
    """Entries of 400 bytes (the most that our format allows) by 64 callers of one process, each waiting for its receipt before the next: coroutines of one
    loop; the rate of 64 threads is told beside. PostgreSQL with
    fsync and synchronous_commit on, the checkpoint signed and the commit durable before a receipt is out, tiles published beside by the publisher as in
    service, the head compared with the published one every second; on all cores, which database, callers and publisher share. log_append_p99: to *sequenced*.
    """
    with every_core(), durable_postgresql() as url, log_office(url, folder) as office:
        course = awaited(office, drafts(b"loop", ENTRIES), callers=CALLERS)
        threads = appended(office, drafts(b"threads", ENTRIES // 4), callers=CALLERS)
    yield Figure(
        name="log_append",
        value=ENTRIES / course.seconds,
        unit="entries/s",
        goal=5_000,
        own=f"{CALLERS} coroutines; {course.told}; {CALLERS} threads: {len(threads.waits) / threads.seconds:,.0f}/s",
        rival=LIMIT,
    )
    yield Figure(
        name="log_append_p99", value=course.late, unit="ms", goal=50, own=course.told, rival=LIMIT, at_least=False
    )


def log_arrivals(folder: Path) -> Iterator[Figure]:
    """The same log with 1,000 entries a second, which come by chance (exponential gaps) and not when somebody has time: each wait is
    counted from when its entry should have come. log_arrivals_published: until a checkpoint with it stands in the published folder.
    """
    with every_core(), durable_postgresql() as url, log_office(url, folder) as office:
        waits, published = _waits(office)
    yield Figure(
        name="log_arrivals",
        value=percentile(waits),
        unit="ms",
        goal=50,
        own=f"p99 to sequenced of {ARRIVALS:,} at {ARRIVALS_A_SECOND:,}/s; median {sorted(waits)[ARRIVALS // 2] * 1000:.1f} ms",
        rival=LIMIT,
        at_least=False,
    )
    yield Figure(
        name="log_arrivals_published",
        value=percentile(published),
        unit="ms",
        goal=1_000,
        own=f"p99 to published; median {sorted(published)[ARRIVALS // 2] * 1000:.0f} ms",
        rival=LIMIT,
        at_least=False,
    )


def log_sqlite(folder: Path) -> Iterator[Figure]:
    """The same entries on SQLite (WAL, synchronous=FULL), a thousand at once by one caller, the publisher beside it."""
    with every_core(), log_office(f"sqlite:///{folder / 'registry.sqlite'}", folder) as office:
        course = appended(office, drafts(b"batches", BATCH * BATCHES), callers=1, each=BATCH)
    yield Figure(
        name="log_sqlite",
        value=BATCH * BATCHES / course.seconds,
        unit="entries/s",
        goal=10_000,
        own=f"batches of {BATCH:,}; {course.told}",
        rival=LIMIT,
    )


def _waits(office: Office) -> tuple[Sequence[float], Sequence[float]]:
    """Let entries come, and return how long each took to be sequenced, and to be published."""
    seen: list[tuple[float, int]] = []
    is_over = threading.Event()
    watch = threading.Thread(target=_watch, args=(office, seen, is_over))
    watch.start()
    arrivals = arrived(office, drafts(b"arrivals", ARRIVALS), a_second=ARRIVALS_A_SECOND)
    is_over.wait(_PUBLISHED_SECONDS_MAX)
    is_over.set()
    watch.join()
    published = [next(when for when, size in seen if size > each.place) - each.due for each in arrivals]
    return [each.wait for each in arrivals], published


def _watch(office: Office, seen: list[tuple[float, int]], is_over: threading.Event) -> None:
    """Note when the published checkpoint had which size."""
    size = 0
    while not is_over.wait(_LOOK_SECONDS):
        content = office.published.get(f"{leaves.PREFIX}/{CHECKPOINT}") or b"\n0"
        if (found := int(content.split(b"\n", 2)[1])) != size:
            size = found
            seen.append((time.perf_counter(), size))
