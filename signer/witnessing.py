"""Witnesses: they are sent each new checkpoint and cosign it, after they saw that it continues what they saw before.

Promises:
  * Nothing here is on the way of a licence: no lock and no transaction is held while a witness is waited for, and what
    a witness answers changes neither the log nor what is signed.
  * A line is kept only when its signature fits our very checkpoint and its time can be. Each other answer has a name.
  * A witness that says "your log went back" is believed only with a checkpoint under our own log's signature.
  * An entry that is not witnessed within the merge delay raises an alarm, and goes on doing so until it is.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from registry import cosignatures, leaves
from registry.cosignatures import CosignedCheckpoint, LastAnswer
from registry.db import Database, Transaction, reading, transaction
from registry.leaves import LogHead
from signer.errors import LogBehindError, LogForkError
from signer.log_safety import Seen, compare_head
from signer.witness_calls import WitnessClient
from signer.witness_errors import (
    WitnessAddressError,
    WitnessClaimsAheadError,
    WitnessContradictsError,
    WitnessError,
    WitnessLoopError,
    WitnessMalformedError,
    WitnessNoLineError,
    WitnessRefusedError,
    WitnessRefusesProofError,
    WitnessSignatureError,
    WitnessStatusError,
    WitnessTimeError,
    WitnessUnknownLogError,
)
from verify.cosignature import WitnessKey, read_cosignatures
from verify.log_entry import LogEntry
from verify.note import Checkpoint, LogVerifier, NoteError, open_checkpoint, parse_signature_line, split_note
from verify.tree import combine, consistency_nodes
from verify.witness_policy import Witness, WitnessPolicy
from verify.witness_request import (
    ADD_CHECKPOINT,
    SIZE_CONTENT_TYPE,
    WitnessRequest,
    decode_size,
    monitoring_path,
)
from verify.witnessed import MERGE_DELAY

# The first attempt learns the size, the second one fits; two more for who is asked by two of us at once.
ROUNDS_MAX: Final = 4
# Clocks of two offices agree to well under that.
CLOCK_APART_MAX: Final = timedelta(minutes=5)
# Checkpoints above the newest witnessed one wait for their quorum; of more than so many the oldest go.
WAITING_MAX: Final = 8
ASKED_AT_ONCE_MAX: Final = 16
_OK: Final = 200
_CONFLICT: Final = 409
_ERRORS: Final = {404: WitnessUnknownLogError, 403: WitnessRefusedError, 400: WitnessMalformedError}
_UNPROVEN: Final = frozenset({409, 422})
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAnswer:
    """How one witness answered: its line, or the error; `size` is what it holds as far as we know."""

    witness: Witness
    size: int
    line: str = ""
    at: datetime | None = None
    error: WitnessError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """The newest checkpoint that has its quorum, with the lines of all who cosigned it."""

    head: LogHead
    size: int
    note: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a log stands with its witnesses; `waiting_since` is the time of the first entry that none has seen."""

    origin: str
    size: int
    witnessed: int
    waiting_since: datetime | None
    answers: tuple[LastAnswer, ...]

    def is_overdue(self, at: datetime) -> bool:
        """Say whether an entry waits for longer than the merge delay."""
        return self.waiting_since is not None and at - self.waiting_since > MERGE_DELAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessing:
    """The witnesses of an office. `verifier` is the log's key; each log of the office bears it under its own name."""

    database: Database
    verifier: LogVerifier
    policy: WitnessPolicy
    client: WitnessClient
    clock: Callable[[], datetime]

    def collect(self) -> tuple[WitnessAnswer, ...]:
        """Send each log's head to all witnesses that have not cosigned it, and keep what they say.

        1. Take the heads. 2. Ask all at once, each in a thread of its own. 3. Keep lines and answers. 4. Forget what a
        newer witnessed checkpoint makes idle. Raises what the database raises, never a `WitnessError`.
        """
        answers: list[WitnessAnswer] = []
        with reading(self.database) as tx:  # (1)
            heads = leaves.all_heads(tx)
            wanted = [(head, self._missing(tx, head)) for head in heads if not self._is_covered(tx, head)]
        for head, missing in wanted:
            if missing:
                asked = self._ask_all(head, missing)  # (2)
                with transaction(self.database) as tx:
                    self._keep(tx, head, asked)  # (3)
                    self._forget_idle(tx, head)  # (4)
                answers += asked
        return tuple(answers)

    def seen(self, head: LogHead) -> tuple[Seen, ...]:
        """Return the checkpoints of this log that witnesses show under our own signature; others show none."""
        verifier = self.verifier.named(head.origin)

        def look(witness: Witness) -> Seen | None:
            shown = self._shown(witness, head.origin, verifier)
            return None if shown is None else Seen(by=witness.name, checkpoint=shown)

        return tuple(each for each in _at_once(look, self.policy.witnesses) if each is not None)

    def _is_covered(self, tx: Transaction, head: LogHead) -> bool:
        """Say whether a closed name needs no witness any more: the tree goes on under the next, and was seen there."""
        found = newest_witnessed(tx, head, self.policy) if head.is_closed else None
        return head.is_closed and (not self.policy.has_quorum or (found is not None and found.size >= head.size))

    def _missing(self, tx: Transaction, head: LogHead) -> tuple[Witness, ...]:
        """Return the witnesses whose line is not under this head yet."""
        signed = {_key_of(line) for line in cosignatures.lines_of(tx, head.log, head.size)}
        return tuple(each for each in self.policy.witnesses if _text_of(each.key) not in signed)

    def _ask_all(self, head: LogHead, witnesses: Sequence[Witness]) -> tuple[WitnessAnswer, ...]:
        with reading(self.database) as tx:
            known = {each.witness: each.size for each in cosignatures.last_answers(tx, head.log)}

        def ask(witness: Witness) -> WitnessAnswer:
            size = known.get(_text_of(witness.key), 0)
            try:
                return self._ask(witness, head, size if size <= head.size else 0)
            except WitnessError as error:
                return WitnessAnswer(witness=witness, size=size, error=error)

        return _at_once(ask, witnesses)

    def _ask(self, witness: Witness, head: LogHead, size: int) -> WitnessAnswer:
        """Send the head; a witness that holds another size names it, and gets the proof from there."""
        for _ in range(ROUNDS_MAX):
            request = WitnessRequest(old_size=size, path=self._growth(head, size), note=head.note)
            reply = self.client.post(_address(witness) + ADD_CHECKPOINT, request.encode())
            if reply.status == _OK:
                line, at = self._accept(witness, head, reply.body)
                return WitnessAnswer(witness=witness, size=head.size, line=line, at=at)
            if reply.status not in _UNPROVEN:
                raise _ERRORS.get(reply.status, WitnessStatusError)(params={"status": str(reply.status)})
            held = decode_size(reply.body) if reply.content_type == SIZE_CONTENT_TYPE else None
            if reply.status != _CONFLICT or held is None:
                raise self._contradicted(witness, head) or WitnessRefusesProofError
            if held > head.size:
                if self._size_now(head) >= held:  # another process was faster with a later head
                    return WitnessAnswer(witness=witness, size=held)
                raise self._contradicted(witness, head) or WitnessClaimsAheadError(params={"size": str(held)})
            if held == size:
                break
            size = held
        raise WitnessLoopError

    def _accept(self, witness: Witness, head: LogHead, body: bytes) -> tuple[str, datetime]:
        """Return the witness's line and time. Raises the error that names what is wrong with the answer."""
        try:
            known, (text, lines) = split_note(head.note), split_note(head.note + body.decode())
            if text != known[0]:  # an empty line among the answer's would move the signed text
                raise WitnessMalformedError
            new = lines[len(known[1]) :]
            own = [line for line in new if parse_signature_line(line)[:2] == (witness.key.name, witness.key.key_id)]
        except (NoteError, UnicodeDecodeError) as error:
            raise WitnessMalformedError from error
        if not own:
            raise WitnessNoLineError
        line = f"{own[0]}\n"
        try:
            (found,) = read_cosignatures(head.note + line, (witness.key,))
        except NoteError as error:
            raise WitnessSignatureError from error
        signed_at, now = head.time or found.at, self.clock()
        if not signed_at - CLOCK_APART_MAX <= found.at <= now + CLOCK_APART_MAX:
            raise WitnessTimeError(params={"at": found.at.isoformat()})
        return line, found.at

    def _growth(self, head: LogHead, size: int) -> tuple[bytes, ...]:
        """Return the proof that this very head, not a later one, grew out of an earlier size."""
        groups = consistency_nodes(size, head.size)
        with reading(self.database) as tx:
            nodes = leaves.nodes(tx, head.origin, [node for group in groups for node in group])
        return combine(groups, nodes)

    def _size_now(self, head: LogHead) -> int:
        with reading(self.database) as tx:
            return leaves.head(tx, head.origin).size

    def _contradicted(self, witness: Witness, head: LogHead) -> WitnessContradictsError | None:
        """Return the error when what the witness shows cannot be of our log; the log may have grown meanwhile."""
        shown = self._shown(witness, head.origin, self.verifier.named(head.origin))
        if shown is None:
            return None
        with reading(self.database) as tx:
            now = leaves.head(tx, head.origin)
        try:
            compare_head(self.database, now, Seen(by=witness.name, checkpoint=shown))
        except (LogForkError, LogBehindError):
            return WitnessContradictsError(params={"size": str(shown.size)})
        return None

    def _shown(self, witness: Witness, origin: str, verifier: LogVerifier) -> Checkpoint | None:
        """Return what the witness shows of this log, if our key signed it."""
        try:
            reply = self.client.get(_address(witness) + monitoring_path(origin))
            shown = open_checkpoint(reply.body.decode(), (verifier,)) if reply.status == _OK else None
        except (WitnessError, NoteError, UnicodeDecodeError):
            return None
        return shown if shown is not None and shown.origin == origin else None

    def _keep(self, tx: Transaction, head: LogHead, answers: Sequence[WitnessAnswer]) -> None:
        at = self.clock()
        for each in answers:
            name = _text_of(each.witness.key)
            if each.line and each.at is not None:
                cosignatures.keep_checkpoint(tx, head.log, head.size, head.note)
                cosignatures.keep_line(tx, head.log, head.size, name, each.line, at=each.at)
            code = "" if each.error is None else each.error.code
            cosignatures.keep_answer(tx, head.log, LastAnswer(witness=name, size=each.size, code=code, asked_at=at))

    def _forget_idle(self, tx: Transaction, head: LogHead) -> None:
        kept = cosignatures.cosigned_checkpoints(tx, head.log)
        newest = next((each.size for each in kept if _is_witnessed(each, self.policy)), 0)
        waiting = [each.size for each in kept if each.size > newest]
        idle = [each.size for each in kept if each.size < newest]
        cosignatures.forget(tx, head.log, [*idle, *waiting[WAITING_MAX:]])


