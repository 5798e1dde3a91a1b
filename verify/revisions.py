"""What was added to one of our own PDFs after it was signed: only time stamps and revocation data may have been.

Promises:
  * Anything else is a change, also when readers would not show it: metadata, hidden fields, further signatures, objects
    that nothing refers to.
  * A document time stamp must cover everything before it and must not be seen on the page.
  * Nothing stands behind the last revision, not even what every reader passes over.

The comparison is pyHanko's, which knows how such updates are written and how documents were forged with them; our rules
are narrower.
"""

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from verify.der import SEQUENCE, Reader
from verify.errors import YinzhengError
from verify.guarded_pyhanko import REVISIONS_MAX, open_pdf

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

_START_MARK: Final = b"startxref"
_END: Final = re.compile(_START_MARK + rb"\s{1,8}[0-9]{1,10}\s{1,8}%%EOF(?:\r\n|\r|\n)?\Z")
# Where the last lines of a file stand: the mark, the address of the table and the end mark.
_END_BYTES: Final = 64


class RevisionError(YinzhengError):
    """The document was changed after it was signed."""

    code = "revision.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterStamp:
    """A document time stamp that stands behind the signature, and the digest that it must be over."""

    token: bytes = field(repr=False)
    digest: bytes


def read_later_stamps(document: bytes, first_end: int) -> tuple[LaterStamp, ...]:
    """Return the document time stamps behind the first revision; raises `RevisionError` for any other addition."""
    try:
        return _read(document, first_end)
    except RevisionError:
        raise
    except Exception as error:  # for a hostile file pyHanko raises whatever Python raises
        raise RevisionError(f"{type(error).__name__}") from error


def _read(document: bytes, first_end: int) -> tuple[LaterStamp, ...]:
    from pyhanko.sign.fields import enumerate_sig_fields  # late: most documents have no later revision

    reader = open_pdf(document, strict=True)
    total = reader.xrefs.total_revisions
    if not 1 < total <= REVISIONS_MAX:
        raise RevisionError("bytes behind the signed revision that are none, or too many revisions")
    starts = [reader.xrefs.get_startxref_for_revision(number) for number in range(total)]
    if not starts[0] < first_end <= min(starts[1:]):
        raise RevisionError("the revisions do not begin where the signed one ends")
    demand_end(document, max(starts))
    _review(reader)
    signatures = reader.embedded_signatures
    if len(signatures) != len(tuple(enumerate_sig_fields(reader))):
        # pyHanko passes over what it does not know, and a field that waits for a signature is no stamp.
        raise RevisionError("a field for something else than a time stamp")
    return tuple(_read_stamp(document, each, first_end) for each in signatures[1:])


def demand_end(document: bytes, last_table: int) -> None:
    """Refuse bytes behind the last revision, whose table begins there, also those that every reader passes over."""
    if document.count(_START_MARK, last_table) != 1 or not _END.search(document, len(document) - _END_BYTES):
        raise RevisionError("bytes behind the last revision")


def _review(reader: "PdfFileReader") -> None:
    """Compare each revision with the signed one."""
    from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel

    from verify.revision_rules import policy

    result = policy().review_file(reader, 0)
    if not isinstance(result, DiffResult):
        raise result
    if result.modification_level > ModificationLevel.LTA_UPDATES:
        raise RevisionError("more than time stamps and revocation data")


def _read_stamp(document: bytes, signature: "EmbeddedPdfSignature", first_end: int) -> LaterStamp:
    """Return a later signature, which must be a document time stamp over all that stands before its revision's end."""
    start, first, second, length = signature.byte_range
    is_stamp = signature.sig_object_type == "/DocTimeStamp"
    if start or not is_stamp or not first_end < first < second <= second + length <= len(document):
        raise RevisionError("a time stamp that does not cover the document")
    room = bytes(document[first:second])
    if room[:1] != b"<" or room[-1:] != b">" or second - first != 2 * len(signature.pkcs7_content) + 2:
        raise RevisionError("a time stamp with more room than its own")
    token = Reader(signature.pkcs7_content).take_whole(SEQUENCE)
    if signature.pkcs7_content[len(token) :].strip(b"\x00"):
        raise RevisionError("something behind a time stamp")
    digest = sha256(document[:first] + document[second : second + length]).digest()
    return LaterStamp(token=token, digest=digest)
