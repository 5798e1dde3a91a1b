"""The table of official documents. Imported through ``registry.tables`` only.

Promises: a document that is only prepared names its bytes too, so that no sweep takes them from under an approver.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text

from registry.columns import Moment, Row, column, partial_index


class OfficialDocumentRow(Row):
    """Official documents; ``prepared_digest`` names the bytes to be signed, ``document_digest`` the sealed file."""

    __tablename__ = "official_document"
    __table_args__ = (
        Index("ix_official_document_department", "department", "prepared_at", "document_id"),
        Index("ix_official_document_leaf", "leaf", unique=True),
        partial_index("ix_official_document_unsealed", "prepared_at", where="state IN ('prepared', 'sealing')"),
    )
    document_id: str = column(primary_key=True, max_length=16)
    department: str = column(foreign_key="department.uscc", max_length=18)
    form: str = column(max_length=3)
    title: str = column(max_length=200)
    state: str = column(max_length=10)
    grant_id: str = column(foreign_key="seal_grant.grant_id", max_length=24)
    seal_code: str = column(foreign_key="seal.code", max_length=14)
    seal_version: int
    item_code: str | None = column(default=None, max_length=33)
    upload_digest: str = column(max_length=64)
    prepared_digest: str = column(index=True, max_length=64)
    pages: int
    layout: str = column(kind=Text)
    prepared_by: str = column(max_length=64)
    prepared_at: datetime = column(kind=Moment)
    approved_by: str | None = column(default=None, max_length=64)
    approved_at: datetime | None = column(default=None, kind=Moment)
    use_id: str | None = column(default=None, foreign_key="seal_use.use_id", max_length=32)
    sealed_at: datetime | None = column(default=None, kind=Moment)
    document_digest: str | None = column(default=None, index=True, max_length=64)
    leaf: int | None = column(default=None, kind=BigInteger)
    etag: int
