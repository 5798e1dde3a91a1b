"""The tables beside the licences: artefacts, batches, requests, keys. Imported through ``registry.tables`` only."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, LargeBinary, Text, text
from sqlmodel import Field

from registry.columns import Moment, Row


class ArtefactRow(Row, table=True):
    """Newest signed public file of each name: trust list, status lists, revocation lists, certificates."""

    __tablename__ = "artefact"
    kind: str = Field(primary_key=True, max_length=32)
    name: str = Field(primary_key=True, max_length=200)
    sequence: int = Field(sa_type=BigInteger)
    content: bytes = Field(sa_type=LargeBinary)
    stored_at: datetime = Field(sa_type=Moment)


class BatchRow(Row, table=True):
    """Sheets of many licences."""

    __tablename__ = "batch"
    __table_args__ = (Index("ix_batch_issuer", "issuer", "created_at"),)
    batch_id: str = Field(primary_key=True, max_length=32)
    issuer: str = Field(foreign_key="department.uscc", max_length=18)
    type_code: str = Field(max_length=21)
    created_by: str = Field(max_length=64)
    created_at: datetime = Field(sa_type=Moment)
    is_cancelled: bool = False


class BatchSheetRow(Row, table=True):
    """The sheets themselves, as they came in, so that bad rows can be given back; dropped after some months."""

    __tablename__ = "batch_sheet"
    batch_id: str = Field(primary_key=True, foreign_key="batch.batch_id", max_length=32)
    content: bytes = Field(sa_type=LargeBinary)
    stored_at: datetime = Field(index=True, sa_type=Moment)


class ChunkRow(Row, table=True):
    """Parts of a batch, each held by one worker at a time."""

    __tablename__ = "chunk"
    __table_args__ = (
        Index(
            "ix_chunk_open",
            "lease_until",
            sqlite_where=text("state <> 'done'"),
            postgresql_where=text("state <> 'done'"),
        ),
    )
    batch_id: str = Field(primary_key=True, foreign_key="batch.batch_id", max_length=32)
    number: int = Field(primary_key=True)
    state: str = Field(max_length=10)
    worker: str | None = Field(default=None, max_length=120)
    lease_until: datetime = Field(sa_type=Moment)
    attempts: int


class SheetRow(Row, table=True):
    """Rows of a sheet, by number and content."""

    __tablename__ = "sheet_row"
    __table_args__ = (Index("ix_sheet_row_chunk", "batch_id", "chunk", "row"),)
    batch_id: str = Field(primary_key=True, foreign_key="batch.batch_id", max_length=32)
    row: int = Field(primary_key=True)
    chunk: int | None = None
    content_digest: bytes = Field(sa_type=LargeBinary)
    state: str = Field(max_length=10)
    draft_id: str | None = Field(default=None, foreign_key="draft.draft_id", max_length=32)
    licence_id: str | None = Field(default=None, max_length=16)
    problems: str = Field(sa_type=Text)


class RequestRow(Row, table=True):
    """Idempotency keys with the answers given, until they expire."""

    __tablename__ = "request"
    client: str = Field(primary_key=True, max_length=64)
    key: str = Field(primary_key=True, max_length=255)
    body_digest: bytes = Field(sa_type=LargeBinary)
    status: int | None = None
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    expires_at: datetime = Field(index=True, sa_type=Moment)


class LogRecordRow(Row, table=True):
    """Records whose digests stand in the log's entries about keys and administrators."""

    __tablename__ = "log_record"
    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    record: bytes = Field(sa_type=LargeBinary)
    kept_at: datetime = Field(sa_type=Moment)


class KeyUseRow(Row, table=True):
    """How often a worker used a counted key on a day, and how many of these uses the log tells of."""

    __tablename__ = "key_use"
    worker: str = Field(primary_key=True, max_length=120)
    key: str = Field(primary_key=True, max_length=64)
    day: date = Field(primary_key=True)
    uses: int = Field(sa_type=BigInteger)
    logged: int = Field(sa_type=BigInteger)


class LongTermRow(Row, table=True):
    """Filed documents with evidence for the long term behind them, numbered from 1 for each licence."""

    __tablename__ = "long_term"
    licence_id: str = Field(primary_key=True, foreign_key="licence.licence_id", max_length=16)
    number: int = Field(primary_key=True)
    document_digest: str = Field(index=True, max_length=64)
    sealed_at: datetime = Field(sa_type=Moment)


class LiveCodeUseRow(Row, table=True):
    """One-time values of live codes that were checked: the second check of one is told when the first was."""

    __tablename__ = "live_code_use"
    __table_args__ = (Index("ix_live_code_use_licence", "licence_id", "used_at"),)
    one_time: bytes = Field(primary_key=True, sa_type=LargeBinary)
    licence_id: str = Field(max_length=16)
    used_at: datetime = Field(sa_type=Moment)
