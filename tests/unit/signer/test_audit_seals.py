"""An audit of seals, grants and uses: clean as the office left it, and each thing that is changed or missing is named."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from keys.custody import DEPLOYMENT, KeyName
from registry import seal_uses, seals
from registry.db import Transaction, reading, transaction
from registry.seal_grants import grants_of
from registry.seal_records import Occasion, SealUse, UseFiling, UseRequest
from registry.tables import (
    LOG_PENDING,
    LOG_RECORD,
    SEAL,
    SEAL_EVENT,
    SEAL_GRANT,
    SEAL_GRANT_ITEM,
    SEAL_OBJECT,
    SEAL_USE,
    SEAL_USE_BODY,
)
from signer.audit import AuditReport, AuditScope, audit
from signer.log_entries import intent, licence_intent
from signer.seal_grounds import Grounds
from signer.seal_making import SealWish, apply_for_seal
from tests.town import BUREAU, MARKET, NOW, SIGNBOARD, Town
from verify.key_purpose import KeyPurpose

ITEM = "1199999900000005113000117015000"
ATTEMPTS = ("0123456789abcdea", "0123456789abcdeb")


def report(town: Town) -> AuditReport:
    """Audit the town, but for its documents."""
    desk = town.desk
    scope = AuditScope(database=town.database, verifier=desk.log.verifier, trust=desk.trust(), crls=desk.revocation())
    return audit(scope, at=town.now)


def codes(town: Town) -> set[str]:
    """Return the codes of what an audit finds."""
    return {each.code for each in report(town).discrepancies}


def uses_its_seal(town: Town) -> tuple[SealUse, ...]:
    """Let the bureau's officer use its seal twice, with two intents each, and file both together."""
    code = town.seal_of(BUREAU)
    key = KeyName(KeyPurpose.SEAL, code)
    occasion = Occasion(
        office=BUREAU,
        person="officer-1",
        role="issuing_officer",
        type_code=SIGNBOARD,
        item_code=ITEM,
        second_person="reviewer-1",
        second_role="reviewer",
    )
    with transaction(town.database) as tx:
        (grant,) = grants_of(tx, code)
        requests = [UseRequest(grant_id=grant.grant_id, occasion=occasion, licence_id=each) for each in ATTEMPTS]
        until = town.now + timedelta(minutes=10)
        uses = seal_uses.take_uses(tx, requests, at=town.now, lease_until=until, random=town.desk.random)
    public = town.desk.custody.public_key(key)
    receipts = town.desk.log.append(
        [
            licence_intent(KeyPurpose.SEAL, public, each.encode(), data_set_digest=bytes(32), licence_id=each)
            for each in ATTEMPTS
        ]
    )
    filings = [
        UseFiling(use_id=use.use_id, bodies=((f"{receipt.index:064x}", receipt.index),))
        for use, receipt in zip(uses, receipts, strict=True)
    ]
    with transaction(town.database) as tx:
        filed = seal_uses.file_uses(tx, filings, at=town.now, random=town.desk.random)
    town.desk.log.flush_pending()
    return filed


def test_what_the_office_left_is_clean_and_counted(town: Town) -> None:
    uses_its_seal(town)

    found = report(town)

    assert found.discrepancies == ()
    assert (found.counts["seals"], found.counts["seal_grants"], found.counts["seal_uses"]) == (3, 3, 2)
    assert found.counts["seal_events"] == 15


def test_what_waits_for_the_log_is_no_discrepancy_and_what_was_lost_before_it_is(sqlite_town: Town) -> None:
    town = sqlite_town
    uses = uses_its_seal(town)
    code = town.seal_of(BUREAU)
    with transaction(town.database) as tx:
        (grant,) = grants_of(tx, code)
        taken = UseRequest(grant_id=grant.grant_id, occasion=uses[0].occasion, licence_id="0123456789abcdec")
        use = seal_uses.take_use(
            tx, taken, at=town.now, lease_until=town.now + timedelta(minutes=10), random=town.desk.random
        )
    public = town.desk.custody.public_key(KeyName(KeyPurpose.SEAL, code))
    (receipt,) = town.desk.log.append(
        [licence_intent(KeyPurpose.SEAL, public, b"x", data_set_digest=bytes(32), licence_id="0123456789abcdec")]
    )
    with transaction(town.database) as tx:
        filing = UseFiling(use_id=use.use_id, bodies=(("0" * 64, receipt.index),))
        seal_uses.file_uses(tx, [filing], at=town.now, random=town.desk.random)
    assert codes(town) == set(), "it waits"

    with transaction(town.database) as tx:
        tx.execute(delete(LOG_PENDING))

    assert codes(town) == {"audit.seal_unlogged"}


Change = Callable[[Transaction, str, SealUse], Any]


def changes(table: Any, column: str, value: Any, **where: Any) -> Change:
    """Return a change of one column, in the rows of the bureau's seal."""

    def change(tx: Transaction, code: str, _use: SealUse) -> None:
        key = table.c.grant_id.like(f"{code}%") if "code" not in table.c else table.c.code == code
        others = [table.c[name] == each for name, each in where.items()]
        tx.execute(update(table).where(key, *others).values({column: value}))

    return change


