"""Seals from the command line: a new office gets its people and its seal, uses it, suspends it, and ends it."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from api.clock import clock
from tests.flows.test_command_line import FOOD_OFFICE, ISSUED, Terminal
from tests.official_office import FOOT, plain_ofd

GROUNDS = ("--reason", "机构新设", "--legal-basis", "国办发〔2025〕33号")
UNTIL = (clock() + timedelta(days=400)).date().isoformat()


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a deployment that was just founded."""
    folder = tmp_path_factory.mktemp("founded")
    Terminal(folder).calls("init", "--test")
    return folder


@pytest.fixture
def terminal(founded: Path, tmp_path: Path) -> Terminal:
    """A terminal in a copy of the founded deployment."""
    folder = tmp_path / "office"
    shutil.copytree(founded, folder)
    return Terminal(folder)


def new_office(terminal: Terminal) -> str:
    """Return a department that decides nothing in the catalogue, so that `init` gave it neither people nor a seal."""
    with closing(sqlite3.connect(next(terminal.folder.glob("*/registry.db")))) as connection:
        query = "SELECT uscc FROM department WHERE uscc NOT IN (SELECT owner FROM seal) ORDER BY uscc LIMIT 1"
        (uscc,) = connection.execute(query).fetchone()
        return str(uscc)


def seal_of(terminal: Terminal, office: str) -> str:
    (found,) = terminal.reads("seal", "list", "--department", office)
    return str(found["seal_code"])


def test_a_new_office_gets_people_a_seal_and_a_sealed_document_by_commands_alone(terminal: Terminal) -> None:
    office = new_office(terminal)
    for person, role in (
        ("keeper", "seal_custodian"),
        ("leader", "seal_approver"),
        ("clerk", "issuing_officer"),
    ):
        terminal.calls("staff", "add", person, "--department", office, "--name", "示例", "--role", role)
    mixed = terminal.calls(
        "staff", "add", "both", "--department", office, "--name", "示例",
        "--role", "seal_custodian", "--role", "auditor", expect=2,
    )  # fmt: skip
    (applied,) = terminal.reads("seal", "apply", "--department", office, "--until", UNTIL, *GROUNDS)
    code = applied["seal_code"]
    terminal.calls("seal", "picture", code, "-o", "seal.png")
    early = terminal.calls("seal", "make", code, *GROUNDS, expect=2)
    for act in ("approve", "make", "file"):
        terminal.calls("seal", act, code, *GROUNDS)
    (granted,) = terminal.reads(
        "seal",
        "grant",
        code,
        "--office",
        office,
        "--until",
        UNTIL,
        "--documents-basis",
        "公文处理条例",
        "--uses",
        "1",
        *GROUNDS,
    )
    (terminal.folder / "decision.ofd").write_bytes(plain_ofd(1))
    sealing = ("seal", "document", "decision.ofd", "--department", office, "--title", "决定书", "--anchor", FOOT)
    (sealed,) = terminal.reads(*sealing, "-o", "sealed.ofd")
    used_up = terminal.calls(*sealing, expect=2)
    (use,) = terminal.reads("seal", "uses", "--file", "sealed.ofd")

    (standing,) = terminal.reads("seal", "status", code)

    assert "[seal.roles_mixed]" in mixed.stderr
    assert "[seal.not_allowed]" in early.stderr
    assert "[seal_grant.used_up]" in used_up.stderr
    assert (terminal.folder / "seal.png").read_bytes().startswith(b"\x89PNG")
    assert (use["seal_code"], use["grant_id"], use["person"]) == (code, granted["grant_id"], "clerk")
    assert use["document_id"] == sealed["document_id"]
    assert (standing["standing"], standing["owner"]) == ("in_use", office)
    assert [each["grant_id"] for each in standing["grants"]] == [granted["grant_id"]]
    assert terminal.verdict("sealed.ofd", expect=0) == "valid"
    assert terminal.calls("log", "audit").returncode == 0


def test_a_seal_is_suspended_reinstated_renewed_and_ended_and_each_moment_has_its_answer(terminal: Terminal) -> None:
    code = seal_of(terminal, FOOD_OFFICE)
    began = clock().isoformat()
    terminal.calls("seal", "suspend", code, *GROUNDS)
    suspended = clock().isoformat()
    refused = terminal.calls("seal", "renew", code, "--until", UNTIL, *GROUNDS, expect=2)
    doctor = terminal.calls("doctor", "--lang", "en")
    terminal.calls("seal", "reinstate", code, "--as", f"approver-{FOOD_OFFICE}", *GROUNDS)
    near = (clock() + timedelta(days=30)).date().isoformat()
    terminal.calls("seal", "renew", code, "--until", near, "--use", "行政审批专用章", *GROUNDS)
    for act in ("approve", "make", "file"):
        terminal.calls("seal", act, code, *GROUNDS)
    ending = terminal.calls("doctor", expect=2)
    withdrawn = terminal.reads("seal", "withdraw", f"{code}-0001", *GROUNDS)
    unconfirmed = terminal.calls("seal", "destroy", code, "--confirm", "1", *GROUNDS, expect=2)
    (ended,) = terminal.reads("seal", "destroy", code, "--confirm", code, *GROUNDS)

    answers = [
        terminal.reads("seal", "status", code, "--at", each, expect=expect)
        for each, expect in ((began, 0), (suspended, 3))
    ]
    (now,) = terminal.reads("seal", "status", code, expect=3)

    assert "[seal.not_allowed]" in refused.stderr
    assert f"suspended: {code}" in doctor.stdout
    assert f"60 日内到期：{code}" in ending.stdout
    assert withdrawn[0]["state"] == "withdrawn"
    assert "--confirm" in unconfirmed.stderr
    assert (ended["state"], [each["state"] for each in ended["objects"]]) == ("destroyed", ["replaced", "filed"])
    assert [each["standing"] for (each,) in answers] == ["in_use", "suspended"]
    assert (now["standing"], now["grants"]) == ("destroyed", [])
    assert terminal.calls("seal", "approve", code, *GROUNDS, expect=2).stderr.count("[seal.not_allowed]") == 1
    assert "销毁" in terminal.calls("seal", "show", code).stdout
    assert "destroyed" in terminal.calls("seal", "list", "--lang", "en").stdout
    refusal = terminal.calls("issue", "-", "--approved-by", f"reviewer-{FOOD_OFFICE}", stdin=_application(), expect=2)
    assert "[seal.destroyed]" in refusal.stderr or "[seal_grant.withdrawn]" in refusal.stderr


def test_who_is_not_the_right_person_or_names_no_seal_is_told_so(terminal: Terminal) -> None:
    code = seal_of(terminal, FOOD_OFFICE)
    wrong = terminal.calls("seal", "approve", code, "--as", f"custodian-{FOOD_OFFICE}", *GROUNDS, expect=2)
    unknown = terminal.calls("seal", "show", "00000000000000", expect=2)
    unsaid = terminal.calls("seal", "suspend", code, expect=2)
    time = terminal.calls("seal", "status", code, "--at", "yesterday", expect=2)
    ahead = terminal.calls("seal", "status", code, "--at", "2999-01-01", expect=2)
    nothing = terminal.calls("seal", "uses", expect=2)

    assert "[cli.person_unknown]" in wrong.stderr
    assert "[seal.unknown]" in unknown.stderr
    assert "--reason" in unsaid.stderr
    assert "--at" in time.stderr
    assert "[request.future]" in ahead.stderr
    assert "--licence" in nothing.stderr


def _application() -> bytes:
    return json.dumps(ISSUED).encode()
