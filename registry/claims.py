"""Claim a number and a version for each draft that has none.

Promises:
  * A number belongs to one lineage of one issuer and type for ever; a replacement keeps its number unless it is given
    another one, and takes the next version.
  * A generated number that somebody gave before by hand is passed over.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from registry.db import Transaction
from registry.errors import NumberMalformedError, NumberUsedError, RegistryError, UnknownLicenceError
from registry.number_format import NumberFormat, NumberValues, parse_number_format
from registry.records import DraftRecord
from registry.statements import advance, upsert
from registry.tables import LICENCE, LICENCE_NUMBER, LINEAGE
from verify.values import LICENCE_ID_BYTES, LicenceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one draft holds for ever."""

    draft_id: str
    number: str
    lineage: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A draft without a number, and all that its number is made from."""

    record: DraftRecord
    number_format: str
    values: NumberValues

    @property
    def format(self) -> NumberFormat:
        """The parsed format."""
        return parse_number_format(self.number_format)

    @property
    def counter(self) -> str:
        """The counter of its serials: one for each issuer and type, and for each year if the number shows it."""
        draft = self.record.draft
        name = f"number:{draft.issuer}:{draft.type_code}"
        return f"{name}:{self.values.year}" if self.format.has_year else name


def claim_numbers(tx: Transaction, wanted: Sequence[Wanted], random: Callable[[int], bytes]) -> list[Claim]:
    """Return a claim for each draft, in any order.

    Raises ``NumberUsedError``, ``NumberMalformedError``, ``NumberExhaustedError``, ``UnknownLicenceError``.
    """
    claims = [_claim_next_version(tx, each) for each in wanted if each.record.draft.replaces is not None]
    generated: dict[str, list[Wanted]] = defaultdict(list)
    for each in wanted:
        if each.record.draft.replaces is None and each.record.draft.number is not None:
            claims.append(_claim_given(tx, each, random))
        elif each.record.draft.replaces is None:
            generated[each.counter].append(each)
    for counter in sorted(generated):  # in one order everywhere, so that two chunks never wait for each other
        claims.extend(_claim_generated(tx, counter, generated[counter], random))
    return claims


def _claim_next_version(tx: Transaction, wanted: Wanted) -> Claim:
    draft = wanted.record.draft
    query = select(LICENCE.c.lineage).where(
        LICENCE.c.licence_id == draft.replaces,
        LICENCE.c.issuer == draft.issuer,
        LICENCE.c.type_code == draft.type_code,
    )
    lineage = tx.execute(query).scalar_one_or_none()
    if lineage is None:
        raise _about(wanted, UnknownLicenceError)
    step = update(LINEAGE).where(LINEAGE.c.lineage == lineage).values(last_version=LINEAGE.c.last_version + 1)
    row = tx.execute(step.returning(LINEAGE.c.last_version, LINEAGE.c.number)).one()
    number = row.number
    if draft.number not in {None, row.number}:
        number = _checked(wanted)
        _take_number(tx, wanted, number, lineage)
        tx.execute(update(LINEAGE).where(LINEAGE.c.lineage == lineage).values(number=number))
    return Claim(draft_id=wanted.record.draft_id, number=number, lineage=lineage, version=row.last_version)


def _claim_given(tx: Transaction, wanted: Wanted, random: Callable[[int], bytes]) -> Claim:
    claim = _first_version(wanted, _checked(wanted), random)
    tx.execute(insert(LINEAGE), _lineage_values(claim))
    _take_number(tx, wanted, claim.number, claim.lineage)
    return claim


def _claim_generated(
    tx: Transaction, counter: str, wanted: Sequence[Wanted], random: Callable[[int], bytes]
) -> list[Claim]:
    waiting, claims = list(wanted), list[Claim]()
    while waiting:
        first = advance(tx, counter, len(waiting))
        numbers = [_composed(each, first + place + 1) for place, each in enumerate(waiting)]
        used = _used(tx, waiting[0], numbers)
        claims.extend(
            _first_version(each, number, random)
            for each, number in zip(waiting, numbers, strict=True)
            if number not in used
        )
        waiting = [each for each, number in zip(waiting, numbers, strict=True) if number in used]
    draft = wanted[0].record.draft
    key = {"issuer": draft.issuer, "type_code": draft.type_code}
    tx.execute(insert(LINEAGE), [_lineage_values(claim) for claim in claims])
    tx.execute(insert(LICENCE_NUMBER), [{**key, "number": claim.number, "lineage": claim.lineage} for claim in claims])
    return claims


def _first_version(wanted: Wanted, number: str, random: Callable[[int], bytes]) -> Claim:
    lineage = LicenceId(random(LICENCE_ID_BYTES)).text
    return Claim(draft_id=wanted.record.draft_id, number=number, lineage=lineage, version=1)


def _lineage_values(claim: Claim) -> dict[str, object]:
    return {"lineage": claim.lineage, "number": claim.number, "last_version": claim.version}


def _used(tx: Transaction, wanted: Wanted, numbers: Sequence[str]) -> frozenset[str]:
    draft = wanted.record.draft
    query = select(LICENCE_NUMBER.c.number).where(
        LICENCE_NUMBER.c.issuer == draft.issuer,
        LICENCE_NUMBER.c.type_code == draft.type_code,
        LICENCE_NUMBER.c.number.in_(numbers),
    )
    return frozenset(tx.execute(query).scalars())


def _take_number(tx: Transaction, wanted: Wanted, number: str, lineage: str) -> None:
    draft = wanted.record.draft
    values = {"issuer": draft.issuer, "type_code": draft.type_code, "number": number, "lineage": lineage}
    statement = upsert(tx, LICENCE_NUMBER).values(values).on_conflict_do_nothing()
    if tx.execute(statement.returning(LICENCE_NUMBER.c.number)).scalar_one_or_none() is None:
        raise _about(wanted, NumberUsedError)


def _checked(wanted: Wanted) -> str:
    number = wanted.record.draft.number or ""
    if wanted.format.problem(number, wanted.values) is not None:
        raise _about(wanted, NumberMalformedError)
    return number


def _composed(wanted: Wanted, serial: int) -> str:
    try:
        return wanted.format.compose(wanted.values, serial)
    except RegistryError as error:
        raise _about(wanted, type(error)) from error


def _about(wanted: Wanted, kind: type[RegistryError]) -> RegistryError:
    return kind(params={"draft_id": wanted.record.draft_id})
