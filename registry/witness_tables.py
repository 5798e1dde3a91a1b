"""The tables of what witnesses said of the signing log. Imported through ``registry.tables`` only."""

from datetime import datetime

from sqlalchemy import BigInteger, Text

from registry.columns import Moment, Row, column


class LogCheckpointRow(Row):
    """Checkpoints that at least one witness cosigned; the log's own note, without the witnesses' lines."""

    __tablename__ = "log_checkpoint"
    log: int = column(primary_key=True, foreign_key="log_head.log")
    size: int = column(primary_key=True, kind=BigInteger)
    note: str = column(kind=Text)


class LogCosignatureRow(Row):
    """Signature lines of witnesses, by the key id that stands in the line."""

    __tablename__ = "log_cosignature"
    log: int = column(primary_key=True, foreign_key="log_head.log")
    size: int = column(primary_key=True, kind=BigInteger)
    witness: str = column(primary_key=True, max_length=300)
    line: str = column(kind=Text)
    at: datetime = column(kind=Moment)


class WitnessAnswerRow(Row):
    """The last answer of each witness: the size that it holds, and what went wrong, empty when it signed."""

    __tablename__ = "witness_answer"
    log: int = column(primary_key=True, foreign_key="log_head.log")
    witness: str = column(primary_key=True, max_length=300)
    size: int = column(kind=BigInteger)
    code: str = column(max_length=40)
    asked_at: datetime = column(kind=Moment)
