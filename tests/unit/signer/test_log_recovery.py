"""A database that was restored from an older copy: it signs nothing, says what is missing, and gets it back proven."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from keys.custody import KeyName
from keys.revocation import Reason
from registry import leaves, statuses
from registry.db import open_database, reading, transaction
from registry.records import IntentState, LicenceRecord
from registry.recovered import recovered
from registry.vault import FolderVault
from signer import key_register
from signer.audit import AuditScope, audit
from signer.audit_report import AuditReport
from signer.change import change
from signer.errors import LogBehindError, LogForkError, PublishConflictError
from signer.key_acts import cut_off_key, revoke_certificate
from signer.log_entries import EntryDraft, abandoned
from signer.log_files import FolderStore
from signer.log_recovery import recover_log
from signer.log_restored import Restored, restore_public
from signer.log_safety import HeadGuard
from signer.publish import publish
from signer.recover import recover
from signer.statuses import refresh_status_lists
from signer.trust_lists import renew_trust_list
from tests.key_room import ORIGIN as HOUSE_ORIGIN
from tests.log_house import LogHouse
from tests.town import MARKET, ORIGIN, PERSONS, SCHOOLS, SETTINGS, Town
from tests.unit.signer.test_audit import REVOKE
from tests.unit.signer.test_publish import goes_back, grows
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.status import StatusValue


def copies(town: Town, path: Path) -> None:
    """Copy the town's database into a file, as a backup does, while it is open."""
    with sqlite3.connect(town.folder / "registry.sqlite") as here, sqlite3.connect(path) as there:
        here.backup(there)
    there.close()
    here.close()


def audited(town: Town) -> AuditReport:
    scope = AuditScope(
        database=town.database,
        verifier=town.desk.log.verifier,
        trust=town.desk.trust(),
        crls=town.desk.revocation(),
        vault=town.desk.vault,
    )
    return audit(scope, at=town.now)


def comes_back(town: Town, store: FolderStore) -> Restored:
    return restore_public(town.database, store, origin=ORIGIN, status_prefix=SETTINGS.status_prefix, at=town.now)


def test_a_day_that_a_restore_lost_comes_back_as_far_as_it_can(sqlite_town: Town, tmp_path: Path) -> None:
    """Before the copy: one licence, a key cut off.

    After it: another licence, the first revoked, a certificate revoked, a key cut off, and the other one earlier still.
    """
    town, store = sqlite_town, FolderStore(tmp_path / "public")
    kept = town.issues(town.food_draft())
    earlier, later = (KeyName(purpose, SCHOOLS) for purpose in (KeyPurpose.CODE, KeyPurpose.DOCUMENT))
    for key in (earlier, later):
        cut_off_key(town.key_desk, key, size=62, persons=PERSONS, at=town.now)
    town.publishes()
    copies(town, tmp_path / "copy.sqlite")
    lost = town.issues(town.food_draft(holder_name="丢失的一天"))
    change(town.desk, kept.record.licence_id, REVOKE, operator=town.officer, at=town.now)
    stolen, ended = KeyName(KeyPurpose.CODE, MARKET), KeyName(KeyPurpose.DOCUMENT, MARKET)
    cut_off_key(town.key_desk, stolen, persons=PERSONS, at=town.now)
    cut_off_key(town.key_desk, earlier, size=31, persons=PERSONS, at=town.now)
    revoke_certificate(town.key_desk, ended, reason=Reason.KEY_COMPROMISE, persons=PERSONS, at=town.now)
    trust = renew_trust_list(town.key_desk, at=town.now)
    town.clock.moves(timedelta(seconds=1))
    town.publishes()
    publish(town.database, town.desk.log.verifier, store)
    with reading(town.database) as tx:
        size = leaves.head(tx, ORIGIN).size
    town.database.close()

    restored = Town.open(open_database(f"sqlite:///{tmp_path}/copy.sqlite"), town.folder, now=town.now)
    with reading(restored.database) as tx:
        first = leaves.head(tx, ORIGIN).size
    guard = HeadGuard(database=restored.database, verifier=town.desk.log.verifier, store=store)
    guarded = replace(restored.desk.log, guard=guard)
    with pytest.raises(LogBehindError) as refused:
        guarded.flush_pending()
    assert (refused.value.params["first"], refused.value.params["last"]) == (str(first), str(size - 1))

    done = recover_log(guarded, store, restored.desk.vault, at=restored.now)
    public = comes_back(restored, store)

    assert (done.first, done.count) == (first, size - first)
    told = {each.what: each for each in done.lost}
    number, licence_id = lost.record.number, lost.record.licence_id
    bodies = [told["intent document"].document, told["intent seal"].document]
    assert bodies == [lost.record.document_digest, lost.record.ofd_digest]
    for what in ("intent code", "intent document", "intent seal"):
        assert (told[what].number, told[what].licence_id) == (number, licence_id)
    assert told["state licence revoke"].licence_id is None, "the log holds a hash: people find the papers"
    assert public.trust_list == trust.sequence
    assert len(public.revoked) == 1
    assert public.ended == (kept.record.licence_id,)
    with reading(restored.database) as tx:
        assert key_register.demand(tx, stolen).cut_off is not None
        assert [key_register.demand(tx, key).cut_off for key in (earlier, later)] == [(ORIGIN, 31), (ORIGIN, 62)]
        assert key_register.revoked(tx)[0].reason is Reason.KEY_COMPROMISE
        assert recovered(tx, ORIGIN) == done.lost
    assert recover_log(guarded, store, restored.desk.vault, at=restored.now).count == 0
    assert comes_back(restored, store) == Restored(trust_list=None, revoked=(), ended=())
    goes_on(restored, store, lost.record)


