"""ofdrw judges, reads and renders our OFDs; its picture is held against poppler's of the PDF, and the code read back from it."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops

from signer.page.ofd_zip import OfdPart, write_zip
from signer.page.packed import Packed
from tests.ofd_page import in_ofd, package
from tests.page_requests import FOOD_FIELDS, food_request, press, teacher_request
from tests.peers.programs import JAVA, ofdrw
from tests.sample_sheets import TEMPLATES, sheets
from tests.sealed_ofd import seal_up

# 203 dots per inch, as an office printer.
PIXELS_PER_MM = 8
# Of the squares of two by two pixels, at most 1.5 % differ by more than 96 of 255 on a page full of text; more than 4 % do
# when one of the pictures is a quarter of a millimetre off. (Poppler makes thin lines a whole pixel wide.)
OFF_PER_CENT_MAX = 2.5
OFF_FROM = 96
SMOOTHED = 2

pytestmark = pytest.mark.peer("java", "mvn", "javac")


@dataclass(frozen=True, slots=True)
class Bodies:
    """Both bodies of one licence as files of one name."""

    pdf: Path
    ofd: Path


@dataclass(frozen=True, slots=True)
class Judged:
    """What ofdrw said and made of all files in one run, since Java takes its time to start."""

    folder: Path
    bodies: tuple[Bodies, ...]
    changed: tuple[Path, ...]
    said: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        return [each.ofd for each in self.bodies]

    def text(self, name: str) -> str:
        return (self.folder / f"{name}.txt").read_text(encoding="utf-8")

    def picture(self, name: str, number: int) -> Image.Image:
        with Image.open(self.folder / f"{name}-{number}.bmp") as opened:
            return opened.convert("RGB")


def samples() -> dict[str, tuple[bytes, bytes]]:
    """The samples of all types, a long one, a test, and one with rare characters and marks of XML in it, in both bodies."""
    made = {template: sheets(template) for template in TEMPLATES}
    made["long"] = sheets("food_business_licence", is_long=True)
    made["test"] = sheets("teacher_certificate", test=True)
    written = {name: (each.pdf(), seal_up(each.ofd())) for name, each in made.items()}
    odd = food_request({**FOOD_FIELDS, "KZ_FDDBR": "李𬭎 <&>𬭎𬭎  x\"'", "KZ_ZS": "</ofd:TextCode>]]>&amp;../../"})
    for name, request in (("odd", odd), ("photo", teacher_request())):
        bodies = press().render_bodies(request)
        assert bodies.pdf is not None
        assert bodies.ofd is not None
        written[name] = bytes(bodies.pdf.content), seal_up(bodies.ofd)
    return written


CHANGES = (
    ("OFD.xml", b"<ofd:Title>", b"<ofd:Title>x"),
    ("Doc_0/Pages/Page_0/Content.xml", b'Size="', b'Size="1'),
    ("Doc_0/Tpls/Tpl_0/Content.xml", b'LineWidth="', b'LineWidth="1'),
    ("Doc_0/Res/font_11.ttf", b"glyf", b"glyg"),
    ("Doc_0/Attachs/metadata.json", b"JY", b"JX"),
    ("Doc_0/Signs/Sign_0/Signature.xml", b"<ofd:CheckValue>", b"<ofd:CheckValue >"),
)


def changed(document: bytes) -> Iterator[bytes]:
    """The document with one part changed, for each of the changes."""
    for name, old, new in CHANGES:
        parts = package(document)
        assert old in parts[name]
        parts[name] = parts[name].replace(old, new, 1)
        yield write_zip([OfdPart(each, Packed(content)) for each, content in parts.items()])


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """All samples in both bodies, and one of them changed in several ways, as ofdrw found them."""
    folder, written = tmp_path_factory.mktemp("ofds"), samples()
    bodies = tuple(Bodies(folder / f"{name}.pdf", folder / f"{name}.ofd") for name in written)
    for each, (pdf, ofd) in zip(bodies, written.values(), strict=True):
        each.pdf.write_bytes(pdf)
        each.ofd.write_bytes(ofd)
    broken = []
    for number, document in enumerate(changed(written["odd"][1])):
        broken.append(folder / f"changed{number}.ofd")
        broken[-1].write_bytes(document)
    files = map(str, [*(each.ofd for each in bodies), *broken])
    words = [*JAVA, "-cp", ofdrw(), "yinzheng.Main", "judge", str(PIXELS_PER_MM), str(folder), *files]
    asked = subprocess.run(words, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    return Judged(folder, bodies, tuple(broken), tuple(asked.stdout.splitlines()))


def test_ofdrw_finds_every_seal_good(judge: Judged) -> None:
    assert list(judge.said[: len(judge.files)]) == [f"good {file}" for file in judge.files]


def test_ofdrw_finds_every_changed_file_bad(judge: Judged) -> None:
    said = judge.said[len(judge.files) :]

    assert [line.partition(": ")[0] for line in said] == [f"bad {each}" for each in judge.changed]
    assert len(said) == len(CHANGES)


def test_the_text_that_ofdrw_extracts_is_ours(judge: Judged) -> None:
    for file in judge.files:
        found = judge.text(file.stem).split("\f")
        ours = ["".join(each.character for each in page) for page in in_ofd(file.read_bytes())]
        assert [re.sub(r"\s", "", page) for page in found] == [re.sub(r"\s", "", page) for page in ours], file.stem
    assert "李𬭎<&>𬭎𬭎x\"'" in re.sub(r"\s", "", judge.text("odd"))


@pytest.mark.peer("pdftoppm")
def test_the_picture_of_the_ofd_is_that_of_the_pdf(judge: Judged, tmp_path: Path) -> None:
    for each in judge.bodies:
        name = each.pdf.stem
        subprocess.run(["pdftoppm", "-r", str(PIXELS_PER_MM * 25.4), each.pdf, tmp_path / name], check=True)
        pages = sorted(tmp_path.glob(f"{name}-*.ppm"))
        assert len(pages) == len(list(judge.folder.glob(f"{name}-*.bmp")))
        for number, page in enumerate(pages, 1):
            with Image.open(page) as theirs:
                off = difference(judge.picture(name, number), theirs)
            page.unlink()  # twelve megabytes each
            assert off < OFF_PER_CENT_MAX, (name, number, off)


def test_the_comparison_notices_a_page_that_is_a_quarter_of_a_millimetre_off(judge: Judged) -> None:
    page = judge.picture("odd", 1)

    assert far_off(page, ImageChops.offset(page, PIXELS_PER_MM // 4, 0)) > OFF_PER_CENT_MAX


def difference(left: Image.Image, right: Image.Image) -> float:
    """Compare two pictures that may differ in size by a pixel."""
    size = min(left.width, right.width), min(left.height, right.height)
    assert max(abs(left.width - right.width), abs(left.height - right.height)) <= 1
    return far_off(left.crop((0, 0, *size)), right.crop((0, 0, *size)))


def far_off(ours: Image.Image, theirs: Image.Image) -> float:
    """Return the share of the page that looks different, in per cent; each renderer smooths edges in its own way."""
    red, green, blue = ImageChops.difference(ours.reduce(SMOOTHED), theirs.reduce(SMOOTHED)).split()
    largest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return sum(largest.histogram()[OFF_FROM + 1 :]) / (largest.width * largest.height) * 100


def test_the_code_is_read_back_from_the_picture_of_the_ofd(judge: Judged) -> None:
    for file in judge.files:
        codes = zxingcpp.read_barcodes(judge.picture(file.stem, 1))

        wanted = package(file.read_bytes()).get("Doc_0/Attachs/code.txt")
        assert len(codes) == 1, file.stem
        assert wanted is None or codes[0].text == wanted.decode()


def test_ofdrw_draws_the_seal_red_and_lets_black_text_show_through(judge: Judged) -> None:
    pixels = judge.picture("odd", 1)
    (page,) = [each for each in judge.bodies if each.ofd.stem == "odd"]
    stamp = re.search(rb'StampAnnot ID="2" PageRef="\d+" Boundary="([^"]+)"', _signature(page.ofd))
    assert stamp is not None
    x, y, width, height = (round(float(each) * PIXELS_PER_MM) for each in stamp[1].split())

    inside = pixels.crop((x, y, x + width, y + height))
    colours = inside.getcolors(width * height) or []
    red = sum(count for count, (r, g, b) in colours if r > 180 and g < 90 and b < 90)
    black = sum(count for count, (r, g, b) in colours if max(r, g, b) < 60)

    assert red > width * height * 0.1
    assert black > width * height * 0.01


def _signature(file: Path) -> bytes:
    return package(file.read_bytes())["Doc_0/Signs/Sign_0/Signature.xml"]
