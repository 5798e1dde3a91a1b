"""What the maker says in a seal (SES_SealInfo): header, code, property, picture; alike in all versions but its list.

Promises: as those of `seal_fields`, with which it reads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from verify.der import OCTET_STRING, SEQUENCE, Reader, read_whole
from verify.seal_fields import (
    GENERALIZED_TIME,
    IA5_STRING,
    LISTED_MAX,
    MILLIMETRES_MAX,
    NUMBER_MAX,
    PRINTABLE_STRING,
    UTC_TIME,
    UTF8_STRING,
    CertificateDigest,
    Extension,
    Leniencies,
    Leniency,
    Picture,
    SealError,
    children,
    read_extensions,
    take_text,
    take_time,
)

HEADER_ID: Final = "ES"
LISTS_CERTIFICATES: Final = 1
LISTS_DIGESTS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SealProperty:
    """Kind and name of a seal, who may sign with it, and when it was made, begins and ends."""

    kind: int
    name: str
    certificates: tuple[bytes, ...]
    digests: tuple[CertificateDigest, ...]
    times: tuple[datetime, datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealInfo:
    """The part of a seal that its maker describes it with, the same in all versions but for the certificates."""

    version: int
    vendor: str
    code: str
    property: SealProperty
    picture: Picture
    extensions: tuple[Extension, ...]


def read_info(
    data: bytes, take_property: Callable[[Reader, Leniencies], SealProperty], leniencies: Leniencies
) -> SealInfo:
    """Read the whole description; `take_property` is the one of its version."""
    reader = read_whole(data, SEQUENCE)
    header = reader.take_inside(SEQUENCE)
    if take_text(header, IA5_STRING) != HEADER_ID:
        raise SealError("not the header of a seal")
    version = header.take_integer(value_max=NUMBER_MAX)
    vendor = take_text(header, IA5_STRING)
    header.end()
    code = take_text(reader, IA5_STRING)
    properties = take_property(reader.take_inside(SEQUENCE), leniencies)
    picture = _take_picture(reader.take_inside(SEQUENCE))
    extensions: tuple[Extension, ...] = ()
    if reader.next_tag() is not None:
        extensions = read_extensions(reader.take_whole(SEQUENCE))  # without a tag, in all seals
    reader.end()
    return SealInfo(
        version=version, vendor=vendor, code=code, property=properties, picture=picture, extensions=extensions
    )


def _take_picture(reader: Reader) -> Picture:
    kind = take_text(reader, IA5_STRING)
    data = reader.take(OCTET_STRING)
    width = reader.take_integer(value_max=MILLIMETRES_MAX)
    height = reader.take_integer(value_max=MILLIMETRES_MAX)
    reader.end()
    return Picture(kind=kind, data=data, width_mm=width, height_mm=height)


def take_property(reader: Reader, leniencies: Leniencies) -> SealProperty:
    """Read the property of versions 4 and 5: its list is one of certificates, or one of their digests."""
    kind = reader.take_integer(value_max=NUMBER_MAX)
    name = take_text(reader, UTF8_STRING)
    list_kind = reader.take_integer(value_max=LISTS_DIGESTS)
    listed = children(reader.take_whole(SEQUENCE), LISTED_MAX)
    certificates: tuple[bytes, ...] = ()
    digests: tuple[CertificateDigest, ...] = ()
    if list_kind == LISTS_CERTIFICATES:
        certificates = tuple(_inside(each, OCTET_STRING) for each in listed)
    elif list_kind == LISTS_DIGESTS:
        digests = tuple(map(_read_digest, listed))
    else:
        raise SealError("neither a list of certificates nor one of their digests")
    times = _take_times(reader, GENERALIZED_TIME, leniencies)
    return SealProperty(kind=kind, name=name, certificates=certificates, digests=digests, times=times)


def take_v1_property(reader: Reader, leniencies: Leniencies) -> SealProperty:
    """Read the property of version 1: a list of certificates, and times in the older form."""
    kind = reader.take_integer(value_max=NUMBER_MAX)
    name = take_text(reader, UTF8_STRING)
    listed = children(reader.take_whole(SEQUENCE), LISTED_MAX)
    named = [each for each in listed if each[0] == IA5_STRING]  # a name tells no certificate: nobody is found by it
    if named:
        leniencies.add(Leniency.LISTED_NAME)
    certificates = tuple(_inside(each, OCTET_STRING) for each in listed if each[0] != IA5_STRING)
    times = _take_times(reader, UTC_TIME, leniencies)
    return SealProperty(kind=kind, name=name, certificates=certificates, digests=(), times=times)


def _take_times(reader: Reader, tag: int, leniencies: Leniencies) -> tuple[datetime, datetime, datetime]:
    created = take_time(reader, tag, leniencies=leniencies)
    valid_from = take_time(reader, tag, leniencies=leniencies)
    valid_until = take_time(reader, tag, leniencies=leniencies)
    reader.end()
    return created, valid_from, valid_until


def _read_digest(data: bytes) -> CertificateDigest:
    reader = read_whole(data, SEQUENCE)
    kind = take_text(reader, PRINTABLE_STRING)
    value = reader.take(OCTET_STRING)
    reader.end()
    return CertificateDigest(kind=kind, value=value)


def _inside(data: bytes, tag: int) -> bytes:
    reader = Reader(data)
    content = reader.take(tag)
    reader.end()
    return content
