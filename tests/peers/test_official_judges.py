"""pyHanko, pdfsig, qpdf and ofdrw on official documents: sealed by one office or two, with strips over all pages."""

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from signer.official.places import Anchor, Placing, Spot
from tests.official_office import FOOT, OfficialOffice, plain_ofd, plain_pdf
from tests.peers.programs import JAVA, ofdrw
from tests.town import Town

RIDING = Placing(at=Anchor(text=FOOT), riding=True)
BESIDE = Placing(at=Spot(page=1, x=60, y=60))


@pytest.fixture
def office(sqlite_town: Town) -> OfficialOffice:
    return OfficialOffice(sqlite_town)


def sealed_twice(office: OfficialOffice) -> tuple[bytes, bytes]:
    """Return a document of three pages with a cross-page seal, and the same with another seal behind."""
    first = office.document(office.seals(office.prepares(plain_pdf(3), placing=RIDING)))
    return first, office.document(office.seals(office.prepares(first, placing=BESIDE)))


def statuses(document: bytes, office: OfficialOffice) -> Iterator[PdfSignatureStatus]:
    """Let pyHanko judge all signatures by its own rules, with the trust list's authorities and nothing fetched."""
    town = office.town
    evidence = town.evidence()
    assert evidence.trust is not None
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(each) for each in evidence.trust.authorities],
        crls=[crl.CertificateList.load(each) for each in evidence.crls],
        allow_fetching=False,
        moment=town.now + timedelta(minutes=1),
        revocation_mode="hard-fail",
    )
    for each in PdfFileReader(BytesIO(document), strict=True).embedded_signatures:
        yield validate_pdf_signature(each, signer_validation_context=context, ts_validation_context=context)


def test_pyhanko_accepts_a_sealed_document_whole(office: OfficialOffice) -> None:
    first, _ = sealed_twice(office)

    (status,) = statuses(first, office)

    assert status.bottom_line, status.pretty_print_details()
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.modification_level is ModificationLevel.NONE
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted


def test_pyhanko_still_accepts_the_first_seal_behind_which_a_second_stands(office: OfficialOffice) -> None:
    _, second = sealed_twice(office)

    both = list(statuses(second, office))

    assert [each.bottom_line for each in both] == [True, True]
    assert both[0].modification_level is ModificationLevel.FORM_FILLING
    assert both[1].coverage is SignatureCoverageLevel.ENTIRE_FILE


@pytest.mark.peer("pdfsig")
def test_pdfsig_accepts_both_seals(office: OfficialOffice, tmp_path: Path) -> None:
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed_twice(office)[1])

    said = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False).stdout

    assert said.count("Signature is Valid.") == 2, said
    assert said.count("Total document signed") == 1, said


def test_qpdf_finds_no_fault_in_what_was_written_behind(office: OfficialOffice) -> None:
    for document in sealed_twice(office):
        with pikepdf.open(BytesIO(document)) as pdf:
            assert pdf.check_pdf_syntax() == []
            subtypes = [str(each.Subtype) for page in pdf.pages for each in page.get("/Annots", [])]
            assert subtypes.count("/Stamp") == 3


@pytest.mark.peer("java", "mvn", "javac")
def test_ofdrw_verifies_both_seals_of_an_ofd(office: OfficialOffice, tmp_path: Path) -> None:
    first = office.document(office.seals(office.prepares(plain_ofd(3), placing=RIDING)))
    second = office.document(office.seals(office.prepares(first, placing=BESIDE)))
    paths = [tmp_path / "first.ofd", tmp_path / "second.ofd"]
    for path, document in zip(paths, (first, second), strict=True):
        path.write_bytes(document)

    words = [*JAVA, "-cp", ofdrw(), "yinzheng.Main", "verify", *map(str, paths)]
    said = subprocess.run(words, capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stderr
    assert [line.split()[0] for line in said.stdout.splitlines()] == ["good", "good"], said.stdout
