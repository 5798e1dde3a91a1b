"""Figures of growth: a registry of a million licences against one of a thousand, and the memory of a worker."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from api.sm2_choice import choose_sm2
from bench.bulk_load import bulk_load
from bench.figure import LIMIT, Figure, Grown, growth_figures
from bench.town_of_bench import CHUNK, found_town, issue_chunks
from registry.db import open_database
from registry.public_answers import public_answer
from signer.issue import IssuedLicence, issue_chunk
from tests.town import BUSINESS, Town

SMALL = 1_000
LARGE = 1_000_000
CHECKS = 2_000
WORKER_LICENCES = 1_000


def growth(folder: Path) -> Iterator[Figure]:
    """Issuing (chunks of 50 business licences in both bodies, each with a use of the seal) and the registry's answer to a public check, with 1,000,000 licences in the
    registry (three million log entries, made by bulk load) over the same with 1,000; SQLite, in turn, median of five rounds.
    """
    small, small_ids = _filled(folder / "small", SMALL)
    large, large_ids = _filled(folder / "large", LARGE)
    grown = [
        Grown(name="issue_growth", large=_issuing(large), small=_issuing(small), count=CHUNK),
        Grown(
            name="check_growth",
            large=_checking(large, large_ids),
            small=_checking(small, small_ids),
            count=CHECKS,
        ),
    ]
    yield from growth_figures(grown, f"{LARGE:,} licences", f"{SMALL:,} licences")


def worker_memory(folder: Path) -> Iterator[Figure]:
    """The largest resident memory of a process of its own that opens the town with its fonts and issues 1,000 licences of
    two types in chunks of 50, each in both bodies.
    """
    found_town(folder)
    code = f"from bench.growth import work; work({str(folder)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    yield Figure(
        name="worker_memory",
        value=float(done.stdout) / 1024,
        unit="MB",
        goal=250,
        own=f"{WORKER_LICENCES} licences in both bodies",
        rival=LIMIT,
        at_least=False,
    )


def work(folder: str) -> None:
    """Issue licences as a worker does and print the largest resident memory in KiB."""
    choose_sm2()
    town = Town.open(open_database(f"sqlite:///{folder}/registry.sqlite"), Path(folder))
    for _ in range(WORKER_LICENCES // (2 * CHUNK)):
        issue_chunks(town, town.drafts(CHUNK))
        issue_chunks(town, town.saves([town.signboard_draft()] * CHUNK))
    # Not getrusage: its figure is handed down from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


def _filled(folder: Path, count: int) -> tuple[Town, Sequence[str]]:
    town = found_town(folder)
    pattern = town.issues(town.draft(BUSINESS))
    return town, bulk_load(town.desk, pattern.record, count)


def _issuing(town: Town) -> Callable[[], float]:
    def issue() -> float:
        town.clock.moves(timedelta(seconds=1))
        drafts = town.saves([town.draft(BUSINESS)] * CHUNK)
        officer = town.officer_of(drafts[0].draft.issuer)
        begin = time.perf_counter()
        outcomes = issue_chunk(town.desk, drafts, operator=officer, at=town.now)
        seconds = time.perf_counter() - begin
        if not all(isinstance(each, IssuedLicence) for each in outcomes):
            raise RuntimeError("a licence of the figure was refused")
        return seconds

    return issue


def _checking(town: Town, ids: Sequence[str]) -> Callable[[], float]:
    wanted = random.Random(7).choices(ids, k=CHECKS)  # noqa: S311 - which licences are asked for is no secret

    def check() -> float:
        begin = time.perf_counter()
        for licence_id in wanted:
            if public_answer(town.database, licence_id) is None:
                raise RuntimeError("a licence of the figure is not there")
        return time.perf_counter() - begin

    return check
