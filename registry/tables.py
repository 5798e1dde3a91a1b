"""The tables. No other package may import them; inside this one they are used through SQLAlchemy Core.

Promises:
  * The migrations make exactly these tables (a test compares them on both databases).
  * What is given out once and never again (numbers, ids, places in status lists and log) is a primary or unique key.
"""

from datetime import date, datetime
from typing import Final

from sqlalchemy import BigInteger, Index, LargeBinary, Table, Text, text
from sqlmodel import Field

from registry import (
    account_tables,
    log_tables,
    official_tables,
    receipt_tables,
    seal_tables,
    witness_tables,
    work_tables,
)
from registry.columns import BIG, Moment, Row


class DepartmentRow(Row, table=True):
    """Offices."""

    __tablename__ = "department"
    uscc: str = Field(primary_key=True, max_length=18)
    name: str = Field(max_length=200)
    name_en: str = Field(max_length=200)
    short_code: str = Field(max_length=32)
    level: int
    parent: str | None = Field(default=None, foreign_key="department.uscc", index=True)
    division: str = Field(max_length=6)


class PersonRow(Row, table=True):
    """Staff; the digest of a sign-in secret, never the secret."""

    __tablename__ = "person"
    person_id: str = Field(primary_key=True, max_length=64)
    department: str = Field(foreign_key="department.uscc", index=True)
    name: str = Field(max_length=100)
    roles: str = Field(max_length=200)
    secret_digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    is_active: bool = True


class LicenceTypeRow(Row, table=True):
    """Versions of the licence types; names and hours stand out for the public check."""

    __tablename__ = "licence_type"
    code: str = Field(primary_key=True, max_length=21)
    version: int = Field(primary_key=True)
    in_force_from: date
    name: str = Field(max_length=200)
    name_en: str = Field(max_length=200)
    offline_hours: int
    definition: str = Field(sa_type=Text)


class ServiceItemRow(Row, table=True):
    """Government service items."""

    __tablename__ = "service_item"
    item_code: str = Field(primary_key=True, max_length=33)
    name: str = Field(max_length=200)
    definition: str = Field(sa_type=Text)


class CounterRow(Row, table=True):
    """Counters; locked by the act that moves them on."""

    __tablename__ = "counter"
    name: str = Field(primary_key=True, max_length=120)
    value: int = Field(sa_type=BIG)


class LineageRow(Row, table=True):
    """All versions of one licence: the serial in its identifier, and the highest version given out."""

    __tablename__ = "lineage"
    lineage: str = Field(primary_key=True, max_length=32)
    number: str = Field(max_length=200)
    last_version: int


class LicenceNumberRow(Row, table=True):
    """Numbers given out, by issuer and type; a number belongs to one lineage for ever."""

    __tablename__ = "licence_number"
    issuer: str = Field(primary_key=True, max_length=18)
    type_code: str = Field(primary_key=True, max_length=21)
    number: str = Field(primary_key=True, max_length=200)
    lineage: str = Field(foreign_key="lineage.lineage", max_length=32)


class DraftRow(Row, table=True):
    """Drafts, with the number and lineage that each keeps once reserved."""

    __tablename__ = "draft"
    __table_args__ = (
        Index("ix_draft_issuer_state", "issuer", "state", "created_at", "draft_id"),
        Index(
            "uq_draft_batch_key",
            "batch_key",
            unique=True,
            sqlite_where=text("batch_key IS NOT NULL"),
            postgresql_where=text("batch_key IS NOT NULL"),
        ),
    )
    draft_id: str = Field(primary_key=True, max_length=32)
    type_code: str = Field(max_length=21)
    issuer: str = Field(foreign_key="department.uscc", max_length=18)
    holder_name: str = Field(max_length=200)
    holder_kind: str = Field(max_length=12)
    holder_code: str = Field(max_length=64)
    holder_code_type: str = Field(max_length=3)
    fields: str = Field(sa_type=Text)
    valid_from: date
    valid_until: date | None = None
    item_code: str = Field(max_length=33)
    given_number: str | None = Field(default=None, max_length=200)
    photo: bytes | None = Field(default=None, sa_type=LargeBinary)
    papers_due: date | None = None
    replaces: str | None = Field(default=None, max_length=16)
    change_kind: str = Field(max_length=12)
    batch_key: str | None = Field(default=None, max_length=120)
    state: str = Field(max_length=10)
    created_by: str = Field(max_length=64)
    changed_by: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=Moment)
    reviewed_by: str | None = Field(default=None, max_length=64)
    version: int
    number: str | None = Field(default=None, max_length=200)
    lineage: str | None = Field(default=None, max_length=32)
    lineage_version: int | None = None
    type_version: int | None = None
    licence_id: str | None = Field(default=None, max_length=16)


class StatusListRow(Row, table=True):
    """The secret key of each status list's permutation."""

    __tablename__ = "status_list"
    number: int = Field(primary_key=True)
    key: bytes = Field(sa_type=LargeBinary)


