"""A PDF that was added to after signing: everybody can have what was signed, by page and interface; nothing is kept."""

import httpx

from tests.flows.test_public_page import HTML, text_of, uploads, verdict_of
from tests.hall import Hall, sqlite_hall
from tests.town import founded_on_sqlite, sqlite_town
from tests.unit.verify.test_foreign_pdf import draw_over, update

__all__ = ["founded_on_sqlite", "sqlite_hall", "sqlite_town"]

PAGE, INTERFACE = "/check/file/signed?lang=en", "/api/v1/verifications/file/signed-revision"


def asks(hall: Hall, path: str, content: bytes, **data: str) -> httpx.Response:
    headers = HTML if path == PAGE else {}
    return hall.ask("POST", path, files={"file": ("a.pdf", content)}, data=data, headers=headers)


def test_what_was_signed_is_offered_and_is_the_very_file_that_was_issued(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()
    signed = sqlite_hall.ask("GET", f"/api/v1/licences/{issued['licence_id']}/document", key="officer").content
    changed = update(signed, draw_over)

    page = uploads(sqlite_hall, changed, **{"Accept-Language": "en"})
    untouched = uploads(sqlite_hall, signed)
    verdict = sqlite_hall.ask("POST", "/api/v1/verifications/file", files={"file": ("a.pdf", changed)}).json()
    saved = [asks(sqlite_hall, path, changed, signature="1") for path in (PAGE, INTERFACE)]
    unasked = asks(sqlite_hall, INTERFACE, changed)

    assert verdict_of(page) == verdict["verdict"] == "tampered"
    assert 'action="/check/file/signed?lang=en"' in page.text
    assert "What was signed" in text_of(page)
    assert "/check/file/signed" not in untouched.text
    assert [each["signed_bytes"] for each in verdict["signatures"]] == [len(signed)]
    for answer in (*saved, unasked):
        assert (answer.status_code, answer.content) == (200, signed)
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
        assert answer.headers["content-type"] == "application/pdf"
    assert uploads(sqlite_hall, saved[0].content).text.count('data-verdict="valid"') == 1


def test_where_nothing_was_added_nothing_is_given_out(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()
    signed = sqlite_hall.ask("GET", f"/api/v1/licences/{issued['licence_id']}/document", key="officer").content

    for path in (PAGE, INTERFACE):
        none = asks(sqlite_hall, path, signed)
        other = asks(sqlite_hall, path, update(signed, draw_over), signature="9")
        assert (none.status_code, other.status_code) == (422, 422)
        assert path == PAGE or none.json()["code"] == other.json()["code"] == "signed_revision.none"
    assert asks(sqlite_hall, INTERFACE, bytes(20_000_001)).status_code == 413
    assert asks(sqlite_hall, PAGE, b"").status_code == 422
    assert asks(sqlite_hall, INTERFACE, signed, signature="0").status_code == 422
