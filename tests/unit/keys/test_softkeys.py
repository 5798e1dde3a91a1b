"""Custody in files: makes, finds, signs, counts, destroys; shows nothing."""

import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keys import sm2
from keys.authority import Profile
from keys.custody import DEPLOYMENT, NATIONAL, KeyName
from keys.errors import (
    CertificateKeyError,
    CustodyAccessError,
    KeyAlgorithmError,
    KeyExistsError,
    KeyFileError,
    KeyMissingError,
    PassphraseError,
)
from keys.key_files import KeyCipher, decode_key_file, encode_key_file, open_key_file, public_half
from keys.passphrases import DRAWN_COST, USUAL_COST
from keys.sm2_key import Sm2PrivateKey
from keys.softkeys import SoftCustody, create_key, read_public_key
from tests.key_room import (
    AUTHORITY,
    BUREAU,
    CHECKPOINT,
    CODE,
    DOCUMENT,
    NOW,
    PASSPHRASE,
    SEAL,
    TIMESTAMP,
    KeyRoom,
)
from verify.algorithms import Algorithm, check_signature
from verify.der import integer, object_identifier
from verify.key_purpose import KeyPurpose

STATUS = KeyName(KeyPurpose.STATUS_LIST, DEPLOYMENT)


def test_a_key_under_a_chosen_passphrase_is_stretched_and_opens(tmp_path: Path) -> None:
    chosen = b"four words of dice"
    create_key(tmp_path / "keys", chosen, CODE, Algorithm.ES256)

    file = decode_key_file((tmp_path / "keys" / f"{CODE.text}.key").read_bytes())

    assert b"".join(integer(each) for each in USUAL_COST.numbers) in file.block
    assert public_half(open_key_file(file, chosen)) == read_public_key(tmp_path / "keys", CODE)


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.RS256])
def test_document_keys_sign_with_either_algorithm(room: KeyRoom, algorithm: Algorithm) -> None:
    room.make(DOCUMENT, algorithm)

    signature = room.sign(DOCUMENT, b"attributes")

    check_signature(algorithm, room.custody.public_key(DOCUMENT).spki, b"attributes", signature)


@pytest.mark.parametrize(
    ("purpose", "algorithm"),
    [
        (KeyPurpose.CODE, Algorithm.RS256),
        (KeyPurpose.CHECKPOINT, Algorithm.ES256),
        (KeyPurpose.DOCUMENT, Algorithm.ED25519),
        (KeyPurpose.DOCUMENT, Algorithm.SM2),
        (KeyPurpose.SEAL_MAKER, Algorithm.ES256),
        (KeyPurpose.AUTHORITY, Algorithm.SM2),
    ],
)
def test_a_key_of_the_wrong_algorithm_is_not_made(room: KeyRoom, purpose: KeyPurpose, algorithm: Algorithm) -> None:
    with pytest.raises(KeyAlgorithmError):
        room.make(KeyName(purpose, BUREAU), algorithm)
    with pytest.raises(KeyAlgorithmError):
        room.make(KeyName(KeyPurpose.AUTHORITY, NATIONAL), Algorithm.ES256)
    assert room.custody.names() == {CHECKPOINT}


def test_an_sm2_key_that_is_not_that_of_its_public_half_signs_nothing(room: KeyRoom) -> None:
    mine, other = sm2.provider().generate(), sm2.provider().generate()
    swapped = Sm2PrivateKey(mine.number, other.point)
    (room.folder / f"{SEAL.text}.key").write_bytes(encode_key_file(SEAL, swapped, PASSPHRASE, DRAWN_COST))
    (room.folder / f"{SEAL.text}.key").chmod(0o600)

    with pytest.raises(KeyFileError):
        room.sign(SEAL, b"bytes")


def test_a_folder_under_national_rules_locks_its_keys_with_sm4(tmp_path: Path) -> None:
    custody = SoftCustody(tmp_path / "keys", PASSPHRASE, cipher=KeyCipher.SM4)

    custody.create(CODE, Algorithm.SM2)

    block = decode_key_file((tmp_path / "keys" / f"{CODE.text}.key").read_bytes()).block
    assert object_identifier("1.2.156.10197.1.104.2") in block


