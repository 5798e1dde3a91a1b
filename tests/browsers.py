"""A real browser on a served hall: pages as people see them, keys as hand scanners press them, a camera that plays a file.

Promises: Debian's Chromium, driven from outside; only loopback is reached; whatever a page asks of another host, and
every complaint of the console, is written down for the test to look at. Many pages whose document alone is judged are
shown in its build without windows (`windowless`).

A module's tests share one browser, for opening one takes longer than most of them: `from tests.browsers import browser, driver`.
Each gets pages of its own, with nothing kept. What the camera of `filmed` sees is the film at `FilmedBrowser.film`, read
anew whenever a page turns it on; a page may turn it on when its visit `has_camera`.
"""

import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import qrcode  # type: ignore[import-untyped]
import uvicorn
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.hall import Hall

CHROMIUM = "/usr/bin/chromium"
# The same without windows of its own, whose drawing costs more than the pages do; where it is not installed, the whole one.
WINDOWLESS = shutil.which("chromium-headless-shell") or CHROMIUM
FRAME = (1280, 720)
# A name that is not this machine to a browser, so that http there is what it is on an intranet.
PLAIN_HOST = "counter.test"
_OWN = re.compile(rf"(?:blob:)?http://(?:127\.0\.0\.1|{re.escape(PLAIN_HOST)}):|about:")
# A paper under a camera: so many of its pixels lie on a millimetre, four on a module of the code.
PIXELS_PER_MM = 7.6
TABLE = (120, 118, 112)


@contextmanager
def served(hall: Hall, *, date: datetime | None = None) -> Iterator[str]:
    """Serve the hall on loopback and give its address; answers say it is `date`, or nothing of the time."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    headers = [] if date is None else [("date", date.strftime("%a, %d %b %Y %H:%M:%S GMT"))]
    config = uvicorn.Config(
        hall.app, host="127.0.0.1", port=port, log_config=None, lifespan="off", date_header=False, headers=headers
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


class Sent:
    """Counts what the server sends, by address, so that workers and the service worker are counted too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._sizes: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and count the body of the answer as it goes over the wire."""

        async def counted(message: Message) -> None:
            path = scope.get("path", "")
            self._sizes[path] = self._sizes.get(path, 0) + len(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, counted)

    def take(self) -> dict[str, int]:
        """Return what was sent since the last time."""
        taken, self._sizes = self._sizes, {}
        return taken


@dataclass
class Visit:
    """One page in one browser; `complaints` is what went wrong or went elsewhere."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        """Open the counter page and wait until its script has started and tried to get data."""
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready]", state="attached")
        self.wait(lambda: self.page.inner_text("#age") != "")

    def wait(self, is_so: Any, seconds: float = 10) -> None:
        """Wait until something is so; pages under our policy refuse what Playwright would evaluate in them."""
        until = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < until, (self.page.inner_text("body"), self.complaints)
            self.page.wait_for_timeout(20)

    @property
    def verdict(self) -> str:
        found = self.page.query_selector("#result [data-verdict]")
        return "" if found is None else found.get_attribute("data-verdict") or ""

    def scans(self, text: str, *, delay_ms: float = 0, suffix: str = "Enter") -> None:
        """Press the keys that a hand scanner presses."""
        self.page.keyboard.type(text, delay=delay_ms)
        if suffix:
            self.page.keyboard.press(suffix)

    def waits_for(self, *verdicts: str, seconds: float = 10) -> None:
        """Wait until the page shows one of these verdicts."""
        self.wait(lambda: self.verdict in verdicts, seconds)


@dataclass(frozen=True)
class FilmedBrowser:
    """A browser whose camera plays a film."""

    opened: Browser
    film: Path


@pytest.fixture(scope="module")
def driver() -> Iterator[Playwright]:
    """What drives browsers; a thread has one at a time."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(driver: Playwright) -> Iterator[Browser]:
    """One browser, without a camera, for all tests of a module."""
    opened = _launched(driver, CHROMIUM)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def windowless(driver: Playwright) -> Iterator[Browser]:
    """One browser for what looks at many documents, and at nothing that only a window has."""
    opened = _launched(driver, WINDOWLESS)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def filmed(driver: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilmedBrowser]:
    """One browser with a camera for all tests of a module: a whole one, for only that gives a page a camera."""
    path = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}")
    opened = _launched(driver, CHROMIUM, *camera)
    yield FilmedBrowser(opened, path)
    opened.close()


