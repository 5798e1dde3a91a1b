"""Check the state of a licence, offline by the signed status list, or online by the registry's answer.

Promises:
  * The address of a list is the issuer's prefix in the trust list and the list's number; a document names none.
  * A list that is too old, absent or too short is a gap, never "in force"; what it says has ended stays ended.
  * The registry must agree with what was shown in each point that both state; a disagreement is "altered".
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from verify.evidence import Answer, EndedPart, Evidence, NotFound, RegistryAnswer, Unreachable
from verify.licence import HolderKind, mask_name
from verify.qr_token import ShortStatus, StatusClaim, TokenClaims
from verify.report import NO_PARAMS, Check, Claimed, Finding, Outcome
from verify.states import LicenceState
from verify.status import StatusIndexError, StatusList, StatusValue
from verify.trust import TrustedIssuer

# Two clocks that are kept by the network differ by less; a list from the future beyond this means a clock is wrong.
# Lists are signed anew every few minutes.
LISTS_REMEMBERED: Final = 256
CLOCK_SKEW_MAX: Final = timedelta(minutes=5)

_STATUS_NOT_ASKED: Final = Finding(check=Check.STATUS, code="status.not_asked", outcome=Outcome.UNKNOWN)
_CLOCK_NOT_ASKED: Final = Finding(check=Check.CLOCK, code="clock.not_asked", outcome=Outcome.UNKNOWN)
_CLOCK_GOOD: Final = Finding(check=Check.CLOCK, code="clock.good", outcome=Outcome.PASSED)
_CODE: Final[Mapping[StatusValue, str]] = {
    StatusValue.IN_FORCE: "status.in_force",
    StatusValue.ENDED: "status.ended",
    StatusValue.SUSPENDED: "status.suspended",
    StatusValue.SUPERSEDED: "status.superseded",
}
_IN_FORCE: Final = StatusValue.IN_FORCE
# An end and a replacement are never taken back; a suspension is, and "in force" is what a forger hopes to read.
_LASTING: Final = frozenset({StatusValue.ENDED, StatusValue.SUPERSEDED})


def find_list(claims: TokenClaims, issuer: TrustedIssuer | None, evidence: Evidence) -> StatusList | None:
    """Return the status list that the issuer's entry in the trust list leads to, when it is at hand."""
    if issuer is None or not evidence.status_lists:
        return None
    status = claims.status
    if isinstance(status, ShortStatus):
        return evidence.status_lists.get(f"{issuer.status_prefix}{status.list_number}")
    return evidence.status_lists.get(status.uri) if _is_of(status, issuer) else None


