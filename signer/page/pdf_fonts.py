"""Fonts inside a PDF: the cut of each font that is used, with its widths and the way back to characters.

Promises: every glyph has its character in ToUnicode, above U+FFFF too; the name carries the tag of its cut.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from signer.page.fonts import Font, Subset
from signer.page.pdf_objects import Objects, stream

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


def embed_font(objects: Objects, font: Font, subset: Subset) -> EmbeddedFont:
    """Write the objects of one font."""
    by_glyph = sorted((glyph, character) for character, glyph in subset.glyphs.items())
    tag = "".join(chr(65 + byte % 26) for byte in sha256("".join(subset.glyphs).encode()).digest()[:6])
    name = f"{tag}+{font.post_script_name}"
    program = objects.add(stream(subset.program, f"/Length1 {len(subset.program)}"))
    to_unicode = objects.add(stream(_to_unicode(by_glyph)))
    flags = _FLAGS_SYMBOLIC | (_FLAGS_SERIF if font.is_serif else 0)
    descriptor = objects.add(
        f"<</Type/FontDescriptor/FontName/{name}/Flags {flags}/FontBBox[{' '.join(map(str, font.box))}]/ItalicAngle 0"
        f"/Ascent {round(font.ascent * 1000)}/Descent {-round(font.descent * 1000)}/CapHeight {font.cap_height}"
        f"/StemV {_STEM_BOLD if font.is_bold else _STEM_REGULAR}/FontFile2 {program} 0 R>>"
    )
    widths = "".join(
        [f"{glyph}[{subset.widths[each]}]" for glyph, each in by_glyph if subset.widths[each] != _WIDTH_USUAL]
    )
    descendant = objects.add(
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}{_SYSTEM}/FontDescriptor {descriptor} 0 R"
        f"/DW {_WIDTH_USUAL}/W[{widths}]/CIDToGIDMap/Identity>>"
    )
    reference = objects.add(
        f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H/DescendantFonts[{descendant} 0 R]"
        f"/ToUnicode {to_unicode} 0 R>>"
    )
    return EmbeddedFont(reference, {each: f"{glyph:04X}" for glyph, each in by_glyph})


def _to_unicode(by_glyph: list[tuple[int, str]]) -> bytes:
    blocks = []
    for first in range(0, len(by_glyph), _PAIRS_MAX):
        part = by_glyph[first : first + _PAIRS_MAX]
        pairs = "".join([f"<{glyph:04X}><{each.encode('utf-16-be').hex()}>" for glyph, each in part])
        blocks.append(f"{len(part)} beginbfchar {pairs} endbfchar\n")
    return f"{_CMAP_HEAD}{''.join(blocks)}{_CMAP_TAIL}".encode()
