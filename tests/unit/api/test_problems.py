"""Errors as answers: a row for each, in both languages, and never a value that somebody entered."""

import importlib
import json
import pkgutil
from collections.abc import Iterator

import pytest

import api
import keys
import registry
import signer
import verify
from api.problem_codes import STATUS, STATUS_TITLES
from api.problems import MEDIA_TYPE, pointer_to, problem_of, status_of
from api.texts import has_sentence
from registry.errors import DatabaseAwayError
from signer.errors import ChangeRefusedError
from tests.hall import Hall
from verify.errors import FieldProblem, InvalidFieldsError, YinzhengError


def all_errors() -> Iterator[type[YinzhengError]]:
    """Yield every error class of the five packages."""
    for package in (verify, keys, registry, signer, api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)
    waiting = [YinzhengError]
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        if found.__module__.partition(".")[0] in {"verify", "keys", "registry", "signer", "api"}:
            yield found


def test_every_error_of_ours_has_a_status_and_a_sentence_in_both_languages() -> None:
    # What the command line alone can get wrong is never answered over HTTP.
    codes = {error.code for error in all_errors() if not error.code.startswith("cli")}

    assert {code for code in codes if code not in STATUS} == set()
    assert {code for code in codes if not has_sentence(code)} == set()


def test_every_row_of_the_table_belongs_to_an_error() -> None:
    assert set(STATUS) - {error.code for error in all_errors()} == set()


def test_every_status_has_a_title_in_both_languages() -> None:
    assert set(STATUS.values()) == set(STATUS_TITLES)
    for zh, en in STATUS_TITLES.values():
        assert any("\u4e00" <= character <= "\u9fff" for character in zh)
        assert en.isascii()


def test_an_error_without_a_row_is_internal_and_says_no_more() -> None:
    class StrangeError(YinzhengError):
        code = "strange.error"

    answer = problem_of(StrangeError("secret", params={"name": "secret"}), {"type": "http", "headers": []})

    assert status_of(StrangeError()) == 500
    assert b"secret" not in answer.body
    assert json.loads(bytes(answer.body))["code"] == "internal"


def test_a_problem_has_the_members_of_rfc_9457_and_a_trace_that_the_log_knows(sqlite_hall: Hall) -> None:
    answer = sqlite_hall.ask("GET", "/api/v1/licences")
    problem = answer.json()

    assert answer.headers["content-type"] == MEDIA_TYPE
    assert set(problem) == {"type", "title", "status", "detail", "code", "instance", "trace_id"}
    assert problem["status"] == answer.status_code == 401
    assert problem["trace_id"] == answer.headers["trace-id"]
    assert problem["trace_id"] in sqlite_hall.lines.getvalue()
    meaning = sqlite_hall.ask("GET", problem["type"]).json()
    assert (meaning["code"], meaning["status"]) == ("caller.unknown", 401)


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("en", "en"),
        ("zh-CN,en;q=0.8", "zh"),
        ("fr, en;q=0.5", "en"),
        ("", "zh"),
        ("en;q=0, zh", "zh"),
        ("x" * 999, "zh"),
    ],
)
def test_a_problem_speaks_the_language_that_was_asked_for(sqlite_hall: Hall, asked: str, language: str) -> None:
    answer = sqlite_hall.ask("GET", "/api/v1/licences", headers={"Accept-Language": asked})

    assert answer.headers["content-language"] == language
    assert answer.json()["title"] == STATUS_TITLES[401][0 if language == "zh" else 1]
    assert answer.headers["vary"] == "Accept-Language"


def test_the_frameworks_own_refusals_are_problems_too(sqlite_hall: Hall) -> None:
    cases = [
        ("GET", "/api/v1/nowhere", {}, 404, "request.address"),
        ("DELETE", "/api/v1/licences", {}, 405, "request.method"),
        (
            "POST",
            "/api/v1/verifications",
            {"content": b"{", "headers": {"Content-Type": "application/json"}},
            400,
            "request.malformed",
        ),
        ("POST", "/api/v1/verifications", {"json": {}}, 422, "fields.invalid"),
        ("POST", "/api/v1/verifications", {"json": {"text": "a", "id": "b"}}, 422, "fields.invalid"),
        ("POST", "/api/v1/verifications", {"json": {"text": "a", "more": 1}}, 422, "fields.invalid"),
        ("POST", "/api/v1/verifications/file", {"content": b"x"}, 422, "fields.invalid"),
        ("GET", "/api/v1/log/proofs/-1", {}, 422, "fields.invalid"),
    ]
    for method, path, more, status, code in cases:
        answer = sqlite_hall.ask(method, path, **more)

        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert answer.headers["content-type"] == MEDIA_TYPE
    assert sqlite_hall.ask("DELETE", "/api/v1/licence-types").headers["allow"] == "GET, HEAD"


