"""A real browser on a served hall: pages as people see them, keys as hand scanners press them, a camera that plays a file.

Promises: Debian's Chromium, driven from outside; only loopback is reached; whatever a page asks of another host, and
every complaint of the console, is written down for the test to look at.
"""

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

import qrcode  # type: ignore[import-untyped]
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.hall import Hall

CHROMIUM = "/usr/bin/chromium"
FRAME = (1280, 720)


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


@contextmanager
def browsing(*, camera: Path | None = None, arguments: Sequence[str] = ()) -> Iterator[Browser]:
    """Open the browser; nothing else may be asked over HTTP in this thread meanwhile."""
    more = list(arguments)
    if camera is not None:
        more += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        more.append(f"--use-file-for-fake-video-capture={camera}")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *more])
        yield opened
        opened.close()


@contextmanager
def visiting(browser: Browser, at: datetime, *, width: int = 1280, **options: Any) -> Iterator[Visit]:
    """Open a page of its own whose clock stands at that moment and goes on."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    page.clock.install(time=at)
    visit = Visit(page, context)
    page.on("console", lambda message: visit.complaints.append(message.text))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on(
        "request",
        lambda request: None if "//127.0.0.1:" in request.url else visit.complaints.append(request.url[:80]),
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
    with path.open("wb") as file:
        for number in range(frames):
            frame = Image.new("RGB", FRAME, (120, 118, 112))
            shown = picture.rotate(1.5 * (number % 3 - 1), expand=True, fillcolor=(120, 118, 112))
            left, top = (FRAME[0] - shown.width) // 2 + number * 3, (FRAME[1] - shown.height) // 2
            frame.paste(shown, (left, top))
            content = BytesIO()
            frame.save(content, "JPEG", quality=80)
            file.write(content.getvalue())
    return path
