"""The demonstration as a newcomer runs it, with a few of its applications, and then what else the README names.

`make demo` runs it with all applications.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from cryptography import x509

from api.cli.demo import prepare
from signer.sheets import read_sheet
from tests.test_promises import ROOT, lines_of
from verify.note import open_checkpoint, parse_verifier_key
from verify.values import LicenceIdentifier
from verify.verdict import Verdict

PROGRAM = str(Path(sys.executable).parent / "yinzheng")
# The first wrong row of the sheet is among them, and licences of eight types.
ROWS = 14
# What an earlier demonstration left in its folder.
EARLIER = ("licences/earlier.pdf", "registry.db", "trust/document-root.pem")


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command there, as somebody whose environment has an office's settings."""
    office = {"YINZHENG_DATABASE_URL": "postgresql://office.example/never", "LANG": "en_GB.UTF-8"}
    return subprocess.run(
        words, cwd=folder, env=os.environ | office, capture_output=True, text=True, timeout=300, check=False
    )


def planned() -> str:
    """Return the command that `make demo SERVE=no` ends with."""
    words = ["make", "-n", "--no-print-directory", "demo", "SERVE=no"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder in which the demonstration was run again, as the README says, and what it said."""
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/yinzheng").symlink_to(PROGRAM)
    shutil.copytree(ROOT / "examples", folder / "examples")
    prepare(folder / "demo-town")
    for name in EARLIER:
        (folder / "demo-town" / name).parent.mkdir(exist_ok=True)
        (folder / "demo-town" / name).write_text("made earlier")
    return folder, run(folder, "bash", "-c", f"{planned()} --rows {ROWS}")


def test_it_issues_checks_and_audits_and_says_so_line_by_line(
    demonstration: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, done = demonstration

    assert done.returncode == 0, done.stderr
    verdicts = ("✔ Valid", "❚❚ Suspended", "✘ Revoked", "↻ Replaced", "✘ Contents altered", "? Issuer not on the")
    places = [done.stdout.index(each) for each in verdicts]
    assert places == sorted(places)
    assert f"{ROWS} applications, {ROWS - 1} licences issued" in done.stdout
    assert "[field.uscc]" in done.stdout
    assert "0 discrepancies" in done.stdout


def test_it_leaves_the_files_the_anchors_and_a_summary_of_every_licence(
    demonstration: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    town = demonstration[0] / "demo-town"
    summary = json.loads((town / "summary.json").read_text(encoding="utf-8"))
    licences = summary["licences"]

    assert len(licences) == ROWS  # one of the good ones was replaced by a newer version
    assert Counter(each["verdict"] for each in licences) == Counter(
        {"valid": ROWS - 3, "suspended": 1, "revoked": 1, "superseded": 1}
    )
    assert {"id", "number", "type", "state", "file", "verdict", "ofd_file", "ofd_verdict"} <= set(licences[0])
    assert sorted(path.name for path in (town / "licences").iterdir()) == sorted(
        f"{each['identifier']}.{form}" for each in licences for form in ("pdf", "ofd")
    )
    for each in licences:
        assert LicenceIdentifier(each["identifier"]).text == Path(each["file"]).stem == Path(each["ofd_file"]).stem
        assert (town / each["file"]).read_bytes().startswith(b"%PDF-1.7")
        assert (town / each["ofd_file"]).read_bytes().startswith(b"PK\x03\x04")
        assert each["ofd_verdict"] == each["verdict"]
    assert set(summary["samples"]) == {each.value for each in Verdict}
    assert summary["others"] == [
        {"file": "others/altered.pdf", "verdict": "tampered"},
        {"file": "others/foreign.pdf", "verdict": "unknown_issuer"},
    ]
    root = x509.load_pem_x509_certificate((town / "trust/document-root.pem").read_bytes())
    assert root.subject == root.issuer
    verifier = parse_verifier_key((town / "trust/log.vkey").read_text().strip())
    checkpoint = (town / "published/log/checkpoint").read_text()
    assert open_checkpoint(checkpoint, (verifier,)).size > 3 * ROWS
    assert read_sheet((town / "bad-rows.csv").read_bytes()).headings[-2:] == ("问题", "Problems")


def test_later_commands_find_the_town_and_offline_checks_work_from_its_files(
    demonstration: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = demonstration
    one = json.loads((folder / "demo-town/summary.json").read_text())["licences"]
    good = next(each["file"] for each in one if each["verdict"] == "valid")
    offline = ("--trust", "demo-town/published", "--root", "demo-town/trust/trust-root.pem")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YINZHENG_")}

    everything = subprocess.run(
        [PROGRAM, "verify", "demo-town/licences", "--json"], cwd=folder, env=kept, capture_output=True, check=False
    )
    one_licence = (f"demo-town/{good}", f"demo-town/{good.removesuffix('.pdf')}.ofd")
    both = run(folder, PROGRAM, "verify", *one_licence, *offline, "--json")

    assert everything.returncode == 3
    assert len(everything.stdout.splitlines()) == 2 * ROWS
    assert both.returncode == 0, both.stdout
    assert json.loads(both.stdout.splitlines()[-1])["same_licence"] is True


def test_a_second_run_makes_the_town_anew_and_never_removes_a_folder_that_is_none(
    demonstration: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    town = demonstration[0] / "demo-town"
    (tmp_path / "demo-town").mkdir()
    (tmp_path / "demo-town/thesis.txt").write_text("years of work")

    refused = run(tmp_path, PROGRAM, "demo", "--no-serve", "--rows", "4")

    assert refused.returncode == 2
    assert "[cli.not_demo_town]" in refused.stderr
    assert (tmp_path / "demo-town/thesis.txt").read_text() == "years of work"
    assert demonstration[1].returncode == 0
    assert [name for name in EARLIER if (town / name).exists() and (town / name).read_bytes() == b"made earlier"] == []
    assert not (town / EARLIER[0]).exists()


def test_the_commands_of_the_readme_run(demonstration: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    lines = [each for each in lines_of("README.md") if not each.startswith("make ")]

    ran = [
        (each, subprocess.run(["bash", "-c", each], cwd=demonstration[0], capture_output=True, text=True, check=False))
        for each in lines
    ]

    # Some licences of the town are suspended, revoked or replaced, so checking all of them ends with 3.
    assert [(each, done.returncode) for each, done in ran] == [
        (each, 3 if "verify demo-town/licences" in each else 0) for each in lines
    ], [done.stderr for _, done in ran]
    assert len(lines) >= 4
