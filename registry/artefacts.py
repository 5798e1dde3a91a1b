"""Signed public files in their newest state: trust list, status lists, revocation lists, certificates.

Promises: an older one never takes the place of a newer one, also when two processes sign at once. A state that has the
same mark is the same state.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, Select, bindparam, func, select

from registry.db import Database, Transaction
from registry.errors import ArtefactOrderError
from registry.prepared import Prepared
from registry.statements import upsert
from registry.tables import ARTEFACT, LICENCE_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArtefact:
    """An artefact as it is kept; ``sequence`` None is that of a copy, which tells none."""

    kind: str
    name: str
    sequence: int | None
    content: bytes = field(repr=False)


# Kind and name are the key. An audit asks for each artefact several times.
_LATEST: Final = Prepared(
    lambda: select(ARTEFACT.c.sequence, ARTEFACT.c.content).where(
        ARTEFACT.c.kind == bindparam("kind"), ARTEFACT.c.name == bindparam("name")
    )
)


def store(tx: Transaction, kind: str, name: str, content: bytes, *, sequence: int, at: datetime) -> None:
    """Keep an artefact. Raises ``ArtefactOrderError`` unless its sequence is above that of the one kept."""
    values = {"kind": kind, "name": name, "content": content, "sequence": sequence, "stored_at": at}
    statement = upsert(tx, ARTEFACT).values(values)
    newer = {key: statement.excluded[key] for key in ("content", "sequence", "stored_at")}
    statement = statement.on_conflict_do_update(
        index_elements=[ARTEFACT.c.kind, ARTEFACT.c.name],
        set_=newer,
        where=ARTEFACT.c.sequence < statement.excluded.sequence,
    )
    if tx.execute(statement.returning(ARTEFACT.c.sequence)).scalar_one_or_none() is None:
        raise ArtefactOrderError


def latest(tx: Transaction, kind: str, name: str) -> bytes | None:
    """Return the newest artefact of this name."""
    found = stored(tx, kind, name)
    return None if found is None else found.content


def latest_sequence(tx: Transaction, kind: str, name: str) -> int:
    """Return the sequence of the newest artefact of this name, 0 when there is none."""
    query = select(ARTEFACT.c.sequence).where(ARTEFACT.c.kind == kind, ARTEFACT.c.name == name)
    return tx.execute(query).scalar_one_or_none() or 0


def mark(database: Database, kinds: tuple[str, str, str, str]) -> tuple[int, int, int]:
    """Return what changes with every artefact of these kinds and with every version of a licence type, in one query.

    No artefact is ever taken away and each new one has a higher sequence, so that count and sum only go up; versions of
    types are only added.
    """
    found = _MARK.first(database, {f"kind_{place}": kind for place, kind in enumerate(kinds)})
    if found is None:
        raise LookupError("sums have a row, also over nothing")
    count, total, types = found
    return count, int(total or 0), types


def _marks() -> Select[Any]:
    kinds: list[BindParameter[str]] = [bindparam(f"kind_{place}") for place in range(4)]
    types = select(func.count()).select_from(LICENCE_TYPE).scalar_subquery()
    return select(func.count(), func.sum(ARTEFACT.c.sequence), types).where(ARTEFACT.c.kind.in_(kinds))


_MARK: Final = Prepared(_marks)


def all_latest(tx: Transaction, kind: str) -> tuple[tuple[str, bytes], ...]:
    """Return name and content of all artefacts of a kind, by name."""
    query = select(ARTEFACT.c.name, ARTEFACT.c.content).where(ARTEFACT.c.kind == kind).order_by(ARTEFACT.c.name)
    return tuple((row.name, row.content) for row in tx.execute(query))


def names(tx: Transaction, kind: str) -> tuple[str, ...]:
    """Return the names of all artefacts of a kind, in order."""
    query = select(ARTEFACT.c.name).where(ARTEFACT.c.kind == kind).order_by(ARTEFACT.c.name)
    return tuple(tx.execute(query).scalars())


def all_names(tx: Transaction) -> tuple[tuple[str, str], ...]:
    """Return kind and name of all artefacts, for an audit."""
    query = select(ARTEFACT.c.kind, ARTEFACT.c.name).order_by(ARTEFACT.c.kind, ARTEFACT.c.name)
    return tuple((row.kind, row.name) for row in tx.execute(query))


def stored(tx: Transaction, kind: str, name: str) -> StoredArtefact | None:
    """Return an artefact with its sequence, as one moment saw them."""
    rows = _LATEST.rows(tx, {"kind": kind, "name": name})
    return StoredArtefact(kind=kind, name=name, sequence=rows[0][0], content=rows[0][1]) if rows else None
