"""Errors as answers: one table from stable code to HTTP status, and the problem object of RFC 9457.

Promises:
  * Every error of ours has a row; a test walks all of them. What is not ours is `internal`, 500, without a word more.
  * An answer names field and code, never a value that somebody entered.
  * The sentence is in the caller's language; the code is the same in every language and for good.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from api.environment import Language
from api.errors import (
    MalformedRequestError,
    MediaTypeError,
    MethodError,
    RequestSlowError,
    RequestTooLargeError,
    TooManyRequestsError,
    UnknownAddressError,
)
from api.languages import chosen
from api.problem_codes import STATUS, STATUS_TITLES
from api.texts import sentence
from verify.errors import FieldProblem, InvalidFieldsError, YinzhengError

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PATH: Final = "/api/v1/problems/"
PROBLEMS_MAX: Final = 100
_TRACE: Final = "yinzheng.trace_id"
# Names of pydantic for what is wrong, and ours; all others are "not of this form".
_FIELD_CODES: Final[Mapping[str, str]] = {
    "missing": "field.missing",
    "extra_forbidden": "field.unknown",
    "string_too_long": "field.too_long",
    "string_too_short": "field.missing",
    "date_from_datetime_parsing": "field.date",
    "date_parsing": "field.date",
    "date_type": "field.date",
    "date_from_datetime_inexact": "field.date",
    "enum": "field.not_a_choice",
    "literal_error": "field.not_a_choice",
}
_FIELD_OTHER: Final = "field.form"
_HTTP: Final[Mapping[int, type[YinzhengError]]] = {
    404: UnknownAddressError,
    405: MethodError,
    408: RequestSlowError,
    413: RequestTooLargeError,
    415: MediaTypeError,
}
_NEXT_TRY: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": 'Bearer realm="yinzheng"'},
    503: {"Retry-After": "5"},
}
_ABOUT_NUMBER: Final = frozenset({"number.used", "number.malformed"})
# What a field of a draft is called in a request; all other names are those of the licence type's own fields.
_TOP_FIELDS: Final = frozenset(
    {
        "type_code",
        "holder_name",
        "holder_kind",
        "holder_code",
        "holder_code_type",
        "valid_from",
        "valid_until",
        "item_code",
        "number",
        "photo",
        "papers_due",
        "replaces",
        "change_kind",
        "reason",
        "legal_basis",
        "reference",
        "effective_on",
        "until",
        "event",
        "application",
    }
)


def status_of(error: YinzhengError) -> int:
    """Return the HTTP status of an error."""
    return STATUS.get(error.code, 500)


def problem_of(error: YinzhengError, scope: Scope) -> Response:
    """Return the answer for an error of ours."""
    return _answer(error, scope, _entries(error, _language(scope)))


def problem_of_validation(error: RequestValidationError, scope: Scope) -> Response:
    """Return the answer for a body or parameter that the schema refuses: 400 when it is no JSON, else 422."""
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return _answer(MalformedRequestError(params={"name": "body"}), scope, [])
    language = _language(scope)
    problems = [
        _entry("".join(f"/{_escaped(part)}" for part in each["loc"][1:]), _problem_of(each), language)
        | ({} if each["loc"][0] == "body" else {"in": str(each["loc"][0])})
        for each in found[:PROBLEMS_MAX]
    ]
    return _answer(InvalidFieldsError(()), scope, problems)


def problem_of_http(error: HTTPException, scope: Scope) -> Response:
    """Return the answer for what the framework refuses: unknown address, wrong method, a body too long."""
    return _answer(error_of_http(error), scope, [])


def error_of_http(error: HTTPException) -> YinzhengError:
    """Return our own error for one of the framework's."""
    ours = _HTTP.get(error.status_code, MalformedRequestError)
    return ours(params={"max_mb": "20"} if ours is RequestTooLargeError else {"name": "body"})


def internal_problem(scope: Scope) -> Response:
    """Return the answer when something of ours broke: nothing but the trace id, by which the log tells more."""
    return _answer(YinzhengError(), scope, [])


def set_trace(scope: Scope, trace_id: str) -> None:
    """Give the request the id under which answer and log can be brought together."""
    scope[_TRACE] = trace_id


def trace_of(scope: Scope) -> str:
    """Return the request's trace id."""
    return str(scope.get(_TRACE, ""))


def request_language(request: Request) -> Language:
    """Return the language that the caller wants."""
    return _language(request.scope)


def _language(scope: Scope) -> Language:
    office = scope["app"].state.office if "app" in scope else None
    default: Language = office.settings.language if office is not None else "zh"
    return chosen(Headers(scope=scope).get("accept-language", ""), default)


def _answer(error: YinzhengError, scope: Scope, entries: list[dict[str, Any]]) -> Response:
    language, status = _language(scope), status_of(error)
    code = error.code if error.code in STATUS else YinzhengError.code
    params = error.params if code == error.code else {}
    body: dict[str, Any] = {
        "type": f"{TYPE_PATH}{code}",
        "title": STATUS_TITLES[status][0 if language == "zh" else 1],
        "status": status,
        "detail": sentence(code, language, params),
        "code": code,
        "instance": f"urn:yinzheng:request:{trace_of(scope)}",
        "trace_id": trace_of(scope),
    }
    if entries:
        body["errors"] = entries
    headers = {"Content-Language": language, "Cache-Control": "no-store", "Vary": "Accept-Language"}
    headers |= next_try(error)
    return Response(json.dumps(body, ensure_ascii=False), status, headers, MEDIA_TYPE)


def next_try(error: YinzhengError) -> dict[str, str]:
    """Return the headers that say when, or with what, to try again."""
    if isinstance(error, TooManyRequestsError):
        return {"Retry-After": error.params["seconds"]}
    return dict(_NEXT_TRY.get(status_of(error), {}))


def _entries(error: YinzhengError, language: Language) -> list[dict[str, Any]]:
    problems: Iterable[FieldProblem] = ()
    if isinstance(error, InvalidFieldsError):
        problems = error.problems[:PROBLEMS_MAX]
    elif error.code in _ABOUT_NUMBER or "field" in error.params:
        name = error.params.get("field", "number")
        problems = (FieldProblem(field=name, code=error.code, params=error.params),)
    return [_entry(pointer_to(each.field), each, language) for each in problems]


def pointer_to(name: str) -> str:
    """Return the JSON pointer of a draft's field in the body of a request; "" is the whole body."""
    if not name:
        return ""
    return f"/{name}" if name in _TOP_FIELDS else f"/fields/{_escaped(name)}"


def _entry(pointer: str, problem: FieldProblem, language: Language) -> dict[str, Any]:
    return {
        "pointer": pointer,
        "code": problem.code,
        "detail": sentence(problem.code, language, problem.params),
        "params": dict(problem.params),
    }


def _problem_of(found: Mapping[str, Any]) -> FieldProblem:
    code = _FIELD_CODES.get(found["type"], _FIELD_OTHER)
    params = {"max": str(found["ctx"]["max_length"])} if code == "field.too_long" else {}
    return FieldProblem(field="", code=code, params=params)


def _escaped(part: object) -> str:
    return str(part)[:60].replace("~", "~0").replace("/", "~1")
