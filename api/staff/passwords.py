"""Passwords: a slow hash with memory (argon2id, RFC 9106), and what a new one must be.

Promises:
  * A check costs the same whether the account exists, has a password, or the password is right.
  * So many hashes at once as have room: a crowd at the door waits, and memory does not run short.
  * No rule of letters and digits: length counts, and that it is none of those tried first (NIST SP 800-63B, 3.1.1).
"""

import base64
import threading
import unicodedata
from collections.abc import Callable
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from api.staff.errors import PasswordWeakError

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 128
# 64 MiB each.
AT_ONCE_MAX: Final = 4
_SALT_BYTES: Final = 16
# Parts that lists of stolen passwords are full of; what is left beside them must be long enough by itself.
_COMMON: Final = (
    *("password", "passwort", "qwerty", "qwert", "123456789", "12345678", "123456", "1234", "111111", "000000"),
    *("abcdef", "admin", "yinzheng", "woaini", "5201314", "888888", "iloveyou", "letmein", "welcome"),
)
_DISTINCT_MIN: Final = 5


class Passwords:
    """Hashes and checks. Share one object among the threads of a process."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._room = threading.BoundedSemaphore(AT_ONCE_MAX)
        self._nobodys = _nobodys_hash(random)

    def hash(self, password: str) -> str:
        """Return what is kept of a new password."""
        with self._room:
            return self._hasher.hash(_spelt(password), salt=self._random(_SALT_BYTES))

    def fits(self, kept: str | None, password: str) -> bool:
        """Say whether it is the password; without a kept one the answer is no, after the same work."""
        with self._room:
            try:
                self._hasher.verify(self._nobodys if kept is None else kept, _spelt(password))
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None


def demand_strong(password: str, *, person_id: str) -> None:
    """Refuse a new password that is guessed early. Raises `PasswordWeakError`."""
    rest = unicodedata.normalize("NFC", password).casefold().replace(person_id.casefold(), "")
    for each in _COMMON:
        rest = rest.replace(each, "")
    is_long = LENGTH_MIN <= len(password) <= LENGTH_MAX and len(rest) >= LENGTH_MIN // 2
    if not is_long or len(set(rest)) < _DISTINCT_MIN:
        raise PasswordWeakError(params={"min": str(LENGTH_MIN), "max": str(LENGTH_MAX)})


def _nobodys_hash(random: Callable[[int], bytes]) -> str:
    """Return a hash of the same cost that no password has."""
    cost = RFC_9106_LOW_MEMORY
    salt, tag = (base64.b64encode(random(count)).decode().rstrip("=") for count in (_SALT_BYTES, cost.hash_len))
    return f"$argon2id$v={cost.version}$m={cost.memory_cost},t={cost.time_cost},p={cost.parallelism}${salt}${tag}"


def _spelt(password: str) -> str:
    """Return the one spelling of what two keyboards may send differently; what nobody's password can be is cut."""
    return unicodedata.normalize("NFC", password[: LENGTH_MAX * 2])
