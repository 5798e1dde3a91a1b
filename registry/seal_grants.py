"""Grants: who may use which seal, for what, on what legal basis, until when, how often, alone or with a second person.

Promises:
  * A grant's terms never change; other terms are another grant. Giving and withdrawing are dated acts with a leaf each.
  * ``find_grant`` picks the narrowest grant that fits, and where none fits says what the best one lacks.

A grant's number is the seal's code and a serial, as in ``99010000000001-0007``: it stands in what is sealed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select, update

from registry.db import Transaction
from registry.departments import find_department
from registry.errors import UnknownDepartmentError
from registry.seal_errors import (
    GrantTermsError,
    GrantWithdrawnError,
    NoGrantError,
    SealError,
    SealNotAllowedError,
    UnknownGrantError,
    UnknownSealError,
)
from registry.seal_events import SealEvent, record_event
from registry.seal_facts import seal_facts
from registry.seal_judging import judge
from registry.seal_lifecycle import GrantState, SealState
from registry.seal_records import GrantTerms, Occasion, SealDeed, SealGrant
from registry.tables import SEAL, SEAL_GRANT, SEAL_GRANT_ITEM, SEAL_GRANT_TYPE

GRANT: Final = "grant"
WITHDRAW: Final = "withdraw"
# A bureau that took over the powers of twenty departments has some hundred of them.
ITEMS_MAX: Final = 2000
# What a signed mandate holds (verify/mandate.py).
LEGAL_BASIS_LENGTH_MAX: Final = 200
_MAY_BE_GRANTED: Final = frozenset({SealState.IN_USE, SealState.SUSPENDED})
_CHILDREN: Final = frozenset({"types", "items"})
_TERMS: Final = tuple(each.name for each in fields(GrantTerms) if each.name not in _CHILDREN)


def add_grant(
    tx: Transaction,
    code: str,
    terms: GrantTerms,
    deed: SealDeed,
    *,
    at: datetime,
    random: Callable[[int], bytes],
) -> SealGrant:
    """Give a grant for a filed seal.

    Raises ``UnknownSealError``, ``SealNotAllowedError``, ``GrantTermsError``, ``UnknownDepartmentError``.
    """
    _demand_terms(terms)
    query = select(SEAL.c.state, SEAL.c.owner, SEAL.c.last_grant).where(SEAL.c.code == code).with_for_update()
    seal = tx.execute(query).one_or_none()
    if seal is None:
        raise UnknownSealError
    if SealState(seal.state) not in _MAY_BE_GRANTED:
        raise SealNotAllowedError(params={"state": seal.state, "act": GRANT})
    if find_department(tx, terms.office) is None:
        raise UnknownDepartmentError
    serial = seal.last_grant + 1
    grant_id = f"{code}-{serial:04d}"
    tx.execute(update(SEAL).where(SEAL.c.code == code).values(last_grant=serial))
    values = {
        **{name: getattr(terms, name) for name in _TERMS},
        "grant_id": grant_id,
        "code": code,
        "uses_taken": 0,
        "state": GrantState.GRANTED.value,
        "granted_by": deed.person,
        "granted_at": at,
    }
    tx.execute(insert(SEAL_GRANT).values(values))
    _add_children(tx, grant_id, terms)
    given = GrantState.GRANTED.value
    event = SealEvent(code=code, owner=seal.owner, act=GRANT, state=given, grant_id=grant_id, terms=terms)
    record_event(tx, event, deed, at=at, random=random)
    return demand_grant(tx, grant_id)


def withdraw_grant(
    tx: Transaction, grant_id: str, deed: SealDeed, *, at: datetime, random: Callable[[int], bytes]
) -> SealGrant:
    """Withdraw a grant for good. Raises ``UnknownGrantError``, ``GrantWithdrawnError``."""
    (grant,) = lock_grants(tx, (grant_id,))
    if grant.state is GrantState.WITHDRAWN:
        raise GrantWithdrawnError
    values = {"state": GrantState.WITHDRAWN.value, "withdrawn_at": at}
    tx.execute(update(SEAL_GRANT).where(SEAL_GRANT.c.grant_id == grant_id).values(values))
    owner = tx.execute(select(SEAL.c.owner).where(SEAL.c.code == grant.code)).scalar_one()
    gone = GrantState.WITHDRAWN.value
    event = SealEvent(code=grant.code, owner=owner, act=WITHDRAW, state=gone, grant_id=grant_id, terms=grant.terms)
    record_event(tx, event, deed, at=at, random=random)
    return demand_grant(tx, grant_id)


def find_seal_grant(tx: Transaction, grant_id: str) -> SealGrant | None:
    """Return one grant."""
    return next(iter(_grants(tx, SEAL_GRANT.c.grant_id == grant_id)), None)


def demand_grant(tx: Transaction, grant_id: str) -> SealGrant:
    """Return one grant. Raises ``UnknownGrantError``."""
    grant = find_seal_grant(tx, grant_id)
    if grant is None:
        raise UnknownGrantError
    return grant


def grants_of(tx: Transaction, code: str) -> tuple[SealGrant, ...]:
    """Return all grants of a seal, oldest first."""
    return _grants(tx, SEAL_GRANT.c.code == code)


def grants_for(tx: Transaction, office: str) -> tuple[SealGrant, ...]:
    """Return all grants that were given to a department, by their numbers."""
    return _grants(tx, SEAL_GRANT.c.office == office)


def grants_by_id(tx: Transaction, grant_ids: Sequence[str]) -> dict[str, SealGrant]:
    """Return grants by their numbers, as far as there are any; at most some hundred at once."""
    return {each.grant_id: each for each in _grants(tx, SEAL_GRANT.c.grant_id.in_(grant_ids))}


def lock_grants(tx: Transaction, grant_ids: Sequence[str], *, read: bool = False) -> tuple[SealGrant, ...]:
    """Lock grants, always in one order, and return them in that of the arguments; `read` lets others read on.

    Raises ``UnknownGrantError``.
    """
    query = select(SEAL_GRANT.c.grant_id).where(SEAL_GRANT.c.grant_id.in_(grant_ids))
    tx.execute(query.order_by(SEAL_GRANT.c.grant_id).with_for_update(read=read)).all()
    found = {each.grant_id: each for each in _grants(tx, SEAL_GRANT.c.grant_id.in_(grant_ids))}
    if not found.keys() >= set(grant_ids):
        raise UnknownGrantError
    return tuple(found[grant_id] for grant_id in grant_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """Why a grant does not fit, and how near it came: its place in the order of the reasons."""

    error: SealError
    passed: int


def find_grant(tx: Transaction, occasion: Occasion, *, at: datetime) -> SealGrant:
    """Return the grant under which this is to be sealed: the narrowest that fits, the oldest of equals.

    Nothing is locked or counted: ``take_use`` judges again. Raises ``NoGrantError`` when the department has no grant at
    all, else what is against the grant that came nearest.
    """
    refused: list[_Refusal] = []
    fitting: list[SealGrant] = []
    candidates = _grants(tx, SEAL_GRANT.c.office == occasion.office)
    seals = seal_facts(tx, {each.code for each in candidates})
    for grant in candidates:
        try:
            judge(seals[grant.code], grant, occasion, at=at)
        except SealError as error:
            refused.append(_Refusal(error=error, passed=_nearness(grant, occasion)))
        else:
            fitting.append(grant)
    if fitting:
        return min(fitting, key=_breadth)
    if not refused:
        raise NoGrantError
    raise max(refused, key=lambda each: each.passed).error


def _nearness(grant: SealGrant, occasion: Occasion) -> int:
    """Say how well a grant fits what is to be sealed, whatever else is against it; then whether it still stands."""
    terms = grant.terms
    has_type = occasion.type_code in terms.types if occasion.type_code else terms.documents_basis is not None
    has_item = occasion.item_code is None or occasion.item_code in terms.items
    is_mine = terms.person in {None, occasion.person} and terms.role in {None, occasion.role}
    return 8 * has_item + 4 * has_type + 2 * is_mine + (grant.state is GrantState.GRANTED)


def _breadth(grant: SealGrant) -> tuple[bool, bool, bool, int, str]:
    """Order grants: one person's before one role's before an office's; few items before many."""
    terms = grant.terms
    return terms.person is None, terms.role is None, terms.uses_max is None, len(terms.items), grant.grant_id


