import subprocess
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest
import uharfbuzz as hb
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.page.errors import FontUnusableError
from signer.page.fonts import COMMON, OWN_FONTS, ROLES, Font, FontShelf, _subset_input, missing_in

# 𠮷 is on purpose not among them: no font of ours has it.
RARE = "䶮𬭎𫖯㛃𬤇镕"

SHELF = FontShelf.open()
FREQUENT = sorted(each for each in map(chr, COMMON) if SHELF.chain("body")[0].has(each))


@pytest.fixture
def shelf() -> FontShelf:
    return SHELF


def office_font(folder: Path, characters: str) -> Path:
    """Make the font of an office: a cut of ours with few characters."""
    folder.mkdir(exist_ok=True)
    path = folder / "OfficeNames.ttf"
    path.write_bytes(Font(OWN_FONTS / ROLES["serif"], key="F1").subset(characters).program)
    return path


def test_the_recorded_files_are_there_with_their_hashes_and_licences() -> None:
    rows = tomllib.loads((OWN_FONTS / "files.toml").read_text(encoding="utf-8"))["file"]

    assert {row["name"] for row in rows} >= {*ROLES.values(), "NotoSansSC-OFL.txt", "NotoSerifSC-OFL.txt"}
    for row in rows:
        assert sha256((OWN_FONTS / row["name"]).read_bytes()).hexdigest() == row["sha256"], row["name"]


@pytest.mark.parametrize("role", ROLES)
def test_rare_characters_of_names_are_there_in_every_role(shelf: FontShelf, role: str) -> None:
    assert shelf.missing(role, f"{RARE}·张三 John Smith\n第二行") == frozenset()


@pytest.mark.parametrize("role", ROLES)
def test_a_character_that_no_font_has_is_named(shelf: FontShelf, role: str) -> None:
    assert shelf.missing(role, "张𠮷𠮷") == {"𠮷"}
    assert missing_in(OWN_FONTS / ROLES[role], "张𠮷") == {"𠮷"}


def test_advances_and_metrics_are_those_of_the_font(shelf: FontShelf) -> None:
    (font,) = shelf.chain("body")

    assert font.advances["证"] == 1.0
    assert font.advances["䶮"] == 1.0
    assert 0.2 < font.advances["i"] < font.advances["W"] < 1.0
    assert (font.ascent, font.descent, font.cap_height) == (1.16, 0.288, 733)
    assert (font.post_script_name, font.family) == ("NotoSansSC-Regular", "Noto Sans SC")
    assert (font.is_bold, font.is_serif) == (False, False)
    title = shelf.chain("title")[0]
    assert (title.post_script_name, title.is_bold, title.is_serif) == ("NotoSerifSC-Bold", True, True)
    with pytest.raises(KeyError):
        font.advances["𠮷"]


@pytest.mark.parametrize("characters", ["证照", "证照䶮𬭎", "A", "证照 ABC abc 0123（，）·"])
def test_a_subset_has_these_characters_under_dense_glyph_numbers(shelf: FontShelf, characters: str) -> None:
    font = shelf.chain("title")[0]

    subset = font.subset(set(characters))

    face = hb.Face(hb.Blob(subset.program))
    reader = hb.Font(face)
    assert {chr(each) for each in face.unicodes} == set(characters)
    assert sorted(subset.glyphs.values()) == list(range(1, len(set(characters)) + 1))
    for character, glyph in subset.glyphs.items():
        assert reader.get_nominal_glyph(ord(character)) == glyph
        assert reader.get_glyph_h_advance(glyph) == subset.widths[character] == round(font.advances[character] * 1000)
    tables = set(face.table_tags)
    assert tables >= {"head", "hhea", "maxp", "OS/2", "hmtx", "cmap", "loca", "glyf", "name", "post"}
    assert not tables & {"GSUB", "GPOS", "GDEF", "fpgm", "prep", "cvt ", "vmtx"}


@settings(max_examples=30, deadline=None)
@given(characters=st.sets(st.sampled_from(FREQUENT), min_size=1, max_size=80))
def test_the_cut_of_common_characters_gives_the_same_bytes_as_the_whole_file(characters: set[str]) -> None:
    whole = hb.Face(hb.Blob.from_file_path(str(OWN_FONTS / ROLES["body"])))

    assert (
        SHELF.chain("body")[0].subset(characters).program
        == _subset_input(set(map(ord, characters))).subset(whole).blob.data
    )


def test_the_same_characters_give_the_same_bytes(shelf: FontShelf) -> None:
    font = shelf.chain("body")[0]

    assert font.subset("照证") == font.subset(["证", "照"]) == Font(OWN_FONTS / ROLES["body"], key="F9").subset("证照")


def test_a_subset_with_a_character_that_the_font_lacks_is_refused(shelf: FontShelf) -> None:
    with pytest.raises(KeyError):
        shelf.chain("body")[0].subset("证𠮷")


def test_an_office_font_fills_gaps_after_our_own(tmp_path: Path) -> None:
    office_font(tmp_path, "证A")

    shelf = FontShelf.open([tmp_path])

    own, office = shelf.chain("body")
    assert (own.post_script_name, office.post_script_name) == ("NotoSansSC-Regular", "NotoSerifSC-Regular")
    assert office.has("证")
    assert not office.has("照")
    keys = {font.key for role in ROLES for font in shelf.chain(role)}
    assert len(keys) == len(ROLES) + 1


@pytest.mark.parametrize("content", [b"", b"not a font", b"\0\1\0\0" + bytes(200)], ids=["empty", "text", "zeros"])
def test_a_file_that_is_no_font_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.ttf").write_bytes(content)

    with pytest.raises(FontUnusableError) as caught:
        FontShelf.open([tmp_path])

    assert caught.value.params == {"font": "broken.ttf"}


def test_a_font_whose_maker_forbids_embedding_is_refused(tmp_path: Path) -> None:
    path = office_font(tmp_path, "证")
    content = bytearray(path.read_bytes())
    for index in range(int.from_bytes(content[4:6])):
        record = content[12 + 16 * index : 28 + 16 * index]
        if record[:4] == b"OS/2":
            rights = int.from_bytes(record[8:12]) + 8
    content[rights : rights + 2] = b"\0\2"
    path.write_bytes(content)

    with pytest.raises(FontUnusableError, match="forbids"):
        FontShelf.open([tmp_path])


def test_a_font_changed_while_in_use_is_noticed(tmp_path: Path) -> None:
    path = office_font(tmp_path, "证照")
    font = Font(path, key="F1")
    office_font(tmp_path, "证")

    with pytest.raises(FontUnusableError):
        font.has("证")


def test_a_folder_s_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("our fonts", encoding="utf-8")

    assert len(FontShelf.open([tmp_path, tmp_path / "absent"]).chain("body")) == 1


def test_all_four_fonts_in_use_take_less_than_45_mb() -> None:
    program = """
import re
from pathlib import Path
from signer.page.fonts import FontShelf, ROLES
def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = resident()
shelf = FontShelf.open()
for role in ROLES:
    shelf.chain(role)[0].subset("证照䶮")
print(resident() - before)
"""

    taken = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert int(taken) < 45_000
