"""How the office calls a witness; `api/witness_client.py` does it over HTTP."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a witness answered."""

    status: int
    content_type: str
    body: bytes


class WitnessClient(Protocol):
    """Speaks HTTP to a witness. Both raise a `WitnessError`: address, away, slow or too long."""

    def post(self, address: str, body: bytes) -> Reply:
        """Send a body and return the answer."""

    def get(self, address: str) -> Reply:
        """Ask and return the answer."""