def _launched(driver: Playwright, program: str, *arguments: str) -> Browser:
    own = ["--no-sandbox", f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1"]
    return driver.chromium.launch(executable_path=program, args=[*own, *arguments])


@contextmanager
def visiting(
    browser: Browser, at: datetime, *, width: int = 1280, has_camera: bool = False, **options: Any
) -> Iterator[Visit]:
    """Open a page of its own whose clock stands at that moment and goes on."""
    permissions = ["camera"] if has_camera else []
    context = browser.new_context(viewport={"width": width, "height": 900}, permissions=permissions, **options)
    page = context.new_page()
    page.clock.install(time=at)
    visit = Visit(page, context)
    page.on("console", lambda message: visit.complaints.append(message.text))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on(
        "request",
        lambda request: None if _OWN.match(request.url) else visit.complaints.append(request.url[:80]),
    )
    yield visit
    context.close()


def qr_picture(text: str, *, module: int = 4) -> Image.Image:
    """Return the code as our pages draw it: an address, and behind it digits."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=module, border=4)
    code.add_data(text, optimize=20)
    code.make(fit=True)
    picture: Image.Image = code.make_image().get_image().convert("RGB")
    return picture


def film(picture: Image.Image, path: Path, *, frames: int = 8) -> Path:
    """Write a film in which the picture moves a little on a grey table."""
    shown = [picture.rotate(1.5 * (number % 3 - 1), expand=True, fillcolor=TABLE) for number in range(frames)]
    return _written([_on_table(each, (3 * number, 0)) for number, each in enumerate(shown)], path)


def film_of_paper(document: bytes, path: Path, *, frames: int = 6) -> Path:
    """Write a film of a licence on paper: first the whole sheet, then nearer, where its code is, held by a hand."""
    sheet = photo_of_paper(document, dots_per_inch=PIXELS_PER_MM * 25.4)
    corner = zxingcpp.read_barcodes(sheet)[0].position
    middle = (corner.top_left.x + corner.bottom_right.x) // 2, (corner.top_left.y + corner.bottom_right.y) // 2
    away = sheet.width // 2 - middle[0], sheet.height // 2 - middle[1]
    whole = sheet.resize((sheet.width * FRAME[1] // sheet.height, FRAME[1]))
    near = [_on_table(sheet, (away[0] + 5 * (number % 3), away[1] - 4 * number)) for number in range(frames - 1)]
    return _written([_on_table(whole, (0, 0)), *near], path)


def photo_of_paper(document: bytes, *, dots_per_inch: float, rotated: float = 0) -> Image.Image:
    """Return the first page of a licence as a camera or scanner sees it."""
    opened = pypdfium2.PdfDocument(document)
    sheet: Image.Image = opened[0].render(scale=dots_per_inch / 72).to_pil().convert("RGB")
    opened.close()
    return sheet.rotate(rotated, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=TABLE) if rotated else sheet


def _on_table(picture: Image.Image, away: tuple[int, int]) -> Image.Image:
    frame = Image.new("RGB", FRAME, TABLE)
    place = ((FRAME[0] - picture.width) // 2 + away[0], (FRAME[1] - picture.height) // 2 + away[1])
    frame.paste(picture, place)
    return frame


def _written(frames: Sequence[Image.Image], path: Path) -> Path:
    with path.open("wb") as file:
        for each in frames:
            content = BytesIO()
            each.save(content, "JPEG", quality=80)
            file.write(content.getvalue())
    return path
