"""What the counter page does with a device: two cameras and a light, the browser's own detector, sound, vibration, paper.

The page is ours as served; what a test machine does not have (a lamp, a motor, a detector, a question of the browser that
waits) is put in its place in the browser, before the page starts.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright

from tests.browsers import CHROMIUM, FilmedBrowser, film, qr_picture, served, visiting
from tests.flows.test_counter_page import packed, words_of
from tests.hall import Hall

pytestmark = [pytest.mark.server, pytest.mark.peer("chromium")]
DEVICE = """(() => {
  const device = window.device = { streams: [], lamp: [], shaken: [], tones: [], printed: "", isLampBroken: false, asks: 0 };
  const devices = navigator.mediaDevices, open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    if (device.asks) await new Promise((resolve) => setTimeout(resolve, device.asks));
    const stream = await open(wanted);
    device.streams.push(stream);
    return stream;
  };
  const track = MediaStreamTrack.prototype, known = track.getCapabilities;
  track.getCapabilities = function () { return { ...known.call(this), torch: true }; };
  track.applyConstraints = async (wanted) => {
    if (device.isLampBroken) throw new DOMException("no", "OverconstrainedError");
    device.lamp.push(wanted.advanced[0].torch);
  };
  Object.defineProperty(navigator, "vibrate", { value: (times) => device.shaken.push(times.join(" ")) });
  const Tone = window.OscillatorNode;
  window.OscillatorNode = class extends Tone {
    constructor(context, options) { super(context, options); device.tones.push(options.frequency); }
  };
  window.print = () => (device.printed = document.documentElement.dataset.printing);
})()"""
DETECTOR = """window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() {
    if (!window.nativeText) throw new DOMException("Barcode detection service unavailable.", "NotSupportedError");
    return [{ rawValue: window.nativeText }];
  }
}"""
LIVE = "device.streams.flatMap((each) => each.getTracks()).filter((each) => each.readyState === 'live').length"


@pytest.fixture(scope="module")
def two_cameras(driver: Playwright) -> Iterator[Browser]:
    """A browser with two cameras that show no code."""
    own = ["--no-sandbox", "--use-fake-device-for-media-stream=device-count=2"]
    opened = driver.chromium.launch(executable_path=CHROMIUM, args=own)
    yield opened
    opened.close()


def test_camera_choice_light_sound_vibration_and_the_printed_list(sqlite_hall: Hall, two_cameras: Browser) -> None:
    good, ended = sqlite_hall.issues(), sqlite_hall.issues()
    sqlite_hall.acts(ended["licence_id"], "revoke", reference="示市监罚字〔2026〕1号")
    packed(sqlite_hall)

    with (
        served(sqlite_hall) as address,
        visiting(two_cameras, sqlite_hall.town.now, has_camera=True, service_workers="block") as visit,
    ):
        page = visit.page
        page.add_init_script(DEVICE)
        visit.open(f"{address}/counter")
        without_choice = page.evaluate("getComputedStyle(document.getElementById('which')).display")

        def looks_at() -> str:
            page.click("#look")
            visit.wait(lambda: page.is_visible("#which"), 30)
            chosen: str = page.input_value("#which")
            return chosen

        first = looks_at()
        choices = page.evaluate("[...document.querySelectorAll('#which option')].map((each) => each.value)")
        other = next(each for each in choices if each != first)
        page.select_option("#which", other)
        visit.wait(lambda: page.evaluate("device.streams.length") == 2)
        page.click("#stop")
        again = looks_at()  # for the next paper
        page.click("#torch")
        visit.wait(lambda: page.get_attribute("#torch", "aria-pressed") == "true")
        page.evaluate("device.isLampBroken = true")
        page.click("#torch")
        visit.wait(lambda: page.is_visible("#entry-wrong"))
        broken = (page.inner_text("#entry-wrong"), page.get_attribute("#torch", "aria-pressed"))
        page.click("#stop")
        stopped = page.evaluate(LIVE)

        page.evaluate("device.asks = 300")  # the browser asks the clerk, who presses "stop" meanwhile
        for presses in ("Escape", "#look", "#stop"):
            opened = page.evaluate("device.streams.length")
            page.click("#look")
            page.keyboard.press(presses) if presses == "Escape" else page.click(presses)
            visit.wait(lambda opened=opened: page.evaluate("device.streams.length") > opened)
            page.wait_for_timeout(100)
        left = (page.evaluate(LIVE), page.is_visible("#camera"), page.inner_text("h1"))

        visit.scans(good["licence_id"])
        visit.waits_for("valid")
        silent = page.evaluate("[device.tones.length, device.shaken.length]")
        page.click("#settings summary")
        page.check("#sound")
        page.check("#shake")
        for text, verdict in ((ended["licence_id"], "revoked"), ("https://shop.example/1", "unreadable")):
            visit.scans(text)
            visit.waits_for(verdict)
        page.clock.fast_forward(4000)
        visit.scans(good["licence_id"])
        visit.waits_for("valid")
        told = page.evaluate("[device.tones, device.shaken]")
        page.click("#print-stack")
        printed = page.evaluate("device.printed")
        paper = words_of(page.pdf(prefer_css_page_size=True))

    assert without_choice == "none", "one camera is no choice"
    assert again == other != first
    assert broken == ("补光灯打不开。", "true")
    assert stopped == 0
    assert left == (0, False, "请扫码")
    assert silent == [0, 0]
    assert told == [[220, 220, 880], ["300 100 300", "", "80"]]
    assert printed == "stack"
    for each in ("本次已核验", "4件", good["number"], ended["number"], "已吊销", "认不出这个码", "联机"):
        assert "".join(each.split()) in paper, each
    assert "怎么办" not in paper, "the list, and not the last verdict"


def test_the_browsers_own_detector_is_asked_first_ours_when_it_fails_and_without_either_it_is_said(
    sqlite_hall: Hall, filmed: FilmedBrowser
) -> None:
    good, ended = sqlite_hall.issues(), sqlite_hall.issues()
    sqlite_hall.acts(ended["licence_id"], "revoke", reference="示市监罚字〔2026〕1号")
    packed(sqlite_hall)
    film(qr_picture(good["code_text"]), filmed.film)
    asked: list[str] = []
    options: dict[str, Any] = {"has_camera": True, "service_workers": "block"}

    with served(sqlite_hall) as address:
        with visiting(filmed.opened, sqlite_hall.town.now, **options) as visit:
            page = visit.page
            page.add_init_script(DETECTOR)
            page.on("request", lambda request: asked.append(request.url))
            visit.open(f"{address}/counter")
            page.evaluate("text => (window.nativeText = text)", ended["code_text"])
            page.click("#look")
            visit.waits_for("revoked", seconds=30)
            natively = [each for each in asked if each.endswith(("decoder.js", ".wasm"))]
            page.evaluate("window.nativeText = ''")
            page.click("#look")
            visit.waits_for("valid", seconds=60)
        with visiting(filmed.opened, sqlite_hall.town.now, **options) as visit:
            visit.page.add_init_script(DETECTOR)
            visit.context.route("**/*.wasm", lambda route: route.abort())
            visit.open(f"{address}/counter")
            visit.page.click("#look")
            visit.wait(lambda: visit.page.inner_text("h1") == "未核验", 60)
            blind = (visit.page.inner_text("#result .verdict p"), visit.page.is_visible("#camera"))

    assert natively == [], "the browser has its own"
    assert blind == (
        "摄像头已经打开，但本机浏览器不能识别二维码。请用扫码枪、输入核验码，或选照片由服务器识别。",
        False,
    )