def cosigned(tx: Transaction, head: LogHead) -> str:
    """Return the head's note with the lines that witnesses put under exactly this checkpoint."""
    return head.note + "".join(cosignatures.lines_of(tx, head.log, head.size))


def newest_witnessed(tx: Transaction, head: LogHead, policy: WitnessPolicy) -> Witnessed | None:
    """Return the newest checkpoint of a log that has its quorum by this policy."""
    for each in cosignatures.cosigned_checkpoints(tx, head.log):
        if _is_witnessed(each, policy):
            names = policy.names(read_cosignatures(each.cosigned_note, policy.keys))
            return Witnessed(head=head, size=each.size, note=each.cosigned_note, names=names)
    return None


def newest_of_all(tx: Transaction, policy: WitnessPolicy) -> Witnessed | None:
    """Return the newest checkpoint that has its quorum under any name of the log: the tree goes on under the next."""
    found = (newest_witnessed(tx, head, policy) for head in leaves.all_heads(tx))
    return max((each for each in found if each is not None), key=lambda each: each.size, default=None)


def standings(database: Database, policy: WitnessPolicy) -> tuple[Standing, ...]:
    """Return how each log stands with its witnesses; nothing without a quorum."""
    if not policy.has_quorum:
        return ()
    with reading(database) as tx:
        return tuple(_standing(tx, head, policy) for head in leaves.all_heads(tx))


