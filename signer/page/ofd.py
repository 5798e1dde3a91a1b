"""Write a page document as OFD (GB/T 33190), ready to be sealed.

Promises:
  * Same document, same bytes: no clock, no randomness; the file's identifier comes from the data set.
  * Pages, fonts and files are those of the PDF: the same coordinates, texts, font programs and bytes.
  * What the licence says stands in the file three times: national metadata in OFD.xml, an index from each item to
    where it is shown, and the attached files; the seal covers all of them.
  * The form is fixed (README.md, "Form of an own OFD"); `verify/own_ofd.py` reads exactly this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from signer.page.errors import PictureError
from signer.page.font_cuts import cut_font
from signer.page.fonts import Font
from signer.page.kept import Kept
from signer.page.model import AttachedFile, Image, Page, PageDocument, Path
from signer.page.ofd_contents import Numbers, OfdFont, PageWriter, Showing, path_object
from signer.page.ofd_words import escape, moment_text, number, part
from signer.page.ofd_zip import OfdPart
from signer.page.packed import Packed
from signer.page.pdf_pictures import Picture

PRODUCER: Final = "Yinzheng"
SIGNATURES_PART: Final = "Doc_0/Signs/Signatures.xml"


class StampPlace(NamedTuple):
    """Where readers draw the seal: which page, from 0, and the box in millimetres."""

    page: int
    x: float
    y: float
    width: float
    height: float


class Stamp(NamedTuple):
    """The same, as the signature says it: the page's number and the box in words."""

    page_number: int
    box: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedOfd:
    """An OFD without seal: all parts but those of the signature, in their order."""

    parts: tuple[OfdPart, ...] = field(repr=False)
    stamp: Stamp | None


class _Resources(NamedTuple):
    fonts: Mapping[str, OfdFont]
    images: Mapping[str, int]
    descriptions: tuple[OfdPart, OfdPart]
    programs: tuple[OfdPart, ...]


def write_ofd(
    document: PageDocument,
    fonts: Mapping[str, Font],
    pictures: Mapping[str, Picture],
    *,
    metadata: Mapping[str, str],
    stamp: StampPlace | None,
) -> UnsignedOfd:
    """Write a document that will be sealed, with the fonts and pictures that its pages name by key.

    Raises `PictureError`, and `ControlCharacterError` for a text with a character that no document may hold.
    """
    numbers = Numbers()
    templates = _write_templates(numbers, document.pages)
    resources = _write_resources(numbers, document, fonts, pictures)
    writer = PageWriter(numbers, resources.fonts, resources.images)
    pages = [_write_page(numbers, writer, page, templates) for page in document.pages]
    page_numbers = [number_ for number_, _packed in pages]
    parts = (
        OfdPart("OFD.xml", _about(document, metadata)),
        OfdPart("Doc_0/Document.xml", _document(document.pages[0], tuple(templates.values()), page_numbers, numbers)),
        *resources.descriptions,
        *[OfdPart(f"Doc_0/{_template_path(place)}", each.packed) for place, each in enumerate(templates.values())],
        *[OfdPart(f"Doc_0/{_page_path(place)}", packed) for place, (_number, packed) in enumerate(pages)],
        *_index(writer.index),
        *_attached(document),
        *resources.programs,
    )
    if stamp is None:
        return UnsignedOfd(parts=parts, stamp=None)
    return UnsignedOfd(parts=parts, stamp=Stamp(page_numbers[stamp.page], " ".join(map(number, stamp[1:]))))


class _Template(NamedTuple):
    """What is the same on all pages: the number of the template, the last number that it uses, and its part."""

    number: int
    last: int
    packed: Packed


def _write_templates(numbers: Numbers, pages: Sequence[Page]) -> dict[int, _Template]:
    """Write each backdrop once, and return them by which backdrop they are.

    The first has the same numbers, and so the same bytes, on all licences of a type.
    """
    templates: dict[int, _Template] = {}
    for page in pages:
        if page.backdrop and id(page.backdrop) not in templates:
            templates[id(page.backdrop)] = template = _template(page, numbers.last + 1)
            numbers.last = template.last
    return templates


_TEMPLATES: Final[Kept[tuple[Path, ...], _Template]] = Kept()


