"""Change a filed licence: suspend, reinstate, revoke, rescind, withdraw, cancel; and begin its next version.

Promises:
  * No act without its grounds: reason, legal basis and day; what is missing is named by its field, and nothing is done.
  * The act, its event and the entry that waits for the log are one transaction; log and status list follow at once.
    Should the process die between, the worker's next round brings both up to date: what was done stays done.
  * A renewal, change or replacement is a new draft with the filed one's content; it goes the whole way of a licence,
    and the version that it replaces is superseded in the transaction that files it, not earlier.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from registry import drafts as draft_records
from registry import licences
from registry.db import Transaction, reading, transaction
from registry.errors import UnknownLicenceError
from registry.events import Act, record_event
from registry.lifecycle import LicenceEvent, next_state
from registry.records import ChangeKind, DraftRecord, LicenceDraft, LicenceRecord, Role
from signer.desk import Desk, Operator, demand
from signer.errors import ChangeRefusedError
from signer.statuses import refresh_status_lists
from verify.errors import YinzhengError
from verify.licence import ISSUER_ZONE

CHANGING_ROLES: Final = frozenset({Role.ISSUING_OFFICER, Role.SYSTEM})
_REVISING_ROLES: Final = frozenset({Role.ISSUING_OFFICER, Role.COUNTER, Role.SYSTEM})
# The columns of the registry; a decision's operative part is far shorter.
REASON_LENGTH_MAX: Final = 2000
LEGAL_BASIS_LENGTH_MAX: Final = 500
REFERENCE_LENGTH_MAX: Final = 200
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An act on a licence and its grounds.

    `effective_on` is the day of the decision, today when None. `reference` is the decision's number, if it has one.
    `until` is the last day of a suspension, None for one that ends by reinstatement only.
    """

    event: LicenceEvent
    reason: str = field(repr=False)
    legal_basis: str
    reference: str = ""
    effective_on: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What is to be different in the next version; None and an absent field mean "as it is", an empty field "no more".

    A renewal brings a new end, a change something else, a replacement (for a lost or damaged one) nothing at all.
    """

    kind: ChangeKind
    holder_name: str | None = field(default=None, repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    photo: bytes | None = field(default=None, repr=False)
    item_code: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


def change(
    desk: Desk, licence_id: str, act: Change, *, operator: Operator, at: datetime, if_match: int | None = None
) -> LicenceRecord:
    """Do one act on one licence and return it as it is then.

    1. See that operator, grounds and clock allow it. 2. Record it, in one transaction. 3. Bring log and status list up
    to date. `if_match` is the etag that the caller saw.

    Raises `UnknownLicenceError`, `RoleError`, `OtherDepartmentError`, `ChangeRefusedError`, `LogClockError`,
    `NotAllowedError`, `ChangedMeanwhileError`; then nothing was done.
    """
    with reading(desk.database) as tx:
        before = demand_licence(tx, licence_id)
    demand(operator, department=before.issuer, roles=CHANGING_ROLES)  # (1)
    recorded = _act(act, before, operator, today=at.astimezone(ISSUER_ZONE).date())
    desk.log.demand_clock()
    with transaction(desk.database) as tx:
        record_event(tx, licence_id, recorded, at=at, random=desk.random, if_match=if_match)  # (2)
    desk.after("changed")
    # What fails from here on is done again by the worker; the caller must not think that the act did not happen.
    with suppress(YinzhengError):
        desk.log.flush_pending()  # (3)
        refresh_status_lists(desk, at=at, only=(before.status_list,))
    with reading(desk.database) as tx:
        return demand_licence(tx, licence_id)


def revise(desk: Desk, licence_id: str, revision: Revision, *, operator: Operator, at: datetime) -> DraftRecord:
    """Save and submit the draft of a licence's next version; `issue_saved` issues it, once it is approved.

    Raises `UnknownLicenceError`, `RoleError`, `OtherDepartmentError`, `ChangeRefusedError`, and `NotAllowedError` when
    the licence is not in force: a suspension is not ended by a renewal.
    """
    with reading(desk.database) as tx:
        licence = demand_licence(tx, licence_id)
        filed = licences.draft_of(tx, licence_id)
    if filed is None:
        raise UnknownLicenceError
    demand(operator, department=licence.issuer, roles=_REVISING_ROLES)
    next_state(licence.state, LicenceEvent.SUPERSEDE)
    _demand_revision(revision, licence)
    draft = _revised(filed.draft, revision, licence, today=at.astimezone(ISSUER_ZONE).date())
    with transaction(desk.database) as tx:
        saved = draft_records.add_draft(tx, draft, created_by=operator.person_id, at=at, random=desk.random)
        return draft_records.submit_draft(tx, saved.draft_id, version=saved.version)


def demand_licence(tx: Transaction, licence_id: str) -> LicenceRecord:
    """Return a filed licence. Raises `UnknownLicenceError`."""
    licence = licences.find_licence(tx, licence_id)
    if licence is None:
        raise UnknownLicenceError
    return licence


def _act(act: Change, licence: LicenceRecord, operator: Operator, *, today: date) -> Act:
    """Return the act to be recorded. Raises `ChangeRefusedError` with the field that is missing or wrong."""
    if act.event is LicenceEvent.SUPERSEDE:
        raise _refused("event")  # only filing supersedes
    reason = _text("reason", act.reason, REASON_LENGTH_MAX)
    legal_basis = _text("legal_basis", act.legal_basis, LEGAL_BASIS_LENGTH_MAX)
    reference = _text("reference", act.reference, REFERENCE_LENGTH_MAX) if act.reference.strip() else ""
    effective_on = act.effective_on or today
    first = min(licence.valid_from, licence.issued_at.astimezone(ISSUER_ZONE).date())
    if not first <= effective_on <= today:
        raise _refused("effective_on")
    if act.until is not None and (act.event is not LicenceEvent.SUSPEND or act.until < today):
        raise _refused("until")
    return Act(
        event=act.event,
        effective_on=effective_on,
        reason=reason,
        legal_basis=legal_basis,
        reference=reference,
        operator_role=operator.role.value,
        until=act.until,
    )


def _text(name: str, value: str, length_max: int) -> str:
    text = value.strip()
    if not text or len(text) > length_max or _CONTROL.search(text):
        raise _refused(name)
    return text


def _refused(name: str) -> ChangeRefusedError:
    return ChangeRefusedError(params={"field": name})


def _demand_revision(revision: Revision, licence: LicenceRecord) -> None:
    """See that the revision brings what its kind demands, and nothing that its kind forbids."""
    content = (revision.holder_name, revision.photo, revision.item_code, *revision.fields.values())
    changes_content = any(each is not None for each in content)
    changes_term = (revision.valid_from, revision.valid_until) != (None, None)
    match revision.kind:
        case "renewal" if revision.valid_until is None or revision.valid_until <= (licence.valid_until or date.max):
            raise _refused("valid_until")
        case "change" if not changes_content and not changes_term and licence.papers_due is None:
            raise _refused("fields")
        case "replacement" if changes_content:
            raise _refused("fields")
        case "replacement" if changes_term:
            raise _refused("valid_from" if revision.valid_until is None else "valid_until")
        case "new":
            raise _refused("change_kind")
        case _:
            pass


def _revised(filed: LicenceDraft, revision: Revision, licence: LicenceRecord, *, today: date) -> LicenceDraft:
    """Return the filed draft with the revision applied; papers that were missing are no longer promised."""
    is_renewal = revision.kind == "renewal"
    fields = {**filed.fields, **revision.fields}
    return replace(
        filed,
        holder_name=filed.holder_name if revision.holder_name is None else revision.holder_name,
        fields={name: text for name, text in fields.items() if text},
        photo=filed.photo if revision.photo is None else revision.photo,
        item_code=filed.item_code if revision.item_code is None else revision.item_code,
        valid_from=revision.valid_from or (today if is_renewal else filed.valid_from),
        valid_until=filed.valid_until if revision.valid_until is None else revision.valid_until,
        papers_due=None if revision.kind == "change" else filed.papers_due,
        number=None,
        replaces=licence.licence_id,
        change_kind=revision.kind,
        batch_key=None,
    )