def _standing(tx: Transaction, head: LogHead, policy: WitnessPolicy) -> Standing:
    found = newest_witnessed(tx, head, policy)
    witnessed = 0 if found is None else min(found.size, head.size)
    first = leaves.entries(tx, head.origin, witnessed, min(witnessed + 1, head.size))
    return Standing(
        origin=head.origin,
        size=head.size,
        witnessed=witnessed,
        waiting_since=LogEntry.decode(first[0].entry).time if first else None,
        answers=cosignatures.last_answers(tx, head.log),
    )


def _is_witnessed(checkpoint: CosignedCheckpoint, policy: WitnessPolicy) -> bool:
    """Say whether a kept checkpoint has its quorum; a line that does not fit any more is no line."""
    try:
        return policy.is_met(read_cosignatures(checkpoint.cosigned_note, policy.keys))
    except NoteError:
        return False


def _at_once(act: Callable[[Witness], _Answer], witnesses: Sequence[Witness]) -> tuple[_Answer, ...]:
    if not witnesses:
        return ()
    with ThreadPoolExecutor(min(len(witnesses), ASKED_AT_ONCE_MAX), thread_name_prefix="witness") as pool:
        return tuple(pool.map(act, witnesses))


def _address(witness: Witness) -> str:
    if not witness.address:
        raise WitnessAddressError
    return witness.address.rstrip("/")


def _text_of(key: WitnessKey) -> str:
    """Return the name under which a witness's lines and answers are kept."""
    return f"{key.name}+{key.key_id.hex()}"


def _key_of(line: str) -> str:
    name, key_id, _ = parse_signature_line(line.rstrip("\n"))
    return f"{name}+{key_id.hex()}"
