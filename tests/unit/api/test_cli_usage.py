"""Wrong use of the command line is told in the person's language, with the word that was wrong and exit code 2."""

import re

import pytest

from api.cli.contents import HELP
from api.cli.helps import halves
from api.cli.program import run
from api.cli.start import load

CHINESE = re.compile(r"[\u3400-\u9fff]")

WRONG = [
    (("nope",), "没有这个命令：nope", "No such command 'nope'."),
    (("verfy",), "没有这个命令：verfy（是不是 verify？）", "No such command 'verfy'. Did you mean 'verify'?"),
    (("serve", "--bogus"), "没有这个选项：--bogus", "No such option: --bogus"),
    (
        ("serve", "--pubic"),
        "没有这个选项：--pubic（是不是 --public？）",
        "No such option: --pubic (Possible options: --public)",
    ),
    (("serve", "--port"), "选项 --port 后面须有值", "Option '--port' requires an argument."),
    (("worker", "--until-idle=yes"), "选项 --until-idle 不带值", "Option '--until-idle' does not take a value."),
    (
        ("serve", "--port", "x"),
        "--port 的值不对，应为整数",
        "Invalid value for '--port': Input should be a valid integer",
    ),
    (("serve", "--port", "-3"), "--port 的值不对，至少为 ", "Invalid value for '--port': Input should be greater than"),
    (("keys", "rotate", "K", "--algorithm", "x"), "--algorithm 的值不对，只能是 ES256、", "'x' is not one of 'ES256'"),
    (("doctor", "extra"), "多出的内容：extra", "Got unexpected extra argument(s) (extra)"),
    (("verify",), "缺少 FILE|", "Missing argument 'FILE|"),
    (
        ("verify", "x", "--trust", "t"),
        "--trust 的值不对：--trust … --root …",
        "Invalid value for --trust: --trust … --root …",
    ),
]


@pytest.mark.parametrize(("line", "chinese", "english"), WRONG)
def test_wrong_use_is_told_in_both_languages(
    line: tuple[str, ...], chinese: str, english: str, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [run(["--lang", language, *line], load(line)) for language in ("zh", "en")]
    out, told = capsys.readouterr()
    zh, _, en = told.partition("Usage: ") if "Usage: " in told else told.partition("\n")

    assert (codes, out) == ([2, 2], "")
    assert chinese in zh
    assert english in en
    assert not CHINESE.search(en)
    assert not re.search(r"Usage|Try|Error|Invalid|Missing", zh)


def test_the_locale_decides_where_no_language_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("YINZHENG_LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    told = []
    for locale in ("zh_CN.UTF-8", "en_GB.UTF-8"):
        monkeypatch.setenv("LANG", locale)
        run(["doctor", "extra"], load(["doctor"]))
        told.append(capsys.readouterr().err)

    assert "帮助：yinzheng doctor --help" in told[0]
    assert "Try 'yinzheng doctor --help' for help." in told[1]


def test_help_and_a_command_without_its_word_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    program = load(["log"])

    assert run(["log", "--help"], program) == 0
    assert run(["log"], program) == 2
    assert "签发日志" in capsys.readouterr().out


def test_the_help_of_the_program_lists_every_command_with_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    for language, half in (("zh", 0), ("en", 1)):
        assert run(["--lang", language, "--help"], load(["--help"])) == 0
        shown = " ".join(capsys.readouterr().out.split())
        for name, text in HELP.items():
            assert f"{name} {halves(text)[half].split()[0]}" in shown


def test_the_version_is_told_before_anything_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"], load(["--version"])) == 0
    assert re.fullmatch(r"yinzheng [0-9]+(\.[0-9]+)*\n", capsys.readouterr().out)
