"""Prepare an uploaded PDF for its seal: the exact bytes to be signed, with the seal on the page and an empty room.

Promises:
  * Runs in the child process that reads strangers' files, never beside keys: what it returns is bytes, and is believed
    as little as the upload.
  * What was uploaded stays byte for byte; all that is added stands behind it, as one update (ISO 32000-1, 7.5.6).
  * One signature field of our own. A cross-page seal's other strips are stamps on their pages, written in the same
    update and so covered by the signature. A field with several places is forbidden (ISO 32000-1, 12.7.4.5).
  * Encrypted, certified and self-drawing files are refused, and files whose signatures do not hold.

pyHanko writes here: the upload may be of any form.
"""

import zlib
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter, ensure_sig_flags, enumerate_sig_fields, prepare_sig_field
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from signer.official.errors import (
    ActiveUploadError,
    BrokenSignatureError,
    CertifiedUploadError,
    EncryptedUploadError,
    LicenceUploadError,
    RidingSignedError,
    SlipPageError,
    UnreadableUploadError,
)
from signer.official.pages import Rectangle, find_anchor, opened, page_sizes, rectangle_of
from signer.official.places import PAGES_MAX, Anchor, Box, SealImage, riding_boxes, seal_box
from signer.official.wishes import Layout, PreparedFile, SealWish
from signer.page.pdf import HOLE_DIGITS
from verify.cms import read_our_cms
from verify.errors import MalformedError
from verify.foreign_pdf import judge_foreign
from verify.guarded_pyhanko import open_pdf
from verify.own_pdf import find_rooms
from verify.report import Outcome

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

# ISO 32000-1, 12.5.3: printed, not to be changed or moved by a reader.
_STAMP_FLAGS: Final = 4 | 64 | 128
_TURNS: Final = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def prepare_pdf(upload: bytes, wish: SealWish) -> PreparedFile:
    """Prepare an upload. Raises an `OfficialError`, and for a hostile file whatever pyHanko raises.

    1. Refuse what may not be sealed. 2. Find the places. 3. Draw the seals. 4. Put the slip behind the last page.
    5. Write the room.
    """
    earlier = _demand_sealable(upload, at=wish.at)  # (1)
    with opened(upload) as seen:
        pages = page_sizes(seen)
        boxes = place_all(seen, wish)  # (2)
        if earlier and len(boxes) > 1:
            raise RidingSignedError
        if wish.slip and (earlier or len(pages) == PAGES_MAX):
            raise SlipPageError
        rectangles = tuple(rectangle_of(seen, box) for box in boxes)
    writer = IncrementalPdfFileWriter.from_reader(open_pdf(upload, strict=False))
    signature = _write_seals(writer, wish, boxes, rectangles)  # (3)
    if wish.slip:
        _add_page(writer, wish.slip)  # (4)
    output = BytesIO()
    writer.write(output)
    start, end = signature.contents.offsets
    signature.byte_range.fill_offsets(output, start, end, output.tell())  # (5)
    content = output.getvalue()
    if not content.startswith(upload):
        raise UnreadableUploadError("the upload would not stay as it is")
    count = len(pages) + (1 if wish.slip else 0)
    layout = Layout(form="pdf", pages=count, boxes=boxes, room=(start, end), earlier_signatures=earlier)
    return PreparedFile(content=content, layout=layout)


def place_all(seen: "PdfDocument", wish: SealWish) -> tuple[Box, ...]:
    """Return where seals stand: the one at its spot first, then the strips from page to page."""
    pages = page_sizes(seen)
    at = wish.placing.at
    boxes: tuple[Box, ...] = ()
    if at is not None:
        spot = find_anchor(seen, at) if isinstance(at, Anchor) else at
        boxes = (seal_box(spot, wish.image, pages),)
    if wish.placing.riding:
        boxes += riding_boxes(wish.image, pages, middle=wish.placing.riding_y)
    return boxes


