"""Everything that a check relies on, as one value: the check itself asks nobody.

Promises:
  * Each part may be missing; then the check that needs it says "could not be checked", neither "passed" nor "failed".
  * What is given here was opened by its own reader: a ``TrustList`` or ``StatusList`` that exists has a good signature.
  * Not found and not reached are two things: a registry that is away is never read as "no such licence".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from verify.licence import HolderKind
from verify.states import LicenceState
from verify.status import StatusList
from verify.trust import TrustList

# How long a status list may be relied on offline, unless the licence type says less.
OFFLINE_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class NotFound:
    """The registry was asked and has no such licence."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The registry could not be asked."""


NOT_FOUND: Final = NotFound()
UNREACHABLE: Final = Unreachable()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedPart:
    """A permit that a combined licence stands for and that is not in force: how the licence calls it, and why.

    ``reason`` is the value of its state, or "expired".
    """

    name: str
    reason: str


@dataclass(slots=True, kw_only=True)  # not frozen: one of so many members would take three times as long to make
class RegistryAnswer:
    """What the issuer's registry says now of one licence version; nobody changes it.

    ``token_kid`` and ``token_digest`` (SHA-256 of the COSE Sig_structure) name the one code that was issued for it. The
    leaves are the places of the signing intents in the log: of the code, of the first body, of the OFD if there is one.
    A combined licence names those of its parts that ended.
    """

    licence_id: str
    identifier: str
    number: str
    type_code: str
    type_name: str
    type_name_en: str
    issuer: str
    issuer_name: str
    issuer_name_en: str
    holder_name: str = field(repr=False)
    holder_kind: HolderKind
    holder_uscc: str | None = field(repr=False)
    valid_from: date
    valid_until: date | None
    state: LicenceState
    event_effective_on: date | None = None
    event_reason: str | None = field(default=None, repr=False)
    event_legal_basis: str | None = None
    event_reference: str | None = None
    suspended_until: date | None = None
    papers_due: date | None = None
    superseded_by: str | None = None
    superseded_by_number: str | None = None
    issued_at: datetime
    token_kid: bytes
    token_digest: bytes
    document_digest: str
    code_leaf: int
    document_leaf: int
    ofd_digest: str | None = None
    ofd_leaf: int | None = None
    ended_parts: tuple[EndedPart, ...] = ()


Answer = RegistryAnswer | NotFound | Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialAnswer:
    """What the issuer's registry says of one official document; ``leaf`` is the place of its signing intent."""

    document_id: str
    issuer: str
    issuer_name: str
    issuer_name_en: str
    seal_code: str
    sealed_at: datetime
    document_digest: str
    leaf: int


AnswerOnOfficial = OfficialAnswer | NotFound | Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Trust list, revocation lists (DER), status lists by address, the registry's answer (None: it was not asked).

    ``offline_hours`` and ``type_names`` (zh, en) go by licence type code. ``clock_offset`` is how far the clock behind
    ``at`` is from the right time; None when nobody compared.
    """

    trust: TrustList | None
    crls: tuple[bytes, ...] = ()
    status_lists: Mapping[str, StatusList] = field(default_factory=dict, hash=False)
    registry: Answer | None = None
    offline_hours: Mapping[str, int] = field(default_factory=dict, hash=False)
    type_names: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)
    clock_offset: timedelta | None = None

    def freshness(self, type_code: str) -> timedelta:
        """Return how old a status list may be for a licence of this type."""
        return _hours(self.offline_hours.get(type_code, OFFLINE_HOURS))


@lru_cache(maxsize=64)  # licence types have a few different ones
def _hours(count: int) -> timedelta:
    return timedelta(hours=count)
