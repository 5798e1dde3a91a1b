"""What a file is to be prepared with, and what comes of it: the values that go to the child process and back.

Promises: plain values; nothing here reads a file, and a prepared PDF says itself whether its room is empty.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Self

from signer.official.package import FILES_OF_SIGNATURE, unfinish
from signer.official.places import Box, Placing, SealImage
from signer.page.pdf import HOLE_DIGITS
from verify.errors import MalformedError


class LayoutError(MalformedError):
    """Not the layout of a prepared file."""

    code = "official.layout"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealWish:
    """What a file is to be prepared with: `name` is the office's, `at` the time that is claimed, `seal` the object.

    `slip` is a PDF whose page comes behind the last one of a PDF; nothing where none is wished.
    """

    document_id: str
    placing: Placing
    image: SealImage
    name: str
    at: datetime
    seal: bytes = field(default=b"", repr=False)
    slip: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where in a prepared file things stand.

    In a PDF `room` is from the `<` to behind the `>`, and `signed` is nothing: all but the room is signed. In an OFD
    `room` is the list of entries at its end, and `signed` is where Signature.xml stands, whose path is `signature`.
    """

    form: str
    pages: int
    boxes: tuple[Box, ...]
    room: tuple[int, int]
    signed: tuple[int, int] = (0, 0)
    signature: str = ""
    earlier_signatures: int = 0

    def to_object(self) -> dict[str, Any]:
        """Return the layout as values of JSON."""
        return asdict(self)

    def to_text(self) -> str:
        """Return the layout as JSON."""
        return json.dumps(self.to_object())

    @classmethod
    def from_object(cls, value: Mapping[str, Any]) -> Self:
        """Read a layout back. Raises `LayoutError`; whether it fits a file is for others to see."""
        try:
            return cls(
                form=str(value["form"]),
                pages=int(value["pages"]),
                boxes=tuple(_box(each) for each in value["boxes"]),
                room=_pair(value["room"]),
                signed=_pair(value["signed"]),
                signature=str(value["signature"]),
                earlier_signatures=int(value["earlier_signatures"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise LayoutError("not a layout") from error

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a layout that `to_text` wrote."""
        return cls.from_object(json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedFile:
    """The exact bytes that wait for a signature."""

    content: bytes = field(repr=False)
    layout: Layout

    @property
    def digest(self) -> str:
        """What names these very bytes: SHA-256 in hexadecimal."""
        return sha256(self.content).hexdigest()

    def is_behind(self, upload: bytes) -> bool:
        """Say whether what was made is the upload with an empty room behind it (PDF), or ends as an OFD of ours."""
        start, end = self.layout.room
        if self.layout.form == "ofd":
            first, last = self.layout.signed
            return 0 < first < last <= start < end < len(self.content)
        room = self.content[max(start, 0) : end]
        is_open = room == b"<" + b"0" * HOLE_DIGITS + b">"
        return is_open and start >= len(upload) and self.content.startswith(upload)


def is_prepared_of(content: bytes, layout: Layout, digest: str) -> bool:
    """Say whether a sealed file is what was prepared under this digest, with its seal's own parts taken out again."""
    start, end = layout.room
    if layout.form == "ofd":
        prepared = unfinish(content, layout.room, added=FILES_OF_SIGNATURE)
    else:
        prepared = content[:start] + b"<" + b"0" * HOLE_DIGITS + b">" + content[end:]
    return sha256(prepared).hexdigest() == digest


def _box(value: Mapping[str, Any]) -> Box:
    page, measures = int(value["page"]), {name: float(each) for name, each in value.items() if name != "page"}
    return Box(page=page, **measures)


def _pair(value: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise LayoutError("not two places")
    return int(value[0]), int(value[1])