class PlaceRow(Row, table=True):
    """Each attempt ever reserved; ``status`` is what its place in the status list says."""

    __tablename__ = "place"
    __table_args__ = (
        Index("uq_place_status_list_status_index", "status_list", "status_index", unique=True),
        Index(
            "ix_place_status",
            "status_list",
            "status",
            sqlite_where=text("status > 0"),
            postgresql_where=text("status > 0"),
        ),
    )
    licence_id: str = Field(primary_key=True, max_length=16)
    draft_id: str = Field(foreign_key="draft.draft_id", index=True, max_length=32)
    status_list: int = Field(foreign_key="status_list.number")
    status_index: int
    status: int
    reserved_at: datetime = Field(sa_type=Moment)


class LicenceRow(Row, table=True):
    """Filed licence versions."""

    __tablename__ = "licence"
    __table_args__ = (
        Index("ix_licence_issuer", "issuer", "document_leaf"),
        Index("ix_licence_issuer_type", "issuer", "type_code", "document_leaf"),
        Index("ix_licence_issuer_state", "issuer", "state", "document_leaf"),
        Index("uq_licence_lineage_version", "lineage", "version", unique=True),
        Index(
            "ix_licence_suspended_until",
            "suspended_until",
            sqlite_where=text("suspended_until IS NOT NULL"),
            postgresql_where=text("suspended_until IS NOT NULL"),
        ),
        Index(
            "ix_licence_papers_due",
            "papers_due",
            sqlite_where=text("papers_due IS NOT NULL AND state = 'in_force'"),
            postgresql_where=text("papers_due IS NOT NULL AND state = 'in_force'"),
        ),
    )
    licence_id: str = Field(primary_key=True, foreign_key="place.licence_id", max_length=16)
    draft_id: str = Field(foreign_key="draft.draft_id", unique=True, max_length=32)
    identifier: str = Field(max_length=128)
    lineage: str = Field(foreign_key="lineage.lineage", max_length=32)
    version: int
    type_code: str = Field(max_length=21)
    type_version: int
    number: str = Field(index=True, max_length=200)
    issuer: str = Field(foreign_key="department.uscc", max_length=18)
    holder_name: str = Field(max_length=200)
    holder_kind: str = Field(max_length=12)
    holder_code: str = Field(index=True, max_length=64)
    holder_code_type: str = Field(max_length=3)
    item_code: str = Field(max_length=33)
    change_kind: str = Field(max_length=12)
    valid_from: date
    valid_until: date | None = None
    papers_due: date | None = None
    state: str = Field(max_length=10)
    suspended_until: date | None = None
    status_list: int
    status_index: int
    issued_at: datetime = Field(sa_type=Moment)
    operator_role: str = Field(max_length=32)
    token_text: str = Field(sa_type=Text)
    token_kid: bytes = Field(sa_type=LargeBinary)
    token_digest: bytes = Field(sa_type=LargeBinary)
    document_digest: str = Field(index=True, max_length=64)
    ofd_digest: str | None = Field(default=None, index=True, max_length=64)
    data_set: bytes = Field(sa_type=LargeBinary)
    code_leaf: int = Field(sa_type=BigInteger)
    document_leaf: int = Field(sa_type=BigInteger)
    ofd_leaf: int | None = Field(default=None, sa_type=BigInteger)
    replaces: str | None = Field(default=None, max_length=16)
    superseded_by: str | None = Field(default=None, max_length=16)
    etag: int
    last_event: int | None = Field(default=None, sa_type=BigInteger)


class EventRow(Row, table=True):
    """Acts on licences. ``record`` is what the log's leaf is the digest of; both it and the salt may be destroyed."""

    __tablename__ = "licence_event"
    event_id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    licence_id: str = Field(foreign_key="licence.licence_id", index=True, max_length=16)
    event: str = Field(max_length=10)
    happened_at: datetime = Field(sa_type=Moment)
    effective_on: date
    reason: str = Field(max_length=2000)
    legal_basis: str = Field(max_length=500)
    reference: str = Field(max_length=200)
    until: date | None = None
    operator_role: str = Field(max_length=32)
    record: bytes | None = Field(default=None, sa_type=LargeBinary)
    leaf_index: int | None = Field(default=None, index=True, sa_type=BigInteger)


class LogHeadRow(Row, table=True):
    """One row for each log: what the next batch must build on."""

    __tablename__ = "log_head"
    log: int | None = Field(default=None, primary_key=True)
    origin: str = Field(unique=True, max_length=255)
    size: int = Field(sa_type=BigInteger)
    root: bytes = Field(sa_type=LargeBinary)
    edge: bytes = Field(sa_type=LargeBinary)
    note: str = Field(sa_type=Text)
    time: datetime | None = Field(default=None, sa_type=Moment)


class LogPendingRow(Row, table=True):
    """Entries that committed transactions left for the sequencer."""

    __tablename__ = "log_pending"
    pending_id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    key: str = Field(unique=True, max_length=120)
    kind: int
    digest: bytes = Field(sa_type=LargeBinary)
    detail: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=Moment)
    event_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="licence_event.event_id")


