"""What goes in and out about seals and the acts on them. Frozen once released, as all of version 1.

Promises: persons are told to the seal's own department only, whose answers are never stored on the way.
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.seal_intake import begins_at, ends_with, picture_of
from api.v1.schemas import Day, Name, Photo, storable
from registry.seal_endings import SealEnding
from registry.seal_lifecycle import ObjectState, SealAct, SealState
from registry.seal_records import SealEventRecord, SealObjectRecord, SealRecord
from signer.seal_grounds import Grounds
from signer.seal_making import SealWish


class In(BaseModel):
    """What comes in: nothing that is not named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """What goes out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GroundsIn(In):
    """Why an act on a seal or a grant is done."""

    reason: Annotated[str, Field(max_length=2_000), AfterValidator(storable)]
    legal_basis: Annotated[str, Field(max_length=500), AfterValidator(storable)]
    reference: Name = ""

    def to_grounds(self) -> Grounds:
        """Return the grounds."""
        return Grounds(reason=self.reason, legal_basis=self.legal_basis, reference=self.reference)


class RenewalIn(GroundsIn):
    """Term and picture of a seal's next object; without a picture one is drawn."""

    use: Annotated[str, Field(max_length=100), AfterValidator(storable)] = ""
    valid_from: Day | None = None
    valid_until: Day
    picture: Photo | None = None
    psb_code: Annotated[str, Field(max_length=13), AfterValidator(storable)] | None = None

    def to_wish(self, owner: str, *, now: datetime) -> SealWish:
        """Return the wish of this department. Raises a `SealPictureError`."""
        return SealWish(
            owner=owner,
            use=self.use,
            valid_from=begins_at(self.valid_from, now=now),
            valid_until=ends_with(self.valid_until),
            picture=picture_of(self.picture),
            psb_code=self.psb_code,
        )


class SealIn(RenewalIn):
    """A seal that is applied for, by the department of the caller's key; `use` is the line under the star."""

    name_en: Name = ""
    kind: Literal[1, 2, 3, 4, 5, 99] = 99
    code: Annotated[str, Field(max_length=14), AfterValidator(storable)] | None = None

    def to_wish(self, owner: str, *, now: datetime) -> SealWish:
        """Return the wish of this department. Raises a `SealPictureError`."""
        return SealWish(
            owner=owner,
            use=self.use,
            name_en=self.name_en,
            kind=self.kind,
            valid_from=begins_at(self.valid_from, now=now),
            valid_until=ends_with(self.valid_until),
            picture=picture_of(self.picture),
            code=self.code,
            psb_code=self.psb_code,
        )


class EndingIn(GroundsIn):
    """The end that a custodian proposes."""

    act: Literal["call_in", "destroy"]


class ConfirmationIn(In):
    """The end that an approver confirms: the act that was proposed, so that nobody confirms another one."""

    act: Literal["call_in", "destroy"]


class SealObjectOut(Out):
    """One version of a seal."""

    version: int
    state: ObjectState
    valid_from: datetime
    valid_until: datetime
    certificate_until: datetime | None
    digest: str | None
    width_mm: int
    height_mm: int
    maker_leaf: int | None
    filed_at: datetime | None
    replaced_at: datetime | None

    @classmethod
    def of(cls, record: SealObjectRecord) -> Self:
        """Copy from the record."""
        return cls(
            version=record.version,
            state=record.state,
            valid_from=record.valid_from,
            valid_until=record.valid_until,
            certificate_until=record.certificate_until,
            digest=None if record.digest is None else record.digest.hex(),
            width_mm=record.picture.width_mm,
            height_mm=record.picture.height_mm,
            maker_leaf=record.maker_leaf,
            filed_at=record.filed_at,
            replaced_at=record.replaced_at,
        )


class SealEndingOut(Out):
    """An end that was proposed and waits for an approver."""

    act: SealAct
    proposed_by: str
    proposed_at: datetime
    reason: str
    legal_basis: str
    reference: str

    @classmethod
    def of(cls, ending: SealEnding) -> Self:
        """Copy from the record."""
        return cls(
            act=ending.act,
            proposed_by=ending.proposed_by,
            proposed_at=ending.proposed_at,
            reason=ending.reason,
            legal_basis=ending.legal_basis,
            reference=ending.reference,
        )


class SealLine(Out):
    """One line of a department's list of seals."""

    seal_code: str
    kind: int
    name: str
    name_en: str
    state: SealState
    version: int | None
    is_renewed: bool
    created_at: datetime

    @classmethod
    def of(cls, seal: SealRecord) -> Self:
        """Copy from the record."""
        return cls(
            seal_code=seal.code,
            kind=seal.kind,
            name=seal.name,
            name_en=seal.name_en,
            state=seal.state,
            version=seal.version,
            is_renewed=seal.version is not None and seal.last_version > seal.version,
            created_at=seal.created_at,
        )


class SealOut(Out):
    """A seal, as its own department sees it, with all objects that were ever applied for or made."""

    seal_code: str
    kind: int
    name: str
    name_en: str
    owner: str
    psb_code: str | None
    state: SealState
    version: int | None
    objects: tuple[SealObjectOut, ...]
    ending: SealEndingOut | None
    created_at: datetime

    @classmethod
    def of(cls, seal: SealRecord, objects: tuple[SealObjectRecord, ...], ending: SealEnding | None) -> Self:
        """Copy from the records."""
        return cls(
            seal_code=seal.code,
            kind=seal.kind,
            name=seal.name,
            name_en=seal.name_en,
            owner=seal.owner,
            psb_code=seal.psb_code,
            state=seal.state,
            version=seal.version,
            objects=tuple(SealObjectOut.of(each) for each in objects),
            ending=None if ending is None else SealEndingOut.of(ending),
            created_at=seal.created_at,
        )


class SealPage(Out):
    """A page of a department's seals, by code."""

    items: tuple[SealLine, ...]
    next: str | None


class SealEventOut(Out):
    """An act on a seal or one of its grants, as the seal's own department sees it."""

    act: str
    grant_id: str | None
    happened_at: datetime
    state: str
    version: int | None
    role: str
    person: str
    reason: str
    legal_basis: str
    reference: str
    log_leaf: int | None

    @classmethod
    def of(cls, event: SealEventRecord) -> Self:
        """Copy from the record."""
        return cls(
            act=event.act,
            grant_id=event.grant_id,
            happened_at=event.happened_at,
            state=event.state,
            version=event.version,
            role=event.role,
            person=event.person,
            reason=event.reason,
            legal_basis=event.legal_basis,
            reference=event.reference,
            log_leaf=event.leaf_index,
        )


class SealEventPage(Out):
    """A page of the acts on a seal, oldest first."""

    items: tuple[SealEventOut, ...]
    next: str | None


class PageQuery(In):
    """Which page of a list."""

    cursor: Annotated[str | None, Field(max_length=120)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