def _demand_terms(terms: GrantTerms) -> None:
    """Refuse terms that cover nothing, have no legal basis, no term, or a limit below one."""
    bases = [*terms.items.values(), *([] if terms.documents_basis is None else [terms.documents_basis])]
    covers = bool(bases) and bool(terms.types) is bool(terms.items)
    is_based = all(each.strip() and len(each) <= LEGAL_BASIS_LENGTH_MAX for each in bases)
    has_term = terms.valid_from < terms.valid_until
    has_limit = terms.uses_max is None or terms.uses_max >= 1
    if not (covers and is_based and has_term and has_limit and len(terms.items) <= ITEMS_MAX):
        raise GrantTermsError


def _add_children(tx: Transaction, grant_id: str, terms: GrantTerms) -> None:
    if terms.types:
        rows = [{"grant_id": grant_id, "type_code": each} for each in sorted(terms.types)]
        tx.execute(insert(SEAL_GRANT_TYPE), rows)
    if terms.items:
        items = sorted(terms.items.items())
        rows = [{"grant_id": grant_id, "item_code": code, "legal_basis": basis} for code, basis in items]
        tx.execute(insert(SEAL_GRANT_ITEM), rows)


def _grants(tx: Transaction, condition: Any) -> tuple[SealGrant, ...]:  # noqa: ANN401 - an expression of SQLAlchemy
    rows = tx.execute(select(SEAL_GRANT).where(condition).order_by(SEAL_GRANT.c.grant_id)).mappings().all()
    ids = [row["grant_id"] for row in rows]
    types: dict[str, set[str]] = {each: set() for each in ids}
    items: dict[str, dict[str, str]] = {each: {} for each in ids}
    if ids:
        for row in tx.execute(select(SEAL_GRANT_TYPE).where(SEAL_GRANT_TYPE.c.grant_id.in_(ids))):
            types[row.grant_id].add(row.type_code)
        for row in tx.execute(select(SEAL_GRANT_ITEM).where(SEAL_GRANT_ITEM.c.grant_id.in_(ids))):
            items[row.grant_id][row.item_code] = row.legal_basis
    return tuple(_grant(row, frozenset(types[row["grant_id"]]), items[row["grant_id"]]) for row in rows)


def _grant(row: RowMapping, types: frozenset[str], items: dict[str, str]) -> SealGrant:
    return SealGrant(
        grant_id=row["grant_id"],
        code=row["code"],
        terms=GrantTerms(**{name: row[name] for name in _TERMS}, types=types, items=items),
        uses_taken=row["uses_taken"],
        state=GrantState(row["state"]),
        granted_by=row["granted_by"],
        granted_at=row["granted_at"],
        withdrawn_at=row["withdrawn_at"],
    )
