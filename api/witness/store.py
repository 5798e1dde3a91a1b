"""What a witness remembers: its name and key, the logs that it watches, the newest checkpoint of each.

Promises:
  * The newest checkpoint of a log is one file, replaced as a whole and flushed to the disk; that file is also what the
    monitoring address shows. Whoever changes it holds the folder's lock, in this process and in any other.
  * A log whose checkpoint is gone or was changed is not watched any more: to begin anew would be to forget.
  * Two checkpoints of one size that contradict each other are kept, both: they are proof of misconduct.

    passphrase · name · logs (lines `log <key>`) · keys/ · <sha256 of the origin>/{checkpoint, begun, conflict-<digest>}
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from api.witness.errors import WitnessNameError, WitnessStoreError
from keys.custody import DEPLOYMENT, KeyName
from keys.folder import prepare_folder, read_file, write_new, write_over
from keys.softkeys import SoftCustody, create_key
from registry.vault import flush
from verify.algorithms import Algorithm
from verify.cosignature import WitnessKey, read_cosignatures, witness_key
from verify.key_purpose import KeyPurpose
from verify.note import NOTE_LENGTH_MAX, Checkpoint, LogVerifier, NoteError, open_checkpoint, verifier_key_text
from verify.witness_policy import WitnessPolicy

KEY: Final = KeyName(KeyPurpose.CHECKPOINT, DEPLOYMENT)
CONFLICTS_KEPT_MAX: Final = 16
_NAME_BYTES_MAX: Final = 1000
_LOGS_BYTES_MAX: Final = 1 << 20
_PASSPHRASE_BYTES_MAX: Final = 1000
# The 32 bytes of an Ed25519 key stand at the end of its SubjectPublicKeyInfo (RFC 8410, 4).
_ED25519_BYTES: Final = 32
_BEGUN: Final = b"begun\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The checkpoint that a witness holds of a log, and when it cosigned it."""

    checkpoint: Checkpoint
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessStore:
    """The folder of one witness."""

    folder: Path
    key: WitnessKey
    custody: SoftCustody = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def found(cls, folder: Path, name: str, passphrase: bytes) -> Self:
        """Make the witness's folder and key. Raises `KeyExistsError` when there is one, `WitnessNameError`."""
        try:
            witness_key(name, bytes(_ED25519_BYTES))
        except NoteError as error:
            raise WitnessNameError from error
        prepare_folder(folder)
        write_new(folder / "name", f"{name}\n".encode())
        write_new(folder / "passphrase", passphrase)
        create_key(folder / "keys", passphrase, KEY, Algorithm.ED25519)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the folder of a witness. Raises `WitnessStoreError` when it is none."""
        try:
            prepare_folder(folder)
            name = read_file(folder / "name", bytes_max=_NAME_BYTES_MAX).decode().rstrip("\n")
            passphrase = read_file(folder / "passphrase", bytes_max=_PASSPHRASE_BYTES_MAX)
            custody = SoftCustody(folder / "keys", passphrase)
            key = witness_key(name, custody.public_key(KEY).spki[-_ED25519_BYTES:])
        except (FileNotFoundError, UnicodeDecodeError, NoteError) as error:
            raise WitnessStoreError("not the folder of a witness") from error
        return cls(folder=folder, key=key, custody=custody)

    @property
    def logs(self) -> tuple[LogVerifier, ...]:
        """The logs that are watched, as the folder says now. Raises `WitnessPolicyError`."""
        try:
            text = read_file(self.folder / "logs", bytes_max=_LOGS_BYTES_MAX).decode()
        except FileNotFoundError:
            return ()
        except UnicodeDecodeError as error:
            raise WitnessStoreError("the list of logs is no text") from error
        return _parse_logs(text)

    def watch(self, verifier: LogVerifier) -> None:
        """Watch one more log; nothing happens when it is watched already.

        Raises `WitnessPolicyError` for a second key under one name, and for more logs than a policy has.
        """
        with self.alone():
            known = self.logs
            if verifier not in known:
                lines = (f"log {verifier_key_text(each.name, each.public)}\n" for each in (*known, verifier))
                text = "".join(lines)
                _parse_logs(text)
                write_over(self.folder / "logs", text.encode())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder's lock; the system frees it when the process dies."""
        with self._lock:
            descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)

    def held(self, verifiers: tuple[LogVerifier, ...], origin: str) -> Held | None:
        """Return the checkpoint that is held of a log; None when none was ever cosigned.

        Raises `WitnessStoreError` when there was one and it is gone, or is not what this witness wrote.
        """
        note = self.shown(sha256(origin.encode()).hexdigest())
        if note is None:
            if (self._of(origin) / "begun").exists():
                raise WitnessStoreError("a checkpoint that was held is gone")
            return None
        try:
            checkpoint = open_checkpoint(note.decode(), verifiers)
            (own,) = read_cosignatures(checkpoint.note, (self.key,))
        except (NoteError, UnicodeDecodeError, ValueError) as error:
            raise WitnessStoreError("a checkpoint that was held has changed") from error
        return Held(checkpoint=checkpoint, at=own.at)

    def shown(self, digest: str) -> bytes | None:
        """Return the file that the monitoring address of this digest shows."""
        try:
            return read_file(self.folder / digest / "checkpoint", bytes_max=NOTE_LENGTH_MAX * 4)
        except FileNotFoundError:
            return None

    def hold(self, origin: str, note: str) -> None:
        """Hold a cosigned checkpoint, on the disk when this returns; the caller holds the lock."""
        folder = self._of(origin)
        is_new = not folder.exists()
        prepare_folder(folder)
        if is_new:
            flush(self.folder)
        write_over(folder / "checkpoint", note.encode())
        if not (folder / "begun").exists():
            write_over(folder / "begun", _BEGUN)

    def keep_conflict(self, origin: str, note: str) -> None:
        """Keep a checkpoint that contradicts the one that is held; a few of them tell enough."""
        folder = self._of(origin)
        path = folder / f"conflict-{sha256(note.encode()).hexdigest()[:16]}"
        if not path.exists() and len(list(folder.glob("conflict-*"))) < CONFLICTS_KEPT_MAX:
            write_over(path, note.encode())

    def sign(self, message: bytes) -> bytes:
        """Return the signature of the witness's key."""
        return self.custody.sign_counted(KEY, message)

    def _of(self, origin: str) -> Path:
        return self.folder / sha256(origin.encode()).hexdigest()


def _parse_logs(text: str) -> tuple[LogVerifier, ...]:
    return WitnessPolicy.parse(f"{text}\nquorum none\n").logs
