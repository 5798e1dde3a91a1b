"""Figures of the signing log beside tessera, the log library of transparency-dev, in the same run with the same entries."""

import json
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.cores import every_core
from bench.figure import Figure
from bench.log_append import CALLERS
from bench.log_office import Course, awaited, drafts, durable_postgresql, encoded, log_office
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


def log_tessera(folder: Path) -> Iterator[Figure]:
    """Entries of 400 bytes by 64 callers, each waiting until its entry is durable and in the tree: coroutines with ours, as in log_append, goroutines with tessera's POSIX driver (bench/tessera), in batches of 64, the
    best for it; the median of three rounds in turn on the same disk. Both are durable at that moment: tessera opens each bundle, tile and its state with O_SYNC,
    renames them and flushes the folders, ours commits to PostgreSQL. Tessera does not flush what it removes, and neither publishes its checkpoint before it answers:
    both do so beside, four times a second. log_tessera_p99: its p99 over ours. With the same callers and half its rate ours cannot
    be the better one, as long as its p99 is below twice its mean: each caller's mean wait is the number of callers over the rate. log_tessera_p99_as_it_comes: the same with tessera's own settings for batches, 256 entries or 250 ms.
    """
    program = folder / "tessera"
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=SOURCE, check=True)
    ours, theirs = [], []
    with every_core(), durable_postgresql() as url, log_office(url, folder / "office") as office:
        entries = drafts(b"tessera", ENTRIES)
        file = folder / "entries"
        file.write_bytes(b"".join(encoded(each, office) for each in entries))
        for _ in range(ROUNDS):
            ours.append(awaited(office, entries, callers=CALLERS))
            theirs.append(_of_tessera(program, folder / "log-of-tessera", file))
        file.write_bytes(file.read_bytes()[: ENTRIES_AS_IT_COMES * ENTRY_BYTES_MAX])
        usual = _of_tessera(program, folder / "log-of-tessera", file, OWN_BATCH, OWN_AGE_MILLISECONDS)
    own, rival = (ENTRIES / statistics.median(each.seconds for each in side) for side in (ours, theirs))
    own_late, rival_late = (statistics.median(each.late for each in side) for side in (ours, theirs))
    yield Figure(
        name="log_tessera",
        value=own / rival,
        unit="of its rate",
        goal=0.5,
        own=f"{own:,.0f} entries/s",
        rival=f"tessera 1.0.4, POSIX driver: {rival:,.0f} entries/s",
    )
    yield Figure(
        name="log_tessera_p99",
        value=rival_late / own_late,
        unit="times",
        goal=1,
        own=f"{own_late:.1f} ms",
        rival=f"tessera: {rival_late:.1f} ms",
    )
    yield Figure(
        name="log_tessera_p99_as_it_comes",
        value=usual.late / own_late,
        unit="times",
        goal=1,
        own=f"{own_late:.1f} ms",
        rival=f"tessera, {OWN_BATCH} entries or {OWN_AGE_MILLISECONDS} ms: {usual.late:.1f} ms, {ENTRIES_AS_IT_COMES / usual.seconds:,.0f} entries/s",
    )


def _of_tessera(
    program: Path, folder: Path, file: Path, batch: int = CALLERS, milliseconds: int = AGE_MILLISECONDS
) -> Course:
    """Let tessera log the entries of a file in a new folder, in batches that are full or so old."""
    sizes = (ENTRY_BYTES_MAX, CALLERS, batch, milliseconds)
    done = subprocess.run(
        [program, folder, file, *map(str, sizes)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    shutil.rmtree(folder)
    told = json.loads(done.stdout)
    return Course(seconds=told["seconds"], waits=[each / 1e6 for each in told["waits"]])
