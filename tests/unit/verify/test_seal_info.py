"""What a maker says in a seal: each part in its form, and nothing beside it."""

from datetime import UTC, datetime

import pytest

from tests.seal_room import SealRoom, header, info_parts, listed, property_parts, seal_parts, utc_time, v1_seal
from verify.der import generalized_time, integer, octet_string, sequence, tlv
from verify.seal_objects import CertificateDigest, Leniency, SealError, read_seal

DAY = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def picture(kind: bytes = b"png", data: bytes = b"", width: bytes = b"\x2a", more: bytes = b"") -> bytes:
    return sequence(tlv(0x16, kind), octet_string(data), tlv(0x02, width), integer(42), more)


def v1_info(room: SealRoom, **changes: bytes) -> bytes:
    parts = {"list_kind": b"", "created": utc_time(DAY), "valid_from": utc_time(DAY), "valid_until": utc_time(DAY)}
    return info_parts(room, header=header(1), property=property_parts(room, **(parts | changes)))


def test_a_list_of_digests_is_read(room: SealRoom) -> None:
    digest = sequence(tlv(0x13, b"SM3"), octet_string(b"digest"))
    properties = property_parts(room, list_kind=integer(2), list=sequence(digest, digest))

    seal = read_seal(seal_parts(room, info_parts(room, property=properties)))

    assert (seal.certificates, seal.digests) == ((), (CertificateDigest(kind="SM3", value=b"digest"),) * 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": tlv(0x02, b"\x00\x01")},
        {"kind": tlv(0x02, b"\x00\x80\x00\x00\x00")},
        {"name": tlv(0x0C, b"\xff")},
        {"name": tlv(0x0C, b"a\nb")},
        {"name": tlv(0x16, b"a")},
        {"list_kind": integer(0)},
        {"list_kind": integer(3)},
        {"list_kind": integer(2)},
        {"list_kind": b""},
        {"list_kind": integer(2), "list": sequence(sequence(tlv(0x16, b"SM3"), octet_string(b"")))},
        {"list_kind": integer(2), "list": sequence(sequence(tlv(0x13, b"SM3"), octet_string(b""), b"\x05\x00"))},
        {"list": sequence(b"\x05\x00")},
        {"list": listed(*[b"x"] * 65)},
        {"list": octet_string(b"x")},
        {"created": b""},
        {"created": tlv(0x18, b"20260101000000+0800")},
        {"more": integer(1)},
    ],
)
def test_other_properties_are_refused(room: SealRoom, changes: dict[str, bytes]) -> None:
    with pytest.raises(SealError):
        read_seal(seal_parts(room, info_parts(room, property=property_parts(room, **changes))))


@pytest.mark.parametrize(
    "changes",
    [
        {"header": header(4, identifier=b"SE")},
        {"header": header(4, vendor=b"\xc3\xa9")},
        {"header": header(4) + b"\x05\x00"},
        {"header": sequence(tlv(0x16, b"ES"), integer(4), tlv(0x16, b"V"), integer(1))},
        {"code": tlv(0x0C, b"1")},
        {"code": tlv(0x16, b"1" * 201)},
        {"picture": picture(kind=b"p\x00g")},
        {"picture": picture(width=b"\xff")},
        {"picture": picture(width=b"\x04\xa6")},  # 1,190
        {"picture": picture(more=integer(1))},
        {"extensions": tlv(0xA0, sequence())},
        {"more": sequence(), "extensions": sequence()},
    ],
)
def test_another_description_is_refused(room: SealRoom, changes: dict[str, bytes]) -> None:
    with pytest.raises(SealError):
        read_seal(seal_parts(room, info_parts(room, **changes)))


def test_the_largest_picture_and_an_empty_one_are_read(room: SealRoom) -> None:
    seal = read_seal(seal_parts(room, info_parts(room, picture=picture(kind=b"OFD", width=b"\x04\xa5"))))

    assert (seal.picture.kind, seal.picture.data, seal.picture.width_mm) == ("OFD", b"", 1189)


def test_times_of_the_other_kind_are_read_and_told(room: SealRoom) -> None:
    new = read_seal(seal_parts(room, info_parts(room, property=property_parts(room, created=utc_time(DAY)))))
    old = read_seal(v1_seal(room, v1_info(room, created=generalized_time(DAY))))

    assert (new.created, new.warnings) == (DAY, (Leniency.TIME_FORM,))
    assert (old.created, old.warnings) == (DAY, (Leniency.TIME_FORM,))


def test_a_name_in_the_list_of_2014_names_nobody_and_is_told(room: SealRoom) -> None:
    names = sequence(tlv(0x16, b"user-1"), octet_string(b"certificate"))

    seal = read_seal(v1_seal(room, v1_info(room, list=names)))

    assert (seal.certificates, seal.warnings) == ((b"certificate",), (Leniency.LISTED_NAME,))


@pytest.mark.parametrize("item", [b"\x05\x00", sequence()])
def test_other_items_in_the_list_of_2014_are_refused(room: SealRoom, item: bytes) -> None:
    with pytest.raises(SealError):
        read_seal(v1_seal(room, v1_info(room, list=sequence(item))))
