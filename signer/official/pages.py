"""See a PDF as its readers do, through PDFium: sizes of pages, where a text stands, pictures of pages.

Promises:
  * Runs in the child process that reads strangers' files (`api/sandbox_child.py`), never beside keys.
  * A picture is made from the very bytes that are given, with seals and other annotations, and is capped in pixels.
  * Places are those of the page as it is seen; PDFium knows how it is cropped and turned.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from signer.official.errors import AnchorMissingError, PageMissingError, UnreadableUploadError
from signer.official.inventory import Item
from signer.official.places import PAGES_MAX, Anchor, Box, PageSize, Spot

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

MM_PER_POINT: Final = 25.4 / 72
# An approver reads the small print of an A4 page at 110 dots an inch, in a file of 100 to 400 kB.
PICTURE_DPI: Final = 110
# Eight bytes a pixel while it is made: a page of A0 is made smaller instead.
PICTURE_PIXELS_MAX: Final = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A box in a page's own space, in points; `turned` is how far readers turn the page clockwise, in degrees."""

    left: float
    bottom: float
    right: float
    top: float
    turned: int


@contextmanager
def opened(document: bytes) -> "Iterator[PdfDocument]":
    """Give PDFium's view of a document. Raises `UnreadableUploadError`."""
    import pypdfium2  # late: only the child process needs it

    try:
        pdf = pypdfium2.PdfDocument(document)
    except pypdfium2.PdfiumError as error:
        raise UnreadableUploadError("PDFium does not open it") from error
    try:
        if not 0 < len(pdf) <= PAGES_MAX:
            raise UnreadableUploadError("no pages, or too many")
        if pdf.get_formtype():
            pdf.init_forms()
        yield pdf
    finally:
        pdf.close()


def page_sizes(pdf: "PdfDocument") -> tuple[PageSize, ...]:
    """Return the sizes of all pages as they are seen. Raises `PageFormError`."""
    sizes = (pdf.get_page_size(number) for number in range(len(pdf)))
    return tuple(PageSize(width=width * MM_PER_POINT, height=height * MM_PER_POINT) for width, height in sizes)


def find_anchor(pdf: "PdfDocument", anchor: Anchor) -> Spot:
    """Return where the middle of the seal comes to stand. Raises `AnchorMissingError`, `PageMissingError`."""
    if (anchor.page or 1) > len(pdf):
        raise PageMissingError(params={"page": str(anchor.page), "pages": str(len(pdf))})
    numbers = range(len(pdf)) if anchor.page is None else range(anchor.page - 1, anchor.page)
    seen = 0
    found: Spot | None = None
    for number in numbers:
        page = pdf[number]
        for x, y in _middles(page, anchor.text):
            seen += 1
            found = Spot(page=number + 1, x=max(x + anchor.right, 0), y=max(y + anchor.down, 0))
            if seen == anchor.occurrence:
                return found
        page.close()
    if found is None or anchor.occurrence is not None:
        raise AnchorMissingError(params={"found": str(seen)})
    return found


def rectangle_of(pdf: "PdfDocument", box: Box) -> "Rectangle":
    """Return a box in the page's own space, which a writer of PDF needs."""
    import pypdfium2.raw as pdfium

    page = pdf[box.page - 1]
    size = (round(page.get_width() * 1000), round(page.get_height() * 1000))
    corners = []
    for right, down in ((box.x, box.y), (box.x + box.width, box.y + box.height)):
        x, y = ctypes.c_double(), ctypes.c_double()
        device = (round(right / MM_PER_POINT * 1000), round(down / MM_PER_POINT * 1000))
        pdfium.FPDF_DeviceToPage(page, 0, 0, *size, 0, *device, x, y)
        corners.append((x.value, y.value))
    (x1, y1), (x2, y2) = corners
    return Rectangle(
        left=min(x1, x2), bottom=min(y1, y2), right=max(x1, x2), top=max(y1, y2), turned=page.get_rotation()
    )


def picture_of(pdf: "PdfDocument", number: int) -> bytes:
    """Return a page, from 1, as PNG. Raises `PageMissingError`."""
    if not 1 <= number <= len(pdf):
        raise PageMissingError(params={"page": str(number), "pages": str(len(pdf))})
    page = pdf[number - 1]
    width, height = page.get_size()
    scale = PICTURE_DPI / 72
    pixels = width * height * scale**2
    if pixels > PICTURE_PIXELS_MAX:
        scale *= (PICTURE_PIXELS_MAX / pixels) ** 0.5
    written = BytesIO()
    page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB").save(written, "PNG")
    return written.getvalue()


def texts_of(pdf: "PdfDocument") -> tuple[Item, ...]:
    """Return the text of each page that has one, as PDFium reads it."""
    found = []
    for number, size in enumerate(page_sizes(pdf), 1):
        text = pdf[number - 1].get_textpage().get_text_bounded().strip()
        if text:
            found.append(Item(page=number, kind="text", text=text, width=size.width, height=size.height))
    return tuple(found)


def _middles(page: "PdfPage", text: str) -> Iterator[tuple[float, float]]:
    """Yield the middle of each occurrence of a text on a page, in millimetres."""
    words = page.get_textpage()
    searcher = words.search(text, match_case=True)
    while (found := searcher.get_next()) is not None:
        index, count = found
        boxes = [words.get_charbox(each) for each in range(index, index + count)]
        left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
        bottom, top = min(box[1] for box in boxes), max(box[3] for box in boxes)
        yield _seen(page, (left + right) / 2, (bottom + top) / 2)


def _seen(page: "PdfPage", x: float, y: float) -> tuple[float, float]:
    """Return where a point of the page's own space is seen, in millimetres; whole thousandths of a point."""
    import pypdfium2.raw as pdfium

    across, down = ctypes.c_int(), ctypes.c_int()
    size = (round(page.get_width() * 1000), round(page.get_height() * 1000))
    pdfium.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, across, down)
    return across.value / 1000 * MM_PER_POINT, down.value / 1000 * MM_PER_POINT
