"""A root key as a file, and what is refused as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli.offline import decode_public_key, encode_public_key
from verify.trust import TrustListFormError


@given(st.binary(min_size=1, max_size=400))
def test_a_public_key_in_pem_is_read_back(spki: bytes) -> None:
    assert decode_public_key(encode_public_key(spki)) == spki


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"-----BEGIN PUBLIC KEY-----\n", encode_public_key(b"key").replace(b"PUBLIC", b"PRIVATE"),
     b"-----BEGIN PUBLIC KEY-----\n*\n-----END PUBLIC KEY-----\n"],
)  # fmt: skip
def test_what_is_no_public_key_is_refused(content: bytes) -> None:
    with pytest.raises(TrustListFormError):
        decode_public_key(content)
