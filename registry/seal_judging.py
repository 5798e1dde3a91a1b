"""May this seal be used under this grant, on this occasion, now? One pure procedure with a reason for each refusal.

Promises: pure; the first reason in this order is raised, each with its own error:
  1. the seal's state · 2. the seal's term · 3. the certificate's term · 4. the grant's state · 5. its term · 6. its
  office · 7. its person · 8. its role · 9. the licence type · 10. the service item · 11. the second person ·
  12. manage and use kept apart · 13. the limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from registry.seal_errors import (
    GrantEndedError,
    GrantItemError,
    GrantNotBegunError,
    GrantOfficeError,
    GrantPersonError,
    GrantRoleError,
    GrantTypeError,
    GrantUsedUpError,
    GrantWithdrawnError,
    SealCalledInError,
    SealCertificateError,
    SealDestroyedError,
    SealEndedError,
    SealError,
    SealNotBegunError,
    SealNotFiledError,
    SealRefusedError,
    SealSamePersonError,
    SealSuspendedError,
    SecondPersonError,
)
from registry.seal_lifecycle import GrantState, SealState
from registry.seal_records import GrantTerms, Occasion, SealGrant

_STATE_ERRORS: Final[Mapping[SealState, type[SealError]]] = {
    SealState.APPLIED: SealNotFiledError,
    SealState.APPROVED: SealNotFiledError,
    SealState.MADE: SealNotFiledError,
    SealState.REFUSED: SealRefusedError,
    SealState.SUSPENDED: SealSuspendedError,
    SealState.CALLED_IN: SealCalledInError,
    SealState.DESTROYED: SealDestroyedError,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFacts:
    """What of a seal decides whether it may be used; the terms are those of its filed object."""

    code: str
    state: SealState
    version: int | None
    key: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    certificate_from: datetime | None
    certificate_until: datetime | None
    managers: frozenset[str] = field(default=frozenset(), repr=False)


def demand_in_use(seal: SealFacts) -> None:
    """Refuse a seal whose state allows no use. Raises the state's own error."""
    if seal.state in _STATE_ERRORS:
        raise _STATE_ERRORS[seal.state]


def demand_granted(grant: SealGrant) -> None:
    """Refuse a grant that was withdrawn."""
    if grant.state is GrantState.WITHDRAWN:
        raise GrantWithdrawnError


def judge(seal: SealFacts, grant: SealGrant, occasion: Occasion, *, at: datetime) -> str:
    """Return the legal basis on which the seal may be used. Raises the first reason against it."""
    judge_seal(seal, at=at)  # (1) to (3)
    demand_granted(grant)  # (4)
    _judge_term(grant.terms, at=at)  # (5)
    _judge_who(grant.terms, occasion)  # (6) to (8)
    legal_basis = _judge_what(grant.terms, occasion)  # (9), (10)
    _judge_second(grant.terms, occasion)  # (11)
    persons = {occasion.person, occasion.second_person}
    if persons & (seal.managers | {grant.granted_by}):  # (12)
        raise SealSamePersonError
    if grant.terms.uses_max is not None and grant.uses_taken >= grant.terms.uses_max:  # (13)
        raise GrantUsedUpError
    return legal_basis


def judge_seal(seal: SealFacts, *, at: datetime) -> None:
    """Refuse a seal that may not be used at all at this moment."""
    demand_in_use(seal)
    if seal.valid_from is None or seal.valid_until is None:
        raise SealNotFiledError
    if at < seal.valid_from:
        raise SealNotBegunError
    if at > seal.valid_until:
        raise SealEndedError
    if seal.certificate_from is None or seal.certificate_until is None:
        raise SealNotFiledError
    if not seal.certificate_from <= at <= seal.certificate_until:
        raise SealCertificateError


def _judge_term(terms: GrantTerms, *, at: datetime) -> None:
    if at < terms.valid_from:
        raise GrantNotBegunError
    if at >= terms.valid_until:
        raise GrantEndedError


def _judge_who(terms: GrantTerms, occasion: Occasion) -> None:
    if occasion.office != terms.office:
        raise GrantOfficeError
    if terms.person not in {None, occasion.person}:
        raise GrantPersonError
    if terms.role not in {None, occasion.role}:
        raise GrantRoleError


def _judge_what(terms: GrantTerms, occasion: Occasion) -> str:
    """Return the legal basis of the occasion's item, or that for documents of no item."""
    if occasion.type_code is None and occasion.item_code is None:
        if terms.documents_basis is None:
            raise GrantTypeError
        return terms.documents_basis
    if occasion.type_code is not None and occasion.type_code not in terms.types:
        raise GrantTypeError
    if occasion.type_code is None and terms.documents_basis is None:
        raise GrantTypeError
    if occasion.item_code not in terms.items:
        raise GrantItemError
    return terms.items[occasion.item_code or ""]


def _judge_second(terms: GrantTerms, occasion: Occasion) -> None:
    if occasion.second_person == occasion.person:
        raise SecondPersonError
    if terms.needs_second and occasion.second_person is None:
        raise SecondPersonError
