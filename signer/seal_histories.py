"""Publish the history of each seal, signed: "was this seal in force at that moment, for what?" answered without a key.

Promises:
  * As those of `statuses`: whoever read earlier never has the last word, and what did not change is signed again only
    when it is older than its time to live.
  * Processes that serve the public hold no key; they, and any static server, give out what is signed here.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from keys.custody import DEPLOYMENT
from registry import artefacts, seals
from registry.db import reading, transaction
from registry.errors import ArtefactOrderError, DatabaseBusyError
from registry.seal_history import history_of
from signer.desk import Desk
from signer.statuses import ROUNDS_MAX, TTL, trusted_alone
from verify.algorithms import der_to_raw
from verify.key_purpose import KeyPurpose
from verify.seal_history import (
    SealHistory,
    SealHistoryError,
    assemble_seal_history,
    open_seal_history,
    seal_history_to_be_signed,
)

KIND: Final = "seal_history"
"""The kind of artefact; its name is the seal's code."""


def refresh_seal_histories(desk: Desk, *, at: datetime, only: Sequence[str] | None = None) -> tuple[str, ...]:
    """Sign and keep the histories that changed or are old, all or only those of these seals; return their codes."""
    wanted: Collection[str] = only or ()
    if only is None:
        with reading(desk.database) as tx:
            wanted = [each.code for each in seals.seals_of(tx)]
    return tuple(code for code in wanted if _refresh(desk, code, at=at))


def _refresh(desk: Desk, code: str, *, at: datetime) -> bool:
    """Publish one history if it needs it, and say whether it did; the order of steps is that of `refresh_list`."""
    for _ in range(ROUNDS_MAX):
        with reading(desk.database) as tx:
            sequence = artefacts.latest_sequence(tx, KIND, code)
            stored = artefacts.latest(tx, KIND, code)
            history = history_of(tx, code, at=at)
        if not _needs(desk, stored, history):
            return False
        content = _sign(desk, history)
        with suppress(ArtefactOrderError), transaction(desk.database) as tx:
            artefacts.store(tx, KIND, code, content, sequence=sequence + 1, at=at)
            return True
    raise DatabaseBusyError


def _needs(desk: Desk, stored: bytes | None, history: SealHistory) -> bool:
    if stored is None:
        return True
    public = desk.custody.public_key(desk.key(KeyPurpose.STATUS_LIST, DEPLOYMENT))
    try:
        published = open_seal_history(stored, code=history.code, keys=lambda kid: trusted_alone(public, kid))
    except SealHistoryError:
        return True  # of an older key
    is_old = history.issued_at - published.issued_at >= TTL
    return is_old or replace(published, issued_at=history.issued_at) != history


def _sign(desk: Desk, history: SealHistory) -> bytes:
    key = desk.key(KeyPurpose.STATUS_LIST, DEPLOYMENT)
    kid = desk.custody.public_key(key).kid
    signature = desk.custody.sign_counted(key, seal_history_to_be_signed(history, kid))
    return assemble_seal_history(history, kid, der_to_raw(signature))
