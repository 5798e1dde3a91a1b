"""The publisher: keeps the published log as new as the log, in a thread of every process with keys.

Promises:
  * What is sequenced is published within a second while the store answers; nobody who issues waits for it.
  * Publishers of many processes do not disturb one another: they work one after the other, or one of two is told that
    somebody was faster and looks again.
  * Nothing that goes wrong ends it; what goes on for long is logged once a minute, and the comparison before signing
    finds what must stop the office.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from api.beside import beside
from api.logs import described
from api.wiring import Office
from registry import cosignatures, leaves
from registry.cosignatures import CosignedCheckpoint
from registry.db import reading
from signer.errors import LogForkError, PublishConflictError
from signer.log_files import TileStore
from signer.publish import Published, publish, publish_log
from signer.witnessing import cosigned
from verify.errors import YinzhengError

# With the time that tiles take to reach the disk, an entry stays well below a second unpublished.
LOOK_SECONDS: Final = 0.25
# A store that is away is asked again, not hammered; and it is logged as often.
BACK_OFF_SECONDS: Final = 5.0
TELL_SECONDS: Final = 60.0


def publish_files(office: Office, store: TileStore | None = None) -> Published:
    """Bring an office's published files up to date, where it has them or in another store. Raises as `publish` does."""
    verifier, policy = office.desk.log.verifier, office.witness_policy
    return publish(office.database, verifier, store or office.published, policy=policy)


def publish_files_of_log(office: Office) -> Published:
    """Bring the log among them up to date. Raises as `publish_log` does."""
    return publish_log(office.database, office.desk.log.verifier, office.published, policy=office.witness_policy)


@dataclass(slots=True, eq=False)
class LogPublisher:
    """Publishes the log of one office whenever it has grown, or got a cosignature."""

    office: Office
    monotonic: Callable[[], float] = time.monotonic
    _published: tuple[str, tuple[CosignedCheckpoint, ...]] = field(default=("", ()), init=False, repr=False)
    _conflicts: int = field(default=0, init=False, repr=False)
    _told_at: float = field(default=float("-inf"), init=False, repr=False)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Publish in a thread until the block ends, and what is left then."""
        try:
            with beside(self.run, name="publisher"):
                yield
        finally:
            self.look()

    def run(self, stop: threading.Event) -> None:
        """Look again and again, until told to stop."""
        while not stop.wait(LOOK_SECONDS if self.look() else BACK_OFF_SECONDS):
            pass

    def look(self) -> bool:
        """Publish what is new, and say whether it is worth looking again soon."""
        try:
            self._publish_new()
        except PublishConflictError as error:
            if self._conflicts:  # not somebody who was faster: that is over by the next look
                self._tell(error)
            self._conflicts += 1
            return True
        except YinzhengError as error:
            if isinstance(error, LogForkError):
                self.office.desk.log.doubt()
            self._tell(error)
            return False
        self._conflicts = 0
        return True

    def _publish_new(self) -> None:
        office = self.office
        verifier = office.desk.log.verifier
        policy = office.witness_policy
        with reading(office.database) as tx:
            head = leaves.head(tx, verifier.name)
            seen = cosignatures.cosigned_checkpoints(tx, head.log) if policy.has_quorum else ()
            now = (cosigned(tx, head), seen)
        if now != self._published:
            publish_files_of_log(office)
            self._published = now

    def _tell(self, error: YinzhengError) -> None:
        now = self.monotonic()
        if now - self._told_at >= TELL_SECONDS:
            self._told_at = now
            self.office.log.warning("publishing_failed", **described(error))
