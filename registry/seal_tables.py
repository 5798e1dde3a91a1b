"""The tables of seals, their objects, grants and uses. Imported through ``registry.tables`` only.

Promises: ids of persons stand in columns of their own, beside a salt; the records behind the log's leaves hold a
commitment to them and no person.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, text
from sqlmodel import Field

from registry.columns import BIG, Moment, Row


class SealRow(Row, table=True):
    """Seals; ``version`` is that of the filed object, None before the first filing."""

    __tablename__ = "seal"
    code: str = Field(primary_key=True, max_length=14)
    kind: int
    name: str = Field(max_length=200)
    name_en: str = Field(max_length=200)
    owner: str = Field(foreign_key="department.uscc", index=True, max_length=18)
    state: str = Field(max_length=10)
    version: int | None = None
    last_version: int
    last_grant: int
    psb_code: str | None = Field(default=None, max_length=13)
    etag: int
    created_at: datetime = Field(sa_type=Moment)


class SealObjectRow(Row, table=True):
    """Objects applied for or made for a seal, one version after the other."""

    __tablename__ = "seal_object"
    code: str = Field(primary_key=True, foreign_key="seal.code", max_length=14)
    version: int = Field(primary_key=True)
    state: str = Field(max_length=10)
    picture: bytes = Field(sa_type=LargeBinary)
    width_mm: int
    height_mm: int
    valid_from: datetime = Field(sa_type=Moment)
    valid_until: datetime = Field(sa_type=Moment)
    applied_by: str = Field(max_length=64)
    approved_by: str | None = Field(default=None, max_length=64)
    key: str | None = Field(default=None, max_length=64)
    certificate: bytes | None = Field(default=None, sa_type=LargeBinary)
    certificate_from: datetime | None = Field(default=None, sa_type=Moment)
    certificate_until: datetime | None = Field(default=None, sa_type=Moment)
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    digest: bytes | None = Field(default=None, index=True, sa_type=LargeBinary)
    maker_leaf: int | None = Field(default=None, sa_type=BigInteger)
    filed_at: datetime | None = Field(default=None, sa_type=Moment)
    replaced_at: datetime | None = Field(default=None, sa_type=Moment)
    key_destroyed_at: datetime | None = Field(default=None, sa_type=Moment)


class SealGrantRow(Row, table=True):
    """Grants: who may use a seal, until when, how often."""

    __tablename__ = "seal_grant"
    __table_args__ = (Index("ix_seal_grant_office", "office", "grant_id"),)
    grant_id: str = Field(primary_key=True, max_length=24)
    code: str = Field(foreign_key="seal.code", index=True, max_length=14)
    office: str = Field(foreign_key="department.uscc", max_length=18)
    role: str | None = Field(default=None, max_length=32)
    person: str | None = Field(default=None, max_length=64)
    documents_basis: str | None = Field(default=None, max_length=200)
    valid_from: datetime = Field(sa_type=Moment)
    valid_until: datetime = Field(sa_type=Moment)
    uses_max: int | None = None
    uses_taken: int
    needs_second: bool
    state: str = Field(max_length=10)
    granted_by: str = Field(max_length=64)
    granted_at: datetime = Field(sa_type=Moment)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Moment)


class SealGrantTypeRow(Row, table=True):
    """Licence types that a grant covers."""

    __tablename__ = "seal_grant_type"
    grant_id: str = Field(primary_key=True, foreign_key="seal_grant.grant_id", max_length=24)
    type_code: str = Field(primary_key=True, max_length=21)


class SealGrantItemRow(Row, table=True):
    """Service items that a grant covers, each with its legal basis."""

    __tablename__ = "seal_grant_item"
    grant_id: str = Field(primary_key=True, foreign_key="seal_grant.grant_id", max_length=24)
    item_code: str = Field(primary_key=True, max_length=33)
    legal_basis: str = Field(max_length=200)


class SealEndingRow(Row, table=True):
    """What a custodian proposed for the end of a seal; void once the seal's ``etag`` is another one."""

    __tablename__ = "seal_ending"
    code: str = Field(primary_key=True, foreign_key="seal.code", max_length=14)
    act: str = Field(max_length=10)
    etag: int
    proposed_by: str = Field(max_length=64)
    proposed_at: datetime = Field(sa_type=Moment)
    reason: str = Field(max_length=2000)
    legal_basis: str = Field(max_length=500)
    reference: str = Field(max_length=200)


class SealEventRow(Row, table=True):
    """Acts on seals and grants. ``digest`` is that of ``record`` and stands in the log; ``private`` is never shown."""

    __tablename__ = "seal_event"
    event_id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    code: str = Field(foreign_key="seal.code", index=True, max_length=14)
    grant_id: str | None = Field(default=None, foreign_key="seal_grant.grant_id", index=True, max_length=24)
    act: str = Field(max_length=10)
    happened_at: datetime = Field(sa_type=Moment)
    state: str = Field(max_length=10)
    version: int | None = None
    object_digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    role: str = Field(max_length=32)
    legal_basis: str = Field(max_length=500)
    person: str = Field(max_length=64)
    reason: str = Field(max_length=2000)
    reference: str = Field(max_length=200)
    record: bytes = Field(sa_type=LargeBinary)
    private: bytes = Field(sa_type=LargeBinary)
    digest: bytes = Field(unique=True, sa_type=LargeBinary)


class SealUseRow(Row, table=True):
    """Uses of seals; ``filing`` is the digest of the list of uses that were filed together, which stands in the log."""

    __tablename__ = "seal_use"
    __table_args__ = (
        Index("ix_seal_use_code", "code", "taken_at"),
        Index(
            "ix_seal_use_open",
            "lease_until",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )
    use_id: str = Field(primary_key=True, max_length=32)
    grant_id: str = Field(foreign_key="seal_grant.grant_id", index=True, max_length=24)
    code: str = Field(foreign_key="seal.code", max_length=14)
    version: int
    licence_id: str | None = Field(default=None, index=True, max_length=16)
    document_id: str | None = Field(default=None, index=True, max_length=64)
    type_code: str | None = Field(default=None, max_length=21)
    item_code: str | None = Field(default=None, max_length=33)
    legal_basis: str = Field(max_length=200)
    office: str = Field(max_length=18)
    role: str = Field(max_length=32)
    person: str = Field(max_length=64)
    second_role: str | None = Field(default=None, max_length=32)
    second_person: str | None = Field(default=None, max_length=64)
    taken_at: datetime = Field(sa_type=Moment)
    lease_until: datetime = Field(sa_type=Moment)
    state: str = Field(max_length=10)
    filed_at: datetime | None = Field(default=None, sa_type=Moment)
    record: bytes | None = Field(default=None, sa_type=LargeBinary)
    private: bytes | None = Field(default=None, sa_type=LargeBinary)
    filing: bytes | None = Field(default=None, index=True, sa_type=LargeBinary)


class SealUseBodyRow(Row, table=True):
    """What was sealed in one use: digest of each body, and the leaf of the intent to sign it."""

    __tablename__ = "seal_use_body"
    use_id: str = Field(primary_key=True, foreign_key="seal_use.use_id", max_length=32)
    leaf: int = Field(primary_key=True, index=True, sa_type=BigInteger)
    digest: str = Field(index=True, max_length=64)
