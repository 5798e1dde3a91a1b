"""The table of official documents. Imported through ``registry.tables`` only.

Promises: a document that is only prepared names its bytes too, so that no sweep takes them from under an approver.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field

from registry.columns import Moment, Row


class OfficialDocumentRow(Row, table=True):
    """Official documents; ``prepared_digest`` names the bytes to be signed, ``document_digest`` the sealed file."""

    __tablename__ = "official_document"
    __table_args__ = (
        Index("ix_official_document_department", "department", "prepared_at", "document_id"),
        Index("ix_official_document_leaf", "leaf", unique=True),
        Index(
            "ix_official_document_unsealed",
            "prepared_at",
            sqlite_where=text("state IN ('prepared', 'sealing')"),
            postgresql_where=text("state IN ('prepared', 'sealing')"),
        ),
    )
    document_id: str = Field(primary_key=True, max_length=16)
    department: str = Field(foreign_key="department.uscc", max_length=18)
    form: str = Field(max_length=3)
    title: str = Field(max_length=200)
    state: str = Field(max_length=10)
    grant_id: str = Field(foreign_key="seal_grant.grant_id", max_length=24)
    seal_code: str = Field(foreign_key="seal.code", max_length=14)
    seal_version: int
    item_code: str | None = Field(default=None, max_length=33)
    upload_digest: str = Field(max_length=64)
    prepared_digest: str = Field(index=True, max_length=64)
    pages: int
    layout: str = Field(sa_type=Text)
    prepared_by: str = Field(max_length=64)
    prepared_at: datetime = Field(sa_type=Moment)
    approved_by: str | None = Field(default=None, max_length=64)
    approved_at: datetime | None = Field(default=None, sa_type=Moment)
    use_id: str | None = Field(default=None, foreign_key="seal_use.use_id", max_length=32)
    sealed_at: datetime | None = Field(default=None, sa_type=Moment)
    document_digest: str | None = Field(default=None, index=True, max_length=64)
    leaf: int | None = Field(default=None, sa_type=BigInteger)
    etag: int
