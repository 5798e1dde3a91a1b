"""The tables of people's sign-in. Imported through ``registry.tables`` only. No column holds a secret as it is."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary

from registry.columns import Moment, Row, column


class AccountRow(Row):
    """How a member of staff proves who they are: the slow hash of a password, the sealed secret of a second factor."""

    __tablename__ = "account"
    person_id: str = column(primary_key=True, foreign_key="person.person_id", max_length=64)
    password: str | None = column(default=None, max_length=200)
    authenticator: bytes | None = column(default=None, kind=LargeBinary)
    last_step: int = column(default=0, kind=BigInteger)
    changed_at: datetime = column(kind=Moment)


class RecoveryCodeRow(Row):
    """Codes for who lost the second factor, each good once."""

    __tablename__ = "recovery_code"
    digest: str = column(primary_key=True, max_length=64)
    person_id: str = column(foreign_key="person.person_id", index=True, max_length=64)


class InvitationRow(Row):
    """Invitations to choose a password, each good once and for some days."""

    __tablename__ = "invitation"
    digest: str = column(primary_key=True, max_length=64)
    person_id: str = column(foreign_key="person.person_id", index=True, max_length=64)
    made_by: str = column(max_length=64)
    ends_at: datetime = column(kind=Moment)


class ProviderSubjectRow(Row):
    """Who somebody is at the office's identity provider."""

    __tablename__ = "provider_subject"
    issuer: str = column(primary_key=True, max_length=300)
    subject: str = column(primary_key=True, max_length=255)
    person_id: str = column(foreign_key="person.person_id", index=True, max_length=64)


class ProviderVisitRow(Row):
    """Browsers that were sent to the identity provider and have not come back."""

    __tablename__ = "provider_visit"
    digest: str = column(primary_key=True, max_length=64)
    nonce: str = column(max_length=64)
    verifier: str = column(max_length=128)
    ends_at: datetime = column(index=True, kind=Moment)


class StaffSessionRow(Row):
    """Browsers in which somebody is signed in; the digest of what the cookie holds."""

    __tablename__ = "staff_session"
    digest: str = column(primary_key=True, max_length=64)
    person_id: str = column(foreign_key="person.person_id", index=True, max_length=64)
    is_whole: bool
    made_at: datetime = column(kind=Moment)
    seen_at: datetime = column(kind=Moment)
    proved_at: datetime = column(kind=Moment)
    ends_at: datetime = column(index=True, kind=Moment)


class HolderAccessRow(Row):
    """Codes that let a holder in once, and the sessions that they began."""

    __tablename__ = "holder_access"
    digest: bytes = column(primary_key=True, kind=LargeBinary)
    is_session: bool
    holder_code: str = column(max_length=64)
    holder_code_type: str = column(max_length=3)
    ends_at: datetime = column(index=True, kind=Moment)
