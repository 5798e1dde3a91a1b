"""The interface as OpenAPI 3.1 describes it, with what the framework cannot know: keys, tags, idempotency.

Promises: made from the routes and the permission table alone, so it cannot say other than what is served.
"""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.idempotency import KEY_HEADER
from api.permissions import PERMISSIONS, Permission
from api.problems import MEDIA_TYPE

_SCHEME: Final = "clientKey"
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})


def interface(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI object of the application."""
    described = get_openapi(
        title=app.title,
        version=app.version,
        routes=app.routes,
        summary="签发、核验电子证照 · Issue and check electronic licences",
        separate_input_output_schemas=False,
    )
    described.setdefault("components", {})["securitySchemes"] = {
        _SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "<key id>.<secret in base64url>",
            "description": "系统密钥 · Key of a calling system",
        }
    }
    for path in described["paths"].values():
        for method, operation in path.items():
            if method in _METHODS:
                _complete(operation, PERMISSIONS[operation["operationId"]])
    return described


def _complete(operation: dict[str, Any], permission: Permission) -> None:
    problem = operation["responses"]["default"]
    problem["content"] = {MEDIA_TYPE: problem["content"].pop("application/json")}
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
