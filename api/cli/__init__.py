"""The command line `yinzheng`."""

import gc
from typing import Final

# What loading makes stays, so that looking for garbage in it is a sixth of the time that a command takes to start.
OBJECTS_BETWEEN_COLLECTIONS: Final = 50_000


def main() -> None:
    """Start the program: the entry point `yinzheng`. What it needs is loaded when it is called, not at import."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    from api.cli.start import main as start

    start()
