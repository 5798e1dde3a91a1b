"""An audit of recalls: clean as acts left them; each one changed, lost or made up is named."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update

from registry.db import transaction
from registry.lifecycle import LicenceEvent
from registry.tables import RECALL
from signer.audit import AuditReport, AuditScope, audit
from signer.change import Change, change
from tests.receipt_desk import drafted, makes
from tests.town import MARKET, Town

REVOKE = Change(event=LicenceEvent.REVOKE, reason="理由", legal_basis="依据")


def audited(town: Town) -> AuditReport:
    desk = town.desk
    return audit(AuditScope(database=town.database, verifier=desk.log.verifier, trust=desk.trust()), at=town.now)


def test_recalls_are_clean_as_the_act_left_them_and_each_change_or_loss_is_named(sqlite_town: Town) -> None:
    town = sqlite_town
    licence = town.issues(town.food_draft()).record
    made = makes(town, *[drafted(town, licence.licence_id)] * 9)
    town.clock.moves(timedelta(days=2))
    change(town.desk, licence.licence_id, REVOKE, operator=town.officer, at=town.now)
    report = audited(town)
    assert (report.discrepancies, report.counts["recalls"]) == ((), 9)

    changes: list[dict[str, Any]] = [
        {"office": MARKET},
        {"licence_id": "0" * 16},
        {"state": "cancelled"},
        {"effective_on": town.now.date() - timedelta(days=400)},
        {"recalled_at": town.now + timedelta(days=1)},
        {"was_in_force": False},
        {"number": 1 << 40},
    ]
    with transaction(town.database) as tx:
        for each, values in zip(made, changes, strict=False):
            tx.execute(update(RECALL).where(RECALL.c.receipt_id == each.record.receipt_id).values(**values))
        tx.execute(delete(RECALL).where(RECALL.c.receipt_id == made[8].record.receipt_id))

    found = {(each.code, each.params["receipt_id"], each.params.get("columns")) for each in audited(town).discrepancies}

    named = {
        ("audit.recall", each.record.receipt_id, ", ".join(values)) for each, values in zip(made, changes, strict=False)
    }
    assert found == named | {("audit.recall_missing", made[8].record.receipt_id, None)}
