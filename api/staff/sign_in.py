"""Sign-in of staff: what a browser shows, what it is given, and what each step proves.

Promises:
  * Unknown account, account without password, wrong password: one error after the same work.
  * A session is whole when every factor that the person's roles need was shown; each proof gives a new cookie.
  * A code of the second factor is taken once, also when it is sent twice at the same time.
  * Whoever may use a seal or a key, approve for one, or give roles, needs a second factor; who has one shows it.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from api.staff.authenticator import DIGITS, SECRET_BYTES, matching_step
from api.staff.errors import (
    InvitationError,
    PasswordsDifferError,
    ProviderError,
    ProviderUnknownError,
    SessionMissingError,
    WrongSignInError,
)
from api.staff.passwords import Passwords, demand_strong
from api.staff.provider import VISIT_LIFE, Drawn, Vouched, draw
from api.staff.sign_in_key import SignInKey
from registry import accounts, sessions
from registry.accounts import Account, ProviderVisit
from registry.db import Database, reading, transaction
from registry.people import find_person
from registry.records import Person, Role
from registry.sessions import StaffSession

COOKIE_BYTES: Final = 32
# An invitation is carried to a colleague within a long week-end.
INVITATION_LIFE: Final = timedelta(days=4)
INVITATION_BYTES: Final = 20
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10
FACTOR_ROLES: Final = frozenset(
    {Role.ISSUING_OFFICER, Role.REVIEWER, Role.SEAL_CUSTODIAN, Role.SEAL_APPROVER, Role.ADMINISTRATOR}
)
"""Roles that use a seal or a key, say that one may be used, or say who may."""

_COOKIE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_DIGITS: Final = re.compile(rf"[0-9]{{{DIGITS}}}")
# Base32 without padding, as invitations and recovery codes are written; blanks and dashes are for reading only.
_CODE: Final = re.compile(r"[A-Z2-7]{16,32}")
_FILLING: Final = re.compile(r"[\s-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Everything that sign-in needs; share one object among the threads of a process."""

    database: Database
    key: SignInKey = field(repr=False)
    passwords: Passwords = field(repr=False)
    random: Callable[[int], bytes] = field(repr=False)

    def known(self, person_id: str, password: str) -> Account:
        """Return the account whose password this is. Raises `WrongSignInError`."""
        with reading(self.database) as tx:
            account = accounts.find_account(tx, person_id)
        fits = self.passwords.fits(None if account is None else account.password, password)
        if account is None or not fits:
            raise WrongSignInError
        return account

    def enter(self, account: Account, *, at: datetime, has_factor: bool = False, earlier: str = "") -> tuple[str, bool]:
        """Begin a session; return the cookie, and whether the session is whole.

        `has_factor` says that the identity provider vouches for a second factor. The session of the `earlier` cookie,
        which the browser brought, ends: it may be somebody else's, and is left behind in any case.
        """
        needs_more = account.authenticator is not None or needs_factor(account.person)
        is_whole = has_factor or not needs_more
        cookie = self._drawn(COOKIE_BYTES)
        with transaction(self.database) as tx:
            if _COOKIE.fullmatch(earlier):
                sessions.end_session(tx, _digest(earlier))
            sessions.open_session(tx, _digest(cookie), account.person.person_id, is_whole=is_whole, at=at)
        return cookie, is_whole

    def session_of(self, cookie: str, *, at: datetime) -> StaffSession:
        """Return the session of a cookie, and note that it is used. Raises `SessionMissingError`."""
        if not _COOKIE.fullmatch(cookie):
            raise SessionMissingError
        with reading(self.database) as tx:
            session = sessions.find_session(tx, _digest(cookie), at=at)
        if session is None:
            raise SessionMissingError
        if sessions.needs_touch(session, at=at):
            with transaction(self.database) as tx:
                sessions.touch(tx, session, at=at)
        return session

    def send_to_provider(self, browser: str, *, at: datetime) -> Drawn:
        """Draw what a visit to the identity provider needs, for this browser alone."""
        drawn = draw(self.random)
        visit = ProviderVisit(nonce=drawn.nonce, verifier=drawn.verifier)
        with transaction(self.database) as tx:
            accounts.send_to_provider(tx, _digest(f"{drawn.state} {browser}"), visit, at=at, ends_at=at + VISIT_LIFE)
        return drawn

    def comes_back(self, state: str, browser: str, *, at: datetime) -> ProviderVisit:
        """Return what was drawn for a browser that comes back. Raises `ProviderError`."""
        with transaction(self.database) as tx:
            visit = accounts.take_visit(tx, _digest(f"{state} {browser}"), at=at)
        if visit is None:
            raise ProviderError
        return visit

    def vouched_for(self, vouched: Vouched) -> Account:
        """Return the account of whom the provider vouches for. Raises `ProviderUnknownError`."""
        with reading(self.database) as tx:
            account = accounts.account_of_subject(tx, vouched.issuer, vouched.subject)
        if account is None:
            raise ProviderUnknownError
        return account

    def account_of(self, session: StaffSession) -> Account:
        """Return the account behind a session. Raises `SessionMissingError` when it was closed meanwhile."""
        with reading(self.database) as tx:
            account = accounts.find_account(tx, session.person.person_id)
        if account is None:
            raise SessionMissingError
        return account

    def prove(self, session: StaffSession, *, code: str, at: datetime) -> str:
        """Take a code of the second factor, or a recovery code; return the new cookie. Raises `WrongSignInError`."""
        account = self.account_of(session)
        cookie = self._drawn(COOKIE_BYTES)
        with transaction(self.database) as tx:
            step = self._step(account, code, at=at)
            is_recovery = step is None and _CODE.fullmatch(plain_code(code)) is not None
            if step is not None:
                is_right = accounts.take_step(tx, account.person.person_id, step)
            else:
                is_right = is_recovery and accounts.take_recovery_code(
                    tx, account.person.person_id, _digest(plain_code(code))
                )
            if not is_right:
                raise WrongSignInError
            sessions.prove(tx, session, _digest(cookie), at=at)
        return cookie

    def prove_again(self, session: StaffSession, *, password: str, code: str, at: datetime) -> str:
        """Take the password and, where there is one, the second factor again; return the new cookie."""
        account = self.account_of(session)
        if account.password is not None:
            self.known(account.person.person_id, password)
        if account.authenticator is not None:
            return self.prove(session, code=code, at=at)
        if account.password is None:  # only the identity provider can vouch for such a person again
            raise WrongSignInError
        cookie = self._drawn(COOKIE_BYTES)
        with transaction(self.database) as tx:
            sessions.prove(tx, session, _digest(cookie), at=at)
        return cookie

    def leave(self, session: StaffSession) -> None:
        """End a session."""
        with transaction(self.database) as tx:
            sessions.end_session(tx, session.digest)

    def drawn_secret(self, session: StaffSession) -> tuple[bytes, str]:
        """Draw a secret for an authenticator; return it, and sealed for the form that comes back in this session."""
        secret = self.random(SECRET_BYTES)
        return secret, self.key.seal(secret, owner=_enrolment(session)).hex()

    def shown_secret(self, session: StaffSession, sealed: str) -> bytes:
        """Return the secret that was drawn in this session. Raises `WrongSignInError`."""
        try:
            secret = self.key.open(bytes.fromhex(sealed), owner=_enrolment(session))
        except ValueError:
            secret = None
        if secret is None:
            raise WrongSignInError
        return secret

    def enrol(self, session: StaffSession, secret: bytes, *, code: str, at: datetime) -> tuple[str, tuple[str, ...]]:
        """Begin to use an authenticator that shows the right digits; return the new cookie and recovery codes.

        All other sessions end: they were begun with less. Raises `WrongSignInError`.
        """
        step = matching_step(secret, _FILLING.sub("", code), at=at)
        if step is None:
            raise WrongSignInError
        person_id = session.person.person_id
        cookie, codes = self._drawn(COOKIE_BYTES), self._recovery_codes()
        with transaction(self.database) as tx:
            accounts.set_authenticator(tx, person_id, self.key.seal(secret, owner=person_id), step=step, at=at)
            accounts.set_recovery_codes(tx, person_id, [_digest(plain_code(each)) for each in codes])
            sessions.end_all(tx, person_id, but=session.digest)
            sessions.prove(tx, session, _digest(cookie), at=at)
        return cookie, codes

    def renew_recovery_codes(self, person: Person) -> tuple[str, ...]:
        """Return new recovery codes; those before are void."""
        codes = self._recovery_codes()
        with transaction(self.database) as tx:
            accounts.set_recovery_codes(tx, person.person_id, [_digest(plain_code(each)) for each in codes])
        return codes

    def invite(self, person_id: str, *, made_by: str, at: datetime) -> str:
        """Return the code by which a member of staff chooses a password. Raises `SessionMissingError` for nobody."""
        code = base64.b32encode(self.random(INVITATION_BYTES)).decode()
        with transaction(self.database) as tx:
            if find_person(tx, person_id) is None:
                raise SessionMissingError
            accounts.invite(tx, person_id, _digest(code), made_by=made_by, ends_at=at + INVITATION_LIFE)
        return code

    def invited(self, code: str, *, at: datetime) -> Person:
        """Return whom an invitation is for. Raises `InvitationError`."""
        with reading(self.database) as tx:
            person = accounts.invited(tx, _digest(plain_code(code)), at=at)
        if person is None:
            raise InvitationError
        return person

    def accept(self, code: str, password: str, repeated: str, *, at: datetime) -> Account:
        """Give who was invited a password; where they were signed in, they are no longer.

        A second factor stays, so that an invitation alone opens no account that has one. Raises `InvitationError`,
        `PasswordWeakError`, `PasswordsDifferError`.
        """
        person = self.invited(code, at=at)
        kept = self._chosen(person, password, repeated)
        with transaction(self.database) as tx:
            if accounts.take_invitation(tx, _digest(plain_code(code)), at=at) is None:
                raise InvitationError
            accounts.set_password(tx, person.person_id, kept, at=at)
            sessions.end_all(tx, person.person_id)
            account = accounts.find_account(tx, person.person_id)
        if account is None:
            raise InvitationError
        return account

    def change_password(self, session: StaffSession, password: str, repeated: str, *, at: datetime) -> None:
        """Change the password of who is signed in, and end all their other sessions."""
        kept = self._chosen(session.person, password, repeated)
        with transaction(self.database) as tx:
            accounts.set_password(tx, session.person.person_id, kept, at=at)
            sessions.end_all(tx, session.person.person_id, but=session.digest)

    def _chosen(self, person: Person, password: str, repeated: str) -> str:
        if password != repeated:
            raise PasswordsDifferError
        demand_strong(password, person_id=person.person_id)
        return self.passwords.hash(password)

    def _step(self, account: Account, code: str, *, at: datetime) -> int | None:
        digits = _FILLING.sub("", code)
        if account.authenticator is None or not _DIGITS.fullmatch(digits):
            return None
        secret = self.key.open(account.authenticator, owner=account.person.person_id)
        return None if secret is None else matching_step(secret, digits, at=at)

    def _recovery_codes(self) -> tuple[str, ...]:
        drawn = (base64.b32encode(self.random(RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES))
        return tuple("-".join(each[start : start + 4] for start in range(0, len(each), 4)) for each in drawn)

    def _drawn(self, count: int) -> str:
        return base64.urlsafe_b64encode(self.random(count)).decode().rstrip("=")


def needs_factor(person: Person) -> bool:
    """Say whether the person's roles need a second factor."""
    return bool(person.roles & FACTOR_ROLES)


def plain_code(code: str) -> str:
    """Return a code without what was put in for reading."""
    return _FILLING.sub("", code).upper()


def _enrolment(session: StaffSession) -> str:
    return f"enrolment {session.person.person_id} {session.digest}"


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
