"""The tables. No other package may import them; inside this one they are used through SQLAlchemy Core.

Promises:
  * The migrations make exactly these tables (a test compares them on both databases).
  * What is given out once and never again (numbers, ids, places in status lists and log) is a primary or unique key.
"""

from datetime import date, datetime
from typing import Final

from sqlalchemy import BigInteger, Index, LargeBinary, Table, Text, text

from registry import (
    account_tables,
    log_tables,
    official_tables,
    receipt_tables,
    seal_tables,
    witness_tables,
    work_tables,
)
from registry.columns import BIG, Moment, Row, column, partial_index


class DepartmentRow(Row):
    """Offices."""

    __tablename__ = "department"
    uscc: str = column(primary_key=True, max_length=18)
    name: str = column(max_length=200)
    name_en: str = column(max_length=200)
    short_code: str = column(max_length=32)
    level: int
    parent: str | None = column(default=None, foreign_key="department.uscc", index=True)
    division: str = column(max_length=6)


class PersonRow(Row):
    """Staff; the digest of a sign-in secret, never the secret."""

    __tablename__ = "person"
    person_id: str = column(primary_key=True, max_length=64)
    department: str = column(foreign_key="department.uscc", index=True)
    name: str = column(max_length=100)
    roles: str = column(max_length=200)
    secret_digest: bytes | None = column(default=None, kind=LargeBinary)
    is_active: bool = True


class LicenceTypeRow(Row):
    """Versions of the licence types; names and hours stand out for the public check."""

    __tablename__ = "licence_type"
    code: str = column(primary_key=True, max_length=21)
    version: int = column(primary_key=True)
    in_force_from: date
    name: str = column(max_length=200)
    name_en: str = column(max_length=200)
    offline_hours: int
    definition: str = column(kind=Text)


class ServiceItemRow(Row):
    """Government service items."""

    __tablename__ = "service_item"
    item_code: str = column(primary_key=True, max_length=33)
    name: str = column(max_length=200)
    definition: str = column(kind=Text)


class CounterRow(Row):
    """Counters; locked by the act that moves them on."""

    __tablename__ = "counter"
    name: str = column(primary_key=True, max_length=120)
    value: int = column(kind=BIG)


class LineageRow(Row):
    """All versions of one licence: the serial in its identifier, and the highest version given out."""

    __tablename__ = "lineage"
    lineage: str = column(primary_key=True, max_length=32)
    number: str = column(max_length=200)
    last_version: int


class LicenceNumberRow(Row):
    """Numbers given out, by issuer and type; a number belongs to one lineage for ever."""

    __tablename__ = "licence_number"
    issuer: str = column(primary_key=True, max_length=18)
    type_code: str = column(primary_key=True, max_length=21)
    number: str = column(primary_key=True, max_length=200)
    lineage: str = column(foreign_key="lineage.lineage", max_length=32)


class DraftRow(Row):
    """Drafts, with the number and lineage that each keeps once reserved."""

    __tablename__ = "draft"
    __table_args__ = (
        Index("ix_draft_issuer_state", "issuer", "state", "created_at", "draft_id"),
        partial_index("uq_draft_batch_key", "batch_key", unique=True, where="batch_key IS NOT NULL"),
    )
    draft_id: str = column(primary_key=True, max_length=32)
    type_code: str = column(max_length=21)
    issuer: str = column(foreign_key="department.uscc", max_length=18)
    holder_name: str = column(max_length=200)
    holder_kind: str = column(max_length=12)
    holder_code: str = column(max_length=64)
    holder_code_type: str = column(max_length=3)
    fields: str = column(kind=Text)
    valid_from: date
    valid_until: date | None = None
    item_code: str = column(max_length=33)
    given_number: str | None = column(default=None, max_length=200)
    photo: bytes | None = column(default=None, kind=LargeBinary)
    papers_due: date | None = None
    replaces: str | None = column(default=None, max_length=16)
    change_kind: str = column(max_length=12)
    batch_key: str | None = column(default=None, max_length=120)
    state: str = column(max_length=10)
    created_by: str = column(max_length=64)
    changed_by: str | None = column(default=None, kind=Text)
    created_at: datetime = column(kind=Moment)
    reviewed_by: str | None = column(default=None, max_length=64)
    version: int
    number: str | None = column(default=None, max_length=200)
    lineage: str | None = column(default=None, max_length=32)
    lineage_version: int | None = None
    type_version: int | None = None
    licence_id: str | None = column(default=None, max_length=16)


class StatusListRow(Row):
    """The secret key of each status list's permutation."""

    __tablename__ = "status_list"
    number: int = column(primary_key=True)
    key: bytes = column(kind=LargeBinary)


class PlaceRow(Row):
    """Each attempt ever reserved; ``status`` is what its place in the status list says."""

    __tablename__ = "place"
    __table_args__ = (
        Index("uq_place_status_list_status_index", "status_list", "status_index", unique=True),
        partial_index("ix_place_status", "status_list", "status", where="status > 0"),
    )
    licence_id: str = column(primary_key=True, max_length=16)
    draft_id: str = column(foreign_key="draft.draft_id", index=True, max_length=32)
    status_list: int = column(foreign_key="status_list.number")
    status_index: int
    status: int
    reserved_at: datetime = column(kind=Moment)


