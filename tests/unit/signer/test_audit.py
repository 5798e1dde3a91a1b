"""The audit finds nothing in an honest town, and everything that was tampered with."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from registry import leaves, log_records, long_term
from registry.db import Transaction, reading, transaction
from registry.events import Act
from registry.licences import find_licence, record_event
from registry.lifecycle import LicenceEvent
from registry.records import LicenceRecord
from registry.tables import (
    DRAFT,
    EVENT,
    INTENT,
    LICENCE,
    LOG_ENTRY,
    LOG_HEAD,
    LOG_NODE,
    LOG_PENDING,
    LOG_RECORD,
    PLACE,
)
from signer.audit import AuditReport, AuditScope, audit
from signer.audit_report import DISCREPANCIES_MAX, Findings
from signer.change import Change, change
from signer.issue import IssuedLicence
from signer.key_acts import request_certificate
from signer.log_entries import abandoned, licence_intent
from signer.recover import recover
from tests.mutations import last_bit_changed
from tests.town import ORIGIN, Town
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry

REVOKE = Change(event=LicenceEvent.REVOKE, reason="理由", legal_basis="依据")


def audited(town: Town, *, documents: bool = True) -> AuditReport:
    scope = AuditScope(
        database=town.database,
        verifier=town.desk.log.verifier,
        trust=town.desk.trust(),
        crls=town.desk.revocation(),
        vault=town.desk.vault if documents else None,
    )
    return audit(scope, at=town.now)


def codes(town: Town, *, documents: bool = True) -> set[str]:
    return {each.code for each in audited(town, documents=documents).discrepancies}


@pytest.fixture
def busy(sqlite_town: Town) -> Town:
    """A town with two licences, one of them revoked."""
    kept, ended = (each for each in sqlite_town.issues_all(sqlite_town.drafts(2)) if isinstance(each, IssuedLicence))
    change(sqlite_town.desk, ended.record.licence_id, REVOKE, operator=sqlite_town.officer, at=sqlite_town.now)
    assert kept.record.state == "in_force"
    return sqlite_town


def licence(town: Town) -> LicenceRecord:
    return next(each for each in licences_of(town) if each.state == "in_force")


def licences_of(town: Town) -> list[LicenceRecord]:

    with reading(town.database) as tx:
        ids = tx.execute(select(LICENCE.c.licence_id)).scalars().all()
        found = [find_licence(tx, each) for each in ids]
    return [each for each in found if each is not None]


def test_an_honest_town_is_clean_and_counted(town: Town) -> None:
    issued = [each for each in town.issues_all(town.drafts(3)) if isinstance(each, IssuedLicence)]
    town.issues(town.teacher_draft())
    change(town.desk, issued[0].record.licence_id, REVOKE, operator=town.officer, at=town.now)
    progress: list[tuple[str, int]] = []
    scope = AuditScope(
        database=town.database,
        verifier=town.desk.log.verifier,
        trust=town.desk.trust(),
        crls=town.desk.revocation(),
        vault=town.desk.vault,
        progress=lambda what, done: progress.append((what, done)),
    )

    report = audit(scope, at=town.now)

    assert report.discrepancies == ()
    assert report.is_clean
    assert (report.counts["licences"], report.counts["documents"], report.counts["events"]) == (4, 8, 1)
    kinds = ("intents_code", "intents_document", "intents_seal", "intents_filed")
    assert [report.counts[each] for each in kinds] == [4, 4, 4, 12]
    assert (report.counts["seals"], report.counts["seal_uses"]) == (3, 4)
    assert report.counts["kind_0"] == 1
    assert report.counts["intents_authority"] > 0
    with reading(town.database) as tx:
        head = leaves.head(tx, ORIGIN)
    assert (report.origin, report.size, report.root, report.last_entry_at) == (ORIGIN, head.size, head.root, head.time)
    assert progress == [("entries", head.size), ("licences", 4)]


def test_crashes_and_waiting_entries_are_counted_and_no_discrepancy(town: Town) -> None:
    records = town.drafts(2)

    class Cut(BaseException):
        pass

    def dies(step: str) -> None:
        if step == "documents_signed":
            raise Cut

    with pytest.raises(Cut):
        replace(town, desk=replace(town.desk, after=dies)).issues_all(records)

    report = audited(town)
    assert report.is_clean
    assert report.counts["intents_open"] == 6

    recover(town.desk, at=town.clock.moves(timedelta(minutes=30)))
    report = audited(town)
    assert report.is_clean
    assert (report.counts["intents_abandoned"], report.counts["kind_7"]) == (6, 6)


def test_documents_are_left_out_without_a_vault(busy: Town) -> None:
    report = audited(busy, documents=False)

    assert report.is_clean
    assert "documents" not in report.counts


def test_what_is_filed_after_the_head_was_read_is_left_out(busy: Town) -> None:
    """The audit sees a head, and while it walks, two more are filed."""
    late: list[object] = []

    def progress(what: str, _done: int) -> None:
        if what == "entries" and not late:
            late.extend(busy.issues_all(busy.drafts(1)))

    scope = AuditScope(
        database=busy.database, verifier=busy.desk.log.verifier, trust=busy.desk.trust(), progress=progress
    )

    report = audit(scope, at=busy.now)

    assert len(late) == 1
    assert report.is_clean
    assert report.counts["licences"] == 2


Tamper = Callable[[Transaction, LicenceRecord], object]


def _of(record: LicenceRecord) -> object:
    return LICENCE.c.licence_id == record.licence_id


_OTHER = LICENCE.alias("other")

TAMPERED: dict[str, tuple[Tamper, set[str]]] = {
    "a leaf's bytes": (
        lambda tx, each: tx.execute(
            update(LOG_ENTRY).where(LOG_ENTRY.c.idx == each.code_leaf).values(entry=b"\x85\x01\x01" + bytes(40))
        ),
        {"audit.leaf_changed", "audit.leaf_malformed", "audit.root", "audit.checkpoint", "audit.code_leaf"},
    ),
    "a leaf's hash": (
        lambda tx, each: tx.execute(
            update(LOG_ENTRY).where(LOG_ENTRY.c.idx == each.code_leaf).values(leaf_hash=bytes(32))
        ),
        {"audit.leaf_changed"},
    ),
    "a leaf's digest column": (
        lambda tx, each: tx.execute(
            update(LOG_ENTRY).where(LOG_ENTRY.c.idx == each.code_leaf).values(digest=bytes(32))
        ),
        {"audit.digest_changed"},
    ),
    "a leaf taken out": (
        lambda tx, each: tx.execute(delete(LOG_ENTRY).where(LOG_ENTRY.c.idx == each.document_leaf)),
        {"audit.leaf_missing", "audit.root", "audit.document_leaf"},
    ),
    "the leaf of an OFD taken out": (
        lambda tx, each: tx.execute(delete(LOG_ENTRY).where(LOG_ENTRY.c.idx == each.ofd_leaf)),
        {"audit.leaf_missing", "audit.root", "audit.document_leaf"},
    ),
    "a licence's OFD leaf": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(ofd_leaf=0)),
        {"audit.document_leaf", "audit.intent_licence", "audit.licence_intents"},
    ),
    "a licence without its OFD": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(ofd_leaf=None, ofd_digest=None)),
        {"audit.intent_licence", "audit.licence_intents"},
    ),
    "the OFD exchanged for that of another licence": (
        lambda tx, each: tx.execute(
            update(LICENCE)
            .where(_of(each))
            .values(
                ofd_digest=select(_OTHER.c.ofd_digest).where(_OTHER.c.licence_id != each.licence_id).scalar_subquery()
            )
        ),
        {"audit.document"},
    ),
    "the state of an intent of an OFD": (
        lambda tx, each: tx.execute(update(INTENT).where(INTENT.c.leaf_index == each.ofd_leaf).values(state="open")),
        {"audit.licence_intents"},
    ),
    "a node": (
        lambda tx, _each: tx.execute(
            update(LOG_NODE).where(LOG_NODE.c.level == 1, LOG_NODE.c.idx == 0).values(hash=bytes(32))
        ),
        {"audit.node_changed"},
    ),
    "the head's root": (
        lambda tx, _each: tx.execute(update(LOG_HEAD).values(root=bytes(32))),
        {"audit.root"},
    ),
    "the head's note": (
        lambda tx, _each: tx.execute(update(LOG_HEAD).values(note="no note")),
        {"audit.checkpoint"},
    ),
    "a licence's code leaf": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(code_leaf=0)),
        {"audit.code_leaf", "audit.intent_licence", "audit.licence_intents", "audit.token"},
    ),
    "a licence's data set": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(data_set=each.data_set + b"\x00")),
        {"audit.code_leaf", "audit.document_leaf", "audit.intent_licence", "audit.document"},
    ),
    "a licence's token": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(token_text="https://x/v/1#1")),
        {"audit.token", "audit.document"},
    ),
    "a licence's token digest": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(token_digest=bytes(32))),
        {"audit.token"},
    ),
    "the holder's name in the registry": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(holder_name="别的公司")),
        {"audit.entries"},
    ),
    "the holder's code in the registry": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(holder_code="91999999MA00000000")),
        {"audit.entries"},
    ),
    "the number in the registry": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(number="JY00000000000000")),
        {"audit.entries"},
    ),
    "the last day in the registry": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(valid_until=None)),
        {"audit.entries"},
    ),
    "the place in the status list in the registry": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(status_list=each.status_list + 7)),
        {"audit.entries"},
    ),
    "the grounds of an act": (
        lambda tx, _each: tx.execute(update(EVENT).values(legal_basis="别的依据")),
        {"audit.event_grounds"},
    ),
    "the day of an act": (
        lambda tx, _each: tx.execute(update(EVENT).values(effective_on=date(2020, 1, 1))),
        {"audit.event_grounds"},
    ),
    "a licence's state": (
        lambda tx, each: tx.execute(update(LICENCE).where(_of(each)).values(state="revoked")),
        {"audit.status"},
    ),
    "a place in the status list": (
        lambda tx, each: tx.execute(update(PLACE).where(PLACE.c.licence_id == each.licence_id).values(status=1)),
        {"audit.status"},
    ),
    "the draft of a licence": (
        lambda tx, each: tx.execute(
            update(DRAFT).where(DRAFT.c.licence_id == each.licence_id).values(state="reserved")
        ),
        {"audit.draft"},
    ),
    "the state of an intent": (
        lambda tx, each: tx.execute(
            update(INTENT).where(INTENT.c.leaf_index == each.document_leaf).values(state="open")
        ),
        {"audit.licence_intents"},
    ),
    "an intent that was said to be abandoned": (
        lambda tx, each: tx.execute(
            update(INTENT).where(INTENT.c.leaf_index == each.document_leaf).values(state="abandoned")
        ),
        {"audit.licence_intents", "audit.abandoned_unlogged"},
    ),
    "the purpose of an intent": (
        lambda tx, each: tx.execute(
            update(INTENT).where(INTENT.c.leaf_index == each.document_leaf).values(purpose="code")
        ),
        {"audit.intent_purpose", "audit.licence_intents"},
    ),
    "an intent taken out": (
        lambda tx, each: tx.execute(delete(INTENT).where(INTENT.c.leaf_index == each.code_leaf)),
        {"audit.intent_unknown", "audit.licence_intents"},
    ),
    "an intent moved to another leaf": (
        lambda tx, each: tx.execute(update(INTENT).where(INTENT.c.leaf_index == each.code_leaf).values(leaf_index=0)),
        {"audit.intent_unknown", "audit.intent_leaf", "audit.licence_intents"},
    ),
    "the record of an act": (
        lambda tx, _each: tx.execute(update(EVENT).values(record=b"another")),
        {"audit.event_leaf"},
    ),
    "the kind of an act": (
        lambda tx, _each: tx.execute(update(EVENT).values(event="cancel")),
        {"audit.event_leaf"},
    ),
    "the leaf of an act": (
        lambda tx, _each: tx.execute(update(EVENT).values(leaf_index=0)),
        {"audit.event_leaf", "audit.event_unknown"},
    ),
    "an act that never reached the log": (
        lambda tx, _each: tx.execute(update(EVENT).values(leaf_index=None)),
        {"audit.event_unlogged", "audit.event_unknown"},
    ),
    "the record of a key": (
        lambda tx, _each: tx.execute(delete(LOG_RECORD)),
        {"audit.record_missing"},
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_each_tampering_is_named(busy: Town, what: str) -> None:
    tamper, expected = TAMPERED[what]
    assert codes(busy) == set()

    with transaction(busy.database) as tx:
        tamper(tx, licence(busy))

    found = codes(busy)
    assert expected <= found
    assert not audited(busy).is_clean


def test_a_destroyed_record_of_an_act_is_no_discrepancy(busy: Town) -> None:
    with transaction(busy.database) as tx:
        tx.execute(update(EVENT).values(record=None))

    assert codes(busy) == set()


def document_path(town: Town, form: str = "pdf") -> Path:
    digest = licence(town).bodies[form]
    return next((town.folder / "vault").rglob(digest))


def test_a_document_that_is_away_damaged_or_exchanged_is_named(busy: Town) -> None:
    path = document_path(busy)
    content = path.read_bytes()

    path.write_bytes(last_bit_changed(content))
    assert codes(busy) == {"audit.document_damaged"}
    path.unlink()
    assert codes(busy) == {"audit.document_missing"}

    other = next(each for each in licences_of(busy) if each.state != "in_force")
    with transaction(busy.database) as tx:
        tx.execute(
            update(LICENCE).where(_of(licence(busy))).values(document_digest=other.document_digest)  # type: ignore[arg-type]
        )
    assert codes(busy) == {"audit.document", "audit.document_receipt"}

    foreign = busy.desk.vault.put(b"%PDF-1.7 not one of ours")
    with transaction(busy.database) as tx:
        tx.execute(update(LICENCE).where(_of(licence(busy))).values(document_digest=foreign))  # type: ignore[arg-type]
    assert codes(busy) == {"audit.document", "audit.document_receipt"}


def test_an_ofd_that_is_away_or_damaged_is_named(busy: Town) -> None:
    path = document_path(busy, "ofd")
    content = path.read_bytes()

    path.write_bytes(last_bit_changed(content))
    assert codes(busy) == {"audit.document_damaged"}
    path.unlink()
    assert codes(busy) == {"audit.document_missing"}


def test_a_sealing_for_the_long_term_is_the_filed_document_and_more(busy: Town) -> None:
    filed = document_path(busy).read_bytes()

    def seals(content: bytes) -> None:
        digest = busy.desk.vault.put(content)
        with transaction(busy.database) as tx:
            long_term.add(tx, licence(busy).licence_id, digest, at=busy.now)

    seals(filed + b"evidence")
    report = audited(busy)
    assert report.is_clean
    assert report.counts["sealings"] == 1

    seals(b"something else")
    assert codes(busy) == {"audit.document"}
    document_path(busy).unlink()
    assert codes(busy) == {"audit.document_missing"}


def test_a_forgery_from_inside_that_was_logged_properly_has_no_row(busy: Town) -> None:
    """Somebody with the keys logs an intent for a licence of his own and signs it: the log knows, the registry does not."""
    public = busy.desk.custody.public_key(busy.desk.key(KeyPurpose.CODE, busy.bureau.uscc))
    draft = licence_intent(KeyPurpose.CODE, public, b"forged", data_set_digest=bytes(32), licence_id="0" * 16)
    busy.desk.log.append((draft._replace(licence_id=None),))

    report = audited(busy)

    assert [each.code for each in report.discrepancies] == ["audit.intent_unknown"]
    assert report.discrepancies[0].params == {"index": str(report.size - 1)}


@pytest.mark.parametrize("index", [0, 10_000])
def test_an_abandonment_of_what_was_never_abandoned_is_named(busy: Town, index: int) -> None:
    busy.desk.log.append((abandoned(index, b"entry"),))

    assert codes(busy) == {"audit.abandoned_leaf"}


def test_an_entry_of_an_act_that_nobody_did_is_named(busy: Town) -> None:
    with transaction(busy.database) as tx:
        leaves.add_pending(
            tx, EntryKind.STATE, bytes(32), {1: "licence", 2: "revoke"}, at=busy.now, key="event:nobody's"
        )
    busy.desk.log.flush_pending()

    assert codes(busy) == {"audit.event_unknown"}


def test_an_act_that_waits_for_the_log_is_counted(busy: Town) -> None:
    """As after a crash between the act's commit and the log's."""
    act = Act(
        event=LicenceEvent.SUSPEND,
        effective_on=busy.now.date(),
        reason="x",
        legal_basis="y",
        reference="",
        operator_role="z",
    )
    with transaction(busy.database) as tx:
        record_event(tx, licence(busy).licence_id, act, at=busy.now, random=os.urandom)

    report = audited(busy)
    assert report.is_clean
    assert report.counts["events_waiting"] == 1
    with transaction(busy.database) as tx:
        tx.execute(delete(LOG_PENDING))
    assert codes(busy) == {"audit.event_unlogged"}


def test_times_that_go_back_and_a_second_genesis_are_named(busy: Town) -> None:
    """Entries put behind the log's own back, with hashes that fit, still tell of themselves."""
    with reading(busy.database) as tx:
        head = leaves.head(tx, ORIGIN)
    early = LogEntry(
        kind=EntryKind.GENESIS, time=busy.now - timedelta(days=1), digest=sha256(b"x").digest(), detail={1: ORIGIN}
    ).encode()
    with transaction(busy.database) as tx:
        values = {"log": head.log, "idx": head.size, "entry": early, "leaf_hash": bytes(32), "digest": bytes(32)}
        tx.execute(insert(LOG_ENTRY).values(values))
        tx.execute(update(LOG_HEAD).values(size=head.size + 1))

    assert {"audit.genesis", "audit.time_order", "audit.digest_changed", "audit.root"} <= codes(busy)


