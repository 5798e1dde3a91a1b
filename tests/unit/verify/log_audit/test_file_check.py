"""A file that an auditor brings along is what was signed, or what could not be checked is said; changed is another thing."""

import shutil
import zipfile
from collections.abc import Iterator
from io import BytesIO

import pytest

from registry.db import open_database
from tests.key_room import NOW
from tests.official_office import OfficialOffice, plain_ofd
from tests.town import FoundedTown, Town
from verify.evidence import Evidence
from verify.log_audit.file_check import FOREIGN, LONGER, UNCHECKED, FileCheck, check_file
from verify.ofd_package import read_package


@pytest.fixture(scope="module")
def town(founded_on_sqlite: FoundedTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("files")
    shutil.copy(founded_on_sqlite.folder / founded_on_sqlite.template, folder / "registry.sqlite")
    (folder / "keys").symlink_to(founded_on_sqlite.folder / "keys")
    database = open_database(f"sqlite:///{folder}/registry.sqlite")
    try:
        yield Town.open(database, folder)
    finally:
        database.close()


@pytest.fixture(scope="module")
def files(town: Town) -> dict[str, bytes]:
    """One file of each kind, as a citizen or another office has it."""
    issued, office = town.issues(town.food_draft()), OfficialOffice(town)
    return {
        "pdf": issued.document,
        "ofd": issued.ofd or b"",
        "code": issued.record.token_text.encode(),
        "official pdf": office.document(office.seals(office.prepares())),
        "official ofd": office.document(office.seals(office.prepares(plain_ofd()))),
    }


def changed(content: bytes) -> bytes:
    """Change one thing that was signed: a letter of a page, or the last digit of a code."""
    if content.startswith(b"PK"):
        inside = dict(read_package(content).files)
        page = next(name for name in inside if name.endswith("Content.xml"))
        inside[page] = inside[page].replace(b"</", b" </", 1)
        written = BytesIO()
        with zipfile.ZipFile(written, "w") as package:
            for name, each in inside.items():
                package.writestr(name, each)
        return written.getvalue()
    if content.startswith(b"%PDF"):
        place = content.index(b"stream\n") + 8
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    return content[:-1] + (b"1" if content.endswith(b"0") else b"0")


def test_what_an_honest_office_signed_passes_and_one_changed_byte_does_not(town: Town, files: dict[str, bytes]) -> None:
    honest = {name: check_file(each, town.evidence(), at=town.now) for name, each in files.items()}
    found = {name: check_file(changed(each), town.evidence(), at=town.now) for name, each in files.items()}

    assert honest == dict.fromkeys(files, UNCHECKED)
    assert {name: each.failed for name, each in found.items()} == {
        "pdf": ("signature.bad",),
        "ofd": ("signature.bad", "contents.changed_after_signing"),
        "code": ("signature.bad",),
        "official pdf": ("signature.bad",),
        "official ofd": ("signature.bad", "contents.uncovered"),
    }


def test_what_stands_behind_a_signature_is_said_and_what_was_signed_is_still_judged(
    town: Town, files: dict[str, bytes]
) -> None:
    for name in ("pdf", "official pdf"):
        longer = files[name] + b"\n% more\n"

        assert check_file(longer, town.evidence(), at=town.now) == FileCheck(open=(LONGER,)), name
        assert check_file(changed(longer), town.evidence(), at=town.now).failed == ("signature.bad",), name


def test_what_is_missing_to_check_with_is_a_gap_and_no_change(town: Town, files: dict[str, bytes]) -> None:
    alone, unrevoked = Evidence(trust=None), Evidence(trust=town.evidence().trust)

    for name, content in files.items():
        found = check_file(content, alone, at=town.now)
        assert (found.failed, "issuer.no_trust_list" in found.open) == ((), True), name
    assert check_file(files["pdf"], unrevoked, at=town.now) == FileCheck(open=("issuer.revocation_unknown",))
    assert check_file(files["official pdf"], unrevoked, at=town.now).open == ("issuer.revocation_unknown",)


@pytest.mark.parametrize("content", [b"%PDF-1.7\n%%EOF\n", b"\xff\xfe"])
def test_a_file_of_others_is_left_to_programs_that_read_them(content: bytes) -> None:
    assert check_file(content, Evidence(trust=None), at=NOW) == FileCheck(open=(FOREIGN,))
