"""An audit of receipts: clean as they were made and deleted; each row changed, lost or moved is named."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, insert, update

from registry.db import transaction
from registry.receipts import delete_due
from registry.tables import RECEIPT_DELETION, VERIFICATION_RECEIPT
from signer.audit import AuditReport, AuditScope, audit
from signer.log_entries import EntryDraft
from tests.receipt_desk import drafted, makes
from tests.town import NOW, Town
from verify.log_entry import EntryKind

ROWS = VERIFICATION_RECEIPT
CHANGED: dict[str, Any] = {
    "receipt_id": "0" * 32,
    "licence_id": "0123456789ABCDEF",
    "office": "1199999900000006XQ",
    "purpose": "approval",
    "legal_basis": "x",
    "case_number": "",
    "operator": None,
    "verdict": "revoked",
    "in_force": False,
    "made_at": NOW - timedelta(days=1),
    "delete_after": NOW + timedelta(days=1),
}


def audited(town: Town) -> AuditReport:
    desk = town.desk
    scope = AuditScope(database=town.database, verifier=desk.log.verifier, trust=desk.trust(), crls=desk.revocation())
    return audit(scope, at=town.now)


def codes(town: Town) -> set[str]:
    return {each.code for each in audited(town).discrepancies}


def test_receipts_as_they_were_made_and_deleted_in_time_are_clean_and_counted(town: Town) -> None:
    makes(town, drafted(town, stamped=True), drafted(town), drafted(town, delete_after=town.now + timedelta(days=1)))
    assert audited(town).counts["receipts"] == 3
    town.clock.moves(timedelta(days=2))
    with transaction(town.database) as tx:
        assert delete_due(tx, at=town.now) == 1

    found = audited(town)

    assert found.discrepancies == ()
    assert (found.counts["receipts"], found.counts["receipts_deleted"], found.counts["kind_3"]) == (2, 1, 3)


def test_each_change_of_a_receipt_is_named(sqlite_town: Town) -> None:
    """Every receipt is changed in another way; one is left as it was, one is lost."""
    town = sqlite_town
    spare, lost, spoilt = makes(town, *[drafted(town, stamped=True)] * 3)
    content = spoilt.record.content
    changes: list[tuple[dict[str, Any], str]] = [
        ({"content": b"\xd2"}, "leaf changed stamp"),
        ({"content": content}, "leaf changed stamp"),
        ({"timestamp": spare.record.timestamp}, "stamp"),
        ({"timestamp": b"0"}, "stamp"),
        ({"leaf": 0}, "missing"),
        ({"leaf": 1 << 40}, "missing"),
        *(({name: value}, "changed") for name, value in CHANGED.items()),
    ]
    made = makes(town, *[drafted(town, stamped=True)] * len(changes))
    with transaction(town.database) as tx:
        tx.execute(delete(ROWS).where(ROWS.c.receipt_id == lost.record.receipt_id))
        for each, (change, _) in zip(made, changes, strict=True):
            tx.execute(update(ROWS).where(ROWS.c.receipt_id == each.record.receipt_id).values(**change))

    found = {(each.params["index"], each.code) for each in audited(town).discrepancies}

    wanted = {(str(lost.record.leaf), "audit.receipt_missing"), ("0", "audit.receipt_leaf")}
    for each, (_, words) in zip(made, changes, strict=True):
        wanted |= {(str(each.record.leaf), f"audit.receipt_{word}") for word in words.split()}
    assert found == wanted


def test_an_entry_of_the_log_without_a_receipt_is_named_unless_it_was_deleted(sqlite_town: Town) -> None:
    (logged,) = sqlite_town.desk.log.append([EntryDraft(kind=EntryKind.RECEIPT, digest=sha256(b"lost").digest())])

    assert codes(sqlite_town) == {"audit.receipt_missing"}

    with transaction(sqlite_town.database) as tx:
        tx.execute(insert(RECEIPT_DELETION).values(leaf=logged.index, deleted_at=sqlite_town.now))
    assert codes(sqlite_town) == set()
