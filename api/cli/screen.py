"""What a command shows: results on stdout, everything else on stderr.

Promises:
  * Stdout carries the result and nothing else: text for people, or with `--json` one object a line.
  * Colour, frames and moving bars appear on a terminal only; NO_COLOR takes the colour, `-q` all but results.
  * Nothing is ever asked where there is no terminal to answer.
  * What draws on a terminal is loaded when there is one; elsewhere text is written as it is.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from api.environment import Language

if TYPE_CHECKING:
    from rich.console import Console

# Where nobody knows the total, a line each so many is enough to see that it goes on.
LINE_EVERY: Final = 1000


class Tick(Protocol):
    """Tells how far the work is: so many of all are done; a total of 0 is one that nobody knows yet."""

    def __call__(self, done: int, total: int) -> None:
        """Show it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Where a command writes, in which language and form."""

    language: Language = "zh"
    as_json: bool = False
    is_quiet: bool = False
    no_colour: bool = False

    def say(self, zh: str, en: str) -> str:
        """Return the sentence in the person's language."""
        return zh if self.language == "zh" else en

    def result(self, value: Mapping[str, object], text: str) -> None:
        """Show one result: the object with `--json`, else the text."""
        sys.stdout.write((json.dumps(value, ensure_ascii=False) if self.as_json else text) + "\n")
        sys.stdout.flush()

    def note(self, zh: str, en: str) -> None:
        """Tell what is going on; silent with `-q`."""
        if not self.is_quiet:
            self._tell(self.say(zh, en))

    def complain(self, text: str) -> None:
        """Say what is wrong, also with `-q`."""
        self._tell(text, style="bold red")

    def _tell(self, text: str, style: str | None = None) -> None:
        """Write to stderr, in a style where it is a terminal."""
        if not sys.stderr.isatty():
            sys.stderr.write(text + "\n")
            sys.stderr.flush()
            return
        from rich.markup import escape

        self._console().print(escape(text), style=style, highlight=False, soft_wrap=True)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """Return a table: framed on a terminal, parted by tabs elsewhere."""
        if not sys.stdout.isatty():
            return "\n".join("\t".join(row) for row in (headings, *rows))
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        table = Table(*headings)
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        console = Console(no_color=self.no_colour)
        with console.capture() as captured:
            console.print(table)
        return captured.get().rstrip("\n")

    def paint(self, text: str, style: str) -> str:
        """Return the text in a style of rich, where stdout is a terminal that wants colour."""
        if not sys.stdout.isatty() or self.no_colour:
            return text
        from rich.console import Console
        from rich.markup import escape

        console = Console()
        with console.capture() as captured:
            console.print(f"[{style}]{escape(text)}[/]", end="", highlight=False, soft_wrap=True)
        return captured.get()

    @contextmanager
    def progress(self, zh: str, en: str) -> Iterator[Tick]:
        """Show a bar while work goes on; on no terminal, a line at each tenth part."""
        if self.is_quiet:
            yield lambda done, total: None  # noqa: ARG005 - the protocol names them
        elif sys.stderr.isatty():
            yield from self._bar(self.say(zh, en))
        else:
            yield self._lines(self.say(zh, en))

    def _bar(self, title: str) -> Iterator[Tick]:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console(), transient=False) as bar:
            task = bar.add_task(title, total=None)

            def tick(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total or None)

            yield tick

    def _lines(self, title: str) -> Tick:
        shown = -1

        def tick(done: int, total: int) -> None:
            nonlocal shown
            step = done * 10 // total if total else done // LINE_EVERY
            if step != shown and (total or step):
                shown = step
                text = f"{title} {done} / {total}" if total else f"{title} {done}"
                self.note(text, text)

        return tick

    def _console(self) -> "Console":
        from rich.console import Console

        return Console(stderr=True, no_color=self.no_colour)
