"""The program's frame: shared options anywhere, exit codes in their order, errors as sentences."""

import itertools

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from api.cli.contents import HELP
from api.cli.program import SEVERITY, exit_code_of, explain, hoist, words_of, worst
from api.cli.start import ALONE, MODULES, load_all
from api.errors import RequestTooLargeError
from registry.errors import DatabaseAwayError, DiskFullError
from signer.errors import LogClockError, LogForkError, LogMissingError, NotApprovedError
from verify.errors import FieldProblem, InvalidFieldsError, YinzhengError


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (("verify", "a.pdf", "--json"), ("--json", "verify", "a.pdf")),
        (("verify", "--lang", "en", "a.pdf"), ("--lang", "en", "verify", "a.pdf")),
        (("verify", "a.pdf", "--data=here", "-q"), ("--data=here", "-q", "verify", "a.pdf")),
        (("verify", "--", "--json"), ("verify", "--", "--json")),
        (("verify", "--lang"), ("--lang", "verify")),
        ((), ()),
    ],
)
def test_shared_options_may_stand_anywhere_before_two_dashes(line: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert hoist(line) == expected


@given(st.lists(st.sampled_from(["verify", "--json", "-q", "--lang", "en", "--data", "x", "--", "a.pdf"]), max_size=8))
def test_hoisting_keeps_every_word_and_changes_nothing_the_second_time(line: list[str]) -> None:
    once = hoist(line)

    assert sorted(once) == sorted(line)
    assert hoist(once) == once


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("--lang", "en", "log", "--json", "audit"), ("log", "audit")),
        (("--json", "verify"), ("verify",)),
        (("-q",), ()),
        (("--help",), ("--help",)),
    ],
)
def test_the_command_begins_with_the_first_word_that_is_no_shared_option(
    line: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert words_of(line) == words


def test_many_inputs_end_with_the_code_that_stands_first_in_the_order() -> None:
    order = (70, 5, 1, 3, 4, 2, 0)

    assert order == SEVERITY
    for more, less in itertools.combinations(order, 2):
        assert worst([less, more, less]) == worst([more, less]) == more
    assert worst([]) == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LogForkError(), 5),
        (LogMissingError(), 5),
        (LogClockError(), 5),
        (DatabaseAwayError(), 70),
        (DiskFullError(), 70),
        (NotApprovedError(), 2),
        (RequestTooLargeError(), 2),
    ],
)
def test_an_error_of_the_log_ends_with_5_one_of_the_machine_with_70_and_the_others_with_2(
    error: YinzhengError, code: int
) -> None:
    assert exit_code_of(error) == code


def test_an_explanation_names_each_wrong_field_in_the_persons_language_with_its_code() -> None:
    error = InvalidFieldsError(
        (
            FieldProblem(field="holder_code", code="field.uscc"),
            FieldProblem(field="KZ_XKFW", code="field.too_long", params={"max": "400"}),
        )
    )

    zh, en = explain(error, "zh").splitlines(), explain(error, "en").splitlines()

    assert len(zh) == len(en) == 3
    assert zh[1].startswith("  holder_code：")
    assert en[1].startswith("  holder_code: ")
    assert en[2].endswith("[field.too_long]")
    assert "400" in en[2]
    assert en[0].isascii()
    assert not zh[0].isascii()


def test_the_table_of_contents_names_every_command_with_its_modules() -> None:
    program = typer.main.get_command(load_all())

    assert list(HELP) == list(MODULES)
    assert set(HELP) == set(getattr(program, "commands", ()))
    for (name, word), module in ALONE.items():
        assert module in MODULES[name]
        assert word in program.commands[name].commands
