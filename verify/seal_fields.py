"""Fields of electronic seals (GB/T 38540-2020, GM/T 0031): small values, and readers that note each leniency.

Promises:
  * What cannot be read raises `SealError`, whatever is wrong with it; nothing else leaves these functions.
  * A spelling that the standards do not have, and that real seals have, is read and *noted*: see `Leniency`.
  * Sizes are limited before anything is copied.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from typing import Final

from verify.algorithms import raw_to_der
from verify.der import (
    BIT_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Reader,
    object_identifier,
    read_whole,
)
from verify.errors import MalformedError

IA5_STRING: Final = 0x16
UTF8_STRING: Final = 0x0C
PRINTABLE_STRING: Final = 0x13
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
BOOLEAN: Final = 0x01
CONTEXT_0: Final = 0xA0

# The whole page of a tax bureau's seal, an OFD package inside the seal, has some 60 kB.
SEAL_BYTES_MAX: Final = 1 << 20
# A seal names the certificates of its holders; one is usual, a dozen after many renewals.
LISTED_MAX: Final = 64
EXTENSIONS_MAX: Final = 32
TEXT_LENGTH_MAX: Final = 200
# The widest sheet is A0; a seal has 42 mm.
MILLIMETRES_MAX: Final = 1189
NUMBER_MAX: Final = 0x7FFFFFFF
# The first year that two digits can name (RFC 5280, 4.1.2.5.1); so no time of a seal is near the calendar's edge.
YEAR_MIN: Final = 1950

SM2_WITH_SM3: Final = object_identifier("1.2.156.10197.1.501")
# What producers write instead, and sign with SM2 and SM3 all the same: the curve, its signature, signedData.
_OTHER_NAMES_OF_SM2: Final = frozenset(
    map(object_identifier, ("1.2.156.10197.1.301", "1.2.156.10197.1.301.1", "1.2.156.10197.6.1.4.2.2"))
)
_RAW_SIGNATURE_BYTES: Final = 64
_TRUE: Final = b"\xff"
_FALSE: Final = b"\x00"
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_GENERALIZED: Final = re.compile(rb"([0-9]{4})" + rb"([0-9]{2})" * 5 + rb"Z")
_UTC: Final = re.compile(rb"([0-9]{2})" * 6 + rb"Z")
# Seals of 2014 carry their time as text: with a letter Z in UTC, without one as clocks in China show it.
_WRITTEN: Final = re.compile(rb"([0-9]{4})-?" + rb"([0-9]{2})[-T :]?" * 4 + rb"([0-9]{2})(?:\.[0-9]{1,9})?(Z?)")
_CHINA: Final = timezone(timedelta(hours=8))
_TIME_TAGS: Final = frozenset({bytes((UTC_TIME,)), bytes((GENERALIZED_TIME,))})


class SealError(MalformedError):
    """Not an electronic seal, or not a signature made with one, of a form that we read."""

    code = "seal.malformed"


class SealVersion(IntEnum):
    """Generation of the standard: GM/T 0031-2014, GB/T 38540-2020, GM/T 0031-2025."""

    V1 = 1
    V4 = 4
    V5 = 5


class Leniency(StrEnum):
    """What was read although the standard says otherwise; the values are codes of findings."""

    RAW_SIGNATURE = "seal.raw_signature"
    UNTAGGED_FIELD = "seal.untagged_field"
    ALGORITHM_NAME = "seal.algorithm_name"
    TIME_FORM = "seal.time_form"
    FIELD_TYPE = "seal.field_type"
    LISTED_NAME = "seal.listed_name"
    UNKNOWN_EXTENSION = "seal.unknown_extension"


Leniencies = set[Leniency]
"""The leniencies that were needed so far, while one seal is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The picture of a seal: format by name (png, ofd ...), bytes, and its size on paper in millimetres."""

    kind: str
    data: bytes = field(repr=False)
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateDigest:
    """A certificate named by its digest. What `kind` says is free text in the standard; ours says SM3."""

    kind: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One extension; `identifier` is the OBJECT IDENTIFIER in DER."""

    identifier: bytes
    is_critical: bool
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature value: `value` as it is checked, `octets` as they stand there and as a time stamp covers them."""

    value: bytes = field(repr=False)
    octets: bytes = field(repr=False)


def children(data: bytes, count_max: int) -> tuple[bytes, ...]:
    """Return the values inside one SEQUENCE, each whole."""
    inside = read_whole(data, SEQUENCE)
    found: list[bytes] = []
    while (tag := inside.next_tag()) is not None:
        if len(found) == count_max:
            raise SealError("too many values")
        found.append(inside.take_whole(tag))
    return tuple(found)


def take_text(reader: Reader, tag: int, *, length_max: int = TEXT_LENGTH_MAX) -> str:
    """Return a text without control characters; IA5String and PrintableString are ASCII."""
    content = reader.take(tag)
    try:
        text = content.decode("utf-8" if tag == UTF8_STRING else "ascii")
    except UnicodeDecodeError:
        raise SealError("a text that is not of its kind") from None
    if len(text) > length_max or _CONTROL.search(text):
        raise SealError("a text that is too long, or has control characters")
    return text


def take_octets(reader: Reader, *, leniencies: Leniencies) -> bytes:
    """Return the whole octets of a BIT STRING; an OCTET STRING in its place is noted."""
    if reader.next_tag() == OCTET_STRING:
        leniencies.add(Leniency.FIELD_TYPE)
        return reader.take(OCTET_STRING)
    content = reader.take(BIT_STRING)
    if content[:1] != b"\x00":
        raise SealError("not a BIT STRING of whole octets")
    return content[1:]


def take_time(reader: Reader, tag: int, *, leniencies: Leniencies) -> datetime:
    """Return a time of this kind, in UTC and whole seconds; the other kind in its place is noted."""
    if reader.next_tag() != tag:
        leniencies.add(Leniency.TIME_FORM)
        tag = UTC_TIME if tag == GENERALIZED_TIME else GENERALIZED_TIME
    found = (_UTC if tag == UTC_TIME else _GENERALIZED).fullmatch(reader.take(tag))
    if found is None:
        raise SealError("not a time in UTC with whole seconds")
    year, *others = (int(each) for each in found.groups())
    if tag == UTC_TIME:  # RFC 5280, 4.1.2.5.1
        year += 1900 if year >= YEAR_MIN % 100 else 2000
    return _moment(year, *others)


def read_written_time(content: bytes) -> datetime:
    """Return the time that a seal signature of 2014 carries: its standard does not say in which form.

    Some write it as text, others as a value in DER. A time stamp in its place is not read.
    """
    if content[:1] in _TIME_TAGS:
        reader = Reader(content)
        try:
            moment = take_time(reader, content[0], leniencies=set())
            reader.end()
        except DerError as error:
            raise SealError(error.detail) from error
        return moment
    found = _WRITTEN.fullmatch(content)
    if found is None:
        raise SealError("a time in a form that this reader does not know")
    numbers = [int(each) for each in found.groups()[:6]]
    return _moment(*numbers, zone=UTC if found[7] else _CHINA)


def take_algorithm(reader: Reader, *, leniencies: Leniencies) -> bytes:
    """Read past the name of the signature algorithm, which is SM2 with SM3; return it whole."""
    name = reader.take_whole(OBJECT_IDENTIFIER)
    if name in _OTHER_NAMES_OF_SM2:
        leniencies.add(Leniency.ALGORITHM_NAME)
    elif name != SM2_WITH_SM3:
        raise SealError("a signature algorithm that this version does not check")
    return name


def take_signature(reader: Reader, *, leniencies: Leniencies) -> Signature:
    """Return a signature value; r and s without DER, 32 bytes each, are noted."""
    octets = take_octets(reader, leniencies=leniencies)
    if len(octets) != _RAW_SIGNATURE_BYTES or _is_der_signature(octets):
        return Signature(value=octets, octets=octets)
    leniencies.add(Leniency.RAW_SIGNATURE)
    return Signature(value=raw_to_der(octets), octets=octets)


def take_timestamp(reader: Reader, *, leniencies: Leniencies) -> bytes | None:
    """Return the time stamp at the end of a structure, if there is one; without its tag it is noted."""
    tag = reader.next_tag()
    if tag is None:
        return None
    if tag == CONTEXT_0:
        inside = reader.take_inside(CONTEXT_0)
        octets = take_octets(inside, leniencies=leniencies)
        inside.end()
        return octets
    leniencies.add(Leniency.UNTAGGED_FIELD)
    return take_octets(reader, leniencies=leniencies)


def read_extensions(data: bytes) -> tuple[Extension, ...]:
    """Read extension data; `critical` may be written although it is false, for real seals do."""
    found: list[Extension] = []
    for value in children(data, EXTENSIONS_MAX):
        reader = read_whole(value, SEQUENCE)
        identifier = reader.take_whole(OBJECT_IDENTIFIER)
        is_critical = reader.next_tag() == BOOLEAN and _take_boolean(reader)
        found.append(Extension(identifier=identifier, is_critical=is_critical, value=reader.take(OCTET_STRING)))
        reader.end()
    return tuple(found)


def _take_boolean(reader: Reader) -> bool:
    content = reader.take(BOOLEAN)
    if content not in {_TRUE, _FALSE}:
        raise SealError("not a truth value")
    return content == _TRUE


def _is_der_signature(octets: bytes) -> bool:
    try:
        inside = read_whole(octets, SEQUENCE)
        inside.take(INTEGER)
        inside.take(INTEGER)
        inside.end()
    except DerError:
        return False
    return True


def _moment(year: int, *others: int, zone: timezone = UTC) -> datetime:
    """Return a moment in UTC. Years before certificates could name one are refused: nothing was ever sealed then."""
    try:
        month, day, hour, minute, second = others
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        raise SealError("not a time of the calendar") from None
    if year < YEAR_MIN:
        raise SealError("a time before there were electronic seals")
    return moment.astimezone(UTC)
