"""Open PDFs of others with pyHanko: quietly, and within limits.

Promises:
  * pyHanko writes no log lines: they name signers and quote documents, and our logs hold no personal data.
  * Streams are inflated up to a limit, each of them and all together, so that no small file fills the memory.
  * What would keep pyHanko busy for long is seen before it starts: no end, endless tables, endless revisions. The
    sandbox's limits stand behind these.

Imports pyHanko at the first call only: that takes a fifth of a second, and documents of ours never need it.
"""

import logging
import re
from io import BytesIO
from typing import TYPE_CHECKING, Final

from verify.errors import MalformedError

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader

# What a document may be inflated to while its signatures are judged: text reaches a ratio of ten, scans of one.
INFLATED_BYTES_MAX: Final = 64 << 20
INFLATED_RATIO_MAX: Final = 10
# A dossier that went through ten offices; a time stamp every three years for a century.
REVISIONS_MAX: Final = 64
# Scans have some thousand objects, a book of 20 MB fifty thousand; each costs pyHanko five microseconds.
OBJECTS_MAX: Final = 200_000
TABLE_BYTES_MAX: Final = 2 << 20
# ISO 32000-1, Annex H, note 18: readers look for the end in the last 1024 bytes.
END_BYTES: Final = 1024
_END: Final = re.compile(rb"startxref\s{1,8}[0-9]{1,10}\s{1,8}%%EOF")
_LOGGERS: Final = ("pyhanko", "pyhanko_certvalidator")


class GuardedPdfError(MalformedError):
    """Not a PDF that can be read in reasonable time."""

    code = "guarded_pdf.refused"


def open_pdf(document: bytes, *, strict: bool) -> "PdfFileReader":
    """Return pyHanko's reader of a document; raises what pyHanko raises, which for a hostile file is anything."""
    from pyhanko.pdf_utils.decode_limits import (
        DEFAULT_PURPOSE_LIMITS,
        DecodeLimits,
        DecodePurpose,
        DocumentDecodeBudget,
        StreamDecodeLimits,
    )
    from pyhanko.pdf_utils.reader import PdfFileReader

    _refuse_endless(document)
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    limits = DecodeLimits(
        per_purpose={
            **DEFAULT_PURPOSE_LIMITS,
            DecodePurpose.XREF_STREAM: StreamDecodeLimits(max_output_size=TABLE_BYTES_MAX),
        },
        per_stream=StreamDecodeLimits(max_output_size=INFLATED_BYTES_MAX),
        document_budget=DocumentDecodeBudget(base_allowance=INFLATED_BYTES_MAX, max_ratio=INFLATED_RATIO_MAX),
    )
    return PdfFileReader(BytesIO(document), strict=strict, decode_limits=limits)


def _refuse_endless(document: bytes) -> None:
    """Refuse what is cheap to see and dear to read; a table, a trailer and a stream of places stand there in plain."""
    if _END.search(document, max(0, len(document) - END_BYTES)) is None:
        raise GuardedPdfError("no end in the last bytes")
    if document.count(b"trailer") + document.count(b"/XRef") > 2 * REVISIONS_MAX:
        raise GuardedPdfError("too many revisions")
    if document.count(b" 00000 n") > OBJECTS_MAX:
        raise GuardedPdfError("too many objects")
