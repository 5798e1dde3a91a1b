"""Objects of a PDF in the plain form that our own writer uses: one revision, one classic cross-reference table.

Promises:
  * One spelling is read: what another PDF writer might also mean is refused, so no two readers see two things.
  * An object is taken only from where the table says, and its number must stand there; no name stands twice in a
    dictionary.
  * Depth, counts and inflated sizes are capped; nothing is read outside the bytes given.

This is no reader of PDF in general: documents of others go to `foreign_pdf`.
"""

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from verify.errors import MalformedError

# Catalog, names, file specifications: four levels; a tree of signatures and tags nests no deeper than this.
DEPTH_MAX: Final = 16
# A catalog with its attachments has 600 bytes; no object that is read here grows with the page.
VALUE_BYTES_MAX: Final = 16_384
# Catalog and file specifications are the same in all documents of one writer; the rest comes and goes.
VALUES_REMEMBERED: Final = 256
OBJECTS_MAX: Final = 100_000
# The names and references of one writer's documents are always the same; making one costs more than reading it.
NAMES_REMEMBERED: Final = 1024
XREF_LINE_BYTES: Final = 20
# Where the last lines of a file stand: the address of the table and the end mark.
TAIL_BYTES: Final = 40

_TAIL: Final = re.compile(rb"startxref\n([0-9]{1,10})\n%%EOF\n\Z")
_XREF_HEAD: Final = re.compile(rb"xref\n0 ([0-9]{1,6})\n0000000000 65535 f \n")
_XREF_LINE: Final = re.compile(rb"([0-9]{10}) 00000 n \n")
_OBJECT_HEAD: Final = re.compile(rb"([1-9][0-9]{0,6}) 0 obj\n")
_STREAM_HEAD: Final = b"\nstream\n"
_STREAM_TAIL: Final = b"\nendstream\nendobj\n"
_TOKEN: Final = re.compile(
    rb"[ \n]*(?:"
    rb"(?P<reference>[1-9][0-9]{0,6}) 0 R(?![0-9A-Za-z])"
    rb"|(?P<integer>-?[0-9]{1,10})(?![0-9.])"
    rb"|/(?P<name>[A-Za-z0-9_.+#-]{1,127})"
    rb"|(?P<open><<|\[)"
    rb"|(?P<close>>>|\])"
    rb"|\((?P<string>(?:[^()\\\r]|\\[nrtbf()\\])*)\)"
    rb"|<(?P<hex>(?:[0-9A-Fa-f]{2})*)>"
    rb"|(?P<real>-?[0-9]{1,10}\.[0-9]{1,10})(?![0-9.])"
    rb"|(?P<word>true|false|null)(?![0-9A-Za-z])"
    rb")"
)
_ESCAPE: Final = re.compile(rb"\\(.)")
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class PdfFormError(MalformedError):
    """Not a PDF of the plain form that we write."""

    code = "pdf.form"


@dataclass(frozen=True, slots=True)
class Name:
    """A name object, without its slash, as it is written."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to an object of generation 0."""

    number: int


PdfValue = Name | Reference | bytes | float | bool | None | list["PdfValue"] | dict[bytes, "PdfValue"]


