"""The tables of relying offices: receipts, recalls, webhooks, keys. Imported through ``registry.tables`` only."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, LargeBinary, Text

from registry.columns import BIG, Moment, Row, column, partial_index


class VerificationReceiptRow(Row):
    """Receipts of the relying offices, until each has to be deleted; ``leaf`` is the place of its log entry."""

    __tablename__ = "verification_receipt"
    __table_args__ = (
        Index("ix_verification_receipt_office", "office", "leaf"),
        Index("ix_verification_receipt_licence", "licence_id", "in_force"),
    )
    receipt_id: str = column(primary_key=True, max_length=32)
    licence_id: str | None = column(default=None, max_length=16)
    office: str = column(foreign_key="department.uscc", max_length=18)
    client: str = column(max_length=64)
    purpose: str = column(max_length=64)
    item_code: str | None = column(default=None, max_length=33)
    legal_basis: str = column(max_length=500)
    case_number: str = column(max_length=200)
    operator: bytes | None = column(default=None, kind=LargeBinary)
    verdict: str = column(max_length=20)
    in_force: bool
    made_at: datetime = column(kind=Moment)
    delete_after: datetime = column(index=True, kind=Moment)
    content: bytes = column(kind=LargeBinary)
    timestamp: bytes | None = column(default=None, kind=LargeBinary)
    leaf: int = column(unique=True, kind=BigInteger)


class ReceiptDeletionRow(Row):
    """Receipts that were deleted when it was time: which entry of the log stands without its receipt, as meant."""

    __tablename__ = "receipt_deletion"
    leaf: int = column(primary_key=True, kind=BIG)
    deleted_at: datetime = column(kind=Moment)


class RecallRow(Row):
    """Receipts whose licence changed since. ``number`` counts in the order in which they were committed."""

    __tablename__ = "recall"
    __table_args__ = (
        Index("ix_recall_office", "office", "number"),
        Index("uq_recall_receipt_event", "receipt_id", "event_id", unique=True),
    )
    number: int = column(primary_key=True, kind=BIG)
    receipt_id: str = column(foreign_key="verification_receipt.receipt_id", max_length=32)
    event_id: int = column(foreign_key="licence_event.event_id", kind=BigInteger)
    office: str = column(max_length=18)
    licence_id: str = column(max_length=16)
    state: str = column(max_length=10)
    effective_on: date
    recalled_at: datetime = column(kind=Moment)
    was_in_force: bool


class WebhookTargetRow(Row):
    """Addresses that an administrator listed; nothing is ever sent to any other."""

    __tablename__ = "webhook_target"
    __table_args__ = (Index("uq_webhook_target_address", "office", "url", unique=True),)
    target_id: str = column(primary_key=True, max_length=32)
    office: str = column(foreign_key="department.uscc", max_length=18)
    url: str = column(max_length=500)
    is_active: bool = True
    added_at: datetime = column(kind=Moment)


class WebhookDeliveryRow(Row):
    """Messages on their way, written in the transaction of what they tell of."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        partial_index("ix_webhook_delivery_due", "next_at", where="state = 'waiting'"),
        Index("ix_webhook_delivery_target", "target_id", "created_at"),
    )
    message_id: str = column(primary_key=True, max_length=40)
    target_id: str = column(foreign_key="webhook_target.target_id", max_length=32)
    body: str = column(kind=Text)
    created_at: datetime = column(kind=Moment)
    state: str = column(max_length=10)
    attempts: int
    next_at: datetime = column(kind=Moment)
    last_status: int | None = None


class ApiClientRow(Row):
    """Systems that call; the digest of the secret, never the secret."""

    __tablename__ = "api_client"
    key_id: str = column(primary_key=True, max_length=64)
    department: str = column(foreign_key="department.uscc", index=True)
    name: str = column(max_length=100)
    roles: str = column(max_length=200)
    environment: str = column(max_length=10)
    secret_digest: bytes = column(kind=LargeBinary)
    is_active: bool = True


class ClientKeyRow(Row):
    """Public keys with which calling systems say who they are."""

    __tablename__ = "client_key"
    key_id: str = column(primary_key=True, foreign_key="api_client.key_id", max_length=64)
    kid: str = column(primary_key=True, max_length=256)
    algorithm: str = column(max_length=16)
    spki: bytes = column(kind=LargeBinary)
    added_at: datetime = column(kind=Moment)


class ClientCertificateRow(Row):
    """Certificates by which calling systems are known in their TLS connections."""

    __tablename__ = "client_certificate"
    key_id: str = column(primary_key=True, foreign_key="api_client.key_id", max_length=64)
    digest: bytes = column(primary_key=True, kind=LargeBinary)
    known_by: str = column(max_length=10)
    subject: str = column(max_length=1000)
    added_at: datetime = column(kind=Moment)


class ClientTokenRow(Row):
    """Tokens of calling systems, good for some minutes; the digest, never the token.

    ``certificate`` is the SHA-256 of the certificate that it was got by, if any: it is good beside that one alone.
    """

    __tablename__ = "client_token"
    digest: bytes = column(primary_key=True, kind=LargeBinary)
    key_id: str = column(foreign_key="api_client.key_id", index=True, max_length=64)
    certificate: bytes | None = column(default=None, kind=LargeBinary)
    expires_at: datetime = column(index=True, kind=Moment)


class ClientStatementRow(Row):
    """Signed statements that were used, until nobody would take them any more."""

    __tablename__ = "client_statement"
    digest: bytes = column(primary_key=True, kind=LargeBinary)
    expires_at: datetime = column(index=True, kind=Moment)
