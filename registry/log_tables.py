"""Tables of names that the log had, and of what came back after a restore. Through ``registry.tables`` only."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, Text

from registry.columns import Moment, Row, column


class ClosedLogRow(Row):
    """Names that a log had before it got the next one, each with its last head: the tree goes on, the name does not."""

    __tablename__ = "closed_log"
    origin: str = column(primary_key=True, max_length=255)
    log: int = column(foreign_key="log_head.log")
    size: int = column(kind=BigInteger)
    root: bytes = column(kind=LargeBinary)
    edge: bytes = column(kind=LargeBinary)
    note: str = column(kind=Text)
    time: datetime = column(kind=Moment)


class RecoveredLeafRow(Row):
    """Leaves that were brought back from the published bundles, and what is known of the acts that they tell of.

    ``document`` is the SHA-256 of a document in the vault that bears the leaf's proof; licence and number are read from
    it. All three are empty where nothing of the act is left.
    """

    __tablename__ = "recovered_leaf"
    log: int = column(primary_key=True, foreign_key="log_head.log")
    leaf_index: int = column(primary_key=True, kind=BigInteger)
    what: str = column(max_length=130)
    document: str | None = column(default=None, index=True, max_length=64)
    licence_id: str | None = column(default=None, max_length=16)
    number: str | None = column(default=None, max_length=200)
    recovered_at: datetime = column(kind=Moment)


class KeptStatusRow(Row):
    """Places of lost licences in the status lists that were published as ended: the row of their attempt is lost."""

    __tablename__ = "kept_status"
    status_list: int = column(primary_key=True)
    status_index: int = column(primary_key=True)
    status: int
