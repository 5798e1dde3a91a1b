"""Keep pyHanko from writing log lines: they name signers and quote documents, and our logs hold no personal data."""

import logging
from typing import Final

_LOGGERS: Final = ("pyhanko", "pyhanko_certvalidator")


def quieten_pyhanko() -> None:
    """Let nothing through; what was wrong with a document stands in the findings."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
