"""The tables of what witnesses said of the signing log. Imported through ``registry.tables`` only."""

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from registry.columns import Moment, Row


class LogCheckpointRow(Row, table=True):
    """Checkpoints that at least one witness cosigned; the log's own note, without the witnesses' lines."""

    __tablename__ = "log_checkpoint"
    log: int = Field(primary_key=True, foreign_key="log_head.log")
    size: int = Field(primary_key=True, sa_type=BigInteger)
    note: str = Field(sa_type=Text)


class LogCosignatureRow(Row, table=True):
    """Signature lines of witnesses, by the key id that stands in the line."""

    __tablename__ = "log_cosignature"
    log: int = Field(primary_key=True, foreign_key="log_head.log")
    size: int = Field(primary_key=True, sa_type=BigInteger)
    witness: str = Field(primary_key=True, max_length=300)
    line: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Moment)


class WitnessAnswerRow(Row, table=True):
    """The last answer of each witness: the size that it holds, and what went wrong, empty when it signed."""

    __tablename__ = "witness_answer"
    log: int = Field(primary_key=True, foreign_key="log_head.log")
    witness: str = Field(primary_key=True, max_length=300)
    size: int = Field(sa_type=BigInteger)
    code: str = Field(max_length=40)
    asked_at: datetime = Field(sa_type=Moment)
