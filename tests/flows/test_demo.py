"""The demonstration as a newcomer runs it, with a few of its applications; `make demo` runs it with all."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from cryptography import x509

from signer.sheets import read_sheet
from verify.note import open_checkpoint, parse_verifier_key
from verify.values import LicenceIdentifier
from verify.verdict import Verdict

PROGRAM = str(Path(sys.executable).parent / "yinzheng")
# The first wrong row of the sheet is among them, and licences of eight types.
ROWS = 14


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command there, as somebody whose environment has an office's settings."""
    office = {"YINZHENG_DATABASE_URL": "postgresql://office.example/never", "LANG": "en_GB.UTF-8"}
    return subprocess.run(
        [PROGRAM, *words],
        cwd=folder,
        env=os.environ | office,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder in which the demonstration was run, and what it said."""
    folder = tmp_path_factory.mktemp("newcomer")
    return folder, run(folder, "demo", "--no-serve", "--rows", str(ROWS))


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
    alone = run(folder, "verify", f"demo-town/{good}", *offline)
    both = run(folder, "verify", f"demo-town/{good}", f"demo-town/{good.removesuffix('.pdf')}.ofd", *offline, "--json")

    assert everything.returncode == 3
    assert len(everything.stdout.splitlines()) == 2 * ROWS
    assert both.returncode == 0, both.stdout
    assert json.loads(both.stdout.splitlines()[-1])["same_licence"] is True
    assert alone.returncode == 0, alone.stdout


def test_a_second_run_makes_the_town_anew_and_never_removes_a_folder_that_is_none(
    demonstration: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    first = (demonstration[0] / "demo-town/trust/document-root.pem").read_bytes()
    (tmp_path / "demo-town").mkdir()
    (tmp_path / "demo-town/thesis.txt").write_text("years of work")

    refused = run(tmp_path, "demo", "--no-serve", "--rows", "4")
    again = run(demonstration[0], "demo", "--no-serve", "--rows", "4")

    assert refused.returncode == 2
    assert "[cli.not_demo_town]" in refused.stderr
    assert (tmp_path / "demo-town/thesis.txt").read_text() == "years of work"
    assert again.returncode == 0, again.stderr
    assert (demonstration[0] / "demo-town/trust/document-root.pem").read_bytes() != first
    assert len(list((demonstration[0] / "demo-town/licences").iterdir())) == 2 * 5
