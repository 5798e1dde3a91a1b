"""What the status lists say."""

import pytest

from registry import statuses
from registry.db import reading, transaction
from registry.events import Act, record_event
from registry.lifecycle import LicenceEvent
from tests.registry_office import AT, Office
from verify.status import StatusValue


@pytest.mark.parametrize(
    ("event", "value"),
    [
        (LicenceEvent.SUSPEND, StatusValue.SUSPENDED),
        (LicenceEvent.REVOKE, StatusValue.ENDED),
        (LicenceEvent.CANCEL, StatusValue.ENDED),
    ],
)
def test_an_act_changes_its_own_place_only(office: Office, event: LicenceEvent, value: StatusValue) -> None:
    licence, _ = office.issues(2)
    act = Act(
        event=event, effective_on=AT.date(), reason="理由", legal_basis="依据", reference="", operator_role="system"
    )
    with transaction(office.database) as tx:
        record_event(tx, licence.licence_id, act, at=AT, random=office.random)

    with reading(office.database) as tx:
        assert statuses.values(tx, licence.status_list) == {licence.status_index: value}
        assert statuses.values(tx, licence.status_list + 1) == {}


def test_a_replaced_licence_says_superseded(office: Office) -> None:
    (old,) = office.issues()
    (new,) = office.issues(replaces=old.licence_id, change_kind="renewal")

    with reading(office.database) as tx:
        assert statuses.values(tx, 1) == {old.status_index: StatusValue.SUPERSEDED}
        assert statuses.lists_of(tx, [new.licence_id]) == {1}


def test_there_is_no_list_before_the_first_place(office: Office) -> None:
    with reading(office.database) as tx:
        assert statuses.list_numbers(tx) == ()
        assert statuses.lists_of(tx, ["none"]) == frozenset()
