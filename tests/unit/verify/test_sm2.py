"""SM2 and SM3 in Python alone: the standard's vectors, one spelling, and the faster checker that must prove itself."""

from collections.abc import Iterator

import gmssl_pyx
import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.sm2_gmssl import GmsslSm2
from keys.sm2_key import Sm2PrivateKey
from verify.der import integer, sequence
from verify.sm2 import (
    GENERATOR,
    NUMBER_BYTES,
    SPKI_HEAD,
    FasterCheckError,
    N,
    P,
    encode_signature,
    encode_sm2_key,
    fits_without_id,
    identity_digest,
    load_sm2_key,
    sm3,
    use_faster,
)

# GB/T 32918.5, appendix.
POINT = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
MESSAGE = b"message digest"
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
SPKI = encode_sm2_key(POINT)
SIGNATURE = encode_signature(R, S)
KEY = load_sm2_key(SPKI)


def refuse(signature: bytes, message: bytes = MESSAGE) -> None:
    with pytest.raises(InvalidSignature):
        KEY.verify(signature, message)


@pytest.fixture
def python_again() -> Iterator[None]:
    """Whatever a test takes as its checker, the next one has Python's."""
    yield
    use_faster(None)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
        (MESSAGE, "c522a942e89bd80d97dd666e7a5531b36188c9817149e9b258dfe51ece98ed77"),
    ],
)
def test_sm3_gives_the_digests_of_the_standard(data: bytes, digest: str) -> None:
    assert sm3(data).hex() == digest


def test_the_vector_of_the_standard_holds_step_by_step() -> None:
    assert SIGNATURE.hex() == (
        "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
        "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
    )
    assert SPKI.hex().startswith("3059301306072a8648ce3d020106082a811ccf5501822d0342000409f9df31")
    assert KEY.prefix.hex() == "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
    assert KEY.digest(MESSAGE).hex() == "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
    KEY.verify(SIGNATURE, MESSAGE)


@pytest.mark.parametrize(
    "signature",
    [
        encode_signature(S, R),
        encode_signature(0, S),
        encode_signature(R, 0),
        encode_signature(R, N),
        encode_signature(N, S),
        encode_signature(R + N, S),
        encode_signature(R, S + N),
        encode_signature(R, N - S),
        encode_signature(R, N - R),  # t would be zero
        sequence(b"\x02\x22\x00" + integer(R)[2:], integer(S)),
        sequence(integer(R), b"\x02\x20" + S.to_bytes(32, "big")),  # as a negative number
        sequence(integer(R)),
        sequence(integer(R), integer(S), integer(1)),
        b"\x30\x81\x46" + SIGNATURE[2:],
        SIGNATURE + b"\x00",
        SIGNATURE[:-1],
        R.to_bytes(32, "big") + S.to_bytes(32, "big"),
        b"",
    ],
    ids=lambda each: each.hex()[:12] + f"_{len(each)}",
)
def test_what_is_no_signature_in_its_one_spelling_is_refused(signature: bytes) -> None:
    refuse(signature)


def test_infinity_is_no_point_that_a_signature_leads_to() -> None:
    """With the base point as key, s and t that add up to n lead to infinity."""
    number = (1).to_bytes(NUMBER_BYTES, "big")
    key = load_sm2_key(Sm2PrivateKey(number, b"".join(each.to_bytes(NUMBER_BYTES, "big") for each in GENERATOR)).spki)

    for s in (1, 2, 12345, N - 1):
        with pytest.raises(InvalidSignature):  # s G + t G with t = -s, so that r = -2 s
            key.verify(encode_signature(-2 * s % N, s), MESSAGE)


