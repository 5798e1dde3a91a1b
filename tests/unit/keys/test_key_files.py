"""The form of a key file: read as written, and nothing else is read."""

import base64
import re
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.custody import KeyName
from keys.errors import KeyAlgorithmError, KeyFileError, PassphraseError
from keys.key_files import (
    FILE_BYTES_MAX,
    KeyCipher,
    ScryptCost,
    check_algorithm,
    decode_key_file,
    decode_tombstone,
    encode_key_file,
    encode_tombstone,
    make_private_key,
    open_key_file,
    public_half,
)
from keys.passphrases import DRAWN_COST, USUAL_COST
from tests.key_room import BUREAU, CODE, DOCUMENT, PASSPHRASE
from verify.algorithms import Algorithm
from verify.der import integer, object_identifier, octet_string, sequence
from verify.key_purpose import KeyPurpose

PRIVATE = make_private_key(Algorithm.ES256)
FILE = encode_key_file(DOCUMENT, PRIVATE, PASSPHRASE, DRAWN_COST)


def with_block(data: bytes, block: bytes) -> bytes:
    """Return the file with another block, and the head's digest made to fit."""
    text = re.sub(rb"SHA-256: [0-9a-f]{64}", b"SHA-256: " + sha256(block).hexdigest().encode(), data)
    head, _, rest = text.partition(b"KEY-----\n")
    return head + b"KEY-----\n" + base64.b64encode(block) + b"\n-----END" + rest.partition(b"\n-----END")[2]


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_file_opens_with_its_passphrase(algorithm: Algorithm) -> None:
    private = make_private_key(algorithm)

    file = decode_key_file(encode_key_file(DOCUMENT, private, PASSPHRASE, DRAWN_COST))

    assert file.name == DOCUMENT
    assert file.public == public_half(private)
    assert file.public.algorithm is algorithm
    assert public_half(open_key_file(file, PASSPHRASE)) == file.public


@pytest.mark.parametrize("algorithm", Algorithm)
def test_sm4_locks_a_key_file_where_national_rules_ask_for_it(algorithm: Algorithm) -> None:
    private = make_private_key(algorithm)

    file = decode_key_file(encode_key_file(DOCUMENT, private, PASSPHRASE, DRAWN_COST, KeyCipher.SM4))

    assert object_identifier("1.2.156.10197.1.104.2") in file.block
    assert public_half(open_key_file(file, PASSPHRASE)) == file.public
    with pytest.raises(PassphraseError):
        open_key_file(file, PASSPHRASE + b" ")
    other = file.block.replace(object_identifier("1.2.156.10197.1.104.2"), object_identifier("1.2.156.10197.1.104.3"))
    with pytest.raises(KeyFileError):
        open_key_file(replace(file, block=other), PASSPHRASE)


def test_an_sm2_key_under_a_wrong_passphrase_or_another_name_is_refused() -> None:
    file = decode_key_file(encode_key_file(CODE, make_private_key(Algorithm.SM2), PASSPHRASE, DRAWN_COST))

    for wrong in (b"", PASSPHRASE.swapcase()):
        with pytest.raises(PassphraseError):
            open_key_file(file, wrong)
    with pytest.raises(KeyFileError):
        open_key_file(replace(file, name=DOCUMENT), PASSPHRASE)
    with pytest.raises(KeyFileError):  # the head says that another kind of key is in the block
        open_key_file(replace(file, public=public_half(PRIVATE)), PASSPHRASE)
    with pytest.raises(KeyFileError):
        open_key_file(replace(file, public=public_half(make_private_key(Algorithm.SM2))), PASSPHRASE)


def test_the_usual_cost_takes_16_mib_and_opens_again() -> None:
    file = decode_key_file(encode_key_file(CODE, PRIVATE, PASSPHRASE, USUAL_COST))

    assert 128 * USUAL_COST.n * USUAL_COST.r == 16 << 20
    assert isinstance(open_key_file(file, PASSPHRASE), EllipticCurvePrivateKey)


def test_rsa_keys_have_3072_bits() -> None:
    private = make_private_key(Algorithm.RS256)

    assert isinstance(private, RSAPrivateKey)
    assert private.key_size == 3072


def test_two_files_of_one_key_share_no_salt_and_no_cipher_text() -> None:
    other = encode_key_file(DOCUMENT, PRIVATE, PASSPHRASE, DRAWN_COST)

    assert decode_key_file(other).block[40:] != decode_key_file(FILE).block[40:]


