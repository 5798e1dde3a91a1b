"""How this process and what it needs stand: what an operator must look at, although checks and issuing go on.

Promises:
  * Nothing here stops anything. A registry that cannot be read is the one thing for which the process is not ready;
    all else is told as `degraded`, each with its code.
  * Three answers for each part: passed, failed, could not be checked. A part that a deployment does not have is absent.
  * Whoever asks how often, the parts are looked at once in ten seconds: the address is everybody's.
  * Codes alone are told: no path, no name of a machine, no number that helps to fill a disk.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from shutil import disk_usage
from typing import Final, Literal

from api.client_revocation import RevocationWatch
from api.wiring import Office
from keys.custody import DEPLOYMENT
from keys.errors import KeyMissingError
from registry import leaves
from registry.db import reading
from registry.departments import find_department
from signer.errors import LogClockError, LogForkError, PublishConflictError
from signer.log import CLOCK_BEHIND_MAX
from signer.log_safety import PUBLISHED, Seen, compare_head, published_checkpoint
from signer.witnessing import Standing, standings
from verify.errors import YinzhengError
from verify.key_purpose import KeyPurpose
from verify.report import Outcome
from verify.witness_policy import WitnessPolicy

# A vault of a million licences grows by 60 GB; below this a batch may run out of room.
FREE_BYTES_MIN: Final = 2 * 1024**3
LOOK_SECONDS: Final = 10.0
# What these say is known to be wrong; any other error kept us from looking.
_FAULTS: Final = (LogForkError, LogClockError, PublishConflictError, KeyMissingError)


Part = Literal["registry", "disk", "keys", "log", "witnesses", "client_certificates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How one part stands; `code` is empty where nothing is wrong."""

    part: Part
    outcome: Outcome = Outcome.PASSED
    code: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class HealthWatch:
    """Looks at the parts of one process now and then, and remembers what it saw."""

    office: Office
    revocation: RevocationWatch | None = None
    look_seconds: float = LOOK_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    _seen: tuple[Condition, ...] = field(default=(), init=False, repr=False)
    _look_again_at: float = field(default=float("-inf"), init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def conditions(self) -> tuple[Condition, ...]:
        """Return how all parts stand. Raises what the registry raises when it cannot be read now."""
        with reading(self.office.database) as tx:
            find_department(tx, "")
        with self._lock:
            if self.monotonic() >= self._look_again_at:
                self._seen = (Condition(part="registry"), *self._look())
                self._look_again_at = self.monotonic() + self.look_seconds
            return self._seen

    def _look(self) -> Iterator[Condition]:
        office = self.office
        yield _judged("disk", lambda: _disk(office))
        if not office.is_public:
            yield _judged("keys", lambda: _keys(office))
        yield _judged("log", lambda: _log(office))
        if _has_witnesses(office):
            yield _judged("witnesses", lambda: "health.unwitnessed" if overdue(office) else "")
        lists = self.revocation
        if lists is not None:
            yield _judged("client_certificates", lambda: "health.crl_over" if lists.is_over(at=office.clock()) else "")


def overdue(office: Office) -> tuple[Standing, ...]:
    """Return the logs of which an entry waits for its witnesses longer than the merge delay."""
    at = office.clock()
    return tuple(each for each in standings(office.database, _policy(office)) if each.is_overdue(at))


def _policy(office: Office) -> WitnessPolicy:
    """Return the witnesses that the settings name; a process that collects nothing knows them by the trust list."""
    own = office.witness_policy
    trust = None if own.has_quorum else office.public_files.trust_list(at=office.clock())
    return own if trust is None else trust.policy


def _has_witnesses(office: Office) -> bool:
    try:
        return _policy(office).has_quorum
    except YinzhengError:
        return True  # what is wrong is told when they are looked at


def _judged(part: Part, look: Callable[[], str]) -> Condition:
    """Return a part's condition; an error that `look` ran into is a fault, or kept it from being looked at."""
    try:
        code = look()
    except YinzhengError as error:
        outcome = Outcome.FAILED if isinstance(error, _FAULTS) else Outcome.UNKNOWN
        return Condition(part=part, outcome=outcome, code=error.code)
    except OSError:
        return Condition(part=part, outcome=Outcome.UNKNOWN, code="health.unreadable")
    return Condition(part=part, outcome=Outcome.FAILED, code=code) if code else Condition(part=part)


def _disk(office: Office) -> str:
    return "" if disk_usage(office.settings.data).free >= FREE_BYTES_MIN else "health.disk_low"


def _keys(office: Office) -> str:
    """See that the passphrase and the log's key lie where they must; no key is opened for whoever asks."""
    office.settings.passphrase()
    pattern = f"{KeyPurpose.CHECKPOINT.value}.{DEPLOYMENT}-*.key"
    if not any(office.settings.keys_folder.glob(pattern)):
        raise KeyMissingError
    return ""


def _log(office: Office) -> str:
    """Compare the head with what is published and with the clock, by the trust list's key: none of ours is needed."""
    trust, origin = office.public_files.trust_list(at=office.clock()), office.origin
    verifiers = () if trust is None else trust.verifiers
    verifier = next((each for each in verifiers if each.name == origin), None)
    if verifier is None:
        return "health.no_trust_list"
    published = published_checkpoint(verifier, office.published, leaves.PREFIX)
    with reading(office.database) as tx:
        head = leaves.head(tx, origin)  # after what is published was read, for the log goes on meanwhile
    if head.time is not None and head.time - office.clock() > CLOCK_BEHIND_MAX:
        raise LogClockError
    if published is not None:
        compare_head(office.database, head, Seen(by=PUBLISHED, checkpoint=published))
    return ""
