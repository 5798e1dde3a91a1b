"""What was compiled is taken only where it was made from the source of today."""

from pathlib import Path
from types import ModuleType

import pytest

from hatch_build import SOURCES, compiled_file
from verify import cbor_codec, usual_code
from verify.compiled import CODEC, READ_DIGITS, READ_USUAL_CODE, READER, compiled_name, find_compiled, spoken

FOUND = {usual_code: READER, cbor_codec: CODEC}
each_module = pytest.mark.parametrize("plain", FOUND, ids=lambda each: each.__name__)


def module_at(path: Path) -> ModuleType:
    """Return a module that says that it was read from there."""
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    return module


@each_module
def test_what_was_compiled_from_another_source_is_never_taken(plain: ModuleType, tmp_path: Path) -> None:
    source = Path(str(plain.__file__))
    other = tmp_path / source.name
    other.write_bytes(source.read_bytes() + b"\n")

    assert find_compiled(module_at(other)) is None
    assert find_compiled(module_at(tmp_path / "absent" / source.name)) is None
    assert compiled_name(source) != compiled_name(other)


@pytest.mark.peer("cc")
@each_module
def test_what_was_compiled_from_this_source_is_taken(plain: ModuleType) -> None:
    found = find_compiled(plain)

    assert found is not None, "run: make, or python -c 'import hatch_build ...' (verify/README.md)"
    assert found is FOUND[plain]


@pytest.mark.peer("cc")
def test_the_readers_of_codes_are_the_compiled_ones() -> None:
    assert READER is not None
    assert (READER.read_usual_code, READER.read_digits) == (READ_USUAL_CODE, READ_DIGITS)


def test_the_build_writes_the_names_that_the_program_looks_for(repository: Path) -> None:
    sources = [repository / each for each in SOURCES]

    assert [compiled_file(each).name.split(".")[0] for each in sources] == [compiled_name(each) for each in sources]
    assert [Path(str(each.__file__)).name for each in FOUND] == [each.name for each in sources]


def test_the_build_says_what_runs_in_machine_code() -> None:
    assert "by Python alone" in spoken(None, None)
    assert "in part" in spoken(cbor_codec, None)
    assert "machine code" in spoken(usual_code, cbor_codec)
