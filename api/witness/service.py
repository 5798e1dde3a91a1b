"""How a witness answers (C2SP tlog-witness).

Promises:
  * A checkpoint is cosigned only when a log that is watched signed it and it continues the one that is held; comparing
    and holding are one act under the folder's lock, and what is held is on the disk before the answer is given.
  * Nothing that is held is ever replaced by a smaller or another one, whoever asks and however often it is started.
  * Of what is sent only the log's own lines are kept.
  * A witness that came back from a backup is told what it cosigned since by the published checkpoint itself: its own
    cosignature there is proof enough.

400 no request, or old size above the checkpoint's · 403 no good signature of the log · 404 log not watched · 409 with
the size that is held · 422 the proof or the root is wrong · 503 the clock went back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.witness.errors import WitnessClockError, WitnessStoreError
from api.witness.store import Held, WitnessStore
from verify.cosignature import cosignature_line, cosigned_message, read_cosignatures
from verify.note import Checkpoint, LogVerifier, NoteError, open_checkpoint, parse_signature_line, split_note
from verify.tree import EMPTY_ROOT, ProofError, check_consistency
from verify.witness_request import SIZE_CONTENT_TYPE, WitnessRequest, WitnessRequestError, encode_size

PLAIN: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to be sent."""

    status: int
    body: bytes = b""
    content_type: str = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessService:
    """A witness at work."""

    store: WitnessStore
    clock: Callable[[], datetime]

    def add_checkpoint(self, body: bytes) -> Answer:
        """Judge a checkpoint that was sent, and cosign it if all is well.

        1. Read it. 2. The log is watched and signed it. 3. The sizes can be. 4. Under the lock: it continues what is
        held; cosign, hold, answer. Raises `WitnessStoreError`, `WitnessClockError`, and what the disk raises.
        """
        try:
            request = WitnessRequest.decode(body)  # (1)
        except WitnessRequestError:
            return Answer(status=400)
        origin, size, root = request.checkpoint
        verifiers = tuple(each for each in self.store.logs if each.name == origin)
        if not verifiers:
            return Answer(status=404)
        try:
            checkpoint = open_checkpoint(request.note, verifiers)  # (2)
        except NoteError:
            return Answer(status=403)
        if request.old_size > size:
            return Answer(status=400)  # (3)
        if not size and root != EMPTY_ROOT:
            return Answer(status=422)
        with self.store.alone():
            return self._continue(request, checkpoint, verifiers)  # (4)

    def remember(self, note: str) -> bool:
        """Hold a checkpoint that this witness cosigned and holds no more, as after a backup; say whether it did not.

        Raises `WitnessStoreError` for a note that is none of a watched log, or that it never cosigned.
        """
        try:
            checkpoint = open_checkpoint(note, self.store.logs)
            owns = read_cosignatures(checkpoint.note, (self.store.key,))
        except NoteError as error:
            raise WitnessStoreError("not a checkpoint of a watched log, cosigned by this witness") from error
        if not owns:
            raise WitnessStoreError("a checkpoint that this witness never cosigned")
        verifiers = tuple(each for each in self.store.logs if each.name == checkpoint.origin)
        with self.store.alone():
            held = self.store.held(verifiers, checkpoint.origin)
            if held is not None and held.checkpoint.size >= checkpoint.size:
                return False
            own = (self.store.key.name, self.store.key.key_id)
            line = next(each for each in split_note(note)[1] if parse_signature_line(each)[:2] == own)
            self.store.hold(checkpoint.origin, f"{checkpoint.text}\n{_lines_of(checkpoint, verifiers)}{line}\n")
            return True

    def _continue(self, request: WitnessRequest, checkpoint: Checkpoint, verifiers: tuple[LogVerifier, ...]) -> Answer:
        held = self.store.held(verifiers, checkpoint.origin)
        size, root = (held.checkpoint.size, held.checkpoint.root) if held else (0, EMPTY_ROOT)
        if request.old_size != size:
            return Answer(status=409, body=encode_size(size), content_type=SIZE_CONTENT_TYPE)
        if size == checkpoint.size and root != checkpoint.root:
            self.store.keep_conflict(checkpoint.origin, request.note)
            return Answer(status=422)
        try:
            check_consistency(size, root, checkpoint.size, checkpoint.root, request.path)
        except ProofError:
            return Answer(status=422)
        line = self._cosign(checkpoint, held)
        self.store.hold(checkpoint.origin, f"{checkpoint.text}\n{_lines_of(checkpoint, verifiers)}{line}")
        return Answer(status=200, body=line.encode())

    def _cosign(self, checkpoint: Checkpoint, held: Held | None) -> str:
        now = self.clock().replace(microsecond=0)
        if held is not None and now < held.at:
            raise WitnessClockError
        second = int(now.timestamp())
        return cosignature_line(self.store.key, second, self.store.sign(cosigned_message(second, checkpoint.text)))


def _lines_of(checkpoint: Checkpoint, verifiers: tuple[LogVerifier, ...]) -> str:
    """Return the log's own lines of a note that was opened with these keys: they verified, or it would not be open."""
    known = {(each.name, each.key_id) for each in verifiers}
    lines = split_note(checkpoint.note)[1]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines) if parse_signature_line(line)[:2] in known)
