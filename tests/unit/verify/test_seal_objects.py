"""Reading seals and seal signatures of three generations: what is taken, what is told, and what is refused."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.key_room import NOW
from tests.seal_room import (
    MANDATE,
    PLACE,
    SealRoom,
    header,
    info_parts,
    seal_parts,
    signature_parts,
    signed_parts,
    v1_seal,
    v1_signature,
)
from verify.der import bit_string, integer, object_identifier, octet_string, sequence, tlv, utf8_string
from verify.oids import MANDATE as MANDATE_OID
from verify.oids import OFFICIAL_DOCUMENT
from verify.seal_objects import (
    SIGNATURE_BYTES_MAX,
    Leniency,
    SealError,
    SealVersion,
    read_seal,
    read_seal_signature,
)
from verify.values import LicenceId

TRUE = tlv(0x01, b"\xff")
STAMP = bit_string(b"a token")


def extension(dotted: str, *critical: bytes, value: bytes = b"x") -> bytes:
    return sequence(object_identifier(dotted), *critical, octet_string(value))


def with_extensions(*extensions: bytes) -> bytes:
    return tlv(0xA0, sequence(*extensions))


@pytest.mark.parametrize(
    ("make", "version"),
    [
        (v1_seal, SealVersion.V1),
        (SealRoom.seal, SealVersion.V4),
        (lambda room: room.seal(version=SealVersion.V5), SealVersion.V5),
    ],
)
def test_the_generation_follows_from_parts_and_header(
    room: SealRoom, make: Callable[[SealRoom], bytes], version: SealVersion
) -> None:
    seal = read_seal(make(room))

    assert (seal.version, seal.written_version, seal.warnings) == (version, version, ())
    assert (seal.created, seal.valid_from) == (NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    assert seal.certificates == (room.bureau.certificate,)


def test_what_was_signed_is_handed_out_as_it_stands_there(room: SealRoom) -> None:
    data = room.sign()
    read = read_seal_signature(data)

    assert read.raw is data
    assert data.find(read.to_be_signed) == 4
    assert read.to_be_signed.find(read.seal.raw) > 0
    assert read.seal.raw.find(read.seal.to_be_signed) == 4


def test_a_signature_of_2014_names_its_time_as_text(room: SealRoom) -> None:
    read = read_seal_signature(v1_signature(room))

    assert (read.version, read.seal.version, read.signed_at, read.property_info) == (
        SealVersion.V1,
        SealVersion.V1,
        NOW,
        PLACE,
    )
    assert (read.mandate, read.timestamp, read.warnings) == (None, None, ())


def test_a_mandate_is_read_from_its_extension(room: SealRoom) -> None:
    assert read_seal_signature(room.sign()).mandate == MANDATE
    assert read_seal_signature(room.sign(mandate=None)).mandate is None


def test_a_mandate_stands_there_once_and_can_be_read(room: SealRoom) -> None:
    one = extension(MANDATE_OID, TRUE, value=MANDATE.encode())
    for extensions in ((one, one), (extension(MANDATE_OID, TRUE, value=b"\x30\x00"),)):
        signed = signed_parts(room, extensions=with_extensions(*extensions))

        with pytest.raises(SealError):
            read_seal_signature(signature_parts(room, signed))


def test_the_id_of_an_official_document_is_read_and_no_licence_has_one(room: SealRoom) -> None:
    document = LicenceId(bytes(range(10)))

    assert read_seal_signature(room.sign()).official is None
    read = read_seal_signature(room.sign(official=document))
    assert (read.official, read.mandate, read.warnings) == (document, MANDATE, ())


@pytest.mark.parametrize(
    "value", [b"", utf8_string("short"), utf8_string(LicenceId(bytes(10)).text) + b"\x00", tlv(0x16, b"0" * 16)]
)
def test_another_id_of_an_official_document_is_refused(room: SealRoom, value: bytes) -> None:
    extensions = with_extensions(extension(OFFICIAL_DOCUMENT, TRUE, value=value))

    with pytest.raises(SealError):
        read_seal_signature(signature_parts(room, signed_parts(room, extensions=extensions)))


@pytest.mark.parametrize("critical", [(), (TRUE,), (tlv(0x01, b"\x00"),)])
def test_extensions_have_two_or_three_parts(room: SealRoom, critical: tuple[bytes, ...]) -> None:
    info = info_parts(room, extensions=sequence(extension("1.2.3", *critical)))
    signed = signed_parts(room, extensions=with_extensions(extension("1.2.3", *critical)))

    seal = read_seal(seal_parts(room, info))
    signature = read_seal_signature(signature_parts(room, signed))

    assert [each.is_critical for each in (*seal.extensions, *signature.extensions)] == [critical == (TRUE,)] * 2
    assert seal.warnings == signature.warnings == (Leniency.UNKNOWN_EXTENSION,)


def test_a_time_stamp_of_a_seal_belongs_to_version_5(room: SealRoom) -> None:
    info = info_parts(room, header=header(5))
    tagged = read_seal(seal_parts(room, info, timestamp=tlv(0xA0, STAMP)))
    bare = read_seal(seal_parts(room, info, timestamp=STAMP))

    assert (tagged.timestamp, tagged.warnings) == (b"a token", ())
    assert (bare.timestamp, bare.warnings) == (b"a token", (Leniency.UNTAGGED_FIELD,))
    with pytest.raises(SealError):
        read_seal(seal_parts(room, timestamp=tlv(0xA0, STAMP)))


def test_what_a_seal_needed_is_told_of_the_signature_too(room: SealRoom) -> None:
    seal = seal_parts(room, algorithm=object_identifier("1.2.156.10197.1.301"))

    read = read_seal_signature(signature_parts(room, signed_parts(room, seal)))

    assert read.warnings == read.seal.warnings == (Leniency.ALGORITHM_NAME,)


def test_octet_strings_in_place_of_bit_strings_are_read_and_told(room: SealRoom) -> None:
    data = v1_signature(room, time=octet_string(b"2020-01-25 15:31:56"), hash=octet_string(bytes(32)))

    read = read_seal_signature(data)

    assert (read.data_hash, read.warnings) == (bytes(32), (Leniency.FIELD_TYPE,))


@pytest.mark.parametrize(
    "changes",
    [
        {"more": integer(0)},
        {"algorithm": object_identifier("1.2.840.113549.1.1.11")},
        {"certificate": b"\x05\x00"},
        {"signature": tlv(0x03, b"\x01\x00")},
        {"signature": tlv(0x03)},
        {"timestamp": tlv(0xA0)},
        {"timestamp": tlv(0xA0, STAMP, STAMP)},
        {"timestamp": STAMP, "more": STAMP},
        {"certificate": b""},
    ],
)
def test_a_signature_with_other_parts_is_refused(room: SealRoom, changes: dict[str, bytes]) -> None:
    with pytest.raises(SealError):
        read_seal_signature(signature_parts(room, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": b""},
        {"version": tlv(0x02, b"\xff")},
        {"seal": sequence()},
        {"time": tlv(0x18, b"20260230000000Z")},
        {"time": tlv(0x18, b"20260228000000.5Z")},
        {"hash": tlv(0x03, b"\x04" + bytes(32))},
        {"property": tlv(0x16, b"/Doc_0/\xc3\xa9")},
        {"property": tlv(0x16, b"/Doc_0/\x00")},
        {"property": tlv(0x16, b"/" * 4097)},
        {"property": tlv(0x0C, b"/")},
        {"extensions": tlv(0xA0)},
        {"extensions": with_extensions(sequence())},
        {"extensions": with_extensions(extension("1.2.3", tlv(0x01, b"\x01")))},
        {"extensions": with_extensions(extension("1.2.3") + b"\x05\x00")},
        {"extensions": with_extensions(*[extension("1.2.3")] * 33)},
        {"extensions": tlv(0xA0, sequence(), sequence())},
        {"more": b"\x05\x00"},
    ],
)
def test_other_parts_of_what_is_signed_are_refused(room: SealRoom, changes: dict[str, bytes]) -> None:
    with pytest.raises(SealError):
        read_seal_signature(signature_parts(room, signed_parts(room, **changes)))


def test_a_seal_of_another_number_of_parts_is_refused() -> None:
    for count in (0, 1, 3, 6):
        data = sequence(*[integer(1)] * count)
        for read in (read_seal, read_seal_signature):
            with pytest.raises(SealError):
                read(data)


@pytest.mark.parametrize("version", [0, 1, 3, 6])
def test_a_version_that_nobody_defined_is_refused(room: SealRoom, version: int) -> None:
    with pytest.raises(SealError):
        read_seal(seal_parts(room, info_parts(room, header=header(version))))


def test_too_many_bytes_are_refused_unread() -> None:
    for read in (read_seal, read_seal_signature):
        with pytest.raises(SealError, match="too many bytes"):
            read(bytes(SIGNATURE_BYTES_MAX + 1))


@pytest.mark.parametrize("make", [SealRoom.seal, v1_seal])
def test_bytes_after_a_seal_and_a_cut_seal_are_refused(room: SealRoom, make: Callable[[SealRoom], bytes]) -> None:
    data = make(room)
    for wrong in (data + b"\x00", data[:-1], data[1:], data[:100]):
        with pytest.raises(SealError):
            read_seal(wrong)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_one_way(data: bytes) -> None:
    for read in (read_seal, read_seal_signature):
        with pytest.raises(SealError):
            read(data)
