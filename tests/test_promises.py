"""What the documents promise: they are complete, and they are what the program says.

`flows/test_demo.py` runs the commands of the README.
"""

import re
import subprocess
from pathlib import Path

import pytest

from api.cli.helps import halves
from api.environment import PREFIX
from api.settings import Settings
from api.texts import has_sentence
from tests.reference import DOCS, PAGES, commands, error_codes, settings_page

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
AUDITS = ("AUDIT.md", "AUDIT.zh-CN.md")
CHINESE = re.compile(r"[\u3400-\u9fff]")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"")


def lines_of(readme: str) -> list[str]:
    """Return the commands of a README, without their comments."""
    blocks = BLOCK.findall((ROOT / readme).read_text(encoding="utf-8"))
    return [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_made_from_the_program_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run: python -m tests.reference"


def test_every_command_and_option_explains_itself_in_chinese_and_english() -> None:
    found = dict(commands())

    assert len(found) > 60
    for name, command in found.items():
        for text in (command.help, *(getattr(each, "help", None) for each in command.params)):
            assert text, name
            zh, en = halves(text)
            assert zh != en, (name, text)
            assert CHINESE.search(zh), (name, text)
            assert not CHINESE.search(en), (name, text)
            assert en.endswith("."), (name, text)


def test_every_setting_is_described_and_stands_on_its_page() -> None:
    page = settings_page()

    for name, each in Settings.model_fields.items():
        assert each.description, name
        assert f"`{PREFIX}{name.upper()}`" in page


def test_every_error_has_a_code_of_its_own_family_and_a_sentence_in_both_languages() -> None:
    codes = error_codes()

    assert len(codes) > 100
    assert [code for code in codes if not has_sentence(code)] == []
    assert [code for code in codes if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z_]+)?", code)] == []


def test_both_readmes_show_the_same_commands_files_and_pictures() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in READMES)

    assert lines_of(READMES[0]) == lines_of(READMES[1])
    links = [{one or other for one, other in LINK.findall(text)} for text in (english, chinese)]
    assert (links[0] - links[1], links[1] - links[0]) == ({READMES[1], AUDITS[0]}, {READMES[0], AUDITS[1]})


def test_the_auditors_page_says_the_same_in_both_languages_and_names_options_that_there_are() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in AUDITS)
    command = dict(commands())["yinzheng log audit"]
    known = {option for each in command.params for option in each.opts}

    for pattern in (r"^```bash\n.*?^```", r"^#+ ", r"^[1-9]\. ", r"`[^`\n]+`"):
        found = [re.findall(pattern, text, re.MULTILINE | re.DOTALL) for text in (english, chinese)]
        assert sorted(found[0]) == sorted(found[1]), pattern
    assert set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", english)) - {"--as", "--out"} <= known
    assert (AUDITS[1] in english, AUDITS[0] in chinese) == (True, True)
    assert not CHINESE.search(english.replace("[中文]", ""))
    assert len(CHINESE.findall(chinese)) > 1000


@pytest.mark.parametrize("path", [*READMES, *AUDITS, "examples/README.md", "tests/README.md", "CHANGELOG.md"])
def test_every_link_of_a_document_leads_to_a_file(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    targets = [one or other for one, other in LINK.findall(text)]

    missing = [each for each in targets if "://" not in each and not ((ROOT / path).parent / each).exists()]

    assert missing == []


def test_the_first_screen_of_a_readme_is_a_sentence_a_picture_two_commands_and_five_files() -> None:
    for name in READMES:
        screen = (ROOT / name).read_text(encoding="utf-8").split("\n## ")[0]
        first_block = BLOCK.findall(screen)

        assert len(re.findall(r"^[1-5]\. \[`", screen, re.MULTILINE)) == 5
        assert [line.split()[:2] for line in first_block[0].splitlines()] == [["make", "demo"], ["make", "test"]]
        assert screen.count("<img ") == 1
        assert len(screen.splitlines()) < 30


@pytest.mark.parametrize("target", ["demo", "test", "lint", "bench"])
def test_the_makefile_has_what_the_documents_name(target: str) -> None:
    planned = subprocess.run(
        ["make", "-n", "--no-print-directory", target], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert planned.stdout


def test_each_acceptance_check_names_tests_that_there_are() -> None:
    table = (ROOT / "tests" / "README.md").read_text(encoding="utf-8").partition("## Acceptance checks")[2]
    named = set(re.findall(r"`(test_\w+)`", table))
    there = {
        each
        for path in (ROOT / "tests").rglob("test_*.py")
        for each in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }

    assert len(named) > 30
    assert named <= there
