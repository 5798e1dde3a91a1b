"""Loaded once by the server that forks the driver's processes: imports and fonts take seconds, a fork takes none.

The server opens no database and no key before it forks, so each process begins as a new one would.
"""

from tests.faults import driver, log_driver
from tests.town import press

__all__ = ["driver", "log_driver"]

press()
