"""Accepting a licence: what we issue is accepted, what was changed is not, and only `accept` makes what is filed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.databases import sqlite_template  # noqa: F401 - a fixture
from tests.town import FoundedTown, Town, founded_on_sqlite, sqlite_town  # noqa: F401 - fixtures
from verify.accepting import RejectedError, VerifiedLicence, accept
from verify.evidence import Evidence
from verify.examine import examine
from verify.licence import HolderKind
from verify.report import Check, Outcome, Subject
from verify.verdict import Verdict


def test_what_an_office_issues_is_accepted_and_found_again(sqlite_town: Town) -> None:  # noqa: F811
    issued = sqlite_town.issues(sqlite_town.signboard_draft())

    licence = accept((issued.document,), sqlite_town.evidence(), at=sqlite_town.now)

    assert licence.token.text == issued.record.token_text
    assert licence.data_set.encode() == issued.record.data_set
    assert [each.digest.hex() for each in licence.documents] == [issued.record.document_digest]
    assert licence.documents[0].leaf == issued.record.document_leaf
    assert licence.documents[0].signed_at == sqlite_town.now


def test_the_document_of_a_person_shows_the_name_inside_only(sqlite_town: Town) -> None:  # noqa: F811
    issued = sqlite_town.issues(sqlite_town.teacher_draft())

    report = examine(issued.document, sqlite_town.evidence(), at=sqlite_town.now)

    assert report.subject is Subject.DOCUMENT
    assert report.facts.holder == "欧阳䶮"
    assert report.facts.holder_kind is HolderKind.PERSON
    assert report.facts.public().holder == "欧*䶮"
    assert report.verdict is Verdict.STATUS_UNKNOWN
    assert report.test
    assert [each.outcome for each in report.signatures] == [Outcome.PASSED]
    assert report.log.document_leaf == issued.record.document_leaf


def test_documents_that_were_changed_foreign_or_unreadable_are_rejected(sqlite_town: Town) -> None:  # noqa: F811
    document = sqlite_town.issues(sqlite_town.signboard_draft()).document
    evidence = sqlite_town.evidence()
    changed = document.replace(b"/Producer", b"/Producex") if b"/Producer" in document else document[:-20]
    cases = {
        "changed": (changed, Verdict.TAMPERED),
        "longer": (document + b"\n% more\n", Verdict.TAMPERED),
        "no PDF": (b"nothing", Verdict.UNREADABLE),
    }

    for name, (content, verdict) in cases.items():
        with pytest.raises(RejectedError) as caught:
            accept((content,), evidence, at=sqlite_town.now)
        assert caught.value.report.verdict is verdict, name
        assert caught.value.params["reason"]


def test_nothing_is_accepted_without_trust_list_or_body(sqlite_town: Town) -> None:  # noqa: F811
    document = sqlite_town.issues(sqlite_town.signboard_draft()).document

    for bodies, evidence in (((document,), Evidence(trust=None)), ((), sqlite_town.evidence())):
        with pytest.raises(RejectedError):
            accept(bodies, evidence, at=sqlite_town.now)


def test_all_bodies_must_be_of_one_version(sqlite_town: Town) -> None:  # noqa: F811
    first = sqlite_town.issues(sqlite_town.signboard_draft())
    second = sqlite_town.issues(sqlite_town.signboard_draft())

    same = accept((first.document, first.document), sqlite_town.evidence(), at=sqlite_town.now)
    with pytest.raises(RejectedError) as caught:
        accept((first.document, second.document), sqlite_town.evidence(), at=sqlite_town.now)

    assert len(same.documents) == 2
    assert caught.value.report.findings[0].code == "contents.other_token"


def test_a_missing_revocation_list_is_a_gap_that_is_not_accepted(sqlite_town: Town) -> None:  # noqa: F811
    document = sqlite_town.issues(sqlite_town.signboard_draft()).document
    evidence = replace(sqlite_town.evidence(), crls=())

    with pytest.raises(RejectedError) as caught:
        accept((document,), evidence, at=sqlite_town.now)

    finding = caught.value.report.finding(Check.ISSUER)
    assert finding is not None
    assert finding.outcome is Outcome.UNKNOWN


def test_status_and_term_are_not_asked_before_anything_is_filed(sqlite_town: Town) -> None:  # noqa: F811
    starts = (sqlite_town.now + timedelta(days=20)).date()
    issued = sqlite_town.issues(sqlite_town.signboard_draft(valid_from=starts))

    report = examine(issued.document, sqlite_town.evidence(), at=sqlite_town.now)

    assert accept((issued.document,), sqlite_town.evidence(), at=sqlite_town.now).data_set.valid_from == starts
    assert report.verdict is Verdict.NOT_YET_VALID


def test_nobody_else_makes_a_verified_licence(sqlite_town: Town) -> None:  # noqa: F811
    issued = sqlite_town.issues(sqlite_town.signboard_draft())
    licence = accept((issued.document,), sqlite_town.evidence(), at=sqlite_town.now)

    with pytest.raises(TypeError):
        VerifiedLicence(token=licence.token, data_set=licence.data_set, documents=(), made_by=object())
