"""The tables of relying offices: receipts, recalls, webhooks, keys. Imported through ``registry.tables`` only."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, LargeBinary, Text, text
from sqlmodel import Field

from registry.columns import BIG, Moment, Row


class VerificationReceiptRow(Row, table=True):
    """Receipts of the relying offices, until each has to be deleted; ``leaf`` is the place of its log entry."""

    __tablename__ = "verification_receipt"
    __table_args__ = (
        Index("ix_verification_receipt_office", "office", "leaf"),
        Index("ix_verification_receipt_licence", "licence_id", "in_force"),
    )
    receipt_id: str = Field(primary_key=True, max_length=32)
    licence_id: str | None = Field(default=None, max_length=16)
    office: str = Field(foreign_key="department.uscc", max_length=18)
    client: str = Field(max_length=64)
    purpose: str = Field(max_length=64)
    item_code: str | None = Field(default=None, max_length=33)
    legal_basis: str = Field(max_length=500)
    case_number: str = Field(max_length=200)
    operator: bytes | None = Field(default=None, sa_type=LargeBinary)
    verdict: str = Field(max_length=20)
    in_force: bool
    made_at: datetime = Field(sa_type=Moment)
    delete_after: datetime = Field(index=True, sa_type=Moment)
    content: bytes = Field(sa_type=LargeBinary)
    timestamp: bytes | None = Field(default=None, sa_type=LargeBinary)
    leaf: int = Field(unique=True, sa_type=BigInteger)


class ReceiptDeletionRow(Row, table=True):
    """Receipts that were deleted when it was time: which entry of the log stands without its receipt, as meant."""

    __tablename__ = "receipt_deletion"
    leaf: int = Field(primary_key=True, sa_type=BIG)
    deleted_at: datetime = Field(sa_type=Moment)


class RecallRow(Row, table=True):
    """Receipts whose licence changed since. ``number`` counts in the order in which they were committed."""

    __tablename__ = "recall"
    __table_args__ = (
        Index("ix_recall_office", "office", "number"),
        Index("uq_recall_receipt_event", "receipt_id", "event_id", unique=True),
    )
    number: int = Field(primary_key=True, sa_type=BIG)
    receipt_id: str = Field(foreign_key="verification_receipt.receipt_id", max_length=32)
    event_id: int = Field(foreign_key="licence_event.event_id", sa_type=BigInteger)
    office: str = Field(max_length=18)
    licence_id: str = Field(max_length=16)
    state: str = Field(max_length=10)
    effective_on: date
    recalled_at: datetime = Field(sa_type=Moment)
    was_in_force: bool


class WebhookTargetRow(Row, table=True):
    """Addresses that an administrator listed; nothing is ever sent to any other."""

    __tablename__ = "webhook_target"
    __table_args__ = (Index("uq_webhook_target_address", "office", "url", unique=True),)
    target_id: str = Field(primary_key=True, max_length=32)
    office: str = Field(foreign_key="department.uscc", max_length=18)
    url: str = Field(max_length=500)
    is_active: bool = True
    added_at: datetime = Field(sa_type=Moment)


class WebhookDeliveryRow(Row, table=True):
    """Messages on their way, written in the transaction of what they tell of."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index(
            "ix_webhook_delivery_due",
            "next_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_delivery_target", "target_id", "created_at"),
    )
    message_id: str = Field(primary_key=True, max_length=40)
    target_id: str = Field(foreign_key="webhook_target.target_id", max_length=32)
    body: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=Moment)
    state: str = Field(max_length=10)
    attempts: int
    next_at: datetime = Field(sa_type=Moment)
    last_status: int | None = None


class ApiClientRow(Row, table=True):
    """Systems that call; the digest of the secret, never the secret."""

    __tablename__ = "api_client"
    key_id: str = Field(primary_key=True, max_length=64)
    department: str = Field(foreign_key="department.uscc", index=True)
    name: str = Field(max_length=100)
    roles: str = Field(max_length=200)
    environment: str = Field(max_length=10)
    secret_digest: bytes = Field(sa_type=LargeBinary)
    is_active: bool = True


class ClientKeyRow(Row, table=True):
    """Public keys with which calling systems say who they are."""

    __tablename__ = "client_key"
    key_id: str = Field(primary_key=True, foreign_key="api_client.key_id", max_length=64)
    kid: str = Field(primary_key=True, max_length=256)
    algorithm: str = Field(max_length=16)
    spki: bytes = Field(sa_type=LargeBinary)
    added_at: datetime = Field(sa_type=Moment)


class ClientCertificateRow(Row, table=True):
    """Certificates by which calling systems are known in their TLS connections."""

    __tablename__ = "client_certificate"
    key_id: str = Field(primary_key=True, foreign_key="api_client.key_id", max_length=64)
    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    known_by: str = Field(max_length=10)
    subject: str = Field(max_length=1000)
    added_at: datetime = Field(sa_type=Moment)


class ClientTokenRow(Row, table=True):
    """Tokens of calling systems, good for some minutes; the digest, never the token.

    ``certificate`` is the SHA-256 of the certificate that it was got by, if any: it is good beside that one alone.
    """

    __tablename__ = "client_token"
    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    key_id: str = Field(foreign_key="api_client.key_id", index=True, max_length=64)
    certificate: bytes | None = Field(default=None, sa_type=LargeBinary)
    expires_at: datetime = Field(index=True, sa_type=Moment)


class ClientStatementRow(Row, table=True):
    """Signed statements that were used, until nobody would take them any more."""

    __tablename__ = "client_statement"
    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    expires_at: datetime = Field(index=True, sa_type=Moment)