def _demand_sealable(upload: bytes, *, at: datetime) -> int:
    """Return how many signatures the upload bears, which all must hold."""
    if any(_is_of_licence(room.cms) for room in find_rooms(upload)):
        raise LicenceUploadError
    reader = open_pdf(upload, strict=False)
    if reader.encrypted:
        raise EncryptedUploadError
    root = reader.root
    if "/Perms" in root:
        raise CertifiedUploadError
    form, names, action = (_dictionary(root, name) for name in ("/AcroForm", "/Names", "/OpenAction"))
    is_act = bool(action) and action["/S"] != "/GoTo"
    if "/XFA" in form or "/JavaScript" in names or "/AA" in root or is_act:
        raise ActiveUploadError
    signed = tuple(enumerate_sig_fields(reader, filled_status=True))
    if signed:
        judged = judge_foreign(upload, None, (), at=at)
        if judged.has_failed or any(each.outcome is Outcome.FAILED for each in judged.signatures):
            raise BrokenSignatureError
    return len(signed)


def _dictionary(root: generic.DictionaryObject, name: str) -> generic.DictionaryObject:
    """Return a dictionary of the catalog, also where another object holds it; an empty one where there is none."""
    if name not in root:
        return generic.DictionaryObject()
    value = root[name]  # and not `get`, which would not follow a reference
    return value if isinstance(value, generic.DictionaryObject) else generic.DictionaryObject()


def _is_of_licence(cms: bytes) -> bool:
    try:
        read_our_cms(cms)
    except MalformedError:
        return False
    return True


def _write_seals(
    writer: IncrementalPdfFileWriter, wish: SealWish, boxes: Sequence[Box], rectangles: Sequence[Rectangle]
) -> SignatureObject:
    """Write the field with the first box as its place, stamps for the others, and the signature with its room."""
    picture = _write_picture(writer, wish.image)
    blend = writer.add_object(
        generic.DictionaryObject({pdf_name("/Type"): pdf_name("/ExtGState"), pdf_name("/BM"): pdf_name("/Multiply")})
    )
    looks = [
        _write_look(writer, box, rectangle, {"picture": picture, "blend": blend})
        for box, rectangle in zip(boxes, rectangles, strict=True)
    ]
    first = rectangles[0]
    _, reference = prepare_sig_field(
        f"Seal-{wish.document_id}",
        writer.root,
        update_writer=writer,
        box=(first.left, first.bottom, first.right, first.top),
        include_on_page=writer.find_page_for_modification(boxes[0].page - 1)[0],
    )
    widget = reference.get_object()
    widget[pdf_name("/AP")] = _appearance(looks[0])
    widget[pdf_name("/TU")] = pdf_string(wish.name)
    ensure_sig_flags(writer=writer, lock_sig_flags=True)
    for number, (box, rectangle, look) in enumerate(zip(boxes[1:], rectangles[1:], looks[1:], strict=True), 1):
        page = writer.find_page_for_modification(box.page - 1)[0]
        writer.register_annotation(page, writer.add_object(_stamp(wish, number, rectangle, look, page)))
    signature = SignatureObject(
        timestamp=wish.at, subfilter=SigSeedSubFilter.PADES, name=wish.name, bytes_reserved=HOLE_DIGITS
    )
    widget[pdf_name("/V")] = writer.add_object(signature)
    writer.update_container(widget)
    return signature


def _add_page(writer: IncrementalPdfFileWriter, sheet: bytes) -> None:
    """Put a sheet of ours behind the last page, without its tags: their numbers would be those of the stranger's tree.

    What the stranger's pages hand down (turn, crop, resources) does not reach it.
    """
    source = open_pdf(sheet, strict=True).root["/Pages"]["/Kids"][0]
    corners = [generic.FloatObject(str(each)) for each in source["/MediaBox"]]
    page = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Page"),
            pdf_name("/MediaBox"): generic.ArrayObject(corners),
            pdf_name("/CropBox"): generic.ArrayObject(corners),
            pdf_name("/Rotate"): generic.NumberObject(0),
        }
    )
    for name in ("/Resources", "/Contents", "/Group"):
        page[pdf_name(name)] = writer.import_object(source[name])
    writer.insert_page(page)


