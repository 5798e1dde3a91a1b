"""Founding a deployment on both databases: everything logged, resumable at any point, refused where things do not fit."""

import secrets
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

from keys.custody import DEPLOYMENT, KeyName
from keys.errors import PassphraseError
from keys.installation import check_certificate
from keys.softkeys import SoftCustody, create_key
from registry import artefacts, leaves, log_records
from registry.db import Database, reading
from registry.errors import UnknownDepartmentError
from signer.errors import FoundingMismatchError, LogExistsError
from signer.founding import CHECKPOINT, Foundation, found, open_custody
from signer.key_acts import CERTIFICATE
from signer.log import SigningLog
from signer.public_lists import REVOCATION, newest_trust_list
from tests.town import BUREAU, ISSUERS, NOW, ORIGIN, PASSPHRASE, PERSONS, SETTINGS
from verify import cbor
from verify.algorithms import Algorithm
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.note import open_checkpoint
from verify.revocation import read_revocation_list


class PowerCutError(Exception):
    """The machine stops."""


@dataclass
class FailingClock:
    """The clock of a machine that stops after so many looks at it."""

    looks: int
    seen: int = field(default=0, init=False)

    def __call__(self) -> datetime:
        self.seen += 1
        if self.seen > self.looks:
            raise PowerCutError
        return NOW


def _foundation(database: Database, folder: Path) -> Foundation:
    return Foundation(
        database=database,
        folder=folder / "keys",
        passphrase=PASSPHRASE,
        origin=ORIGIN,
        settings=SETTINGS,
        operator=BUREAU,
        persons=PERSONS,
        clock=lambda: NOW,
        random=secrets.token_bytes,
    )


@pytest.fixture
def foundation(sample: Database, tmp_path: Path) -> Foundation:
    """All that founding needs, on a database with the sample catalogue."""
    return _foundation(sample, tmp_path)


def _events(database: Database) -> Counter[tuple[str, str]]:
    """Return event and key of each record behind the log's entries about keys."""
    with reading(database) as tx:
        size = leaves.head(tx, ORIGIN).size
        entries = [LogEntry.decode(each.entry) for each in leaves.entries(tx, ORIGIN, 0, size)]
        records = [log_records.find(tx, each.digest) for each in entries if each.kind is EntryKind.KEY]
    read = [cbor.decode(record, bytes_max=2000) for record in records if record is not None]
    assert len(read) == len(records)
    return Counter((str(each["event"]), str(each.get("key", ""))) for each in read if isinstance(each, dict))


def _demand_founded(foundation: Foundation) -> None:
    custody = open_custody(foundation.folder, PASSPHRASE, ORIGIN)
    trust = newest_trust_list(foundation.database)
    assert {each.issuer for each in trust.issuers} == set(ISSUERS)
    with reading(foundation.database) as tx:
        head = leaves.head(tx, ORIGIN)
        certificates = dict(artefacts.all_latest(tx, CERTIFICATE))
        lists = [artefacts.latest(tx, REVOCATION, name) for name in ("authority", "national")]
        assert leaves.take_pending(tx) == ()
    assert open_checkpoint(head.note, trust.verifiers).size == head.size
    certified = {key for key in custody.names() if custody.chain(key)}
    assert [read_revocation_list(each or b"").algorithm for each in lists] == [Algorithm.ES256, Algorithm.SM2]
    assert {KeyName.parse(name) for name in certificates} == certified
    for key in certified:
        chain = custody.chain(key)
        check_certificate(key.purpose, custody.public_key(key), chain, anchors=trust.authorities, at=NOW)
    events = _events(foundation.database)
    assert events == Counter(
        [
            *(("made", key.text) for key in custody.names()),
            *(("certified", key.text) for key in certified),
            ("trust_list", ""),
        ]
    )


def test_a_deployment_has_its_log_authority_keys_certificates_and_lists(foundation: Foundation) -> None:
    desk = found(foundation, at=NOW)

    _demand_founded(foundation)
    purposes = Counter(key.purpose for key in desk.custody.names())
    assert purposes == {
        KeyPurpose.CHECKPOINT: 1,
        KeyPurpose.AUTHORITY: 2,
        KeyPurpose.SEAL_MAKER: 1,
        KeyPurpose.TIMESTAMP: 1,
        KeyPurpose.TRUST_LIST: 1,
        KeyPurpose.STATUS_LIST: 1,
        KeyPurpose.RECEIPT: 1,
        KeyPurpose.PRESENTATION: 1,
        KeyPurpose.WEBHOOK: 1,
        KeyPurpose.DOCUMENT: 3,
        KeyPurpose.CODE: 3,
    }


