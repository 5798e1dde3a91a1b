"""Read Signatures.xml and Signature.xml of an OFD (GB/T 33190-2016, 18.1 and 18.2), in whatever order they stand.

Promises:
  * A place in the package is resolved here and nowhere else, and never leads out of it.
  * What is unknown or missing is refused, never guessed: no digest method, MD5, a second list, an empty list.
  * Nothing is judged: who signed and whether the digests fit is `own_ofd` and `foreign_ofd`.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from verify.errors import MalformedError
from verify.ofd_xml import Budget, Element, read_xml

# A dossier that went through ten offices; the same as in a PDF.
SIGNATURES_MAX: Final = 24
# As many as a package has entries.
REFERENCES_MAX: Final = 2_000
# A riding seal stands on each page.
STAMPS_MAX: Final = 2_000
# A place in the package, as written.
LOCATION_LENGTH_MAX: Final = 512
SM3_BYTES: Final = 32
# The object identifier of SM3, the name that ofdrw and Tongzhi write, and the identifier of SM3 with another last arc
# that dms360 writes (spec/ofd-gbt33190.md section 3).
OWN_METHOD: Final = "1.2.156.10197.1.401"
_METHODS: Final = frozenset({OWN_METHOD, "SM3", "1.2.156.10197.1.401.2"})
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# A place from the root without anything to resolve, as nearly all references are written.
_PLAIN_PLACE: Final = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")


class OfdFormError(MalformedError):
    """Not the signatures of an OFD, or in a form that is not judged."""

    code = "ofd.form"


class SignatureKind(StrEnum):
    """What the value of a signature is: a seal signature (GB/T 38540) or a bare one (GB/T 35275)."""

    SEAL = "Seal"
    SIGN = "Sign"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureEntry:
    """A line of Signatures.xml: the signature's id, its kind, and where its description stands."""

    identifier: str
    kind: SignatureKind
    path: str


class Box(NamedTuple):
    """A rectangle in millimetres."""

    x: float
    y: float
    width: float
    height: float


class Stamp(NamedTuple):
    """Where a seal is shown: id of the stamp, id of the page, the seal's box, and the part of it that is seen."""

    identifier: str
    page: str
    box: Box
    clip: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A Signature.xml: digests (SM3) by the file that they are of, stamps, and where seal and value stand."""

    path: str
    method: str
    check_method: str
    signed_at: str
    references: Mapping[str, bytes]
    stamps: tuple[Stamp, ...]
    seal_path: str | None
    value_path: str


def resolve(location: str, base: str) -> str:
    """Return the name in the package that a place means which is written in the file `base` (ST_Loc)."""
    if len(location) <= LOCATION_LENGTH_MAX and _PLAIN_PLACE.fullmatch(location):
        return location[1:]
    if not 0 < len(location) <= LOCATION_LENGTH_MAX or "\\" in location or ":" in location:
        raise OfdFormError("not a place in the package")
    parts = [] if location.startswith("/") else base.split("/")[:-1]
    for part in location.removeprefix("/").split("/"):
        if part == "..":
            if not parts:
                raise OfdFormError("a place outside the package")
            parts.pop()
        elif part != ".":
            parts.append(part)
    if not all(parts) or not parts:
        raise OfdFormError("not the place of a file")
    return "/".join(parts)


def read_signatures(data: bytes, path: str, *, budget: Budget | None = None) -> tuple[SignatureEntry, ...]:
    """Return the signatures that Signatures.xml lists, in their order. Raises `OfdFormError` or `XmlError`."""
    root = read_xml(data, "Signatures", budget=budget)
    entries = tuple(_entry(each, path) for each in root.all("Signature"))
    if len(entries) > SIGNATURES_MAX:
        raise OfdFormError("too many signatures")
    if len({each.identifier for each in entries}) != len(entries) or len({each.path for each in entries}) != len(
        entries
    ):
        raise OfdFormError("a signature stands there twice")
    return entries


def _entry(element: Element, path: str) -> SignatureEntry:
    kind = element.attributes.get("Type", SignatureKind.SEAL.value)
    if kind not in {each.value for each in SignatureKind}:
        raise OfdFormError("a signature of an unknown type")
    return SignatureEntry(
        identifier=_identifier(element.get("ID")),
        kind=SignatureKind(kind),
        path=resolve(element.get("BaseLoc"), path),
    )


def read_description(data: bytes, path: str, *, budget: Budget | None = None) -> Description:
    """Return what a Signature.xml says. Raises `OfdFormError` or `XmlError`."""
    root = read_xml(data, "Signature", budget=budget)
    info = root.one("SignedInfo")
    listed = info.one("References")
    check_method = listed.attributes.get("CheckMethod", "")
    if check_method not in _METHODS:
        raise OfdFormError("digests other than SM3, or nothing said about them")
    seal = info.find("Seal")
    method, moment = info.find("SignatureMethod"), info.find("SignatureDateTime")
    return Description(
        path=path,
        method="" if method is None else method.words,
        check_method=check_method,
        signed_at="" if moment is None else moment.words,
        references=read_references(_listed(listed), path),
        stamps=_stamps(info),
        seal_path=None if seal is None else resolve(seal.one("BaseLoc").words, path),
        value_path=resolve(root.one("SignedValue").words, path),
    )


def _listed(references: Element) -> Iterator[tuple[str, str]]:
    return ((each.get("FileRef"), each.one("CheckValue").words) for each in references.all("Reference"))


def read_references(listed: Iterable[tuple[str, str]], path: str) -> Mapping[str, bytes]:
    """Return the digests of files by name, from places and digests in base64. Raises `OfdFormError`."""
    references: dict[str, bytes] = {}
    for count, (place, digest) in enumerate(listed):
        name = resolve(place, path)
        if name in references or count == REFERENCES_MAX:
            raise OfdFormError("a file is listed twice, or too many are")
        references[name] = _digest(digest)
    if not references:
        raise OfdFormError("no file is protected")
    return references


def _digest(text: str) -> bytes:
    try:
        digest = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise OfdFormError("not a digest") from error
    if len(digest) != SM3_BYTES:
        raise OfdFormError("not a digest of SM3")
    return digest


def _stamps(info: Element) -> tuple[Stamp, ...]:
    stamps = []
    for count, each in enumerate(info.all("StampAnnot")):
        if count == STAMPS_MAX:
            raise OfdFormError("too many stamps")
        stamps.append(
            read_stamp(each.get("ID"), each.get("PageRef"), each.get("Boundary"), each.attributes.get("Clip"))
        )
    return tuple(stamps)


def read_stamp(identifier: str, page: str, box: str, clip: str | None = None) -> Stamp:
    """Return where a seal is shown, from the words for it. Raises `OfdFormError`."""
    return Stamp(
        identifier=_identifier(identifier),
        page=_identifier(page),
        box=read_box(box),
        clip=None if clip is None else read_box(clip),
    )


def _identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text):
        raise OfdFormError("not an id")
    return text


def read_box(text: str) -> Box:
    """Return a box of four numbers, not empty. Raises `OfdFormError`."""
    words = text.split()
    if len(words) != len(Box._fields) or not all(_NUMBER.fullmatch(each) for each in words):
        raise OfdFormError("not a box")
    box = Box(*(float(each) for each in words))
    if box.width <= 0 or box.height <= 0:
        raise OfdFormError("an empty box")
    return box