def test_a_key_is_made_once(room: KeyRoom) -> None:
    room.make(CODE)
    before = room.custody.public_key(CODE)

    with pytest.raises(KeyExistsError):
        room.make(CODE)
    assert room.custody.public_key(CODE) == before


def test_the_public_half_is_read_without_the_passphrase(room: KeyRoom) -> None:
    room.make(CODE)

    assert read_public_key(room.folder, CODE) == room.custody.public_key(CODE)


def test_a_key_that_was_never_made_is_missing(room: KeyRoom) -> None:
    with pytest.raises(KeyMissingError):
        room.custody.public_key(CODE)
    with pytest.raises(KeyMissingError):
        room.custody.newest(KeyPurpose.CODE, BUREAU)
    with pytest.raises(KeyMissingError):
        room.custody.sign_counted(STATUS, b"list")
    with pytest.raises(KeyMissingError):
        room.custody.destroy(CODE)
    assert room.custody.chain(CODE) == ()


def test_a_wrong_passphrase_is_told_and_nothing_is_signed(room: KeyRoom) -> None:
    room.make(STATUS)
    custody = SoftCustody(room.folder, b"guess")

    with pytest.raises(PassphraseError) as refused:
        custody.sign_counted(STATUS, b"list")
    assert "guess" not in str(refused.value)
    assert custody.counts() == {}


def test_a_damaged_file_is_told_from_a_wrong_passphrase(room: KeyRoom) -> None:
    path = room.folder / (room.make(STATUS).text + ".key")
    path.write_bytes(path.read_bytes().replace(b"-----\nMI", b"-----\nMJ"))

    with pytest.raises(KeyFileError):
        room.custody.sign_counted(STATUS, b"list")


def test_a_file_moved_to_another_name_is_refused(room: KeyRoom) -> None:
    room.make(CODE)
    (room.folder / f"{CODE.text}.key").rename(room.folder / f"{DOCUMENT.text}.key")

    with pytest.raises(KeyFileError):
        room.custody.public_key(DOCUMENT)


def test_a_key_file_that_others_can_read_is_refused(room: KeyRoom) -> None:
    room.make(STATUS)
    (room.folder / f"{STATUS.text}.key").chmod(0o644)

    with pytest.raises(CustodyAccessError):
        room.custody.sign_counted(STATUS, b"list")


def test_a_folder_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    with pytest.raises(CustodyAccessError):
        SoftCustody(tmp_path, PASSPHRASE)
    with pytest.raises(CustodyAccessError):
        create_key(tmp_path, PASSPHRASE, CODE, Algorithm.ES256)


def test_custody_prints_its_folder_and_nothing_else(room: KeyRoom) -> None:
    room.make(STATUS)
    room.custody.sign_counted(STATUS, b"list")

    shown = repr(room.custody) + str(room.custody)

    assert PASSPHRASE.decode() not in shown
    assert "0x" not in shown
    assert shown.startswith("SoftCustody(folder=")


def test_the_newest_generation_is_found_also_when_another_process_made_it(room: KeyRoom) -> None:
    room.make(CODE)
    assert room.custody.newest(KeyPurpose.CODE, BUREAU) == CODE

    create_key(room.folder, PASSPHRASE, CODE.next(), Algorithm.ES256)

    assert room.custody.newest(KeyPurpose.CODE, BUREAU) == CODE.next()
    assert room.custody.next_name(KeyPurpose.CODE, BUREAU).generation == 3
    assert room.custody.next_name(KeyPurpose.DOCUMENT, BUREAU) == DOCUMENT


def test_changes_in_quick_succession_are_all_seen(room: KeyRoom) -> None:
    key = room.make(CODE)
    for _ in range(20):
        assert room.custody.newest(KeyPurpose.CODE, BUREAU) == key
        key = key.next()
        create_key(room.folder, PASSPHRASE, key, Algorithm.ES256)

    time.sleep(0.12)  # until the listing is kept
    assert [room.custody.newest(KeyPurpose.CODE, BUREAU) for _ in range(3)] == [key] * 3
    room.make(key.next())
    assert room.custody.newest(KeyPurpose.CODE, BUREAU) == key.next()