def test_a_deployment_is_founded_once(foundation: Foundation) -> None:
    found(foundation, at=NOW)

    with pytest.raises(LogExistsError):
        found(foundation, at=NOW)
    _demand_founded(foundation)


# The clock is looked at once for each commit of the log, so these stop founding at each of its acts.
@pytest.mark.parametrize("looks", [*range(12), *range(12, 44, 4)])
def test_what_a_power_cut_stopped_is_finished_by_founding_again(
    sqlite_sample: Database, tmp_path: Path, looks: int
) -> None:
    foundation = _foundation(sqlite_sample, tmp_path)
    clock = FailingClock(looks)
    try:
        found(replace(foundation, clock=clock), at=NOW)
    except PowerCutError:
        _found_again(foundation)

    _demand_founded(foundation)


def _found_again(foundation: Foundation) -> None:
    """Found it to its end; where only the trust list's entry was missing in the log, any process brings it there."""
    try:
        found(foundation, at=NOW)
    except LogExistsError:
        custody = open_custody(foundation.folder, PASSPHRASE, ORIGIN)
        log = SigningLog(
            database=foundation.database,
            custody=custody,
            origin=ORIGIN,
            key=CHECKPOINT,
            clock=foundation.clock,
            worker="",
        )
        log.flush_pending()


def test_a_power_cut_after_a_key_was_made_and_before_it_was_registered_loses_nothing(
    foundation: Foundation,
) -> None:
    foundation.folder.mkdir(mode=0o700, parents=True)
    create_key(foundation.folder, PASSPHRASE, CHECKPOINT, Algorithm.ED25519)

    found(foundation, at=NOW)

    _demand_founded(foundation)


def test_a_key_folder_of_another_deployment_is_refused(foundation: Foundation) -> None:
    foundation.folder.mkdir(mode=0o700, parents=True)
    for key in (CHECKPOINT, KeyName(KeyPurpose.STATUS_LIST, DEPLOYMENT)):
        algorithm = Algorithm.ED25519 if key is CHECKPOINT else Algorithm.ES256
        create_key(foundation.folder, PASSPHRASE, key, algorithm)

    with pytest.raises(FoundingMismatchError):
        found(foundation, at=NOW)


def test_a_database_whose_log_key_is_elsewhere_is_refused(foundation: Foundation) -> None:
    with pytest.raises(PowerCutError):
        found(replace(foundation, clock=FailingClock(3)), at=NOW)
    shutil.rmtree(foundation.folder)

    with pytest.raises(FoundingMismatchError):
        found(foundation, at=NOW)


def test_a_log_that_was_signed_with_another_key_is_refused(foundation: Foundation) -> None:
    with pytest.raises(PowerCutError):
        found(replace(foundation, clock=FailingClock(3)), at=NOW)
    shutil.rmtree(foundation.folder)
    foundation.folder.mkdir(mode=0o700)
    create_key(foundation.folder, PASSPHRASE, CHECKPOINT, Algorithm.ED25519)

    with pytest.raises(FoundingMismatchError):
        found(foundation, at=NOW)


def test_a_wrong_passphrase_stops_what_is_to_go_on(foundation: Foundation) -> None:
    with pytest.raises(PowerCutError):
        found(replace(foundation, clock=FailingClock(3)), at=NOW)

    with pytest.raises(PassphraseError):
        found(replace(foundation, passphrase=b"other words"), at=NOW)


def test_who_runs_it_and_who_issues_must_be_departments_that_we_know(foundation: Foundation) -> None:
    with pytest.raises(UnknownDepartmentError):
        found(replace(foundation, operator="91999999MA00000154"), at=NOW)
    with pytest.raises(UnknownDepartmentError):
        found(replace(foundation, issuers=("91999999MA00000154",)), at=NOW)

    assert SoftCustody(foundation.folder, PASSPHRASE).names() == frozenset()


def test_a_department_that_no_item_names_may_be_added(foundation: Foundation) -> None:
    district = "119999990000000436"

    found(replace(foundation, issuers=(district,)), at=NOW)

    entry = newest_trust_list(foundation.database).issuer(district)
    assert entry is not None
    assert entry.licence_types == ()
