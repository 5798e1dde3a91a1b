"""Which library makes SM2 keys and signatures in this process: OpenSSL, or gmssl-pyx where OpenSSL has no SM2.

Promises:
  * A provider is used only after it made a key and a signature that our own check accepts, and no other.
  * A key is used only after one signature with it fits its public half.
  * Chosen once, at first use; the wiring logs its name at start.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from keys.sm2_gmssl import GmsslSm2
from keys.sm2_key import Sm2MissingError, Sm2PrivateKey, Sm2Provider
from keys.sm2_openssl import OpenSslSm2
from verify.algorithms import Algorithm, SignatureError, check_signature

PROVIDERS: Final[tuple[Callable[[], Sm2Provider], ...]] = (OpenSslSm2, GmsslSm2)
"""The libraries, the one that is tried first in front."""

_TRIAL: Final = b"Yinzheng tries a key"


@lru_cache(maxsize=1)
def provider() -> Sm2Provider:
    """Return the provider of this process. Raises `Sm2MissingError`."""
    return choose(PROVIDERS)


def choose(candidates: Sequence[Callable[[], Sm2Provider]]) -> Sm2Provider:
    """Return the first provider that works. Raises `Sm2MissingError` when none does."""
    for each in candidates:
        try:
            found = each()
            signer(found.generate(), by=found)
        except (Sm2MissingError, ValueError):
            continue
        return found
    raise Sm2MissingError("no provider of SM2 works here")


def signer(key: Sm2PrivateKey, *, by: Sm2Provider | None = None) -> Callable[[bytes], bytes]:
    """Return what signs with this key, after a trial. Raises ``ValueError`` when it does not fit its public half."""
    sign = (by or provider()).signer(key)
    try:
        check_signature(Algorithm.SM2, key.spki, _TRIAL, sign(_TRIAL))
    except SignatureError as error:
        raise ValueError("the private key is not that of its public half") from error
    return sign
