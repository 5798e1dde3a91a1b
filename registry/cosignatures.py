"""What witnesses said of the signing log: cosigned checkpoints, and each witness's last answer.

Promises:
  * Lines are kept with the very checkpoint that they are about; one line of each witness for each checkpoint.
  * Only checkpoints that somebody cosigned are kept, and few of them: a newer one proves whatever an older one proved.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from registry.db import Transaction
from registry.statements import upsert
from registry.tables import LOG_CHECKPOINT, LOG_COSIGNATURE, WITNESS_ANSWER


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignedCheckpoint:
    """A checkpoint with the lines of those who cosigned it; `note` is the log's own, without them."""

    size: int
    note: str
    lines: tuple[str, ...]

    @property
    def cosigned_note(self) -> str:
        """The note with all lines."""
        return self.note + "".join(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAnswer:
    """What a witness said last: the size that it holds, and the code of what went wrong, empty when it cosigned."""

    witness: str
    size: int
    code: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLine:
    """The line of a witness under the checkpoint of this size, under the name by which it is kept."""

    size: int
    witness: str
    line: str
    at: datetime


def keep_checkpoint(tx: Transaction, log: int, size: int, note: str) -> None:
    """Keep a checkpoint that is about to get its first line; nothing happens when it is there."""
    row = {"log": log, "size": size, "note": note}
    tx.execute(upsert(tx, LOG_CHECKPOINT).values(row).on_conflict_do_nothing())


def keep_line(tx: Transaction, log: int, size: int, witness: str, line: str, *, at: datetime) -> None:
    """Keep the line of a witness; a first one stays, for it tells the earlier time."""
    row = {"log": log, "size": size, "witness": witness, "line": line, "at": at}
    tx.execute(upsert(tx, LOG_COSIGNATURE).values(row).on_conflict_do_nothing())


def keep_answer(tx: Transaction, log: int, answer: LastAnswer) -> None:
    """Keep what a witness said last."""
    values = {"size": answer.size, "code": answer.code, "asked_at": answer.asked_at}
    statement = upsert(tx, WITNESS_ANSWER).values({"log": log, "witness": answer.witness} | values)
    keys = [WITNESS_ANSWER.c.log, WITNESS_ANSWER.c.witness]
    tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def last_answers(tx: Transaction, log: int) -> tuple[LastAnswer, ...]:
    """Return the last answer of each witness that was ever asked."""
    rows = tx.execute(select(WITNESS_ANSWER).where(WITNESS_ANSWER.c.log == log).order_by(WITNESS_ANSWER.c.witness))
    return tuple(LastAnswer(witness=row.witness, size=row.size, code=row.code, asked_at=row.asked_at) for row in rows)


def lines_of(tx: Transaction, log: int, size: int) -> tuple[str, ...]:
    """Return the lines under the checkpoint of this size, in one order."""
    query = select(LOG_COSIGNATURE.c.line).where(LOG_COSIGNATURE.c.log == log, LOG_COSIGNATURE.c.size == size)
    return tuple(tx.execute(query.order_by(LOG_COSIGNATURE.c.witness)).scalars())


def cosigned_checkpoints(tx: Transaction, log: int) -> tuple[CosignedCheckpoint, ...]:
    """Return all that are kept, the newest first."""
    lines: dict[int, list[str]] = {}
    query = select(LOG_COSIGNATURE.c.size, LOG_COSIGNATURE.c.line).where(LOG_COSIGNATURE.c.log == log)
    for row in tx.execute(query.order_by(LOG_COSIGNATURE.c.witness)):
        lines.setdefault(row.size, []).append(row.line)
    rows = tx.execute(
        select(LOG_CHECKPOINT.c.size, LOG_CHECKPOINT.c.note)
        .where(LOG_CHECKPOINT.c.log == log)
        .order_by(LOG_CHECKPOINT.c.size.desc())
    )
    return tuple(CosignedCheckpoint(size=row.size, note=row.note, lines=tuple(lines.get(row.size, ()))) for row in rows)


def logs(tx: Transaction) -> frozenset[int]:
    """Return the logs of which anything is kept, for an audit."""
    kept = select(LOG_CHECKPOINT.c.log).union(select(LOG_COSIGNATURE.c.log))
    return frozenset(tx.execute(kept).scalars())


def kept_lines(tx: Transaction, log: int) -> tuple[KeptLine, ...]:
    """Return all lines that are kept, for an audit."""
    columns = (LOG_COSIGNATURE.c[name] for name in KeptLine.__slots__)
    rows = tx.execute(select(*columns).where(LOG_COSIGNATURE.c.log == log)).mappings()
    return tuple(KeptLine(**row) for row in rows)


def forget(tx: Transaction, log: int, sizes: Iterable[int]) -> None:
    """Forget the checkpoints of these sizes with their lines."""
    for size in sizes:
        for table in (LOG_COSIGNATURE, LOG_CHECKPOINT):
            tx.execute(delete(table).where(table.c.log == log, table.c.size == size))