def goes_on(town: Town, store: FolderStore, lost: LicenceRecord) -> None:
    """Months later: no document of the lost day is swept, no number given out twice, and nothing revoked is alive."""
    town.clock.moves(timedelta(days=20))
    renew_trust_list(town.key_desk, at=town.now)
    recover(town.desk, at=town.now)
    later = town.issues(town.food_draft(holder_name="补办的一天"))
    refresh_status_lists(town.desk, at=town.now)
    publish(town.database, town.desk.log.verifier, store)

    assert later.record.number != lost.number
    assert (later.record.status_list, later.record.status_index) != (lost.status_list, lost.status_index)
    with reading(town.database) as tx:
        listed = recovered(tx, ORIGIN)
        assert StatusValue.ENDED in statuses.values(tx, 1).values()
    documents = [each.document for each in listed if each.document is not None]
    assert len(documents) == 2
    assert all(town.desk.vault.has(each) for each in documents)
    report = audited(town)
    codes = {each.code for each in report.discrepancies}
    assert codes == {"audit.status"}, "the revocation that was lost is to be done again; nothing else is wrong"
    assert report.counts["recovered"] == len(listed)


def lost_day(house: LogHouse, store: FolderStore, count: int) -> None:
    """Publish a log that is longer than the database is afterwards."""
    old = house.head()
    grows(house, count)
    publish(house.database, house.log.verifier, store)
    goes_back(house, old)


def test_what_is_published_must_lead_from_the_database_to_the_signed_root(founded: LogHouse, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "public")
    grows(founded, 300)
    lost_day(founded, store, 500)
    before, fresh = founded.head(), replace(founded.log)
    bundle = tmp_path / "public/log/tile/entries/002"
    good = bundle.read_bytes()

    def recovers() -> int:
        return recover_log(fresh, store, FolderVault(tmp_path / "vault"), at=founded.clock()).count

    for bad, error in (
        (good.replace(good[100:110], bytes(10)), LogForkError),
        (good[:-1], PublishConflictError),
        (b"", PublishConflictError),
        (None, PublishConflictError),
    ):
        bundle.unlink()
        if bad is not None:
            bundle.write_bytes(bad)
        else:
            assert not bundle.exists()
        with pytest.raises(error):
            recovers()
        bundle.write_bytes(good)
        assert founded.head() == before

    assert recovers() == 500
    assert recovers() == 0
    assert founded.head().size == 301 + 500 + 1, "and the log tells of the recovery"
    publish(founded.database, founded.log.verifier, store)


def test_a_fork_is_not_recovered(founded: LogHouse, tmp_path: Path) -> None:
    """Two deployments with one key: what the other one published does not grow out of our head."""
    store = FolderStore(tmp_path / "public")
    lost_day(founded, store, 10)
    grows(replace(founded, log=replace(founded.log)), 3)
    ours = founded.head()

    with pytest.raises(LogForkError):
        recover_log(replace(founded.log), store, FolderVault(tmp_path / "vault"), at=founded.clock())

    assert founded.head() == ours


def test_what_waited_and_what_was_given_up_in_the_lost_part_is_not_done_twice(
    founded: LogHouse, tmp_path: Path
) -> None:
    """The copy was made while an act waited for the log and an attempt was open; then both came into it."""
    store, at = FolderStore(tmp_path / "public"), founded.clock()
    (opened,) = founded.log.append([of_licence("89RBVZ9NYCEFXWTS")])
    old = founded.head()
    waiting = {"kind": EntryKind.ADMIN, "digest": bytes(32), "detail": {1: "changed"}}
    given_up = abandoned(opened.index, opened.entry)
    for _ in range(2):  # once in the part that is lost, and once as the copy holds it
        with transaction(founded.database) as tx:
            leaves.add_pending(tx, *waiting.values(), at=at, key="an act")  # type: ignore[arg-type]
            if founded.head() == old:
                leaves.add_pending(tx, given_up.kind, given_up.digest, given_up.detail, at=at, key="given up")
        if founded.head() == old:
            founded.log.flush_pending()
            publish(founded.database, founded.log.verifier, store)
    goes_back(founded, old)

    done = recover_log(replace(founded.log), store, FolderVault(tmp_path / "vault"), at=at)

    assert (done.count, [each.what for each in done.lost]) == (2, ["abandoned 1"])
    with reading(founded.database) as tx:
        assert leaves.count_pending(tx) == 0
        (intent,) = leaves.all_intents(tx, HOUSE_ORIGIN)
    assert intent.state is IntentState.ABANDONED
    kinds = [LogEntry.decode(each.entry).kind for each in founded.entries()]
    assert kinds == [EntryKind.GENESIS, EntryKind.INTENT, EntryKind.ADMIN, EntryKind.ABANDONED, EntryKind.ADMIN]


def of_licence(licence_id: str) -> EntryDraft:
    return EntryDraft(
        kind=EntryKind.INTENT,
        digest=sha256(licence_id.encode()).digest(),
        detail={1: KeyPurpose.CODE.value, 2: b"12345678", 3: bytes(32)},
        purpose=KeyPurpose.CODE,
        licence_id=licence_id,
    )
