"""Headers of every answer, and the line that every request leaves."""

import json

import pytest

from tests.hall import Hall


def test_every_answer_leaves_with_safe_headers(sqlite_hall: Hall) -> None:
    for method, path in (("GET", "/api/v1/healthz"), ("GET", "/nowhere"), ("GET", "/api/v1/checks/0000000000000000")):
        headers = sqlite_hall.ask(method, path).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert len(headers["trace-id"]) == 16
        assert headers["cache-control"] == "no-store"


def test_nothing_loads_a_documentation_page_from_elsewhere(sqlite_hall: Hall) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert sqlite_hall.ask("GET", path).status_code == 404


def test_the_log_names_operation_and_client_and_nothing_personal(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues(holder_name="示例市张三饭店")
    sqlite_hall.ask("GET", "/api/v1/licences", key="officer", params={"number": issued["number"]})
    sqlite_hall.ask("GET", f"/api/v1/checks/{issued['licence_id']}")
    sqlite_hall.ask("POST", "/api/v1/verifications", json={"text": issued["code_text"]})
    sqlite_hall.ask("GET", "/secret-path/张三")

    text = sqlite_hall.lines.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]

    assert [line["operation"] for line in lines] == [
        "issue_licence",
        "list_licences",
        "check_licence",
        "verify",
        "none",
    ]
    assert [line["client"] for line in lines] == ["officer", "officer", None, None, None]
    for private in ("张三", "192.0.2.1", issued["licence_id"], issued["number"], "Bearer", "secret-path"):
        assert private not in text
    assert not any(secret.split(".")[1] in text for secret in sqlite_hall.credentials.values())


def test_public_files_may_be_kept_for_a_while_and_read_by_other_pages(sqlite_hall: Hall) -> None:
    sqlite_hall.issues()
    for path, cache in (
        ("/status/1", "public, max-age=60, stale-if-error=86400"),
        ("/trust-list.cbor", "public, max-age=300, stale-if-error=86400"),
        ("/log/checkpoint", "public, max-age=2, stale-if-error=86400"),
    ):
        first = sqlite_hall.ask("GET", path)
        again = sqlite_hall.ask("GET", path, headers={"If-None-Match": first.headers["etag"]})

        assert first.headers["cache-control"] == cache
        assert first.headers["access-control-allow-origin"] == "*"
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/v/0000000000000000", "/api/v1/checks/0000000000000000", "/trust-list.cbor"])
def test_head_is_answered_as_get_is_without_the_body(sqlite_hall: Hall, path: str) -> None:
    plain = {"Accept-Encoding": "identity"}  # a packed page is as long as its time of day packs
    whole, head = (sqlite_hall.ask(method, path, headers=plain) for method in ("GET", "HEAD"))

    assert (head.status_code, head.content) == (200, b"")
    assert set(head.headers) == set(whole.headers)
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert json.loads(sqlite_hall.lines.getvalue().splitlines()[-1])["method"] == "HEAD"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/licences", "GET, HEAD, POST"),
        ("FOO", "/api/v1/drafts/x", "GET, HEAD, PUT"),
        ("PUT", "/check", "POST"),
        ("HEAD", "/check", "POST"),
    ],
)
def test_a_method_that_is_not_taken_is_told_which_are(sqlite_hall: Hall, method: str, path: str, allowed: str) -> None:
    for accept in ("*/*", "text/html"):
        answer = sqlite_hall.ask(method, path, headers={"Accept": accept})

        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_the_log_names_also_the_client_that_was_refused(sqlite_hall: Hall) -> None:
    licence_id = sqlite_hall.issues()["licence_id"]

    sqlite_hall.ask("GET", f"/api/v1/licences/{licence_id}", key="school-officer")
    sqlite_hall.ask("GET", "/api/v1/licences", key="auditor")

    lines = [json.loads(line) for line in sqlite_hall.lines.getvalue().splitlines()[-2:]]
    assert [(line["client"], line["status"]) for line in lines] == [("school-officer", 404), ("auditor", 403)]