def _template(page: Page, first: int) -> _Template:
    backdrop, width, height = page.backdrop, page.width, page.height
    found = _TEMPLATES.find(backdrop, width, height, first)
    if found is not None:
        return found
    objects = "".join([path_object(path, place) for place, path in enumerate(backdrop, first + 2)])
    content = part("Page", f"{_area(width, height)}{_layer(first + 1, 'Background', objects)}")
    return _TEMPLATES.keep(backdrop, _Template(first, first + 1 + len(backdrop), content), width, height, first)


def _area(width: float, height: float) -> str:
    return f"<ofd:Area><ofd:PhysicalBox>0 0 {number(width)} {number(height)}</ofd:PhysicalBox></ofd:Area>"


def _layer(written: int, kind: str, objects: str) -> str:
    return f'<ofd:Content><ofd:Layer ID="{written}" Type="{kind}">{objects}</ofd:Layer></ofd:Content>'


def _write_page(
    numbers: Numbers, writer: PageWriter, page: Page, templates: Mapping[int, _Template]
) -> tuple[int, Packed]:
    page_number, layer = numbers.take(), numbers.take()
    template = templates.get(id(page.backdrop))
    below = "" if template is None else f'<ofd:Template TemplateID="{template.number}" ZOrder="Background"/>'
    objects = writer.objects(page, page_number)
    return page_number, part("Page", f"{_area(page.width, page.height)}{below}{_layer(layer, 'Body', objects)}")


def _template_path(place: int) -> str:
    return f"Tpls/Tpl_{place}/Content.xml"


def _page_path(place: int) -> str:
    return f"Pages/Page_{place}/Content.xml"


def _write_resources(
    numbers: Numbers, document: PageDocument, fonts: Mapping[str, Font], pictures: Mapping[str, Picture]
) -> _Resources:
    """Write fonts and pictures, and the two lists of them."""
    used: dict[str, OfdFont] = {}
    programs: list[OfdPart] = []
    for key, characters in sorted(document.characters.items()):
        cut = cut_font(fonts[key], characters)
        used[key] = OfdFont(numbers.take(), fonts[key], cut.subset.glyphs)
        programs.append(OfdPart(f"Doc_0/Res/{_font_file(used[key])}", cut.program))
    shown = {mark.key for page in document.pages for mark in page.marks if isinstance(mark, Image) and mark.on_paper}
    images = {key: numbers.take() for key in sorted(shown)}
    programs += [OfdPart(f"Doc_0/Res/{_image_file(images[key])}", _jpeg(pictures[key]), True) for key in images]
    descriptions = (
        OfdPart("Doc_0/PublicRes.xml", _font_list("".join([_font(each) for each in used.values()]))),
        OfdPart("Doc_0/DocumentRes.xml", _image_list(tuple(images.values()))),
    )
    return _Resources(used, images, descriptions, tuple(programs))


def _font_file(font: OfdFont) -> str:
    return f"font_{font.reference}.ttf"


def _image_file(written: int) -> str:
    return f"image_{written}.jpg"


def _font(used: OfdFont) -> str:
    font = used.font
    shape = (' Bold="true"' if font.is_bold else "") + (' Serif="true"' if font.is_serif else "")
    return (
        f'<ofd:Font ID="{used.reference}" FontName="{escape(font.post_script_name)}"'
        f' FamilyName="{escape(font.family)}"{shape}><ofd:FontFile>{_font_file(used)}</ofd:FontFile></ofd:Font>'
    )


# The same fonts and pictures have the same numbers on all licences of a type.
@lru_cache(maxsize=64)
def _font_list(fonts: str) -> Packed:
    return part("Res", f"<ofd:Fonts>{fonts}</ofd:Fonts>", ' BaseLoc="Res"')


@lru_cache(maxsize=64)
def _image_list(images: tuple[int, ...]) -> Packed:
    listed = "".join(
        [
            f'<ofd:MultiMedia ID="{each}" Type="Image" Format="JPEG"><ofd:MediaFile>{_image_file(each)}</ofd:MediaFile>'
            "</ofd:MultiMedia>"
            for each in images
        ]
    )
    return part("Res", f"<ofd:MultiMedias>{listed}</ofd:MultiMedias>" if listed else "", ' BaseLoc="Res"')