def test_the_list_is_capped_and_its_count_is_not() -> None:
    findings = Findings()
    for index in range(DISCREPANCIES_MAX + 5):
        findings.demand(False, "audit.leaf_changed", index=index)
    findings.demand(True, "audit.root")

    assert len(findings.discrepancies) == DISCREPANCIES_MAX
    assert findings.discrepancy_count == DISCREPANCIES_MAX + 5


def test_a_certificate_request_is_a_use_of_a_key_that_the_audit_knows(busy: Town) -> None:
    key = busy.desk.key(KeyPurpose.DOCUMENT, busy.bureau.uscc)

    request_certificate(busy.key_desk, key, busy.bureau, at=busy.now)

    assert codes(busy) == set()
    with transaction(busy.database) as tx:
        tx.execute(update(LOG_RECORD).values(record=b"another"))
    others = {"audit.seal_use_missing", "audit.seal_use_unlisted", "audit.artefact"}  # lists of uses and acts on keys
    assert codes(busy) == {"audit.intent_unknown", "audit.record_missing", "audit.record_changed"} | others


@pytest.mark.parametrize("record", [b"\x31\x00", b"\x30\x03\x02\x01\x01", b"\x30\x00", b"any bytes"])
def test_a_kept_record_that_is_no_certificate_request_excuses_no_signature(busy: Town, record: bytes) -> None:
    key = busy.desk.key(KeyPurpose.DOCUMENT, busy.bureau.uscc)
    busy.key_desk.sign_logged(key, record)
    assert codes(busy) == {"audit.intent_unknown"}

    with transaction(busy.database) as tx:
        log_records.keep(tx, record, at=busy.now)

    assert codes(busy) == {"audit.intent_unknown"}
