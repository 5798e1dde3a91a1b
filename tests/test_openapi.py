"""The interface as it was released: a change of it is a change of the snapshot, made on purpose.

`python -m tests.test_openapi` writes the snapshot anew.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from jsonschema_rs import Draft202012Validator

from api.app import _OFFICE_ROUTERS, _PUBLIC_ROUTERS, _operation_id
from api.limits import UPLOAD_COST
from api.openapi import interface
from api.permissions import PERMISSIONS, Audience

SNAPSHOT = Path(__file__).parent / "openapi.json"
METHODS = {"get", "put", "post", "delete", "patch"}


@cache
def described() -> dict[str, Any]:
    """Return the interface of the office's application, which needs no deployment to be described; not to be changed."""
    app = FastAPI(title="印证 Yinzheng", version="1", generate_unique_id_function=_operation_id)
    for router in (*_PUBLIC_ROUTERS, *_OFFICE_ROUTERS):
        app.include_router(router)
    return interface(app)


def operations() -> dict[str, dict[str, Any]]:
    """Return each operation by its id."""
    return {
        operation["operationId"]: operation
        for path in described()["paths"].values()
        for method, operation in path.items()
        if method in METHODS
    }


def test_the_interface_is_the_one_of_the_snapshot() -> None:
    assert described() == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_what_counts_as_more_than_one_request_says_so() -> None:
    costs = {name: each["x-rate-cost"] for name, each in operations().items() if "x-rate-cost" in each}

    assert costs.pop("verify_batch") == "items"
    assert costs == dict.fromkeys(
        ("verify_file", "get_signed_revision", "read_code", "check_sheet", "create_batch", "prepare_document"),
        int(UPLOAD_COST),
    )


def test_every_operation_says_in_both_languages_what_it_does() -> None:
    for name, operation in operations().items():
        zh, separator, en = operation["summary"].partition(" · ")
        assert separator, name
        assert any("\u4e00" <= character <= "\u9fff" for character in zh), name
        assert en.isascii(), name
        assert en, name


def test_every_operation_is_in_the_table_and_says_what_it_wants() -> None:
    found = operations()

    # Pages for people have rows too, and stand in no description of an interface for systems.
    assert set(found) == {name for name, row in PERMISSIONS.items() if row.audience is Audience.SYSTEMS}
    for name, operation in found.items():
        headers = {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}
        permission = PERMISSIONS[name]
        assert ("security" in operation) is (not permission.is_public or bool(permission.roles)), name
        assert ("Idempotency-Key" in headers) is (permission.once or permission.may_once), name
        assert ("If-Match" in headers) is permission.if_match, name


def test_errors_are_described_as_problems_and_never_as_the_frameworks_own() -> None:
    text = json.dumps(described())

    assert "HTTPValidationError" not in text
    for name, operation in operations().items():
        assert "422" not in operation["responses"], name
        schema = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}, name


def shown() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield each request and answer that has examples: where it stands, its schema, the examples by their names."""
    common = described()["components"]["examples"]
    for name, operation in operations().items():
        places = [("request", operation.get("requestBody", {})), *operation["responses"].items()]
        for place, body in places:
            for media_type, content in body.get("content", {}).items():
                examples = {
                    key: common[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
                    for key, each in content.get("examples", {}).items()
                }
                if examples:
                    yield f"{name} {place} {media_type}", content["schema"], examples


def test_every_example_fits_its_schema() -> None:
    components = described()["components"]
    wrong = []
    for where, schema, examples in shown():
        judge = Draft202012Validator({**schema, "components": components}, validate_formats=True)
        wrong += [(where, key) for key, each in examples.items() if not judge.is_valid(each["value"])]

    assert wrong == []


def test_requests_and_problems_are_shown_in_both_languages() -> None:
    found = {where: set(examples) for where, _, examples in shown()}
    requests = {where.split()[0] for where in found if " request " in where}

    for where, languages in found.items():
        assert languages == ({"shown"} if where.split()[1].startswith("2") else {"zh", "en"}), where
    assert requests >= {"verify", "verify_batch", "verify_file", "issue_licence", "create_draft", "prepare_document"}
    assert {where.split()[0] for where in found if " default " in where} == set(operations())


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(described(), ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
