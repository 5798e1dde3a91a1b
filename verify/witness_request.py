"""What a log sends to a witness: the size that it was seen with, the proof of growth, the new checkpoint.

Promises: writing and reading are inverse; there is one spelling (C2SP tlog-witness, `add-checkpoint`). Who reads learns
origin, size and root, and has checked no signature.

    old <size> · up to 63 lines of base64 · an empty line · the signed checkpoint
"""

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from verify.errors import MalformedError
from verify.note import NOTE_LENGTH_MAX, NoteError, decode_base64, parse_body, split_note
from verify.tree import HASH_BYTES

PATH_LINES_MAX: Final = 63
REQUEST_BYTES_MAX: Final = NOTE_LENGTH_MAX + 64 * (PATH_LINES_MAX + 1)
SIZE_CONTENT_TYPE: Final = "text/x.tlog.size"
ADD_CHECKPOINT: Final = "/add-checkpoint"
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")
_SIZE: Final = re.compile(r"(0|[1-9][0-9]{0,18})\n")


class WitnessRequestError(MalformedError):
    """Not a request to a witness."""

    code = "witness_request.malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessRequest:
    """One request; `note` is the checkpoint as it was signed, with whatever lines it has."""

    old_size: int
    path: tuple[bytes, ...]
    note: str

    def encode(self) -> bytes:
        """Return the body."""
        lines = (f"old {self.old_size}", *(base64.b64encode(each).decode() for each in self.path), "", self.note)
        return "\n".join(lines).encode()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Read a body; raises `WitnessRequestError`."""
        if len(body) > REQUEST_BYTES_MAX:
            raise WitnessRequestError("too long")
        try:
            head, separator, note = body.decode().partition("\n\n")
            lines = head.split("\n")
            path = tuple(decode_base64(line) for line in lines[1:])
            parse_body(split_note(note)[0])
        except (NoteError, UnicodeDecodeError) as error:
            raise WitnessRequestError("not a proof and a checkpoint") from error
        old = _OLD.fullmatch(lines[0])
        if not separator or old is None:
            raise WitnessRequestError("no old size")
        if len(path) > PATH_LINES_MAX or any(len(each) != HASH_BYTES for each in path):
            raise WitnessRequestError("a proof has at most 63 hashes of 32 bytes")
        return cls(old_size=int(old[1]), path=path, note=note)

    @property
    def checkpoint(self) -> tuple[str, int, bytes]:
        """Origin, size and root of the checkpoint, by its own word."""
        return parse_body(split_note(self.note)[0])


def encode_size(size: int) -> bytes:
    """Return the body of an answer that tells the size that the witness holds."""
    return f"{size}\n".encode()


def decode_size(body: bytes) -> int | None:
    """Read such a body; None for anything else."""
    match = _SIZE.fullmatch(body[:32].decode("ascii", errors="replace"))
    return None if match is None else int(match[1])


def monitoring_path(origin: str) -> str:
    """Return where, below its address, a witness shows the newest checkpoint that it cosigned of a log."""
    return f"/{sha256(origin.encode()).hexdigest()}/checkpoint"