def _jpeg(picture: Picture) -> Packed:
    if picture.samples.coding != "DCTDecode":
        raise PictureError("a picture on a page of an OFD is a JPEG")
    return Packed(picture.samples.body)


def _about(document: PageDocument, metadata: Mapping[str, str]) -> Packed:
    """Write what the document says about itself, with the national metadata, and where its signatures are."""
    items = "".join(
        [
            f'<ofd:CustomData Name="{escape(name)}">{escape(text)}</ofd:CustomData>'
            for name, text in sorted(metadata.items())
        ]
    )
    return part(
        "OFD",
        f"<ofd:DocBody><ofd:DocInfo><ofd:DocID>{document.identifier.hex()}</ofd:DocID>"
        f"<ofd:Title>{escape(document.title)}</ofd:Title><ofd:Author>{escape(document.author)}</ofd:Author>"
        f"<ofd:CreationDate>{moment_text(document.created)[:10]}</ofd:CreationDate>"
        f"<ofd:Creator>{PRODUCER}</ofd:Creator><ofd:CreatorVersion>1</ofd:CreatorVersion>"
        f"<ofd:CustomDatas>{items}</ofd:CustomDatas></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
        f"<ofd:Signatures>{SIGNATURES_PART}</ofd:Signatures></ofd:DocBody>",
        ' Version="1.0" DocType="OFD"',
    )


def _document(first: Page, templates: Sequence[_Template], pages: Sequence[int], numbers: Numbers) -> Packed:
    """Write the document's root."""
    below = "".join(
        [
            f'<ofd:TemplatePage ID="{each.number}" BaseLoc="{_template_path(place)}"/>'
            for place, each in enumerate(templates)
        ]
    )
    listed = "".join([f'<ofd:Page ID="{each}" BaseLoc="{_page_path(place)}"/>' for place, each in enumerate(pages)])
    box = f"0 0 {number(first.width)} {number(first.height)}"
    return part(
        "Document",
        f"<ofd:CommonData><ofd:MaxUnitID>{numbers.last}</ofd:MaxUnitID>"
        f"<ofd:PageArea><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:PageArea>"
        f"<ofd:PublicRes>PublicRes.xml</ofd:PublicRes><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>{below}"
        f"</ofd:CommonData><ofd:Pages>{listed}</ofd:Pages><ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>"
        "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>",
    )


def _index(index: Mapping[str, Showing]) -> tuple[OfdPart, OfdPart]:
    """Write where each item of the metadata is shown: one element for each short name (GB/T 36905)."""
    items = "".join(
        [
            f"<ofd:{item}>"
            + "".join([f'<ofd:ObjectRef PageRef="{each.page}">{each.object}</ofd:ObjectRef>' for each in shown.objects])
            + f"</ofd:{item}>"
            for item, shown in sorted(index.items())
        ]
    )
    return (
        OfdPart("Doc_0/Tags/CustomTags.xml", _TAG_LIST),
        OfdPart("Doc_0/Tags/Tag_elicence.xml", part("Elicence", items)),
    )


_TAG_LIST: Final = part(
    "CustomTags",
    '<ofd:CustomTag TypeID="elicence"><ofd:FileLoc>Tag_elicence.xml</ofd:FileLoc></ofd:CustomTag>',
)


def _attached(document: PageDocument) -> tuple[OfdPart, ...]:
    """Write the attached files, which no reader shows, and the list of them."""
    files = sorted(document.files, key=_name)
    made = moment_text(document.created)
    listed = "".join(
        [
            f'<ofd:Attachment ID="att{place}" Name="{escape(each.name)}" Format="{each.name.rpartition(".")[2]}"'
            f' CreationDate="{made}" Size="{number(len(each.content) / 1024)}" Visible="false">'
            f"<ofd:FileLoc>{escape(each.name)}</ofd:FileLoc></ofd:Attachment>"
            for place, each in enumerate(files, 1)
        ]
    )
    return (
        OfdPart("Doc_0/Attachs/Attachments.xml", part("Attachments", listed)),
        *[OfdPart(f"Doc_0/Attachs/{each.name}", Packed(each.content)) for each in files],
    )


def _name(file: AttachedFile) -> str:
    return file.name
