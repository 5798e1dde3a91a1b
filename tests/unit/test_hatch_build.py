"""The build hook: it brings the right files, says why it cannot, and asks nobody where nothing is to do."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from hatch_build import (
    FOLDERS,
    SOURCES,
    MissingFilesError,
    NotCompiledError,
    bring,
    carried_files,
    compile_source,
    compiled_file,
    npm_command,
)


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """A clone of the repository as far as the hook looks at it: without the files that it shall bring."""
    root = tmp_path / "clone"
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
        shutil.copy(repository / folder / "files.toml", root / folder)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(repository / name, root)
    return root


def put_npm(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program called npm first on the PATH; it stands for the machine's own and for its registry."""
    folder.mkdir()
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def delivery(repository: Path, root: Path) -> str:
    """Return the script of an npm that installs what this repository's own build once got."""
    lines = ["test -f package-lock.json || exit 1", '[ "$1 $2" = "ci --ignore-scripts" ] || exit 1']
    for each in carried_files(root):
        own = repository / each.target.relative_to(root)
        lines.append(f"mkdir -p 'node_modules/{Path(each.source).parent}'")
        lines.append(f"cp '{own}' 'node_modules/{each.source}'")
    return "\n".join(lines)


def test_all_files_are_brought_and_a_second_build_asks_nobody(
    clone: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_npm(tmp_path / "bin", delivery(repository, clone), monkeypatch)

    assert bring(clone)

    assert all(each.is_there() for each in carried_files(clone))
    put_npm(tmp_path / "broken", "exit 1", monkeypatch)
    assert not bring(clone)


def test_a_registry_out_of_reach_ends_the_build_with_a_sentence(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_npm(tmp_path / "bin", "echo 'network is down' >&2; exit 1", monkeypatch)

    with pytest.raises(MissingFilesError, match="install the built wheel, which carries them"):
        bring(clone)


def test_a_file_that_is_not_the_recorded_one_never_gets_in(
    clone: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = delivery(repository, clone)
    first = carried_files(clone)[0]
    put_npm(tmp_path / "bin", f"{script}\nprintf x >> 'node_modules/{first.source}'", monkeypatch)

    with pytest.raises(MissingFilesError, match=first.target.name):
        bring(clone)

    assert not first.target.exists()


def test_a_damaged_file_is_brought_anew(
    clone: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_npm(tmp_path / "bin", delivery(repository, clone), monkeypatch)
    bring(clone)
    damaged = carried_files(clone)[0]
    damaged.target.write_bytes(b"half a font")

    assert bring(clone)

    assert damaged.is_there()


def test_the_machine_s_own_npm_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_npm(tmp_path / "bin", "exit 0", monkeypatch)

    assert npm_command() == [str(tmp_path / "bin" / "npm")]


def test_the_lock_file_names_no_registry_and_a_hash_for_every_package(repository: Path) -> None:
    packages = json.loads((repository / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    wanted = json.loads((repository / "package.json").read_text(encoding="utf-8"))["dependencies"]

    assert {f"node_modules/{name}" for name in wanted} <= packages.keys()
    for place, package in packages.items():
        assert "resolved" not in package, place
        assert place == "" or package["integrity"].startswith("sha512-"), place


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, repository: Path, tmp_path: Path) -> Path:
    """A source of what is compiled, alone in a folder."""
    copy = tmp_path / "source" / Path(request.param).name
    copy.parent.mkdir()
    shutil.copy(repository / request.param, copy)
    return copy


@pytest.mark.peer("cc")
def test_a_source_is_compiled_once_and_anew_when_it_changes(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The build of this very tree compiled the whole of it; here a short one is compiled, and not made fast."""
    monkeypatch.setenv("MYPYC_OPT_LEVEL", "0")
    earlier = compiled_file(source)
    earlier.write_bytes(b"compiled from an earlier source")
    other = earlier.with_name(f"other_{earlier.name}")
    other.write_bytes(b"compiled from another source")
    source.write_text('"""Short."""\n\nLENGTH: int = 7\n', encoding="utf-8")

    assert compile_source(source)

    assert compiled_file(source).read_bytes().startswith(b"\x7fELF")
    assert not earlier.exists()
    assert other.exists()
    assert not compile_source(source)


def test_without_a_compiler_the_build_goes_on_and_says_so(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NotCompiledError, match=rf"{source.name} .*no C compiler"):
        compile_source(source)

    assert not compiled_file(source).exists()


@pytest.mark.peer("cc")
def test_a_compiler_that_fails_leaves_nothing_behind(source: Path) -> None:
    source.write_text("number: int = 'a text'\n", encoding="utf-8")

    with pytest.raises(NotCompiledError, match="the compiler failed"):
        compile_source(source)

    assert list(source.parent.iterdir()) == [source]
