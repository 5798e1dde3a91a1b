"""Put together and publish the counter pack (`verify/pack.py`): what a counter needs to check codes offline.

Promises:
  * A new pack is signed when a part changed, or the last one is older than the status lists may be; its number is one
    higher. Of two processes that publish at once, the slower one's work is dropped.
  * For each of the last packs what is new since it lies ready, cut without a key: a counter fetches that alone.
  * The key's use is counted, not logged; no transaction is open meanwhile.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from keys.custody import DEPLOYMENT
from registry import artefacts, catalogue
from registry.db import Transaction, reading, transaction
from registry.errors import ArtefactOrderError
from signer.desk import Desk
from signer.public_lists import TRUST_LIST, TRUST_LIST_NAME
from signer.statuses import KIND as STATUS_LIST
from signer.statuses import TTL, status_list_address
from signer.trust_lists import ROOT_CHANGE
from verify import cbor
from verify.algorithms import der_to_raw
from verify.key_purpose import KeyPurpose
from verify.licence import ISSUER_ZONE
from verify.pack import (
    Manifest,
    PackFormError,
    PackType,
    assemble_manifest,
    assemble_pack,
    cut_pack,
    encode_types,
    manifest_to_be_signed,
    read_manifest,
)

PACK: Final = "pack"
PACK_NAME: Final = "counter"
SINCE: Final = "pack_since"
MANIFEST: Final = "pack_manifest"
# A counter that looks every five minutes and was shut for an hour still fetches no more than what is new.
KEPT: Final = 12


def refresh_pack(desk: Desk, *, at: datetime) -> int | None:
    """Publish a new pack if one is due, and return its number.

    1. Read parts and the last pack. 2. Compare. 3. Sign. 4. Keep the whole pack, and what is new since each one before.
    """
    with reading(desk.database) as tx:
        trust = artefacts.latest(tx, TRUST_LIST, TRUST_LIST_NAME)  # (1)
        lists = artefacts.all_latest(tx, STATUS_LIST)
        types = encode_types(_types(tx, at=at))
        changes = tuple(_pair(content) for _, content in sorted(artefacts.all_latest(tx, ROOT_CHANGE), key=_number))
        last = artefacts.latest(tx, MANIFEST, PACK_NAME)
        sequence = artefacts.latest_sequence(tx, PACK, PACK_NAME)
    if trust is None:
        return None
    prefix, issued_at = desk.settings.status_prefix, at.replace(microsecond=0)
    manifest = Manifest(
        sequence=sequence + 1,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(days=desk.settings.status_days),
        ttl_seconds=int(TTL.total_seconds()),
        trust=_digest(trust),
        lists={status_list_address(prefix, int(name)): _digest(content) for name, content in lists},
        catalogue=_digest(types),
        root_changes=tuple((_digest(old), _digest(new)) for old, new in changes),
    )
    if last is not None and not _is_due(read_manifest(last), manifest):  # (2)
        return None
    parts = (trust, types, *(content for _, content in lists), *(each for pair in changes for each in pair))
    signed = _sign(desk, manifest)  # (3)
    with suppress(ArtefactOrderError), transaction(desk.database) as tx:
        _keep(tx, manifest, signed, {_digest(each): each for each in parts}, at=at)  # (4)
        return manifest.sequence
    return None


def _types(tx: Transaction, *, at: datetime) -> dict[str, PackType]:
    day = at.astimezone(ISSUER_ZONE).date()
    types = catalogue.all_types(tx, on=day)
    return {each.code: PackType(each.name, each.name_en, each.offline_hours) for each in types}


def _is_due(last: Manifest, now: Manifest) -> bool:
    return last.digests != now.digests or last.lists != now.lists or now.issued_at - last.issued_at >= TTL


def _sign(desk: Desk, manifest: Manifest) -> bytes:
    key = desk.key(KeyPurpose.STATUS_LIST, DEPLOYMENT)
    public = desk.custody.public_key(key)
    signature = desk.custody.sign_counted(key, manifest_to_be_signed(manifest, public.kid))
    return assemble_manifest(manifest, public.kid, der_to_raw(signature))


def _keep(tx: Transaction, manifest: Manifest, signed: bytes, parts: dict[bytes, bytes], *, at: datetime) -> None:
    """Keep the pack; the manifests and the cuts go round in as many places as packs are remembered."""
    number = manifest.sequence
    artefacts.store(tx, PACK, PACK_NAME, assemble_pack(signed, parts.values()), sequence=number, at=at)
    artefacts.store(tx, MANIFEST, since_name(number), signed, sequence=number, at=at)
    for name, content in artefacts.all_latest(tx, MANIFEST):
        if name != PACK_NAME:
            cut = cut_pack(signed, parts, read_manifest(content))
            artefacts.store(tx, SINCE, name, cut, sequence=number, at=at)
    artefacts.store(tx, MANIFEST, PACK_NAME, signed, sequence=number, at=at)


def since_name(number: int) -> str:
    """Return the place at which what is new since this pack lies; after so many packs a later one takes it.

    Who is later than that finds that a part is missing, and fetches the whole pack.
    """
    return str(number % KEPT)


def _digest(part: bytes) -> bytes:
    return sha256(part).digest()


def _number(named: tuple[str, bytes]) -> int:
    return int(named[0])


def _pair(content: bytes) -> tuple[bytes, bytes]:
    match cbor.decode(content, bytes_max=len(content)):
        case [bytes(old), bytes(new)]:
            return old, new
        case _:
            raise PackFormError("a change of the root has two lists")
