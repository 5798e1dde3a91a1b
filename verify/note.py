"""Signed checkpoint of a log (C2SP signed-note and tlog-checkpoint), Ed25519 of type 0x01.

Promises:
  * A line of a key that we know and that does not verify makes the whole note bad; lines of unknown keys are ignored.
  * At least one known key must verify whose name is the origin; sizes and hashes have one spelling.
  * The last good notes are remembered, so that the fifty receipts of one checkpoint cost one check.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verify.errors import YinzhengError
from verify.tree import HASH_BYTES

# A note with sixteen ML-DSA-44 cosignatures of 3.3 kB each still fits.
NOTE_LENGTH_MAX: Final = 65_536
SIGNATURE_LINES_MAX: Final = 64
NAME_LENGTH_MAX: Final = 255
# A checkpoint is asked for again by each receipt under it; a few hundred cover the notes of a day's documents.
NOTES_REMEMBERED: Final = 512

ED25519_TYPE: Final = 1
KEY_ID_BYTES: Final = 4
_SIGNATURE_LEAD: Final = "\u2014 "
NAME_FORM: Final = re.compile(r"[^\s+\x00-\x1f\x7f-\x9f]{1,255}")
_SIZE_FORM: Final = re.compile(r"0|[1-9][0-9]{0,18}")
# C2SP signed-note: no control characters but the line feed.
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]")


class NoteError(YinzhengError):
    """Not a checkpoint that a known log signed."""

    code = "checkpoint.wrong"


def decode_base64(text: str) -> bytes:
    """Decode standard base64 in its one spelling; raises ``NoteError``."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise NoteError("not base64") from None
    if base64.b64encode(data).decode() != text:
        raise NoteError("a second spelling of base64")
    return data


def note_key_id(name: str, kind: int, key: bytes) -> bytes:
    """Return the four bytes by which signature lines name a key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class LogVerifier:
    """The public key of a log: name (equal to the log's origin), key id, 32 bytes of Ed25519."""

    name: str
    key_id: bytes
    public: bytes

    def __post_init__(self) -> None:
        if not NAME_FORM.fullmatch(self.name) or len(self.public) != 32:
            raise NoteError("not the name and key of a log")
        if self.key_id != note_key_id(self.name, ED25519_TYPE, self.public):
            raise NoteError("the key id is that of another key")

    def named(self, name: str) -> Self:
        """Return this key under the name of another log."""
        return (
            self if name == self.name else type(self)(name, note_key_id(name, ED25519_TYPE, self.public), self.public)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log states: its origin, size and root. ``text`` is the signed body, ``note`` the whole signed note."""

    origin: str
    size: int
    root: bytes
    text: str
    note: str


def verifier_key_text(name: str, public: bytes) -> str:
    """Return the verifier key text: name, key id in hex, base64 of type and key, joined by plus signs."""
    key_id = note_key_id(name, ED25519_TYPE, public)
    return f"{name}+{key_id.hex()}+{base64.b64encode(bytes([ED25519_TYPE]) + public).decode()}"


def parse_verifier_key(text: str) -> LogVerifier:
    """Read a verifier key text of type Ed25519; raises ``NoteError``."""
    parts = text.split("+", 2)  # base64 may hold plus signs, a name may not
    if len(parts) != 3 or not re.fullmatch(r"[0-9a-f]{8}", parts[1]):
        raise NoteError("not a verifier key")
    key = decode_base64(parts[2])
    if len(key) != 33 or key[0] != ED25519_TYPE:
        raise NoteError("not an Ed25519 verifier key")
    return LogVerifier(parts[0], bytes.fromhex(parts[1]), key[1:])


def checkpoint_body(origin: str, size: int, root: bytes) -> bytes:
    """Return the text that a log signs: origin, size, root, each in its line."""
    body = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    parse_body(body)
    return body.encode()


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    """Return one signature line, with its line feed; a note is body, empty line, signature lines."""
    return f"{_SIGNATURE_LEAD}{name} {base64.b64encode(key_id + signature).decode()}\n"


def open_checkpoint(note: str, verifiers: Sequence[LogVerifier]) -> Checkpoint:
    """Check a signed note against the known logs and read it; raises ``NoteError``."""
    return _open(note, tuple(verifiers))


def own_note(note: str, verifier: LogVerifier) -> str:
    """Return a note with the lines of this key alone; raises ``NoteError`` when there is none."""
    text, lines = split_note(note)
    own = [line for line in lines if parse_signature_line(line)[:2] == (verifier.name, verifier.key_id)]
    if not own:
        raise NoteError("no line of this key")
    return "\n".join((text, *own, ""))


@lru_cache(maxsize=NOTES_REMEMBERED)
def _open(note: str, verifiers: tuple[LogVerifier, ...]) -> Checkpoint:
    text, lines = split_note(note)
    origin, size, root = parse_body(text)
    known = {(each.name, each.key_id): each for each in verifiers}
    verified: set[str] = set()
    for line in lines:
        name, key_id, signature = parse_signature_line(line)
        verifier = known.get((name, key_id))
        if verifier is not None:
            _check(verifier, text, signature)
            verified.add(name)
    if origin not in verified:
        raise NoteError("no known log of this origin signed it")
    return Checkpoint(origin=origin, size=size, root=root, text=text, note=note)


def split_note(note: str) -> tuple[str, list[str]]:
    """Return the signed text and the signature lines; the last empty line parts them. Raises ``NoteError``."""
    if len(note) > NOTE_LENGTH_MAX or _CONTROL.search(note):
        raise NoteError("too long, or with control characters")
    text, separator, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not separator or lines.pop() or not 0 < len(lines) <= SIGNATURE_LINES_MAX:
        raise NoteError("a note is a text, an empty line and signature lines")
    return text + "\n", lines


def parse_body(text: str) -> tuple[str, int, bytes]:
    """Return origin, size and root of a checkpoint's text. Raises ``NoteError``."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise NoteError("a checkpoint has three lines, and none is empty")
    if not NAME_FORM.fullmatch(lines[0]) or not _SIZE_FORM.fullmatch(lines[1]):
        raise NoteError("not an origin and a size")
    root = decode_base64(lines[2])
    if len(root) != HASH_BYTES:
        raise NoteError("a root has 32 bytes")
    return lines[0], int(lines[1]), root


def parse_signature_line(line: str) -> tuple[str, bytes, bytes]:
    """Return name, key id and signature of a line without its line feed. Raises ``NoteError``."""
    lead, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if f"{lead} " != _SIGNATURE_LEAD or not NAME_FORM.fullmatch(name):
        raise NoteError("not a signature line")
    data = decode_base64(encoded)
    if len(data) <= KEY_ID_BYTES:
        raise NoteError("a signature line without a signature")
    return name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:]


def _check(verifier: LogVerifier, text: str, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature, text.encode())
    except InvalidSignature as error:
        raise NoteError("the signature of a known log does not fit") from error
