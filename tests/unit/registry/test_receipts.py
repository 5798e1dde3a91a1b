"""Receipts of relying offices: kept, found by their own office alone, recalled at once when they come too late, deleted."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from registry import recalls, receipts
from registry.db import reading, transaction
from registry.events import Act
from registry.licences import record_event
from registry.lifecycle import LicenceEvent
from registry.receipt_errors import UnknownReceiptError
from registry.receipts import ReceiptRecord
from registry.tables import RECALL
from tests.registry_office import AT, BUREAU, Office

SCHOOLS = "11999999000000078Q"
RECEIPT = ReceiptRecord(
    receipt_id="0" * 32,
    licence_id=None,
    office=BUREAU,
    client="counter",
    purpose="supervision",
    item_code=None,
    legal_basis="示例依据",
    case_number="7号",
    operator=b"_" * 16,
    verdict="valid",
    in_force=True,
    made_at=AT,
    delete_after=AT + timedelta(days=10),
    content=b"signed",
    leaf=0,
)
REVOKED = Act(
    event=LicenceEvent.REVOKE,
    effective_on=AT.date(),
    reason="理由",
    legal_basis="依据",
    reference="7",
    operator_role="issuing_officer",
)


def several(count: int, **changes: object) -> list[ReceiptRecord]:
    first = {"leaf": 100, **changes}.pop("leaf")
    return [
        RECEIPT._replace(**{**changes, "receipt_id": f"{first + each:032x}", "leaf": first + each})  # type: ignore[arg-type, operator]
        for each in range(count)
    ]


def files(office: Office, *records: ReceiptRecord) -> None:
    with transaction(office.database) as tx:
        receipts.file_receipts(tx, records, at=AT)


def test_a_receipt_reads_back_as_it_was_filed_and_shows_no_contents_in_its_repr(office: Office) -> None:
    stamped = RECEIPT._replace(timestamp=b"stamp", licence_id="0123456789abcdef", item_code="1" * 31)
    files(office)
    files(office, stamped)

    with reading(office.database) as tx:
        assert receipts.demand_receipt(tx, stamped.receipt_id) == stamped
        with pytest.raises(UnknownReceiptError):
            receipts.demand_receipt(tx, "f" * 32)
    assert not any(each in repr(stamped) for each in ("7号", "signed", "stamp'", "____"))


def test_an_office_lists_its_own_newest_first_page_by_page_and_by_case(office: Office) -> None:
    mine, other = several(5), several(1, leaf=200, case_number="8号")
    files(office, *mine, *other, *several(2, leaf=300, office=SCHOOLS))

    with reading(office.database) as tx:
        first = receipts.list_receipts(tx, BUREAU, limit=4)
        second = receipts.list_receipts(tx, BUREAU, cursor=first[-1].leaf, limit=4)
        of_case = receipts.list_receipts(tx, BUREAU, case_number="8号")
        between = receipts.receipts_between(tx, 101, 104)

    assert [each.leaf for each in (*first, *second)] == [200, 104, 103, 102, 101, 100]
    assert of_case == tuple(other)
    assert between == tuple(mine[1:4])


def test_a_receipt_that_comes_after_the_act_is_recalled_at_once(office: Office) -> None:
    ended, kept = (each.licence_id for each in office.issues(2))
    with transaction(office.database) as tx:
        record_event(tx, ended, REVOKED, at=AT, random=office.random)

    late = several(1, licence_id=ended)
    files(
        office, *late, *several(1, leaf=200, licence_id=kept), *several(1, leaf=300, licence_id=ended, in_force=False)
    )

    with reading(office.database) as tx:
        (recall,) = recalls.list_recalls(tx, BUREAU)
    assert (recall.receipt_id, recall.licence_id, recall.state) == (late[0].receipt_id, ended, "revoked")


def test_what_is_due_is_deleted_with_its_recalls_and_its_leaf_remembered(office: Office) -> None:
    (ended,) = (each.licence_id for each in office.issues())
    due, kept = several(2, licence_id=ended), several(1, leaf=200, delete_after=AT + timedelta(days=11))
    files(office, *due, *kept)
    with transaction(office.database) as tx:
        record_event(tx, ended, REVOKED, at=AT, random=office.random)
        assert tx.execute(select(func.count()).select_from(RECALL)).scalar_one() == 2

    with transaction(office.database) as tx:
        assert receipts.delete_due(tx, at=AT + timedelta(days=9)) == 0
        assert receipts.delete_due(tx, at=AT + timedelta(days=10)) == 2
        assert receipts.delete_due(tx, at=AT + timedelta(days=10)) == 0

    with reading(office.database) as tx:
        assert receipts.list_receipts(tx, BUREAU) == tuple(kept)
        assert tx.execute(select(func.count()).select_from(RECALL)).scalar_one() == 0
        assert receipts.deleted_between(tx, 0, 300) == {100, 101}
        assert receipts.deleted_between(tx, 101, 101) == frozenset()