def test_generations_are_compared_as_numbers(room: KeyRoom) -> None:
    for generation in (9, 10):
        room.make(replace(CODE, generation=generation))

    assert room.custody.newest(KeyPurpose.CODE, BUREAU).generation == 10


def test_uses_are_counted_per_key_and_by_many_threads(room: KeyRoom) -> None:
    webhook = KeyName(KeyPurpose.WEBHOOK, DEPLOYMENT)
    room.make(STATUS)
    room.make(webhook)

    def sign() -> None:
        for _ in range(50):
            room.custody.sign_counted(STATUS, b"list")
        room.custody.sign_counted_each(webhook, (b"event", b"other"))

    threads = [threading.Thread(target=sign) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert room.custody.counts() == {STATUS.text: 200, webhook.text: 8, CHECKPOINT.text: 1}


def test_each_of_a_round_gets_its_own_signature_in_its_place(room: KeyRoom) -> None:
    public, messages = room.custody.public_key(room.make(STATUS)), (b"first", b"second", b"")

    signatures = room.custody.sign_counted_each(STATUS, messages)

    for message, signature in zip(messages, signatures, strict=True):
        check_signature(public.algorithm, public.spki, message, signature)
    assert room.custody.sign_counted_each(STATUS, ()) == ()


def test_log_first_uses_are_not_counted_twice(room: KeyRoom) -> None:
    room.make(CODE)
    room.sign(CODE, b"code")

    assert CODE.text not in room.custody.counts()


def test_a_destroyed_key_signs_no_more_and_its_name_is_never_used_again(room: KeyRoom) -> None:
    room.make(STATUS)
    public = room.custody.public_key(STATUS)
    room.custody.sign_counted(STATUS, b"list")

    assert room.custody.destroy(STATUS) == public

    with pytest.raises(KeyMissingError):
        room.custody.sign_counted(STATUS, b"list")
    with pytest.raises(KeyMissingError):
        room.custody.destroy(STATUS)
    with pytest.raises(KeyExistsError):
        room.make(STATUS)
    assert STATUS not in room.custody.names()
    assert room.custody.next_name(KeyPurpose.STATUS_LIST, DEPLOYMENT) == STATUS.next()


def test_a_key_that_another_process_destroyed_signs_no_more(room: KeyRoom) -> None:
    room.make(STATUS)
    other = SoftCustody(room.folder, PASSPHRASE)
    other.sign_counted(STATUS, b"list")

    room.custody.destroy(STATUS)

    with pytest.raises(KeyMissingError):
        other.sign_counted(STATUS, b"list")
    with pytest.raises(KeyMissingError):
        other.sign_counted_each(STATUS, (b"list",))


def test_a_destruction_that_a_crash_broke_off_is_finished_by_the_next_call(room: KeyRoom) -> None:
    room.make(STATUS)
    public = room.custody.public_key(STATUS)
    path = room.folder / f"{STATUS.text}.key"
    before = path.read_bytes()
    room.custody.destroy(STATUS)
    path.write_bytes(before[:40])  # as after a crash: the tombstone stands, the file is half overwritten

    assert STATUS not in room.custody.names()
    assert room.custody.destroy(STATUS) == public
    assert not path.exists()


def test_certificates_are_installed_beside_the_key_and_replaced(room: KeyRoom) -> None:
    room.certify(room.make(AUTHORITY), Profile.ROOT)
    first = room.certify(room.make(DOCUMENT), Profile.DEPARTMENT)

    second = room.certify(DOCUMENT, Profile.DEPARTMENT)

    assert first[0] != second[0]
    assert room.custody.chain(DOCUMENT) == second
    assert second[1:] == room.custody.chain(AUTHORITY)


def test_a_certificate_that_does_not_fit_leaves_the_old_one_in_place(office: KeyRoom) -> None:
    before = office.custody.chain(DOCUMENT)

    with pytest.raises(CertificateKeyError):
        office.custody.install(
            DOCUMENT,
            office.custody.chain(TIMESTAMP),
            anchors=office.custody.chain(AUTHORITY),
            at=NOW + timedelta(days=1),
        )
    assert office.custody.chain(DOCUMENT) == before
