"""The worker: takes parts of batches, and does what is due, until it is told to stop.

Promises:
  * The part's row is the truth: workers of any number, on any number of machines, take what waits or was left behind.
  * A part that takes long keeps its lease; a worker that dies loses it, and another one goes on.
  * Nothing that goes wrong ends the worker: it says so in the log, waits, and tries again.
  * Witnesses are sent each new checkpoint beside all this; an entry that none has seen in time is told about.
  * What became of a licence stands in the published status list and in the counter pack within a minute.
  * What is due (recovery, ends of suspensions, lists, published files) is done at the start and every few minutes.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

from api.beside import beside
from api.logs import News, described
from api.publishing import LogPublisher, publish_files
from api.webhooks import send_due
from api.wiring import Office
from registry import artefacts, batch_sheets, jobs, leaves
from registry.db import transaction
from registry.errors import LeaseLostError
from registry.records import Chunk
from signer.batch import LEASE, run_chunk
from signer.daily import note_uses, run_daily
from signer.packs import refresh_pack
from signer.public_lists import REVOCATION, TRUST_LIST
from signer.recover import recover
from signer.seal_statuses import KIND as SEAL_STATUS_LIST
from signer.statuses import KIND as STATUS_LIST
from signer.witness_errors import WitnessContradictsError
from signer.witnessing import standings
from verify.errors import YinzhengError

# A clerk who has just pressed "run" sees the first licences within this time.
POLL_SECONDS: Final = 1.0
NOTE_SECONDS: Final = 60.0
# Who relied on a licence hears of its end about as fast as a status list tells everybody.
SEND_SECONDS: Final = 10.0
# The end of a licence stands in the published files and in the counter pack well within a minute (decisions.md section
# 5), also where a part is being issued; one query where nothing changed.
NEWS_SECONDS: Final = 10.0
_NEWS: Final = (STATUS_LIST, SEAL_STATUS_LIST, TRUST_LIST, REVOCATION)
DUE_SECONDS: Final = 300.0
# A proof is complete soon after its licence; each round costs nothing where no entry is new.
WITNESS_SECONDS: Final = 10.0
# What keeps one part from being issued (a database that is away, a full disk) is seldom over sooner.
BACK_OFF_SECONDS: Final = 10.0
RENEWALS_PER_LEASE: Final = 3
# Offices mend and send in bad rows within weeks; the sheet holds personal data and goes then.
SHEETS_KEPT: Final = timedelta(days=90)


@dataclass(slots=True, kw_only=True)
class _Duty:
    """Something that is due every so many seconds."""

    every: float
    act: Callable[[], None]
    next_at: float = 0.0


@dataclass(slots=True, eq=False)
class Workshop:
    """The work of one process with keys. `takes_parts` is False where other processes take the parts of batches."""

    office: Office
    takes_parts: bool = True
    poll_seconds: float = POLL_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    _duties: tuple[_Duty, ...] = field(init=False, repr=False)
    _news: News = field(init=False, repr=False)
    _published: object = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._news = News(monotonic=self.monotonic)
        self._duties = (
            _Duty(every=DUE_SECONDS, act=self._do_what_is_due),
            _Duty(every=NOTE_SECONDS, act=self._note_and_publish),
            _Duty(every=SEND_SECONDS, act=self._send_webhooks),
            _Duty(every=NEWS_SECONDS, act=self._publish_news),
        )

    def run(self, stop: threading.Event, *, until_idle: bool = False) -> int:
        """Work until `stop` is set, or until nothing waits; return how many parts were done."""
        done = 0
        with self._witnesses_beside(), LogPublisher(self.office).at_work():
            while not stop.is_set():
                self._do_duties()
                outcome = self.take_one() if self.takes_parts else None
                done += outcome is True
                if outcome is None and until_idle:
                    break
                if outcome is not True:
                    stop.wait(self.poll_seconds if outcome is None else BACK_OFF_SECONDS)
        self._try(lambda: note_uses(self.office.desk, at=self.office.clock()), "note_uses")
        return done

    def take_one(self) -> bool | None:
        """Take one part and issue it: True when that went well, False when not, None when nothing waits."""
        chunk = None
        try:
            at = self.office.clock()
            with transaction(self.office.database) as tx:
                chunk = jobs.take_chunk(tx, self.office.worker, at=at, until=at + LEASE)
            if chunk is None:
                return None
            with beside(partial(self._renew, chunk), name="lease"):
                run_chunk(self.office.desk, chunk, at=at)
        except Exception as error:  # noqa: BLE001 - the worker goes on, whatever it was
            self._tell("part", error)
            if chunk is not None:
                self._try(lambda: self._give_back(chunk), "give_back")
            return False
        self.office.log.info("part_done", batch=chunk.batch_id, part=chunk.number, attempt=chunk.attempts)
        return True

    def _do_duties(self) -> None:
        for duty in self._duties:
            now = self.monotonic()
            if now >= duty.next_at:
                duty.next_at = now + duty.every
                self._try(duty.act, duty.act.__name__)

    def _do_what_is_due(self) -> None:
        office, at = self.office, self.office.clock()
        recover(office.desk, at=at)
        run_daily(office.desk, office.key_desk, at=at)
        with transaction(office.database) as tx:
            batch_sheets.drop_sheets(tx, before=at - SHEETS_KEPT)

    def _note_and_publish(self) -> None:
        note_uses(self.office.desk, at=self.office.clock())
        self._published = None
        self._publish_news()

    def _publish_news(self) -> None:
        """Publish what was signed since it was published last: the lists that say what became of licences and keys."""
        office = self.office
        mark = artefacts.mark(office.database, _NEWS)
        if mark != self._published:
            refresh_pack(office.desk, at=office.clock())
            publish_files(office)
            self._published = mark

    def _send_webhooks(self) -> None:
        send_due(self.office)

    def _give_back(self, chunk: Chunk) -> None:
        """Let the part be taken again soon, by whoever is first."""
        with transaction(self.office.database) as tx:
            jobs.renew_chunk(tx, chunk, until=self.office.clock() + timedelta(seconds=BACK_OFF_SECONDS))

    @contextmanager
    def _witnesses_beside(self) -> Iterator[None]:
        """Send checkpoints to the witnesses in a thread of its own: a slow one keeps no part and no list waiting."""
        if not self.office.witness_policy.witnesses:
            yield
            return
        with beside(self._collect, name="witnesses"):
            yield

    def _collect(self, stop: threading.Event) -> None:
        while True:
            self._try(self._ask_witnesses, "witnesses")
            if stop.wait(WITNESS_SECONDS):
                return

    def _ask_witnesses(self) -> None:
        """Collect cosignatures, tell of each that did not come, and raise the alarm when an entry waits too long."""
        office = self.office
        for answer in office.witnessing.collect():
            name = answer.witness.name
            if isinstance(answer.error, WitnessContradictsError):
                office.desk.log.doubt()
            if answer.error is None:
                self._news.is_over(f"witness {name}")
            elif self._news.is_new(f"witness {name}", answer.error.code):
                office.log.warning("witness", witness=name, code=answer.error.code)
        self._look_for_overdue(office)

    def _look_for_overdue(self, office: Office) -> None:
        for standing in standings(office.database, office.witness_policy):
            about = f"overdue {standing.origin}"
            if not standing.is_overdue(office.clock()):
                if self._news.is_over(about):
                    office.log.info("witness_overdue_ended", origin=standing.origin)
            elif self._news.is_new(about, str(standing.witnessed)):
                office.log.error("witness_overdue", origin=standing.origin, first=standing.witnessed)

    def _renew(self, chunk: Chunk, stop: threading.Event) -> None:
        """Renew the part's lease, and those of its intents, until told to stop."""
        while not stop.wait(LEASE.total_seconds() / RENEWALS_PER_LEASE):
            try:
                until = self.office.clock() + LEASE
                with transaction(self.office.database) as tx:
                    jobs.renew_chunk(tx, chunk, until=until)
                    leaves.renew_lease(tx, self.office.worker, until=until)
            except LeaseLostError:
                return  # the work itself finds out when it files
            except YinzhengError as error:
                self._tell("lease", error)

    def _try(self, act: Callable[[], None], name: str) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - one duty that fails keeps no other from being done
            self._tell(name, error)

    def _tell(self, name: str, error: BaseException) -> None:
        self.office.log.warning("work_failed", work=name.strip("_"), **described(error))
