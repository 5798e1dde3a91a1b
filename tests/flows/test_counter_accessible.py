"""The counter page is one that everybody can use: axe-core finds nothing, narrow or wide, zh or en, in large print too."""

import os
from pathlib import Path

import pytest

from signer.packs import refresh_pack
from signer.statuses import refresh_status_lists
from tests.browsers import Visit, browsing, served, visiting
from tests.flows.test_accessible import JUDGED, RULES, SIZE_MIN, SMALLEST
from tests.flows.test_counter_page import altered
from tests.flows.test_public_page import overflow
from tests.hall import Hall
from tests.peers.programs import axe

pytestmark = [pytest.mark.server, pytest.mark.peer("chromium", "npm")]
SHOTS = os.environ.get("YINZHENG_SHOTS", "")


def judged(visit: Visit, program: str) -> list[str]:
    """Return what axe finds in the page as it stands, and whether something sticks out or is too small for a finger."""
    visit.page.evaluate(program)
    found = visit.page.evaluate(JUDGED, RULES)["violations"]
    buttons = visit.page.eval_on_selector_all("button:not([hidden]), .button", SMALLEST)
    complaints = [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found]
    complaints += ["sticks out"] if overflow(visit.page) else []
    return complaints + ([] if buttons >= SIZE_MIN or buttons == 0 else [f"small: {buttons}"])


@pytest.mark.parametrize("path", ["/counter", "/en/counter"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nobody_is_kept_out_of_the_counter_page(sqlite_hall: Hall, width: int, path: str) -> None:
    good, revoked = sqlite_hall.issues(), sqlite_hall.issues()
    sqlite_hall.acts(revoked["licence_id"], "revoke", reference="示市监罚字〔2026〕1号")
    refresh_status_lists(sqlite_hall.town.desk, at=sqlite_hall.town.now)
    refresh_pack(sqlite_hall.town.desk, at=sqlite_hall.town.now)
    program = axe().read_text()
    complaints: dict[str, list[str]] = {}
    now = sqlite_hall.town.now

    with served(sqlite_hall) as address, browsing() as browser, visiting(browser, now, width=width) as visit:
        page = visit.page
        visit.open(f"{address}{path}")
        complaints["empty"] = judged(visit, program)
        for text, verdict in (
            (good["code_text"], "valid"),
            (revoked["code_text"], "revoked"),
            (altered(good["code_text"]), "tampered"),
        ):
            page.fill("#entry", text)
            page.click("#scan button")
            visit.waits_for(verdict)
            complaints[verdict] = judged(visit, program)
            if SHOTS:
                page.screenshot(
                    path=str(Path(SHOTS) / f"{path.replace('/', '')}-{width}-{verdict}.png"), full_page=True
                )
        page.fill("#entry", "0000")
        page.click("#scan button")
        visit.wait(lambda: page.is_visible("#entry-wrong"))
        page.click("summary >> nth=-1")
        page.check("#elder")
        complaints["large print"] = judged(visit, program)
        if SHOTS:
            page.screenshot(path=str(Path(SHOTS) / f"{path.replace('/', '')}-{width}-elder.png"), full_page=True)

    assert {name: found for name, found in complaints.items() if found} == {}
