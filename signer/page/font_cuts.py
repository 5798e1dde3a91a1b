"""The cut of a font that a document carries, made once for all bodies of the document."""

from functools import lru_cache
from typing import NamedTuple

from signer.page.fonts import Font, Subset
from signer.page.packed import Packed


class FontCut(NamedTuple):
    """A subset, and its program ready to be embedded."""

    subset: Subset
    program: Packed


# Fonts of titles and labels are cut alike for all licences of a type; the one of the values is another each time.
@lru_cache(maxsize=64)
def cut_font(font: Font, characters: frozenset[str]) -> FontCut:
    """Cut the font that a document with these characters carries. KeyError where the font lacks one."""
    subset = font.subset(characters)
    return FontCut(subset, Packed(subset.program))
