"""The tables of seals, their objects, grants and uses. Imported through ``registry.tables`` only.

Promises: ids of persons stand in columns of their own, beside a salt; the records behind the log's leaves hold a
commitment to them and no person.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary

from registry.columns import BIG, Moment, Row, column, partial_index


class SealRow(Row):
    """Seals; ``version`` is that of the filed object, None before the first filing."""

    __tablename__ = "seal"
    code: str = column(primary_key=True, max_length=14)
    kind: int
    name: str = column(max_length=200)
    name_en: str = column(max_length=200)
    owner: str = column(foreign_key="department.uscc", index=True, max_length=18)
    state: str = column(max_length=10)
    version: int | None = None
    last_version: int
    last_grant: int
    psb_code: str | None = column(default=None, max_length=13)
    etag: int
    created_at: datetime = column(kind=Moment)


class SealObjectRow(Row):
    """Objects applied for or made for a seal, one version after the other."""

    __tablename__ = "seal_object"
    code: str = column(primary_key=True, foreign_key="seal.code", max_length=14)
    version: int = column(primary_key=True)
    state: str = column(max_length=10)
    picture: bytes = column(kind=LargeBinary)
    width_mm: int
    height_mm: int
    valid_from: datetime = column(kind=Moment)
    valid_until: datetime = column(kind=Moment)
    applied_by: str = column(max_length=64)
    approved_by: str | None = column(default=None, max_length=64)
    key: str | None = column(default=None, max_length=64)
    certificate: bytes | None = column(default=None, kind=LargeBinary)
    certificate_from: datetime | None = column(default=None, kind=Moment)
    certificate_until: datetime | None = column(default=None, kind=Moment)
    content: bytes | None = column(default=None, kind=LargeBinary)
    digest: bytes | None = column(default=None, index=True, kind=LargeBinary)
    maker_leaf: int | None = column(default=None, kind=BigInteger)
    filed_at: datetime | None = column(default=None, kind=Moment)
    replaced_at: datetime | None = column(default=None, kind=Moment)
    key_destroyed_at: datetime | None = column(default=None, kind=Moment)


class SealGrantRow(Row):
    """Grants: who may use a seal, until when, how often."""

    __tablename__ = "seal_grant"
    __table_args__ = (Index("ix_seal_grant_office", "office", "grant_id"),)
    grant_id: str = column(primary_key=True, max_length=24)
    code: str = column(foreign_key="seal.code", index=True, max_length=14)
    office: str = column(foreign_key="department.uscc", max_length=18)
    role: str | None = column(default=None, max_length=32)
    person: str | None = column(default=None, max_length=64)
    documents_basis: str | None = column(default=None, max_length=200)
    valid_from: datetime = column(kind=Moment)
    valid_until: datetime = column(kind=Moment)
    uses_max: int | None = None
    uses_taken: int
    needs_second: bool
    state: str = column(max_length=10)
    granted_by: str = column(max_length=64)
    granted_at: datetime = column(kind=Moment)
    withdrawn_at: datetime | None = column(default=None, kind=Moment)


class SealGrantTypeRow(Row):
    """Licence types that a grant covers."""

    __tablename__ = "seal_grant_type"
    grant_id: str = column(primary_key=True, foreign_key="seal_grant.grant_id", max_length=24)
    type_code: str = column(primary_key=True, max_length=21)


class SealGrantItemRow(Row):
    """Service items that a grant covers, each with its legal basis."""

    __tablename__ = "seal_grant_item"
    grant_id: str = column(primary_key=True, foreign_key="seal_grant.grant_id", max_length=24)
    item_code: str = column(primary_key=True, max_length=33)
    legal_basis: str = column(max_length=200)


class SealEndingRow(Row):
    """What a custodian proposed for the end of a seal; void once the seal's ``etag`` is another one."""

    __tablename__ = "seal_ending"
    code: str = column(primary_key=True, foreign_key="seal.code", max_length=14)
    act: str = column(max_length=10)
    etag: int
    proposed_by: str = column(max_length=64)
    proposed_at: datetime = column(kind=Moment)
    reason: str = column(max_length=2000)
    legal_basis: str = column(max_length=500)
    reference: str = column(max_length=200)


class SealEventRow(Row):
    """Acts on seals and grants. ``digest`` is that of ``record`` and stands in the log; ``private`` is never shown."""

    __tablename__ = "seal_event"
    event_id: int | None = column(default=None, primary_key=True, kind=BIG)
    code: str = column(foreign_key="seal.code", index=True, max_length=14)
    grant_id: str | None = column(default=None, foreign_key="seal_grant.grant_id", index=True, max_length=24)
    act: str = column(max_length=10)
    happened_at: datetime = column(kind=Moment)
    state: str = column(max_length=10)
    version: int | None = None
    object_digest: bytes | None = column(default=None, kind=LargeBinary)
    role: str = column(max_length=32)
    legal_basis: str = column(max_length=500)
    person: str = column(max_length=64)
    reason: str = column(max_length=2000)
    reference: str = column(max_length=200)
    record: bytes = column(kind=LargeBinary)
    private: bytes = column(kind=LargeBinary)
    digest: bytes = column(unique=True, kind=LargeBinary)


class SealUseRow(Row):
    """Uses of seals; ``filing`` is the digest of the list of uses that were filed together, which stands in the log."""

    __tablename__ = "seal_use"
    __table_args__ = (
        Index("ix_seal_use_code", "code", "taken_at"),
        partial_index("ix_seal_use_open", "lease_until", where="state = 'open'"),
    )
    use_id: str = column(primary_key=True, max_length=32)
    grant_id: str = column(foreign_key="seal_grant.grant_id", index=True, max_length=24)
    code: str = column(foreign_key="seal.code", max_length=14)
    version: int
    licence_id: str | None = column(default=None, index=True, max_length=16)
    document_id: str | None = column(default=None, index=True, max_length=64)
    type_code: str | None = column(default=None, max_length=21)
    item_code: str | None = column(default=None, max_length=33)
    legal_basis: str = column(max_length=200)
    office: str = column(max_length=18)
    role: str = column(max_length=32)
    person: str = column(max_length=64)
    second_role: str | None = column(default=None, max_length=32)
    second_person: str | None = column(default=None, max_length=64)
    taken_at: datetime = column(kind=Moment)
    lease_until: datetime = column(kind=Moment)
    state: str = column(max_length=10)
    filed_at: datetime | None = column(default=None, kind=Moment)
    record: bytes | None = column(default=None, kind=LargeBinary)
    private: bytes | None = column(default=None, kind=LargeBinary)
    filing: bytes | None = column(default=None, index=True, kind=LargeBinary)


class SealUseBodyRow(Row):
    """What was sealed in one use: digest of each body, and the leaf of the intent to sign it."""

    __tablename__ = "seal_use_body"
    use_id: str = column(primary_key=True, foreign_key="seal_use.use_id", max_length=32)
    leaf: int = column(primary_key=True, index=True, kind=BigInteger)
    digest: str = column(index=True, max_length=64)
