"""The PKCS#8 form of an SM2 key: one spelling, also OpenSSL's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.sm2_gmssl import GmsslSm2
from keys.sm2_key import Sm2PrivateKey
from verify.sm2 import N

KEY = GmsslSm2().generate()
ENCODED = KEY.to_pkcs8()


def test_a_key_is_read_as_it_was_written_and_never_printed() -> None:
    assert Sm2PrivateKey.from_pkcs8(ENCODED) == KEY
    assert ENCODED.startswith(bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420"))
    assert KEY.number.hex() not in repr(KEY)
    assert repr(KEY.number) not in repr(KEY)


@pytest.mark.parametrize("number", [0, N - 1, N, (1 << 256) - 1])
def test_a_number_out_of_its_range_is_no_key(number: int) -> None:
    with pytest.raises(ValueError, match="not the number"):
        Sm2PrivateKey(number.to_bytes(32, "big"), KEY.point)


def test_numbers_of_another_length_and_points_beside_the_curve_are_no_key() -> None:
    for number in (b"", KEY.number[:-1], b"\x00" + KEY.number):
        with pytest.raises(ValueError, match="not the number"):
            Sm2PrivateKey(number, KEY.point)
    for point in (b"", KEY.point[:-1], KEY.point[32:] + KEY.point[:32]):
        with pytest.raises(ValueError, match="not a"):
            Sm2PrivateKey(KEY.number, point)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(min_value=0, max_value=len(ENCODED) - 1), bit=st.integers(min_value=0, max_value=7))
def test_every_bit_beside_the_number_has_one_value(place: int, bit: int) -> None:
    changed = bytearray(ENCODED)
    changed[place] ^= 1 << bit
    if 36 <= place < 68:
        assert Sm2PrivateKey.from_pkcs8(bytes(changed)) != KEY
    else:
        with pytest.raises(ValueError, match="not a"):
            Sm2PrivateKey.from_pkcs8(bytes(changed))
