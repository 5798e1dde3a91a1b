"""How a seal stood at a moment: answered from its signed history, so that it may be checked and passed on.

Promises: no key is used, so the process for the public answers the same; what the history does not say is not said.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from api.errors import MomentAheadError, UnknownArtefactError
from api.wiring import Office
from registry import artefacts, departments, seal_grants, seals
from registry.db import reading
from registry.seal_errors import UnknownSealError
from registry.seal_records import SealGrant, SealRecord
from signer.seal_histories import KIND
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.seal_history import SealHistory, SealStanding, open_seal_history
from verify.trust import TrustListExpiredError

_USE: Final = TRUST_LIST_USE[KeyPurpose.STATUS_LIST]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealAnswer:
    """The standing of a seal, the grants that were in force then, and the signed history that says so."""

    seal: SealRecord
    owner_name: str
    history: SealHistory
    standing: SealStanding
    grants: tuple[SealGrant, ...]
    signed: bytes = field(repr=False)


def seal_answer(office: Office, code: str, at: datetime | None) -> SealAnswer:
    """Return how a seal stood at this moment, or stands now.

    Raises `MomentAheadError`, `UnknownSealError` (also for a time before its application), `UnknownArtefactError` when
    no history is published yet, `SealHistoryError`, `TrustListExpiredError`.
    """
    now = office.clock()
    moment = now if at is None else at
    if moment > now:
        raise MomentAheadError
    with reading(office.database) as tx:
        seal = seals.demand_seal(tx, code)
        owner = departments.find_department(tx, seal.owner)
    signed = signed_history(office, code)
    history = _opened(office, code, signed, now=now)
    standing = history.at(moment)
    if standing is None:
        raise UnknownSealError
    with reading(office.database) as tx:
        grants = seal_grants.grants_by_id(tx, [each.grant_id for each in standing.grants])
    return SealAnswer(
        seal=seal,
        owner_name="" if owner is None else owner.name,
        history=history,
        standing=standing,
        grants=tuple(grants[each.grant_id] for each in standing.grants if each.grant_id in grants),
        signed=signed,
    )


def signed_history(office: Office, code: str) -> bytes:
    """Return the newest signed history of a seal. Raises `UnknownSealError`, `UnknownArtefactError`."""
    with reading(office.database) as tx:
        seals.demand_seal(tx, code)
        content = artefacts.latest(tx, KIND, code)
    if content is None:
        raise UnknownArtefactError
    return content


def _opened(office: Office, code: str, signed: bytes, *, now: datetime) -> SealHistory:
    trust = office.public_files.trust_list(at=now)
    if trust is None:
        raise TrustListExpiredError
    return open_seal_history(signed, code=code, keys=lambda kid: [key for _, key in trust.keys_for(kid, _USE)])
