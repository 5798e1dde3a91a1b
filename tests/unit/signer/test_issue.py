"""The whole way of a licence on both databases: steps in their order, chunks of which one draft is bad, two processes."""

import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import select, text

from registry import drafts, leaves, licences
from registry.db import Transaction, open_database, reading, transaction
from registry.errors import IntentAbandonedError, NotAllowedError, NotLatestVersionError
from registry.events import Act
from registry.lifecycle import LicenceEvent
from registry.records import DraftState, IntentState, LicenceState
from registry.seal_grants import lock_grants
from registry.seal_lifecycle import UseState
from registry.tables import DRAFT
from signer.audit import AuditScope, audit
from signer.codes import sign_codes
from signer.documents import log_documents, render, sign_documents
from signer.errors import LogClockError, NotApprovedError, SelfCheckError
from signer.issue import IssuedLicence, check, issue, issue_chunk
from signer.recover import recover
from signer.reservation import RefusedDraft, reserve
from tests.town import BUREAU, FOOD, NOW, ORIGIN, Town
from verify.examine import RejectedError, examine, examine_text
from verify.licence import HolderKind
from verify.log_entry import LogEntry
from verify.ofd_package import read_package
from verify.own_ofd import VALUE_FILE
from verify.qr_token import decode_token
from verify.report import Check, Outcome
from verify.seal_objects import read_seal_signature

Form = Literal["pdf", "ofd"]
STEPS = [
    "judged",
    "reserved",
    "codes_logged",
    "codes_signed",
    "rendered",
    "documents_logged",
    "documents_signed",
    "checked",
    "kept",
    "filed",
]


def _revoke(town: Town, licence_id: str) -> None:
    act = Act(
        event=LicenceEvent.REVOKE,
        effective_on=NOW.date(),
        reason="示例",
        legal_basis="示例",
        reference="1",
        operator_role="issuing_officer",
    )
    with transaction(town.database) as tx:
        licences.record_event(tx, licence_id, act, at=town.now, random=town.desk.random)


def test_a_licence_is_issued_kept_and_filed_and_a_stranger_finds_it_good(town: Town) -> None:
    issued = town.issues(town.food_draft())

    report = examine(issued.document, town.evidence(), at=town.now)
    outcomes = {each.check: each.outcome for each in report.findings}
    assert outcomes[Check.SIGNATURE] is outcomes[Check.ISSUER] is outcomes[Check.LOG] is Outcome.PASSED
    assert outcomes[Check.CONTENTS] is outcomes[Check.FORM] is Outcome.PASSED
    assert town.desk.vault.get(issued.record.document_digest) == issued.document
    with reading(town.database) as tx:
        assert licences.find_licence(tx, issued.record.licence_id) == issued.record
        assert drafts.find_draft(tx, issued.draft_id).state is DraftState.FILED
        intents = leaves.intents_of(tx, issued.record.licence_id)
    assert [(each.purpose, each.state) for each in intents] == [
        ("code", IntentState.FILED),
        ("document", IntentState.FILED),
        ("seal", IntentState.FILED),
    ]


def test_both_bodies_are_kept_and_the_use_of_the_seal_is_filed_with_them(town: Town) -> None:
    issued = town.issues(town.food_draft())

    record = issued.record
    assert issued.ofd is not None
    assert issued.documents == (issued.document, issued.ofd)
    assert [sha256(each).hexdigest() for each in issued.documents] == list(record.bodies.values())
    assert list(record.bodies) == ["pdf", "ofd"]
    assert all(
        town.desk.vault.get(digest) == body
        for digest, body in zip(record.bodies.values(), issued.documents, strict=True)
    )
    (use,) = town.uses_of(BUREAU)
    assert (use.state, use.licence_id, use.filed_at) == (UseState.FILED, record.licence_id, town.now)
    assert use.bodies == ((record.document_digest, record.document_leaf), (record.ofd_digest, record.ofd_leaf))
    assert (use.occasion.person, use.occasion.second_person) == (town.officer.person_id, town.reviewer.person_id)
    assert (town.grant_of(BUREAU).grant_id, town.grant_of(BUREAU).uses_taken) == (use.grant_id, 1)


