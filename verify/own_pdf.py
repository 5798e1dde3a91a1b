"""Find the signature in one of our own PDFs, and take out what the document carries inside.

Promises:
  * A signature of ours covers every byte of its revision but the room between < and >, and that room holds lower-case
    hexadecimal digits of one CMS and zeros, so that no byte of the file is free.
  * The three attachments stand there once each, under their names, stored plainly or deflated, and capped in size.
  * pyHanko is not needed, so a document of ours costs a tenth of what it would cost there.
"""

import re
from binascii import Error as HexError
from binascii import hexlify, unhexlify
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from verify.attached import CODE_FILE, DATA_SET_FILE, METADATA_FILE
from verify.cms import CMS_BYTES_MAX
from verify.licence import DATA_SET_BYTES_MAX
from verify.pdf_objects import PdfFormError, PdfObjects, PdfValue
from verify.qr_text import TEXT_LENGTH_MAX

# The national metadata hold the same fields as the data set, under longer names.
METADATA_BYTES_MAX: Final = 2 * DATA_SET_BYTES_MAX
BYTES_MAX: Final[Mapping[str, int]] = {
    DATA_SET_FILE: DATA_SET_BYTES_MAX,
    CODE_FILE: TEXT_LENGTH_MAX,
    METADATA_FILE: METADATA_BYTES_MAX,
}
# More signatures than any document of ours bears, with all its later time stamps.
ROOMS_MAX: Final = 32

_BYTE_RANGE: Final = re.compile(rb"/ByteRange *\[0 ([0-9]{1,10}) ([0-9]{1,10}) ([0-9]{1,10})\]")
_DER_SEQUENCE: Final = 0x30


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRoom:
    """The room of one signature: from < to behind >, in the revision that ends at `revision_end`.

    `is_plain` says that the digits are lower case and that only zeros follow the CMS.
    """

    start: int
    end: int
    revision_end: int
    cms: bytes = field(repr=False)
    is_plain: bool

    def digest(self, document: bytes) -> bytes:
        """Return SHA-256 over the revision without the room (ISO 32000-2, 12.8.1)."""
        with memoryview(document) as view:
            digest = sha256(view[: self.start])
            digest.update(view[self.end : self.revision_end])
        return digest.digest()


def find_rooms(document: bytes) -> Iterator[SignatureRoom]:
    """Return the rooms of signatures that may be ours, in the order of the file; looked for, not yet believed."""
    for count, found in enumerate(_BYTE_RANGE.finditer(document)):
        if count == ROOMS_MAX:
            return
        start, end, length = (int(each) for each in found.groups())
        if start < end - 2 <= start + 2 * CMS_BYTES_MAX and document[start : start + 1] == b"<":
            room = _read_room(document, start, end, end + length)
            if room is not None:
                yield room


def _read_room(document: bytes, start: int, end: int, revision_end: int) -> SignatureRoom | None:
    digits = document[start + 1 : end - 1]
    size = _cms_size(digits[:12])
    try:
        cms = unhexlify(digits[: 2 * size])
    except HexError:
        return None
    if not 0 < size == len(cms):
        return None
    is_plain = (
        document[end - 1 : end] == b">"
        and len(digits) == end - start - 2
        and hexlify(cms) == digits[: 2 * size]
        and not digits[2 * size :].strip(b"0")
    )
    return SignatureRoom(start=start, end=end, revision_end=revision_end, cms=cms, is_plain=is_plain)


def _cms_size(digits: bytes) -> int:
    """Return how many bytes the SEQUENCE has that begins here, with its head; 0 when none does."""
    try:
        head = unhexlify(digits)
    except HexError:
        return 0
    if len(head) < 6 or head[0] != _DER_SEQUENCE:
        return 0
    if head[1] < 0x80:
        return 2 + head[1]
    octets = head[1] & 0x7F
    return 2 + octets + int.from_bytes(head[2 : 2 + octets], "big") if octets <= 4 else 0


def read_attachments(revision: bytes) -> Mapping[str, bytes]:
    """Return the three files that a document of ours carries, by name; raises `PdfFormError`."""
    objects = PdfObjects(revision)
    catalog = objects.dictionary(objects.trailer.get(b"Root"))
    files = objects.dictionary(objects.dictionary(catalog.get(b"Names")).get(b"EmbeddedFiles"))
    names = objects.array(files.get(b"Names"))
    if files.keys() != {b"Names"} or len(names) != 2 * len(BYTES_MAX):
        raise PdfFormError("not the three files of our documents")
    found: dict[str, bytes] = {}
    for name, specification in zip(names[::2], names[1::2], strict=True):
        found.update(_read_file(objects, name, specification))
    if found.keys() != BYTES_MAX.keys():
        raise PdfFormError("a file of our documents is missing")
    return found


def _read_file(objects: PdfObjects, name: PdfValue, specification: PdfValue) -> Mapping[str, bytes]:
    entries = objects.dictionary(specification)
    streams = objects.dictionary(entries.get(b"EF"))
    plain_name = name.decode("latin-1") if isinstance(name, bytes) else ""
    if plain_name not in BYTES_MAX or entries.get(b"F") != name or streams.get(b"F") != streams.get(b"UF"):
        raise PdfFormError("a file under another name, or under two")
    return {plain_name: objects.stream(streams.get(b"F"), bytes_max=BYTES_MAX[plain_name])}