def of_use(table: Any, column: str, value: Any) -> Change:
    """Return a change of one column of one use."""
    return lambda tx, _code, use: tx.execute(update(table).where(table.c.use_id == use.use_id).values({column: value}))


def loses(table: Any, *, of: str) -> Change:
    """Return the loss of rows, by the seal or by the use."""

    def lose(tx: Transaction, code: str, use: SealUse) -> None:
        key = table.c.code == code if of == "code" else table.c.use_id == use.use_id
        if table is SEAL_USE:
            tx.execute(delete(SEAL_USE_BODY).where(SEAL_USE_BODY.c.use_id == use.use_id))
            tx.execute(update(SEAL_GRANT).where(SEAL_GRANT.c.code == code).values(uses_taken=1))
        tx.execute(delete(table).where(key))

    return lose


def forges_a_use(tx: Transaction, _code: str, use: SealUse) -> None:
    """Copy a filed use, as if the seal had been used once more."""
    row = dict(tx.execute(SEAL_USE.select().where(SEAL_USE.c.use_id == use.use_id)).mappings().one())
    tx.execute(SEAL_USE.insert().values({**row, "use_id": "f" * 32}))


def loses_the_list(tx: Transaction, _code: str, use: SealUse) -> None:
    """Drop the list that two uses were filed with."""
    filing = tx.execute(SEAL_USE.select().where(SEAL_USE.c.use_id == use.use_id)).mappings().one()["filing"]
    tx.execute(delete(LOG_RECORD).where(LOG_RECORD.c.digest == filing))


def another_key(tx: Transaction, code: str) -> str:
    """Return the name of the key of another seal."""
    other = next(each.code for each in seals.seals_of(tx) if each.code != code)
    return seals.objects_of(tx, other)[0].key or ""


TAMPERED: dict[str, tuple[Change, set[str]]] = {
    "a suspended seal set free": (changes(SEAL, "state", "suspended"), {"audit.seal_state"}),
    "another name": (changes(SEAL, "name", "示例市财政局"), {"audit.seal_object"}),
    "another owner": (changes(SEAL, "owner", MARKET), {"audit.seal_record"}),
    "a longer term": (
        lambda tx, code, _use: tx.execute(
            update(SEAL_OBJECT)
            .where(SEAL_OBJECT.c.code == code)
            .values(valid_until=seals.objects_of(tx, code)[0].valid_until + timedelta(days=1))
        ),
        {"audit.seal_object"},
    ),
    "another applicant, who may now use it": (changes(SEAL_OBJECT, "applied_by", "nobody"), {"audit.seal_object"}),
    "another approver, who may now use it": (changes(SEAL_OBJECT, "approved_by", "nobody"), {"audit.seal_object"}),
    "a grant for another seal": (
        lambda tx, code, _use: tx.execute(
            update(SEAL_GRANT)
            .where(SEAL_GRANT.c.code == code)
            .values(code=next(each.code for each in seals.seals_of(tx) if each.code != code))
        ),
        {"audit.seal_grant"},
    ),
    "another giver, who may now use it": (changes(SEAL_GRANT, "granted_by", "nobody"), {"audit.seal_grant"}),
    "another picture": (changes(SEAL_OBJECT, "picture", b"x"), {"audit.seal_object"}),
    "another printed width": (changes(SEAL_OBJECT, "width_mm", 99), {"audit.seal_object"}),
    "a certificate that begins earlier": (
        changes(SEAL_OBJECT, "certificate_from", NOW - timedelta(days=9)),
        {"audit.seal_object"},
    ),
    "a certificate that ends later": (
        changes(SEAL_OBJECT, "certificate_until", NOW + timedelta(days=9999)),
        {"audit.seal_object"},
    ),
    "a key that is not in the register": (
        lambda tx, code, _use: tx.execute(
            update(SEAL_OBJECT).where(SEAL_OBJECT.c.code == code).values(key=f"seal.{code}-9")
        ),
        {"audit.seal_object"},
    ),
    "the key of another seal": (
        lambda tx, code, _use: tx.execute(
            update(SEAL_OBJECT).where(SEAL_OBJECT.c.code == code).values(key=another_key(tx, code))
        ),
        {"audit.seal_object"},
    ),
    "what is no key": (changes(SEAL_OBJECT, "key", "none"), {"audit.seal_object"}),
    "another object": (changes(SEAL_OBJECT, "content", b"x"), {"audit.seal_object"}),
    "another maker's leaf": (changes(SEAL_OBJECT, "maker_leaf", 0), {"audit.seal_object"}),
    "another person acted": (
        changes(SEAL_EVENT, "person", "somebody", act="approve"),
        {"audit.seal_record", "audit.seal_object"},
    ),
    "another reason": (changes(SEAL_EVENT, "reason", "none", act="file"), {"audit.seal_record"}),
    "another state after an act": (
        changes(SEAL_EVENT, "state", "destroyed", act="file"),
        {"audit.seal_record", "audit.seal_state"},
    ),
    "another record": (
        changes(SEAL_EVENT, "record", b"\xa0", act="make"),
        {"audit.seal_record", "audit.seal_unlogged"},
    ),
    "a lost act": (
        lambda tx, code, _use: tx.execute(
            delete(SEAL_EVENT).where(SEAL_EVENT.c.code == code, SEAL_EVENT.c.act == "approve")
        ),
        {"audit.event_unknown", "audit.seal_object", "audit.seal_state"},
    ),
    "more uses than allowed": (changes(SEAL_GRANT, "uses_taken", 0), {"audit.seal_grant"}),
    "a withdrawn grant": (changes(SEAL_GRANT, "state", "withdrawn"), {"audit.seal_grant"}),
    "a longer grant": (
        lambda tx, code, _use: tx.execute(
            update(SEAL_GRANT)
            .where(SEAL_GRANT.c.code == code)
            .values(valid_until=grants_of(tx, code)[0].terms.valid_until + timedelta(days=1))
        ),
        {"audit.seal_record"},
    ),
    "another legal basis of an item": (
        changes(SEAL_GRANT_ITEM, "legal_basis", "无", item_code=ITEM),
        {"audit.seal_record"},
    ),
    "another item used": (of_use(SEAL_USE, "item_code", "1199999900000005113000131012000"), {"audit.seal_record"}),
    "another operator": (of_use(SEAL_USE, "person", "somebody"), {"audit.seal_record"}),
    "another second person": (of_use(SEAL_USE, "second_person", None), {"audit.seal_record"}),
    "another document sealed": (of_use(SEAL_USE_BODY, "digest", "f" * 64), {"audit.seal_record"}),
    "another leaf": (of_use(SEAL_USE_BODY, "leaf", 1), {"audit.seal_record", "audit.seal_use_leaf"}),
    "a lost use": (loses(SEAL_USE, of="use"), {"audit.seal_use_missing"}),
    "a forged use": (
        forges_a_use,
        {"audit.seal_record", "audit.seal_grant", "audit.seal_use_leaf"},
    ),
    "a lost list": (loses_the_list, {"audit.seal_use_missing", "audit.seal_use_unlisted"}),
}