@pytest.mark.parametrize(("form", "purpose"), [("pdf", "document"), ("ofd", "seal")])
def test_a_type_with_one_body_is_issued_audited_and_checked(sqlite_town: Town, form: Form, purpose: str) -> None:
    town = sqlite_town
    town.has_only(FOOD, form)

    issued = town.issues(town.food_draft())

    record, (document,) = issued.record, issued.documents
    assert record.bodies == {form: sha256(document).hexdigest()}
    assert issued.ofd == (document if form == "ofd" else None)
    report = examine(document, town.evidence(), at=town.now)
    assert (report.is_genuine, report.log.document_leaf) == (True, record.document_leaf)
    with reading(town.database) as tx:
        assert [each.purpose for each in leaves.intents_of(tx, record.licence_id)] == ["code", purpose]
    (use,) = town.uses_of(BUREAU)
    assert (use.state, use.bodies) == (UseState.FILED, ((record.document_digest, record.document_leaf),))
    found = audit(
        AuditScope(
            database=town.database,
            verifier=town.desk.log.verifier,
            trust=town.desk.trust(),
            crls=town.desk.revocation(),
            vault=town.desk.vault,
        ),
        at=town.now,
    )
    assert (found.discrepancies, found.counts["licences"], found.counts["documents"]) == ((), 1, 1)


def test_the_steps_are_done_in_their_order(town: Town) -> None:
    town.issues(town.food_draft())

    assert town.steps == STEPS


def test_what_each_key_signed_stood_in_the_log_before(town: Town) -> None:
    issued = town.issues(town.food_draft())

    token = decode_token(issued.record.token_text)
    with reading(town.database) as tx:
        index = issued.record.code_leaf
        (code,) = leaves.entries(tx, ORIGIN, index, index + 1)
        index = issued.record.document_leaf
        (document,) = leaves.entries(tx, ORIGIN, index, index + 1)
        (sealed,) = leaves.entries_at(tx, ORIGIN, [issued.record.ofd_leaf or 0]).values()
    assert code.digest == sha256(token.to_be_signed).digest()
    code_detail, document_detail = LogEntry.decode(code.entry).detail, LogEntry.decode(document.entry).detail
    assert code_detail is not None
    assert document_detail is not None
    assert (code_detail[1], document_detail[1]) == ("code", "document")
    assert code_detail[3] == document_detail[3] == sha256(issued.record.data_set).digest()
    seal_signature = read_seal_signature(read_package(issued.ofd or b"").files[VALUE_FILE])
    assert LogEntry.decode(sealed).digest == sha256(seal_signature.to_be_signed).digest()
    seal_detail = LogEntry.decode(sealed).detail or {}
    assert (seal_detail[1], seal_detail[3]) == ("seal", document_detail[3])


@pytest.mark.parametrize("type_number", range(1, 13))
def test_every_type_of_the_catalogue_is_issued(sqlite_town: Town, type_number: int) -> None:
    draft = sqlite_town.draft(f"11999999000000019M{type_number:03}")

    issued = sqlite_town.issues(draft)

    assert issued.record.type_code == draft.type_code


def test_a_draft_is_saved_and_issued_in_one_go_where_no_reviewer_is_asked_for(town: Town) -> None:
    issued = issue(town.desk, town.signboard_draft(), operator=town.officer, at=town.now)

    assert issued.record.state is LicenceState.IN_FORCE


def test_a_draft_without_approval_is_refused_and_stays_a_draft(town: Town) -> None:
    with pytest.raises(NotApprovedError):
        issue(town.desk, town.food_draft(), operator=town.officer, at=town.now)

    with reading(town.database) as tx:
        (kept,) = drafts.list_drafts(tx, BUREAU, state=DraftState.DRAFT)
    assert kept.number is None


def test_of_a_chunk_the_good_ones_are_issued_and_the_bad_ones_say_why(town: Town) -> None:
    records = town.drafts(4)
    unapproved = replace(records[1], reviewed_by=None)

    outcomes = town.issues_all([records[0], unapproved, records[2], records[3]])

    assert [each.draft_id for each in outcomes] == [each.draft_id for each in records]
    assert [type(each) for each in outcomes] == [IssuedLicence, RefusedDraft, IssuedLicence, IssuedLicence]
    refused = outcomes[1]
    assert isinstance(refused, RefusedDraft)
    assert isinstance(refused.error, NotApprovedError)


