"""What the registry hands out and takes in: frozen records without a database behind them.

Promises:
  * Rows and sessions never leave the registry; a record holds plain values and is safe to keep, share and compare.
  * A moment is an aware datetime in UTC, a day on a licence is a date.
  * Records with personal data (drafts, licences) show nothing but their keys in a repr.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Literal

from registry.lifecycle import LicenceEvent, LicenceState
from registry.purposes import Disclosure
from verify.errors import FieldProblem
from verify.evidence import RegistryAnswer
from verify.licence import HolderKind

HolderCategory = Literal["organisation", "person", "any"]
Environment = Literal["sandbox", "production"]
SANDBOX: Final[Environment] = "sandbox"
ChangeKind = Literal["new", "change", "renewal", "replacement"]
ValidityKind = Literal["years", "long_term", "custom", "none"]


class Role(StrEnum):
    """What somebody may be asked to do; which role may do what is one table in ``api/permissions.py``."""

    ISSUING_OFFICER = "issuing_officer"
    REVIEWER = "reviewer"
    COUNTER = "counter"
    AUDITOR = "auditor"
    SEAL_CUSTODIAN = "seal_custodian"
    SEAL_APPROVER = "seal_approver"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class FieldKind(StrEnum):
    """What may be entered in a field of a licence."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    DATE = "date"
    INTEGER = "integer"
    DECIMAL = "decimal"
    USCC = "uscc"
    CITIZEN_NUMBER = "citizen_number"
    PHONE = "phone"
    CHOICE = "choice"
    PHOTO = "photo"
    LIST = "list"


class DraftState(StrEnum):
    """States of a draft; a draft is no licence."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RESERVED = "reserved"
    FILED = "filed"
    CANCELLED = "cancelled"


class IntentState(StrEnum):
    """What became of a signing intent of a licence."""

    OPEN = "open"
    FILED = "filed"
    ABANDONED = "abandoned"


class ChunkState(StrEnum):
    """States of a chunk of a batch."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


