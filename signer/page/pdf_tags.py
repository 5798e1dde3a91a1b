"""The structure of a tagged PDF: headings, paragraphs, tables and figures, in reading order.

Promises:
  * Elements come in the order in which they are first marked; everything that says something is in the tree.
  * A table's labels are header cells of their rows, a picture has its text, English words their language (PDF/UA-1).
"""

from typing import NamedTuple

from signer.page.model import Place, Step
from signer.page.pdf_objects import Objects, text_string

Box = tuple[str, str, str, str]


class _Content(NamedTuple):
    """A marked part of a page's contents."""

    page: int
    number: int


class _Element:
    __slots__ = ("attributes", "kids", "number", "step")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.kids: list[_Element | _Content] = []
        self.number = 0
        if step.kind == "TH":
            self.attributes = "/A<</O/Table/Scope/Row>>"
        elif step.kind == "Span":
            self.attributes = f"/Lang({step.key})"
        else:
            self.attributes = ""


class Tags:
    """The structure tree in the making."""

    def __init__(self) -> None:
        self._elements: dict[Place, _Element] = {}
        self._top: list[_Element] = []
        self._pages: list[list[_Element]] = []

    def start_page(self) -> None:
        """Begin the next page; its marks are counted from 0."""
        self._pages.append([])

    def mark(self, place: Place) -> int:
        """Give the number of the next mark on this page, which belongs to the element at this place."""
        element = self._elements.get(place) or self._new(place)
        marks = self._pages[-1]
        element.kids.append(_Content(len(self._pages) - 1, len(marks)))
        marks.append(element)
        return len(marks) - 1

    def mark_figure(self, place: Place, alt: str, box: Box) -> int:
        """Do the same for a picture, with the text that stands for it and where it is."""
        number = self.mark(place)
        self._elements[
            place
        ].attributes = f"/Alt{text_string(alt)}/A<</O/Layout/Placement/Block/BBox[{' '.join(box)}]>>"
        return number

    def _new(self, place: Place) -> _Element:
        element = self._elements[place] = _Element(place[-1])
        if len(place) == 1:
            self._top.append(element)
        else:
            parent = self._elements.get(place[:-1]) or self._new(place[:-1])
            parent.kids.append(element)
        return element

    def write(self, objects: Objects, pages: list[int]) -> int:
        """Write the tree; return the number of its root."""
        root, document = objects.reserve(), objects.reserve()
        kids = " ".join([f"{self._write(objects, each, document, pages)} 0 R" for each in self._top])
        objects.put(document, f"<</Type/StructElem/S/Document/P {root} 0 R/K[{kids}]>>")
        numbers = " ".join(
            [
                f"{index}[{' '.join([f'{element.number} 0 R' for element in marks])}]"
                for index, marks in enumerate(self._pages)
            ]
        )
        parents = objects.add(f"<</Nums[{numbers}]>>")
        objects.put(
            root,
            f"<</Type/StructTreeRoot/K {document} 0 R/ParentTree {parents} 0 R/ParentTreeNextKey {len(self._pages)}>>",
        )
        return root

    def _write(self, objects: Objects, element: _Element, parent: int, pages: list[int]) -> int:
        element.number = objects.reserve()
        kids = " ".join(
            [
                f"{self._write(objects, each, element.number, pages)} 0 R"
                if isinstance(each, _Element)
                else f"<</Type/MCR/Pg {pages[each.page]} 0 R/MCID {each.number}>>"
                for each in element.kids
            ]
        )
        objects.put(
            element.number,
            f"<</Type/StructElem/S/{element.step.kind}/P {parent} 0 R{element.attributes}/K[{kids}]>>",
        )
        return element.number