@pytest.mark.parametrize("wrong", [b"", PASSPHRASE.swapcase(), PASSPHRASE + b" "])
def test_a_wrong_passphrase_is_refused_as_such(wrong: bytes) -> None:
    with pytest.raises(PassphraseError):
        open_key_file(decode_key_file(FILE), wrong)


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0, max_value=len(FILE) - 1), st.integers(min_value=0, max_value=7))
def test_a_file_with_any_bit_flipped_is_damaged_and_never_a_wrong_passphrase(place: int, bit: int) -> None:
    damaged = bytearray(FILE)
    damaged[place] ^= 1 << bit

    with pytest.raises(KeyFileError):
        open_key_file(decode_key_file(bytes(damaged)), PASSPHRASE)


@settings(max_examples=50, deadline=None)
@given(st.integers(min_value=0, max_value=len(FILE) - 1))
def test_a_file_cut_anywhere_is_damaged(length: int) -> None:
    with pytest.raises(KeyFileError):
        decode_key_file(FILE[:length])


def test_a_file_longer_than_any_key_is_not_parsed() -> None:
    with pytest.raises(KeyFileError):
        decode_key_file(FILE + b"\n" * FILE_BYTES_MAX)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Name: document", b"Name: parchment"),
        (b"Algorithm: ES256", b"Algorithm: SM2"),
        (b"Algorithm: ES256", b"Algorithm: RS256"),
        (b"Public-Key: MF", b"Public-Key: M="),
        (b"-----\nMI", b"-----\nM="),
    ],
)
def test_a_head_that_contradicts_itself_is_refused(old: bytes, new: bytes) -> None:
    assert old in FILE

    with pytest.raises(KeyFileError):
        decode_key_file(FILE.replace(old, new))


def test_a_file_renamed_to_another_purpose_does_not_open() -> None:
    renamed = FILE.replace(b"Name: document.", b"Name: code.")

    with pytest.raises(KeyFileError, match="another name"):
        open_key_file(decode_key_file(renamed), PASSPHRASE)


def test_a_head_with_another_public_key_does_not_open() -> None:
    other = base64.b64encode(public_half(make_private_key(Algorithm.ES256)).spki)
    swapped = re.sub(rb"Public-Key: [^\n]+", b"Public-Key: " + other, FILE)

    with pytest.raises(KeyFileError, match="another key"):
        open_key_file(decode_key_file(swapped), PASSPHRASE)


@pytest.mark.parametrize(
    ("n", "r", "p"),
    [(1 << 15, 8, 1), (512, 8, 1), (1000, 8, 1), (1024, 0, 1), (1024, 9, 1), (1024, 8, 0), (1024, 8, 65)],
)
def test_a_cost_outside_the_limits_is_refused(n: int, r: int, p: int) -> None:
    with pytest.raises(KeyFileError):
        ScryptCost(n=n, r=r, p=p)


def test_a_file_that_demands_more_memory_than_allowed_is_refused_before_any_work() -> None:
    block = decode_key_file(FILE).block
    greedy = block.replace(integer(1024) + integer(8), integer(1 << 14) + integer(127))

    with pytest.raises(KeyFileError):
        open_key_file(decode_key_file(with_block(FILE, greedy)), PASSPHRASE)


@pytest.mark.parametrize("block", [b"", b"\x30\x00", sequence(sequence(), octet_string(b"x" * 16)), b"\x04\x02ab"])
def test_a_block_of_another_form_is_refused(block: bytes) -> None:
    with pytest.raises(KeyFileError):
        open_key_file(decode_key_file(with_block(FILE, block or b"\x00")), PASSPHRASE)


def test_another_cipher_or_derivation_is_refused() -> None:
    block = decode_key_file(FILE).block
    aes_128 = block.replace(bytes.fromhex("60864801650304012a"), bytes.fromhex("608648016503040102"))

    assert aes_128 != block
    with pytest.raises(KeyFileError):
        open_key_file(decode_key_file(with_block(FILE, aes_128)), PASSPHRASE)


def test_a_tombstone_keeps_name_and_public_half() -> None:
    public = public_half(PRIVATE)

    assert decode_tombstone(encode_tombstone(DOCUMENT, public)) == (DOCUMENT, public)
    with pytest.raises(KeyFileError):
        decode_tombstone(FILE)


def test_only_the_algorithms_of_a_purpose_are_allowed() -> None:
    check_algorithm(Algorithm.ES256, (Algorithm.ES256, Algorithm.RS256))
    with pytest.raises(KeyAlgorithmError):
        check_algorithm(Algorithm.ED25519, (Algorithm.ES256, Algorithm.RS256))


def test_the_longest_name_fits_the_head() -> None:
    name = KeyName(KeyPurpose.PRESENTATION, BUREAU, 9999)

    assert decode_key_file(encode_key_file(name, PRIVATE, PASSPHRASE, DRAWN_COST)).name == name
