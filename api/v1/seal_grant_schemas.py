"""What goes in and out about grants and uses of seals. Frozen once released, as all of version 1.

Promises: `GrantTermsOut` may be told to everybody: it says that a grant is one person's, and not whose.
"""

from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field

from api.seal_intake import begins_at, ends_before
from api.v1.schemas import Code, Day, storable
from api.v1.seal_schemas import GroundsIn, In, Out
from registry.seal_grants import ITEMS_MAX, LEGAL_BASIS_LENGTH_MAX
from registry.seal_lifecycle import GrantState, UseState
from registry.seal_records import GrantTerms, SealGrant, SealUse

# A bureau that took over the powers of twenty departments issues some hundred types.
TYPES_MAX: Final = 500
USES_MAX: Final = 1_000_000_000

Uscc = Annotated[str, Field(max_length=18), AfterValidator(storable)]
TypeCode = Annotated[str, Field(max_length=21), AfterValidator(storable)]
ItemCode = Annotated[str, Field(max_length=33), AfterValidator(storable)]
Basis = Annotated[str, Field(max_length=LEGAL_BASIS_LENGTH_MAX), AfterValidator(storable)]
BodyDigest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class GrantItemIn(In):
    """A service item, and the legal basis on which the office decides it."""

    item_code: ItemCode
    legal_basis: Basis


class GrantIn(GroundsIn):
    """Who may use the seal, for what, until when, how often, alone or with a second person."""

    office: Uscc
    types: Annotated[tuple[TypeCode, ...], Field(max_length=TYPES_MAX)] = ()
    items: Annotated[tuple[GrantItemIn, ...], Field(max_length=ITEMS_MAX)] = ()
    valid_from: Day | None = None
    valid_until: Day
    role: Literal["issuing_officer", "reviewer"] | None = None
    person: Code | None = None
    documents_basis: Basis | None = None
    uses_max: Annotated[int, Field(ge=1, le=USES_MAX)] | None = None
    needs_second: bool = False

    def to_terms(self, *, now: datetime) -> GrantTerms:
        """Return the terms."""
        return GrantTerms(
            office=self.office,
            types=frozenset(self.types),
            items={each.item_code: each.legal_basis for each in self.items},
            valid_from=begins_at(self.valid_from, now=now),
            valid_until=ends_before(self.valid_until),
            role=self.role,
            person=self.person,
            documents_basis=self.documents_basis,
            uses_max=self.uses_max,
            needs_second=self.needs_second,
        )


class GrantTermsOut(Out):
    """The terms of a grant as everybody may know them; `for_one_person` does not say for whom."""

    office: str
    types: tuple[str, ...]
    items: dict[str, str]
    documents_basis: str | None
    valid_from: datetime
    valid_until: datetime
    role: str | None
    for_one_person: bool
    uses_max: int | None
    needs_second: bool

    @classmethod
    def of(cls, terms: GrantTerms) -> Self:
        """Copy from the terms."""
        return cls(
            office=terms.office,
            types=tuple(sorted(terms.types)),
            items=dict(sorted(terms.items.items())),
            documents_basis=terms.documents_basis,
            valid_from=terms.valid_from,
            valid_until=terms.valid_until,
            role=terms.role,
            for_one_person=terms.person is not None,
            uses_max=terms.uses_max,
            needs_second=terms.needs_second,
        )


class GrantOut(Out):
    """A grant as it stands."""

    grant_id: str
    seal_code: str
    state: GrantState
    terms: GrantTermsOut
    person: str | None
    uses_taken: int
    granted_at: datetime
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, grant: SealGrant) -> Self:
        """Copy from the record."""
        return cls(
            grant_id=grant.grant_id,
            seal_code=grant.code,
            state=grant.state,
            terms=GrantTermsOut.of(grant.terms),
            person=grant.terms.person,
            uses_taken=grant.uses_taken,
            granted_at=grant.granted_at,
            withdrawn_at=grant.withdrawn_at,
        )


class GrantPage(Out):
    """A page of grants, by number."""

    items: tuple[GrantOut, ...]
    next: str | None


class SealedBody(Out):
    """A document that was sealed: its SHA-256, and the leaf of the intent to sign it."""

    digest: str
    log_leaf: int


class UseOut(Out):
    """One use of a seal, as the seal's own department sees it."""

    use_id: str
    seal_code: str
    version: int
    grant_id: str
    state: UseState
    office: str
    person: str
    role: str
    second_person: str | None
    second_role: str | None
    type_code: str | None
    item_code: str | None
    legal_basis: str
    licence_id: str | None
    document_id: str | None
    taken_at: datetime
    filed_at: datetime | None
    bodies: tuple[SealedBody, ...]

    @classmethod
    def of(cls, use: SealUse) -> Self:
        """Copy from the record."""
        occasion = use.occasion
        return cls(
            use_id=use.use_id,
            seal_code=use.code,
            version=use.version,
            grant_id=use.grant_id,
            state=use.state,
            office=occasion.office,
            person=occasion.person,
            role=occasion.role,
            second_person=occasion.second_person,
            second_role=occasion.second_role,
            type_code=occasion.type_code,
            item_code=occasion.item_code,
            legal_basis=use.legal_basis,
            licence_id=use.licence_id,
            document_id=use.document_id,
            taken_at=use.taken_at,
            filed_at=use.filed_at,
            bodies=tuple(SealedBody(digest=digest, log_leaf=leaf) for digest, leaf in use.bodies),
        )


class UsePage(Out):
    """A page of a seal's uses, newest first."""

    items: tuple[UseOut, ...]
    next: str | None


class UseQuery(In):
    """Of which licence, official document or sealed file (its SHA-256) the uses are to be found."""

    licence_id: Code | None = None
    document_id: Code | None = None
    digest: BodyDigest | None = None


class UseList(Out):
    """The uses that were found."""

    items: tuple[UseOut, ...]