class LicenceRow(Row):
    """Filed licence versions."""

    __tablename__ = "licence"
    __table_args__ = (
        Index("ix_licence_issuer", "issuer", "document_leaf"),
        Index("ix_licence_issuer_type", "issuer", "type_code", "document_leaf"),
        Index("ix_licence_issuer_state", "issuer", "state", "document_leaf"),
        Index("uq_licence_lineage_version", "lineage", "version", unique=True),
        partial_index("ix_licence_suspended_until", "suspended_until", where="suspended_until IS NOT NULL"),
        partial_index("ix_licence_papers_due", "papers_due", where="papers_due IS NOT NULL AND state = 'in_force'"),
    )
    licence_id: str = column(primary_key=True, foreign_key="place.licence_id", max_length=16)
    draft_id: str = column(foreign_key="draft.draft_id", unique=True, max_length=32)
    identifier: str = column(max_length=128)
    lineage: str = column(foreign_key="lineage.lineage", max_length=32)
    version: int
    type_code: str = column(max_length=21)
    type_version: int
    number: str = column(index=True, max_length=200)
    issuer: str = column(foreign_key="department.uscc", max_length=18)
    holder_name: str = column(max_length=200)
    holder_kind: str = column(max_length=12)
    holder_code: str = column(index=True, max_length=64)
    holder_code_type: str = column(max_length=3)
    item_code: str = column(max_length=33)
    change_kind: str = column(max_length=12)
    valid_from: date
    valid_until: date | None = None
    papers_due: date | None = None
    state: str = column(max_length=10)
    suspended_until: date | None = None
    status_list: int
    status_index: int
    issued_at: datetime = column(kind=Moment)
    operator_role: str = column(max_length=32)
    token_text: str = column(kind=Text)
    token_kid: bytes = column(kind=LargeBinary)
    token_digest: bytes = column(kind=LargeBinary)
    document_digest: str = column(index=True, max_length=64)
    ofd_digest: str | None = column(default=None, index=True, max_length=64)
    data_set: bytes = column(kind=LargeBinary)
    code_leaf: int = column(kind=BigInteger)
    document_leaf: int = column(kind=BigInteger)
    ofd_leaf: int | None = column(default=None, kind=BigInteger)
    replaces: str | None = column(default=None, max_length=16)
    superseded_by: str | None = column(default=None, max_length=16)
    etag: int
    last_event: int | None = column(default=None, kind=BigInteger)


class EventRow(Row):
    """Acts on licences. ``record`` is what the log's leaf is the digest of; both it and the salt may be destroyed."""

    __tablename__ = "licence_event"
    event_id: int | None = column(default=None, primary_key=True, kind=BIG)
    licence_id: str = column(foreign_key="licence.licence_id", index=True, max_length=16)
    event: str = column(max_length=10)
    happened_at: datetime = column(kind=Moment)
    effective_on: date
    reason: str = column(max_length=2000)
    legal_basis: str = column(max_length=500)
    reference: str = column(max_length=200)
    until: date | None = None
    operator_role: str = column(max_length=32)
    record: bytes | None = column(default=None, kind=LargeBinary)
    leaf_index: int | None = column(default=None, index=True, kind=BigInteger)


class LogHeadRow(Row):
    """One row for each log: what the next batch must build on."""

    __tablename__ = "log_head"
    log: int | None = column(default=None, primary_key=True)
    origin: str = column(unique=True, max_length=255)
    size: int = column(kind=BigInteger)
    root: bytes = column(kind=LargeBinary)
    edge: bytes = column(kind=LargeBinary)
    note: str = column(kind=Text)
    time: datetime | None = column(default=None, kind=Moment)


class LogPendingRow(Row):
    """Entries that committed transactions left for the sequencer."""

    __tablename__ = "log_pending"
    pending_id: int | None = column(default=None, primary_key=True, kind=BIG)
    key: str = column(unique=True, max_length=120)
    kind: int
    digest: bytes = column(kind=LargeBinary)
    detail: bytes | None = column(default=None, kind=LargeBinary)
    created_at: datetime = column(kind=Moment)
    event_id: int | None = column(default=None, kind=BigInteger, foreign_key="licence_event.event_id")


class LogEntryRow(Row):
    """The log. It grows only by the statements that move its head on, so its rows need not refer to that once more."""

    __tablename__ = "log_entry"
    __table_args__ = (Index("ix_log_entry_segment", text("(idx >> 14)"), "digest"),)
    log: int = column(primary_key=True)
    idx: int = column(primary_key=True, kind=BigInteger)
    entry: bytes = column(kind=LargeBinary)
    leaf_hash: bytes = column(kind=LargeBinary)
    digest: bytes = column(kind=LargeBinary)


class LogNodeRow(Row):
    """Hashes of complete subtrees from level 1 up; level 0 is the leaf hash of the entry."""

    __tablename__ = "log_node"
    log: int = column(primary_key=True)
    level: int = column(primary_key=True)
    idx: int = column(primary_key=True, kind=BigInteger)
    hash: bytes = column(kind=LargeBinary)


class IntentRow(Row):
    """Signing intents of licences and what became of them."""

    __tablename__ = "intent"
    __table_args__ = (partial_index("ix_intent_open", "lease_until", where="state = 'open'"),)
    log: int = column(primary_key=True, foreign_key="log_head.log")
    leaf_index: int = column(primary_key=True, kind=BigInteger)
    licence_id: str = column(index=True, max_length=16)
    purpose: str = column(max_length=20)
    state: str = column(max_length=10)
    worker: str = column(max_length=120)
    lease_until: datetime = column(kind=Moment)


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
