"""Writing seals and seal signatures: byte for byte as computed by an independent encoder, and readable without warning."""

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.key_room import NOW
from tests.seal_room import MANDATE, ORIGINAL, PLACE, SealRoom
from verify.seal_encoding import (
    SealDraft,
    assemble_seal,
    assemble_seal_signature,
    digest_of,
    seal_signature_to_be_signed,
    seal_to_be_signed,
)
from verify.seal_objects import Picture, SealError, SealVersion, read_seal, read_seal_signature
from verify.sm2 import encode_signature, sm3

# The structure vectors of the notes on GB/T 38540: key and k of GB/T 32918.5, a placeholder for the certificates.
CERTIFICATE = bytes.fromhex("deadbeef")
INFO = bytes.fromhex(
    "3081ae301116024553020104160859494e5a48454e47160e3131303130313030303030303031"
    "30720201010c0ce6b58be8af95e58db0e7aba0020102302930271303534d33042070e2d0cd11"
    "0896779160294b3beb197292940b4354b5af248200dec7da7556ae180f323032363031303130"
    "30303030305a180f32303236303130313030303030305a180f32303331303130313030303030"
    "305a30151603504e47040889504e470d0a1a0a02012a02012a"
)
MAKER_SIGNATURE = encode_signature(
    0x51C6922E331091CEF0E41462E51CD292C74B201470C38004474AC4E56DC0B6E7,
    0x5240B146A8C9311AB6DFC0E4EC17DAF39A399F98E3456E38A6D4D71B13C97D8C,
)
SIGNER_SIGNATURE = encode_signature(
    0x418BD5F98A6C98720E955B0806B7AF318D76DA439F714A6FE218281CF6822A0C,
    0x96FC2B3B4CCBAFE1A8B1FCBDBB57F10ABBA4EBAA1023E8E58C7B69467DF75FFB,
)
SIGNED_DIGEST = "b65a0fc679dee810791e1acc17ffa8fddaec770f2d6a85556aedf781b0db367e"
SIGNATURE_DIGEST = "5bb678e24c99b8a5f033a73dbc3740a477e0230b686f712a3febb072f3a6e71a"
TIMES = st.integers(0, 10**9).map(lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)


def draft(**changes: Any) -> SealDraft:
    terms: dict[str, Any] = {
        "code": "11010100000001",
        "vendor": "YINZHENG",
        "kind": 1,
        "name": "测试印章",
        "digests": (digest_of(CERTIFICATE),),
        "created": datetime(2026, 1, 1, tzinfo=UTC),
        "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
        "valid_until": datetime(2031, 1, 1, tzinfo=UTC),
        "picture": Picture(kind="PNG", data=bytes.fromhex("89504e470d0a1a0a"), width_mm=42, height_mm=42),
    }
    return SealDraft(**(terms | changes))


def vector_seal() -> bytes:
    return assemble_seal(INFO, CERTIFICATE, MAKER_SIGNATURE)


def vector_signed() -> bytes:
    return seal_signature_to_be_signed(
        vector_seal(),
        signed_at=datetime(2026, 2, 1, 8, 30, tzinfo=UTC),
        data_hash=sm3(b"abc"),
        property_info=PLACE,
        mandate=None,
    )


def test_the_description_of_a_seal_is_that_of_the_vector() -> None:
    assert seal_to_be_signed(draft()) == INFO


def test_the_seal_is_that_of_the_vector() -> None:
    seal = vector_seal()

    assert len(seal) == 270
    assert seal.startswith(
        bytes.fromhex("3082010a") + INFO + bytes.fromhex("0404deadbeef06082a811ccf550183750347003044")
    )
    assert seal.endswith(MAKER_SIGNATURE)


def test_the_seal_signature_is_that_of_the_vector() -> None:
    signed = vector_signed()
    signature = assemble_seal_signature(signed, CERTIFICATE, SIGNER_SIGNATURE)

    assert (len(signed), sm3(signed).hex()) == (364, SIGNED_DIGEST)
    assert (len(signature), sm3(signature).hex()) == (458, SIGNATURE_DIGEST)


def test_a_time_stamp_stands_at_the_end_under_its_tag() -> None:
    signature = assemble_seal_signature(vector_signed(), CERTIFICATE, b"\x30\x00", b"\x01\x02")

    assert signature.endswith(bytes.fromhex("0303003000" + "a0050303000102"))


def test_what_was_written_is_read_without_a_warning(room: SealRoom) -> None:
    read = read_seal_signature(room.sign())

    assert (read.warnings, read.seal.warnings) == ((), ())
    assert read.mandate == MANDATE
    assert (read.signed_at, read.property_info, read.data_hash) == (NOW, PLACE, sm3(ORIGINAL))
    assert read.signer_certificate == room.bureau.certificate


DRAFTS = st.builds(
    lambda begin, **changes: draft(valid_from=begin, valid_until=begin + timedelta(days=1), digests=(), **changes),
    begin=TIMES,
    created=TIMES,
    name=st.text(st.characters(exclude_categories=("C",)), max_size=50),
    vendor=ASCII,
    kind=st.integers(0, 2**31 - 1),
    version=st.sampled_from([SealVersion.V4, SealVersion.V5]),
    certificates=st.lists(st.binary(max_size=40), min_size=1, max_size=5).map(tuple),
    picture=st.builds(
        Picture,
        kind=ASCII,
        data=st.binary(max_size=500),
        width_mm=st.integers(0, 1189),
        height_mm=st.integers(0, 1189),
    ),
)


@given(DRAFTS)
def test_reading_is_the_inverse_of_writing(wanted: SealDraft) -> None:
    written = seal_to_be_signed(wanted)

    read = read_seal(assemble_seal(written, b"maker", MAKER_SIGNATURE))

    assert (read.to_be_signed, read.maker_certificate, read.warnings) == (written, b"maker", ())
    for each in fields(SealDraft):
        assert getattr(read, each.name) == getattr(wanted, each.name), each.name


@pytest.mark.parametrize(
    "changes",
    [
        {"digests": ()},
        {"certificates": (b"one",)},
        {"version": SealVersion.V1},
        {"valid_until": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_a_draft_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SealError):
        draft(**changes)


@pytest.mark.parametrize("changes", [{"code": "印章"}, {"vendor": "é"}])
def test_texts_that_are_to_be_ascii_are_refused_otherwise(changes: dict[str, Any]) -> None:
    with pytest.raises(SealError, match="ASCII"):
        seal_to_be_signed(draft(**changes))


def test_a_lone_surrogate_in_a_name_is_refused() -> None:
    with pytest.raises(SealError):
        seal_to_be_signed(draft(name="\ud800"))


@pytest.mark.parametrize("name", ["印\n章", "印" * 201])
def test_a_seal_that_nobody_would_read_is_not_assembled(name: str) -> None:
    with pytest.raises(SealError):
        assemble_seal(seal_to_be_signed(draft(name=name)), CERTIFICATE, MAKER_SIGNATURE)


def test_a_seal_that_would_be_read_with_a_warning_is_not_assembled() -> None:
    with pytest.raises(SealError, match=re.escape("not a seal in the form of the standard")):
        assemble_seal(INFO, CERTIFICATE, b"\x01" * 64)
