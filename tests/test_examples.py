"""The example sheet is what its script writes, and wrong exactly where its page says so."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.cli.demo_photos import draw_portrait
from registry.db import Database, open_database
from signer.page.press import Press
from signer.sheet_check import SheetChecker, check_sheet
from tests.databases import sqlite_template, sqlite_url

__all__ = ["sqlite_template", "sqlite_url"]

AT = datetime(2026, 9, 21, 2, 3, 4, tzinfo=UTC)


@pytest.fixture
def sample(sqlite_url: str) -> Database:
    return open_database(sqlite_url)


def test_the_sheet_is_what_its_script_writes(repository: Path, tmp_path: Path) -> None:
    written = tmp_path / "applications.csv"

    subprocess.run([sys.executable, "examples/make_applications.py", str(written)], cwd=repository, check=True)

    assert written.read_bytes() == (repository / "examples/applications.csv").read_bytes()


def test_the_sheet_is_wrong_in_the_twelve_rows_that_its_page_lists_and_nowhere_else(
    repository: Path, sample: Database
) -> None:
    page = (repository / "examples/README.md").read_text(encoding="utf-8")
    listed = {int(row): code for row, code in re.findall(r"^\| (\d+) \|.*\| `([a-z_.]+)` \|$", page, re.MULTILINE)}
    checker = SheetChecker(database=sample, press=Press.open(), host="licences.example.org", photos=draw_portrait)

    checked = check_sheet(checker, (repository / "examples/applications.csv").read_bytes(), at=AT)

    assert {row.number: [each.code for each in row.problems] for row in checked.bad} == {
        row: [code] for row, code in listed.items()
    }
    assert (len(checked.rows), len(checked.good), len(set(listed.values()))) == (240, 228, 12)


def test_the_sheet_holds_the_hard_names_that_it_promises(repository: Path) -> None:
    text = (repository / "examples/applications.csv").read_text(encoding="utf-8-sig")

    assert all(text.count(character) >= 3 for character in "䶮𬭎𫖯㛃·")
