"""A small published log in memory: entries, bundles, tiles and a signed checkpoint, by an independent and slow hand.

    log = SmallLog.of(entries)          # bytes of entries, the first one a genesis entry
    log.files["log/checkpoint"]         # what is published, by path; change it to see what a checker says

Promises: made by the plain functions of `verify.tree` and `verify.tiles`, not by the code that is tested with it.
"""

import base64
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from verify.log_entry import EntryKind, LogEntry
from verify.note import LogVerifier, checkpoint_body, note_key_id, signature_line
from verify.tiles import encode_bundle, entries_path, tile_nodes, tile_path, tiles_of_growth
from verify.tree import Frontier, leaf_hash

ORIGIN = "licences.test.example/log"
BEGINS = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"small log, for tests of checkers")
PUBLIC = KEY.public_key().public_bytes_raw()
VERIFIER = LogVerifier(ORIGIN, note_key_id(ORIGIN, 1, PUBLIC), PUBLIC)


def signed_note(size: int, root: bytes, origin: str = ORIGIN) -> str:
    """Return a checkpoint by the log's key, true or not."""
    body = checkpoint_body(origin, size, root).decode()
    return f"{body}\n{signature_line(origin, VERIFIER.named(origin).key_id, KEY.sign(body.encode()))}"


def genesis(origin: str = ORIGIN) -> bytes:
    """Return the first entry."""
    digest = sha256(origin.encode()).digest()
    return LogEntry(kind=EntryKind.GENESIS, time=BEGINS, digest=digest, detail={1: origin}).encode()


def intents(count: int, *, first_second: int = 0, purpose: str = "code") -> list[bytes]:
    """Return signing intents of licences, ten of each second."""
    drawn = random.Random(count)  # noqa: S311 - the same log each time
    start = int(BEGINS.timestamp()) + first_second
    return [
        LogEntry(
            kind=EntryKind.INTENT,
            time=datetime.fromtimestamp(start + number // 10, UTC),
            digest=drawn.randbytes(32),
            detail={1: purpose, 2: b"key of 8", 3: drawn.randbytes(32)},
        ).encode()
        for number in range(count)
    ]


@dataclass
class SmallLog:
    """A published log; `get` is what a checker reads by."""

    entries: list[bytes]
    root: bytes
    files: dict[str, bytes] = field(repr=False)

    @classmethod
    def of(cls, entries: Sequence[bytes]) -> "SmallLog":
        """Publish these entries."""
        frontier, nodes = Frontier().grow([leaf_hash(each) for each in entries])
        files = {}
        for level, index, width in tiles_of_growth(0, len(entries)):
            places = tile_nodes(level, index, width)
            files[f"log/{tile_path(level, index, width)}"] = b"".join(nodes[place] for place in places)
            if level == 0:
                start = places[0][1]
                files[f"log/{entries_path(index, width)}"] = encode_bundle(entries[start : start + width])
        files["log/checkpoint"] = signed_note(len(entries), frontier.root).encode()
        return cls(list(entries), frontier.root, files)

    @classmethod
    def with_intents(cls, count: int) -> "SmallLog":
        """Publish a genesis entry and so many intents."""
        return cls.of([genesis(), *intents(count)])

    def get(self, path: str) -> bytes | None:
        """Return a file."""
        return self.files.get(path)

    def flip(self, path: str, place: int) -> None:
        """Flip a bit of a file."""
        content = bytearray(self.files[path])
        content[place] ^= 1
        self.files[path] = bytes(content)

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.entries)


def text64(data: bytes) -> str:
    """Return base64."""
    return base64.b64encode(data).decode()
