"""A log house: the signing log alone, on a real database and a real key; needs no fonts and no catalogue.

Smaller brother of the town, quick to open in one more process. Its clock stands still until it is moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from keys.softkeys import SoftCustody, read_public_key
from registry import leaves
from registry.db import Database, reading
from registry.leaves import LogHead, StoredEntry
from signer.log import SigningLog, log_verifier
from tests.databases import opened_database
from tests.key_room import CHECKPOINT, NOW, ORIGIN, PASSPHRASE


@dataclass
class StandingClock:
    """A clock that stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def moves(self, by: timedelta) -> datetime:
        """Move on, or back, and return the new moment."""
        self.now += by
        return self.now


@dataclass(frozen=True, slots=True)
class LogHouse:
    """A log on a real database, its key, and the clock that its entries get their times from."""

    database: Database
    url: str
    folder: Path
    custody: SoftCustody
    log: SigningLog
    clock: StandingClock

    @classmethod
    def open(cls, url: str, folder: Path, worker: str = "worker-1") -> "LogHouse":
        """Open the house, as one more process does."""
        database = opened_database(url)
        verifier = log_verifier(ORIGIN, read_public_key(folder, CHECKPOINT))
        custody = SoftCustody(folder, PASSPHRASE, (verifier,))
        clock = StandingClock()
        log = SigningLog(database=database, custody=custody, origin=ORIGIN, key=CHECKPOINT, clock=clock, worker=worker)
        return cls(database, url, folder, custody, log, clock)

    def head(self, origin: str = ORIGIN) -> LogHead:
        """Return the head as it stands, or stood when the name was closed."""
        with reading(self.database) as tx:
            return leaves.head(tx, origin)

    def entries(self) -> Sequence[StoredEntry]:
        """Return all entries."""
        with reading(self.database) as tx:
            return leaves.entries(tx, ORIGIN, 0, self.head().size)
