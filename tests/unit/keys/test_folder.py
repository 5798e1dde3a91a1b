"""Files of custody: whole, closed to others, never replaced by accident."""

import os
from pathlib import Path

import pytest

from keys.errors import CustodyAccessError, CustodyStorageError, KeyExistsError
from keys.folder import overwrite_and_remove, prepare_folder, read_file, write_new, write_over


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_folder_is_made_for_one_user(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "deep" / "keys")
    prepare_folder(tmp_path / "deep" / "keys")

    assert mode(tmp_path / "deep" / "keys") == 0o700


@pytest.mark.parametrize("bits", [0o750, 0o701, 0o777])
def test_a_folder_that_others_can_reach_is_refused_and_not_mended(tmp_path: Path, bits: int) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    folder.chmod(bits)

    with pytest.raises(CustodyAccessError):
        prepare_folder(folder)
    assert mode(folder) == bits


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(CustodyStorageError):
        prepare_folder(tmp_path / "file" / "keys")


def test_a_file_is_written_whole_and_for_one_user(tmp_path: Path) -> None:
    write_new(tmp_path / "a.key", b"content")

    assert read_file(tmp_path / "a.key", bytes_max=100) == b"content"
    assert mode(tmp_path / "a.key") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]


def test_a_new_file_never_replaces_another(tmp_path: Path) -> None:
    write_new(tmp_path / "a.key", b"first")

    with pytest.raises(KeyExistsError):
        write_new(tmp_path / "a.key", b"second")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"first"]


def test_a_certificate_may_replace_another(tmp_path: Path) -> None:
    write_over(tmp_path / "a.pem", b"first")
    write_over(tmp_path / "a.pem", b"second")

    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"second"]


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write_new(tmp_path / "a.key", b"content")
    (tmp_path / "a.key").chmod(0o640)

    with pytest.raises(CustodyAccessError):
        read_file(tmp_path / "a.key", bytes_max=100)


def test_reading_stops_one_byte_after_the_limit(tmp_path: Path) -> None:
    write_new(tmp_path / "a.key", b"x" * 100)

    assert len(read_file(tmp_path / "a.key", bytes_max=10)) == 11


def test_what_cannot_be_read_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "a.key").mkdir()

    with pytest.raises(CustodyStorageError):
        read_file(tmp_path / "a.key", bytes_max=10)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "b.key", bytes_max=10)


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.pem").mkdir()

    with pytest.raises(CustodyStorageError):
        write_over(tmp_path / "a.pem", b"content")
    with pytest.raises(CustodyStorageError):
        write_over(tmp_path / "missing" / "b.pem", b"content")
    with pytest.raises(CustodyStorageError):
        write_new(tmp_path / ("x" * 300), b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["a.pem"]


def test_a_removed_file_is_overwritten_first(tmp_path: Path) -> None:
    write_new(tmp_path / "a.key", b"secret" * 100)
    (tmp_path / "held").hardlink_to(tmp_path / "a.key")

    overwrite_and_remove(tmp_path / "a.key")

    kept = (tmp_path / "held").read_bytes()
    assert len(kept) == 600
    assert b"secret" not in kept
    assert os.listdir(tmp_path) == ["held"]  # noqa: PTH208 - names only


def test_what_cannot_be_removed_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(CustodyStorageError) as refused:
        overwrite_and_remove(tmp_path / "a.key")
    assert "a.key" not in str(refused.value)
