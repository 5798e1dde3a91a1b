"""The tables beside the licences: artefacts, batches, requests, keys. Imported through ``registry.tables`` only."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, LargeBinary, Text

from registry.columns import Moment, Row, column, partial_index


class ArtefactRow(Row):
    """Newest signed public file of each name: trust list, status lists, revocation lists, certificates."""

    __tablename__ = "artefact"
    kind: str = column(primary_key=True, max_length=32)
    name: str = column(primary_key=True, max_length=200)
    sequence: int = column(kind=BigInteger)
    content: bytes = column(kind=LargeBinary)
    stored_at: datetime = column(kind=Moment)


class BatchRow(Row):
    """Sheets of many licences."""

    __tablename__ = "batch"
    __table_args__ = (Index("ix_batch_issuer", "issuer", "created_at"),)
    batch_id: str = column(primary_key=True, max_length=32)
    issuer: str = column(foreign_key="department.uscc", max_length=18)
    type_code: str = column(max_length=21)
    created_by: str = column(max_length=64)
    created_at: datetime = column(kind=Moment)
    is_cancelled: bool = False


class BatchSheetRow(Row):
    """The sheets themselves, as they came in, so that bad rows can be given back; dropped after some months."""

    __tablename__ = "batch_sheet"
    batch_id: str = column(primary_key=True, foreign_key="batch.batch_id", max_length=32)
    content: bytes = column(kind=LargeBinary)
    stored_at: datetime = column(index=True, kind=Moment)


class ChunkRow(Row):
    """Parts of a batch, each held by one worker at a time."""

    __tablename__ = "chunk"
    __table_args__ = (partial_index("ix_chunk_open", "lease_until", where="state <> 'done'"),)
    batch_id: str = column(primary_key=True, foreign_key="batch.batch_id", max_length=32)
    number: int = column(primary_key=True)
    state: str = column(max_length=10)
    worker: str | None = column(default=None, max_length=120)
    lease_until: datetime = column(kind=Moment)
    attempts: int


class SheetRow(Row):
    """Rows of a sheet, by number and content."""

    __tablename__ = "sheet_row"
    __table_args__ = (Index("ix_sheet_row_chunk", "batch_id", "chunk", "row"),)
    batch_id: str = column(primary_key=True, foreign_key="batch.batch_id", max_length=32)
    row: int = column(primary_key=True)
    chunk: int | None = None
    content_digest: bytes = column(kind=LargeBinary)
    state: str = column(max_length=10)
    draft_id: str | None = column(default=None, foreign_key="draft.draft_id", max_length=32)
    licence_id: str | None = column(default=None, max_length=16)
    problems: str = column(kind=Text)


class RequestRow(Row):
    """Idempotency keys with the answers given, until they expire."""

    __tablename__ = "request"
    client: str = column(primary_key=True, max_length=64)
    key: str = column(primary_key=True, max_length=255)
    body_digest: bytes = column(kind=LargeBinary)
    status: int | None = None
    body: bytes | None = column(default=None, kind=LargeBinary)
    expires_at: datetime = column(index=True, kind=Moment)


class LogRecordRow(Row):
    """Records whose digests stand in the log's entries about keys and administrators."""

    __tablename__ = "log_record"
    digest: bytes = column(primary_key=True, kind=LargeBinary)
    record: bytes = column(kind=LargeBinary)
    kept_at: datetime = column(kind=Moment)


class KeyUseRow(Row):
    """How often a worker used a counted key on a day, and how many of these uses the log tells of."""

    __tablename__ = "key_use"
    worker: str = column(primary_key=True, max_length=120)
    key: str = column(primary_key=True, max_length=64)
    day: date = column(primary_key=True)
    uses: int = column(kind=BigInteger)
    logged: int = column(kind=BigInteger)


class LongTermRow(Row):
    """Filed documents with evidence for the long term behind them, numbered from 1 for each licence."""

    __tablename__ = "long_term"
    licence_id: str = column(primary_key=True, foreign_key="licence.licence_id", max_length=16)
    number: int = column(primary_key=True)
    document_digest: str = column(index=True, max_length=64)
    sealed_at: datetime = column(kind=Moment)


class LiveCodeUseRow(Row):
    """One-time values of live codes that were checked: the second check of one is told when the first was."""

    __tablename__ = "live_code_use"
    __table_args__ = (Index("ix_live_code_use_licence", "licence_id", "used_at"),)
    one_time: bytes = column(primary_key=True, kind=LargeBinary)
    licence_id: str = column(max_length=16)
    used_at: datetime = column(kind=Moment)