class PdfObjects:
    """The objects of one revision, read one by one on demand."""

    def __init__(self, document: bytes) -> None:
        tail = _TAIL.search(document, max(0, len(document) - TAIL_BYTES))
        if tail is None:
            raise PdfFormError("no address of a table at the end")
        table = int(tail[1])
        head = _XREF_HEAD.match(document, table)
        if head is None:
            raise PdfFormError("no table of objects where it should stand")
        self._document = document
        self._first_line = head.end()
        self._count = int(head[1])
        lines_end = self._first_line + (self._count - 1) * XREF_LINE_BYTES
        if not 1 < self._count <= OBJECTS_MAX or not document.startswith(b"trailer\n", lines_end):
            raise PdfFormError("the table of objects is not of its length")
        trailer = self._value(lines_end + len(b"trailer\n"), b"\nstartxref\n")
        if not isinstance(trailer, dict) or trailer.get(b"Size") != self._count:
            raise PdfFormError("the trailer belongs to another table")
        if not trailer.keys() <= {b"Size", b"Root", b"Info", b"ID"}:
            raise PdfFormError("the trailer names an earlier revision, or an encryption")
        self.trailer: dict[bytes, PdfValue] = trailer

    def get(self, value: PdfValue) -> PdfValue:
        """Return the object that a reference names; any other value is returned as it is."""
        if not isinstance(value, Reference):
            return value
        return self._value(self._start(value), b"\nendobj\n")

    def dictionary(self, value: PdfValue) -> dict[bytes, PdfValue]:
        """Return the dictionary that this value is or names."""
        found = self.get(value)
        if not isinstance(found, dict):
            raise PdfFormError("a dictionary was expected")
        return found

    def array(self, value: PdfValue) -> list[PdfValue]:
        """Return the array that this value is or names."""
        found = self.get(value)
        if not isinstance(found, list):
            raise PdfFormError("an array was expected")
        return found

    def stream(self, value: PdfValue, *, bytes_max: int) -> bytes:
        """Return the content of the stream that a reference names: plain, or inflated up to this many bytes."""
        if not isinstance(value, Reference):
            raise PdfFormError("a stream is named by a reference")
        start = self._start(value)
        entries = self._value(start, _STREAM_HEAD)
        if not isinstance(entries, dict):
            raise PdfFormError("not a stream")
        length = entries.get(b"Length")
        if type(length) is not int or not 0 <= length <= len(self._document):
            raise PdfFormError("a stream without a length")
        first = self._document.index(_STREAM_HEAD, start) + len(_STREAM_HEAD)
        stop = first + length
        if not self._document.startswith(_STREAM_TAIL, stop):
            raise PdfFormError("a stream does not end where it should")
        content = self._document[first:stop]
        return _unfilter(content, entries.get(b"Filter"), bytes_max)

    def _start(self, reference: Reference) -> int:
        """Return where the object's value begins."""
        if reference.number >= self._count:
            raise PdfFormError("an object that the table does not have")
        line = _XREF_LINE.match(self._document, self._first_line + (reference.number - 1) * XREF_LINE_BYTES)
        head = _OBJECT_HEAD.match(self._document, int(line[1])) if line is not None else None
        if head is None or int(head[1]) != reference.number:
            raise PdfFormError("another object than the table says")
        return head.end()

    def _value(self, start: int, ending: bytes) -> PdfValue:
        """Return the one value that stands between this place and the next such ending."""
        end = self._document.find(ending, start, start + VALUE_BYTES_MAX)
        if end < 0:
            raise PdfFormError("a value that does not end where it should")
        return read_value(self._document[start:end])


@lru_cache(maxsize=VALUES_REMEMBERED)
def read_value(text: bytes) -> PdfValue:
    """Return the value that this text is, from end to end. It is remembered: who gets it must not change it."""
    levels: list[tuple[bytes, list[PdfValue]]] = []
    at = 0
    while True:
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise PdfFormError("a value that we do not write")
        at = token.end()
        kind = token.lastgroup
        if kind == "open":
            levels.append((_CLOSING[token["open"]], []))
            if len(levels) > DEPTH_MAX:
                raise PdfFormError("too deep")
            continue
        value = _close(levels, token["close"]) if kind == "close" else _SCALARS[kind](token[kind])
        if levels:
            levels[-1][1].append(value)
        elif at == len(text):
            return value
        else:
            raise PdfFormError("something stands behind a value")


def _close(levels: list[tuple[bytes, list[PdfValue]]], closing: bytes) -> PdfValue:
    """Return the array or dictionary that ends here."""
    expected, values = levels.pop() if levels else (b"", [])
    if closing != expected:
        raise PdfFormError("an end without its beginning")
    return _pair(values) if closing == b">>" else values


def _pair(values: list[PdfValue]) -> dict[bytes, PdfValue]:
    """Make a dictionary of names and values; a name that stands twice is refused."""
    names = [each.text for each in values[::2] if isinstance(each, Name)]
    if len(names) * 2 != len(values) or len(set(names)) != len(names):
        raise PdfFormError("not a dictionary, or a name twice in it")
    return dict(zip(names, values[1::2], strict=True))


def _text(written: bytes) -> bytes:
    """Return the bytes of a string in parentheses."""
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), written) if b"\\" in written else written


_CLOSING: Final = {b"<<": b">>", b"[": b"]"}
_SCALARS: Final[Mapping[str, Callable[[bytes], PdfValue]]] = {
    "reference": lru_cache(NAMES_REMEMBERED)(lambda text: Reference(int(text))),
    "integer": int,
    "name": lru_cache(NAMES_REMEMBERED)(Name),
    "string": _text,
    "hex": lambda text: bytes.fromhex(text.decode()),
    "real": float,
    "word": {b"true": True, b"false": False, b"null": None}.__getitem__,
}


def _unfilter(content: bytes, filter_name: PdfValue, bytes_max: int) -> bytes:
    if filter_name is None:
        if len(content) > bytes_max:
            raise PdfFormError("a stream is too long")
        return content
    if filter_name != Name(b"FlateDecode"):
        raise PdfFormError("a filter that we do not write")
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(content, bytes_max + 1)
    except zlib.error as error:
        raise PdfFormError("a stream that cannot be inflated") from error
    if len(inflated) > bytes_max or not inflater.eof or inflater.unused_data:
        raise PdfFormError("a stream is too long, cut off, or followed by something")
    return inflated
