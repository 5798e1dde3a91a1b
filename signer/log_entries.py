"""What goes into the signing log, before it has a place and a time there (table in decisions.md section 2).

Promises: no name, no number, no personal data; only hashes, key ids and the words of the tables.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from verify.algorithms import PublicKey
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind


class EntryDraft(NamedTuple):
    """One entry to be; `licence_id` is set for the intents of a licence, which stay open until it is filed."""

    kind: EntryKind
    digest: bytes
    detail: Mapping[int, object] | None = None
    purpose: KeyPurpose | None = None
    licence_id: str | None = None


def genesis(origin: str) -> EntryDraft:
    """Return the first entry of a log: a proof needs a tree of more than one leaf, and the origin is on record."""
    return EntryDraft(kind=EntryKind.GENESIS, digest=sha256(origin.encode()).digest(), detail={1: origin})


def intent(purpose: KeyPurpose, key: PublicKey, to_be_signed: bytes) -> EntryDraft:
    """Return the intent to sign these exact bytes with this key."""
    return EntryDraft(
        kind=EntryKind.INTENT,
        digest=sha256(to_be_signed).digest(),
        detail={1: purpose.value, 2: key.kid},
        purpose=purpose,
    )


def licence_intent(
    purpose: KeyPurpose, key: PublicKey, to_be_signed: bytes, *, data_set_digest: bytes, licence_id: str
) -> EntryDraft:
    """Return the intent to sign one body of a licence; it names the salted data set and stays open until filed."""
    return EntryDraft(
        kind=EntryKind.INTENT,
        digest=sha256(to_be_signed).digest(),
        detail={1: purpose.value, 2: key.kid, 3: data_set_digest},
        purpose=purpose,
        licence_id=licence_id,
    )


def official_intent(purpose: KeyPurpose, key: PublicKey, to_be_signed: bytes, *, document_id: str) -> EntryDraft:
    """Return the intent to seal an official document; it stays open until that is filed."""
    return intent(purpose, key, to_be_signed)._replace(licence_id=document_id)


def key_event(event: str, kid: bytes, record: bytes) -> EntryDraft:
    """Return the note that something happened to a key or to the trust list."""
    return EntryDraft(kind=EntryKind.KEY, digest=sha256(record).digest(), detail={1: event, 2: kid})


def abandoned(index: int, entry: bytes) -> EntryDraft:
    """Return the note that the intent at this index never got its result."""
    return EntryDraft(kind=EntryKind.ABANDONED, digest=sha256(entry).digest(), detail={1: index})
