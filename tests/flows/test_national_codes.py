"""A deployment under national rules: codes signed with SM2, key files under SM4; founded, issued, checked, also offline."""

from pathlib import Path

from keys.key_files import decode_key_file
from tests.flows.test_command_line import Terminal
from verify.der import object_identifier


def test_a_deployment_signs_codes_with_sm2_and_locks_its_keys_with_sm4(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, {"YINZHENG_KEY_CIPHER": "sm4"})
    terminal.calls("init", "--test", "--codes", "sm2")

    terminal.issues("-o", "licence.pdf")
    terminal.calls("keys", "root", "-o", "root.pem")
    terminal.calls("status", "publish")

    algorithms = {each["purpose"]: each["algorithm"] for each in terminal.reads("keys", "list")}
    assert (algorithms["code"], algorithms["document"], algorithms["seal_maker"]) == ("SM2", "ES256", "SM2")
    assert terminal.verdict("licence.pdf", expect=0) == "valid"
    for file in (tmp_path / "yinzheng-data").rglob("*.key"):
        assert object_identifier("1.2.156.10197.1.104.2") in decode_key_file(file.read_bytes()).block
    published = tmp_path / "yinzheng-data/published"
    offline = ("--root", "root.pem", "--trust", str(published))
    assert terminal.verdict("licence.pdf", *offline, expect=0) == "valid"
    assert {each.name for each in published.glob("*.crl")} == {"authority.crl", "national.crl"}
