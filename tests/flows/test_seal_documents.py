"""Official documents at the command line: sealed at once, or prepared, looked at, approved and sealed."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from signer.official.pages import opened
from tests.flows.test_command_line import FOOD_OFFICE, REVIEWER, Terminal
from tests.official_office import FOOT, plain_ofd, plain_pdf

TITLE = "准予行政许可决定书"
WHOSE = ("--department", FOOD_OFFICE, "--title", TITLE)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a deployment that was just founded, with a decision of three pages in both forms."""
    folder = tmp_path_factory.mktemp("founded")
    Terminal(folder).calls("init", "--test")
    (folder / "decision.pdf").write_bytes(plain_pdf(3))
    (folder / "decision.ofd").write_bytes(plain_ofd(3))
    return folder


@pytest.fixture
def terminal(founded: Path, tmp_path: Path) -> Terminal:
    """A terminal in a copy of that deployment."""
    folder = tmp_path / "office"
    shutil.copytree(founded, folder)
    return Terminal(folder)


@pytest.mark.parametrize("form", ["pdf", "ofd"])
def test_a_document_is_sealed_and_verified(terminal: Terminal, form: str) -> None:
    out = f"sealed.{form}"

    (sealed,) = terminal.reads(
        "seal", "document", f"decision.{form}", *WHOSE, "--anchor", FOOT, "--riding", "--out", out, "--slip", "slip.pdf"
    )

    assert sealed["state"] == "sealed"
    assert [each["page"] for each in sealed["places"]] == [3, 1, 2, 3]
    (report,) = terminal.reads("verify", out)
    assert (report["verdict"], report["facts"]["official_id"]) == ("valid", sealed["document_id"])
    assert terminal.verdict(sealed["document_id"], expect=0) == "valid"
    with opened((terminal.folder / "slip.pdf").read_bytes()) as pdf:
        assert sealed["document_id"] in pdf[0].get_textpage().get_text_bounded()
    (audited,) = terminal.reads("log", "audit")
    assert (audited["counts"]["official_documents"], audited["discrepancies"]) == (1, [])


def test_what_was_prepared_is_looked_at_approved_and_sealed(terminal: Terminal) -> None:
    (prepared,) = terminal.reads(
        "seal",
        "document",
        "decision.pdf",
        *WHOSE,
        "--page",
        "1",
        "--at",
        "60,60",
        "--prepare-only",
        "--pictures",
        "seen",
    )

    terminal.calls("seal", "finish", prepared["document_id"], "--digest", "0" * 64, expect=2)
    (sealed,) = terminal.reads(
        "seal", "finish", prepared["document_id"], "--digest", prepared["prepared_digest"], "--approved-by", REVIEWER
    )

    with Image.open(terminal.folder / "seen" / f"{prepared['document_id']}-1.png") as page:
        assert page.width > 800
    assert (prepared["state"], sealed["state"]) == ("prepared", "sealed")


def test_what_cannot_be_sealed_is_said_with_its_code(terminal: Terminal) -> None:
    told = terminal.calls("seal", "document", "decision.pdf", *WHOSE, "--anchor", "nowhere", "--lang", "en", expect=2)

    assert "[official.anchor_missing]" in told.stderr
