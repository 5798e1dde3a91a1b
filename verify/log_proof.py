"""Receipt of the signing log: the entry, its inclusion proof and the signed checkpoint (C2SP tlog-proof text).

Promises:
  * A receipt that ``check_receipt`` lets pass stands in the log under a checkpoint that a known log signed.
  * The entry travels in the ``extra`` line, which is not authenticated by itself: its hash is what the proof is about.
  * Writing and reading are inverse; there is one spelling.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from verify.errors import MalformedError, YinzhengError
from verify.log_entry import ENTRY_BYTES_MAX, EntryKind, LogEntry
from verify.note import NOTE_LENGTH_MAX, Checkpoint, LogVerifier, NoteError, decode_base64, open_checkpoint
from verify.tree import HASH_BYTES, PATH_LENGTH_MAX, ProofError, check_inclusion, leaf_hash

FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"
TEXT_LENGTH_MAX: Final = NOTE_LENGTH_MAX + 8192
_HASH_LENGTHS: Final = frozenset({HASH_BYTES})
_INDEX_LINE: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")
_EXTRA_LEAD: Final = "extra "


class LogProofError(YinzhengError):
    """The receipt does not prove that these bytes stand in a log that we know."""

    code = "log_proof.wrong"


class LogReceiptError(MalformedError):
    """Not the text of a log receipt."""

    code = "log_proof.malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReceipt:
    """An entry with its place in the log. One that exists has a form, and is not yet checked."""

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    note: str

    def __post_init__(self) -> None:
        if not 0 < len(self.entry) <= ENTRY_BYTES_MAX or self.index < 0:
            raise LogReceiptError("not an entry and an index")
        if len(self.path) > PATH_LENGTH_MAX or not set(map(len, self.path)) <= _HASH_LENGTHS:
            raise LogReceiptError("a path has at most 64 hashes of 32 bytes")
        if len(self.note) > NOTE_LENGTH_MAX or not self.note.endswith("\n"):
            raise LogReceiptError("not a signed note")

    def to_text(self) -> str:
        """Return the C2SP tlog-proof text, with the entry as its extra line."""
        lines = (
            FIRST_LINE,
            _EXTRA_LEAD + base64.b64encode(self.entry).decode(),
            f"index {self.index}",
            *(base64.b64encode(each).decode() for each in self.path),
            "",
            self.note,
        )
        return "\n".join(lines)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a tlog-proof text; raises ``LogReceiptError`` for anything that ``to_text`` would not write."""
        if len(text) > TEXT_LENGTH_MAX:
            raise LogReceiptError("too long")
        head, separator, note = text.partition("\n\n")
        lines = head.split("\n")
        if not separator or len(lines) < 3 or lines[0] != FIRST_LINE or not lines[1].startswith(_EXTRA_LEAD):
            raise LogReceiptError("not a tlog-proof with an entry")
        index = _INDEX_LINE.fullmatch(lines[2])
        if index is None:
            raise LogReceiptError("not an index")
        try:
            entry = decode_base64(lines[1].removeprefix(_EXTRA_LEAD))
            path = tuple(decode_base64(line) for line in lines[3 : 4 + PATH_LENGTH_MAX])
        except NoteError as error:
            raise LogReceiptError("not base64") from error
        if len(path) != len(lines) - 3:
            raise LogReceiptError("the path is too long")
        return cls(entry=entry, index=int(index[1]), path=path, note=note)


def check_receipt(
    receipt: LogReceipt, verifiers: Sequence[LogVerifier], *, to_be_signed: bytes | None = None
) -> Checkpoint:
    """Check that the entry stands in a log that one of these keys signed, and return the checkpoint.

    With ``to_be_signed`` the entry must also be the signing intent of exactly these bytes. Raises ``LogProofError``.
    """
    try:
        checkpoint = open_checkpoint(receipt.note, verifiers)
        check_inclusion(leaf_hash(receipt.entry), receipt.index, checkpoint.size, receipt.path, checkpoint.root)
        entry = LogEntry.decode(receipt.entry)
    except (NoteError, ProofError, MalformedError) as error:
        raise LogProofError(f"{error.code}: {error.detail}") from error
    if to_be_signed is not None:
        if entry.kind is not EntryKind.INTENT:
            raise LogProofError("the entry is no signing intent")
        if entry.digest != hashlib.sha256(to_be_signed).digest():
            raise LogProofError("the entry is the intent of other bytes")
    return checkpoint
