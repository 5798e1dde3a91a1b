"""What a command loads: one process for each kind of command tells which packages and which modules of ours were there."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from api.cli.offline import encode_public_key
from api.clock import clock
from tests.code_room import CodeRoom, Signer
from tests.small_pdf import pdf_objects, write_small_pdf
from verify.trust import TrustList, assemble_trust_list, trust_list_to_be_signed

PROGRAM = """
import json, sys
from api.cli.program import run
from api.cli.start import load

code = run(sys.argv[1:], load(sys.argv[1:]))
sys.stderr.write("\\n" + json.dumps([code, *sys.modules]))
"""
# The library of the command line, what it looks at values with, and what the source of our CBOR names a number with.
LINE = {"typer", "annotated_doc", "shellingham", "mypy_extensions"}
VALUES = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
# What judges a licence.
JUDGING = {"cryptography", "_cffi_backend"}
# Errors stand on the edge of each package, so that the program knows how a run ends.
ERRORS = {"registry", "registry.errors", "signer", "signer.errors"}
OURS = ("api", "keys", "registry", "signer", "verify")


def loaded(folder: Path, *words: str) -> tuple[int, set[str]]:
    """Run a command in a process of its own; return its exit code and the names of all modules."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], cwd=folder, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    code, *names = json.loads(done.stderr.splitlines()[-1])
    return code, set(names)


def packages(names: set[str]) -> set[str]:
    """Return the packages of others, without the parts of Python and of compiled libraries."""
    tops = {each.partition(".")[0] for each in names} - set(sys.stdlib_module_names) - set(OURS)
    return {
        each
        for each in tops
        if not each.startswith(
            ("_cython", "_openssl", "_sysconfig", "_distutils", "__main__", "usual_code", "cbor_codec")
        )
    }


def of_deployments(names: set[str]) -> set[str]:
    """Return our modules that hold what a deployment has: registry, keys, acts."""
    return {each for each in names if each.partition(".")[0] in {"keys", "registry", "signer"}}


def test_help_loads_no_command(tmp_path: Path) -> None:
    code, names = loaded(tmp_path, "--help")

    assert code == 0
    assert packages(names) <= LINE
    assert of_deployments(names) == ERRORS
    assert {each for each in names if each.startswith("api.cli.")} == {
        f"api.cli.{each}" for each in ("contents", "errors", "helps", "program", "screen", "start", "usage")
    }


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    """A folder with a trust list, its root, and a file to check: what a counter without a deployment has."""
    now, root = clock().replace(microsecond=0), Signer(11)
    trust = TrustList(sequence=1, issued_at=now, expires_at=now + timedelta(days=9), issuers=CodeRoom().trust().issuers)
    signed = assemble_trust_list(trust, root.kid, root.sign(trust_list_to_be_signed(trust, root.kid)))
    (tmp_path / "list.cbor").write_bytes(signed)
    (tmp_path / "root.pem").write_bytes(encode_public_key(root.spki))
    (tmp_path / "file.pdf").write_bytes(bytes(write_small_pdf(pdf_objects()).content))
    return tmp_path


def test_a_check_without_a_deployment_loads_neither_database_nor_keys_nor_server(brought: Path) -> None:
    code, names = loaded(brought, "verify", "file.pdf", "--trust", "list.cbor", "--root", "root.pem")

    assert code in {1, 2}
    assert packages(names) <= LINE | VALUES | JUDGING
    assert of_deployments(names) == ERRORS
    assert not {"api.wiring", "api.settings", "api.checking", "verify.examine"} & names


def test_an_auditor_of_published_files_loads_neither_database_nor_keys_nor_server(brought: Path) -> None:
    _, names = loaded(brought, "log", "audit", "published", "--root", "root.pem")

    assert packages(names) <= LINE | VALUES | JUDGING
    assert of_deployments(names) == ERRORS


def test_who_looks_into_the_registry_loads_no_keys_no_press_and_no_server(tmp_path: Path) -> None:
    code, names = loaded(tmp_path, "log", "checkpoint", "--data", "nowhere")

    assert code == 2
    assert packages(names) <= LINE | VALUES | JUDGING | {"sqlalchemy", "greenlet", "cython_runtime"}
    assert not {"keys.softkeys", "signer.desk", "signer.log", "signer.page.press"} & names
    assert "sqlalchemy.dialects.postgresql" not in names
