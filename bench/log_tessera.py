"""Figures of the signing log beside tessera, the log library of transparency-dev, in the same run with the same entries."""

import json
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.wiring import Office
from bench.cores import every_core
from bench.figure import Figure
from bench.log_append import ARRIVALS_A_SECOND, CALLERS
from bench.log_office import Course, arrived, awaited, drafts, durable_postgresql, encoded, log_office, percentile
from signer.log_entries import EntryDraft
from verify.log_entry import ENTRY_BYTES_MAX

SOURCE: Final = Path(__file__).parent / "tessera"
ROUNDS: Final = 3
ENTRIES: Final = 10_000
# Tessera's own settings, 256 entries or 250 ms, would let 64 callers wait for the timer each time. A batch that is full
# when all of them wait is what suits it best here.
AGE_MILLISECONDS: Final = 5
OWN_BATCH: Final = 256
OWN_AGE_MILLISECONDS: Final = 250
# With those each caller waits a quarter of a second for each entry.
ENTRIES_AS_IT_COMES: Final = 2_560
ARRIVALS: Final = 5_000


def log_tessera(folder: Path) -> Iterator[Figure]:
    """Entries of 400 bytes by 64 callers, each waiting until its entry is durable and in the tree: coroutines with ours, as in log_append, goroutines with tessera's POSIX driver (bench/tessera), in batches of 64, the
    best for it; the median of three rounds in turn on the same disk. Both are durable at that moment: tessera opens each bundle, tile and its state with O_SYNC,
    renames them and flushes the folders, ours commits to PostgreSQL. Tessera does not flush what it removes, and neither publishes its checkpoint before it answers:
    both do so beside, four times a second. log_tessera_p99: its p99 over ours. With the same callers and half its rate ours cannot
    be the better one, as long as its p99 is below twice its mean: each caller's mean wait is the number of callers over the rate. log_tessera_p99_as_it_comes: the same with tessera's own settings for batches, 256 entries or 250 ms.
    log_tessera_p99_arrivals: both are given 1,000 entries a second, which come by chance as in log_arrivals, tessera in batches of 64 or 5 ms again.
    """
    with every_core(), durable_postgresql() as url, log_office(url, folder / "office") as office:
        rival = _Rival.built(folder)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            entries = drafts(b"tessera", ENTRIES)
            ours.append(awaited(office, entries, callers=CALLERS))
            theirs.append(rival.course(office, entries))
        usual = rival.course(office, entries[:ENTRIES_AS_IT_COMES], batch=OWN_BATCH, milliseconds=OWN_AGE_MILLISECONDS)
        yield _arrivals(office, rival)
    own_rate, rival_rate = (ENTRIES / statistics.median(each.seconds for each in side) for side in (ours, theirs))
    own_late, rival_late = (statistics.median(each.late for each in side) for side in (ours, theirs))
    yield Figure(
        name="log_tessera",
        value=own_rate / rival_rate,
        unit="of its rate",
        goal=0.5,
        own=f"{own_rate:,.0f} entries/s",
        rival=f"tessera 1.0.4, POSIX driver: {rival_rate:,.0f} entries/s",
    )
    yield _later("log_tessera_p99", own_late, rival_late, "tessera")
    told = f"tessera, {OWN_BATCH} entries or {OWN_AGE_MILLISECONDS} ms, {ENTRIES_AS_IT_COMES / usual.seconds:,.0f} entries/s"
    yield _later("log_tessera_p99_as_it_comes", own_late, usual.late, told)


def _arrivals(office: Office, rival: "_Rival") -> Figure:
    """Give both the same entries at the same rate, in turn."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        entries = drafts(b"arrivals", ARRIVALS)
        ours.append(percentile([each.wait for each in arrived(office, entries, a_second=ARRIVALS_A_SECOND)]))
        theirs.append(rival.course(office, entries, a_second=ARRIVALS_A_SECOND).late)
    own_late, rival_late = statistics.median(ours), statistics.median(theirs)
    return _later("log_tessera_p99_arrivals", own_late, rival_late, f"tessera, {ARRIVALS_A_SECOND:,}/s like ours")


def _later(name: str, own: float, rival: float, told: str) -> Figure:
    """Return how many times as long its p99 is as ours."""
    return Figure(
        name=name, value=rival / own, unit="times", goal=1, own=f"{own:.1f} ms", rival=f"{told}: {rival:.1f} ms"
    )


@dataclass(frozen=True, slots=True)
class _Rival:
    """Tessera's program, and the folder for its logs."""

    program: Path
    folder: Path

    @classmethod
    def built(cls, folder: Path) -> "_Rival":
        """Build the program."""
        program = folder / "tessera"
        subprocess.run(["go", "build", "-o", str(program), "."], cwd=SOURCE, check=True)
        return cls(program, folder)

    def course(
        self,
        office: Office,
        entries: Sequence[EntryDraft],
        *,
        batch: int = CALLERS,
        milliseconds: int = AGE_MILLISECONDS,
        a_second: int = 0,
    ) -> Course:
        """Let it log the same entries in a new folder, in batches that are full or so old; with a rate, as they come."""
        file, log = self.folder / "entries", self.folder / "log-of-tessera"
        file.write_bytes(b"".join(encoded(each, office) for each in entries))
        sizes = (ENTRY_BYTES_MAX, CALLERS, batch, milliseconds, a_second)
        done = subprocess.run(
            [self.program, log, file, *map(str, sizes)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        )
        shutil.rmtree(log)
        told = json.loads(done.stdout)
        return Course(seconds=told["seconds"], waits=[each / 1e6 for each in told["waits"]])