def test_a_chunk_of_fifty_takes_two_commits_of_the_log(town: Town) -> None:
    records = town.drafts(50)
    with reading(town.database) as tx:
        before = leaves.head(tx, ORIGIN).size

    outcomes = town.issues_all(records)

    issued = [each.record for each in outcomes if isinstance(each, IssuedLicence)]
    assert [each.code_leaf for each in issued] == list(range(before, before + 50))
    assert [each.document_leaf for each in issued] == list(range(before + 50, before + 150, 2))
    assert [each.ofd_leaf for each in issued] == list(range(before + 51, before + 151, 2))
    with reading(town.database) as tx:
        assert leaves.count_pending(tx) == 1, "one entry for the fifty uses of the seal"
    assert len({each.number for each in issued}) == len({each.licence_id for each in issued}) == 50


def test_nothing_is_signed_while_the_clock_stands_behind_the_log_and_the_draft_goes_again_later(town: Town) -> None:
    (record,) = town.drafts(1)
    town.clock.moves(timedelta(minutes=5))
    town.issues(town.signboard_draft())
    del town.steps[:]
    town.clock.moves(timedelta(minutes=-2))
    with pytest.raises(LogClockError):
        town.issues_all([record])
    with reading(town.database) as tx:
        reserved = drafts.find_draft(tx, record.draft_id)
    town.clock.moves(timedelta(minutes=2))

    (outcome,) = town.issues_all([record])

    assert (reserved.state, reserved.number is not None) == (DraftState.RESERVED, True)
    assert isinstance(outcome, IssuedLicence)
    assert outcome.record.number == reserved.number
    assert town.steps == ["judged", "reserved", *STEPS]
    assert town.grant_of(BUREAU).uses_taken == 3, "the use that was taken in vain is still open"
    recover(town.desk, at=town.clock.moves(timedelta(minutes=20)))
    assert town.grant_of(BUREAU).uses_taken == 2


def test_an_attempt_that_recovery_abandoned_is_left_out_and_the_others_are_filed(town: Town) -> None:
    records = town.drafts(3)

    def abandons(step: str) -> None:
        if step == "kept":
            with transaction(town.database) as tx:
                first = min(leaves.all_intents(tx, ORIGIN), key=lambda each: each.leaf_index)
                leaves.abandon_intents(tx, [first.licence_id])

    desk = replace(town.desk, after=abandons)
    outcomes = issue_chunk(desk, records, operator=town.officer, at=town.now)

    assert [type(each) for each in outcomes] == [RefusedDraft, IssuedLicence, IssuedLicence]
    assert isinstance(outcomes[0], RefusedDraft)
    assert isinstance(outcomes[0].error, IntentAbandonedError)


def test_whoever_holds_the_drafts_may_take_the_grants_so_that_filing_and_reserving_never_wait_for_each_other(
    postgresql_town: Town,
) -> None:
    town, grant = postgresql_town, postgresql_town.grant_of(BUREAU)
    records = town.drafts(2)
    holding, waited = threading.Event(), list[bool]()

    def reserves() -> None:
        with transaction(town.database) as tx:
            tx.execute(select(DRAFT.c.draft_id).with_for_update()).all()
            holding.set()
            waited.append(_is_awaited(tx))
            lock_grants(tx, [grant.grant_id])

    other = threading.Thread(target=reserves)

    def reserves_meanwhile(step: str) -> None:
        if step == "kept":
            other.start()
            holding.wait()

    desk = replace(town.desk, after=reserves_meanwhile)
    outcomes = issue_chunk(desk, records, operator=town.officer, at=town.now)
    other.join()

    assert waited == [True], "nothing waited for the drafts: the test shows nothing"
    assert [type(each) for each in outcomes] == [IssuedLicence, IssuedLicence]


def _is_awaited(tx: Transaction) -> bool:
    """Wait until another transaction waits for a lock, and say whether one did."""
    awaited = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.datname = current_database() WHERE NOT granted"
    )
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if tx.execute(awaited).scalar_one():
            return True
        time.sleep(0.01)
    return False


def test_a_renewal_takes_the_place_of_what_it_replaces(town: Town) -> None:
    first = town.issues(town.food_draft()).record

    second = town.issues(town.food_draft(replaces=first.licence_id, change_kind="renewal")).record

    assert (second.number, second.version, second.lineage) == (first.number, 2, first.lineage)
    with reading(town.database) as tx:
        replaced = licences.find_licence(tx, first.licence_id)
    assert replaced is not None
    assert (replaced.state, replaced.superseded_by) == (LicenceState.SUPERSEDED, second.licence_id)


