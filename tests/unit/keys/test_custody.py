"""Names of keys, and the check of the receipt that every custody makes."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.custody import (
    ALGORITHMS,
    DEPLOYMENT,
    NATIONAL,
    WITHOUT_RECEIPT,
    KeyName,
    algorithms_of,
    authority_of,
)
from keys.errors import (
    CountedError,
    KeyNameError,
    KeysError,
    LogFirstError,
    ReceiptDigestError,
    ReceiptKeyError,
    ReceiptKindError,
    ReceiptProofError,
    ReceiptPurposeError,
)
from keys.softkeys import SoftCustody
from tests.key_room import AUTHORITY, BUREAU, CODE, DOCUMENT, PASSPHRASE, TIMESTAMP, KeyRoom
from verify.algorithms import Algorithm, SignatureError, check_signature
from verify.errors import MalformedError
from verify.key_purpose import LOG_FIRST, KeyPurpose
from verify.log_entry import EntryKind
from verify.log_proof import LogReceipt

BYTES = b"the exact bytes to be signed"
DIGEST = sha256(BYTES).digest()
SEAL_CODE = "11990000000001"


def owner_of(purpose: KeyPurpose) -> str:
    return SEAL_CODE if purpose is KeyPurpose.SEAL else DEPLOYMENT


@pytest.mark.parametrize(
    ("purpose", "owner"),
    [
        *((purpose, owner) for purpose in KeyPurpose if purpose != "seal" for owner in (DEPLOYMENT, BUREAU)),
        (KeyPurpose.SEAL, SEAL_CODE),
        (KeyPurpose.AUTHORITY, NATIONAL),
    ],
)
def test_a_key_name_is_read_as_it_was_written(purpose: KeyPurpose, owner: str) -> None:
    name = KeyName(purpose, owner, 12)

    assert KeyName.parse(name.text) == name
    assert name.next().generation == 13


@pytest.mark.parametrize(
    "text",
    [
        "",
        "document",
        f"document.{BUREAU}",
        f"document.{BUREAU}-0",
        f"document.{BUREAU}-01",
        f"document.{BUREAU}-10000",
        f"paper.{BUREAU}-1",
        "document.11999999MB28675211-1",
        "document.Deployment-1",
        f"document.../{BUREAU}-1",
        f"document.{BUREAU}-1\n",
        f"seal.{BUREAU}-1",
        "seal.deployment-1",
        "seal.1199000000000-1",
        f"document.{SEAL_CODE}-1",
        "seal_maker.national-1",
    ],
)
def test_what_is_no_key_name_is_refused(text: str) -> None:
    with pytest.raises(KeyNameError):
        KeyName.parse(text)


@pytest.mark.parametrize("generation", [0, -1, 10_000])
def test_a_generation_is_a_number_from_1(generation: int) -> None:
    with pytest.raises(KeyNameError):
        KeyName(KeyPurpose.CODE, BUREAU, generation)


def test_every_purpose_is_log_first_or_counted_and_never_both() -> None:
    assert set(KeyPurpose) == LOG_FIRST | WITHOUT_RECEIPT
    assert not LOG_FIRST & WITHOUT_RECEIPT
    assert ALGORITHMS.keys() == set(KeyPurpose)


@pytest.mark.parametrize(
    ("purpose", "owner", "algorithm"),
    [
        *(
            (purpose, owner_of(purpose), each)
            for purpose in sorted(LOG_FIRST - {"authority"})
            for each in ALGORITHMS[purpose]
        ),
        (KeyPurpose.AUTHORITY, DEPLOYMENT, Algorithm.ES256),
        (KeyPurpose.AUTHORITY, NATIONAL, Algorithm.SM2),
    ],
)
def test_a_logged_intent_is_signed_and_the_signature_fits(
    room: KeyRoom, purpose: KeyPurpose, owner: str, algorithm: Algorithm
) -> None:
    key = room.make(KeyName(purpose, owner), algorithm)

    signature = room.sign(key, BYTES)

    public = room.custody.public_key(key)
    assert public.algorithm is algorithm
    check_signature(public.algorithm, public.spki, BYTES, signature)


@pytest.mark.parametrize("purpose", sorted(WITHOUT_RECEIPT))
def test_a_counted_key_refuses_to_take_a_receipt(room: KeyRoom, purpose: KeyPurpose) -> None:
    key = KeyName(purpose, DEPLOYMENT)
    if purpose is not KeyPurpose.CHECKPOINT:
        room.make(key)

    with pytest.raises(CountedError):
        room.sign(key, BYTES)


@pytest.mark.parametrize("purpose", sorted(LOG_FIRST))
def test_a_log_first_key_refuses_to_sign_uncounted(room: KeyRoom, purpose: KeyPurpose) -> None:
    with pytest.raises(LogFirstError):
        room.custody.sign_counted(KeyName(purpose, owner_of(purpose)), BYTES)
    with pytest.raises(LogFirstError):
        room.custody.sign_counted_each(KeyName(purpose, owner_of(purpose)), (BYTES,))


def test_each_authority_has_one_algorithm_and_certifies_its_own_stack() -> None:
    assert algorithms_of(KeyPurpose.AUTHORITY, NATIONAL) == (Algorithm.SM2,)
    assert algorithms_of(KeyPurpose.AUTHORITY, DEPLOYMENT) == (Algorithm.ES256,)
    assert algorithms_of(KeyPurpose.CODE, BUREAU)[0] is Algorithm.ES256
    assert {each for each in KeyPurpose if authority_of(each) == NATIONAL} == {"seal", "seal_maker"}


def test_the_intent_of_other_bytes_is_refused(office: KeyRoom) -> None:
    receipt = office.intent(DOCUMENT, BYTES)

    with pytest.raises(ReceiptDigestError):
        office.custody.sign(DOCUMENT, BYTES + b" ", receipt=receipt)


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        (EntryKind.STATE, {1: "licence", 2: "revoke"}),
        (EntryKind.RECEIPT, None),
        (EntryKind.KEY, {1: "document", 2: b"12345678"}),
        (EntryKind.ADMIN, {1: "document"}),
        (EntryKind.ABANDONED, {1: 3}),
    ],
)
def test_an_entry_that_is_no_intent_is_refused(
    office: KeyRoom, kind: EntryKind, detail: dict[int, object] | None
) -> None:
    receipt = office.append(kind, DIGEST, detail)

    with pytest.raises(ReceiptKindError):
        office.custody.sign(DOCUMENT, BYTES, receipt=receipt)


def test_the_intent_of_another_purpose_is_refused(office: KeyRoom) -> None:
    kid = office.custody.public_key(DOCUMENT).kid
    receipt = office.append(EntryKind.INTENT, DIGEST, {1: "code", 2: kid})

    with pytest.raises(ReceiptPurposeError):
        office.custody.sign(DOCUMENT, BYTES, receipt=receipt)


def test_the_intent_of_another_key_is_refused(office: KeyRoom) -> None:
    kid = office.custody.public_key(AUTHORITY).kid
    receipt = office.append(EntryKind.INTENT, DIGEST, {1: "document", 2: kid})

    with pytest.raises(ReceiptKeyError):
        office.custody.sign(DOCUMENT, BYTES, receipt=receipt)


def test_the_receipt_of_a_log_that_is_not_known_is_refused(office: KeyRoom, tmp_path: Path) -> None:
    stranger = KeyRoom.found(tmp_path / "keys")
    stranger.make(CODE)
    receipt = stranger.intent(CODE, BYTES)

    with pytest.raises(ReceiptProofError):
        office.custody.sign(DOCUMENT, BYTES, receipt=receipt)


def test_custody_that_knows_no_log_signs_nothing(office: KeyRoom) -> None:
    custody = SoftCustody(office.folder, PASSPHRASE)

    with pytest.raises(ReceiptProofError):
        custody.sign(DOCUMENT, BYTES, receipt=office.intent(DOCUMENT, BYTES))
    assert custody.sign_counted(TIMESTAMP, BYTES)


def test_a_receipt_whose_entry_was_changed_after_logging_is_refused(office: KeyRoom) -> None:
    receipt = office.intent(DOCUMENT, b"logged")
    forged = replace(receipt, entry=receipt.entry.replace(sha256(b"logged").digest(), DIGEST))

    with pytest.raises(ReceiptProofError):
        office.custody.sign(DOCUMENT, BYTES, receipt=forged)


@pytest.fixture(scope="module")
def good_receipt(office: KeyRoom) -> bytes:
    """The text of a receipt that custody accepts."""
    receipt = office.intent(DOCUMENT, BYTES)
    assert office.custody.sign(DOCUMENT, BYTES, receipt=receipt)
    return receipt.to_text().encode()


@settings(max_examples=500, deadline=None)
@given(st.integers(min_value=0), st.integers(min_value=0, max_value=7))
def test_a_receipt_with_any_bit_flipped_is_refused(office: KeyRoom, good_receipt: bytes, place: int, bit: int) -> None:
    flipped = bytearray(good_receipt)
    flipped[place % len(flipped)] ^= 1 << bit

    try:
        receipt = LogReceipt.from_text(flipped.decode("utf-8", "surrogatepass"))
    except (MalformedError, UnicodeDecodeError):
        return  # not even a receipt

    with pytest.raises(KeysError):
        office.custody.sign(DOCUMENT, BYTES, receipt=receipt)


def test_a_signature_of_one_message_does_not_fit_another(office: KeyRoom) -> None:
    signature = office.sign(DOCUMENT, BYTES)
    public = office.custody.public_key(DOCUMENT)

    with pytest.raises(SignatureError):
        check_signature(public.algorithm, public.spki, BYTES + b" ", signature)


def test_a_receipt_allows_one_content_and_not_one_signature(room: KeyRoom) -> None:
    room.make(CODE)
    receipt = room.intent(CODE, BYTES)
    public = room.custody.public_key(CODE)

    signatures = {room.custody.sign(CODE, BYTES, receipt=receipt) for _ in range(2)}

    assert len(signatures) == 2
    for each in signatures:
        check_signature(public.algorithm, public.spki, BYTES, each)
    with pytest.raises(ReceiptDigestError):
        room.custody.sign(CODE, BYTES + b".", receipt=receipt)
