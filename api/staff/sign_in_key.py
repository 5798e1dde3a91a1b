"""The key of sign-in: seals the secrets of second factors, and marks browsers and forms as ours.

Promises:
  * 32 random bytes in a file of their own beside the registry, made at first use: who has a copy of the database alone
    makes no code of anybody's second factor.
  * Each use has a key of its own, derived by HKDF; what was sealed for one person opens for no other.
"""

import hmac
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.staff.errors import SignInKeyError
from keys.errors import CustodyAccessError, KeyExistsError
from keys.folder import read_file, write_new

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_FILE: Final = "sign-in.key"


class SignInKey:
    """The derived keys of one deployment."""

    def __init__(self, key: bytes, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._sealing = AESGCM(_derived(key, b"authenticator secrets"))
        self._marking = _derived(key, b"browsers")

    def seal(self, secret: bytes, *, owner: str) -> bytes:
        """Encrypt a secret for its owner."""
        nonce = self._random(_NONCE_BYTES)
        return nonce + self._sealing.encrypt(nonce, secret, owner.encode())

    def open(self, sealed: bytes, *, owner: str) -> bytes | None:
        """Return what was sealed for this owner, None for anything else."""
        try:
            return self._sealing.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner.encode())
        except (InvalidTag, ValueError):
            return None

    def mark(self, text: str) -> str:
        """Return the mark of a text that only this deployment can make."""
        return hmac.digest(self._marking, text.encode(), sha256).hex()

    def has_marked(self, text: str, mark: str) -> bool:
        """Say whether the mark is ours."""
        return hmac.compare_digest(self.mark(text).encode(), mark.encode())


def open_sign_in_key(folder: Path, random: Callable[[int], bytes]) -> SignInKey:
    """Open the key of a data folder; make it when there is none. Raises `SignInKeyError`."""
    path = folder / _FILE
    try:
        content = read_file(path, bytes_max=KEY_BYTES)
    except FileNotFoundError:
        with suppress(KeyExistsError):  # another process was first
            write_new(path, random(KEY_BYTES))
        return open_sign_in_key(folder, random)
    except CustodyAccessError as error:
        raise SignInKeyError(params={"name": str(path)}) from error
    if len(content) != KEY_BYTES:
        raise SignInKeyError(params={"name": str(path)})
    return SignInKey(content, random)


def _derived(key: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"yinzheng sign-in: " + use).derive(key)
