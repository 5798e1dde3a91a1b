"""The program `yinzheng`: options for all commands, and how a run ends.

Promises:
  * Exit codes: 0 in force or done · 1 not genuine · 2 wrong use, or unreadable · 3 genuine, not in force · 4
    undecided · 5 log missing or inconsistent · 70 a fault of ours. Many inputs: the first in 70, 5, 1, 3, 4, 2, 0.
  * `--json`, `--lang`, `--data` and `-q` may stand anywhere in the line.
  * A refusal is a sentence in the person's language with its stable code; a fault names its place and no value.
  * Settings and office are loaded by who asks for them: a check without a deployment needs neither database nor keys.
"""

import os
import shlex
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer._click.exceptions import ClickException

from api.cli.contents import HELP
from api.cli.errors import LogRewrittenError
from api.cli.helps import put_help_in
from api.cli.screen import Screen
from api.cli.usage import tell_wrong_use
from api.environment import DEFAULT_DATA, Language, environment_language, is_data_chosen, wants_no_colour
from api.errors import ListenError
from api.texts import sentence
from registry.errors import DatabaseAwayError, DatabaseBusyError, DiskFullError
from signer.errors import LogClockError, LogClosedError, LogForkError, LogMissingError
from verify.errors import InvalidFieldsError, YinzhengError

if TYPE_CHECKING:
    from api.settings import Settings
    from api.wiring import Office


class ExitCode(IntEnum):
    """How a run ends (ux.md section 11)."""

    DONE = 0
    NOT_GENUINE = 1
    USAGE = 2
    NOT_IN_FORCE = 3
    UNDECIDED = 4
    LOG = 5
    FAULT = 70
    INTERRUPTED = 130


NAME: Final = "yinzheng"
SEVERITY: Final = (70, 5, 1, 3, 4, 2, 0)
DEMO_TOWN: Final = "demo-town"
_FLAGS: Final = frozenset({"--json", "-q", "--quiet"})
_OPTIONS: Final = frozenset({"--lang", "--data"})
# These make a folder of their own; an earlier demonstration must not be taken for it.
_FOUNDING: Final = frozenset({"init", "demo"})
# Fields that all types share, by the words for them.
_FACTS: Final = {
    "holder_name": "fact.holder",
    "number": "fact.number",
    "valid_from": "fact.valid_from",
    "valid_until": "fact.valid_until",
    "papers_due": "fact.papers_due",
}
_FAULTS: Final = (DatabaseAwayError, DatabaseBusyError, DiskFullError, ListenError)
_LOG_ERRORS: Final = (LogForkError, LogMissingError, LogClockError, LogClosedError, LogRewrittenError)


@dataclass(slots=True, kw_only=True)
class Session:
    """One run: the screen, the settings, and the office when a command asks for it."""

    screen: Screen
    data: Path | None
    built: "Office | None" = None
    _settings: "Settings | None" = field(default=None, init=False)
    _public: "Office | None" = field(default=None, init=False)

    @property
    def settings(self) -> "Settings":
        """The settings, read at first use."""
        from api.settings import read_settings

        if self.built is not None:
            return self.built.settings
        if self._settings is None:
            given = {} if self.data is None else {"data": self.data}
            self._settings = read_settings(**given)
        return self._settings

    @property
    def office(self) -> "Office":
        """The office of these settings, built at first use; keys are opened when something is signed."""
        if self.built is None:
            from api.wiring import build

            self.built = build(self.settings)
        return self.built

    @property
    def public_office(self) -> "Office":
        """The office without keys, for what only asks."""
        if self._public is None:
            from api.wiring import build_public

            self._public = build_public(self.settings)
        return self._public

    @property
    def data_words(self) -> str:
        """The option that names this folder again in a command line, or nothing when none was given."""
        return "" if self.data is None else f" --data {shlex.quote(str(self.data))}"

    def close(self) -> None:
        """Close what was built."""
        for office in (self.built, self._public):
            if office is not None:
                office.close()


def _program() -> typer.Typer:
    return typer.Typer(
        name=NAME,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="印证：签发、保管、核验电子证照。 Issue, keep and check signed electronic licences.",
    )


app = _program()
_groups: Final[dict[str, typer.Typer]] = {}


def group(name: str) -> typer.Typer:
    """Return the group of commands of this name, for the modules that add its commands."""
    if name not in _groups:
        _groups[name] = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=HELP[name])
        app.add_typer(_groups[name], name=name)
    return _groups[name]


def table_of_contents() -> typer.Typer:
    """Return the program with the names and help of its commands alone, for help and for a command that is none."""
    contents = _program()
    contents.callback()(options)
    for name, text in HELP.items():
        contents.command(name, help=text)(_not_loaded)
    return contents


def _not_loaded() -> None:
    """Stand for a command in the table of contents."""


