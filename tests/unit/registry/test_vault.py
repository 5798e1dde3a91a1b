"""Documents by their hash: whole or absent, damage noticed, swept never too early."""

import os
import resource
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from registry import vault as vault_module
from registry.errors import DatabaseAwayError, DocumentDamagedError, UnknownDocumentError
from registry.vault import DOCUMENT_BYTES_MAX, FolderVault


@pytest.fixture
def vault(tmp_path: Path) -> FolderVault:
    """An empty vault whose folder is not made yet."""
    return FolderVault(tmp_path / "deep" / "vault")


def path_of(vault: FolderVault, digest: str) -> Path:
    return vault.folder / digest[:2] / digest


def none_known(_digests: Sequence[str]) -> frozenset[str]:
    return frozenset()


def test_what_was_put_is_got_by_its_hash(vault: FolderVault) -> None:
    digests = vault.put_all([b"one", b"two", b"one"])

    assert digests == tuple(sha256(each).hexdigest() for each in (b"one", b"two", b"one"))
    assert [vault.get(each) for each in digests] == [b"one", b"two", b"one"]
    assert vault.has(digests[0])
    assert vault.put(b"one") == digests[0]
    assert vault.put_all([]) == ()


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", "", "A" * 64])
def test_what_was_never_put_is_unknown(vault: FolderVault, digest: str) -> None:
    with pytest.raises(UnknownDocumentError):
        vault.get(digest)


def test_damage_is_noticed(vault: FolderVault) -> None:
    digest = vault.put(b"whole")
    path_of(vault, digest).write_bytes(b"Whole")

    with pytest.raises(DocumentDamagedError):
        vault.get(digest)


def test_no_document_is_longer_than_the_longest(vault: FolderVault) -> None:
    with pytest.raises(ValueError, match="that long"):
        vault.put(bytes(DOCUMENT_BYTES_MAX + 1))
    assert not vault.folder.exists()


def test_the_sweep_takes_what_no_row_names_and_leaves_the_young(vault: FolderVault) -> None:
    named, nobodys, young = vault.put_all([b"named", b"nobody's", b"young"])
    leftover = path_of(vault, named).with_suffix(".part")
    leftover.write_bytes(b"half")
    for path in (path_of(vault, named), path_of(vault, nobodys), leftover):
        os.utime(path, (1000, 1000))

    assert vault.sweep(lambda digests: frozenset({named}) & frozenset(digests), older_than=1001) == 2

    assert (vault.has(named), vault.has(nobodys), vault.has(young)) == (True, False, True)
    assert not leftover.exists()
    assert vault.sweep(none_known, older_than=1001) == 1


def test_a_document_that_is_put_again_counts_as_young(vault: FolderVault) -> None:
    digest = vault.put(b"again")
    os.utime(path_of(vault, digest), (1000, 1000))

    vault.put(b"again")

    assert vault.sweep(none_known, older_than=1001) == 0


def test_many_documents_are_swept_in_parts(vault: FolderVault) -> None:
    digests = vault.put_all([str(number).encode() for number in range(vault_module.SWEPT_AT_ONCE + 20)])
    asked: list[int] = []

    def known(part: Sequence[str]) -> frozenset[str]:
        asked.append(len(part))
        return frozenset(part[:1])

    assert vault.sweep(known, older_than=float(2**40)) == len(digests) - 2
    assert sorted(asked) == [20, vault_module.SWEPT_AT_ONCE]


def test_an_empty_vault_is_swept_without_a_word(vault: FolderVault) -> None:
    assert vault.sweep(none_known, older_than=1001) == 0


def test_a_folder_that_cannot_be_used_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    vault = FolderVault(tmp_path / "file")

    with pytest.raises(DatabaseAwayError):
        vault.put(b"x")


def test_a_full_disk_is_named_and_leaves_nothing_behind(vault: FolderVault) -> None:
    """A child of ours may write no file beyond 1,000 bytes: the writing fails half-way, as on a full disk."""
    program = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        from registry.errors import DiskFullError
        from registry.vault import FolderVault
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            FolderVault(Path(sys.argv[1])).put_all([b"small", b"x" * 100_000])
        except DiskFullError as error:
            print(error.code)
        """
    )

    child = subprocess.run(
        [sys.executable, "-c", program, str(vault.folder)], capture_output=True, text=True, check=True, timeout=60
    )

    assert child.stdout == "disk.full\n"
    assert [path for path in vault.folder.rglob("*") if path.is_file()] == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