def test_what_no_longer_stands_is_not_replaced(town: Town) -> None:
    first = town.issues(town.food_draft()).record
    _revoke(town, first.licence_id)

    with pytest.raises(NotAllowedError):
        town.issues(town.food_draft(replaces=first.licence_id, change_kind="renewal"))


def test_of_two_renewals_of_one_licence_in_a_chunk_one_is_filed(town: Town) -> None:
    first = town.issues(town.food_draft()).record
    renewal = town.food_draft(replaces=first.licence_id, change_kind="renewal")

    outcomes = town.issues_all(town.saves([renewal, renewal]))

    assert sorted(type(each).__name__ for each in outcomes) == ["IssuedLicence", "RefusedDraft"]
    (refused,) = (each for each in outcomes if isinstance(each, RefusedDraft))
    assert isinstance(refused.error, NotLatestVersionError)


def test_what_a_stranger_would_not_accept_is_not_filed(town: Town) -> None:
    (record,) = town.drafts(1)
    without_authority = replace(town.desk.trust(), authorities=())
    desk = replace(town.desk, trust=lambda: without_authority)

    (outcome,) = issue_chunk(desk, [record], operator=town.officer, at=town.now)

    assert isinstance(outcome, RefusedDraft)
    assert isinstance(outcome.error, RejectedError)
    assert town.steps == STEPS[:8]
    with reading(town.database) as tx:
        assert drafts.find_draft(tx, record.draft_id).state is DraftState.RESERVED


def test_a_good_document_of_another_licence_is_not_filed_as_this_one(town: Town) -> None:
    reserved, _ = reserve(town.desk, town.drafts(2), operator=town.officer, at=town.now)
    coded, _ = sign_codes(town.desk, reserved, at=town.now)
    rendered, _ = render(town.desk, coded, operator=town.officer, at=town.now)
    first, second = sign_documents(town.desk, rendered, log_documents(town.desk, rendered))

    checked, refused = check(town.desk, [first, replace(first, coded=second.coded)], at=town.now)

    assert [each.signed for each in checked] == [first]
    assert [type(each.error) for each in refused] == [SelfCheckError]


def test_a_good_document_with_another_code_is_not_filed(town: Town) -> None:
    reserved, _ = reserve(town.desk, town.drafts(1), operator=town.officer, at=town.now)
    coded, _ = sign_codes(town.desk, reserved, at=town.now)
    rendered, _ = render(town.desk, coded, operator=town.officer, at=town.now)
    (signed,) = sign_documents(town.desk, rendered, log_documents(town.desk, rendered))
    other = replace(signed.coded, text=signed.coded.text[:-1])

    checked, (refused,) = check(town.desk, [replace(signed, coded=other)], at=town.now)

    assert checked == ()
    assert isinstance(refused.error, SelfCheckError)


def _issue_in_a_process(url: str, folder: Path, draft_ids: list[str]) -> list[tuple[str, str, int]]:
    database = open_database(url)
    town = Town.open(database, folder)
    with reading(database) as tx:
        records = drafts.find_drafts(tx, draft_ids)
    outcomes = town.issues_all(records)
    database.close()
    return [
        (each.record.number, each.record.licence_id, each.record.status_index)
        for each in outcomes
        if isinstance(each, IssuedLicence)
    ]


def test_two_processes_issue_at_once_and_nothing_is_given_out_twice(town: Town) -> None:
    ids = [record.draft_id for record in town.drafts(40)]
    url = town.database.engine.url.render_as_string(hide_password=False)

    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(_issue_in_a_process, url, town.folder, part) for part in (ids[:20], ids[20:])]
        issued = [each for future in futures for each in future.result()]

    assert len(issued) == 40
    for place in range(3):
        assert len({each[place] for each in issued}) == 40
    numbers = sorted(int(number[9:15]) for number, _, _ in issued)
    assert numbers == list(range(numbers[0], numbers[0] + 40))


def test_an_organisation_without_a_uscc_is_no_person_and_its_name_stands_in_full(sqlite_town: Town) -> None:
    draft = sqlite_town.food_draft(holder_name="示例市老城商会", holder_code_type="099", holder_code="社证字第7号")

    issued = sqlite_town.issues(draft)

    report = examine(issued.document, sqlite_town.evidence(), at=sqlite_town.now)
    of_code = examine_text(issued.record.token_text, sqlite_town.evidence(), at=sqlite_town.now)
    for facts in (report.facts, of_code.facts):
        assert (facts.holder_kind, facts.public().holder) == (HolderKind.ORGANISATION, "示例市老城商会")
