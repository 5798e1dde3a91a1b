"""Official documents from upload to filing: what is refused and where, and what a stranger says of the result."""

from datetime import timedelta
from pathlib import Path

import pytest

from registry import official_documents, seal_uses
from registry.db import reading, transaction
from registry.official_documents import OfficialState
from registry.official_errors import (
    OfficialDigestError,
    OfficialSamePersonError,
    OfficialStateError,
)
from registry.seal_errors import (
    GrantEndedError,
    GrantUsedUpError,
    GrantWithdrawnError,
    SealSuspendedError,
    SecondPersonError,
)
from registry.seal_lifecycle import SealAct, UseState
from signer.errors import OtherDepartmentError, RoleError
from signer.official.errors import LicenceUploadError, RidingSignedError
from signer.official.places import Anchor, Placing, Spot
from tests.key_room import KeyRoom
from tests.official_office import DOCUMENTS_BASIS, FOOT, OfficialOffice, plain_pdf
from tests.small_pdf import SealingRoom
from tests.town import BUREAU, MARKET, Town
from verify.examine import examine
from verify.official_examine import with_official
from verify.report import Outcome
from verify.verdict import Verdict


@pytest.fixture
def office(town: Town) -> OfficialOffice:
    return OfficialOffice(town)


@pytest.fixture
def quick_office(sqlite_town: Town) -> OfficialOffice:
    return OfficialOffice(sqlite_town)


def test_a_sealed_document_is_told_as_one_with_its_mandate_and_the_registry_knows_it(office: OfficialOffice) -> None:
    prepared = office.prepares()

    sealed = office.seals(prepared)

    report = examine(office.document(sealed), office.town.evidence(), at=office.town.now)
    facts = report.facts
    assert report.verdict is Verdict.STATUS_UNKNOWN
    assert report.is_genuine
    assert (facts.official_id, facts.issuer, facts.seal_code) == (sealed.document_id, BUREAU, office.code)
    assert (facts.mandate_grant, facts.mandate_legal_basis) == (office.grant.grant_id, DOCUMENTS_BASIS)
    assert facts.mandate_role == "issuing_officer"
    assert facts.licence_id == facts.number == facts.holder == ""
    with reading(office.town.database) as tx:
        answer = official_documents.public_official(tx, sealed.document_id)
        (use,) = seal_uses.uses_of_body(tx, sealed.document_digest or "")
    assert answer is not None
    assert with_official(report, answer, at=office.town.now).verdict is Verdict.VALID
    assert use.state is UseState.FILED
    assert use.bodies == ((sealed.document_digest, sealed.leaf),)


def test_what_was_uploaded_stays_in_front_byte_for_byte(quick_office: OfficialOffice) -> None:
    upload = plain_pdf(3)

    sealed = quick_office.seals(quick_office.prepares(upload, placing=Placing(at=Anchor(text=FOOT), riding=True)))

    assert quick_office.document(sealed).startswith(upload)


def test_nothing_is_logged_or_taken_before_the_document_is_sealed(quick_office: OfficialOffice) -> None:
    town = quick_office.town

    record = quick_office.prepares()

    assert town.steps == ["document_prepared"]
    with reading(town.database) as tx:
        assert official_documents.public_official(tx, record.document_id) is None
        assert seal_uses.count_uses(tx, quick_office.grant.grant_id, until=town.now) == 0


def test_another_digest_than_the_prepared_one_seals_nothing(quick_office: OfficialOffice) -> None:
    first, second = quick_office.prepares(), quick_office.prepares()

    with pytest.raises(OfficialDigestError):
        quick_office.seals(first, digest=second.prepared_digest)

    assert "use_taken" not in quick_office.town.steps
    assert quick_office.seals(first).state is OfficialState.SEALED


def test_a_document_is_sealed_once(quick_office: OfficialOffice) -> None:
    record = quick_office.prepares()
    quick_office.seals(record)

    with pytest.raises(OfficialStateError):
        quick_office.seals(record)


