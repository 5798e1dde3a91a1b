"""What a document shows, as a list: the texts, pictures and seals of each page with their places, and an OFD's files.

No picture can be made of an OFD here, so this is what an approver is shown of the very bytes that will be signed. Of a
PDF, which can be seen, there are the texts only: one for each page.

Promises:
  * Runs in the child process that reads strangers' files; what comes back is a plain value, believed as little.
  * Every file of the package is named with its size, whatever it is for; what has no words is counted as a drawing.
  * A list that would be too long says that it was cut.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, Self, get_args

from signer.official.errors import UnreadableUploadError
from signer.official.wishes import LayoutError
from verify.errors import MalformedError
from verify.ofd_document import OutlineDocument, content, read_outline
from verify.ofd_package import read_package
from verify.ofd_signatures import Box, read_box, read_description, read_signatures, resolve
from verify.ofd_xml import Budget, Element, read_xml

# A thousand dense pages; a page of prose has a hundred text objects.
ITEMS_MAX: Final = 20_000
CHARACTERS_MAX: Final = 1_000_000
NAME_LENGTH_MAX: Final = 300

Kind = Literal["text", "picture", "seal", "drawings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A text, picture or seal on a page, from 1, in millimetres from its upper left corner; or how many drawings.

    `text` is the text, or the name of the picture's file; `amount` its size in bytes, or the number of drawings.
    """

    page: int
    kind: Kind
    text: str = field(default="", repr=False)
    amount: int = 0
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All that was found, page by page, and an OFD's files with their sizes."""

    pages: int
    items: tuple[Item, ...]
    files: tuple[tuple[str, int], ...]
    was_cut: bool = False

    def encode(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read it back. Raises `LayoutError` for any other form."""
        try:
            value = json.loads(data)
            items = tuple(_item(each) for each in value["items"])
            files = tuple((str(name), int(size)) for name, size in value["files"])
            return cls(pages=int(value["pages"]), items=items, files=files, was_cut=value["was_cut"] is True)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise LayoutError("not an inventory") from error


def take_inventory(document: bytes) -> Inventory:
    """List what an OFD shows. Raises `UnreadableUploadError`.

    1. The package and its one document. 2. The objects of each page and of the templates that it names. 3. The seals.
    4. The files.
    """
    try:
        files = read_package(document).files  # (1)
        read = _Files(files, Budget())
        (outline,) = read_outline(files, budget=read.budget)
        found = [*_objects(read, outline), *_seals(read, outline)]  # (2), (3)
    except (MalformedError, ValueError) as error:
        raise UnreadableUploadError("an OFD that cannot be listed") from error
    named = tuple((name[:NAME_LENGTH_MAX], len(each)) for name, each in files.items())  # (4)
    return inventory_of(len(outline.page_places), sorted(found, key=_page_of), named)


def inventory_of(pages: int, found: Sequence[Item], files: tuple[tuple[str, int], ...] = ()) -> Inventory:
    """Return a list, cut where it would be too long."""
    kept, characters = [], 0
    for item in found[:ITEMS_MAX]:
        characters += len(item.text)
        if characters > CHARACTERS_MAX:
            break
        kept.append(item)
    return Inventory(pages=pages, items=tuple(kept), files=files, was_cut=len(kept) < len(found))


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a package, and how many elements may still be read of them all together."""

    files: Mapping[str, bytes]
    budget: Budget

    def xml(self, path: str, root: str) -> Element:
        return read_xml(content(self.files, path), root, budget=self.budget)


def _page_of(item: Item) -> int:
    return item.page


def _objects(files: _Files, outline: OutlineDocument) -> Iterator[Item]:
    common = outline.root.one("CommonData")
    templates = {each.get("ID"): resolve(each.get("BaseLoc"), outline.path) for each in common.all("TemplatePage")}
    pictures = _pictures(files, outline, common)
    for number, path in enumerate(outline.page_places.values(), 1):
        page = files.xml(path, "Page")
        below = (templates.get(each.get("TemplateID"), "") for each in page.all("Template"))
        shown = [page, *(files.xml(each, "Page") for each in below)]
        drawings = 0
        for element in _graphics(shown):
            if element.name == "TextObject":
                yield _at(element, number, "text", "".join(code.text for code in element.all("TextCode")), 0)
            elif element.name == "ImageObject":
                yield _at(element, number, "picture", *pictures.get(element.get("ResourceID"), ("", 0)))
            else:
                drawings += 1
        if drawings:
            yield Item(page=number, kind="drawings", amount=drawings)


def _graphics(pages: Sequence[Element]) -> Iterator[Element]:
    """Yield text, picture and drawing objects in the order in which they stand, through blocks in blocks."""
    waiting = [layer for page in pages for each in page.all("Content") for layer in each.all("Layer")]
    waiting.reverse()
    while waiting:
        element = waiting.pop()
        if element.name in {"Layer", "PageBlock"}:
            waiting += reversed(element.children)
        elif element.name.endswith("Object"):
            yield element


def _pictures(files: _Files, outline: OutlineDocument, common: Element) -> Mapping[str, tuple[str, int]]:
    """Return name and size of each picture's file by the id under which pages show it."""
    found = {}
    for each in common.children:
        if each.name in {"PublicRes", "DocumentRes"}:
            path = resolve(each.words, outline.path)
            resources = files.xml(path, "Res")
            base = resources.attributes.get("BaseLoc", "")
            folder = path if base.strip("./") == "" else f"{resolve(base, path)}/"
            for media in (media for listed in resources.all("MultiMedias") for media in listed.all("MultiMedia")):
                name = resolve(media.one("MediaFile").words, folder)
                found[media.get("ID")] = (name, len(files.files.get(name, b"")))
    return found


def _seals(files: _Files, outline: OutlineDocument) -> Iterator[Item]:
    """Yield where signatures show their seals; of a strip the part that is seen."""
    listed = outline.signatures_path
    if listed is None or listed not in files.files:
        return
    numbers = {identifier: number for number, identifier in enumerate(outline.page_places, 1)}
    for entry in read_signatures(files.files[listed], listed, budget=files.budget):
        description = read_description(content(files.files, entry.path), entry.path)
        for stamp in description.stamps:
            clip = stamp.clip or Box(0, 0, stamp.box.width, stamp.box.height)
            yield Item(
                page=numbers.get(stamp.page, 0),
                kind="seal",
                text=description.seal_path or "",
                x=stamp.box.x + clip.x,
                y=stamp.box.y + clip.y,
                width=clip.width,
                height=clip.height,
            )


def _at(element: Element, page: int, kind: Kind, text: str, amount: int) -> Item:
    box = read_box(element.get("Boundary"))
    return Item(page=page, kind=kind, text=text, amount=amount, x=box.x, y=box.y, width=box.width, height=box.height)


def _item(value: Mapping[str, Any]) -> Item:
    if value["kind"] not in get_args(Kind) or not isinstance(value["text"], str):
        raise LayoutError("not an item")
    places = {name: float(value[name]) for name in ("x", "y", "width", "height")}
    return Item(page=int(value["page"]), kind=value["kind"], text=value["text"], amount=int(value["amount"]), **places)
