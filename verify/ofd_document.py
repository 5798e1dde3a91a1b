"""The outline of an OFD: its documents, pages and their boxes, where signatures are listed, and what it says of itself.

Promises:
  * Places are followed as the files say (spec/ofd-gbt33190.md, ST_Loc), never guessed from usual names.
  * What is missing or stands twice raises `OfdFormError` or `XmlError`; nothing is drawn and nothing is trusted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from verify.ofd_signatures import Box, OfdFormError, read_box, resolve
from verify.ofd_usual import UsualPage
from verify.ofd_xml import Budget, Element, read_xml

ROOT_FILE: Final = "OFD.xml"
PAGES_MAX: Final = 1_000
DOCUMENTS_MAX: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineDocument:
    """One document of the package. `details` are its texts about itself by name (CustomDatas), in OFD.xml."""

    path: str
    signatures_path: str | None
    details: Mapping[str, str] = field(repr=False)
    area: Box | None
    page_places: Mapping[str, str] = field(repr=False)
    root: Element = field(repr=False)

    def box_of(self, page: Element | UsualPage) -> Box | None:
        """Return the box of a page: its own, else that of the document."""
        if isinstance(page, UsualPage):
            return read_box(page.box)
        area = page.find("Area")
        return (None if area is None else _physical_box(area)) or self.area


def read_outline(
    files: Mapping[str, bytes], *, is_own: bool = False, budget: Budget | None = None
) -> tuple[OutlineDocument, ...]:
    """Return the documents that OFD.xml names. Raises `OfdFormError` or `XmlError`."""
    budget = budget or Budget()
    root = read_xml(content(files, ROOT_FILE), "OFD", is_own=is_own, budget=budget)
    bodies = list(root.all("DocBody"))
    if not 0 < len(bodies) <= DOCUMENTS_MAX:
        raise OfdFormError("no document, or too many")
    return tuple(_read_body(each, files, budget, is_own=is_own) for each in bodies)


def _read_body(body: Element, files: Mapping[str, bytes], budget: Budget, *, is_own: bool) -> OutlineDocument:
    path = resolve(body.one("DocRoot").words, ROOT_FILE)
    root = read_xml(content(files, path), "Document", is_own=is_own, budget=budget)
    area = root.one("CommonData").find("PageArea")
    listed = list(root.one("Pages").all("Page"))
    places = {each.get("ID"): resolve(each.get("BaseLoc"), path) for each in listed}
    if len(places) != len(listed) or len(listed) > PAGES_MAX:
        raise OfdFormError("a page stands there twice, or too many pages")
    signatures = body.find("Signatures")
    return OutlineDocument(
        path=path,
        signatures_path=None if signatures is None else resolve(signatures.words, ROOT_FILE),
        details=_details(body),
        area=None if area is None else _physical_box(area),
        page_places=places,
        root=root,
    )


def _details(body: Element) -> Mapping[str, str]:
    info = body.find("DocInfo")
    listed = None if info is None else info.find("CustomDatas")
    found: dict[str, str] = {}
    for each in () if listed is None else listed.all("CustomData"):
        name = each.get("Name")
        if name in found:
            raise OfdFormError("a text of the document stands there twice")
        found[name] = each.text
    return found


def _physical_box(area: Element) -> Box | None:
    box = area.find("PhysicalBox")
    return None if box is None else read_box(box.words)


def content(files: Mapping[str, bytes], path: str) -> bytes:
    """Return a file of the package. Raises `OfdFormError` when there is none of exactly this name."""
    found = files.get(path)
    if found is None:
        raise OfdFormError("a file that is named is not there")
    return found
