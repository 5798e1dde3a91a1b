"""Files that commands read and write."""

from pathlib import Path

import pytest

from api.cli.errors import FileTooLargeError, NoFileError, NotWrittenError
from api.cli.files import documents_in, read_file, write_file, write_secret


def test_a_file_of_the_largest_size_is_read_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(b"x" * 10)

    assert read_file(path, bytes_max=10) == b"x" * 10
    with pytest.raises(FileTooLargeError):
        read_file(path, bytes_max=9)


@pytest.mark.parametrize("name", ["absent.pdf", "."])
def test_what_is_no_file_is_named_with_the_reason(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoFileError) as refused:
        read_file(tmp_path / name)

    assert refused.value.params["name"] == str(tmp_path / name)
    assert refused.value.params["reason"]


def test_a_written_file_takes_the_place_of_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "summary.json"

    write_file(path, b"one")
    write_file(path, b"two")

    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    (path / "inside").mkdir(parents=True)

    with pytest.raises(NotWrittenError):
        write_file(path, b"x")

    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_a_secret_is_for_its_owner_only_and_never_written_over_another(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"

    write_secret(path, b"first")
    with pytest.raises(NotWrittenError):
        write_secret(path, b"second")

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b"first"


def test_the_documents_of_a_folder_are_its_pdf_files_at_any_depth_by_name(tmp_path: Path) -> None:
    for name in ("b.pdf", "a/c.PDF", "note.txt", "a/pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    assert [str(path.relative_to(tmp_path)) for path in documents_in(tmp_path)] == ["a/c.PDF", "b.pdf"]


def test_a_file_cannot_be_written_below_another_file_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(NotWrittenError):
        write_file(tmp_path / "file" / "name", b"x")
