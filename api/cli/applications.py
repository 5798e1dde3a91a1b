"""One application in JSON, as the API takes it, with a photo beside it.

Promises: the same form as the body of POST /api/v1/licences; what is wrong is named by field, and no value is repeated.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from api.cli.errors import JsonError
from api.cli.files import read_file
from api.v1.schemas import DraftIn
from registry import catalogue
from registry.db import Database, reading
from registry.records import LicenceDraft
from signer.precheck import PHOTO_BYTES_MAX
from verify.errors import FieldProblem, InvalidFieldsError, YinzhengError

# A photo of 2 MB in base64, and texts.
APPLICATION_BYTES_MAX: Final = 4 * 1024 * 1024
# An item code begins with the credit code of the office that decides.
USCC_LENGTH: Final = 18
_CODES: Final = {
    "missing": "field.missing",
    "extra_forbidden": "field.unknown",
    "string_too_long": "field.too_long",
}


def read_application(database: Database, content: bytes, *, name: str, photo: Path | None = None) -> LicenceDraft:
    """Return the draft of an application; the office is the one that its item code begins with; `name` is the file's.

    Raises `JsonError` for what is no JSON object, `InvalidFieldsError` for an object of another form.
    """
    try:
        application = DraftIn.model_validate_json(content)
    except ValidationError as error:
        raise _refused(error, name) from None  # the cause repeats the values
    item_code = application.item_code or _only_item(database, application.type_code)
    draft = application.to_draft(issuer=item_code[:USCC_LENGTH])
    picture = draft.photo if photo is None else read_file(photo, bytes_max=PHOTO_BYTES_MAX)
    return replace(draft, item_code=item_code, photo=picture)


def _only_item(database: Database, type_code: str) -> str:
    with reading(database) as tx:
        licence_type = catalogue.find_type(tx, type_code)
    if licence_type is None:
        raise InvalidFieldsError((FieldProblem(field="type_code", code="licence_type.unknown"),))
    if len(licence_type.item_codes) != 1:
        raise InvalidFieldsError((FieldProblem(field="item_code", code="field.missing"),))
    return licence_type.item_codes[0]


def _refused(error: ValidationError, name: str) -> YinzhengError:
    found = error.errors(include_input=False, include_url=False)
    if any(each["type"] == "json_invalid" or not each["loc"] for each in found):
        return JsonError(params={"name": name})
    return InvalidFieldsError(tuple(_problem(each["loc"], each["type"], each.get("ctx", {})) for each in found))


def _problem(location: tuple[int | str, ...], kind: str, context: Mapping[str, object]) -> FieldProblem:
    code = _CODES.get(kind, "field.form")
    params = {"max": str(context["max_length"])} if code == "field.too_long" else {}
    return FieldProblem(field=str(location[-1])[:40], code=code, params=params)