def test_a_grant_that_demands_a_second_person_waits_for_one(quick_office: OfficialOffice) -> None:
    grant = quick_office.grants(needs_second=True)
    record = quick_office.prepares(grant_id=grant.grant_id)

    with pytest.raises(SecondPersonError):
        quick_office.seals(record)
    with pytest.raises(RoleError):
        quick_office.approves(record, operator=quick_office.town.officer)
    with pytest.raises(OfficialDigestError):
        quick_office.approves(record, digest="0" * 64)

    assert quick_office.seals(quick_office.approves(record)).state is OfficialState.SEALED


def test_nobody_approves_what_they_prepared(quick_office: OfficialOffice) -> None:
    record = quick_office.prepares()

    with pytest.raises(OfficialSamePersonError), transaction(quick_office.town.database) as tx:
        official_documents.approve_official(
            tx, record.document_id, digest=record.prepared_digest, person=record.prepared_by, at=quick_office.town.now
        )


def test_a_suspended_seal_seals_nothing_and_nothing_is_logged(quick_office: OfficialOffice) -> None:
    record = quick_office.prepares()
    quick_office.seals_office.does(quick_office.code, SealAct.SUSPEND)

    with pytest.raises(SealSuspendedError):
        quick_office.seals(record)

    assert "document_logged" not in quick_office.town.steps


def test_a_grant_that_is_used_up_seals_nothing_more(quick_office: OfficialOffice) -> None:
    grant = quick_office.grants(uses_max=1)
    first, second = (quick_office.prepares(grant_id=grant.grant_id) for _ in range(2))
    quick_office.seals(first)

    with pytest.raises(GrantUsedUpError):
        quick_office.seals(second)


def test_another_department_has_no_part_in_it(quick_office: OfficialOffice) -> None:
    stranger = quick_office.town.officer_of(MARKET)
    record = quick_office.prepares()

    with pytest.raises(OtherDepartmentError):
        quick_office.seals(record, operator=stranger)


def test_a_second_office_seals_behind_the_first_and_both_hold(quick_office: OfficialOffice) -> None:
    first = quick_office.document(quick_office.seals(quick_office.prepares()))

    second = quick_office.document(
        quick_office.seals(quick_office.prepares(first, placing=Placing(at=Spot(page=1, x=60, y=60))))
    )

    report = quick_office.judge(second)
    assert second.startswith(first)
    assert report.is_genuine
    assert [each.outcome for each in report.signatures] == [Outcome.PASSED, Outcome.PASSED]


def test_strips_are_not_added_to_what_is_signed(quick_office: OfficialOffice) -> None:
    first = quick_office.document(quick_office.seals(quick_office.prepares(plain_pdf(2))))

    with pytest.raises(RidingSignedError):
        quick_office.prepares(first, placing=Placing(at=None, riding=True))


def test_a_licence_is_never_sealed_as_a_document(quick_office: OfficialOffice, tmp_path: Path) -> None:
    licence = SealingRoom(office=KeyRoom.found(tmp_path / "elsewhere").open_office()).seal()

    with pytest.raises(LicenceUploadError):
        quick_office.prepares(licence, placing=Placing(at=Spot(page=1, x=60, y=60)))


def test_without_a_grant_nothing_is_prepared(sqlite_town: Town) -> None:
    office = OfficialOffice(sqlite_town)
    office.seals_office.withdraws(office.grant)

    with pytest.raises(GrantWithdrawnError):
        office.prepares()


def test_a_changed_byte_or_another_page_behind_it_is_told(quick_office: OfficialOffice) -> None:
    town = quick_office.town
    document = quick_office.document(quick_office.seals(quick_office.prepares()))
    changed = document.replace(b"PLACE OF", b"PIECE OF")

    assert examine(changed, town.evidence(), at=town.now).verdict is Verdict.TAMPERED
    assert examine(document + b"\n%more", town.evidence(), at=town.now).verdict is Verdict.TAMPERED


def test_the_term_of_the_grant_is_judged_when_it_is_sealed(quick_office: OfficialOffice) -> None:
    record = quick_office.prepares()

    with pytest.raises(GrantEndedError):
        quick_office.seals(record, at=quick_office.town.now + timedelta(days=200))
