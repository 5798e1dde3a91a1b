"""Check a licence: by the text of its code, by its typed id, or by a file. Everybody may, and gets the public minimum.

Promises: every check that was made is answered 200 with the one verdict object, also "not in the registry"; only a
request that is none is an error. Nothing of what was sent in is kept.
"""

import json
from typing import Annotated, Any, Final, Self

from fastapi import File, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.checking import check_file, check_id, check_licence_id, check_text
from api.guard import TheLine, TheOffice
from api.sheets_in import read_upload
from api.v1.answers import NO_STORE, both, router
from verify.report import Report
from verify.report_objects import public_object
from verify.values import LicenceId

verification: Final = router("verification")
# The longest code has 1,100 characters; a scanner may add a prefix of its own.
CODE_LENGTH_MAX: Final = 4_000


class VerifyIn(BaseModel):
    """Either the text of a QR code, or an id as it is typed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str | None, Field(max_length=CODE_LENGTH_MAX)] = None
    id: Annotated[str | None, Field(max_length=64)] = None

    @model_validator(mode="after")
    def _demand_one(self) -> Self:
        if (self.text is None) == (self.id is None):
            raise ValueError("text or id")
        return self


class CheckOut(BaseModel):
    """One check: passed, failed, or unknown when it could not be made."""

    model_config = ConfigDict(extra="allow")

    name: str
    result: str
    code: str


class VerdictOut(BaseModel):
    """The verdict object: the same on pages, in the command line and here. Persons are masked."""

    model_config = ConfigDict(extra="allow")

    verdict: str
    in_force: bool | None
    genuine: bool | None
    test: bool
    checks: list[CheckOut]
    facts: dict[str, Any]
    as_of: str
    log: dict[str, Any]
    also: list[str]


# Made once: `json.dumps` makes an encoder at every call that is not of its own taste.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {200: {"model": VerdictOut}}


@verification.post("/verifications", summary=both("核验二维码或编号", "Check a code or an id"), responses=_RESPONSES)
def verify(body: VerifyIn, office: TheOffice) -> Response:
    """Check the text of a QR code with its signature, or ask the registry for a typed id."""
    if body.text is not None:
        return verdict_answer(check_text(office, body.text))
    return verdict_answer(check_id(office, body.id or ""))


@verification.post("/verifications/file", summary=both("核验文件", "Check a file"), responses=_RESPONSES)
def verify_file(
    office: TheOffice,
    line: TheLine,
    file: Annotated[UploadFile, File(description="a signed PDF or OFD, at most 20 MB")],
) -> Response:
    """Check a signed file: ours, or another office's. It is read in a process without keys and network."""
    return verdict_answer(check_file(office, read_upload(file.file), line=line))


@verification.get(
    "/checks/{licence_id}", summary=both("公开核验一张证照", "Check one licence by its id"), responses=_RESPONSES
)
def check_licence(licence_id: str, office: TheOffice) -> Response:
    """Ask the registry for the id that stands in the address of the code."""
    return verdict_answer(check_licence_id(office, LicenceId.parse(licence_id)))


def verdict_answer(report: Report) -> Response:
    """Return the verdict object as it goes out; nobody on the way keeps it."""
    content = _ENCODER.encode(public_object(report))
    return Response(content, headers={"Cache-Control": NO_STORE}, media_type="application/json")
