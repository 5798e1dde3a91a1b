"""How long an answer from outside is waited for: of a time-stamping authority, of a witness."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long to wait, in seconds: for the connection, for each piece of the answer, for all of it."""

    connect_seconds: float = 3.0
    read_seconds: float = 5.0
    overall_seconds: float = 10.0
