"""The register of all keys that this deployment ever made: what the trust list says of them, and what was revoked.

Promises:
  * A key that was destroyed stays in the register: what it signed before must be checked for years.
  * Public halves and times only. Kept among the registry's artefacts, one entry a key, written and read here.

Entry of a key (kind `key`, named by the key's text), deterministic CBOR: 1 algorithm · 2 SPKI · 3 not before · 4 not
after · 5 cut-off [origin, size], after a theft only. Of a revoked certificate (kind `revoked`, named by its serial
number in hex): 1 revoked at · 2 reason · 3 the owner of the authority, where that is not the deployment.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from keys.custody import DEPLOYMENT, KeyName
from keys.errors import KeyMissingError
from keys.revocation import Reason, RevokedCertificate
from registry import artefacts
from registry.db import Transaction
from verify import cbor
from verify.algorithms import Algorithm, PublicKey
from verify.errors import MalformedError

KEY: Final = "key"
REVOKED: Final = "revoked"

# A key signs for three years at most; then the next generation takes over.
KEY_TERM: Final = timedelta(days=3 * 365)
# Another machine of the office may be behind the one that made the key; its stamps and signatures must count too.
BACKDATED: Final = timedelta(minutes=5)
# A public key of RSA-4096 has 550 bytes.
_ENTRY_BYTES_MAX: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredKey:
    """One key: its name, public half and period; `cut_off` is log origin and size."""

    key: KeyName
    public: PublicKey = field(repr=False)
    not_before: datetime
    not_after: datetime
    cut_off: tuple[str, int] | None = None


def add(tx: Transaction, key: KeyName, public: PublicKey, *, at: datetime) -> None:
    """Enter a key; one that stands there stays as it is."""
    if find(tx, key) is None:
        begins = beginning(at)
        change(tx, RegisteredKey(key=key, public=public, not_before=begins, not_after=begins + KEY_TERM), at=at)


def beginning(at: datetime) -> datetime:
    """Return from when on a key or certificate made at this moment may be used."""
    return at.replace(microsecond=0) - BACKDATED


def change(tx: Transaction, entry: RegisteredKey, *, at: datetime) -> None:
    """Write an entry anew."""
    sequence = artefacts.latest_sequence(tx, KEY, entry.key.text) + 1
    artefacts.store(tx, KEY, entry.key.text, _encode(entry), sequence=sequence, at=at)


def find(tx: Transaction, key: KeyName) -> RegisteredKey | None:
    """Return the entry of a key."""
    content = artefacts.latest(tx, KEY, key.text)
    return None if content is None else _decode(key, content)


def demand(tx: Transaction, key: KeyName) -> RegisteredKey:
    """Return the entry of a key. Raises `KeyMissingError`."""
    entry = find(tx, key)
    if entry is None:
        raise KeyMissingError(key.text)
    return entry


def all_keys(tx: Transaction) -> tuple[RegisteredKey, ...]:
    """Return all entries, by name."""
    return tuple(_decode(KeyName.parse(name), content) for name, content in artefacts.all_latest(tx, KEY))


def revoke(tx: Transaction, revoked: RevokedCertificate, *, authority: str = DEPLOYMENT, at: datetime) -> bool:
    """Enter a revoked certificate and say whether it is new; the first entry of a certificate stays."""
    name = f"{revoked.serial_number:x}"
    if artefacts.latest(tx, REVOKED, name) is not None:
        return False
    entries: dict[int, object] = {1: int(revoked.revoked_at.timestamp()), 2: revoked.reason.value}
    entries |= {} if authority == DEPLOYMENT else {3: authority}
    artefacts.store(tx, REVOKED, name, cbor.encode(entries), sequence=1, at=at)
    return True


def revoked(tx: Transaction, *, authority: str = DEPLOYMENT) -> tuple[RevokedCertificate, ...]:
    """Return all certificates that this authority of ours revoked."""
    entries = [_decode_revoked(name, content) for name, content in artefacts.all_latest(tx, REVOKED)]
    return tuple(entry for entry, by in entries if by == authority)


def _encode(entry: RegisteredKey) -> bytes:
    entries: dict[int, object] = {
        1: entry.public.algorithm.value,
        2: entry.public.spki,
        3: int(entry.not_before.timestamp()),
        4: int(entry.not_after.timestamp()),
    }
    return cbor.encode(entries if entry.cut_off is None else entries | {5: list(entry.cut_off)})


def _decode(key: KeyName, content: bytes) -> RegisteredKey:
    match cbor.decode(content, bytes_max=_ENTRY_BYTES_MAX):
        case {1: str(algorithm), 2: bytes(spki), 3: int(begins), 4: int(ends), **others}:
            return RegisteredKey(
                key=key,
                public=PublicKey(spki, Algorithm(algorithm)),
                not_before=datetime.fromtimestamp(begins, UTC),
                not_after=datetime.fromtimestamp(ends, UTC),
                cut_off=_cut_off(others.get(5)),
            )
        case _:
            raise MalformedError("not an entry of the register of keys")


def _cut_off(value: object) -> tuple[str, int] | None:
    match value:
        case None:
            return None
        case [str(origin), int(size)]:
            return origin, size
        case _:
            raise MalformedError("not a cut-off")


def _decode_revoked(name: str, content: bytes) -> tuple[RevokedCertificate, str]:
    """Return a revoked certificate, and the owner of the authority that revoked it."""
    match cbor.decode(content, bytes_max=_ENTRY_BYTES_MAX):
        case {1: int(moment), 2: str(reason), **others}:
            entry = RevokedCertificate(
                serial_number=int(name, 16), revoked_at=datetime.fromtimestamp(moment, UTC), reason=Reason(reason)
            )
            return entry, str(others.get(3, DEPLOYMENT))
        case _:
            raise MalformedError("not an entry of the register of revoked certificates")
