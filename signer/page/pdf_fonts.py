"""Fonts inside a PDF: the cut of each font that is used, with its widths and the way back to characters.

Promises: every glyph has its character in ToUnicode, above U+FFFF too; the name carries the tag of its cut.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

from signer.page.font_cuts import cut_font
from signer.page.fonts import Font
from signer.page.pdf_objects import Objects, stored_stream, stream

# PDF allows at most so many pairs in one block (ISO 32000-1, 9.10.3 and Adobe's technical note 5014).
_PAIRS_MAX: Final = 100
_CMAP_HEAD: Final = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)"
    "/Supplement 0>>def /CMapName/Adobe-Identity-UCS def /CMapType 2 def 1 begincodespacerange <0000><FFFF>"
    " endcodespacerange\n"
)
_CMAP_TAIL: Final = "endcmap CMapName currentdict/CMap defineresource pop end end"
_FLAGS_SERIF: Final = 2
_FLAGS_SYMBOLIC: Final = 4
_STEM_REGULAR, _STEM_BOLD = 80, 140
_SYSTEM: Final = "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
_WIDTH_USUAL: Final = 1000


class EmbeddedFont(NamedTuple):
    """A font as page contents use it: the number of its object, and each character's glyph in hexadecimal digits."""

    reference: int
    digits: Mapping[str, str]


class _Cut(NamedTuple):
    """What a document carries of a font, for one set of characters."""

    name: str
    program: bytes
    to_unicode: bytes
    widths: str
    digits: Mapping[str, str]


def embed_font(objects: Objects, font: Font, characters: frozenset[str]) -> EmbeddedFont:
    """Write the objects of one font."""
    cut = _cut(font, characters)
    flags = _FLAGS_SYMBOLIC | (_FLAGS_SERIF if font.is_serif else 0)
    descriptor = objects.add(
        f"<</Type/FontDescriptor/FontName/{cut.name}/Flags {flags}/FontBBox[{' '.join(map(str, font.box))}]"
        f"/ItalicAngle 0/Ascent {round(font.ascent * 1000)}/Descent {-round(font.descent * 1000)}"
        f"/CapHeight {font.cap_height}/StemV {_STEM_BOLD if font.is_bold else _STEM_REGULAR}"
        f"/FontFile2 {objects.add(cut.program)} 0 R>>"
    )
    descendant = objects.add(
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{cut.name}{_SYSTEM}/FontDescriptor {descriptor} 0 R"
        f"/DW {_WIDTH_USUAL}/W[{cut.widths}]/CIDToGIDMap/Identity>>"
    )
    reference = objects.add(
        f"<</Type/Font/Subtype/Type0/BaseFont/{cut.name}/Encoding/Identity-H/DescendantFonts[{descendant} 0 R]"
        f"/ToUnicode {objects.add(cut.to_unicode)} 0 R>>"
    )
    return EmbeddedFont(reference, cut.digits)


# Fonts of titles and labels are cut alike for all licences of a type; the one of the values is another each time.
@lru_cache(maxsize=64)
def _cut(font: Font, characters: frozenset[str]) -> _Cut:
    subset, program = cut_font(font, characters)
    by_glyph = sorted((glyph, character) for character, glyph in subset.glyphs.items())
    tag = "".join(chr(65 + byte % 26) for byte in sha256("".join(sorted(characters)).encode()).digest()[:6])
    widths = [f"{glyph}[{subset.widths[each]}]" for glyph, each in by_glyph if subset.widths[each] != _WIDTH_USUAL]
    return _Cut(
        name=f"{tag}+{font.post_script_name}",
        program=stored_stream(program.zlib_stream, f"/Length1 {len(subset.program)}/Filter/FlateDecode"),
        to_unicode=stream(_to_unicode(by_glyph)),
        widths="".join(widths),
        digits={each: _DIGITS[glyph] for glyph, each in by_glyph},
    )


class _Digits(dict[int, str]):
    """Glyph numbers in hexadecimal digits; those of cuts are small, and come again on every page."""

    __slots__ = ()

    def __missing__(self, glyph: int) -> str:
        text = self[glyph] = f"{glyph:04X}"
        return text


class _Unicode(dict[str, str]):
    """Characters in UTF-16, in hexadecimal digits."""

    __slots__ = ()

    def __missing__(self, character: str) -> str:
        text = self[character] = character.encode("utf-16-be").hex()
        return text


_DIGITS: Final = _Digits()
_unicode: Final = _Unicode().__getitem__


def _to_unicode(by_glyph: list[tuple[int, str]]) -> bytes:
    blocks = []
    for first in range(0, len(by_glyph), _PAIRS_MAX):
        part = by_glyph[first : first + _PAIRS_MAX]
        pairs = "".join([f"<{_DIGITS[glyph]}><{_unicode(each)}>" for glyph, each in part])
        blocks.append(f"{len(part)} beginbfchar {pairs} endbfchar\n")
    return f"{_CMAP_HEAD}{''.join(blocks)}{_CMAP_TAIL}".encode()
