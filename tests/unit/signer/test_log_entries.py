"""What goes into the log: hashes, key ids and the words of the tables; each kind in the form that readers demand."""

from hashlib import sha256

import pytest

from signer.log_entries import EntryDraft, abandoned, genesis, intent, key_event, licence_intent
from tests.key_room import BUREAU, DOCUMENT, NOW, KeyRoom
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry


def _entry(draft: EntryDraft) -> LogEntry:
    encoded = LogEntry(kind=draft.kind, time=NOW, digest=draft.digest, detail=draft.detail).encode()
    return LogEntry.decode(encoded)


@pytest.fixture
def room(tmp_path_factory: pytest.TempPathFactory) -> KeyRoom:
    room = KeyRoom.found(tmp_path_factory.mktemp("keys") / "keys")
    room.make(DOCUMENT)
    return room


def test_a_log_begins_with_the_name_that_it_is_known_by() -> None:
    entry = _entry(genesis("log.example/2026"))

    assert entry.kind is EntryKind.GENESIS
    assert entry.digest == sha256(b"log.example/2026").digest()
    assert entry.detail == {1: "log.example/2026"}


def test_an_intent_is_the_hash_of_the_exact_bytes_and_names_purpose_and_key(room: KeyRoom) -> None:
    public = room.custody.public_key(DOCUMENT)

    entry = _entry(intent(KeyPurpose.DOCUMENT, public, b"signed attributes"))

    assert entry.kind is EntryKind.INTENT
    assert entry.digest == sha256(b"signed attributes").digest()
    assert entry.detail == {1: "document", 2: public.kid}


def test_the_intent_of_a_licence_names_the_data_set_too_and_is_known_by_the_licence(room: KeyRoom) -> None:
    public = room.custody.public_key(DOCUMENT)

    draft = licence_intent(KeyPurpose.CODE, public, b"code", data_set_digest=bytes(32), licence_id="89RBVZ9NYCEFXWTS")

    assert _entry(draft).detail == {1: "code", 2: public.kid, 3: bytes(32)}
    assert (draft.licence_id, draft.purpose) == ("89RBVZ9NYCEFXWTS", KeyPurpose.CODE)
    assert b"89RBVZ9NYCEFXWTS" not in _entry(draft).encode()


def test_a_key_event_and_an_abandoned_intent_stand_there_as_hashes() -> None:
    event = _entry(key_event("made", b"12345678", b"the record with the persons"))
    gone = _entry(abandoned(7, b"the entry"))

    assert (event.kind, event.detail) == (EntryKind.KEY, {1: "made", 2: b"12345678"})
    assert event.digest == sha256(b"the record with the persons").digest()
    assert (gone.kind, gone.detail, gone.digest) == (EntryKind.ABANDONED, {1: 7}, sha256(b"the entry").digest())
    assert BUREAU.encode() not in event.encode()
