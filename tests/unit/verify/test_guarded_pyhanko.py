"""What is refused before pyHanko starts, and within which limits it reads."""

import logging
import time
import zlib

import pytest
from pyhanko.pdf_utils.misc import PdfReadError

from tests.small_pdf import pdf_objects, write_small_pdf
from verify.guarded_pyhanko import END_BYTES, OBJECTS_MAX, REVISIONS_MAX, TABLE_BYTES_MAX, GuardedPdfError, open_pdf

DOCUMENT = bytes(write_small_pdf(pdf_objects()).content)
# A guard against what takes minutes: how quick a machine is, is no property of a reader.
SECONDS_MAX = 5
END = DOCUMENT[DOCUMENT.rindex(b"startxref") :]


def test_a_document_is_opened_quietly() -> None:
    reader = open_pdf(DOCUMENT, strict=True)

    assert reader.root["/Type"] == "/Catalog"
    assert not logging.getLogger("pyhanko.sign").isEnabledFor(logging.CRITICAL)


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENT[: -len(END)],
        DOCUMENT + b" " * END_BYTES,
        DOCUMENT + b" " * END_BYTES + b"%%EOF",
        DOCUMENT + b"trailer " * 2 * REVISIONS_MAX + END,
        DOCUMENT + b"/XRef " * 2 * REVISIONS_MAX + END,
        DOCUMENT + b"0000000009 00000 n \n" * OBJECTS_MAX + END,
    ],
    ids=["no end", "end far away", "half an end", "too many trailers", "too many tables", "too many objects"],
)
def test_what_would_take_long_is_refused_at_once(document: bytes) -> None:
    started = time.process_time()

    with pytest.raises(GuardedPdfError):
        open_pdf(document, strict=False)

    assert time.process_time() - started < SECONDS_MAX


def test_what_is_just_within_the_limits_is_read() -> None:
    assert open_pdf(DOCUMENT + b"trailer " * (2 * REVISIONS_MAX - 1) + b"\n" + END, strict=False).root


def test_a_table_that_inflates_to_more_than_any_document_needs_is_given_up() -> None:
    count = TABLE_BYTES_MAX // 3 + 1
    entries = zlib.compress(bytes(3 * count), 9)
    head = b"%PDF-1.7\n"
    table = b"1 0 obj\n<</Type/XRef/Size %d/W[1 1 1]/Root 1 0 R/Filter/FlateDecode/Length %d>>\n" % (
        count,
        len(entries),
    )
    stream = b"stream\n" + entries + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)

    with pytest.raises(PdfReadError):
        open_pdf(head + table + stream, strict=False)
