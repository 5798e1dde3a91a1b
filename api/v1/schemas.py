"""What goes in and out of version 1 as JSON. Frozen once released: a change that breaks a caller is version 2.

Promises:
  * Nothing that is not named here gets in; every text has a length, and none holds what the database could not keep.
  * Fields are copied by name, on purpose: a new field of a record is never published by accident.
"""

import base64
import binascii
import re
from datetime import date, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from registry.lifecycle import LicenceEvent, LicenceState
from registry.records import (
    ChangeKind,
    DraftRecord,
    DraftState,
    EventRecord,
    LicenceDraft,
    LicenceRecord,
    LicenceSummary,
)
from signer.change import Change, Revision
from signer.precheck import PHOTO_BYTES_MAX
from verify.licence import DataSet, HolderKind
from verify.values import LicenceId

# The widest sample type has 30 fields; the longest text of any has 2,000 characters.
FIELDS_MAX: Final = 100
TEXT_LENGTH_MAX: Final = 4_000
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def storable(text: str) -> str:
    """Return a text that PostgreSQL can be asked for. Raises ``ValueError`` for another."""
    if "\x00" in text:
        raise ValueError("no NUL character")
    return text


def _iso_day(value: object) -> object:
    """Let only YYYY-MM-DD through: numbers and moments would be read as days too."""
    if value is not None and not isinstance(value, date) and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("YYYY-MM-DD")
    return value


def _picture(value: object) -> object:
    """Return the bytes of a picture in base64; None stays None."""
    if value is None:
        return None
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        raise ValueError("base64") from None


