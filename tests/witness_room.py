"""Witnesses of a test: keys made from their names, cosignatures, and the policy that names them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.logs import open_log
from api.witness.app import witness_app
from api.witness.service import WitnessService
from api.witness.store import WitnessStore
from signer.witness_calls import Reply
from tests.key_room import PASSPHRASE
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


def found_witness(folder: Path, name: str, *logs: LogVerifier, clock: Callable[[], datetime]) -> WitnessService:
    """Found a real witness of ours in a folder of its own."""
    store = WitnessStore.found(folder, f"{name}.test.example/w", PASSPHRASE)
    for each in logs:
        store.watch(each)
    return WitnessService(store=store, clock=clock)


@dataclass
class NearWitnesses:
    """A client whose witnesses stand in this process: by address a real service, or whatever answers a request."""

    by_address: dict[str, WitnessService | Callable[[str, bytes], Reply]]
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)

    def post(self, address: str, body: bytes) -> Reply:
        """Hand a body to the witness of this address."""
        return self._ask("POST", address, body)

    def get(self, address: str) -> Reply:
        """Ask the witness of this address what it shows."""
        return self._ask("GET", address, b"")

    def _ask(self, method: str, address: str, body: bytes) -> Reply:
        self.asked.append((method, address, body))
        base = next(each for each in self.by_address if address.startswith(f"{each}/"))
        there = self.by_address[base]
        if not isinstance(there, WitnessService):
            return there(address.removeprefix(base), body)
        if method == "POST":
            answer = there.add_checkpoint(body)
            return Reply(status=answer.status, content_type=answer.content_type, body=answer.body)
        note = there.store.shown(address.split("/")[-2])
        return Reply(status=404 if note is None else 200, content_type="text/plain", body=note or b"")


@contextmanager
def serving(service: WitnessService) -> Iterator[str]:
    """Serve a witness on loopback, and yield its address."""
    config = uvicorn.Config(
        witness_app(service, open_log(service.clock, out=StringIO())), log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
