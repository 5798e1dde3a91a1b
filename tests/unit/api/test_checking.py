"""The one way of checking: what stands in the box, texts, ids and files, with the registry asked or away."""

from dataclasses import replace

import pytest

from api.checking import ask_registry, ask_registry_plainly, check_entry, check_file, check_id, check_text
from api.errors import RequestTooLargeError
from registry.db import open_database
from signer.codes import sign_codes
from signer.documents import log_documents, render, sign_documents
from signer.issue import check, file
from signer.reservation import reserve
from tests.hall import Hall
from verify.evidence import NOT_FOUND, UNREACHABLE, RegistryAnswer
from verify.report import Check, Report, Subject
from verify.signed_document import DOCUMENT_BYTES_MAX
from verify.values import TypingError
from verify.verdict import Verdict


def codes(report: Report) -> dict[Check, str]:
    return {each.check: each.code for each in report.findings}


def test_the_box_tells_texts_addresses_and_ids_apart(sqlite_hall: Hall) -> None:
    office, issued = sqlite_hall.office, sqlite_hall.issues()
    text = issued["code_text"]

    subjects = {
        entry: check_entry(office, entry).subject
        for entry in (text, f"  {text}\n", text.upper(), text.partition("#")[0], issued["typed_id"])
    }

    assert list(subjects.values()) == [Subject.TEXT, Subject.TEXT, Subject.TEXT, Subject.ID, Subject.ID]
    assert check_entry(office, "https://elsewhere.example/").verdict is Verdict.UNREADABLE
    with pytest.raises(TypingError):
        check_entry(office, "hello")


def test_a_code_is_completed_by_the_registry(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()

    report = check_text(sqlite_hall.office, issued["code_text"])

    assert report.verdict is Verdict.VALID
    assert codes(report)[Check.CONTENTS] == "contents.registry_agrees"
    assert codes(report)[Check.LOG] == "log.recorded"
    assert report.facts.type_name_en == "Signboard permit"


def test_a_file_is_completed_by_the_registry(sqlite_hall: Hall) -> None:
    town = sqlite_hall.town
    issued = town.issues(town.signboard_draft())

    report = check_file(sqlite_hall.office, issued.document)

    assert report.verdict is Verdict.VALID
    assert codes(report)[Check.LOG] == "log.proven"
    assert report.document_digest == issued.record.document_digest
    assert report.log.code_leaf == issued.record.code_leaf


def test_an_ofd_is_completed_by_the_registry_like_a_pdf(sqlite_hall: Hall) -> None:
    town = sqlite_hall.town
    issued = town.issues(town.signboard_draft())
    assert issued.ofd is not None

    report = check_file(sqlite_hall.office, issued.ofd)

    assert report.verdict is Verdict.VALID
    assert codes(report)[Check.LOG] == "log.proven"
    assert report.document_digest == issued.record.ofd_digest
    assert (report.log.code_leaf, report.log.document_leaf) == (issued.record.code_leaf, issued.record.ofd_leaf)


def test_another_page_round_the_same_code_is_not_the_document_that_was_filed(sqlite_hall: Hall) -> None:
    """An insider logs and signs a second page, properly in all, that shows another holder than its data set."""
    town = sqlite_hall.town
    desk, by = town.desk, town.officer
    reserved, _ = reserve(desk, town.drafts(1), operator=by, at=town.now)
    (coded,), _ = sign_codes(desk, reserved, at=town.now)
    record = coded.reserved.record
    other = replace(record, draft=replace(record.draft, holder_name="冒名顶替餐饮有限公司"))
    both = (coded, replace(coded, reserved=replace(coded.reserved, record=other)))
    pages, _ = render(desk, both, operator=by, at=town.now)
    signed = sign_documents(desk, pages, log_documents(desk, pages))
    file(desk, check(desk, signed[:1], at=town.now)[0], operator=by, at=town.now)

    filed, second = (check_file(sqlite_hall.office, each.documents[0]) for each in signed)
    filed_ofd, second_ofd = (check_file(sqlite_hall.office, each.documents[1]) for each in signed)

    assert filed.verdict is filed_ofd.verdict is Verdict.VALID
    assert second.verdict is second_ofd.verdict is Verdict.TAMPERED
    assert second.headline is not None
    assert (second.headline.code, second.headline.detail) == ("contents.registry_differs", "document_leaf")
    assert second_ofd.headline is not None
    assert second_ofd.headline.code == "contents.inconsistent", "an OFD says what its page shows"
    assert "CZZT" in second_ofd.headline.detail


def test_a_second_body_with_the_same_words_is_not_the_one_that_was_filed(sqlite_hall: Hall) -> None:
    town = sqlite_hall.town
    desk, by = town.desk, town.officer
    reserved, _ = reserve(desk, town.drafts(1), operator=by, at=town.now)
    coded, _ = sign_codes(desk, reserved, at=town.now)
    pages, _ = render(desk, coded * 2, operator=by, at=town.now)
    signed = sign_documents(desk, pages, log_documents(desk, pages))
    file(desk, check(desk, signed[:1], at=town.now)[0], operator=by, at=town.now)

    reports = [check_file(sqlite_hall.office, document) for document in signed[1].documents]

    assert [each.verdict for each in reports] == [Verdict.TAMPERED] * 2
    assert [each.headline and (each.headline.code, each.headline.detail) for each in reports] == [
        ("contents.registry_differs", "document_leaf")
    ] * 2


def test_the_registry_answers_with_what_it_has(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()

    answer = ask_registry(sqlite_hall.office, issued["licence_id"])

    assert isinstance(answer, RegistryAnswer)
    assert answer.number == issued["number"]
    assert ask_registry(sqlite_hall.office, "0" * 16) == NOT_FOUND


def test_a_registry_that_is_away_is_said_to_be_away(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()
    ours = sqlite_hall.office.database
    sqlite_hall.office.database = open_database("sqlite:////nowhere/at/all/registry.db")

    answer = ask_registry(sqlite_hall.office, issued["licence_id"])
    by_id = check_id(sqlite_hall.office, issued["typed_id"])
    several = ask_registry_plainly(sqlite_hall.office, (issued["licence_id"], "0" * 16))

    sqlite_hall.office.database = ours
    assert answer == UNREACHABLE
    assert several == {issued["licence_id"]: UNREACHABLE, "0" * 16: UNREACHABLE}
    assert by_id.verdict is Verdict.UNREACHABLE
    assert by_id.is_genuine is None


def test_a_file_above_the_cap_is_not_read(sqlite_hall: Hall) -> None:
    with pytest.raises(RequestTooLargeError) as caught:
        check_file(sqlite_hall.office, bytes(DOCUMENT_BYTES_MAX + 1))

    assert caught.value.params == {"max_mb": "20"}
