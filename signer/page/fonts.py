"""Fonts: which characters there are, how wide they are, and the small font that a document carries.

Promises:
  * A character that neither the role's font nor a font of the office has is named before anything is signed. Nothing
    is ever printed as a box.
  * Loading costs next to nothing: a font is opened at its first use, and what stays in memory is a cut of the common
    characters (GB 2312 and Latin, 2 to 3 MB a font). A rare character opens the whole file for a moment.
  * The same characters give the same subset, byte for byte, whichever of the two it was cut from.
  * Only HarfBuzz reads and writes fonts; what it does not tell (three numbers) is read from the tables by `struct`.

Roles: `body`, `bold`, `serif`, `title`. Our fonts lie in signer/fonts; an office's own fonts fill their gaps, in the
order of their file names. Only TrueType outlines are taken, since both document forms embed them.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from struct import unpack_from
from typing import Any, Final

import uharfbuzz as hb

from signer.page.errors import FontMissingError, FontUnusableError

OWN_FONTS: Final = Path(__file__).parent.parent / "fonts"

ROLES: Final[Mapping[str, str]] = {
    "body": "NotoSansSC-Regular.ttf",
    "bold": "NotoSansSC-Bold.ttf",
    "serif": "NotoSerifSC-Regular.ttf",
    "title": "NotoSerifSC-Bold.ttf",
}

# From OS/2.usWeightClass 600 ("semi-bold") on, a reader that must replace the font takes a bold one.
BOLD_FROM: Final = 600

# OS/2.fsType, bits 0 to 3: 2 alone forbids embedding; bit 8 forbids cutting a subset; bit 9 allows pictures only.
EMBEDDING_FORBIDDEN: Final = 0x0002
SUBSET_FORBIDDEN: Final = 0x0100 | 0x0200

# Our four fonts and some of the office: whoever opens a shelf again takes the cuts that this process has made.
_CUTS_MAX: Final = 8

_DROPPED_TABLES: Final = tuple(
    int.from_bytes(tag.encode(), "big")
    for tag in ("GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "STAT", "DSIG")
)
_FLAGS: Final = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NO_LAYOUT_CLOSURE


def _gb2312() -> Iterator[int]:
    """Walk the characters of GB 2312: 94 rows of 94 places, as Python's own codec has them."""
    for row in range(0xA1, 0xFF):
        for place in range(0xA1, 0xFF):
            text = bytes((row, place)).decode("gb2312", errors="ignore")
            if text:
                yield ord(text)


# Characters of nearly every document. Beyond GB 2312: Latin with accents, and the dashes as keyboards type them.
COMMON: Final = frozenset(_gb2312()) | frozenset(range(0x20, 0x7F)) | frozenset(range(0xA0, 0x180)) | {0x2014, 0x2022}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """The font that one document carries: its bytes, and for each character its glyph and its width per mille."""

    program: bytes
    glyphs: Mapping[str, int]
    widths: Mapping[str, int]


class _Advances(dict[str, float]):
    """Advance of each character in em: looked up in the font once, then a plain dict. KeyError where it has none."""

    __slots__ = ("_font",)

    def __init__(self, font: "Font") -> None:
        super().__init__()
        self._font = font

    def __missing__(self, character: str) -> float:
        advance = self[character] = self._font.look_up_advance(character)
        return advance


class _Widths(dict[str, int]):
    """Advance of each character per mille, as documents write it."""

    __slots__ = ("_advances",)

    def __init__(self, advances: Mapping[str, float]) -> None:
        super().__init__()
        self._advances = advances

    def __missing__(self, character: str) -> int:
        width = self[character] = round(self._advances[character] * 1000)
        return width


class Font:
    """One font file. Lengths are in em (`ascent`, `descent`, both positive) or per mille (`cap_height`, `box`)."""

    def __init__(self, path: Path, *, key: str) -> None:
        self.key: Final = key
        """Name of the font inside documents: letters and digits, another for each font of a shelf."""
        self._path: Final = path
        self._state: Final = _state(path)
        face = self._whole()
        if {"glyf", "loca", "cmap", "hhea", "head", "OS/2", "post"} - set(face.table_tags):
            raise FontUnusableError("a table is missing, or the outlines are not TrueType", params={"font": path.name})
        head, hhea, os2 = (face.reference_table(tag).data for tag in ("head", "hhea", "OS/2"))
        _refuse_forbidden(os2, path)
        self.units_per_em: Final[int] = face.upem
        ascent, descent = unpack_from(">hh", hhea, 4)
        self.ascent: Final[float] = ascent / self.units_per_em
        self.descent: Final[float] = -descent / self.units_per_em
        self.box: Final = tuple(round(each * 1000 / self.units_per_em) for each in unpack_from(">4h", head, 36))
        self.cap_height: Final = round(_cap_height(face) * 1000 / self.units_per_em)
        self.is_bold: Final[bool] = unpack_from(">H", os2, 4)[0] >= BOLD_FROM
        self.post_script_name: Final = _ascii_name(face.get_name(hb.OTNameIdPredefined.POSTSCRIPT_NAME) or path.stem)
        self.family: Final[str] = (
            face.get_name(hb.OTNameIdPredefined.TYPOGRAPHIC_FAMILY)
            or face.get_name(hb.OTNameIdPredefined.FONT_FAMILY)
            or path.stem
        )
        self.is_serif: Final = "serif" in self.post_script_name.lower()
        self.advances: Final[Mapping[str, float]] = _Advances(self)
        self._widths: Final = _Widths(self.advances)
        self._common: tuple[Any, Any] | None = None

    def has(self, character: str) -> bool:
        """Say whether the font has a glyph for this character."""
        try:
            self.advances[character]
        except KeyError:
            return False
        return True

    def look_up_advance(self, character: str) -> float:
        """Read one advance from the font, in em; KeyError where the font lacks the character."""
        point = ord(character)
        reader = self._common_cut()[1]
        glyph = reader.get_nominal_glyph(point)
        if glyph is None and point not in COMMON:
            reader = hb.Font(self._whole())
            glyph = reader.get_nominal_glyph(point)
        if not glyph:  # None, or .notdef: the box
            raise KeyError(character)
        return float(reader.get_glyph_h_advance(glyph) / self.units_per_em)

    def subset(self, characters: Collection[str]) -> Subset:
        """Cut the font that a document with these characters carries: glyph numbers dense, cmap of its own.

        KeyError where the font lacks one.
        """
        points = set(map(ord, characters))
        face = self._common_cut()[0] if points <= COMMON else self._whole()
        plan = hb.SubsetPlan(face, _subset_input(points))
        # HarfBuzz adds mirrored characters of its own accord; only those asked for are named here.
        old, new = plan.unicode_to_old_glyph_mapping, plan.old_to_new_glyph_mapping
        ordered = sorted(characters)
        return Subset(
            glyphs={each: new[old[ord(each)]] for each in ordered},
            widths={each: self._widths[each] for each in ordered},
            program=plan.execute().blob.data,
        )

    def _whole(self) -> Any:  # noqa: ANN401 - uharfbuzz has no types
        return _whole_face(self._path, self._state)

    def _common_cut(self) -> tuple[Any, Any]:
        if self._common is None:
            self._common = _common_cut(self._path, self._state)
        return self._common


