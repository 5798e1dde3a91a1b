"""What happens in the demonstration after licences were issued: some are suspended, revoked, replaced; a door opens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from api.cli.people import operator_for
from api.demonstration import Demonstration
from api.licence_forms import values_of
from api.wiring import Office
from registry import drafts
from registry.db import reading, transaction
from registry.lifecycle import LicenceEvent
from registry.records import DraftState, LicenceRecord, Role
from signer.change import Change, Revision, change, revise
from signer.issue import issue_saved
from verify.licence import ISSUER_ZONE

# The food business licence: everybody knows one.
_SHOWN_FIRST: Final = "11999999000000019M002"
_SUSPENDED_DAYS: Final = 30
# The office whose people a newcomer may be; one of its types needs no reviewer.
_OPEN_OFFICE: Final = "119999990000000511"
_EXAMPLES_MAX: Final = 200
# An example's term begins today, as that of every new application.
_TERM: Final = frozenset({"valid_from", "valid_until", "papers_due"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The licences that the demonstration shows, by id; `newer` stands in the place of `superseded`."""

    good: str
    suspended: str
    revoked: str
    superseded: str
    newer: str


def change_some(office: Office, issued: Sequence[LicenceRecord]) -> Chosen:
    """Suspend one licence, revoke one, and replace one by a newer version. Needs four licences."""
    good, suspended, revoked, superseded = sorted(
        issued, key=lambda each: (each.type_code != _SHOWN_FIRST, each.document_leaf)
    )[:4]
    today = office.clock().astimezone(ISSUER_ZONE).date()
    _change(
        office,
        suspended,
        Change(
            event=LicenceEvent.SUSPEND,
            reason="场所卫生不符合要求，责令停业整改",
            legal_basis="《食品安全法》第一百二十六条",
            reference="示市监罚〔2026〕18号",
            until=today + timedelta(days=_SUSPENDED_DAYS),
        ),
    )
    _change(
        office,
        revoked,
        Change(
            event=LicenceEvent.REVOKE,
            reason="经营腐败变质食品，情节严重",
            legal_basis="《食品安全法》第一百二十四条",
            reference="示市监罚〔2026〕27号",
        ),
    )
    return Chosen(
        good=good.licence_id,
        suspended=suspended.licence_id,
        revoked=revoked.licence_id,
        superseded=superseded.licence_id,
        newer=_replace(office, superseded).licence_id,
    )


def open_door(office: Office) -> None:
    """Let newcomers be an officer, a reviewer and an auditor, with what was applied for before as examples."""
    with reading(office.database) as tx:
        filed = drafts.list_drafts(tx, _OPEN_OFFICE, state=DraftState.FILED, limit=_EXAMPLES_MAX)
    examples: dict[str, dict[str, str]] = {}
    for each in filed:
        example = {name: text for name, text in values_of(each.draft).items() if name not in _TERM}
        examples.setdefault(each.draft.type_code, example)
    people = (f"officer-{_OPEN_OFFICE}", f"reviewer-{_OPEN_OFFICE}", "auditor-1")
    office.demonstration = Demonstration(people=people, examples=examples)


def _change(office: Office, licence: LicenceRecord, act: Change) -> None:
    operator = operator_for(office.database, licence.issuer, Role.ISSUING_OFFICER, None)
    change(office.desk, licence.licence_id, act, operator=operator, at=office.clock())


def _replace(office: Office, licence: LicenceRecord) -> LicenceRecord:
    """Issue the licence anew, as for a holder who lost it: written by one person, approved by another."""
    operator = operator_for(office.database, licence.issuer, Role.ISSUING_OFFICER, None)
    reviewer = operator_for(office.database, licence.issuer, Role.REVIEWER, None)
    saved = revise(office.desk, licence.licence_id, Revision(kind="replacement"), operator=operator, at=office.clock())
    with transaction(office.database) as tx:
        saved = drafts.approve_draft(tx, saved.draft_id, reviewer=reviewer.person_id, version=saved.version)
    return issue_saved(office.desk, saved, operator=operator, at=office.clock()).record
