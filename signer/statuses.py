"""Publish the status lists: two bits for each licence, signed, so that anybody can ask offline (credential-qr.md, 7).

Promises:
  * A list says what the registry said after it was asked for; of two processes that publish at once, the one that read
    earlier never has the last word.
  * Only what changed, or is older than its time to live, is signed again; a new licence is "in force", as its place
    said before, so issuing waits for no list but the first of each number.
  * No transaction is open while the key is used; the key's uses are counted, not logged.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from keys.custody import DEPLOYMENT
from registry import artefacts, statuses
from registry.db import Transaction, reading, transaction
from registry.errors import ArtefactOrderError, DatabaseBusyError
from registry.records import LicenceRecord
from signer.desk import Desk
from verify.algorithms import PublicKey, der_to_raw
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.status import (
    StatusList,
    StatusListError,
    StatusValue,
    assemble_status_list,
    open_status_list,
    status_list_to_be_signed,
)
from verify.trust import TrustedKey

KIND: Final = "status_list"
"""The kind of artefact; its name is the list's number."""

# Checkers fetch a list anew after this time (decisions.md section 5); an older one is signed again, changed or not.
TTL: Final = timedelta(seconds=300)
# Each round lost means that another process published; ten in a row mean that something else is wrong.
ROUNDS_MAX: Final = 10
_PACKED_BYTES: Final = statuses.LIST_SIZE // 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSource:
    """One status list: where it is kept, where it is found, and what it says now."""

    kind: str
    name: str
    address: str
    packed: Callable[[Transaction], bytes]


def status_list_address(prefix: str, number: int) -> str:
    """Return the address of a list: what its codes point at, by the prefix in the issuer's entry of the trust list."""
    return f"{prefix}{number}"


def refresh_status_lists(desk: Desk, *, at: datetime, only: Collection[int] | None = None) -> tuple[int, ...]:
    """Sign and keep the lists that changed or are older than `TTL`, all or only these; return their numbers."""
    with reading(desk.database) as tx:
        numbers = statuses.list_numbers(tx)
    wanted = [number for number in numbers if only is None or number in only]
    return tuple(number for number in wanted if refresh_list(desk, _source(desk, number), at=at))


def refresh_after_filing(desk: Desk, records: Sequence[LicenceRecord], *, at: datetime) -> tuple[int, ...]:
    """Publish what filing these licences asks for: lists that have none yet, and those of the replaced licences."""
    lists = {record.status_list for record in records}
    replaced = [record.replaces for record in records if record.replaces is not None]
    with reading(desk.database) as tx:
        known = {number for number in lists if artefacts.latest_sequence(tx, KIND, str(number))}
        changed = statuses.lists_of(tx, replaced) if replaced else frozenset()
    only = (lists - known) | changed
    return refresh_status_lists(desk, at=at, only=only) if only else ()


def pack_values(values: Mapping[int, StatusValue]) -> bytes:
    """Return the packed list with these places; all others say "in force"."""
    packed = bytearray(_PACKED_BYTES)
    for index, value in values.items():
        packed[index >> 2] |= value << ((index & 3) << 1)
    return bytes(packed)


def refresh_list(desk: Desk, source: ListSource, *, at: datetime) -> bool:
    """Publish one list if it needs it, and say whether it did.

    1. Read the sequence, then the places: whoever publishes between the two makes our sequence old. 2. Compare.
    3. Sign. 4. Keep, unless another one was faster: then all begins again.
    """
    for _ in range(ROUNDS_MAX):
        with reading(desk.database) as tx:
            sequence = artefacts.latest_sequence(tx, source.kind, source.name)  # (1)
            packed = source.packed(tx)
            stored = artefacts.latest(tx, source.kind, source.name)
        if not _needs(desk, stored, source.address, packed, at=at):  # (2)
            return False
        content = _sign(desk, source.address, packed, at=at)  # (3)
        with suppress(ArtefactOrderError), transaction(desk.database) as tx:
            artefacts.store(tx, source.kind, source.name, content, sequence=sequence + 1, at=at)  # (4)
            return True
    raise DatabaseBusyError


def _source(desk: Desk, number: int) -> ListSource:
    def packed(tx: Transaction) -> bytes:
        return pack_values(statuses.values(tx, number))

    address = status_list_address(desk.settings.status_prefix, number)
    return ListSource(kind=KIND, name=str(number), address=address, packed=packed)


def _needs(desk: Desk, stored: bytes | None, address: str, packed: bytes, *, at: datetime) -> bool:
    if stored is None:
        return True
    public = desk.custody.public_key(desk.key(KeyPurpose.STATUS_LIST, DEPLOYMENT))
    try:
        published = open_status_list(stored, uri=address, keys=lambda kid: trusted_alone(public, kid))
    except StatusListError:
        return True  # of an older key, or of another address
    return published.packed != packed or at - published.issued_at >= TTL


def trusted_alone(public: PublicKey, kid: bytes) -> tuple[TrustedKey, ...]:
    """Return our own key of status lists as who trusts it and no other: whether what is kept is still of this key."""
    if kid != public.kid:
        return ()
    return (
        TrustedKey(
            kid=public.kid,
            algorithm=public.algorithm,
            spki=public.spki,
            use=TRUST_LIST_USE[KeyPurpose.STATUS_LIST],
            not_before=datetime.min.replace(tzinfo=UTC),
            not_after=datetime.max.replace(tzinfo=UTC),
        ),
    )


def _sign(desk: Desk, address: str, packed: bytes, *, at: datetime) -> bytes:
    key = desk.key(KeyPurpose.STATUS_LIST, DEPLOYMENT)
    public = desk.custody.public_key(key)
    issued_at = at.replace(microsecond=0)
    status_list = StatusList(
        uri=address,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(days=desk.settings.status_days),
        ttl_seconds=int(TTL.total_seconds()),
        packed=packed,
    )
    signature = desk.custody.sign_counted(key, status_list_to_be_signed(status_list, public.kid))
    return assemble_status_list(status_list, public.kid, der_to_raw(signature))
