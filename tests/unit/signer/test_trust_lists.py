"""The trust list is made from register, departments and catalogue, logged first, and numbered without going back."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from keys.custody import DEPLOYMENT, NATIONAL
from registry import artefacts, catalogue, departments, leaves
from registry.db import Database, reading, transaction
from registry.errors import ArtefactOrderError
from registry.records import Department
from signer.founding import add_department_keys
from signer.issue import issue
from signer.public_lists import (
    TRUST_LIST,
    TRUST_LIST_NAME,
    TRUST_ROOT,
    TRUST_ROOT_NAME,
    newest_trust_list,
    revocation_lists,
)
from signer.trust_lists import issuing_departments, renew_trust_list
from tests.key_room import AUTHORITY, KeyRoom
from tests.town import BUREAU, FOOD, ISSUERS, MARKET, ORIGIN, PERSONS, SCHOOLS, SETTINGS, TEACHER, Town
from verify.cose import decode_sign1
from verify.examine import RejectedError, examine
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.trust import LIFETIME_MAX, TrustListError, TrustListFormError, open_trust_list

DISTRICT = "119999990000000436"


def _content(town: Town) -> tuple[bytes, bytes]:
    with reading(town.database) as tx:
        content = artefacts.latest(tx, TRUST_LIST, TRUST_LIST_NAME)
        root = artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME)
    assert content is not None
    assert root is not None
    return content, root


def test_a_stranger_with_the_pinned_root_reads_who_may_issue_what(town: Town) -> None:
    content, root = _content(town)

    trust = open_trust_list(content, root, at=town.now)

    assert root == town.key_desk.custody.public_key(town.desk.key(KeyPurpose.TRUST_LIST, DEPLOYMENT)).spki
    assert [each.issuer for each in trust.issuers] == list(ISSUERS)
    assert trust.expires_at - trust.issued_at == LIFETIME_MAX
    for entry in trust.issuers:
        code = town.desk.custody.public_key(town.desk.key(KeyPurpose.CODE, entry.issuer))
        uses = {key.use: key for key in entry.keys}
        assert uses[TRUST_LIST_USE[KeyPurpose.CODE]].kid == code.kid
        assert set(uses) == {1, 2, 3, 5}
        assert entry.status_prefix == SETTINGS.status_prefix
    assert trust.verifiers == (town.desk.log.verifier,)
    assert [sha256(each).digest() for each in trust.authorities] == [
        sha256(town.key_desk.custody.chain(town.desk.key(KeyPurpose.AUTHORITY, owner))[0]).digest()
        for owner in (DEPLOYMENT, NATIONAL)
    ]


def test_stamps_of_an_outside_authority_count_once_its_root_stands_in_the_list(
    sqlite_town: Town, tmp_path: Path
) -> None:
    outside = KeyRoom.found(tmp_path / "outside").open_office()
    (root,) = outside.custody.chain(AUTHORITY)
    desk = replace(sqlite_town.desk, timestamps=outside.stamps())
    key_desk = replace(sqlite_town.key_desk, settings=replace(SETTINGS, timestamp_roots=(root, root)))
    draft = sqlite_town.signboard_draft()
    with pytest.raises(RejectedError):
        issue(desk, draft, operator=sqlite_town.officer, at=sqlite_town.now)

    trust = renew_trust_list(key_desk, at=sqlite_town.now)

    assert trust.authorities.count(root) == 1
    issued = issue(desk, draft, operator=sqlite_town.officer, at=sqlite_town.now)
    assert examine(issued.document, sqlite_town.evidence(), at=sqlite_town.now).is_genuine


def test_a_department_may_issue_the_types_whose_items_bear_its_code(town: Town) -> None:
    types = {entry.issuer: entry.licence_types for entry in town.desk.trust().issuers}

    assert FOOD in types[BUREAU]
    assert FOOD in types[MARKET]
    assert TEACHER in types[SCHOOLS]
    assert TEACHER not in types[BUREAU]


def test_a_type_without_items_may_be_issued_by_every_department_that_issues(town: Town) -> None:
    of_all = replace(town.types[TEACHER], item_codes=())

    issuers = issuing_departments([town.types[FOOD], of_all])

    assert issuers == {MARKET: (FOOD, TEACHER), BUREAU: (FOOD, TEACHER)}


def test_a_list_is_logged_as_intent_before_and_as_event_after_it_was_signed(town: Town) -> None:
    with reading(town.database) as tx:
        before = leaves.head(tx, ORIGIN).size

    renew_trust_list(town.key_desk, at=town.now)

    content, _ = _content(town)
    signed = decode_sign1(content, tagged=True, bytes_max=100_000)
    with reading(town.database) as tx:
        entries = [LogEntry.decode(each.entry) for each in leaves.entries(tx, ORIGIN, before, before + 5)]
    assert [each.kind for each in entries] == [EntryKind.INTENT, EntryKind.KEY]
    assert entries[0].digest == sha256(signed.to_be_signed).digest()
    assert entries[1].detail is not None
    assert entries[1].detail[1] == "trust_list"


def test_numbers_grow_and_a_slower_process_does_not_take_a_newer_list_back(town: Town) -> None:
    first = renew_trust_list(town.key_desk, at=town.now)
    later = renew_trust_list(town.key_desk, at=town.now + timedelta(days=1))
    content, _ = _content(town)

    with pytest.raises(ArtefactOrderError), transaction(town.database) as tx:
        artefacts.store(tx, TRUST_LIST, TRUST_LIST_NAME, b"late", sequence=first.sequence, at=town.now)

    assert later.sequence == first.sequence + 1
    assert _content(town)[0] == content
    assert newest_trust_list(town.database) == later


def test_a_department_with_new_keys_stands_in_the_next_list(town: Town) -> None:
    with reading(town.database) as tx:
        district = departments.find_department(tx, DISTRICT)
    assert district is not None
    add_department_keys(town.key_desk, district, persons=PERSONS, at=town.now)
    assert newest_trust_list(town.database).issuer(DISTRICT) is None

    renew_trust_list(town.key_desk, at=town.now)

    assert newest_trust_list(town.database).issuer(DISTRICT) is not None


def test_a_database_that_was_not_founded_has_no_list(sample: Database) -> None:
    with pytest.raises(TrustListFormError):
        newest_trust_list(sample)
    assert revocation_lists(sample) == ()


def test_our_own_list_is_believed_only_with_the_root_that_signed_it(town: Town) -> None:
    with transaction(town.database) as tx:
        other = town.desk.custody.public_key(town.desk.key(KeyPurpose.CODE, BUREAU)).spki
        artefacts.store(tx, TRUST_ROOT, TRUST_ROOT_NAME, other, sequence=2, at=town.now)

    with pytest.raises(TrustListError):
        newest_trust_list(town.database)


def test_the_sample_town_is_a_catalogue_of_three_issuing_departments(sample: Database) -> None:
    with reading(sample) as tx:
        types = catalogue.all_types(tx)
        offices: tuple[Department, ...] = departments.all_departments(tx)

    assert set(issuing_departments(types)) == set(ISSUERS)
    assert set(ISSUERS) < {each.uscc for each in offices}
