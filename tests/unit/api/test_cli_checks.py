"""How `verify` names what it checked."""

from datetime import UTC, datetime

import pytest

from api.cli.checks import show
from api.cli.screen import Screen
from verify.evidence import Evidence
from verify.examine import examine_text


@pytest.mark.parametrize(
    "name", ["a\n✔ Valid  食品　1.pdf", "a\x1b[2K\r✔ Valid.pdf", "fdp.\u202eavon.pdf", "\udcff.pdf"]
)
def test_a_files_name_puts_no_verdict_into_a_line_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = examine_text("x", Evidence(trust=None), at=datetime(2026, 11, 24, tzinfo=UTC))

    show(Screen(language="en"), report, name, is_brief=True)

    head, *others = capsys.readouterr().out.splitlines()
    assert head.startswith("? Code not recognised")
    assert "\ufffd" in head
    assert "食品　1" in head or "食品" not in name, "what is seen stays as it is"
    assert not any("Valid" in each for each in others)