def test_whatever_was_changed_in_the_registry_alone_is_found_and_named(sqlite_town: Town) -> None:
    """Each in a transaction that is read back by the same audit, and undone by writing the rows anew."""
    town = sqlite_town
    use = uses_its_seal(town)[0]
    code = town.seal_of(BUREAU)
    tables = (SEAL, SEAL_OBJECT, SEAL_EVENT, SEAL_GRANT, SEAL_GRANT_ITEM, SEAL_USE, SEAL_USE_BODY, LOG_RECORD)
    with reading(town.database) as tx:
        before = {table: [dict(row) for row in tx.execute(table.select()).mappings()] for table in tables}
    for name, (change, wanted) in TAMPERED.items():
        with transaction(town.database) as tx:
            change(tx, code, use)

        assert codes(town) == wanted, name

        with transaction(town.database) as tx:
            tx.connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for table in reversed(tables):
                tx.execute(delete(table))
            for table in tables:
                tx.execute(table.insert(), before[table])
    assert codes(town) == set()


@pytest.mark.parametrize(
    "values",
    [{"picture": b"x"}, {"width_mm": 43}, {"valid_until": NOW + timedelta(days=1)}, {"valid_from": NOW}],
    ids=["picture", "width", "end", "beginning"],
)
def test_what_is_changed_before_a_seal_is_made_is_found_while_it_waits(
    sqlite_town: Town, values: dict[str, Any]
) -> None:
    town = sqlite_town
    asked = SealWish(
        owner=BUREAU, use="合同专用章", valid_from=NOW + timedelta(days=2), valid_until=NOW + timedelta(days=365)
    )
    grounds = Grounds(reason="启用新印章", legal_basis="国办发〔2025〕33号")
    code = apply_for_seal(town.desk, asked, grounds, operator=town.custodian_of(BUREAU), at=town.now).code
    assert codes(town) == set()

    with transaction(town.database) as tx:
        tx.execute(update(SEAL_OBJECT).where(SEAL_OBJECT.c.code == code).values(values))

    assert codes(town) == {"audit.seal_object"}


@pytest.mark.parametrize("purpose", [KeyPurpose.SEAL, KeyPurpose.SEAL_MAKER])
def test_a_signature_of_a_seal_or_of_its_maker_that_nobody_knows_is_found(town: Town, purpose: KeyPurpose) -> None:
    owner = town.seal_of(BUREAU) if purpose is KeyPurpose.SEAL else DEPLOYMENT
    public = town.desk.custody.public_key(KeyName(purpose, owner))

    town.desk.log.append((intent(purpose, public, b"forged by somebody inside"),))

    assert codes(town) == {"audit.intent_unknown"}
