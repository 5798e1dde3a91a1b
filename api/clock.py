"""The only clock and the only randomness; whoever puts parts together hands them on as arguments.

Promises: loads nothing, so that a check without a deployment needs not load one for the moment.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def clock() -> datetime:
    """Return the moment, in UTC: the only place that reads the machine's clock."""
    return datetime.now(UTC)  # noqa: TID251 - the one clock


def random(count: int) -> bytes:
    """Return so many random bytes that nobody can foretell."""
    return secrets.token_bytes(count)
