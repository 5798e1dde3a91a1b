"""Pages that are made from the program itself: commands, settings and error codes.

    python -m tests.reference      # writes docs/commands.md, docs/settings.md, docs/error-codes.md

`test_promises.py` demands that they are what the program says.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import typer

from api.cli.helps import halves
from api.cli.program import ExitCode
from api.cli.start import load_all
from api.environment import PREFIX
from api.problem_codes import STATUS
from api.settings import Settings
from api.texts import catalogue, sentence
from verify.errors import YinzhengError

DOCS: Final = Path(__file__).parent.parent / "docs"
PACKAGES: Final = ("verify", "keys", "registry", "signer", "api")
MADE: Final = "*Made by `python -m tests.reference`; do not edit.*"


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, by its whole name."""
    yield from _below(typer.main.get_command(load_all()), "yinzheng")


def _below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word in sorted(inner):
        yield from _below(inner[word], f"{name} {word}")


def error_codes() -> Mapping[str, type[YinzhengError]]:
    """Return every code that an error of ours may bear, with the class that stands for it."""
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        for each in pkgutil.walk_packages(path, f"{package}."):
            if "migrations" not in each.name:
                importlib.import_module(each.name)
    found: dict[str, type[YinzhengError]] = {}
    left = [YinzhengError]
    while left:
        family = left.pop()
        left += family.__subclasses__()
        if family.__module__.split(".")[0] in PACKAGES:
            found.setdefault(family.code, family)
    return dict(sorted(found.items()))


def commands_page() -> str:
    """Return the page of all commands."""
    lines = ["# Commands", "", MADE, ""]
    lines += [
        "`--json` (one object a line), `--lang zh|en`, `--data FOLDER` and `-q` may stand anywhere in the line. Results go to stdout,",
        "all else to stderr; nothing is ever asked. A value that is given as `-` is read from standard input.",
        "",
        "| exit code | meaning |",
        "| --- | --- |",
        "| 0 | in force, or done |",
        "| 1 | not genuine |",
        "| 2 | wrong use, refused, or unreadable |",
        "| 3 | genuine, but not in force |",
        "| 4 | could not be decided |",
        "| 5 | the signing log is missing or inconsistent |",
        f"| {ExitCode.FAULT.value} | a fault of ours, or of the machine |",
        "",
        "Of many inputs the first in the order 70, 5, 1, 3, 4, 2, 0 counts.",
    ]
    for name, command in commands():
        zh, en = halves(command.help)
        lines += ["", f"## `{name}`", "", f"{zh} {en}", ""]
        lines += [_parameter(each) for each in command.params]
        if not command.params:
            lines.pop()
    return "\n".join(lines) + "\n"


def _parameter(parameter: Any) -> str:
    zh, en = halves(parameter.help)
    is_option = parameter.param_type_name == "option"
    names = ", ".join([*parameter.opts, *parameter.secondary_opts]) if is_option else parameter.metavar
    return f"- `{names}` {zh} {en}"


def settings_page() -> str:
    """Return the page of all settings."""
    lines = ["# Settings", "", MADE, ""]
    lines += [
        "Each is a variable of the environment; what `yinzheng init` was told stands in `settings.toml` of the data folder, below the",
        "environment. An unknown variable with the prefix stops the start.",
        "",
        "| variable | default | meaning |",
        "| --- | --- | --- |",
    ]
    for name, each in Settings.model_fields.items():
        default = "" if each.default is None else f"`{each.default}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {default} | {each.description} |".replace("|  |", "| |"))
    return "\n".join(lines) + "\n"


def error_codes_page() -> str:
    """Return the page of all error codes."""
    lines = ["# Error codes", "", MADE, ""]
    lines += [
        "A code is stable: programs may decide by it. The sentence is for people; parts in square brackets are left out when a value in",
        "them is not known. Over HTTP an error is `application/problem+json` with this `code`; the command line shows it in brackets.",
        "",
        "| code | HTTP | 中文 | English |",
        "| --- | --- | --- | --- |",
    ]
    for code in error_codes():
        zh, en = (_pattern(code, language) for language in ("zh", "en"))
        lines.append(f"| `{code}` | {STATUS.get(code, '–')} | {zh} | {en} |")
    return "\n".join(lines) + "\n"


def _pattern(code: str, language: Any) -> str:
    return re.sub(r"\s+", " ", catalogue(language).get(code, sentence("internal", language))).replace("|", "\\|")


PAGES: Final = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "error-codes.md": error_codes_page,
}


if __name__ == "__main__":
    for file_name, page in PAGES.items():
        (DOCS / file_name).write_text(page(), encoding="utf-8")
