"""Errors: stable codes, no values that people entered."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from verify.errors import FieldProblem, InvalidFieldsError, MalformedError, YinzhengError


def test_an_error_without_a_detail_speaks_by_its_code() -> None:
    assert str(MalformedError()) == "malformed"
    assert str(MalformedError("too long")) == "too long"


def test_parameters_are_copied() -> None:
    params = {"limit": "5"}
    error = YinzhengError(params=params)

    params["limit"] = "6"

    assert error.params == {"limit": "5"}


def test_wrong_fields_are_named_with_their_codes_only() -> None:
    problems = (
        FieldProblem(field="holder_code", code="uscc.malformed"),
        FieldProblem(field="valid_from", code="date.missing"),
    )

    error = InvalidFieldsError(problems)

    assert str(error) == "holder_code: uscc.malformed, valid_from: date.missing"
    assert error.problems == problems


def leaves(root: type[YinzhengError]) -> set[type[YinzhengError]]:
    return {root}.union(*(leaves(each) for each in root.__subclasses__()))


def test_each_error_of_this_package_has_a_code_of_its_own() -> None:
    of_verify = [each for each in leaves(YinzhengError) if each.__module__.startswith("verify.")]
    codes = [each.code for each in of_verify]

    assert all(re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z_]+)?", code) for code in codes)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("name", ["LOG_PROOF", "MANDATE"])
def test_our_object_identifiers_stand_under_the_arc_of_uuids(name: str) -> None:
    from verify import oids

    assert re.fullmatch(r"2\.25\.[1-9][0-9]{1,38}", getattr(oids, name))
    assert int(getattr(oids, name).removeprefix("2.25.")) < 2**128


def test_the_formats_need_neither_network_nor_database(repository: Path) -> None:
    program = (
        "import sys, verify.trust, verify.status, verify.log_proof, verify.qr_token; sys.exit('socket' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], cwd=repository, check=False).returncode == 0
