"""Read the XML files of an OFD: a small tree of elements, from a parser that knows no way out of the file.

Promises:
  * No document type, no entity, no processing instruction, no encoding but UTF-8: nothing is expanded, nothing fetched.
  * Bytes, depth, elements and attributes are capped while they are read, not afterwards.
  * Names of the OFD namespaces lose it (`Document`), all others keep theirs (`{other}Document`) and so are never taken
    for one of OFD's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple
from xml.parsers import expat  # what is dangerous in it is refused below

from verify.errors import MalformedError
from verify.remembered import Remembered

NAMESPACE: Final = "http://www.ofdspec.org/2016"
# Older producers write the first of these, and some none at all (spec/ofd-gbt33190.md section 1).
OLDER_NAMESPACES: Final = frozenset({"http://www.ofdspec.org", ""})
# A page full of vector pictures has some megabytes; pages nest a handful of levels. Built to take long, a file of
# this size takes under two seconds.
XML_BYTES_MAX: Final = 8 << 20
DEPTH_MAX: Final = 64
ELEMENTS_MAX: Final = 100_000
ATTRIBUTES_MAX: Final = 64
# A file is given to expat piece by piece; a tag that goes on for so long has more in it than any of OFD's.
PIECE_BYTES: Final = 1 << 18
# A path of a QR code is one text of 30 kB.
TEXT_BUFFER_BYTES: Final = 1 << 16
_MARK: Final = b"\xef\xbb\xbf"
# With one of these expat would read UTF-16, whatever encoding it was told.
_OTHER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_SPACES: Final = " \t\r\n"


class XmlError(MalformedError):
    """Not an XML file of an OFD that is read."""

    code = "ofd.xml"


class Element:
    """One element: its name, attributes and children in their order, and the pieces of text directly in it."""

    __slots__ = ("attributes", "children", "name", "pieces")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name: Final = name
        self.attributes: Final = attributes
        self.children: Final[list[Element]] = []
        self.pieces: Final[list[str]] = []

    def __repr__(self) -> str:
        return f"Element({self.name})"

    def all(self, name: str) -> Iterator["Element"]:
        """Yield the children of this name."""
        return (each for each in self.children if each.name == name)

    def one(self, name: str) -> "Element":
        """Return the only child of this name. Raises `XmlError` when there is none or another."""
        found = self.find(name)
        if found is None:
            raise XmlError(f"{name} is missing")
        return found

    def find(self, name: str) -> "Element | None":
        """Return the only child of this name, or None. Raises `XmlError` when there are several."""
        found = [each for each in self.children if each.name == name]
        if len(found) > 1:
            raise XmlError(f"{name} stands there twice")
        return found[0] if found else None

    def get(self, name: str) -> str:
        """Return an attribute. Raises `XmlError` when it is missing."""
        value = self.attributes.get(name)
        if value is None:
            raise XmlError(f"{name} is missing")
        return value

    @property
    def text(self) -> str:
        """All text directly in it."""
        return "".join(self.pieces)

    @property
    def words(self) -> str:
        """The text without white space round it."""
        return self.text.strip(_SPACES)


@dataclass(slots=True)
class Budget:
    """How many elements and comments may still be read of one package, all its files together."""

    elements: int = ELEMENTS_MAX

    def spend(self, count: int = 1) -> None:
        """Take some. Raises `XmlError` when there were not so many left."""
        self.elements -= count
        if self.elements < 0:
            raise XmlError("more elements than any OFD")


class _Enough(Exception):  # noqa: N818 - no error: what was asked for is read
    """All that stands in front of an element is read."""


class _Builder:
    """Puts the tree together while expat reads; every handler may refuse."""

    def __init__(self, budget: Budget, *, is_own: bool, until: str) -> None:
        self._is_own = is_own
        self._until = until
        self._spend = budget.spend
        # What is at hand needs no look at the end of a list: a page has hundreds of elements.
        self._top = self._above = Element("", {})
        self._open: list[Element] = []
        self._names: dict[str, str] = {}

    @property
    def root(self) -> Element | None:
        """The root element, when there is one."""
        return self._above.children[0] if self._above.children else None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._spend()
        if len(self._open) >= DEPTH_MAX or len(attributes) > ATTRIBUTES_MAX:
            raise XmlError("deeper, or with more attributes, than any OFD")
        local = self._names.get(name) or self._local(name)
        if local == self._until and len(self._open) == 1:
            raise _Enough
        element = Element(local, attributes)
        self._top.children.append(element)
        self._open.append(self._top)
        self._top = element

    def end(self, _name: str) -> None:
        self._top = self._open.pop()

    def characters(self, text: str) -> None:
        self._top.pieces.append(text)

    def _local(self, name: str) -> str:
        space, _, local = name.rpartition(" ")
        if not (space == NAMESPACE or (space in OLDER_NAMESPACES and not self._is_own)):
            if self._is_own:
                raise XmlError("an element of another namespace")
            local = f"{{{space}}}{local}"
        self._names[name] = local
        return local

    def declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        if version != "1.0" or (encoding or "UTF-8").upper() != "UTF-8":
            raise XmlError("not XML 1.0 in UTF-8")

    def comment(self, _text: str) -> None:
        self._spend()
        if self._is_own:
            raise XmlError("a comment")


class _Small(NamedTuple):
    """A small file that was read: nobody changes an element. `elements` counts its comments too."""

    root: Element
    elements: int


# Lists of pages, of attached files and of what is shown where are the same on most documents of a type.
SMALL_BYTES_MAX: Final = 4096
_SMALL: Final[Remembered[tuple[bytes, str, bool], _Small]] = Remembered(bytes_max=4 << 20)
# An element with its attributes, children and texts.
_ELEMENT_BYTES: Final = 700


def _refuse(what: str, *_arguments: object) -> None:
    raise XmlError(what)


def read_xml(data: bytes, root: str, *, is_own: bool = False, budget: Budget | None = None, until: str = "") -> Element:
    """Return the root element, which must have this name. Raises `XmlError`.

    With `is_own` only what our writer writes is read: the one namespace, no comments, no mark in front. A `budget` is
    shared by the files of a package. With `until`, reading ends at the first child of the root with that name.
    """
    if len(data) > XML_BYTES_MAX:
        raise XmlError("longer than any XML file of an OFD")
    budget = budget or Budget()
    if len(data) > SMALL_BYTES_MAX or until:
        return _parse(data, root, budget, is_own=is_own, until=until)
    key = (data, root, is_own)
    found = _SMALL.find(key)
    if found is not None:
        budget.spend(found.elements)
        return found.root
    left = budget.elements
    element = _parse(data, root, budget, is_own=is_own)
    spent = left - budget.elements
    return _SMALL.offer(key, _Small(element, spent), weight=len(data) + spent * _ELEMENT_BYTES).root


def _parse(data: bytes, root: str, budget: Budget, *, is_own: bool, until: str = "") -> Element:
    if data.startswith(_OTHER_MARKS) or (is_own and data.startswith(_MARK)):
        raise XmlError("a byte order mark")
    builder = _Builder(budget, is_own=is_own, until=until)
    parser = expat.ParserCreate("UTF-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.buffer_size = TEXT_BUFFER_BYTES
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.XmlDeclHandler = builder.declaration
    parser.CommentHandler = builder.comment
    # Without a document type nobody can declare an entity.
    parser.StartDoctypeDeclHandler = partial(_refuse, "a document type")
    parser.ProcessingInstructionHandler = partial(_refuse, "a processing instruction")
    try:
        for at in range(PIECE_BYTES, len(data), PIECE_BYTES):
            parser.Parse(data[at - PIECE_BYTES : at], False)
            if at - parser.CurrentByteIndex > PIECE_BYTES:
                raise XmlError("a longer tag than any of OFD")
        parser.Parse(data[max(len(data) - 1, 0) // PIECE_BYTES * PIECE_BYTES :], True)
    except _Enough:
        pass
    except (expat.ExpatError, ValueError) as error:
        raise XmlError("not XML") from error
    found = builder.root
    if found is None or found.name != root:
        raise XmlError(f"not a file with {root}")
    return found
