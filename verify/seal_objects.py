"""Electronic seals and seal signatures: read one, of GM/T 0031-2014 (V1), GB/T 38540-2020 (V4) or GM/T 0031-2025 (V5).

Promises:
  * What was signed is handed out as the very bytes that stand in the object; nothing is ever encoded again.
  * `SealError` for whatever is not of these forms; a deviation that real seals have is read, and told in `warnings`.
  * Nothing is checked against keys here; what was read is not yet trusted: see `seal_check`.

The generation follows from the number of parts and the version in the seal's header, never from a name of a file.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from verify.der import OCTET_STRING, SEQUENCE, Reader, object_identifier, read_whole, sequence, utf8_string
from verify.errors import MalformedError
from verify.mandate import Mandate
from verify.oids import MANDATE, OFFICIAL_DOCUMENT
from verify.remembered import Remembered
from verify.seal_fields import (
    CONTEXT_0,
    GENERALIZED_TIME,
    IA5_STRING,
    NUMBER_MAX,
    SEAL_BYTES_MAX,
    UTF8_STRING,
    CertificateDigest,
    Extension,
    Leniencies,
    Leniency,
    Picture,
    SealError,
    SealVersion,
    Signature,
    children,
    read_extensions,
    read_written_time,
    take_algorithm,
    take_octets,
    take_signature,
    take_text,
    take_time,
    take_timestamp,
)
from verify.seal_info import SealInfo, read_info, take_property, take_v1_property
from verify.values import LicenceId

__all__ = [
    "SIGNATURE_BYTES_MAX",
    "CertificateDigest",
    "Extension",
    "Leniency",
    "Picture",
    "Seal",
    "SealError",
    "SealSignature",
    "SealVersion",
    "Signature",
    "read_seal",
    "read_seal_signature",
]

# A seal with a certificate, a time stamp and a mandate round it.
SIGNATURE_BYTES_MAX: Final = SEAL_BYTES_MAX + (1 << 17)
# The range of what is protected, as text: a path of an OFD, or the ranges of bytes of another carrier.
PROPERTY_LENGTH_MAX: Final = 4096

_MANDATE: Final = object_identifier(MANDATE)
_OFFICIAL: Final = object_identifier(OFFICIAL_DOCUMENT)
_KNOWN: Final = frozenset({_MANDATE, _OFFICIAL})
_V1_PARTS: Final = 2
_V4_PARTS: Final = 4
_V5_PARTS: Final = 5

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One electronic seal. `created`, `valid_from` and `valid_until` are moments in UTC, as the maker wrote them.

    `certificates` or `digests` name who may sign with it. `written_version` is the number in the header, which a
    signature must repeat. `to_be_signed` is what the maker's signature covers, `raw` the whole object.
    """

    version: SealVersion
    written_version: int
    vendor: str
    code: str
    kind: int
    name: str
    certificates: tuple[bytes, ...] = field(repr=False)
    digests: tuple[CertificateDigest, ...]
    created: datetime
    valid_from: datetime
    valid_until: datetime
    picture: Picture
    extensions: tuple[Extension, ...]
    maker_certificate: bytes = field(repr=False)
    to_be_signed: bytes = field(repr=False)
    signature: Signature
    timestamp: bytes | None = field(repr=False)
    raw: bytes = field(repr=False)
    warnings: tuple[Leniency, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSignature:
    """A signature made with a seal; `official` is the id of the official document that was sealed, None for a licence.

    `signed_at` is what the signer wrote: a claim, unless a time stamp bears it out. `version` is that of its form;
    that the seal is of the same one is for `seal_check` to say.
    """

    version: SealVersion
    written_version: int
    seal: Seal
    signed_at: datetime
    data_hash: bytes
    property_info: str
    mandate: Mandate | None
    official: LicenceId | None
    extensions: tuple[Extension, ...]
    signer_certificate: bytes = field(repr=False)
    to_be_signed: bytes = field(repr=False)
    signature: Signature
    timestamp: bytes | None = field(repr=False)
    raw: bytes = field(repr=False)
    warnings: tuple[Leniency, ...] = ()


def read_seal(data: bytes) -> Seal:
    """Read one seal; raises `SealError`. Its signature is not checked."""
    return _strictly(_known_seal, data, SEAL_BYTES_MAX)


def read_seal_signature(data: bytes) -> SealSignature:
    """Read one signature made with a seal; raises `SealError`. No signature is checked."""
    return _strictly(_read_seal_signature, data, SIGNATURE_BYTES_MAX)


def _strictly(read: Callable[[bytes], _Read], data: bytes, bytes_max: int) -> _Read:
    if len(data) > bytes_max:
        raise SealError("too many bytes")
    try:
        return read(data)
    except SealError:
        raise
    except MalformedError as error:
        raise SealError(error.detail) from error


# A seal comes back on all documents of its office. What is read from it refers to its picture once more than its bytes.
_SEALS: Final[Remembered[bytes, Seal]] = Remembered(bytes_max=4 << 20)
_COPIES: Final = 4


def _known_seal(data: bytes) -> Seal:
    """Return a seal, read or remembered: it stands in the file beside its signature and inside that too."""
    return _SEALS.find(data) or _SEALS.offer(data, _read_seal(data), weight=_COPIES * len(data))


def _read_seal(data: bytes) -> Seal:
    leniencies: Leniencies = set()
    parts = children(data, _V5_PARTS)
    if len(parts) == _V1_PARTS:
        return _read_v1_seal(data, parts, leniencies)
    if len(parts) < _V4_PARTS:
        raise SealError("not the parts of a seal")
    reader = read_whole(data, SEQUENCE)
    to_be_signed = reader.take_whole(SEQUENCE)
    info = read_info(to_be_signed, take_property, leniencies)
    version = _known_version(info.version)
    if len(parts) == _V5_PARTS and version is not SealVersion.V5:
        raise SealError("a time stamp in a seal of a version that has none")
    maker = reader.take(OCTET_STRING)
    take_algorithm(reader, leniencies=leniencies)
    signature = take_signature(reader, leniencies=leniencies)
    timestamp = take_timestamp(reader, leniencies=leniencies)
    reader.end()
    return _seal(version, info, (maker, to_be_signed, signature, timestamp, data), leniencies)


def _read_v1_seal(data: bytes, parts: tuple[bytes, ...], leniencies: Leniencies) -> Seal:
    """Read a seal of 2014: its maker signs description, certificate and algorithm, as one SEQUENCE."""
    information, signed = parts
    info = read_info(information, take_v1_property, leniencies)
    reader = read_whole(signed, SEQUENCE)
    certificate = reader.take_whole(OCTET_STRING)
    algorithm = take_algorithm(reader, leniencies=leniencies)
    signature = take_signature(reader, leniencies=leniencies)
    reader.end()
    maker = Reader(certificate).take(OCTET_STRING)
    to_be_signed = sequence(information, certificate, algorithm)
    return _seal(SealVersion.V1, info, (maker, to_be_signed, signature, None, data), leniencies)


def _seal(
    version: SealVersion,
    info: SealInfo,
    signed: tuple[bytes, bytes, Signature, bytes | None, bytes],
    leniencies: Leniencies,
) -> Seal:
    maker, to_be_signed, signature, timestamp, raw = signed
    created, valid_from, valid_until = info.property.times
    if info.extensions:
        leniencies.add(Leniency.UNKNOWN_EXTENSION)
    return Seal(
        version=version,
        written_version=info.version,
        vendor=info.vendor,
        code=info.code,
        kind=info.property.kind,
        name=info.property.name,
        certificates=info.property.certificates,
        digests=info.property.digests,
        created=created,
        valid_from=valid_from,
        valid_until=valid_until,
        picture=info.picture,
        extensions=info.extensions,
        maker_certificate=maker,
        to_be_signed=to_be_signed,
        signature=signature,
        timestamp=timestamp,
        raw=raw,
        warnings=tuple(sorted(leniencies)),
    )


def _known_version(number: int) -> SealVersion:
    if number not in {SealVersion.V4, SealVersion.V5}:
        raise SealError("a version that this reader does not know")
    return SealVersion(number)


def _take_tagged_extensions(reader: Reader, leniencies: Leniencies) -> tuple[Extension, ...]:
    """Return the extensions of a signature, which stand under [0]; without it, that is noted."""
    if reader.next_tag() != CONTEXT_0:
        leniencies.add(Leniency.UNTAGGED_FIELD)
        return read_extensions(reader.take_whole(SEQUENCE))
    inside = reader.take_inside(CONTEXT_0)
    found = read_extensions(inside.take_whole(SEQUENCE))
    inside.end()
    return found


def _read_seal_signature(data: bytes) -> SealSignature:
    leniencies: Leniencies = set()
    parts = children(data, _V5_PARTS)
    if len(parts) == _V1_PARTS:
        return _read_v1_signature(data, leniencies)
    if len(parts) < _V4_PARTS:
        raise SealError("not the parts of a seal signature")
    reader = read_whole(data, SEQUENCE)
    to_be_signed = reader.take_whole(SEQUENCE)
    certificate = reader.take(OCTET_STRING)
    take_algorithm(reader, leniencies=leniencies)
    signature = take_signature(reader, leniencies=leniencies)
    timestamp = take_timestamp(reader, leniencies=leniencies)
    reader.end()
    inside = read_whole(to_be_signed, SEQUENCE)
    written_version = inside.take_integer(value_max=NUMBER_MAX)
    seal = _known_seal(inside.take_whole(SEQUENCE))
    signed_at = take_time(inside, GENERALIZED_TIME, leniencies=leniencies)
    data_hash = take_octets(inside, leniencies=leniencies)
    property_info = take_text(inside, IA5_STRING, length_max=PROPERTY_LENGTH_MAX)
    extensions = () if inside.next_tag() is None else _take_tagged_extensions(inside, leniencies)
    inside.end()
    if any(each.identifier not in _KNOWN for each in extensions):
        leniencies.add(Leniency.UNKNOWN_EXTENSION)
    return SealSignature(
        version=max(seal.version, SealVersion.V4),  # that of its form: one of 2014 has other parts
        written_version=written_version,
        seal=seal,
        signed_at=signed_at,
        data_hash=data_hash,
        property_info=property_info,
        mandate=_mandate(extensions),
        official=_official(extensions),
        extensions=extensions,
        signer_certificate=certificate,
        to_be_signed=to_be_signed,
        signature=signature,
        timestamp=timestamp,
        raw=data,
        warnings=tuple(sorted(leniencies | set(seal.warnings))),
    )


def _read_v1_signature(data: bytes, leniencies: Leniencies) -> SealSignature:
    reader = read_whole(data, SEQUENCE)
    to_be_signed = reader.take_whole(SEQUENCE)
    signature = take_signature(reader, leniencies=leniencies)
    reader.end()
    inside = read_whole(to_be_signed, SEQUENCE)
    written_version = inside.take_integer(value_max=NUMBER_MAX)
    seal = _known_seal(inside.take_whole(SEQUENCE))
    signed_at = read_written_time(take_octets(inside, leniencies=leniencies))
    data_hash = take_octets(inside, leniencies=leniencies)
    property_info = take_text(inside, IA5_STRING, length_max=PROPERTY_LENGTH_MAX)
    certificate = inside.take(OCTET_STRING)
    take_algorithm(inside, leniencies=leniencies)
    inside.end()
    return SealSignature(
        version=SealVersion.V1,
        written_version=written_version,
        seal=seal,
        signed_at=signed_at,
        data_hash=data_hash,
        property_info=property_info,
        mandate=None,
        official=None,
        extensions=(),
        signer_certificate=certificate,
        to_be_signed=to_be_signed,
        signature=signature,
        timestamp=None,
        raw=data,
        warnings=tuple(sorted(leniencies | set(seal.warnings))),
    )


def _mandate(extensions: tuple[Extension, ...]) -> Mandate | None:
    """Return the mandate among the extensions; one that cannot be read, or a second one, spoils the signature."""
    found = _only(extensions, _MANDATE)
    return None if found is None else Mandate.decode(found)


def _official(extensions: tuple[Extension, ...]) -> LicenceId | None:
    """Return the id of the official document that was sealed; of a licence there is none."""
    found = _only(extensions, _OFFICIAL)
    if found is None:
        return None
    document_id = LicenceId.parse(take_text(Reader(found), UTF8_STRING))
    if utf8_string(document_id.text) != found:
        raise SealError("a second spelling of an id")
    return document_id


def _only(extensions: tuple[Extension, ...], identifier: bytes) -> bytes | None:
    found = [each.value for each in extensions if each.identifier == identifier]
    if len(found) > 1:
        raise SealError("an extension of ours twice")
    return found[0] if found else None
