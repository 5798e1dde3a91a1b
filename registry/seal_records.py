"""What the registry hands out and takes in about seals: frozen records without a database behind them.

Promises: ids of persons and reasons show in no repr; all else in these records may be told to the public.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from registry.seal_lifecycle import GrantState, ObjectState, SealAct, SealState, UseState

GrantAct = Literal["grant", "withdraw"]
Standing = Literal["not_filed", "in_use", "not_yet_valid", "expired", "suspended", "called_in", "destroyed", "refused"]
GrantStanding = Literal["granted", "not_yet_valid", "expired", "used_up", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealPicture:
    """A seal's picture: a PNG that we wrote ourselves, and the size at which it is printed."""

    content: bytes = field(repr=False)
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealApplication:
    """What a seal is to be. `kind` is of the public-security list (1 statutory name … 99 other), the term is in UTC."""

    name: str
    name_en: str
    kind: int
    owner: str
    picture: SealPicture
    valid_from: datetime
    valid_until: datetime
    psb_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealDeed:
    """Who does an act on a seal or grant, in which role, and on what grounds."""

    person: str = field(repr=False)
    role: str
    reason: str = field(repr=False)
    legal_basis: str
    reference: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeObject:
    """A seal object as the seal maker signed it; ``maker_leaf`` is the leaf of the intent to sign it.

    The term is the one that the object states: it begins when it is made, and ends with its certificate at the latest.
    """

    key: str
    valid_from: datetime
    valid_until: datetime
    certificate: bytes = field(repr=False)
    certificate_from: datetime
    certificate_until: datetime
    content: bytes = field(repr=False)
    maker_leaf: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealStep:
    """An act on a seal: ``made`` is what ``make`` adds, ``if_match`` the etag that the caller saw."""

    act: SealAct
    made: MadeObject | None = None
    if_match: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealObjectRecord:
    """One version of a seal; key, certificate and content are None until it is made."""

    code: str
    version: int
    state: ObjectState
    picture: SealPicture
    valid_from: datetime
    valid_until: datetime
    applied_by: str = field(repr=False)
    approved_by: str | None = field(repr=False)
    key: str | None
    certificate: bytes | None = field(repr=False)
    certificate_from: datetime | None
    certificate_until: datetime | None
    content: bytes | None = field(repr=False)
    digest: bytes | None
    maker_leaf: int | None
    filed_at: datetime | None
    replaced_at: datetime | None
    key_destroyed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRecord:
    """A seal. ``version`` is that of the filed object; ``last_version`` above it means that one is on its way."""

    code: str
    kind: int
    name: str
    name_en: str
    owner: str
    state: SealState
    version: int | None
    last_version: int
    psb_code: str | None
    etag: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SealEventRecord:
    """An act on a seal or one of its grants; ``record`` is public, ``leaf_index`` is set when the log has it."""

    event_id: int
    code: str
    grant_id: str | None
    act: str
    happened_at: datetime
    state: str
    version: int | None
    role: str
    legal_basis: str
    person: str = field(repr=False)
    reason: str = field(repr=False)
    reference: str = field(repr=False)
    record: bytes = field(repr=False)
    digest: bytes
    leaf_index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTerms:
    """Who may use a seal, for what, from when until before when, how often, and whether alone.

    ``items`` maps each service item to the legal basis on which this office may decide it. ``documents_basis`` allows
    official documents that are no licence and of no item, and says on what basis. ``role`` and ``person`` None mean
    anybody of the office whose role may use seals at all.
    """

    office: str
    types: frozenset[str]
    items: Mapping[str, str] = field(hash=False)
    valid_from: datetime
    valid_until: datetime
    role: str | None = None
    person: str | None = field(default=None, repr=False)
    documents_basis: str | None = None
    uses_max: int | None = None
    needs_second: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SealGrant:
    """A grant as it stands; ``uses_taken`` counts open and filed uses."""

    grant_id: str
    code: str
    terms: GrantTerms
    uses_taken: int
    state: GrantState
    granted_by: str = field(repr=False)
    granted_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """For what a seal is to be used, and by whom: what a grant is judged against.

    ``type_code`` and ``item_code`` are None together for an official document that is no licence.
    """

    office: str
    person: str = field(repr=False)
    role: str
    type_code: str | None
    item_code: str | None
    second_person: str | None = field(default=None, repr=False)
    second_role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRequest:
    """A use to be taken: of one grant, on one occasion, for one licence or one official document."""

    grant_id: str
    occasion: Occasion
    licence_id: str | None = None
    document_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealUse:
    """One use of a seal. ``key`` is the seal's; ``bodies`` are digests (hex) with the leaves of their intents."""

    use_id: str
    grant_id: str
    code: str
    version: int
    key: str | None
    occasion: Occasion
    legal_basis: str
    licence_id: str | None
    document_id: str | None
    taken_at: datetime
    lease_until: datetime
    state: UseState
    filed_at: datetime | None = None
    bodies: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UseFiling:
    """A use whose documents are done: digest (SHA-256, hex) of each body, and the leaf of the intent to sign it."""

    use_id: str
    bodies: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealAt:
    """A seal at one moment: how it stood, in whose hands, in which version, and the grants then in force."""

    code: str
    name: str
    at: datetime
    standing: Standing
    since: datetime
    owner: str
    object: SealObjectRecord | None
    grants: tuple[SealGrant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantAt:
    """A grant at one moment, with the uses taken until then."""

    grant: SealGrant
    at: datetime
    standing: GrantStanding
    uses: int


__all__ = [
    "GrantAct",
    "GrantAt",
    "GrantStanding",
    "GrantState",
    "GrantTerms",
    "MadeObject",
    "ObjectState",
    "Occasion",
    "SealAct",
    "SealApplication",
    "SealAt",
    "SealDeed",
    "SealEventRecord",
    "SealGrant",
    "SealObjectRecord",
    "SealPicture",
    "SealRecord",
    "SealState",
    "SealStep",
    "SealUse",
    "Standing",
    "UseFiling",
    "UseRequest",
    "UseState",
]
