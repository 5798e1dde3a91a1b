"""Bring back from the published files what must never go back: numbers of lists, what was revoked, what had ended.

Promises:
  * A trust list or revocation list is believed only when the log has the very bytes that were signed, a status list
    when its own key signed it: who can write into the published files cannot revoke anything, or bring it back to life.
  * Only what the registry does not know is added; nothing that it knows is changed, but for places in status lists that
    say "in force" while the public was told otherwise, and cut-offs that were brought forward since: a theft turned out
    to be older.
  * Done again it changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from cryptography import x509

from keys.custody import DEPLOYMENT, NATIONAL
from keys.revocation import Reason, RevokedCertificate
from registry import artefacts, leaves, recovered, statuses
from registry.db import Database, Transaction, transaction
from signer import key_register
from signer.log_files import TileStore
from signer.public_lists import REVOCATION, TRUST_LIST, TRUST_LIST_NAME, TRUST_ROOT, TRUST_ROOT_NAME
from signer.statuses import KIND as STATUS
from signer.statuses import status_list_address
from verify.cose import decode_sign1
from verify.errors import YinzhengError
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.log_entry import EntryKind
from verify.status import StatusList, StatusValue, open_status_list
from verify.trust import TRUST_LIST_BYTES_MAX, TrustList, open_trust_list

_STATUS_USE: Final = TRUST_LIST_USE[KeyPurpose.STATUS_LIST]
_PLACES_IN_BYTE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back: the trust list's number if it was newer, revoked certificates, licences that had ended."""

    trust_list: int | None
    revoked: tuple[str, ...]
    ended: tuple[str, ...]


def restore_public(database: Database, store: TileStore, *, origin: str, status_prefix: str, at: datetime) -> Restored:
    """Take from the published files what the database lacks of them; the log must have come back before.

    1. The trust list, with the cut-offs in it. 2. Numbers of revocation lists, and what was revoked. 3. What the status
    lists told of licences.
    """
    with transaction(database) as tx:
        trust = _restore_trust(tx, store, origin, at=at)  # (1)
        revoked = tuple(_restore_revocations(tx, store, origin, at=at))  # (2)
        newest = trust or _believed(tx, artefacts.latest(tx, TRUST_LIST, TRUST_LIST_NAME))
        ended = () if newest is None else tuple(_restore_statuses(tx, store, newest, status_prefix))  # (3)
    return Restored(trust_list=None if trust is None else trust.sequence, revoked=revoked, ended=ended)


def _restore_trust(tx: Transaction, store: TileStore, origin: str, *, at: datetime) -> TrustList | None:
    content = store.get(f"{TRUST_LIST_NAME}.cbor")
    trust = _believed(tx, content)
    if content is None or trust is None or not _is_logged(tx, origin, _signed_part(content)):
        return None
    if trust.sequence <= artefacts.latest_sequence(tx, TRUST_LIST, TRUST_LIST_NAME):
        return None
    artefacts.store(tx, TRUST_LIST, TRUST_LIST_NAME, content, sequence=trust.sequence, at=at)
    known = {each.public.kid: each for each in key_register.all_keys(tx)}
    for issuer in trust.issuers:
        for key in issuer.keys:
            entry = known.get(key.kid)
            if entry is not None and _is_earlier(key.cut_off, entry.cut_off):
                key_register.change(tx, replace(entry, cut_off=key.cut_off), at=at)
                known[key.kid] = replace(entry, cut_off=key.cut_off)
    return trust


def _is_earlier(published: tuple[str, int] | None, kept: tuple[str, int] | None) -> bool:
    """Say whether a published cut-off is to be taken over; leaves are counted on through all names of the log."""
    return published is not None and (kept is None or published[1] < kept[1])


def _believed(tx: Transaction, content: bytes | None) -> TrustList | None:
    root = artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME)
    if content is None or root is None:
        return None
    try:
        return open_trust_list(content, root, at=datetime.min.replace(tzinfo=UTC))
    except YinzhengError:
        return None


def _signed_part(content: bytes) -> bytes:
    return decode_sign1(content, tagged=True, bytes_max=TRUST_LIST_BYTES_MAX).to_be_signed


def _is_logged(tx: Transaction, origin: str, to_be_signed: bytes) -> bool:
    return leaves.find_by_digest(tx, origin, sha256(to_be_signed).digest(), EntryKind.INTENT) is not None


def _restore_revocations(tx: Transaction, store: TileStore, origin: str, *, at: datetime) -> Iterator[str]:
    """Take over newer lists of our own authorities, and yield the serials that were revoked in the lost part."""
    for name, kept in artefacts.all_latest(tx, REVOCATION):
        content = store.get(f"{name}.crl")
        if content is None or content == kept:
            continue
        try:
            parsed = x509.load_der_x509_crl(content)
            number = parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
            continue
        if number <= artefacts.latest_sequence(tx, REVOCATION, name):
            continue
        if not _is_logged(tx, origin, parsed.tbs_certlist_bytes):  # an outside authority's, or a forgery
            continue
        artefacts.store(tx, REVOCATION, name, content, sequence=number, at=at)
        authority = NATIONAL if name.partition("-")[0] == NATIONAL else DEPLOYMENT
        for each in parsed:
            if key_register.revoke(tx, _revoked(each), authority=authority, at=at):
                yield f"{each.serial_number:x}"


def _revoked(entry: x509.RevokedCertificate) -> RevokedCertificate:
    try:
        reason = Reason(entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name)
    except (ValueError, x509.ExtensionNotFound):
        reason = Reason.UNSPECIFIED
    return RevokedCertificate(serial_number=entry.serial_number, revoked_at=entry.revocation_date_utc, reason=reason)


def _restore_statuses(tx: Transaction, store: TileStore, trust: TrustList, prefix: str) -> Iterator[str]:
    """Yield the licences that the public was told had ended, while the registry thinks otherwise."""
    for number in statuses.list_numbers(tx):
        published = _status_list(store.get(f"status/{number}"), trust, prefix, number)
        if published is None:
            continue
        kept = _status_list(artefacts.latest(tx, STATUS, str(number)), trust, prefix, number)
        if kept is None or published.issued_at >= kept.issued_at:
            yield from recovered.keep_status(tx, number, dict(_told(published)))


def _status_list(content: bytes | None, trust: TrustList, prefix: str, number: int) -> StatusList | None:
    try:
        return (
            None
            if content is None
            else open_status_list(
                content,
                uri=status_list_address(prefix, number),
                keys=lambda kid: [key for _, key in trust.keys_for(kid, _STATUS_USE)],
            )
        )
    except YinzhengError:
        return None


def _told(published: StatusList) -> Iterator[tuple[int, StatusValue]]:
    """Yield the places that do not say "in force"."""
    for place, packed in enumerate(published.packed):
        if packed:
            for index in range(place * _PLACES_IN_BYTE, (place + 1) * _PLACES_IN_BYTE):
                value = published.value(index)
                if value is not StatusValue.IN_FORCE:
                    yield index, value
