"""The interface as OpenAPI 3.1 describes it, with what the framework cannot know: keys, tags, idempotency, examples.

Promises:
  * Made from the routes, the permission table and the examples alone, so it cannot say other than what is served.
  * What a request counts as under the limits is the figure by which it is charged.
  * The examples were asked of a real office and are its answers (`api/v1/examples.json`); a test judges them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.idempotency import KEY_HEADER
from api.limits import UPLOAD_COST
from api.permissions import PERMISSIONS, Permission
from api.problems import MEDIA_TYPE

EXAMPLES: Final = Path(__file__).parent / "v1" / "examples.json"
_SCHEME: Final = "clientKey"
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})
_LANGUAGES: Final = {"zh": "中文 · In Chinese", "en": "英文 · In English"}
_SHOWN: Final = {"shown": "实际回答 · As an office answered"}
_NOT_MODIFIED: Final = {"description": "没有变化 · Not modified"}
_JSON: Final = "application/json"
_FORM: Final = "multipart/form-data"
_LENGTH: Final = "items"
_LIMITS: Final = (
    "限流按地址或系统计。带文件的请求计 {cost} 次，批量核验按条数计（`x-rate-cost`）。额度用完即回 429，正文不读，"
    "`Retry-After` 说明何时再试；一次批量可透支额度，透支补足之前一律 429。\n\n"
    "Requests are limited by address or client. One with a file counts as {cost}, a batch of checks as many as it has"
    " items (`x-rate-cost`). Who is out of them is answered 429 before the body is read, and `Retry-After` says when to"
    " come back; a batch may overdraw once, and until that has flowed in again all is 429."
)


def interface(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI object of the application."""
    described = get_openapi(
        title=app.title,
        version=app.version,
        routes=app.routes,
        summary="签发、核验电子证照 · Issue and check electronic licences",
        description=_LIMITS.format(cost=int(UPLOAD_COST)),
        separate_input_output_schemas=False,
    )
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    components = described.setdefault("components", {})
    components["securitySchemes"] = {
        _SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "<key id>.<secret in base64url>",
            "description": "系统密钥 · Key of a calling system",
        }
    }
    components["examples"] = {f"problem-{name}": each for name, each in _examples(examples["problems"]).items()}
    for path in described["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                operation.update(_cost(operation))
                _complete(operation, PERMISSIONS[operation["operationId"]])
                _show(operation, examples["operations"].get(operation["operationId"], {}))
    return described


def _complete(operation: dict[str, Any], permission: Permission) -> None:
    responses = operation["responses"]
    problem = {"schema": responses["default"]["content"].pop(_JSON)["schema"], "examples": _problems()}
    responses["default"]["content"] = {MEDIA_TYPE: problem}
    for status, response in responses.items():
        if status.startswith("4"):
            response["content"][MEDIA_TYPE] = problem  # a status with a form of its own is the guard's answer too
    if any(each["name"] == "if-none-match" for each in operation.get("parameters", ())):
        responses["304"] = _NOT_MODIFIED
    if not permission.is_public:
        operation["security"] = [{_SCHEME: []}]
        operation["x-roles"] = [role.value for role in permission.roles]
    if permission.is_public and permission.roles:
        operation["security"] = [{}, {_SCHEME: []}]  # without a key what everybody may, with one more
        operation["x-roles"] = [role.value for role in permission.roles]
    if permission.once or permission.may_once:
        description = "8 to 128 visible characters; the same key is answered the same for 72 h"
        _add_header(operation, KEY_HEADER, description, required=permission.once)
    if permission.if_match:
        _add_header(operation, "If-Match", "the ETag that the caller saw last")


def _cost(operation: Mapping[str, Any]) -> dict[str, int | str]:
    """Return as how many requests an operation counts, or the member of its body that says so by its length."""
    content = operation.get("requestBody", {}).get("content", {})
    if _FORM in content:
        return {"x-rate-cost": int(UPLOAD_COST)}
    return {"x-rate-cost": _LENGTH} if operation["operationId"] == "verify_batch" else {}


def _show(operation: dict[str, Any], shown: Mapping[str, Any]) -> None:
    """Put the examples of an operation beside their schemas."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if "requests" in shown:
            content["examples"] = _examples(shown["requests"])
    for status, value in shown.get("answers", {}).items():
        operation["responses"][status]["content"][_JSON]["examples"] = _examples({"shown": value})


def _examples(values: Mapping[str, Any]) -> dict[str, Any]:
    summaries = _LANGUAGES | _SHOWN
    return {name: {"summary": summaries[name], "value": value} for name, value in values.items()}


def _problems() -> dict[str, Any]:
    return {name: {"$ref": f"#/components/examples/problem-{name}"} for name in _LANGUAGES}


def _add_header(operation: dict[str, Any], name: str, description: str, *, required: bool = True) -> None:
    operation.setdefault("parameters", []).append(
        {
            "name": name,
            "in": "header",
            "required": required,
            "description": description,
            "schema": {"type": "string"},
        }
    )
