"""Open PDFs of others with pyHanko: quietly, and within limits.

Promises:
  * pyHanko writes no log lines: they name signers and quote documents, and our logs hold no personal data.
  * Streams are inflated up to a limit, each of them and all together, so that no small file fills the memory.

Imports pyHanko at the first call only: that takes a fifth of a second, and documents of ours never need it.
"""

import logging
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader

# What a document may be inflated to while its signatures are judged: text reaches a ratio of ten, scans of one.
INFLATED_BYTES_MAX: Final = 64 << 20
INFLATED_RATIO_MAX: Final = 10
# A dossier that went through ten offices; a time stamp every three years for a century.
REVISIONS_MAX: Final = 64

_LOGGERS: Final = ("pyhanko", "pyhanko_certvalidator")


def open_pdf(document: bytes, *, strict: bool) -> "PdfFileReader":
    """Return pyHanko's reader of a document; raises what pyHanko raises, which for a hostile file is anything."""
    from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget, StreamDecodeLimits
    from pyhanko.pdf_utils.reader import PdfFileReader

    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    limits = DecodeLimits(
        per_stream=StreamDecodeLimits(max_output_size=INFLATED_BYTES_MAX),
        document_budget=DocumentDecodeBudget(base_allowance=INFLATED_BYTES_MAX, max_ratio=INFLATED_RATIO_MAX),
    )
    return PdfFileReader(BytesIO(document), strict=strict, decode_limits=limits)
