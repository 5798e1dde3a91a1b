"""A file with a verification receipt, in the forms in which offices keep it: the bytes, an answer as JSON, the PDF.

Promises:
  * Returns bytes and proof as they stand there; nothing is believed of them here.
  * Only the page that we print is read as PDF, in the one form that our writer has.
  * Of an answer whose receipt is inside, all the rest is returned as the receipt's hash is of it.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from verify.attached import RECEIPT_FILE, RECEIPT_PROOF_FILE, RECEIPT_STAMP_FILE
from verify.errors import MalformedError
from verify.log_proof import TEXT_LENGTH_MAX
from verify.pdf_objects import PdfObjects
from verify.receipt import RECEIPT_BYTES_MAX, STAMP_BYTES_MAX
from verify.strict_json import JsonError, read_json

# A printed receipt carries its fonts, some 60 kB; an answer of a batch is cut into its receipts by who keeps them.
FILE_BYTES_MAX: Final = 4 * 1024 * 1024
_COSE_HEAD: Final = b"\xd2\x84"
_PDF_HEAD: Final = b"%PDF-"
_FILES_MAX: Final = 8
# `json.dumps` makes an encoder at every call that is not of its own taste.
_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False)
# A member that every answer to a check has, and a receipt that was fetched later has not.
_ANSWERED: Final = "facts"
_BYTES_MAX: Final = {
    RECEIPT_FILE: RECEIPT_BYTES_MAX,
    RECEIPT_PROOF_FILE: TEXT_LENGTH_MAX * 4,
    RECEIPT_STAMP_FILE: STAMP_BYTES_MAX,
}


class ReceiptFileError(MalformedError):
    """Not a file with a verification receipt."""

    code = "receipt_file.malformed"


class KeptReceipt(NamedTuple):
    """A receipt's bytes, with its proof, its time stamp and the answer that it is of, which may be missing."""

    content: bytes
    proof: str
    timestamp: bytes = b""
    answer: bytes = b""


def read_receipt_file(data: bytes) -> KeptReceipt:
    """Return the receipt in a file. Raises `ReceiptFileError`."""
    if len(data) > FILE_BYTES_MAX:
        raise ReceiptFileError("too large")
    if data.startswith(_COSE_HEAD):
        return KeptReceipt(data, "")
    return _of_pdf(data) if data.startswith(_PDF_HEAD) else _of_json(data)


def canonical_answer(content: Mapping[str, object]) -> bytes:
    """Return an answer without its receipt as canonical JSON (RFC 8785): what the receipt's claim 12 is the hash of."""
    return _CANONICAL.encode(content).encode()


def _of_json(data: bytes) -> KeptReceipt:
    """Read an answer of the interface, or its member `receipt` alone."""
    try:
        value, answer = read_json(data), b""
        if isinstance(value, dict) and isinstance(value.get("receipt"), dict):
            rest = {name: each for name, each in value.items() if name != "receipt"}
            answer, value = canonical_answer(rest) if _ANSWERED in rest else b"", value["receipt"]
        if not isinstance(value, dict):
            raise ReceiptFileError("not an object")
        content, proof, stamp = value.get("cose"), value.get("proof", ""), value.get("timestamp") or ""
        if not isinstance(content, str) or not isinstance(proof, str) or not isinstance(stamp, str):
            raise ReceiptFileError("not the members of a receipt")
        timestamp = base64.b64decode(stamp, validate=True)
        return KeptReceipt(base64.b64decode(content, validate=True), proof, timestamp, answer)
    except (ValueError, JsonError, binascii.Error) as error:
        raise ReceiptFileError("neither a receipt, nor JSON, nor our page") from error


def _of_pdf(data: bytes) -> KeptReceipt:
    try:
        files = _attached(data)
    except MalformedError as error:
        raise ReceiptFileError("not the page that we print") from error
    if RECEIPT_FILE not in files:
        raise ReceiptFileError("a page without a receipt inside")
    try:
        proof, stamp = files.get(RECEIPT_PROOF_FILE, b""), files.get(RECEIPT_STAMP_FILE, b"")
        return KeptReceipt(files[RECEIPT_FILE], proof.decode(), stamp)
    except UnicodeDecodeError as error:
        raise ReceiptFileError("the proof is not UTF-8") from error


def _attached(data: bytes) -> Mapping[str, bytes]:
    objects = PdfObjects(data)
    catalog = objects.dictionary(objects.trailer.get(b"Root"))
    listed = objects.dictionary(objects.dictionary(catalog.get(b"Names")).get(b"EmbeddedFiles"))
    names = objects.array(listed.get(b"Names"))
    if len(names) % 2 or len(names) > 2 * _FILES_MAX:
        raise ReceiptFileError("not the files of our page")
    found: dict[str, bytes] = {}
    for name, specification in zip(names[::2], names[1::2], strict=True):
        text = name.decode("latin-1") if isinstance(name, bytes) else ""
        if text in _BYTES_MAX:
            embedded = objects.dictionary(objects.dictionary(specification).get(b"EF"))
            found[text] = objects.stream(embedded.get(b"F"), bytes_max=_BYTES_MAX[text])
    return found