def check_status_list(
    claims: TokenClaims, status_list: StatusList | None, evidence: Evidence, *, at: datetime
) -> Finding:
    """Judge the state by the status list: its value, then its age by the limit of the licence type."""
    if status_list is None:
        return _STATUS_NOT_ASKED
    try:
        value = status_list.value(claims.status.index)
    except StatusIndexError as error:
        return _of_list(status_list, "status.not_asked", Outcome.UNKNOWN, detail=error.code)
    age = at - status_list.issued_at
    is_over = at >= status_list.expires_at
    if is_over or (age > evidence.freshness(claims.type_code) and value not in _LASTING):
        params = {"hours": str(max(int(age.total_seconds() // 3600), 0)), "days": str(max(age.days, 0))}
        return _of_list(status_list, "status.stale", Outcome.UNKNOWN, params=params)
    if value is _IN_FORCE:
        return _in_force(status_list.issued_at)
    return _of_list(status_list, _CODE[value], Outcome.FAILED)


@lru_cache(maxsize=LISTS_REMEMBERED)
def _in_force(issued_at: datetime) -> Finding:
    code = _CODE[_IN_FORCE]
    return Finding(Check.STATUS, code, Outcome.PASSED, source="status list", as_of=issued_at)


def check_clock(status_list: StatusList | None, evidence: Evidence, *, at: datetime) -> Finding:
    """Judge the clock behind `at`, by a comparison that was made or by a signed list that comes from the future."""
    offset = evidence.clock_offset
    if offset is None and status_list is not None and status_list.issued_at - at > CLOCK_SKEW_MAX:
        offset = status_list.issued_at - at
    if offset is None:
        return _CLOCK_NOT_ASKED
    if abs(offset) <= CLOCK_SKEW_MAX:
        return _CLOCK_GOOD
    return clock_off(offset)


def clock_off(offset: timedelta) -> Finding:
    """Say by how much the clock is off."""
    minutes = str(round(abs(offset).total_seconds() / 60))
    return Finding(check=Check.CLOCK, code="clock.wrong", outcome=Outcome.FAILED, params={"minutes": minutes})


def check_registry(answer: Answer, *, at: datetime) -> Finding:
    """Say what the registry says of the state."""
    if isinstance(answer, Unreachable):
        return _of_registry("status.unreachable", Outcome.UNKNOWN, at)
    if isinstance(answer, NotFound):
        return _of_registry("status.not_found", Outcome.FAILED, at)
    if answer.state is LicenceState.IN_FORCE and answer.ended_parts:
        return _of_registry("status.partly", Outcome.FAILED, at, _ended(answer.ended_parts))
    outcome = Outcome.PASSED if answer.state is LicenceState.IN_FORCE else Outcome.FAILED
    return _of_registry(f"status.{answer.state.value}", outcome, at, _act(answer))


def differences(claimed: Claimed, answer: RegistryAnswer) -> tuple[str, ...]:
    """Return the names of what the registry states otherwise than the code."""
    of_person = answer.holder_kind is HolderKind.PERSON
    pairs = (
        ("licence_id", claimed.licence_id, answer.licence_id),
        ("number", claimed.number, answer.number),
        ("type_code", claimed.type_code, answer.type_code),
        ("issuer", claimed.issuer, answer.issuer),
        ("holder", claimed.holder, mask_name(answer.holder_name) if of_person else answer.holder_name),
        ("valid_from", claimed.valid_from, answer.valid_from),
        ("valid_until", claimed.valid_until, answer.valid_until),
        ("token_kid", claimed.token_kid, answer.token_kid.hex()),
        ("token_digest", claimed.token_digest, answer.token_digest.hex()),
    )
    return tuple(name for name, shown, recorded in pairs if shown != recorded)


def _is_of(status: StatusClaim, issuer: TrustedIssuer) -> bool:
    """Say whether an address is below the issuer's own prefix; any other one is not asked."""
    return bool(issuer.status_prefix) and status.uri.startswith(issuer.status_prefix)


def _act(answer: RegistryAnswer) -> dict[str, str]:
    """Return what the sentence of the state needs; only what was recorded."""
    values: dict[str, str | date | None] = {
        "authority": answer.issuer_name,
        "authority_en": answer.issuer_name_en,
        "date": answer.event_effective_on,
        "until": answer.suspended_until,
        "reference": answer.event_reference,
        "legal_basis": answer.event_legal_basis,
        "number": answer.superseded_by_number,
    }
    if answer.state is LicenceState.IN_FORCE:
        return {}
    return {name: value if isinstance(value, str) else value.isoformat() for name, value in values.items() if value}


def _ended(parts: tuple[EndedPart, ...]) -> dict[str, str]:
    """Return how many parts of a combined licence ended, and their names by the reason."""
    named: dict[str, list[str]] = {}
    for each in parts:
        named.setdefault(each.reason, []).append(each.name)
    return {"parts": str(len(parts)), **{reason: "、".join(names) for reason, names in named.items()}}


def _of_list(
    status_list: StatusList,
    code: str,
    outcome: Outcome,
    *,
    detail: str = "",
    params: Mapping[str, str] = NO_PARAMS,
) -> Finding:
    return Finding(
        check=Check.STATUS,
        code=code,
        outcome=outcome,
        detail=detail,
        source="status list",
        as_of=status_list.issued_at,
        params=params,
    )


def _of_registry(code: str, outcome: Outcome, at: datetime, params: Mapping[str, str] = NO_PARAMS) -> Finding:
    return Finding(check=Check.STATUS, code=code, outcome=outcome, source="registry", as_of=at, params=params)
