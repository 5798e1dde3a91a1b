"""States of a licence version, in the words of the law; the acts that lead to them stand in `registry/lifecycle.py`.

Promises: `expired` and `not_yet_valid` follow from dates and are no states; the ends are never folded into one.
"""

from enum import StrEnum


class LicenceState(StrEnum):
    """Stored states of a licence version."""

    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    RESCINDED = "rescinded"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
