"""Put the program together: importing a module of commands adds its commands."""

import sys

from api.cli import (
    acts,  # noqa: F401 - adds licence suspend, revoke, …
    batches,  # noqa: F401 - adds batch
    checks,  # noqa: F401 - adds verify
    demo,  # noqa: F401 - adds demo
    doctor,  # noqa: F401 - adds doctor
    founding,  # noqa: F401 - adds init
    key_room,  # noqa: F401 - adds keys
    licences,  # noqa: F401 - adds issue and licence
    logs,  # noqa: F401 - adds log
    office,  # noqa: F401 - adds client, fonts, template
    services,  # noqa: F401 - adds serve, worker, status, recover
)
from api.cli.program import run


def main() -> None:
    """Run the command of this process's arguments and end the process with its exit code."""
    raise SystemExit(run(sys.argv[1:]))
