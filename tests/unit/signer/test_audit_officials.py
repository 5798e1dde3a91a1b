"""An audit of official documents: clean as they were sealed, and each thing that is changed or missing is named."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from registry.db import Transaction, reading, transaction
from registry.official_documents import OfficialRecord
from registry.tables import INTENT, OFFICIAL_DOCUMENT, SEAL_USE, SEAL_USE_BODY
from signer.audit import AuditReport, AuditScope, audit
from tests.mutations import last_bit_changed
from tests.official_office import OfficialOffice, plain_ofd, plain_pdf
from tests.town import MARKET, Town

FORMS = {"pdf": plain_pdf(), "ofd": plain_ofd()}
OTHER_ID = "0" * 16


def report(office: OfficialOffice, *, with_vault: bool = True, with_judge: bool = True) -> AuditReport:
    town, desk = office.town, office.town.desk
    scope = AuditScope(
        database=town.database,
        verifier=desk.log.verifier,
        trust=desk.trust(),
        crls=desk.revocation(),
        vault=desk.vault if with_vault else None,
        judge=office.judge if with_judge else None,
    )
    return audit(scope, at=town.now)


def found(office: OfficialOffice, **using: bool) -> dict[str, str]:
    """Return the codes of what an audit finds, with the columns that it names."""
    return {each.code: each.params.get("columns", "") for each in report(office, **using).discrepancies}


@pytest.fixture
def office(sqlite_town: Town) -> OfficialOffice:
    return OfficialOffice(sqlite_town)


def test_what_the_office_sealed_is_clean_and_counted_and_what_only_waits_is_left_out(town: Town) -> None:
    office = OfficialOffice(town)
    for upload in FORMS.values():
        office.seals(office.prepares(upload))
    approved = office.approves(office.prepares(grant_id=office.grants(needs_second=True).grant_id))
    office.seals(approved)
    office.prepares()

    whole, unread, without = report(office), report(office, with_judge=False), report(office, with_vault=False)

    assert (whole.discrepancies, unread.discrepancies, without.discrepancies) == ((), (), ())
    assert [each.counts["official_documents"] for each in (whole, unread, without)] == [3, 3, 3]
    assert (whole.counts.get("official_documents_unread"), unread.counts["official_documents_unread"]) == (None, 3)


Change = Callable[[Transaction, OfficialRecord], Any]


def tells(column: str, value: Any) -> Change:
    """Return a change of one column of the document."""
    mine = OFFICIAL_DOCUMENT.c.document_id
    return lambda tx, record: tx.execute(
        update(OFFICIAL_DOCUMENT).where(mine == record.document_id).values({column: value})
    )


def of_use(column: str, value: Any) -> Change:
    """Return a change of one column of the use."""
    return lambda tx, record: tx.execute(
        update(SEAL_USE).where(SEAL_USE.c.use_id == record.use_id).values({column: value})
    )


def seals_later(tx: Transaction, record: OfficialRecord) -> None:
    """Tell another day of sealing."""
    assert record.sealed_at is not None
    tells("sealed_at", record.sealed_at + timedelta(days=1))(tx, record)


def loses_its_intent(tx: Transaction, record: OfficialRecord) -> None:
    """Make the intent one that was given up."""
    tx.execute(update(INTENT).where(INTENT.c.licence_id == record.document_id).values(state="open"))


def loses_its_use(tx: Transaction, record: OfficialRecord) -> None:
    """Drop the use of the seal."""
    tx.execute(update(OFFICIAL_DOCUMENT).values(use_id=None))
    tx.execute(delete(SEAL_USE_BODY).where(SEAL_USE_BODY.c.use_id == record.use_id))
    tx.execute(delete(SEAL_USE).where(SEAL_USE.c.use_id == record.use_id))


def takes_another_id(tx: Transaction, record: OfficialRecord) -> None:
    """Give the file to another document, with intent and use."""
    tells("document_id", OTHER_ID)(tx, record)
    tx.execute(update(INTENT).where(INTENT.c.licence_id == record.document_id).values(licence_id=OTHER_ID))
    of_use("document_id", OTHER_ID)(tx, record)


# What must be found, with the columns that are named; other parts of the audit may find more.
TAMPERED: dict[str, tuple[Change, dict[str, str]]] = {
    "set back to prepared": (tells("state", "prepared"), {"audit.official_state": ""}),
    "given up": (tells("state", "abandoned"), {"audit.official_state": ""}),
    "another leaf": (
        tells("leaf", 0),
        {
            "audit.official_leaf": "",
            "audit.official_intent": "",
            "audit.official_use": "document_digest",
            "audit.official_columns": "leaf",
            "audit.intent_licence": "",
        },
    ),
    "no leaf": (
        tells("leaf", None),
        {
            "audit.official_leaf": "",
            "audit.official_intent": "",
            "audit.official_use": "document_digest",
            "audit.official_columns": "leaf",
            "audit.intent_licence": "",
        },
    ),
    "another form": (tells("form", "odf"), {"audit.official_leaf": "", "audit.official_prepared": ""}),
    "another department": (
        tells("department", MARKET),
        {"audit.official_use": "department", "audit.official_columns": "department"},
    ),
    "another item": (
        tells("item_code", "1199999900000005113000117015000"),
        {"audit.official_use": "item_code", "audit.official_columns": "item_code"},
    ),
    "another version of the seal": (tells("seal_version", 2), {"audit.official_use": "seal_version"}),
    "another approver": (tells("approved_by", "somebody"), {"audit.official_use": "approved_by"}),
    "another day": (seals_later, {"audit.official_use": "sealed_at"}),
    "another prepared file": (tells("prepared_digest", "0" * 64), {"audit.official_prepared": ""}),
    "another layout": (tells("layout", "{"), {"audit.official_prepared": ""}),
    "another file": (
        tells("document_digest", "0" * 64),
        {"audit.official_use": "document_digest", "audit.official_missing": ""},
    ),
    "no file": (
        tells("document_digest", None),
        {"audit.official_use": "document_digest", "audit.official_missing": ""},
    ),
    "no use": (tells("use_id", None), {"audit.official_use": "use_id"}),
    "a lost use": (loses_its_use, {"audit.official_use": "use_id"}),
    "a use of another document": (of_use("document_id", OTHER_ID), {"audit.official_use": "use_id"}),
    "a use that is not filed": (of_use("state", "open"), {"audit.official_use": "state"}),
    "another legal basis": (of_use("legal_basis", "无"), {"audit.official_columns": "legal_basis"}),
    "another role": (of_use("role", "reviewer"), {"audit.official_columns": "role"}),
    "an intent that is not filed": (loses_its_intent, {"audit.official_intent": ""}),
    "another id": (takes_another_id, {"audit.official_columns": "document_id"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_whatever_was_changed_in_the_registry_alone_is_found_and_named(office: OfficialOffice, form: str) -> None:
    """Each in a transaction that is read back by the same audit, and undone by writing the rows anew."""
    record = office.seals(office.prepares(FORMS[form]))
    database = office.town.database
    tables = (SEAL_USE, SEAL_USE_BODY, INTENT, OFFICIAL_DOCUMENT)
    with reading(database) as tx:
        before = {table: [dict(row) for row in tx.execute(table.select()).mappings()] for table in tables}
    for name, (change, wanted) in TAMPERED.items():
        with transaction(database) as tx:
            change(tx, record)

        told = {code: columns for code, columns in found(office).items() if not code.startswith("audit.seal_")}
        told.pop("audit.intent_licence", None) if "audit.intent_licence" not in wanted else None

        assert told == wanted, name

        with transaction(database) as tx:
            tx.connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for table in reversed(tables):
                tx.execute(delete(table))
            for table in tables:
                if before[table]:
                    tx.execute(table.insert(), before[table])
    assert found(office) == {}


def test_a_file_that_breaks_its_reader_is_a_discrepancy_and_no_error(office: OfficialOffice) -> None:
    office.seals(office.prepares())
    town, desk = office.town, office.town.desk
    scope = AuditScope(
        database=town.database, verifier=desk.log.verifier, trust=None, vault=desk.vault, judge=lambda _document: None
    )

    assert [each.code for each in audit(scope, at=town.now).discrepancies] == ["audit.official_rejected"]


def test_a_lost_row_is_found_from_the_log(office: OfficialOffice) -> None:
    office.seals(office.prepares())

    with transaction(office.town.database) as tx:
        tx.execute(delete(OFFICIAL_DOCUMENT))

    assert "audit.intent_licence" in found(office)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_gone_or_damaged_is_found(office: OfficialOffice, form: str) -> None:
    record = office.seals(office.prepares(FORMS[form]))
    (path,) = (each for each in office.town.folder.rglob("*") if each.name.startswith(record.document_digest or "-"))
    content = path.read_bytes()
    path.chmod(0o600)

    path.write_bytes(last_bit_changed(content))
    damaged = found(office)
    path.unlink()

    assert damaged == {"audit.official_damaged": ""}
    assert found(office) == {"audit.official_missing": ""}


@pytest.mark.parametrize("form", FORMS)
def test_another_file_under_the_name_of_a_sealed_one_is_found_whole_as_it_may_be(
    office: OfficialOffice, form: str
) -> None:
    """The row and the use name a file that is in the vault and undamaged, and was sealed by nobody, or for another."""
    longer = plain_pdf(2) if form == "pdf" else plain_ofd(2)
    record, other = office.seals(office.prepares(FORMS[form])), office.seals(office.prepares(longer))
    forged = office.town.desk.vault.put(office.document(record)[:-9] + b"otherwise")

    for digest, wanted in (
        (forged, {"audit.official_prepared", "audit.official_rejected"}),
        (other.document_digest, {"audit.official_prepared", "audit.official_columns"}),
    ):
        with transaction(office.town.database) as tx:
            tells("document_digest", digest)(tx, record)
            tx.execute(update(SEAL_USE_BODY).where(SEAL_USE_BODY.c.use_id == record.use_id).values(digest=digest))
        assert found(office).keys() - {"audit.seal_record"} == wanted
