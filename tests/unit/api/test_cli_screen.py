"""What a command shows: results on stdout, the rest on stderr, nothing moving where there is no terminal."""

import json

import pytest

from api.cli.screen import Screen


def test_a_result_is_text_for_people_and_one_object_a_line_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().result({"number": "〔2026〕1号"}, "✔ 〔2026〕1号")
    Screen(as_json=True).result({"number": "〔2026〕1号"}, "✔ 〔2026〕1号")

    text, line = capsys.readouterr().out.splitlines()
    assert text == "✔ 〔2026〕1号"
    assert json.loads(line) == {"number": "〔2026〕1号"}


def test_quiet_silences_notes_and_progress_but_no_complaint(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(is_quiet=True)

    screen.note("在做", "working")
    with screen.progress("签发", "Issuing") as tick:
        tick(1, 2)
    screen.complain("no such file")

    assert capsys.readouterr().err == "no such file\n"


def test_without_a_terminal_progress_is_a_line_at_each_tenth_part(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen(language="en").progress("签发", "Issuing") as tick:
        for done in range(201):
            tick(done, 200)

    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"Issuing {done} / 200" for done in range(0, 201, 20)]


def test_progress_towards_a_total_that_nobody_knows_says_nothing_of_short_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Screen(language="en").progress("预检", "Checking") as tick:
        for done in (1, 240, 1000, 1999, 2000):
            tick(done, 0)

    assert capsys.readouterr().err.splitlines() == ["Checking 1000", "Checking 2000"]


def test_a_table_without_a_terminal_is_parted_by_tabs_and_not_read_as_markup() -> None:
    table = Screen().table(("id", "name"), [("1", "[bold]x[/]")])

    assert table == "id\tname\n1\t[bold]x[/]"


def test_no_style_leaves_its_trace_where_there_is_no_terminal() -> None:
    assert Screen().paint("有效 [x]", "bold green") == "有效 [x]"
