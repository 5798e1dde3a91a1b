"""A small writer of PDF pages: text, bars and lines, and room for one signature.

Promises:
  * Nothing but the standard library. Latin letters are Helvetica's, which every reader has; Chinese ones are those of
    the standard's own Chinese font (Adobe-GB1), for a font of our own would be larger than the whole checker.
  * The same pages give the same bytes.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

WIDTH: Final = 595
HEIGHT: Final = 842
# A CMS with a chain of four certificates takes some 8 kB.
ROOM_BYTES: Final = 16_384
_RANGE: Final = "/ByteRange [0 ********** ********** **********]"
# Of what is not ASCII, Helvetica has these in place of the Chinese font.
_LATIN: Final = "\x20-\x7e•…×"
_RUNS: Final = re.compile(f"[{_LATIN}]+|[^{_LATIN}]+")

_HELVETICA: Final = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_SONG: Final = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [5 0 R] >>"
)
_SONG_GLYPHS: Final = (
    "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /FontDescriptor 6 0 R"
    " /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 5 >> >>"
)
_SONG_DESCRIPTOR: Final = (
    "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
    " /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
)


@dataclass(slots=True)
class Page:
    """One page, with its origin at the lower left corner, in points."""

    _operators: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, size: float, text: str) -> None:
        """Put a line of text; letters of both fonts follow one another."""
        shown = [f"BT {x:.2f} {y:.2f} Td"]
        for run in _RUNS.findall(text):
            if run[0] < "\x7f" or run[0] in _LATIN:
                escaped = run.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
                escaped = "".join(each if each < "\x7f" else f"\\{each.encode('cp1252')[0]:o}" for each in escaped)
                shown.append(f"/F1 {size} Tf ({escaped}) Tj")
            else:
                shown.append(f"/F2 {size} Tf <{run.encode('utf-16-be').hex().upper()}> Tj")
        self._operators.append(" ".join((*shown, "ET")))

    def bar(self, x: float, y: float, width: float, height: float) -> None:
        """Put a filled bar."""
        self._operators.append(f"0.25 0.40 0.62 rg {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f 0 g")

    def line(self, x: float, y: float, x_end: float, y_end: float) -> None:
        """Put a thin line."""
        self._operators.append(f"0.5 w 0.6 G {x:.2f} {y:.2f} m {x_end:.2f} {y_end:.2f} l S")

    def content(self) -> bytes:
        """Return the operators."""
        return "\n".join(self._operators).encode("ascii")


def write_pdf(pages: Sequence[Page], title: str, *, at: datetime, sign: Callable[[bytes], bytes] | None) -> bytes:
    """Return the document; ``sign`` returns the CMS (DER) over the bytes that it is given, None leaves it unsigned."""
    first = 7 if sign is None else 9
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(pages)))
    form = "" if sign is None else " /AcroForm << /Fields [8 0 R] /SigFlags 3 >>"
    objects: list[bytes] = [
        f"<< /Type /Catalog /Pages 2 0 R{form} >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        _HELVETICA.encode(),
        _SONG.encode(),
        _SONG_GLYPHS.encode(),
        _SONG_DESCRIPTOR.encode(),
    ]
    if sign is not None:
        objects += [_signature(at), _field(first)]
    for number, page in enumerate(pages):
        content = page.content()
        objects.append(_page(first + 2 * number + 1, has_field=sign is not None and number == 0))
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    written = _written(objects, title, at)
    return written if sign is None else _signed(written, sign)


def _page(content: int, *, has_field: bool) -> bytes:
    annotations = " /Annots [8 0 R]" if has_field else ""
    resources = "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >>"
    box = f"/MediaBox [0 0 {WIDTH} {HEIGHT}]"
    return f"<< /Type /Page /Parent 2 0 R {box} {resources} /Contents {content} 0 R{annotations} >>".encode()


def _signature(at: datetime) -> bytes:
    room = "0" * (2 * ROOM_BYTES)
    kind = "/Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached"
    return f"<< {kind} {_RANGE} /M (D:{at:%Y%m%d%H%M%S}Z) /Contents <{room}> >>".encode()


def _field(page: int) -> bytes:
    kind = "/Type /Annot /Subtype /Widget /FT /Sig /T (Auditor) /F 132 /Rect [0 0 0 0]"
    return f"<< {kind} /V 7 0 R /P {page} 0 R >>".encode()


def _written(objects: Sequence[bytes], title: str, at: datetime) -> bytes:
    text = "FEFF" + title.encode("utf-16-be").hex().upper()
    info = f"<< /Title <{text}> /Producer (yinzheng-audit) /CreationDate (D:{at:%Y%m%d%H%M%S}Z) >>".encode()
    written = bytearray(b"%PDF-1.7\n%\xe5\xe6\xe7\xe8\n")
    places = []
    for number, each in enumerate((*objects, info), 1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = len(written)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(places) + 1
    written += b"xref\n0 %d\n0000000000 65535 f \n%b" % (count, rows)
    written += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, count - 1, table)
    return bytes(written)


def _signed(written: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """Fill in which bytes are signed, and the signature over them (ISO 32000-2, 12.8.1)."""
    start = written.index(b"/Contents <") + len(b"/Contents ")
    end = start + 2 * ROOM_BYTES + 2
    numbers = f"/ByteRange [0 {start:<10} {end:<10} {len(written) - end:<10}]".encode()
    filled = written.replace(_RANGE.encode(), numbers, 1)
    cms = sign(filled[:start] + filled[end:])
    if len(cms) > ROOM_BYTES:
        raise ValueError("the signature needs more room")
    return filled[:start] + b"<" + cms.hex().encode().ljust(2 * ROOM_BYTES, b"0") + b">" + filled[end:]
