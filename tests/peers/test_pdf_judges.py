"""qpdf, veraPDF, poppler and PDFium judge the pages; zxing-cpp reads the code back from the rendered picture."""

import re
import subprocess
import unicodedata
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from tests.peers.conftest import Printed, Shown
from tests.peers.programs import JAVA, verapdf
from verify.licence import mask_name
from verify.qr_token import decode_token

# What an office printer or a scanner at a counter makes of a page.
DPI = 150
# What every page of ours claims to be: PDF/A-3a and PDF/UA-1.
FLAVOURS = ("3a", "ua1")


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def _folded(text: str) -> str:
    """Return the text without what extraction may add: blanks, line ends, the control marks of page ends."""
    return re.sub(r"[\s\x00-\x1f\ufffe]+", "", unicodedata.normalize("NFC", text))


@pytest.mark.peer("qpdf")
def test_qpdf_finds_nothing_wrong(shown: Shown) -> None:
    for file in shown.files:
        checked = _run("qpdf", "--check", file)

        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "No syntax or stream encoding errors found" in checked.stdout


@pytest.mark.peer("java", "mvn")
def test_verapdf_finds_every_licence_and_printed_receipt_conformant_and_a_licence_without_its_marks_not(
    shown: Shown, printed: Printed, tmp_path: Path
) -> None:
    files, broken = (*shown.files, *printed.files), tmp_path / "broken.pdf"
    broken.write_bytes(shown.licences[0].document.replace(b"/MarkInfo", b"/MarkInf0"))
    # Flavour 0 judges a file by each of the standards that its metadata claim, and names the standard.
    words = ("org.verapdf.apps.GreenfieldCliWrapper", "--format", "text", "--flavour", "0")

    judged = _run(*JAVA, "-cp", f"{verapdf()}/*", *words, *files, broken)

    said = [line for line in judged.stdout.splitlines() if line.startswith(("PASS ", "FAIL "))]
    wanted = [f"PASS {file} {flavour}" for file in files for flavour in FLAVOURS]
    assert said == [*wanted, *(f"FAIL {broken} {flavour}" for flavour in FLAVOURS)], judged.stdout + judged.stderr


@pytest.mark.peer("pdftotext")
def test_poppler_and_pdfium_extract_what_the_licence_says(shown: Shown) -> None:
    for licence in shown.licences:
        claims = decode_token(licence.token_text).claims
        poppler = _folded(_run("pdftotext", "-raw", licence.path, "-").stdout)
        document = pypdfium2.PdfDocument(licence.document)
        pdfium = _folded("".join(page.get_textpage().get_text_range() for page in document))
        document.close()

        for text in (poppler, pdfium):
            assert _folded(claims.number) in text, licence.path.name
            assert _folded(shown.town.offices[claims.issuer].name) in text, licence.path.name
            if claims.holder_uscc is not None:
                assert _folded(claims.holder) in text, licence.path.name


def test_the_code_is_read_back_from_the_page_at_150_dots_per_inch(shown: Shown) -> None:
    for licence in shown.licences:
        document = pypdfium2.PdfDocument(licence.document)
        picture = document[0].render(scale=DPI / 72, may_draw_forms=False).to_pil()
        document.close()

        codes = zxingcpp.read_barcodes(picture)

        assert [code.text for code in codes] == [licence.token_text], licence.path.name


def test_the_code_of_a_person_shows_no_whole_name(shown: Shown) -> None:
    persons = [each for each in shown.licences if each.licence_type.holder_kind == "person"]

    holders = [decode_token(each.token_text).claims.holder for each in persons]

    assert holders == [mask_name("欧阳䶮")]
