"""A process that answers as hostile witnesses do, each at an address of its own: python -m tests.faults.lying_witness.

It prints its port. It has the key that the policy names for it (`tests/witness_room.py`), and lies with it or beside it. What it imports is
little, for it is started by tests.
"""

import base64
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from verify.cosignature import cosignature_line, cosigned_message, witness_key
from verify.note import split_note
from verify.witness_request import SIZE_CONTENT_TYPE, WitnessRequest

NAME = "city.test.example/w"
SLOW_SECONDS = 60
Answer = tuple[int, str, bytes]


def key_of(seed: str) -> Ed25519PrivateKey:
    """Return a private key from a word, as the policy's witnesses have them."""
    return Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())


def cosigns(text: str, seed: str = "city") -> Answer:
    """Cosign a text under the name and key id of the policy's witness, with the key of this word."""
    own, at = witness_key(NAME, key_of("city").public_key().public_bytes_raw()), int(time.time())
    signature = key_of(seed).sign(cosigned_message(at, text))
    return 200, "text/plain; charset=utf-8", cosignature_line(own, at, signature).encode()


def of_another_key(note: str) -> Answer:
    """Sign as somebody whom the policy does not know."""
    stranger, at = witness_key(NAME, key_of("stranger").public_key().public_bytes_raw()), int(time.time())
    signature = key_of("stranger").sign(cosigned_message(at, split_note(note)[0]))
    return 200, "text/plain; charset=utf-8", cosignature_line(stranger, at, signature).encode()


def about(note: str, *, size: int = 0, root: bytes | None = None) -> Answer:
    """Cosign a checkpoint of another size or root."""
    origin, told, ours = split_note(note)[0].splitlines()
    wanted = ours if root is None else base64.b64encode(root).decode()
    return cosigns(f"{origin}\n{int(told) + size}\n{wanted}\n")


def slowly(_note: str) -> Answer:
    """Answer when nobody waits any more."""
    time.sleep(SLOW_SECONDS)
    return 500, "text/plain", b""


def says(status: int, body: bytes) -> Callable[[str], Answer]:
    """Return whoever says this, whatever he is sent."""
    return lambda _note: (status, SIZE_CONTENT_TYPE, body)


WAYS: dict[str, Callable[[str], Answer]] = {
    "reformed": lambda note: cosigns(split_note(note)[0]),
    "stranger": of_another_key,
    "forger": lambda note: cosigns(split_note(note)[0], "stranger"),
    "other-root": lambda note: about(note, root=bytes(32)),
    "other-size": lambda note: about(note, size=7),
    "slow": slowly,
    "ahead": says(409, b"1000000\n"),
    "refuser": says(422, b""),
}


class Liar(BaseHTTPRequestHandler):
    """Answers by the first part of the path."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take a checkpoint, and lie."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answers(*WAYS[self.path.split("/")[1]](WitnessRequest.decode(body).note))

    def do_GET(self) -> None:
        """Show nothing: no liar has a checkpoint under the log's own signature."""
        self._answers(404, "text/plain", b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answers(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until killed."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
