import hashlib
import zlib

from hypothesis import given
from hypothesis import strategies as st

from signer.page.packed import Packed


@given(st.binary(max_size=5000))
def test_one_deflate_stream_serves_pdf_and_zip(content: bytes) -> None:
    packed = Packed(content)

    assert zlib.decompress(packed.zlib_stream) == content
    assert zlib.decompress(packed.deflated, wbits=-15) == content
    assert packed.zlib_stream[2:-4] == packed.deflated


@given(st.binary(max_size=5000))
def test_checksum_and_digest_are_those_of_zip_and_of_sm3(content: bytes) -> None:
    packed = Packed(content)

    assert packed.checksum == zlib.crc32(content)
    assert packed.digest == hashlib.new("sm3", content).digest()


def test_what_was_computed_is_kept() -> None:
    packed = Packed(b"a" * 100)

    assert packed.zlib_stream is packed.zlib_stream
    assert packed.digest is packed.digest