Day = Annotated[date, BeforeValidator(_iso_day)]
Code = Annotated[str, Field(max_length=64), AfterValidator(storable)]
Name = Annotated[str, Field(max_length=200), AfterValidator(storable)]
Text = Annotated[str, Field(max_length=TEXT_LENGTH_MAX), AfterValidator(storable)]
PHOTO_SCHEMA: Final = {"type": "string", "contentEncoding": "base64", "maxLength": 2_800_000}
Photo = Annotated[bytes, BeforeValidator(_picture), Field(max_length=PHOTO_BYTES_MAX), WithJsonSchema(PHOTO_SCHEMA)]
Fields = Annotated[dict[Code, Text], Field(max_length=FIELDS_MAX)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DraftIn(_In):
    """What is to be issued. The issuer is always the caller's own department."""

    type_code: Annotated[str, Field(max_length=21), AfterValidator(storable)]
    holder_name: Name
    holder_kind: Literal["organisation", "person"]
    holder_code: Code
    holder_code_type: Annotated[str, Field(pattern=r"^[0-9]{3}$", description="GB/T 36903, Annex A")] = "001"
    fields: Fields = {}
    valid_from: Day
    valid_until: Day | None = None
    item_code: Annotated[str, Field(max_length=33), AfterValidator(storable)] = ""
    number: Name | None = None
    photo: Photo | None = None
    papers_due: Day | None = None

    def to_draft(self, *, issuer: str, batch_key: str | None = None) -> LicenceDraft:
        """Return the draft in the name of this department."""
        return LicenceDraft(
            type_code=self.type_code,
            issuer=issuer,
            holder_name=self.holder_name,
            holder_kind=HolderKind(self.holder_kind),
            holder_code=self.holder_code,
            holder_code_type=self.holder_code_type,
            fields=self.fields,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            item_code=self.item_code,
            number=self.number,
            photo=self.photo,
            papers_due=self.papers_due,
            batch_key=batch_key,
        )


class RevisionIn(_In):
    """What is to be different in the next version; what is absent stays, an empty field is taken out."""

    holder_name: Name | None = None
    fields: Fields = {}
    photo: Photo | None = None
    item_code: Annotated[str, Field(max_length=33), AfterValidator(storable)] | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None

    def to_revision(self, kind: ChangeKind) -> Revision:
        """Return the revision of this kind."""
        return Revision(
            kind=kind,
            holder_name=self.holder_name,
            fields=self.fields,
            photo=self.photo,
            item_code=self.item_code,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


class EventIn(_In):
    """An act on a licence and its grounds."""

    event: Literal["suspend", "reinstate", "revoke", "rescind", "withdraw", "cancel"]
    reason: Annotated[str, Field(max_length=2_000), AfterValidator(storable)]
    legal_basis: Annotated[str, Field(max_length=500), AfterValidator(storable)]
    reference: Name = ""
    effective_on: Day | None = None
    until: Day | None = None

    def to_change(self) -> Change:
        """Return the act."""
        return Change(
            event=LicenceEvent(self.event),
            reason=self.reason,
            legal_basis=self.legal_basis,
            reference=self.reference,
            effective_on=self.effective_on,
            until=self.until,
        )


class EventOut(_Out):
    """An act on a licence."""

    event: LicenceEvent
    happened_at: datetime
    effective_on: date
    reason: str
    legal_basis: str
    reference: str
    until: date | None
    operator_role: str
    log_leaf: int | None

    @classmethod
    def of(cls, event: EventRecord) -> Self:
        """Copy from the record."""
        return cls(
            event=event.event,
            happened_at=event.happened_at,
            effective_on=event.effective_on,
            reason=event.reason,
            legal_basis=event.legal_basis,
            reference=event.reference,
            until=event.until,
            operator_role=event.operator_role,
            log_leaf=event.leaf_index,
        )


class LicenceOut(_Out):
    """One licence version, as its own department sees it."""

    licence_id: str
    typed_id: str
    identifier: str
    version: int
    type_code: str
    number: str
    issuer: str
    holder_name: str
    holder_kind: HolderKind
    holder_code: str
    holder_code_type: str
    fields: dict[str, str]
    item_code: str
    change_kind: ChangeKind
    valid_from: date
    valid_until: date | None
    papers_due: date | None
    state: LicenceState
    suspended_until: date | None
    issued_at: datetime
    code_text: str
    document_digest: str
    ofd_digest: str | None
    code_leaf: int
    document_leaf: int
    ofd_leaf: int | None
    replaces: str | None
    superseded_by: str | None
    last_event: EventOut | None

    @classmethod
    def of(cls, licence: LicenceRecord) -> Self:
        """Copy from the record."""
        return cls(
            licence_id=licence.licence_id,
            typed_id=LicenceId.parse(licence.licence_id).typed,
            identifier=licence.identifier,
            version=licence.version,
            type_code=licence.type_code,
            number=licence.number,
            issuer=licence.issuer,
            holder_name=licence.holder_name,
            holder_kind=licence.holder_kind,
            holder_code=licence.holder_code,
            holder_code_type=licence.holder_code_type,
            fields=dict(DataSet.decode(licence.data_set).fields),
            item_code=licence.item_code,
            change_kind=licence.change_kind,
            valid_from=licence.valid_from,
            valid_until=licence.valid_until,
            papers_due=licence.papers_due,
            state=licence.state,
            suspended_until=licence.suspended_until,
            issued_at=licence.issued_at,
            code_text=licence.token_text,
            document_digest=licence.document_digest,
            ofd_digest=licence.ofd_digest,
            code_leaf=licence.code_leaf,
            document_leaf=licence.document_leaf,
            ofd_leaf=licence.ofd_leaf,
            replaces=licence.replaces,
            superseded_by=licence.superseded_by,
            last_event=None if licence.last_event is None else EventOut.of(licence.last_event),
        )


class LicenceLine(_Out):
    """One line of a department's list."""

    licence_id: str
    number: str
    type_code: str
    type_name: str
    type_name_en: str
    holder_name: str
    holder_kind: HolderKind
    valid_from: date
    valid_until: date | None
    state: LicenceState
    issued_at: datetime

    @classmethod
    def of(cls, summary: LicenceSummary) -> Self:
        """Copy from the record."""
        return cls(
            licence_id=summary.licence_id,
            number=summary.number,
            type_code=summary.type_code,
            type_name=summary.type_name,
            type_name_en=summary.type_name_en,
            holder_name=summary.holder_name,
            holder_kind=summary.holder_kind,
            valid_from=summary.valid_from,
            valid_until=summary.valid_until,
            state=summary.state,
            issued_at=summary.issued_at,
        )


class LicenceQuery(_In):
    """Which licences of the department; `number` must fit whole."""

    type_code: Annotated[str, Field(max_length=21), AfterValidator(storable)] | None = None
    state: LicenceState | None = None
    number: Name | None = None
    cursor: Annotated[str | None, Field(max_length=120)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class LicencePage(_Out):
    """A page of a department's licences, newest first."""

    items: tuple[LicenceLine, ...]
    next: str | None


class EventList(_Out):
    """All acts on a licence, oldest first."""

    items: tuple[EventOut, ...]


class DraftOut(_Out):
    """A saved draft."""

    draft_id: str
    state: DraftState
    type_code: str
    issuer: str
    holder_name: str
    holder_kind: HolderKind
    holder_code: str
    holder_code_type: str
    fields: dict[str, str]
    valid_from: date
    valid_until: date | None
    item_code: str
    number: str | None
    has_photo: bool
    papers_due: date | None
    replaces: str | None
    change_kind: ChangeKind
    created_by: str
    created_at: datetime
    reviewed_by: str | None
    licence_id: str | None

    @classmethod
    def of(cls, record: DraftRecord) -> Self:
        """Copy from the record."""
        draft = record.draft
        return cls(
            draft_id=record.draft_id,
            state=record.state,
            type_code=draft.type_code,
            issuer=draft.issuer,
            holder_name=draft.holder_name,
            holder_kind=draft.holder_kind,
            holder_code=draft.holder_code,
            holder_code_type=draft.holder_code_type,
            fields=dict(draft.fields),
            valid_from=draft.valid_from,
            valid_until=draft.valid_until,
            item_code=draft.item_code,
            number=record.number or draft.number,
            has_photo=draft.photo is not None,
            papers_due=draft.papers_due,
            replaces=draft.replaces,
            change_kind=draft.change_kind,
            created_by=record.created_by,
            created_at=record.created_at,
            reviewed_by=record.reviewed_by,
            licence_id=record.licence_id,
        )


class DraftQuery(_In):
    """Which drafts of the department."""

    state: DraftState = DraftState.DRAFT
    cursor: Annotated[str | None, Field(max_length=120)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class DraftPage(_Out):
    """A page of a department's drafts in one state, oldest first."""

    items: tuple[DraftOut, ...]
    next: str | None
