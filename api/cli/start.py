"""Put the program together: importing a module of commands adds its commands.

Promises: a command that is called loads its own modules and no other, for a counter checks a licence with each call;
help, and a command that nobody knows, load none: they need the table of contents alone. What only some calls of a
command need is imported by the function that needs it (README, "Loading").
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from itertools import chain
from typing import Final

import typer

from api.cli.program import app, run, table_of_contents, words_of

MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "init": ("founding",),
    "demo": ("demo",),
    "issue": ("licences",),
    "batch": ("batches",),
    "licence": ("licences", "acts", "holders"),
    "seal": ("seals", "seal_grants", "seal_documents"),
    "verify": ("checks",),
    "status": ("services",),
    "pack": ("packs",),
    "log": ("logs", "log_audits", "audit_files", "log_keeping", "witnesses"),
    "keys": ("key_room", "key_turns"),
    "client": ("office", "client_keys", "client_certificates"),
    "webhook": ("webhooks",),
    "staff": ("staff", "sign_in"),
    "template": ("office",),
    "fonts": ("office",),
    "serve": ("services",),
    "worker": ("services",),
    "witness": ("witness",),
    "recover": ("services",),
    "doctor": ("doctor",),
}
"""The modules of each command, in the order in which help lists the commands."""

ALONE: Final[Mapping[tuple[str, str], str]] = {
    ("licence", "show"): "licences",
    ("licence", "list"): "licences",
    ("licence", "document"): "licences",
    ("log", "audit"): "log_audits",
    ("log", "checkpoint"): "logs",
    ("log", "prove"): "logs",
}
"""Commands of a group that need much less than the rest of it, and have a module of their own."""


def load(arguments: Sequence[str]) -> typer.Typer:
    """Import what the command in this line needs, and return the program to run it with."""
    words = words_of(arguments)
    if not words or words[0] not in MODULES:
        return table_of_contents()
    alone = ALONE.get((words[0], words[1] if len(words) > 1 else ""))
    _import(MODULES[words[0]] if alone is None else (alone,))
    return app


def load_all() -> typer.Typer:
    """Import all commands, and return the program with all of them."""
    _import(dict.fromkeys(chain.from_iterable(MODULES.values())))
    return app


def _import(names: Iterable[str]) -> None:
    for name in names:
        import_module(f"api.cli.{name}")


def main() -> None:
    """Run the command of this process's arguments and end the process with its exit code."""
    arguments = sys.argv[1:]
    raise SystemExit(run(arguments, load(arguments)))
