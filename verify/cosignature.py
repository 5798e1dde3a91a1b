"""Cosignatures of witnesses under a checkpoint (C2SP tlog-cosignature): Ed25519 of type 0x04, ML-DSA-44 of type 0x06.

Promises:
  * A line of a witness that we know and that does not verify makes the whole note bad; lines of others are ignored.
  * A cosignature says one thing: at that moment the witness held this checkpoint to continue all that it saw before.
  * Ours are written as Ed25519 alone; the other kind is read, for outside witnesses have begun to give it.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from verify.note import (
    NAME_FORM,
    NoteError,
    decode_base64,
    note_key_id,
    parse_body,
    parse_signature_line,
    signature_line,
    split_note,
)

COSIGNATURE_TYPE: Final = 4
ML_DSA_TYPE: Final = 6
TIME_BYTES: Final = 8
_KEY_BYTES: Final = {COSIGNATURE_TYPE: 32, ML_DSA_TYPE: 1312}
_SIGNATURE_BYTES: Final = {COSIGNATURE_TYPE: 64, ML_DSA_TYPE: 2420}
# The last second of the year 9999: what a time can show.
_TIME_MAX: Final = 253_402_300_799
_KEY_ID_FORM: Final = re.compile(r"[0-9a-f]{8}")
# ML-DSA cosignatures cover this structure in place of a text (tlog-cosignature 1.1).
_SUBTREE_LABEL: Final = b"subtree/v1\n\x00"


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The public key of a witness: its name, key id, kind of signature and key."""

    name: str
    key_id: bytes
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        if not NAME_FORM.fullmatch(self.name) or len(self.public) != _KEY_BYTES.get(self.kind):
            raise NoteError("not the name and key of a witness")
        if self.key_id != note_key_id(self.name, self.kind, self.public):
            raise NoteError("the key id is that of another key")

    @property
    def text(self) -> str:
        """The verifier key text, as policies name it."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A good cosignature: whose it is, and the moment that the witness states."""

    witness: WitnessKey
    at: datetime


def witness_key(name: str, public: bytes) -> WitnessKey:
    """Return the key of a witness of our own kind, Ed25519."""
    return WitnessKey(name, note_key_id(name, COSIGNATURE_TYPE, public), COSIGNATURE_TYPE, public)


def parse_witness_key(text: str) -> WitnessKey:
    """Read the verifier key text of a witness; raises ``NoteError``."""
    parts = text.split("+", 2)  # base64 may hold plus signs, a name may not
    if len(parts) != 3 or not _KEY_ID_FORM.fullmatch(parts[1]):
        raise NoteError("not a verifier key")
    key = decode_base64(parts[2])
    if not key:
        raise NoteError("not a verifier key")
    return WitnessKey(parts[0], bytes.fromhex(parts[1]), key[0], key[1:])


def cosigned_message(at: int, text: str) -> bytes:
    """Return what an Ed25519 witness signs at that Unix second: a head of two lines, then the checkpoint's text."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosignature_line(key: WitnessKey, at: int, signature: bytes) -> str:
    """Return the signature line of a cosignature, with its line feed."""
    return signature_line(key.name, key.key_id, at.to_bytes(TIME_BYTES, "big") + signature)


def read_cosignatures(note: str, witnesses: Sequence[WitnessKey]) -> tuple[Cosignature, ...]:
    """Return the cosignatures of these witnesses under a note, in the order of its lines, one of each key.

    Raises ``NoteError`` for what is no note, and for a line of a known witness that does not verify. The log's own
    signature is for ``open_checkpoint`` to check.
    """
    text, lines = split_note(note)
    known = {(each.name, each.key_id): each for each in witnesses}
    found: dict[WitnessKey, Cosignature] = {}
    for line in lines:
        name, key_id, data = parse_signature_line(line)
        witness = known.get((name, key_id))
        if witness is not None:
            found.setdefault(witness, Cosignature(witness, _check(witness, text, data)))
    return tuple(found.values())


def _check(witness: WitnessKey, text: str, data: bytes) -> datetime:
    """Check one line's bytes and return the witness's time."""
    if len(data) != TIME_BYTES + _SIGNATURE_BYTES[witness.kind]:
        raise NoteError("a cosignature of another length")
    at, signature = int.from_bytes(data[:TIME_BYTES], "big"), data[TIME_BYTES:]
    if not 0 < at <= _TIME_MAX:
        raise NoteError("a cosignature without a time")
    try:
        if witness.kind == COSIGNATURE_TYPE:
            Ed25519PublicKey.from_public_bytes(witness.public).verify(signature, cosigned_message(at, text))
        else:
            message = _subtree_message(witness.name, at, text)
            MLDSA44PublicKey.from_public_bytes(witness.public).verify(signature, message)
    except InvalidSignature as error:
        raise NoteError("the signature of a known witness does not fit") from error
    return datetime.fromtimestamp(at, UTC)


def _subtree_message(name: str, at: int, text: str) -> bytes:
    """Return what an ML-DSA-44 witness signs: names, time, and the whole tree as a subtree from leaf 0 on."""
    origin, size, root = parse_body(text)
    parts = (
        _SUBTREE_LABEL,
        _short(name),
        at.to_bytes(8, "big"),
        _short(origin),
        (0).to_bytes(8, "big"),
        size.to_bytes(8, "big"),
        root,
    )
    return b"".join(parts)


def _short(text: str) -> bytes:
    """Return a text behind its length in one byte; longer names stand in no cosignature of this kind."""
    encoded = text.encode()
    if len(encoded) > 255:
        raise NoteError("a name of more than 255 bytes")
    return bytes([len(encoded)]) + encoded
