"""Tables of names that the log had, and of what came back after a restore. Through ``registry.tables`` only."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field

from registry.columns import Moment, Row


class ClosedLogRow(Row, table=True):
    """Names that a log had before it got the next one, each with its last head: the tree goes on, the name does not."""

    __tablename__ = "closed_log"
    origin: str = Field(primary_key=True, max_length=255)
    log: int = Field(foreign_key="log_head.log")
    size: int = Field(sa_type=BigInteger)
    root: bytes = Field(sa_type=LargeBinary)
    edge: bytes = Field(sa_type=LargeBinary)
    note: str = Field(sa_type=Text)
    time: datetime = Field(sa_type=Moment)


class RecoveredLeafRow(Row, table=True):
    """Leaves that were brought back from the published bundles, and what is known of the acts that they tell of.

    ``document`` is the SHA-256 of a document in the vault that bears the leaf's proof; licence and number are read from
    it. All three are empty where nothing of the act is left.
    """

    __tablename__ = "recovered_leaf"
    log: int = Field(primary_key=True, foreign_key="log_head.log")
    leaf_index: int = Field(primary_key=True, sa_type=BigInteger)
    what: str = Field(max_length=130)
    document: str | None = Field(default=None, index=True, max_length=64)
    licence_id: str | None = Field(default=None, max_length=16)
    number: str | None = Field(default=None, max_length=200)
    recovered_at: datetime = Field(sa_type=Moment)


class KeptStatusRow(Row, table=True):
    """Places of lost licences in the status lists that were published as ended: the row of their attempt is lost."""

    __tablename__ = "kept_status"
    status_list: int = Field(primary_key=True)
    status_index: int = Field(primary_key=True)
    status: int
