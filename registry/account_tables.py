"""The tables of people's sign-in. Imported through ``registry.tables`` only. No column holds a secret as it is."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field

from registry.columns import Moment, Row


class AccountRow(Row, table=True):
    """How a member of staff proves who they are: the slow hash of a password, the sealed secret of a second factor."""

    __tablename__ = "account"
    person_id: str = Field(primary_key=True, foreign_key="person.person_id", max_length=64)
    password: str | None = Field(default=None, max_length=200)
    authenticator: bytes | None = Field(default=None, sa_type=LargeBinary)
    last_step: int = Field(default=0, sa_type=BigInteger)
    changed_at: datetime = Field(sa_type=Moment)


class RecoveryCodeRow(Row, table=True):
    """Codes for who lost the second factor, each good once."""

    __tablename__ = "recovery_code"
    digest: str = Field(primary_key=True, max_length=64)
    person_id: str = Field(foreign_key="person.person_id", index=True, max_length=64)


class InvitationRow(Row, table=True):
    """Invitations to choose a password, each good once and for some days."""

    __tablename__ = "invitation"
    digest: str = Field(primary_key=True, max_length=64)
    person_id: str = Field(foreign_key="person.person_id", index=True, max_length=64)
    made_by: str = Field(max_length=64)
    ends_at: datetime = Field(sa_type=Moment)


class ProviderSubjectRow(Row, table=True):
    """Who somebody is at the office's identity provider."""

    __tablename__ = "provider_subject"
    issuer: str = Field(primary_key=True, max_length=300)
    subject: str = Field(primary_key=True, max_length=255)
    person_id: str = Field(foreign_key="person.person_id", index=True, max_length=64)


class ProviderVisitRow(Row, table=True):
    """Browsers that were sent to the identity provider and have not come back."""

    __tablename__ = "provider_visit"
    digest: str = Field(primary_key=True, max_length=64)
    nonce: str = Field(max_length=64)
    verifier: str = Field(max_length=128)
    ends_at: datetime = Field(index=True, sa_type=Moment)


class StaffSessionRow(Row, table=True):
    """Browsers in which somebody is signed in; the digest of what the cookie holds."""

    __tablename__ = "staff_session"
    digest: str = Field(primary_key=True, max_length=64)
    person_id: str = Field(foreign_key="person.person_id", index=True, max_length=64)
    is_whole: bool
    made_at: datetime = Field(sa_type=Moment)
    seen_at: datetime = Field(sa_type=Moment)
    proved_at: datetime = Field(sa_type=Moment)
    ends_at: datetime = Field(index=True, sa_type=Moment)


class HolderAccessRow(Row, table=True):
    """Codes that let a holder in once, and the sessions that they began."""

    __tablename__ = "holder_access"
    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    is_session: bool
    holder_code: str = Field(max_length=64)
    holder_code_type: str = Field(max_length=3)
    ends_at: datetime = Field(index=True, sa_type=Moment)
