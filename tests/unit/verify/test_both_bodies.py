"""Both bodies of a licence as an office issues them: accepted together, told to be one, and each judged by itself."""

from collections.abc import Callable

import pytest

from signer.issue import IssuedLicence
from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from tests.mutations import last_bit_changed
from tests.town import Town
from verify.accepting import RejectedError, accept
from verify.evidence import Evidence
from verify.examine import examine, examine_text
from verify.ofd_package import read_package
from verify.own_ofd import RECEIPT, VALUE_FILE
from verify.report import Check, Outcome, Report
from verify.same_licence import same_licence
from verify.verdict import Verdict


def ofd_of(issued: IssuedLicence) -> bytes:
    assert issued.ofd is not None
    return issued.ofd


def changed(document: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    files = dict(read_package(document).files)
    change(files)
    return write_zip([OfdPart(name, Packed(data), is_stored=name.endswith(".jpg")) for name, data in files.items()])


@pytest.fixture
def issued(sqlite_town: Town) -> IssuedLicence:
    """A licence with a photo, in both bodies."""
    return sqlite_town.issues(sqlite_town.teacher_draft())


def test_both_bodies_are_accepted_as_one_licence(issued: IssuedLicence, sqlite_town: Town) -> None:
    licence = accept(issued.documents, sqlite_town.evidence(), at=sqlite_town.now)

    pdf, ofd = licence.documents
    assert (pdf.form, ofd.form) == ("pdf", "ofd")
    assert (pdf.leaf, ofd.leaf) == (issued.record.document_leaf, issued.record.ofd_leaf)
    assert pdf.signer_kid != ofd.signer_kid
    assert ofd.digest.hex() == issued.record.ofd_digest


def test_bodies_of_two_licences_are_not_accepted_together(issued: IssuedLicence, sqlite_town: Town) -> None:
    other = sqlite_town.issues(sqlite_town.teacher_draft())

    with pytest.raises(RejectedError) as caught:
        accept((issued.document, ofd_of(other)), sqlite_town.evidence(), at=sqlite_town.now)

    assert caught.value.report.findings[0].code == "contents.other_token"


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.pop(RECEIPT),
        lambda files: files.update({"more.xml": b"<x/>"}),
        lambda files: files.update({VALUE_FILE: last_bit_changed(files[VALUE_FILE])}),
        lambda files: files.update({"Doc_0/Attachs/code.txt": b"https://other.example/v/0000000000000000#1123"}),
    ],
)
def test_an_ofd_that_was_changed_is_rejected_beside_a_good_pdf(
    change: Callable[[dict[str, bytes]], object], issued: IssuedLicence, sqlite_town: Town
) -> None:
    with pytest.raises(RejectedError):
        accept((issued.document, changed(ofd_of(issued), change)), sqlite_town.evidence(), at=sqlite_town.now)


def test_an_ofd_needs_a_seal_that_could_be_checked(issued: IssuedLicence, sqlite_town: Town) -> None:
    """Without revocation lists nothing is known to be wrong, and that is not enough to be filed."""
    evidence = sqlite_town.evidence()
    without = Evidence(trust=evidence.trust, status_lists=evidence.status_lists)

    with pytest.raises(RejectedError) as caught:
        accept((ofd_of(issued),), without, at=sqlite_town.now)

    assert ("seal.maker_revocation_unknown", Outcome.UNKNOWN) in {
        (each.code, each.outcome) for each in caught.value.report.findings
    }


def test_each_body_names_holder_seal_and_mandate(issued: IssuedLicence, sqlite_town: Town) -> None:
    evidence = sqlite_town.evidence()

    pdf, ofd = (examine(each, evidence, at=sqlite_town.now) for each in issued.documents)

    assert (pdf.facts.holder, pdf.facts.number) == (ofd.facts.holder, ofd.facts.number)
    assert ofd.facts.seal_name
    assert ofd.facts.seal_code == pdf.facts.seal_code != ""
    for each in (pdf, ofd):
        assert each.facts.mandate_grant.startswith(ofd.facts.seal_code)
        assert each.facts.mandate_legal_basis
        assert each.facts.mandate_role == "issuing_officer"
    assert ofd.log.document_leaf == issued.record.ofd_leaf
    assert [each.outcome for each in ofd.findings if each.check is Check.SEAL] == [Outcome.PASSED]


def test_a_pdf_an_ofd_and_a_code_are_told_to_be_one_licence(issued: IssuedLicence, sqlite_town: Town) -> None:
    evidence, now = sqlite_town.evidence(), sqlite_town.now
    other = sqlite_town.issues(sqlite_town.teacher_draft())

    def reports(*documents: bytes) -> list[Report]:
        return [examine(each, evidence, at=now) for each in documents]

    code = examine_text(issued.record.token_text, evidence, at=now)

    assert same_licence([*reports(*issued.documents), code]).code == "contents.same_licence"
    assert same_licence(reports(issued.document, ofd_of(other))).code == "contents.other_licence"
    assert same_licence(reports(issued.document, ofd_of(issued)[:-30])).code == "contents.not_compared"


def test_an_altered_ofd_tells_nothing_of_whose_it_claims_to_be(issued: IssuedLicence, sqlite_town: Town) -> None:
    document = changed(ofd_of(issued), lambda files: files.update({"more.xml": b"<x/>"}))

    report = examine(document, sqlite_town.evidence(), at=sqlite_town.now)

    assert report.verdict is Verdict.TAMPERED
    assert report.facts.of_no_licence().seal_name == ""