def _whole_face(path: Path, state: tuple[int, int]) -> Any:  # noqa: ANN401 - uharfbuzz has no types
    """Open the file, mapped into memory and given back after use."""
    if _state(path) != state:
        raise FontUnusableError("the file was changed while in use; start anew", params={"font": path.name})
    try:
        return hb.Face(hb.Blob.from_file_path(os.fspath(path)))
    except hb.HarfBuzzError as error:
        raise FontUnusableError("the file cannot be read", params={"font": path.name}) from error


@lru_cache(maxsize=_CUTS_MAX)
def _common_cut(path: Path, state: tuple[int, int]) -> tuple[Any, Any]:
    """Cut the common characters at the first use; HarfBuzz's preprocessing halves the time of later cuts."""
    # By way of its bytes: the cut itself holds on to the whole file.
    cut = _subset_input(COMMON).subset(_whole_face(path, state)).blob.data
    face = hb.subset_preprocess(hb.Face(hb.Blob(cut)))
    return face, hb.Font(face)


class FontShelf:
    """The fonts that pages are made with: one for each role, and the office's own to fill gaps."""

    def __init__(self, own: Mapping[str, Font], office: tuple[Font, ...]) -> None:
        self._chains: Final = {role: (font, *office) for role, font in own.items()}

    @classmethod
    def open(cls, folders: Sequence[Path] = ()) -> "FontShelf":
        """Open our fonts and those of the office's folders; no other file of a folder is looked at than `*.ttf`."""
        own = {}
        for number, (role, name) in enumerate(ROLES.items(), start=1):
            path = OWN_FONTS / name
            if not path.is_file():
                raise FontMissingError("the build did not bring the fonts; install again", params={"font": name})
            own[role] = Font(path, key=f"F{number}")
        files = [path for folder in folders if folder != OWN_FONTS for path in sorted(folder.glob("*.ttf"))]
        first = len(ROLES) + 1
        return cls(own, tuple(Font(path, key=f"F{number}") for number, path in enumerate(files, start=first)))

    def chain(self, role: str) -> tuple[Font, ...]:
        """Return the role's font and those that fill its gaps, in order; KeyError for a role that is none."""
        return self._chains[role]

    def missing(self, role: str, text: str) -> frozenset[str]:
        """Return the characters that no font of the role's chain has; line ends are none."""
        chain = self._chains[role]
        return frozenset(each for each in set(text) if each != "\n" and not any(font.has(each) for font in chain))


def missing_in(path: Path, text: str) -> frozenset[str]:
    """Return the characters that a font file lacks, without keeping anything of it in memory."""
    reader = hb.Font(hb.Face(hb.Blob.from_file_path(os.fspath(path))))
    return frozenset(each for each in set(text) if not reader.get_nominal_glyph(ord(each)))


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise FontUnusableError("the file cannot be read", params={"font": path.name}) from error
    return found.st_size, found.st_mtime_ns


def _refuse_forbidden(os2: bytes, path: Path) -> None:
    rights = unpack_from(">H", os2, 8)[0]
    if rights & 0x000F == EMBEDDING_FORBIDDEN or rights & SUBSET_FORBIDDEN:
        raise FontUnusableError("its maker forbids to embed a cut of it", params={"font": path.name})


def _cap_height(face: Any) -> int:  # noqa: ANN401 - uharfbuzz has no types
    position = hb.Font(face).get_metric_position_with_fallback(hb.OTMetricsTag.CAP_HEIGHT)
    return int(position)


def _ascii_name(name: str) -> str:
    """Spell a PostScript name as the standard wants it: printable ASCII without brackets, slash and percent sign."""
    return "".join(each for each in name if "!" <= each <= "~" and each not in "[](){}<>/%") or "Font"


def _subset_input(points: Collection[int]) -> Any:  # noqa: ANN401 - uharfbuzz has no types
    wanted = hb.SubsetInput()
    wanted.unicode_set.update(points)
    wanted.flags = _FLAGS
    wanted.sets(hb.SubsetInputSets.LAYOUT_FEATURE_TAG).clear()
    wanted.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(_DROPPED_TABLES)
    return wanted
