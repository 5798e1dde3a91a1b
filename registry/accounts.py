"""Accounts of staff: password, second factor, recovery codes, invitations, and who they are at the identity provider.

Promises:
  * What comes in is hashed or sealed already; nothing here could be used to sign in by who reads the database.
  * Invitations, recovery codes, steps of the second factor and visits to the provider are taken once: two who take
    the same at the same time do not both get it.
  * A closed account is as good as none.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select, update

from registry.db import Transaction
from registry.people import find_person
from registry.records import Person
from registry.statements import upsert
from registry.tables import ACCOUNT, INVITATION, PERSON, PROVIDER_SUBJECT, PROVIDER_VISIT, RECOVERY_CODE

_ACCOUNT: Final = (ACCOUNT.c.password, ACCOUNT.c.authenticator, ACCOUNT.c.last_step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What somebody's proofs are compared with. Without a password only the identity provider lets them in."""

    person: Person
    password: str | None = field(default=None, repr=False)
    authenticator: bytes | None = field(default=None, repr=False)
    last_step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderVisit:
    """What was drawn for a browser before it was sent to the identity provider."""

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


def find_account(tx: Transaction, person_id: str) -> Account | None:
    """Return the account of a member of staff, None when there is no such person or they left."""
    person = find_person(tx, person_id)
    if person is None:
        return None
    row = tx.execute(select(*_ACCOUNT).where(ACCOUNT.c.person_id == person_id)).one_or_none()
    if row is None:
        return Account(person=person)
    return Account(person=person, password=row.password, authenticator=row.authenticator, last_step=row.last_step)


def set_password(tx: Transaction, person_id: str, password: str, *, at: datetime) -> None:
    """Keep the slow hash of a new password."""
    _set(tx, person_id, {"password": password, "changed_at": at})


def set_authenticator(tx: Transaction, person_id: str, sealed: bytes | None, *, step: int, at: datetime) -> None:
    """Keep the sealed secret of a second factor, with the step that proved it; None takes the second factor away."""
    _set(tx, person_id, {"authenticator": sealed, "last_step": step, "changed_at": at})


def take_step(tx: Transaction, person_id: str, step: int) -> bool:
    """Say whether this step of the second factor is later than all before, and take it."""
    here = (ACCOUNT.c.person_id == person_id, ACCOUNT.c.last_step < step)
    return tx.execute(update(ACCOUNT).where(*here).values(last_step=step)).rowcount == 1


def set_recovery_codes(tx: Transaction, person_id: str, digests: Iterable[str]) -> None:
    """Keep new recovery codes; those before are void."""
    tx.execute(delete(RECOVERY_CODE).where(RECOVERY_CODE.c.person_id == person_id))
    rows = [{"digest": each, "person_id": person_id} for each in digests]
    if rows:
        tx.execute(insert(RECOVERY_CODE), rows)


def recovery_codes_left(tx: Transaction, person_id: str) -> int:
    """Return how many recovery codes somebody has."""
    return len(tx.execute(select(RECOVERY_CODE.c.digest).where(RECOVERY_CODE.c.person_id == person_id)).all())


def take_recovery_code(tx: Transaction, person_id: str, digest: str) -> bool:
    """Say whether this is a recovery code of that person, and use it up."""
    here = (RECOVERY_CODE.c.digest == digest, RECOVERY_CODE.c.person_id == person_id)
    return tx.execute(delete(RECOVERY_CODE).where(*here)).rowcount == 1


def invite(tx: Transaction, person_id: str, digest: str, *, made_by: str, ends_at: datetime) -> None:
    """Let a member of staff choose a password; an invitation before this is void."""
    tx.execute(delete(INVITATION).where(INVITATION.c.person_id == person_id))
    values = {"digest": digest, "person_id": person_id, "made_by": made_by, "ends_at": ends_at}
    tx.execute(insert(INVITATION), values)


def invited(tx: Transaction, digest: str, *, at: datetime) -> Person | None:
    """Return whom the invitation is for, if it is still good."""
    query = (
        select(INVITATION.c.person_id)
        .join(PERSON, PERSON.c.person_id == INVITATION.c.person_id)
        .where(INVITATION.c.digest == digest, INVITATION.c.ends_at > at)
    )
    person_id = tx.execute(query).scalar_one_or_none()
    return None if person_id is None else find_person(tx, person_id)


def take_invitation(tx: Transaction, digest: str, *, at: datetime) -> Person | None:
    """Return whom the invitation is for, and use it up."""
    person = invited(tx, digest, at=at)
    taken = tx.execute(delete(INVITATION).where(INVITATION.c.digest == digest)).rowcount
    return person if taken else None


def link_subject(tx: Transaction, issuer: str, subject: str, person_id: str) -> None:
    """Say who a member of staff is at the identity provider. Raises ``ConflictError`` when that is somebody already."""
    tx.execute(delete(PROVIDER_SUBJECT).where(PROVIDER_SUBJECT.c.person_id == person_id))
    tx.execute(insert(PROVIDER_SUBJECT), {"issuer": issuer, "subject": subject, "person_id": person_id})


def account_of_subject(tx: Transaction, issuer: str, subject: str) -> Account | None:
    """Return the account of whom the identity provider names."""
    here = (PROVIDER_SUBJECT.c.issuer == issuer, PROVIDER_SUBJECT.c.subject == subject)
    person_id = tx.execute(select(PROVIDER_SUBJECT.c.person_id).where(*here)).scalar_one_or_none()
    return None if person_id is None else find_account(tx, person_id)


def send_to_provider(tx: Transaction, digest: str, visit: ProviderVisit, *, at: datetime, ends_at: datetime) -> None:
    """Remember a browser that is sent to the identity provider, and forget those that never came back."""
    tx.execute(delete(PROVIDER_VISIT).where(PROVIDER_VISIT.c.ends_at <= at))
    values = {"digest": digest, "nonce": visit.nonce, "verifier": visit.verifier, "ends_at": ends_at}
    tx.execute(insert(PROVIDER_VISIT), values)


def take_visit(tx: Transaction, digest: str, *, at: datetime) -> ProviderVisit | None:
    """Return what was drawn for a browser that comes back, once."""
    query = select(PROVIDER_VISIT.c.nonce, PROVIDER_VISIT.c.verifier).where(
        PROVIDER_VISIT.c.digest == digest, PROVIDER_VISIT.c.ends_at > at
    )
    row = tx.execute(query).one_or_none()
    taken = tx.execute(delete(PROVIDER_VISIT).where(PROVIDER_VISIT.c.digest == digest)).rowcount
    return ProviderVisit(nonce=row.nonce, verifier=row.verifier) if row is not None and taken else None


def _set(tx: Transaction, person_id: str, values: dict[str, object]) -> None:
    statement = upsert(tx, ACCOUNT).values({"person_id": person_id, "last_step": 0} | values)
    tx.execute(statement.on_conflict_do_update(index_elements=[ACCOUNT.c.person_id], set_=values))