def _show_version(is_asked: bool) -> None:  # noqa: FBT001 - the library calls it with the option's value
    if is_asked:
        from importlib.metadata import version  # reads a file of the installation

        sys.stdout.write(f"{NAME} {version(NAME)}\n")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="结果为 JSON，每行一个。 Results as JSON, one a line.")
    ] = False,
    lang: Annotated[str, typer.Option(help="语言 zh 或 en。 Language, zh or en.")] = "",
    data: Annotated[Path | None, typer.Option(help="数据文件夹。 Data folder (YINZHENG_DATA).")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="不显示进度。 No progress.")] = False,
    version: Annotated[  # noqa: ARG001 - told before anything else is looked at
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="版本。 Version.")
    ] = False,
) -> None:
    """Take the options that all commands share."""
    if lang not in {"", "zh", "en"}:
        raise typer.BadParameter("zh | en", param_hint="--lang")
    screen = Screen(language=_language(lang), as_json=as_json, is_quiet=quiet, no_colour=wants_no_colour())
    founds = context.invoked_subcommand in _FOUNDING
    session = Session(screen=screen, data=data if founds else _data_folder(data, screen))
    context.obj = session
    context.call_on_close(session.close)


def session_of(context: typer.Context) -> Session:
    """Return the run that a command belongs to."""
    session = context.find_root().obj
    if not isinstance(session, Session):
        raise TypeError("the program was not started by its callback")
    return session


def worst(codes: Iterable[int]) -> int:
    """Return the code that counts among several inputs."""
    return min(codes, key=SEVERITY.index, default=0)


def run(arguments: Sequence[str], program: typer.Typer = app) -> int:
    """Run one command of the program that was loaded for it, and return the exit code."""
    hoisted = hoist(arguments)
    screen = Screen(language=_language(_asked_language(hoisted)), no_colour=wants_no_colour())
    try:
        return _ended(program, hoisted, screen)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.USAGE
    except YinzhengError as error:
        screen.complain(explain(error, screen.language))
        return exit_code_of(error)
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place before the person
        screen.complain(_fault(error, screen))
        return ExitCode.FAULT


def _ended(program: typer.Typer, hoisted: Sequence[str], screen: Screen) -> int:
    """Run one command; what the library itself refuses is told in the person's language."""
    try:
        command = typer.main.get_command(program)
        put_help_in(screen.language, command)
        ended = command.main(args=list(hoisted), prog_name=NAME, standalone_mode=False)
    except ClickException as error:
        screen.complain(tell_wrong_use(error, screen.language))
        return error.exit_code
    except BrokenPipeError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - what is left unwritten is nobody's loss
        return ExitCode.USAGE
    return ended if isinstance(ended, int) else ExitCode.DONE


def hoist(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the line with the shared options first; what stands after ``--`` is left alone."""
    shared, rest = _parted(arguments)
    return (*shared, *rest)


def words_of(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the words of the line that are no shared options: the command first, where there is one."""
    return tuple(_parted(arguments)[1])


def _parted(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the shared options with their values, and the rest of the line."""
    shared: list[str] = []
    rest: list[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word == "--":
            rest += [word, *left]
            break
        name, has_value, _ = word.partition("=")
        if word in _FLAGS or (name in _OPTIONS and has_value):
            shared.append(word)
        elif word in _OPTIONS:
            shared += [word, *left[:1]]
            del left[:1]
        else:
            rest.append(word)
    return shared, rest


def explain(error: YinzhengError, language: Language) -> str:
    """Return the sentence of an error, one line for each field that is wrong, with the stable codes."""
    lines = [f"{sentence(error.code, language, error.params)} [{error.code}]"]
    if isinstance(error, InvalidFieldsError):
        lines += [
            f"  {_field(each.field, language)}{sentence(each.code, language, each.params)} [{each.code}]"
            for each in error.problems
        ]
    return "\n".join(lines)


def _field(name: str, language: Language) -> str:
    """Return a field's name as people say it, with the one that stands in JSON behind it."""
    word = sentence(_FACTS[name], language) if name in _FACTS else ""
    if language == "zh":
        return f"{word}（{name}）：" if word else f"{name}："
    return f"{word} ({name}): " if word else f"{name}: "


def exit_code_of(error: YinzhengError) -> int:
    """Return how a run ends that this error stopped."""
    if isinstance(error, _LOG_ERRORS):
        return ExitCode.LOG
    return ExitCode.FAULT if isinstance(error, _FAULTS) else ExitCode.USAGE


def _fault(error: Exception, screen: Screen) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    name = type(error).__name__
    return screen.say(
        f"程序内部错误：{name}（{place}）。请报告。", f"Internal fault: {name} ({place}). Please report it."
    )


def _language(asked: str) -> Language:
    if asked in {"zh", "en"}:
        return "zh" if asked == "zh" else "en"
    return environment_language() or "zh"


def _asked_language(arguments: Sequence[str]) -> str:
    for index, word in enumerate(arguments):
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
        if word == "--lang":
            return arguments[index + 1] if index + 1 < len(arguments) else ""
    return ""


def _data_folder(given: Path | None, screen: Screen) -> Path | None:
    """Return the folder given, or the demonstration's when it is the only one here and none was chosen."""
    if given is not None or is_data_chosen() or Path(DEFAULT_DATA).exists():
        return given
    demo = Path(DEMO_TOWN)
    if not (demo / "settings.toml").is_file():
        return None
    screen.note(
        f"使用演示数据 {DEMO_TOWN}/（--data 可另选）", f"using the demonstration in {DEMO_TOWN}/ (--data for another)"
    )
    return demo
