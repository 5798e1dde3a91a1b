"""Put the program together: importing a module of commands adds its commands.

Promises: a command that is called loads its own module and no other, for a counter checks a licence with each call;
help, and a command that nobody knows, load all.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import chain
from typing import Final

from api.cli.program import command_of, run

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
    "log": ("logs", "audit_files", "log_keeping", "witnesses"),
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


def load(arguments: Sequence[str]) -> None:
    """Import what the command in this line needs."""
    wanted = MODULES.get(command_of(arguments)) or tuple(chain.from_iterable(MODULES.values()))
    for name in dict.fromkeys(wanted):
        import_module(f"api.cli.{name}")


def main() -> None:
    """Run the command of this process's arguments and end the process with its exit code."""
    load(sys.argv[1:])
    raise SystemExit(run(sys.argv[1:]))
