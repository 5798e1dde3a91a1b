"""A deployment whose codes are signed with SM2: founded, issued, checked here and offline."""

from pathlib import Path

from tests.flows.test_command_line import Terminal


def test_codes_of_a_deployment_may_be_signed_with_sm2(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.calls("init", "--test", "--codes", "sm2")

    terminal.issues("-o", "licence.pdf")
    terminal.calls("keys", "root", "-o", "root.pem")
    terminal.calls("status", "publish")

    algorithms = {each["purpose"]: each["algorithm"] for each in terminal.reads("keys", "list")}
    assert (algorithms["code"], algorithms["document"], algorithms["seal_maker"]) == ("SM2", "ES256", "SM2")
    assert terminal.verdict("licence.pdf", expect=0) == "valid"
    published = tmp_path / "yinzheng-data/published"
    offline = ("--root", "root.pem", "--trust", str(published))
    assert terminal.verdict("licence.pdf", *offline, expect=0) == "valid"
    assert {each.name for each in published.glob("*.crl")} == {"authority.crl", "national.crl"}
