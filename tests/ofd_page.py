"""An OFD read by the rules of GB/T 33190 alone, with nothing of our own reader: its parts, and where characters stand."""

import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from typing import Final, NamedTuple

OFD: Final = "{http://www.ofdspec.org/2016}"


def package(content: bytes) -> dict[str, bytes]:
    """Return the parts by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {each.filename: opened.read(each) for each in opened.infolist()}


def tree(part: bytes) -> ET.Element:
    """Read a part of ours."""
    return ET.fromstring(part)  # noqa: S314 - our own writer's bytes


class Placed(NamedTuple):
    """A character and its origin, in millimetres from the top left corner."""

    character: str
    x: float
    y: float


def in_ofd(content: bytes) -> Iterator[list[Placed]]:
    """Read where each character of each page stands, by the rules of GB/T 33190 alone."""
    parts = package(content)
    for page in tree(parts["Doc_0/Document.xml"]).iter(f"{OFD}Page"):
        contents = tree(parts[f"Doc_0/{page.get('BaseLoc')}"])
        yield [placed for each in contents.iter(f"{OFD}TextObject") for placed in characters(each)]


def characters(text_object: ET.Element) -> Iterator[Placed]:
    left, top, _, _ = map(float, text_object.get("Boundary", "").split())
    a, b, c, d, e, f = map(float, text_object.get("CTM", "1 0 0 1 0 0").split())
    code = text_object.find(f"{OFD}TextCode")
    assert code is not None
    x, y = float(code.get("X", "")), float(code.get("Y", ""))
    text = code.text or ""
    for character, distance in zip(text, [0.0, *distances(code.get("DeltaX", ""))], strict=True):
        x += distance
        yield Placed(character, left + a * x + c * y + e, top + b * x + d * y + f)


def distances(words: str) -> list[float]:
    found, parts = [], words.split()
    while parts:
        if parts[0] == "g":
            found += [float(parts[2])] * int(parts[1])
            parts = parts[3:]
        else:
            found.append(float(parts.pop(0)))
    return found
