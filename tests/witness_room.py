"""Witnesses of a test: keys made from their names, cosignatures, and the policy that names them."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from verify.cosignature import WitnessKey, cosignature_line, cosigned_message, witness_key
from verify.note import LogVerifier, split_note, verifier_key_text


@dataclass(frozen=True, slots=True)
class TestWitness:
    """A witness that cosigns whatever it is told to."""

    __test__ = False
    name: str

    @property
    def private(self) -> Ed25519PrivateKey:
        """Its private key, from its name."""
        return Ed25519PrivateKey.from_private_bytes(sha256(self.name.encode()).digest())

    @property
    def key(self) -> WitnessKey:
        """Its public key."""
        return witness_key(f"{self.name}.test.example/w", self.private.public_key().public_bytes_raw())

    def line(self, note: str, at: datetime) -> str:
        """Return its cosignature line under this note."""
        second = int(at.timestamp())
        return cosignature_line(self.key, second, self.private.sign(cosigned_message(second, split_note(note)[0])))


AUDIT, ARCHIVE, CITY = TestWitness("audit"), TestWitness("archive"), TestWitness("city")
WITNESSES = (AUDIT, ARCHIVE, CITY)


def witness_lines(addresses: dict[str, str] | None = None, quorum: str = "2") -> str:
    """Return the lines of an office's policy: three witnesses and how many of them must have seen a checkpoint."""
    known = addresses or {}
    lines = [f"witness {each.name} {each.key.text} {known.get(each.name, '')}".rstrip() for each in WITNESSES]
    return "\n".join([*lines, f"group heads {quorum} audit archive city", "quorum heads", ""])


def policy_text(*logs: LogVerifier, quorum: str = "2") -> str:
    """Return the policy with these logs."""
    return "".join(f"log {verifier_key_text(each.name, each.public)}\n" for each in logs) + witness_lines(quorum=quorum)