@settings(max_examples=40, deadline=None)
@given(place=st.integers(min_value=0, max_value=len(SIGNATURE) - 1), bit=st.integers(min_value=0, max_value=7))
def test_no_bit_of_a_signature_is_free(place: int, bit: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[place] ^= 1 << bit
    refuse(bytes(changed))


@settings(max_examples=25, deadline=None)
@given(message=st.binary(max_size=300))
def test_what_another_library_signs_fits_and_no_other_message_does(message: bytes) -> None:
    provider = GmsslSm2()
    private = provider.generate()
    key, signature = load_sm2_key(private.spki), provider.signer(private)(message)

    key.verify(signature, message)
    with pytest.raises(InvalidSignature):
        key.verify(signature, message + b"\x00")
    with pytest.raises(InvalidSignature):
        KEY.verify(signature, message)


@pytest.mark.parametrize(
    "spki",
    [
        b"",
        SPKI[:-1],
        SPKI + b"\x00",
        SPKI_HEAD + POINT[32:] + POINT[:32],
        SPKI_HEAD + bytes(64),
        SPKI_HEAD + (int.from_bytes(POINT[:32], "big") + 1).to_bytes(32, "big") + POINT[32:],
        SPKI.replace(bytes.fromhex("2a811ccf5501822d"), bytes.fromhex("2a8648ce3d030107")),
        SPKI.replace(b"\x00\x04\x09", b"\x00\x02\x09"),
        SPKI.replace(b"\x00\x04\x09", b"\x01\x04\x09"),
        SPKI_HEAD + P.to_bytes(32, "big") + POINT[32:],
        SPKI_HEAD + POINT[:32] + P.to_bytes(32, "big"),
    ],
)
def test_what_is_no_point_in_its_one_spelling_is_no_key(spki: bytes) -> None:
    with pytest.raises(ValueError, match="not a"):
        load_sm2_key(spki)


def test_coordinates_above_the_field_are_refused_also_where_they_lie_on_the_curve() -> None:
    """The point (0, sqrt b) could be written with p in place of zero."""
    b = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
    y = pow(b, (P + 1) // 4, P)
    assert y * y % P == b
    assert load_sm2_key(SPKI_HEAD + bytes(32) + y.to_bytes(32, "big"))

    with pytest.raises(ValueError, match="not a point"):
        load_sm2_key(SPKI_HEAD + P.to_bytes(32, "big") + y.to_bytes(32, "big"))


def test_a_signature_with_the_empty_id_is_known_for_what_it_is_and_refused() -> None:
    private = GmsslSm2().generate()
    point = load_sm2_key(private.spki).point
    digest = sm3(identity_digest(point, b"") + MESSAGE)
    signature = gmssl_pyx.sm2_sign_sm3_digest(private.number, digest)

    assert fits_without_id(private.spki, MESSAGE, signature)
    assert not fits_without_id(SPKI, MESSAGE, SIGNATURE)
    assert not fits_without_id(SPKI, MESSAGE, b"no signature")
    with pytest.raises(InvalidSignature):
        load_sm2_key(private.spki).verify(signature, MESSAGE)


@pytest.mark.usefixtures("python_again")
def test_a_faster_checker_is_asked_only_about_what_was_read_strictly() -> None:
    asked = []

    def check(spki: bytes, e: bytes, signature: bytes) -> bool:
        asked.append((spki, e, signature))
        return (spki, e, signature) == (SPKI, KEY.digest(MESSAGE), SIGNATURE)

    use_faster(check)
    asked.clear()

    KEY.verify(SIGNATURE, MESSAGE)
    refuse(SIGNATURE, b"another")
    refuse(SIGNATURE + b"\x00")
    refuse(encode_signature(0, S))
    assert asked == [(SPKI, KEY.digest(each), SIGNATURE) for each in (MESSAGE, b"another")]


@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.usefixtures("python_again")
def test_a_checker_that_says_the_same_of_everything_is_not_taken(*, answer: bool) -> None:
    with pytest.raises(FasterCheckError):
        use_faster(lambda _spki, _e, _signature: answer)

    KEY.verify(SIGNATURE, MESSAGE)
    refuse(SIGNATURE, b"another")
