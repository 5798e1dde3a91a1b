"""Sessions of staff: browsers in which somebody is signed in.

Promises:
  * Only the digest of what a cookie holds is kept: who reads the database is signed in nowhere.
  * A session ends by itself: half an hour after it was used last, twelve hours after it began, and at once when the
    account is closed. Roles are those that the person has now, not those at sign-in.
  * What proves more gets a new session; the cookie before is void.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, insert, or_, select, update

from registry.db import Transaction
from registry.people import PERSON_COLUMNS, person_of_row
from registry.records import Person
from registry.tables import PERSON, STAFF_SESSION

# Somebody called away from a counter, and a working day with what comes after it.
IDLE_MAX: Final = timedelta(minutes=30)
LIFE_MAX: Final = timedelta(hours=12)
# A page with its next page needs no writing.
_TOUCHED_AFTER: Final = timedelta(minutes=1)
_HANDLE_LENGTH: Final = 16
_SESSION: Final = (
    STAFF_SESSION.c.digest,
    STAFF_SESSION.c.is_whole,
    STAFF_SESSION.c.made_at,
    STAFF_SESSION.c.seen_at,
    STAFF_SESSION.c.proved_at,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSession:
    """Somebody signed in. `is_whole` once every factor was shown; `proved_at` is when a factor was shown last."""

    digest: str
    person: Person
    is_whole: bool
    made_at: datetime
    seen_at: datetime
    proved_at: datetime

    @property
    def handle(self) -> str:
        """What names the session on a page; nobody can sign in with it."""
        return self.digest[:_HANDLE_LENGTH]


def open_session(tx: Transaction, digest: str, person_id: str, *, is_whole: bool, at: datetime) -> None:
    """Begin a session, and drop those that are over."""
    tx.execute(delete(STAFF_SESSION).where(_is_over(at)))
    values = {
        "digest": digest,
        "person_id": person_id,
        "is_whole": is_whole,
        "made_at": at,
        "seen_at": at,
        "proved_at": at,
        "ends_at": at + LIFE_MAX,
    }
    tx.execute(insert(STAFF_SESSION), values)


def find_session(tx: Transaction, digest: str, *, at: datetime) -> StaffSession | None:
    """Return the session, unless it is over or the account is closed."""
    query = (
        select(*_SESSION, *PERSON_COLUMNS)
        .join(PERSON, PERSON.c.person_id == STAFF_SESSION.c.person_id)
        .where(STAFF_SESSION.c.digest == digest, PERSON.c.is_active, ~_is_over(at))
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else _session(row)


def needs_touch(session: StaffSession, *, at: datetime) -> bool:
    """Say whether it is worth writing down that the session was used."""
    return at - session.seen_at >= _TOUCHED_AFTER


def touch(tx: Transaction, session: StaffSession, *, at: datetime) -> None:
    """Note that the session was used."""
    tx.execute(update(STAFF_SESSION).where(STAFF_SESSION.c.digest == session.digest).values(seen_at=at))


def prove(tx: Transaction, session: StaffSession, digest: str, *, at: datetime) -> None:
    """Note that every factor was shown now; from here on the session is that of another digest."""
    values = {"digest": digest, "is_whole": True, "proved_at": at, "seen_at": at}
    tx.execute(update(STAFF_SESSION).where(STAFF_SESSION.c.digest == session.digest).values(values))


def sessions_of(tx: Transaction, person_id: str, *, at: datetime) -> tuple[StaffSession, ...]:
    """Return where somebody is signed in, the latest first."""
    query = (
        select(*_SESSION, *PERSON_COLUMNS)
        .join(PERSON, PERSON.c.person_id == STAFF_SESSION.c.person_id)
        .where(STAFF_SESSION.c.person_id == person_id, ~_is_over(at))
        .order_by(STAFF_SESSION.c.seen_at.desc(), STAFF_SESSION.c.digest)
    )
    return tuple(_session(row) for row in tx.execute(query))


def end_session(tx: Transaction, digest: str) -> None:
    """End one session."""
    tx.execute(delete(STAFF_SESSION).where(STAFF_SESSION.c.digest == digest))


def end_named(tx: Transaction, person_id: str, handle: str) -> int:
    """End the session of a person that a page names; return how many there were."""
    here = (STAFF_SESSION.c.person_id == person_id, STAFF_SESSION.c.digest.startswith(handle, autoescape=True))
    return tx.execute(delete(STAFF_SESSION).where(*here)).rowcount if len(handle) == _HANDLE_LENGTH else 0


def end_all(tx: Transaction, person_id: str, *, but: str = "") -> int:
    """End all sessions of a person, or all but one; return how many there were."""
    here = (STAFF_SESSION.c.person_id == person_id, STAFF_SESSION.c.digest != but)
    return tx.execute(delete(STAFF_SESSION).where(*here)).rowcount


def _is_over(at: datetime) -> Any:  # noqa: ANN401 - an expression of the library, whose type says nothing
    return or_(STAFF_SESSION.c.ends_at <= at, STAFF_SESSION.c.seen_at <= at - IDLE_MAX)


def _session(row: Row[Any]) -> StaffSession:
    return StaffSession(
        digest=row.digest,
        person=person_of_row(row),
        is_whole=row.is_whole,
        made_at=row.made_at,
        seen_at=row.seen_at,
        proved_at=row.proved_at,
    )
