"""The interface as it was released: a change of it is a change of the snapshot, made on purpose.

`python -m tests.test_openapi` writes the snapshot anew.
"""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.app import _OFFICE_ROUTERS, _PUBLIC_ROUTERS, _operation_id
from api.openapi import interface
from api.permissions import PERMISSIONS, Audience

SNAPSHOT = Path(__file__).parent / "openapi.json"
METHODS = {"get", "put", "post", "delete", "patch"}


def described() -> dict[str, Any]:
    """Return the interface of the office's application, which needs no deployment to be described."""
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


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(described(), ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
