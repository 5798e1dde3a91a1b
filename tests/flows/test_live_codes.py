"""Live codes at a town's hall: shown for a minute, checked once, and alike by page, interface and a purpose."""

from datetime import timedelta

from registry.licences import public_answer
from signer.live_codes import make_live_code
from tests.hall import Hall
from tests.staff_browser import HTML


def live_code(hall: Hall, licence_id: str) -> str:
    """Return a live code of a licence, that begins now."""
    found = public_answer(hall.office.database, licence_id)
    assert found is not None
    return make_live_code(hall.office.desk, found, at=hall.town.now)


def test_a_live_code_is_good_once_within_its_minute_and_names_the_first_check(hall: Hall) -> None:
    issued = hall.issues()
    used, old, late = (live_code(hall, issued["licence_id"]) for _ in range(3))

    def checked(text: str) -> dict[str, object]:
        answer = hall.ask("POST", "/api/v1/verifications", json={"text": text})
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    first = checked(used)
    first_at = hall.town.now
    hall.town.clock.moves(timedelta(seconds=30))
    page = hall.ask("POST", "/check?lang=en", data={"entry": used}, headers=HTML)
    hall.acts(issued["licence_id"], "revoke", reference="示市监罚字〔2026〕1号")
    revoked = checked(late)
    hall.town.clock.moves(timedelta(seconds=35))
    expired = checked(old)

    assert (first["verdict"], first["genuine"], first["test"]) == ("valid", True, True)
    assert 'data-verdict="show_code_used"' in page.text
    assert f"already checked at {first_at.day} November 2026 10:00" in page.text
    assert [revoked["verdict"], expired["verdict"]] == ["revoked", "show_code_expired"]


def test_the_page_of_a_live_code_says_nothing_by_its_address(sqlite_hall: Hall) -> None:
    code = live_code(sqlite_hall, sqlite_hall.issues()["licence_id"])
    path = code.partition("#")[0].partition(".example")[2]

    page = sqlite_hall.ask("GET", f"{path}?lang=en", headers=HTML)
    nothing = sqlite_hall.ask("GET", "/p/nothing", headers=HTML)

    assert (page.status_code, nothing.status_code) == (200, 404)
    assert "<h1>Live code</h1>" in page.text
    assert "trusted-types yinzheng" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
