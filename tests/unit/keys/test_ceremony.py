"""Acts on keys by two persons, and what is recorded of them."""

from datetime import timedelta

import pytest

from keys.authority import Profile
from keys.ceremony import KeyEventKind, Persons, certify, destroy, make, rotate
from keys.errors import CertificateKeyError, CertificateRequestError, KeyMissingError, TwoPersonsError
from tests.key_room import AUTHORITY, BUREAU, CODE, DOCUMENT, NOW, PERSONS, TIMESTAMP, KeyRoom
from verify import cbor
from verify.algorithms import Algorithm
from verify.key_purpose import KeyPurpose


@pytest.mark.parametrize(("first", "second"), [("", "p-002"), ("p-001", ""), ("p-001", "p-001"), (" ", "p-002")])
def test_one_person_is_not_enough(first: str, second: str) -> None:
    with pytest.raises(TwoPersonsError):
        Persons(first=first, second=second)


def test_a_made_key_is_recorded_with_both_persons(room: KeyRoom) -> None:
    event = make(room.custody, CODE, Algorithm.ES256, persons=PERSONS, at=NOW)

    assert event.kind is KeyEventKind.MADE
    assert event.public == room.custody.public_key(CODE)
    assert cbor.decode(event.record, bytes_max=1000) == {
        "event": "made",
        "key": CODE.text,
        "kid": event.public.kid,
        "algorithm": "ES256",
        "persons": ["p-001", "p-002"],
        "at": int(NOW.timestamp()),
    }


def test_rotation_makes_the_next_generation_and_leaves_the_old_one(room: KeyRoom) -> None:
    room.make(CODE)

    event = rotate(room.custody, KeyPurpose.CODE, BUREAU, algorithm=Algorithm.ES256, persons=PERSONS, at=NOW)

    assert (event.kind, event.key) == (KeyEventKind.ROTATED, CODE.next())
    assert room.custody.newest(KeyPurpose.CODE, BUREAU) == CODE.next()
    assert room.sign(CODE, b"still good")


def test_there_must_be_a_key_to_rotate(room: KeyRoom) -> None:
    with pytest.raises(KeyMissingError):
        rotate(room.custody, KeyPurpose.CODE, BUREAU, algorithm=Algorithm.ES256, persons=PERSONS, at=NOW)


def test_rotation_never_uses_a_destroyed_generation_again(room: KeyRoom) -> None:
    room.make(CODE)
    room.make(CODE.next())
    destroy(room.custody, CODE.next(), persons=PERSONS, at=NOW)

    event = rotate(room.custody, KeyPurpose.CODE, BUREAU, algorithm=Algorithm.ES256, persons=PERSONS, at=NOW)

    assert event.key.generation == 3


def test_a_destroyed_key_is_recorded_and_gone(room: KeyRoom) -> None:
    public = room.custody.public_key(room.make(CODE))

    event = destroy(room.custody, CODE, persons=PERSONS, at=NOW)

    assert (event.kind, event.public) == (KeyEventKind.DESTROYED, public)
    with pytest.raises(KeyMissingError):
        room.sign(CODE, b"code")


def test_certificates_are_logged_before_they_are_signed(room: KeyRoom) -> None:
    room.make(AUTHORITY)
    before = len(room.entries)

    event = certify(
        room.custody, room.sign, room.request(AUTHORITY, Profile.ROOT), key=AUTHORITY, persons=PERSONS, at=NOW
    )

    assert event.kind is KeyEventKind.CERTIFIED
    assert len(room.entries) == before + 1
    assert len(room.custody.chain(AUTHORITY)) == 1


def test_a_request_for_another_key_installs_nothing(room: KeyRoom) -> None:
    room.certify(room.make(AUTHORITY), Profile.ROOT)
    room.make(DOCUMENT)
    room.make(TIMESTAMP)
    request = room.request(TIMESTAMP, Profile.TIMESTAMP)

    with pytest.raises(CertificateKeyError):
        certify(room.custody, room.sign, request, key=DOCUMENT, persons=PERSONS, at=NOW)
    assert room.custody.chain(DOCUMENT) == ()


def test_after_the_authority_was_rotated_the_new_one_certifies(room: KeyRoom) -> None:
    room.certify(room.make(AUTHORITY), Profile.ROOT)
    room.make(DOCUMENT)
    old = room.request(DOCUMENT, Profile.DEPARTMENT)
    rotate(room.custody, KeyPurpose.AUTHORITY, AUTHORITY.owner, algorithm=Algorithm.ES256, persons=PERSONS, at=NOW)
    room.certify(AUTHORITY.next(), Profile.ROOT, not_after=NOW + timedelta(days=3000))

    before = len(room.entries)
    with pytest.raises(CertificateRequestError):  # both generations bear the same name
        certify(room.custody, room.sign, old, key=DOCUMENT, persons=PERSONS, at=NOW)
    assert len(room.entries) == before  # refused before anything was logged
    chain = room.certify(DOCUMENT, Profile.DEPARTMENT, issuer=room.custody.chain(AUTHORITY.next())[0])

    assert chain[1:] == room.custody.chain(AUTHORITY.next())
