"""The compiled reader is taken only where it was made from the source of today."""

from pathlib import Path

import pytest

from hatch_build import compiled_file
from verify.compiled import READ_DIGITS, READ_USUAL_CODE, compiled_name, find_compiled, spoken
from verify.usual_code import read_usual_code


def test_the_reader_of_another_source_is_never_taken(repository: Path, tmp_path: Path) -> None:
    source = (repository / "verify" / "usual_code.py").read_bytes()
    (tmp_path / "usual_code.py").write_bytes(source + b"\n")

    assert find_compiled(tmp_path) is None
    assert find_compiled(tmp_path / "absent") is None
    assert compiled_name(source) != compiled_name(source + b"\n")


@pytest.mark.peer("cc")
def test_the_reader_of_this_source_is_taken(repository: Path) -> None:
    assert find_compiled(repository / "verify") == (READ_USUAL_CODE, READ_DIGITS)


def test_the_build_writes_the_name_that_the_program_looks_for(repository: Path) -> None:
    source = (repository / "verify" / "usual_code.py").read_bytes()

    assert compiled_file(repository).name.split(".")[0] == compiled_name(source)


def test_the_build_says_which_reader_runs() -> None:
    assert "Python alone" in spoken(None)
    assert "machine code" in spoken(read_usual_code)
