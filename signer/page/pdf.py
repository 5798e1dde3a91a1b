"""Write a page document as PDF: PDF/A-3a and PDF/UA-1, one revision, with room for one signature.

Promises:
  * Same document, same bytes: no clock, no randomness; the file's identifier comes from the data set.
  * The room for the signature is there from the start and covered by nothing but itself: whatever is appended later,
    or changed anywhere else, shows.
  * The form is fixed (README.md, "Form of an own PDF"); `verify/own_pdf.py` reads exactly this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from signer.page.fonts import Font
from signer.page.model import AttachedFile, Page, PageDocument
from signer.page.pdf_contents import backdrop_stream, media_box, page_contents
from signer.page.pdf_fonts import EmbeddedFont, embed_font
from signer.page.pdf_objects import Objects, date_string, stored_stream, stream, text_string
from signer.page.pdf_pictures import Picture, add_picture, colour_profile
from signer.page.pdf_tags import Tags
from signer.page.pdf_xmp import PRODUCER, xmp_packet

# Measured: 8,060 digits with a two-step chain, time stamp, mandate and a log proof of 24 levels (README.md).
HOLE_DIGITS: Final = 16_384
# "[0 A B C]" with three numbers of up to ten digits.
_RANGE_WIDTH: Final = 40
_CATALOG, _PAGES, _INFO, _METADATA, _INTENT, _PROFILE, _SIGNATURE, _WIDGET = range(1, 9)
_FIELD_NAME: Final = "Signature1"
_FIELD_WORDS: Final = "电子签名"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedPdf:
    """A PDF with room for a signature: `hole_start` is the place of its `<`, `hole_end` the place after its `>`."""

    content: bytearray = field(repr=False)
    hole_start: int
    hole_end: int


def write_pdf(document: PageDocument, fonts: Mapping[str, Font], pictures: Mapping[str, Picture]) -> UnsignedPdf:
    """Write a document that will be signed, with the fonts and pictures that its pages name by key."""
    objects = Objects(_WIDGET)
    first_page = _write_body(objects, document, fonts, pictures)
    range_at, hole_at = _write_signature(objects, document, first_page)
    content, offsets = objects.write(root=_CATALOG, info=_INFO, identifier=document.identifier)
    start = offsets[_SIGNATURE - 1] + len(f"{_SIGNATURE} 0 obj\n")
    hole_start = start + hole_at
    hole_end = hole_start + HOLE_DIGITS + 2
    covered = f"[0 {hole_start} {hole_end} {len(content) - hole_end}]".encode()
    content[start + range_at : start + range_at + len(covered)] = covered
    return UnsignedPdf(content=content, hole_start=hole_start, hole_end=hole_end)


def write_plain_pdf(document: PageDocument, fonts: Mapping[str, Font], pictures: Mapping[str, Picture]) -> bytes:
    """Write a document that nobody signs: the preview of a template. No reader shows a bad signature there."""
    objects = Objects(_PROFILE)
    _write_body(objects, document, fonts, pictures)
    return bytes(objects.write(root=_CATALOG, info=_INFO, identifier=document.identifier)[0])


def _write_body(
    objects: Objects, document: PageDocument, fonts: Mapping[str, Font], pictures: Mapping[str, Picture]
) -> int:
    """Write everything but the signature; return the number of the first page."""
    has_room = objects.count >= _WIDGET
    attached = [(each.name, _attach(objects, each, document)) for each in sorted(document.files, key=_name)]
    embedded = {
        key: embed_font(objects, fonts[key], characters) for key, characters in sorted(document.characters.items())
    }
    shown = {key: add_picture(objects, each) for key, each in sorted(pictures.items())}
    tags = Tags()
    widget = f"/Annots[{_WIDGET} 0 R]" if has_room else ""
    pages = _write_pages(objects, document.pages, _resources(objects, embedded, shown), (embedded, tags), widget)
    structure = tags.write(objects, pages)
    form = f"/AcroForm<</Fields[{_WIDGET} 0 R]/SigFlags 3>>" if has_room else ""
    objects.put(_CATALOG, _catalog(document, form, attached, structure))
    kids = " ".join([f"{page} 0 R" for page in pages])
    objects.put(_PAGES, f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>")
    _write_about(objects, document)
    return pages[0]


def _name(file: AttachedFile) -> str:
    return file.name


def _attach(objects: Objects, file: AttachedFile, document: PageDocument) -> int:
    kind = file.media_type.replace("/", "#2F")
    content = objects.add(
        stream(
            file.content,
            f"/Type/EmbeddedFile/Subtype/{kind}"
            f"/Params<</Size {len(file.content)}/ModDate{date_string(document.created)}>>",
        )
    )
    return objects.add(
        f"<</Type/Filespec/F({file.name})/UF({file.name})/AFRelationship/{file.relationship}"
        f"/Desc{text_string(file.name)}/EF<</F {content} 0 R/UF {content} 0 R>>>>"
    )


def _resources(objects: Objects, fonts: Mapping[str, EmbeddedFont], pictures: Mapping[str, int]) -> int:
    return objects.add(
        f"<</Font<<{''.join([f'/{key} {each.reference} 0 R' for key, each in fonts.items()])}>>"
        f"/XObject<<{''.join([f'/{key} {each} 0 R' for key, each in pictures.items()])}>>"
        "/ExtGState<</Multiply<</Type/ExtGState/BM/Multiply>>>>>>"
    )


def _write_pages(
    objects: Objects,
    pages: Sequence[Page],
    resources: int,
    using: tuple[Mapping[str, EmbeddedFont], Tags],
    widget: str,
) -> list[int]:
    """Write the pages and their contents; the signature's invisible field belongs to the first."""
    backdrops: dict[bytes, int] = {}
    written: list[int] = []
    fonts, tags = using
    for page in pages:
        tags.start_page()
        backdrop = backdrop_stream(page.backdrop, page.height)
        if backdrop not in backdrops:
            backdrops[backdrop] = objects.add(backdrop)
        contents = objects.add(stream(page_contents(page, fonts, tags)))
        written.append(
            objects.add(
                f"<</Type/Page/Parent {_PAGES} 0 R/MediaBox{media_box(page)}/Resources {resources} 0 R"
                f"/Contents[{backdrops[backdrop]} 0 R {contents} 0 R]/Group<</S/Transparency/CS/DeviceRGB>>"
                f"/StructParents {len(written)}/Tabs/S{'' if written else widget}>>"
            )
        )
    return written