def _stamp(
    wish: SealWish, number: int, rectangle: Rectangle, look: generic.IndirectObject, page: generic.IndirectObject
) -> generic.DictionaryObject:
    corners = (rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
    return generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Stamp"),
            pdf_name("/Rect"): generic.ArrayObject(map(_number, corners)),
            pdf_name("/F"): generic.NumberObject(_STAMP_FLAGS),
            pdf_name("/NM"): pdf_string(f"Seal-{wish.document_id}-{number}"),
            pdf_name("/Contents"): pdf_string(wish.name),
            pdf_name("/AP"): _appearance(look),
            pdf_name("/P"): page,
        }
    )


def _appearance(look: generic.IndirectObject) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name("/N"): look})


def _write_look(
    writer: IncrementalPdfFileWriter,
    box: Box,
    rectangle: Rectangle,
    shared: dict[str, generic.IndirectObject],
) -> generic.IndirectObject:
    """Write what a seal or strip looks like: the picture whole, shown through the strip's own window."""
    turn = _TURNS[rectangle.turned]
    is_across = rectangle.turned in {90, 270}
    width, height = rectangle.right - rectangle.left, rectangle.top - rectangle.bottom
    if is_across:
        width, height = height, width
    whole = width / (box.right - box.left)
    window = (box.left * whole, 0.0, box.right * whole, height)
    resources = generic.DictionaryObject(
        {
            pdf_name("/XObject"): generic.DictionaryObject({pdf_name("/Seal"): shared["picture"]}),
            pdf_name("/ExtGState"): generic.DictionaryObject({pdf_name("/Multiply"): shared["blend"]}),
        }
    )
    content = f"q /Multiply gs {whole:.4f} 0 0 {height:.4f} 0 0 cm /Seal Do Q".encode()
    return writer.add_object(
        generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"),
                pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): generic.ArrayObject(map(_number, window)),
                pdf_name("/Matrix"): generic.ArrayObject([*(generic.NumberObject(each) for each in turn), *_ORIGIN]),
                pdf_name("/Resources"): resources,
            },
            stream_data=content,
        )
    )


_ORIGIN: Final = (generic.NumberObject(0), generic.NumberObject(0))


def _number(value: float) -> generic.FloatObject:
    return generic.FloatObject(f"{value:.4f}")


def _write_picture(writer: IncrementalPdfFileWriter, image: SealImage) -> generic.IndirectObject:
    """Write the seal's picture with its transparency; drawn by us, or checked and encoded anew when it was uploaded."""
    with Image.open(BytesIO(image.png), formats=("PNG",)) as picture:
        shown = picture.convert("RGBA")
    size = {pdf_name("/Width"): shown.width, pdf_name("/Height"): shown.height}
    mask = _image(size, "/DeviceGray", shown.getchannel("A").tobytes())
    colours = _image(size, "/DeviceRGB", shown.convert("RGB").tobytes())
    colours[pdf_name("/SMask")] = writer.add_object(mask)
    return writer.add_object(colours)


def _image(size: dict[Any, int], space: str, samples: bytes) -> generic.StreamObject:
    entries: dict[Any, Any] = {name: generic.NumberObject(value) for name, value in size.items()}
    entries |= {
        pdf_name("/Type"): pdf_name("/XObject"),
        pdf_name("/Subtype"): pdf_name("/Image"),
        pdf_name("/ColorSpace"): pdf_name(space),
        pdf_name("/BitsPerComponent"): generic.NumberObject(8),
        pdf_name("/Filter"): pdf_name("/FlateDecode"),
    }
    return generic.StreamObject(entries, encoded_data=zlib.compress(samples, 9))