class LogEntryRow(Row, table=True):
    """The log."""

    __tablename__ = "log_entry"
    __table_args__ = (Index("ix_log_entry_digest", "digest"),)
    log: int = Field(primary_key=True, foreign_key="log_head.log")
    idx: int = Field(primary_key=True, sa_type=BigInteger)
    entry: bytes = Field(sa_type=LargeBinary)
    leaf_hash: bytes = Field(sa_type=LargeBinary)
    digest: bytes = Field(sa_type=LargeBinary)


class LogNodeRow(Row, table=True):
    """Hashes of complete subtrees from level 1 up; level 0 is the leaf hash of the entry."""

    __tablename__ = "log_node"
    log: int = Field(primary_key=True, foreign_key="log_head.log")
    level: int = Field(primary_key=True)
    idx: int = Field(primary_key=True, sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)


class IntentRow(Row, table=True):
    """Signing intents of licences and what became of them."""

    __tablename__ = "intent"
    __table_args__ = (
        Index(
            "ix_intent_open",
            "lease_until",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )
    log: int = Field(primary_key=True, foreign_key="log_head.log")
    leaf_index: int = Field(primary_key=True, sa_type=BigInteger)
    licence_id: str = Field(index=True, max_length=16)
    purpose: str = Field(max_length=20)
    state: str = Field(max_length=10)
    worker: str = Field(max_length=120)
    lease_until: datetime = Field(sa_type=Moment)


# All tables are of one collection; naming one of each module keeps its import from looking idle.
METADATA: Final = work_tables.ArtefactRow.metadata
_SEALS: Final = seal_tables.SealRow
_RECOVERED: Final = log_tables.RecoveredLeafRow
_OFFICIAL: Final = official_tables.OfficialDocumentRow
_RECEIPTS: Final = receipt_tables.VerificationReceiptRow
_ACCOUNTS: Final = account_tables.AccountRow
_WITNESSES: Final = witness_tables.LogCheckpointRow


def _table(name: str) -> Table:
    return METADATA.tables[name]


ACCOUNT: Final = _table("account")
API_CLIENT: Final = _table("api_client")
ARTEFACT: Final = _table("artefact")
BATCH: Final = _table("batch")
BATCH_SHEET: Final = _table("batch_sheet")
CHUNK: Final = _table("chunk")
CLIENT_CERTIFICATE: Final = _table("client_certificate")
CLIENT_KEY: Final = _table("client_key")
CLIENT_STATEMENT: Final = _table("client_statement")
CLIENT_TOKEN: Final = _table("client_token")
CLOSED_LOG: Final = _table("closed_log")
COUNTER: Final = _table("counter")
DEPARTMENT: Final = _table("department")
DRAFT: Final = _table("draft")
EVENT: Final = _table("licence_event")
HOLDER_ACCESS: Final = _table("holder_access")
INTENT: Final = _table("intent")
INVITATION: Final = _table("invitation")
KEPT_STATUS: Final = _table("kept_status")
KEY_USE: Final = _table("key_use")
LICENCE: Final = _table("licence")
LICENCE_NUMBER: Final = _table("licence_number")
LICENCE_TYPE: Final = _table("licence_type")
LINEAGE: Final = _table("lineage")
LIVE_CODE_USE: Final = _table("live_code_use")
LOG_CHECKPOINT: Final = _table("log_checkpoint")
LOG_COSIGNATURE: Final = _table("log_cosignature")
LOG_ENTRY: Final = _table("log_entry")
LOG_HEAD: Final = _table("log_head")
LOG_NODE: Final = _table("log_node")
LOG_PENDING: Final = _table("log_pending")
LOG_RECORD: Final = _table("log_record")
LONG_TERM: Final = _table("long_term")
OFFICIAL_DOCUMENT: Final = _table("official_document")
PERSON: Final = _table("person")
PLACE: Final = _table("place")
PROVIDER_SUBJECT: Final = _table("provider_subject")
PROVIDER_VISIT: Final = _table("provider_visit")
RECALL: Final = _table("recall")
RECEIPT_DELETION: Final = _table("receipt_deletion")
RECOVERY_CODE: Final = _table("recovery_code")
RECOVERED_LEAF: Final = _table("recovered_leaf")
REQUEST: Final = _table("request")
SEAL: Final = _table("seal")
SEAL_ENDING: Final = _table("seal_ending")
SEAL_EVENT: Final = _table("seal_event")
SEAL_GRANT: Final = _table("seal_grant")
SEAL_GRANT_ITEM: Final = _table("seal_grant_item")
SEAL_GRANT_TYPE: Final = _table("seal_grant_type")
SEAL_OBJECT: Final = _table("seal_object")
SEAL_USE: Final = _table("seal_use")
SEAL_USE_BODY: Final = _table("seal_use_body")
SERVICE_ITEM: Final = _table("service_item")
SHEET_ROW: Final = _table("sheet_row")
STAFF_SESSION: Final = _table("staff_session")
STATUS_LIST: Final = _table("status_list")
VERIFICATION_RECEIPT: Final = _table("verification_receipt")
WEBHOOK_DELIVERY: Final = _table("webhook_delivery")
WEBHOOK_TARGET: Final = _table("webhook_target")
WITNESS_ANSWER: Final = _table("witness_answer")