def test_each_wrong_field_is_named_by_pointer_and_code_and_its_value_is_not_repeated(sqlite_hall: Hall) -> None:
    secret = "张三的秘密"
    body = {
        "type_code": "x" * 30 + secret,
        "holder_kind": secret,
        "holder_code": "1",
        "fields": {"KZ/GG": secret * 1000},
        "valid_from": 20261124,
        secret: secret,
    }

    answer = sqlite_hall.ask("POST", "/api/v1/drafts", key="officer", json=body)
    found = {each["pointer"]: each["code"] for each in answer.json()["errors"]}

    assert found == {
        "/type_code": "field.too_long",
        "/holder_name": "field.missing",
        "/holder_kind": "field.not_a_choice",
        "/fields/KZ~1GG": "field.too_long",
        "/valid_from": "field.form",
        f"/{secret}": "field.unknown",
    }
    assert secret not in answer.text.replace(f'"/{secret}"', "")


def test_what_the_database_could_not_keep_is_refused_at_the_edge(sqlite_hall: Hall) -> None:
    body = sqlite_hall.body(sqlite_hall.town.food_draft())
    raw = json.dumps(body | {"holder_name": "AB"}).replace("AB", "\\ud800")

    nul = sqlite_hall.ask("POST", "/api/v1/drafts", key="officer", json=body | {"holder_name": "a\x00b"})
    lone = sqlite_hall.ask(
        "POST", "/api/v1/drafts", key="officer", content=raw, headers={"Content-Type": "application/json"}
    )
    deep = sqlite_hall.ask(
        "POST",
        "/api/v1/drafts",
        key="officer",
        content=b'{"fields":' + b"[" * 100_000,
        headers={"Content-Type": "application/json"},
    )

    assert nul.status_code == 422
    assert [(each.status_code, each.json()["code"]) for each in (lone, deep)] == [
        (400, "json.half_character"),
        (400, "json.depth"),
    ]


def test_an_address_that_no_database_could_be_asked_for_is_no_address(hall: Hall) -> None:
    for path in ("licence-types", "licences", "drafts", "batches"):
        answer = hall.ask("GET", f"/api/v1/{path}/%00", key="officer")
        assert (answer.status_code, answer.json()["code"]) == (404, "request.address"), path

    for query, status in (("type_code=%00", 422), ("cursor=bGljZW5jZXM6OTk5OTk5OTk5OTk5OTk5OTk5OQ", 400)):
        assert hall.ask("GET", f"/api/v1/licences?{query}", key="officer").status_code == status, query


def test_a_type_of_another_department_is_refused_as_not_permitted(sqlite_hall: Hall) -> None:
    body = sqlite_hall.body(sqlite_hall.town.signboard_draft())

    answer = sqlite_hall.ask("POST", "/api/v1/licences", key="school-officer", once="of-another", json=body)

    assert (answer.status_code, answer.json()["code"]) == (403, "department.not_entitled")
    assert '"fault"' not in sqlite_hall.lines.getvalue()


def test_the_field_of_a_draft_has_its_place_in_the_body() -> None:
    assert pointer_to("holder_name") == "/holder_name"
    assert pointer_to("KZ_GG") == "/fields/KZ_GG"
    assert pointer_to("a/b~c") == "/fields/a~1b~0c"
    assert pointer_to("") == ""


def test_errors_about_one_field_name_it() -> None:
    scope = {"type": "http", "headers": []}

    about = json.loads(bytes(problem_of(ChangeRefusedError(params={"field": "until"}), scope).body))
    several = InvalidFieldsError((FieldProblem(field="number", code="number.used"),))

    assert about["errors"][0]["pointer"] == "/until"
    assert json.loads(bytes(problem_of(several, scope).body))["errors"][0]["pointer"] == "/number"


def test_what_is_away_for_now_says_when_to_try_again() -> None:
    answer = problem_of(DatabaseAwayError(), {"type": "http", "headers": []})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_a_fault_of_ours_reaches_nobody_and_stands_in_the_log_without_its_message(sqlite_hall: Hall) -> None:
    def break_down(_step: str) -> None:
        raise ZeroDivisionError("张三的秘密")

    object.__setattr__(sqlite_hall.office.desk, "after", break_down)
    body = sqlite_hall.body(sqlite_hall.town.signboard_draft())

    answer = sqlite_hall.ask("POST", "/api/v1/licences", key="officer", once="12345678", json=body)
    lines = sqlite_hall.lines.getvalue()

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "ZeroDivisionError" in lines
    assert answer.json()["trace_id"] in lines
    assert "张三" not in lines + answer.text
