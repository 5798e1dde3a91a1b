"""Put a better proof of the log into a document of ours: the same leaf, under a later checkpoint that was witnessed.

Promises:
  * No signed byte changes, in licences and official documents alike. In a PDF the proof is an unsigned attribute in the
    room that the signature skips; in an OFD it is a part of its own that the seal signature does not list.
  * What comes out is read again by the reader of every verifier: it must be the same but for the proof, or nothing is
    handed out.
  * A document that a later signature or time stamp covers is refused, for that is over the old proof: its proof lies
    beside it.
"""

import io
import zipfile
from binascii import hexlify
from dataclasses import replace
from datetime import UTC, datetime
from struct import pack
from typing import Final

from signer.errors import HoleTooSmallError, ProofUpgradeError
from signer.official.package import RECEIPT_FILE, finish, unfinish
from signer.page.ofd_seal import RECEIPT_PART
from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from verify.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    DerError,
    Reader,
    object_identifier,
    read_whole,
    sequence,
    set_of,
    tlv,
    utf8_string,
)
from verify.document import read_document
from verify.log_proof import LogReceipt
from verify.oids import LOG_PROOF
from verify.own_pdf import SignatureRoom, find_rooms
from verify.signed_document import SignedDocument

_CONTEXT_0: Final = 0xA0
_CONTEXT_1: Final = 0xA1
_LOG_PROOF: Final = object_identifier(LOG_PROOF)
_PDF_HEAD: Final = b"%PDF-"
# Forms and proofs are compared, nothing that depends on a moment.
_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def with_better_proof(document: bytes, receipt: LogReceipt) -> bytes:
    """Return the document with this receipt in place of the one that it carries.

    1. It carries the receipt of this leaf. 2. Put the new one in. 3. Read it again: nothing else changed.
    Raises `ProofUpgradeError`, `HoleTooSmallError`.
    """
    before = _read(document)
    if before.receipt is None or _leaf(before.receipt) != _leaf(receipt):
        raise ProofUpgradeError("the document carries no proof of this leaf")  # (1)
    text = receipt.to_text()
    if document.startswith(_PDF_HEAD):
        after = _in_pdf(document, text)  # (2)
    else:
        after = _in_ofd(document, text) if before.official is None else _in_official_ofd(document, text)
    found = _read(after)
    if found.receipt != receipt or _without_proof(found) != _without_proof(before):
        raise ProofUpgradeError("the document would not be the same")  # (3)
    return after


def _read(document: bytes) -> SignedDocument:
    return read_document(document, None, (), at=_ANY_TIME)


def _leaf(receipt: LogReceipt) -> tuple[bytes, int]:
    return receipt.entry, receipt.index


def _without_proof(signed: SignedDocument) -> SignedDocument:
    return replace(signed, digest=b"", receipt=None)


def _in_pdf(document: bytes, text: str) -> bytes:
    *_, room = find_rooms(document)  # ours is the last, for an official document may have been signed before
    if room.revision_end != len(document):
        raise ProofUpgradeError("something was added to the document after it was signed")
    try:
        digits = hexlify(_with_attribute(room.cms, text))
    except DerError as error:
        raise ProofUpgradeError("not a signature of ours") from error
    return document[: room.start + 1] + _filled(room, digits) + document[room.end - 1 :]


def _filled(room: SignatureRoom, digits: bytes) -> bytes:
    size = room.end - room.start - 2
    if len(digits) > size:
        raise HoleTooSmallError(f"{len(digits) // 2} bytes do not fit into {size // 2}")
    return digits.ljust(size, b"0")


def _with_attribute(cms: bytes, text: str) -> bytes:
    """Return the CMS with another log proof among its unsigned attributes; all other values stay byte for byte."""
    outer = read_whole(cms, SEQUENCE)
    kind, content = outer.take_whole(OBJECT_IDENTIFIER), outer.take_inside(_CONTEXT_0)
    outer.end()
    data = content.take_inside(SEQUENCE)
    content.end()
    head = [data.take_whole(tag) for tag in (INTEGER, SET, SEQUENCE, _CONTEXT_0)]
    signers = data.take_inside(SET)
    data.end()
    signer = signers.take_inside(SEQUENCE)
    signers.end()
    tags = (INTEGER, SEQUENCE, SEQUENCE, _CONTEXT_0, SEQUENCE, OCTET_STRING)
    signed = [signer.take_whole(tag) for tag in tags]
    unsigned = signer.take_inside(_CONTEXT_1)
    signer.end()
    info = sequence(*signed, _tagged(set_of(_replaced(unsigned, text))))
    return sequence(kind, tlv(_CONTEXT_0, sequence(*head, set_of((info,)))))


def _tagged(values: bytes) -> bytes:
    """Return a SET OF under the context tag of unsigned attributes."""
    return tlv(_CONTEXT_1, Reader(values).take(SET))


def _replaced(attributes: Reader, text: str) -> list[bytes]:
    found = []
    while attributes.next_tag() is not None:
        whole = attributes.take_whole(SEQUENCE)
        name = read_whole(whole, SEQUENCE).take_whole(OBJECT_IDENTIFIER)
        found.append(sequence(_LOG_PROOF, set_of((utf8_string(text),))) if name == _LOG_PROOF else whole)
    return found


def _in_ofd(document: bytes, text: str) -> bytes:
    """Return the package with another receipt, which is its last part; the parts before stay byte for byte."""
    last, start, count = _last_part(document)
    if last.filename != RECEIPT_PART:
        raise ProofUpgradeError("not an OFD of ours")
    alone = write_zip((OfdPart(RECEIPT_PART, Packed(text.encode())),))
    own_start = _last_part(alone)[1]
    own_directory = bytearray(alone[own_start:-22])
    own_directory[42:46] = pack("<I", last.header_offset)
    others = document[start : len(document) - 22 - (46 + len(RECEIPT_PART))]
    body = document[: last.header_offset] + alone[:own_start]
    directory = others + bytes(own_directory)
    end = pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end


def _in_official_ofd(document: bytes, text: str) -> bytes:
    """Return a package of any form with another receipt, written as the sealing wrote its last part."""
    last, start, _ = _last_part(document)
    if not last.filename.endswith(f"/{RECEIPT_FILE}"):
        raise ProofUpgradeError("something was added to the document after it was sealed")
    listed = len(document) - start - 22 - (46 + len(last.filename))
    room = (last.header_offset, last.header_offset + listed)
    return finish(unfinish(document, room, added=1), room, {last.filename: text.encode()})


def _last_part(document: bytes) -> tuple[zipfile.ZipInfo, int, int]:
    """Return the last part of a package, where its list begins, and how many parts it has."""
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        entries = package.infolist()
        return entries[-1], package.start_dir, len(entries)