def _catalog(document: PageDocument, form: str, attached: list[tuple[str, int]], structure: int) -> str:
    files = ""
    if attached:
        associated = " ".join([f"{each} 0 R" for _file, each in attached])
        names = "".join([f"({name}){each} 0 R" for name, each in attached])
        files = f"/AF[{associated}]/Names<</EmbeddedFiles<</Names[{names}]>>>>"
    return (
        f"<</Type/Catalog/Pages {_PAGES} 0 R/Metadata {_METADATA} 0 R/OutputIntents[{_INTENT} 0 R]"
        f"/Lang({document.language})/ViewerPreferences<</DisplayDocTitle true>>"
        f"{form}{files}"
        f"/MarkInfo<</Marked true>>/StructTreeRoot {structure} 0 R>>"
    )


def _write_about(objects: Objects, document: PageDocument) -> None:
    """Write what the document says about itself, twice: the old way and in XMP; and what its colours mean."""
    moment = date_string(document.created)
    objects.put(
        _INFO,
        f"<</Title{text_string(document.title)}/Author{text_string(document.author)}/Creator({PRODUCER})"
        f"/Producer({PRODUCER})/CreationDate{moment}/ModDate{moment}>>",
    )
    packet = xmp_packet(
        title=document.title, author=document.author, language=document.language, created=document.created
    )
    objects.put(_METADATA, stored_stream(packet, "/Type/Metadata/Subtype/XML"))
    objects.put(
        _INTENT,
        "<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB IEC61966-2.1)"
        f"/DestOutputProfile {_PROFILE} 0 R>>",
    )
    objects.put(_PROFILE, stored_stream(colour_profile(), "/N 3/Filter/FlateDecode"))


def _write_signature(objects: Objects, document: PageDocument, page: int) -> tuple[int, int]:
    """Write the signature's dictionary and its invisible field; return where its range and its room stand in it."""
    head = f"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M{date_string(document.created)}/ByteRange"
    before = f"{head}{' ' * _RANGE_WIDTH}/Contents"
    objects.put(_SIGNATURE, f"{before}<{'0' * HOLE_DIGITS}>>>")
    objects.put(
        _WIDGET,
        f"<</FT/Sig/T({_FIELD_NAME})/TU{text_string(_FIELD_WORDS)}/Type/Annot/Subtype/Widget/F 132/Rect[0 0 0 0]"
        f"/P {page} 0 R/V {_SIGNATURE} 0 R>>",
    )
    return len(head), len(before)
