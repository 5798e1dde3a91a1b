"""Was this seal in force, in whose hands, for what, at that moment? And that grant? Answered for any time.

Promises: read only; told by the dated acts, which never change and each have a leaf, and not by how things stand now.
``history_of`` says the same as ``seal_at`` for all moments at once (a test compares them), to be signed and published.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from registry.db import Transaction
from registry.seal_errors import UnknownGrantError, UnknownSealError
from registry.seal_events import events_of_seal
from registry.seal_grants import GRANT, WITHDRAW, find_seal_grant, grants_of
from registry.seal_lifecycle import GrantState, SealAct, SealState
from registry.seal_records import (
    GrantAt,
    GrantStanding,
    SealAt,
    SealEventRecord,
    SealGrant,
    SealObjectRecord,
    Standing,
)
from registry.seal_uses import count_uses
from registry.seals import demand_seal, objects_of
from verify.seal_history import GrantSpan, SealHistory, SealSpan

_MICROSECOND: Final = timedelta(microseconds=1)
_STANDING: Final[dict[SealState, Standing]] = {
    SealState.APPLIED: "not_filed",
    SealState.APPROVED: "not_filed",
    SealState.MADE: "not_filed",
    SealState.REFUSED: "refused",
    SealState.IN_USE: "in_use",
    SealState.SUSPENDED: "suspended",
    SealState.CALLED_IN: "called_in",
    SealState.DESTROYED: "destroyed",
}


def seal_at(tx: Transaction, code: str, at: datetime) -> SealAt:
    """Return how a seal stood at that moment. Raises ``UnknownSealError``, also for a time before its application."""
    seal = demand_seal(tx, code)
    past = [each for each in events_of_seal(tx, code) if each.happened_at <= at]
    acts = [each for each in past if each.grant_id is None]
    if not acts:
        raise UnknownSealError
    filed = _filed_version(acts)
    objects = {each.version: each for each in objects_of(tx, code)}
    current = None if filed is None else objects.get(filed)
    standing, since = _standing(acts, current, at=at)
    withdrawn = {each.grant_id for each in past if each.act == WITHDRAW}
    given = {each.grant_id for each in past if each.grant_id is not None} - withdrawn
    grants = tuple(
        replace(each, state=GrantState.GRANTED, withdrawn_at=None)
        for each in grants_of(tx, code)
        if each.grant_id in given and each.terms.valid_from <= at < each.terms.valid_until
    )
    return SealAt(
        code=code,
        name=seal.name,
        at=at,
        standing=standing,
        since=since,
        owner=seal.owner,
        object=current,
        grants=grants,
    )


def history_of(tx: Transaction, code: str, *, at: datetime) -> SealHistory:
    """Return all that a seal went through until now. Raises ``UnknownSealError``."""
    seal = demand_seal(tx, code)
    events = events_of_seal(tx, code)
    objects = {each.version: each for each in objects_of(tx, code)}
    return SealHistory(
        code=code,
        owner=seal.owner,
        issued_at=at,
        spans=_spans([each for each in events if each.grant_id is None], objects),
        grants=_grant_spans(events, grants_of(tx, code)),
        records=tuple(each.digest for each in events),
    )


def _spans(acts: list[SealEventRecord], objects: Mapping[int, SealObjectRecord]) -> tuple[SealSpan, ...]:
    """Return how the seal stood from each act on, and where the term of its object began or ended between two acts."""
    found: dict[datetime, SealSpan] = {}
    for number, act in enumerate(acts, 1):
        ends = acts[number].happened_at if number < len(acts) else None
        filed = _filed_version(acts[:number])
        current = None if filed is None else objects.get(filed)
        turns = () if current is None else (current.valid_from, current.valid_until + _MICROSECOND)
        for begins in (act.happened_at, *(turn for turn in turns if turn > act.happened_at)):
            if ends is None or begins < ends:
                standing, _ = _standing(acts[:number], current, at=begins)
                digest = None if current is None else current.digest
                found[begins] = SealSpan(begins=begins, standing=standing, version=filed, object_digest=digest)
    return tuple(found[begins] for begins in sorted(found))


def _grant_spans(events: tuple[SealEventRecord, ...], grants: tuple[SealGrant, ...]) -> tuple[GrantSpan, ...]:
    given = {each.grant_id: each for each in events if each.act == GRANT}
    withdrawn = {each.grant_id: each.happened_at for each in events if each.act == WITHDRAW}
    spans = []
    for grant in grants:
        begins = max(given[grant.grant_id].happened_at, grant.terms.valid_from)
        ends = min(withdrawn.get(grant.grant_id, grant.terms.valid_until), grant.terms.valid_until)
        record = given[grant.grant_id].digest
        spans.append(GrantSpan(grant_id=grant.grant_id, begins=begins, ends=max(begins, ends), record=record))
    return tuple(spans)


def grant_at(tx: Transaction, grant_id: str, at: datetime) -> GrantAt:
    """Return how a grant stood at that moment. Raises ``UnknownGrantError``, also for a time before it was given."""
    grant = find_seal_grant(tx, grant_id)
    if grant is None or grant.granted_at > at:
        raise UnknownGrantError
    uses = count_uses(tx, grant_id, until=at)
    return GrantAt(grant=grant, at=at, standing=_grant_standing(grant, uses, at=at), uses=uses)


def _filed_version(acts: list[SealEventRecord]) -> int | None:
    versions = [each.version for each in acts if each.act == SealAct.FILE.value]
    return versions[-1] if versions else None


def _standing(
    acts: list[SealEventRecord], current: SealObjectRecord | None, *, at: datetime
) -> tuple[Standing, datetime]:
    """Return how the seal stood by its last act, and since when; the term of its object decides where it was in use."""
    state = acts[-1].state
    since = acts[-1].happened_at
    for each in reversed(acts):
        if each.state != state:
            break
        since = each.happened_at
    standing = _STANDING[SealState(state)]
    if standing == "in_use" and current is not None:
        if at < current.valid_from:
            return "not_yet_valid", since
        if at > current.valid_until:
            return "expired", current.valid_until
    return standing, since


def _grant_standing(grant: SealGrant, uses: int, *, at: datetime) -> GrantStanding:
    terms = grant.terms
    if grant.withdrawn_at is not None and grant.withdrawn_at <= at:
        return "withdrawn"
    if at < terms.valid_from:
        return "not_yet_valid"
    if at >= terms.valid_until:
        return "expired"
    return "used_up" if terms.uses_max is not None and uses >= terms.uses_max else "granted"
