"""The plain way to make and seal an OFD: a Java program over ofdrw, kept running, told what to do line by line.

It is the rival of `make bench`, and a favoured one: it gets the page laid out, the fonts cut, the QR code as a picture (its
own numbers take it longer than ours to write) and the seal object made, and has only to draw, pack and seal, as its manual
says. Its source is tests/peers/ofdrw.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image as PictureFile
from PIL import ImageDraw

from signer.page.font_cuts import cut_font
from signer.page.model import Close, Curve, Image, Line, Mark, Move, PageDocument, Rects, Run
from signer.page.model import Path as DrawnPath
from signer.page.press import PageRequest
from tests.page_requests import press
from tests.peers.programs import ofdrw
from tests.sealed_ofd import office_seal, room

OFDRW = "ofdrw 2.3.3"
# After so many documents the virtual machine has compiled what is used.
WARM_AFTER = 40
CODE = "code.png"
PIXELS_A_MODULE = 8
_LETTERS = {Move: "M", Line: "L", Curve: "B", Close: "C"}


class OfdrwWay:
    """A running program; each call returns when its work is done."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def make(self) -> None:
        """Make and seal the page."""
        self._tell("make")

    def save(self, file: Path) -> None:
        """Make and seal the page, and keep it."""
        self._tell(f"save {file}")

    def check(self, file: Path) -> None:
        """Let ofdrw's validator judge a file; one that it finds bad ends the program."""
        self._tell(f"check {file}")

    def _tell(self, line: str) -> None:
        given, answers = self._process.stdin, self._process.stdout
        if given is None or answers is None:
            raise RuntimeError("the program has no pipes")
        given.write(line + "\n")
        given.flush()
        if answers.readline() != "done\n":
            raise RuntimeError(f"ofdrw gave up at: {line}")


@contextmanager
def ofdrw_way(folder: Path, request: PageRequest, *, warm_after: int = WARM_AFTER) -> Iterator[OfdrwWay]:
    """Write down the page of this licence, start the program, and let it make so many documents to warm up."""
    folder.mkdir(parents=True, exist_ok=True)
    document, pictures = press()._lay_out(request)  # noqa: SLF001 - the same page, laid out once
    fonts = press()._fonts  # noqa: SLF001
    for key, characters in document.characters.items():
        (folder / f"{key}.ttf").write_bytes(cut_font(fonts[key], characters).program.content)
    for key, picture in pictures.items():
        (folder / f"{key}.jpg").write_bytes(picture.samples.body)
    (code,) = [mark for mark in document.pages[0].marks if isinstance(mark, Rects)]
    (folder / CODE).write_bytes(_code_picture(code))
    for each in document.files:
        (folder / each.name).write_bytes(each.content)
    bureau = room().bureau
    (folder / "seal.esl").write_bytes(office_seal())
    (folder / "seal.crt").write_bytes(bureau.certificate)
    (folder / "seal.key").write_bytes(bureau.sm2.to_pkcs8())
    (folder / "page.tsv").write_text(_page(document), encoding="utf-8")
    words = ["java", "-Djava.awt.headless=true", "-cp", ofdrw(), "yinzheng.Main", "serve", str(folder)]
    with subprocess.Popen(  # it ends when its input does
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        way = OfdrwWay(process)
        for _ in range(warm_after):
            way.make()
        yield way


def _page(document: PageDocument) -> str:
    """Write the first page as lines of words parted by tabs, as Bench.java reads them."""
    page = document.pages[0]
    lines = [f"page\t{page.width}\t{page.height}"]
    lines += [f"file\t{each.name}" for each in document.files]
    lines += [line for mark in (*page.backdrop, *page.marks) if (line := _mark(mark))]
    return "\n".join(lines) + "\n"


def _mark(mark: Mark) -> str:
    match mark:
        case Run():
            colour = " ".join(map(str, mark.colour))
            return f"text\t{mark.font}\t{mark.size}\t{mark.x}\t{mark.y}\t{mark.tracking}\t{colour}\t{mark.text}"
        case DrawnPath():
            steps = " ".join(" ".join([_LETTERS[type(step)], *map(str, step)]) for step in mark.steps)
            stroke, fill = (" ".join(map(str, each)) if each else "-" for each in (mark.stroke, mark.fill))
            return f"path\t{stroke}\t{mark.width}\t{fill}\t{steps}"
        case Rects():
            side = mark.modules * mark.unit
            return f"image\t{CODE}\t{mark.x}\t{mark.y}\t{side}\t{side}"
        case Image(on_paper=True):
            return f"image\t{mark.key}.jpg\t{mark.x}\t{mark.y}\t{mark.width}\t{mark.height}"
        case Image():
            return f"seal\t{mark.x}\t{mark.y}\t{mark.width}\t{mark.height}"


def _code_picture(code: Rects) -> bytes:
    picture = PictureFile.new("1", (code.modules, code.modules), 1)
    draw = ImageDraw.Draw(picture)
    for x, y, width, height in code.rects:
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill=0)
    written = BytesIO()
    picture.resize((code.modules * PIXELS_A_MODULE,) * 2).save(written, "PNG")
    return written.getvalue()