class RowState(StrEnum):
    """What became of one row of a batch."""

    READY = "ready"
    BAD = "bad"
    ISSUED = "issued"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """An office: level 1 national, 2 provincial, 3 city, 4 county, 5 township, 6 village; division of six digits."""

    uscc: str
    name: str
    name_en: str
    short_code: str
    level: int
    parent: str | None
    division: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of staff."""

    person_id: str
    department: str
    name: str = field(repr=False)
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClient:
    """A system that calls us; its secret is known to it alone."""

    key_id: str
    department: str
    roles: frozenset[Role]
    environment: Environment
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDefinition:
    """One item of a licence type, beside those that all types share (number, holder, issuer, dates)."""

    short_name: str
    name: str
    name_en: str
    kind: FieldKind
    required: bool
    max_length: int
    choices: tuple[str, ...] = ()
    public: bool = False
    help: str = ""
    help_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """How long a licence of this type holds; ``years`` is set for kind "years" only."""

    kind: ValidityKind
    years: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A paper that the item asks for; who holds a licence of type ``replaced_by`` need not bring it."""

    name: str
    name_en: str = ""
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceType:
    """One entry of the licence catalogue, in one version."""

    code: str
    name: str
    name_en: str
    holder_kind: HolderCategory
    level: int
    legal_basis: str
    item_codes: tuple[str, ...]
    fields: tuple[FieldDefinition, ...]
    number_format: str
    validity: Validity
    template: str
    template_version: int
    reviewers: Literal[0, 1]
    offline_hours: int
    materials: tuple[Material, ...]
    official_document: bool
    version: int
    in_force_from: date
    bodies: tuple[Literal["pdf", "ofd"], ...] = ("pdf", "ofd")
    disclosures: tuple[Disclosure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceItem:
    """A government service item: the twelve elements that are the same at all levels."""

    item_code: str
    name: str
    legal_basis: str
    power_type: str
    scope: str
    materials: tuple[str, ...]
    conditions: str
    process: str
    time_limit_days: int
    form: str
    result: str
    fee_standard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceDraft:
    """What an office wants to issue; ``holder_code_type`` as in GB/T 36903, Annex A; ``replaces`` is a licence id."""

    type_code: str
    issuer: str
    holder_name: str = field(repr=False)
    holder_kind: HolderKind
    holder_code: str = field(repr=False)
    holder_code_type: str
    fields: Mapping[str, str] = field(repr=False, hash=False)
    valid_from: date
    valid_until: date | None
    item_code: str
    number: str | None = None
    photo: bytes | None = field(default=None, repr=False)
    papers_due: date | None = None
    replaces: str | None = None
    change_kind: ChangeKind = "new"
    batch_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRecord:
    """A saved draft; ``number`` is the one reserved for it, which it keeps for good; ``version`` counts its changes.

    ``changed_by`` are all who wrote it anew since it was created.
    """

    draft_id: str
    draft: LicenceDraft
    state: DraftState
    created_by: str
    created_at: datetime
    reviewed_by: str | None
    version: int
    number: str | None
    licence_id: str | None = None
    changed_by: tuple[str, ...] = ()

    @property
    def authors(self) -> frozenset[str]:
        """Everybody whose words may stand in it; none of them may approve it."""
        return frozenset({self.created_by, *self.changed_by})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One reserved attempt to issue a draft: everything that is given out once and never again."""

    draft_id: str
    licence_id: str
    number: str
    identifier: str
    status_list: int
    status_index: int
    lineage: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """An act on a licence, dated and explained; ``leaf_index`` is set when the log has sequenced it."""

    event_id: int
    licence_id: str
    event: LicenceEvent
    happened_at: datetime
    effective_on: date
    reason: str = field(repr=False)
    legal_basis: str
    reference: str
    until: date | None
    operator_role: str
    leaf_index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceRecord:
    """One filed licence version."""

    licence_id: str
    identifier: str
    lineage: str
    version: int
    type_code: str
    type_version: int
    number: str
    issuer: str
    holder_name: str = field(repr=False)
    holder_kind: HolderKind
    holder_code: str = field(repr=False)
    holder_code_type: str
    item_code: str
    change_kind: ChangeKind
    valid_from: date
    valid_until: date | None
    papers_due: date | None
    state: LicenceState
    suspended_until: date | None
    status_list: int
    status_index: int
    issued_at: datetime
    token_text: str = field(repr=False)
    document_digest: str
    ofd_digest: str | None
    data_set: bytes = field(repr=False)
    code_leaf: int
    document_leaf: int
    ofd_leaf: int | None
    replaces: str | None
    superseded_by: str | None
    etag: int
    last_event: EventRecord | None

    @property
    def bodies(self) -> Mapping[str, str]:
        """The digest of each body, by its form: "pdf", "ofd"."""
        ofd = {} if self.ofd_digest is None else {"ofd": self.ofd_digest}
        return ofd if self.document_digest == self.ofd_digest else {"pdf": self.document_digest} | ofd


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceSummary:
    """One line of an office's list; ``cursor`` names its place there."""

    cursor: int
    licence_id: str
    number: str
    type_code: str
    type_name: str
    type_name_en: str
    holder_name: str = field(repr=False)
    holder_kind: HolderKind
    valid_from: date
    valid_until: date | None
    state: LicenceState
    issued_at: datetime


@dataclass(slots=True, kw_only=True)
class PublicLicence(RegistryAnswer):
    """What a check asks of the registry, and what the list of states needs beside it, read in one query.

    It is the check's own record with more in it, so that nothing is copied; the caller masks a person's name.
    """

    offline_hours: int
    etag: int
    event: LicenceEvent | None
    status_list: int
    status_index: int
    is_combined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A sheet of many licences; the counts are of its rows, ``waiting`` and ``running`` of its chunks."""

    batch_id: str
    issuer: str
    type_code: str
    created_by: str
    created_at: datetime
    state: Literal["open", "done", "cancelled"]
    rows: int
    issued: int
    bad: int
    refused: int
    chunks_waiting: int
    chunks_running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of a batch that one worker holds until its lease runs out."""

    batch_id: str
    number: int
    worker: str
    lease_until: datetime
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One row of a sheet: its draft, or what is wrong with it."""

    row: int
    content_digest: bytes
    state: RowState
    draft_id: str | None = None
    licence_id: str | None = None
    problems: tuple[FieldProblem, ...] = ()
