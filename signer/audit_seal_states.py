"""Part of an audit: how seals, their objects and their grants stand, as their acts tell it.

Promises: each column of these rows that decides whether a seal may be used follows from the acts, which are in the log;
those that do not follow are named.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from registry.seal_grants import GRANT, WITHDRAW
from registry.seal_lifecycle import ENDS, ObjectState, SealAct
from registry.seal_records import SealEventRecord, SealGrant, SealObjectRecord, SealRecord
from signer.audit_columns import different

_AFTER: Final[Mapping[str, ObjectState]] = {
    SealAct.APPLY.value: ObjectState.APPLIED,
    SealAct.RENEW.value: ObjectState.APPLIED,
    SealAct.APPROVE.value: ObjectState.APPROVED,
    SealAct.REFUSE.value: ObjectState.REFUSED,
    SealAct.MAKE.value: ObjectState.MADE,
    SealAct.FILE.value: ObjectState.FILED,
}
"""How an object stands after an act on it."""
_ON_ITS_WAY: Final = frozenset({ObjectState.APPLIED, ObjectState.APPROVED, ObjectState.MADE})
_ENDS: Final = frozenset(each.value for each in ENDS)

Acts = Sequence[SealEventRecord]


def seal_otherwise(seal: SealRecord, objects: Sequence[SealObjectRecord], acts: Acts) -> str:
    """Name the columns of a seal that do not follow from the acts on it, oldest first, and from its objects."""
    filed = [each.version for each in acts if each.act == SealAct.FILE.value]
    return different(
        {
            "state": (acts[-1].state if acts else None, seal.state.value),
            "version": (seal.version, filed[-1] if filed else None),
            "last_version": ([each.version for each in objects], list(range(1, seal.last_version + 1))),
            "etag": (seal.etag, len(acts)),
            "created_at": (seal.created_at, acts[0].happened_at if acts else None),
        }
    )


def object_otherwise(made: SealObjectRecord, acts: Acts) -> str:
    """Name the columns of an object that do not follow from the acts on its seal."""
    own = [each for each in acts if each.version == made.version and each.act in _AFTER]
    filed = next((each for each in own if each.act == SealAct.FILE.value), None)
    later = _later(filed, acts)
    return different(
        {
            "state": (made.state, _state(own, acts, is_replaced=later is not None)),
            "filed_at": (made.filed_at, None if filed is None else filed.happened_at),
            "replaced_at": (made.replaced_at, None if later is None else later.happened_at),
            "digest": (made.digest, None if made.content is None else sha256(made.content).digest()),
        }
    )


def grant_otherwise(grant: SealGrant, events: Acts) -> str:
    """Name the columns of a grant that do not follow from the acts on it."""
    did = {each.act: each for each in events if each.grant_id == grant.grant_id}
    gave, withdrew = did.get(GRANT), did.get(WITHDRAW)
    return different(
        {
            "granted_by": (grant.granted_by, None if gave is None else gave.person),
            "granted_at": (grant.granted_at, None if gave is None else gave.happened_at),
            "withdrawn_at": (grant.withdrawn_at, None if withdrew is None else withdrew.happened_at),
        }
    )


def _later(filed: SealEventRecord | None, acts: Acts) -> SealEventRecord | None:
    """Return the filing of the next object, which replaced this one."""
    if filed is None:
        return None
    return next((each for each in acts if each.act == SealAct.FILE.value and each.event_id > filed.event_id), None)


def _state(own: Acts, acts: Acts, *, is_replaced: bool) -> ObjectState | None:
    if not own:
        return None
    if is_replaced:
        return ObjectState.REPLACED
    state = _AFTER[own[-1].act]
    is_ended = any(each.act in _ENDS and each.event_id > own[-1].event_id for each in acts)
    return ObjectState.REFUSED if is_ended and state in _ON_ITS_WAY else state
