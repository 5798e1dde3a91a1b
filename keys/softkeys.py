"""Custody in encrypted files: for a start and for tests; PKCS#11 is for service.

Promises:
  * One file a key, as in `key_files`; certificates beside it; all of it in one folder that is closed to other users.
  * A key is decrypted at its first use and kept in memory; every use (one signature, or those of one round) looks
    whether the file is still there, so a key that another process destroyed is refused at once.
  * A generation is never used twice: what was destroyed leaves a tombstone with its public half.
  * Nothing here prints a passphrase or a key; `repr` shows the folder only.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from keys import sm2
from keys.custody import KeyName, algorithms_of, demand_counted, demand_intent, demand_log_first
from keys.errors import KeyExistsError, KeyFileError, KeyMissingError
from keys.folder import overwrite_and_remove, prepare_folder, read_file, write_new, write_over
from keys.installation import CHAIN_BYTES_MAX, check_certificate, decode_pem_chain, encode_pem_chain
from keys.key_files import (
    FILE_BYTES_MAX,
    KeyCipher,
    KeyFile,
    PrivateKey,
    check_algorithm,
    decode_key_file,
    decode_tombstone,
    encode_key_file,
    encode_tombstone,
    make_private_key,
    open_key_file,
    public_half,
)
from keys.passphrases import cost_of
from keys.sm2_key import Sm2PrivateKey
from verify.algorithms import Algorithm, PublicKey
from verify.key_purpose import KeyPurpose
from verify.log_proof import LogReceipt
from verify.note import LogVerifier

_KEY: Final = ".key"
_CERTIFICATES: Final = ".pem"
_TOMBSTONE: Final = ".destroyed"
# A folder's time moves in steps of up to 10 ms: two changes in one step look like one, so a fresh listing is made until
# the step is surely over.
_SETTLING_SECONDS: Final = 0.1
_ECDSA: Final = ECDSA(SHA256())
_PKCS1: Final = PKCS1v15()
_SHA256: Final = SHA256()


def create_key(
    folder: Path,
    passphrase: bytes,
    name: KeyName,
    algorithm: Algorithm,
    *,
    cipher: KeyCipher = KeyCipher.AES_256,
) -> PublicKey:
    """Make a key and its file, and return its public half.

    Raises `KeyAlgorithmError` when keys of this purpose have another algorithm, `KeyExistsError` when there is or was a
    key of this name.
    """
    check_algorithm(algorithm, algorithms_of(name.purpose, name.owner))
    prepare_folder(folder)
    if (folder / (name.text + _TOMBSTONE)).exists():
        raise KeyExistsError(name.text)
    private = make_private_key(algorithm)
    write_new(folder / (name.text + _KEY), encode_key_file(name, private, passphrase, cost_of(passphrase), cipher))
    return public_half(private)


def read_public_key(folder: Path, name: KeyName) -> PublicKey:
    """Return the public half of a key from the head of its file; needs no passphrase. Raises `KeyMissingError`."""
    return _read(folder, name).public


def _read(folder: Path, name: KeyName) -> KeyFile:
    try:
        file = decode_key_file(read_file(folder / (name.text + _KEY), bytes_max=FILE_BYTES_MAX))
    except FileNotFoundError as error:
        raise KeyMissingError(name.text) from error
    if file.name != name:
        raise KeyFileError("the file is that of another key")
    return file


@dataclass(frozen=True, slots=True, kw_only=True)
class _LoadedKey:
    name: str
    path: str
    kid: bytes
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PublicHalf:
    path: str
    public: PublicKey


def _signing(private: PrivateKey) -> Callable[[bytes], bytes]:
    if isinstance(private, Sm2PrivateKey):
        return _sm2_signing(private)
    if isinstance(private, EllipticCurvePrivateKey):
        return lambda message: private.sign(message, _ECDSA)
    if isinstance(private, Ed25519PrivateKey):
        return private.sign
    return lambda message: private.sign(message, _PKCS1, _SHA256)


def _sm2_signing(private: Sm2PrivateKey) -> Callable[[bytes], bytes]:
    try:
        return sm2.signer(private)
    except ValueError:
        raise KeyFileError("the private key is not that of the public one") from None


@dataclass(slots=True, eq=False)
class SoftCustody:
    """Custody over a folder of key files. One object serves all threads of a process.

    `verifiers` are the logs whose checkpoints it believes; without any it signs nothing that is "log first".
    """

    folder: Path
    passphrase: bytes = field(repr=False)
    verifiers: tuple[LogVerifier, ...] = field(default=(), repr=False)
    cipher: KeyCipher = field(default=KeyCipher.AES_256, repr=False)
    _loaded: dict[KeyName, _LoadedKey] = field(default_factory=dict, init=False, repr=False)
    _public: dict[KeyName, _PublicHalf] = field(default_factory=dict, init=False, repr=False)
    _counts: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _newest: dict[tuple[KeyPurpose, str], KeyName] = field(default_factory=dict, init=False, repr=False)
    _changed_at: int = field(default=-1, init=False, repr=False)
    _settled_at: float = field(default=0.0, init=False, repr=False)
    _settled: bool = field(default=False, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        prepare_folder(self.folder)

    def names(self) -> frozenset[KeyName]:
        """Return the names of all keys that can sign."""
        return self._names(_KEY) - self._names(_TOMBSTONE)

    def newest(self, purpose: KeyPurpose, owner: str) -> KeyName:
        """Return the newest key of this purpose and owner, or raise `KeyMissingError`."""
        changed_at = os.stat(self.folder).st_mtime_ns  # noqa: PTH116 - on the way of every licence; Path costs twice
        with self._lock:
            if changed_at != self._changed_at:
                self._changed_at, self._settled_at = changed_at, time.monotonic() + _SETTLING_SECONDS
                self._settled = False
            if not self._settled:
                self._settled = time.monotonic() > self._settled_at
                self._newest = {(key.purpose, key.owner): key for key in sorted(self.names(), key=_generation)}
            newest = self._newest.get((purpose, owner))
        if newest is None:
            raise KeyMissingError(f"{purpose.value} of {owner}")
        return newest

    def next_name(self, purpose: KeyPurpose, owner: str) -> KeyName:
        """Return the name for the next key: one generation above all that are or were."""
        known = self._names(_KEY) | self._names(_TOMBSTONE)
        used = [key for key in known if (key.purpose, key.owner) == (purpose, owner)]
        return max(used, key=_generation).next() if used else KeyName(purpose, owner)

    def create(self, key: KeyName, algorithm: Algorithm) -> PublicKey:
        """Make a key; see `create_key`."""
        return create_key(self.folder, self.passphrase, key, algorithm, cipher=self.cipher)

    def public_key(self, key: KeyName) -> PublicKey:
        """Return the public half, or raise `KeyMissingError`; kept, for a name is never given to another key."""
        kept = self._public.get(key)
        if kept is None or not os.path.exists(kept.path):  # noqa: PTH110 - on the way of every licence
            public = _read(self.folder, key).public
            kept = self._public[key] = _PublicHalf(path=str(self._path(key, _KEY)), public=public)
        return kept.public

    def chain(self, key: KeyName) -> tuple[bytes, ...]:
        """Return the certificates in DER, the key's own first; empty for a key without certificate."""
        try:
            return decode_pem_chain(read_file(self._path(key, _CERTIFICATES), bytes_max=CHAIN_BYTES_MAX))
        except FileNotFoundError:
            return ()

    def install(self, key: KeyName, chain: tuple[bytes, ...], *, anchors: tuple[bytes, ...], at: datetime) -> None:
        """Put certificates beside a key, after `check_certificate` found that they fit it; replaces older ones."""
        check_certificate(key.purpose, self.public_key(key), chain, anchors=anchors, at=at)
        write_over(self._path(key, _CERTIFICATES), encode_pem_chain(chain))

    def destroy(self, key: KeyName) -> PublicKey:
        """Overwrite and remove a key's file; a tombstone keeps its name from being used again.

        After a crash between the two steps, calling it again finishes the work. Certificates stay: they are public.
        """
        tombstone = self._path(key, _TOMBSTONE)
        if tombstone.exists():
            _, public = decode_tombstone(read_file(tombstone, bytes_max=FILE_BYTES_MAX))
        else:
            public = self.public_key(key)
            write_over(tombstone, encode_tombstone(key, public))
        path = self._path(key, _KEY)
        if not path.exists():
            raise KeyMissingError(key.text)
        overwrite_and_remove(path)
        with self._lock:
            self._loaded.pop(key, None)
        return public

    def sign(self, key: KeyName, to_be_signed: bytes, *, receipt: LogReceipt) -> bytes:
        """Return the signature over these bytes; the receipt proves that the intent to sign them is in the log.

        Raises `CountedError` for other than "log first" purposes, a `Receipt...Error` when the receipt does not hold,
        `KeyMissingError`, `PassphraseError` or `KeyFileError`. Never retries.
        """
        demand_log_first(key)
        loaded = self._load(key)
        demand_intent(receipt, self.verifiers, key=key, kid=loaded.kid, to_be_signed=to_be_signed)
        return loaded.sign(to_be_signed)

    def sign_counted(self, key: KeyName, to_be_signed: bytes) -> bytes:
        """Return the signature over these bytes and count the use. Raises `LogFirstError` for "log first" purposes."""
        return self._counted(key, 1)(to_be_signed)

    def sign_counted_each(self, key: KeyName, messages: Sequence[bytes]) -> tuple[bytes, ...]:
        """Do as `sign_counted` does for each of these, with one look at the key."""
        sign = self._counted(key, len(messages))
        return tuple([sign(each) for each in messages])

    def _counted(self, key: KeyName, uses: int) -> Callable[[bytes], bytes]:
        """Count so many uses of a key that are about to come, and return what signs with it."""
        demand_counted(key)
        loaded = self._load(key)
        with self._lock:
            self._counts[loaded.name] = self._counts.get(loaded.name, 0) + uses
        return loaded.sign

    def counts(self) -> Mapping[str, int]:
        """Return how often each key signed by `sign_counted` since this custody was opened, by the key's text."""
        with self._lock:
            return dict(self._counts)

    def _path(self, key: KeyName, suffix: str) -> Path:
        return self.folder / (key.text + suffix)

    def _names(self, suffix: str) -> frozenset[KeyName]:
        return frozenset(KeyName.parse(path.name.removesuffix(suffix)) for path in self.folder.glob(f"[!.]*{suffix}"))

    def _load(self, key: KeyName) -> _LoadedKey:
        loaded = self._loaded.get(key)
        if loaded is None:
            file = _read(self.folder, key)
            private = open_key_file(file, self.passphrase)
            path, kid = str(self._path(key, _KEY)), file.public.kid
            loaded = _LoadedKey(name=key.text, path=path, kid=kid, sign=_signing(private))
            with self._lock:
                self._loaded[key] = loaded
        elif not os.path.exists(loaded.path):  # noqa: PTH110 - on the way of every signature; Path costs five times
            raise KeyMissingError(key.text)
        return loaded


def _generation(key: KeyName) -> int:
    return key.generation
