"""Check a licence: by the text of its code, by its typed id, by number and holder, or by a file.

Promises: everybody may, and gets the public minimum; who states a purpose shows a key, sees what that purpose may see,
and gets a receipt. Every check that was made is answered 200 with the one verdict object, also "not in the registry";
only a request that is none is an error. Nothing of what was sent in is kept.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import File, Form, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from api.checking import check_file, check_id, check_licence_id, check_text
from api.compression import compressed
from api.file_turns import TheFileLine
from api.guard import StatedCaller, TheLine, TheOffice, json_of
from api.json_writer import canonical_json
from api.reliance_errors import NumberNeedsPurposeError
from api.relying import Question, is_stamped
from api.rounds import Rounds
from api.sheets_in import read_upload
from api.signed_revision import revision_answer, revision_of
from api.v1.answers import NO_STORE, both, router
from api.v1.stated import Stated, TheRounds, answered
from api.v1.verification_schemas import RelianceIn, VerdictOut, VerifyIn
from api.wiring import Office
from verify.report import Report
from verify.report_objects import LIST_MAX, public_object
from verify.values import LicenceId

verification: Final = router("verification")
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {200: {"model": VerdictOut}}
# A purpose with the longest texts takes 4 kB as JSON with every character escaped.
_RELIANCE_LENGTH_MAX: Final = 8_000
_UNKEPT: Final = (b"cache-control", NO_STORE.encode())
_JSON: Final = (b"content-type", b"application/json")
SIGNATURES_MAX: Final = LIST_MAX
_REVISION: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@verification.post("/verifications", summary=both("核验二维码或编号", "Check a code or an id"), responses=_RESPONSES)
async def verify(
    request: Request, body: VerifyIn, office: TheOffice, rounds: TheRounds, caller: StatedCaller
) -> Response:
    """Check the text of a QR code with its signature, or ask the registry for a typed id or a number."""
    if body.reliance is None:
        return compressed(request, await run_in_threadpool(_checked, office, body))
    stated = Stated(question=body.to_question(), reliance=body.reliance, client=caller().client)
    return await _answer_of(office, rounds, stated)


def _checked(office: Office, body: VerifyIn) -> Response:
    """Answer what everybody may ask."""
    if body.text is not None:
        return verdict_answer(check_text(office, body.text))
    if body.id is None:
        raise NumberNeedsPurposeError
    return verdict_answer(check_id(office, body.id))


@verification.post("/verifications/file", summary=both("核验文件", "Check a file"), responses=_RESPONSES)
async def verify_file(
    office: TheOffice,
    line: TheFileLine,
    rounds: TheRounds,
    caller: StatedCaller,
    file: Annotated[UploadFile, File(description="a signed PDF or OFD, at most 20 MB")],
    reliance: Annotated[
        str, Form(max_length=_RELIANCE_LENGTH_MAX, description="a stated purpose as JSON, or nothing")
    ] = "",
) -> Response:
    """Check a signed file: ours, or another office's. It is read in a process without keys and network."""
    purpose, client = (_stated(reliance), caller().client) if reliance else (None, None)
    async with line.turn():
        digest, report = await run_in_threadpool(_checked_file, office, file, line.name)
        if purpose is None or client is None:
            return verdict_answer(report)
        question = Question(digest=digest, checked=report)
        return await _answer_of(office, rounds, Stated(question=question, reliance=purpose, client=client))


def _checked_file(office: Office, file: UploadFile, line: str) -> tuple[bytes, Report]:
    """Return the hash of a file, and what came of it."""
    content = read_upload(file.file)
    return sha256(content).digest(), check_file(office, content, line=line)


async def _answer_of(office: Office, rounds: Rounds[Stated, bytes], stated: Stated) -> Response:
    """Answer a question for a stated purpose, with those that come at the same time."""
    if is_stamped(office, is_asked_for=stated.reliance.timestamp):
        return ready_answer(await run_in_threadpool(answered, office, stated))
    return ready_answer(await rounds.answer(stated))


@verification.post(
    "/verifications/file/signed-revision",
    summary=both("取回签名时的文件", "Get the file as it was signed"),
    response_class=Response,
    responses=_REVISION,
)
def get_signed_revision(
    office: TheOffice,
    line: TheLine,
    file: Annotated[UploadFile, File(description="a signed PDF to which something was added")],
    signature: Annotated[
        int | None, Form(ge=1, le=SIGNATURES_MAX, description="its number among `signatures`, from 1; else the last")
    ] = None,
) -> Response:
    """Return the beginning of the file, up to where the signed bytes end (`signed_bytes`); the file is not kept."""
    return revision_answer(revision_of(office, read_upload(file.file), signature, line=line))


@verification.get(
    "/checks/{licence_id}", summary=both("公开核验一张证照", "Check one licence by its id"), responses=_RESPONSES
)
def check_licence(licence_id: str, office: TheOffice) -> Response:
    """Ask the registry for the id that stands in the address of the code."""
    return verdict_answer(check_licence_id(office, LicenceId.parse(licence_id)))


def verdict_answer(report: Report) -> Response:
    """Return the verdict object as it goes out; nobody on the way keeps it."""
    return json_answer(public_object(report))


def json_answer(value: Mapping[str, Any]) -> Response:
    """Return a value as JSON; nobody on the way keeps it."""
    return ready_answer(canonical_json(value))


def ready_answer(content: str | bytes) -> Response:
    """Return what is JSON already; nobody on the way keeps it."""
    return _Ready(content)


class _Ready(Response):
    """An answer of JSON whose headers are the same for all but their length."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:  # noqa: ARG002 - the framework's own
        """Write what the framework would put together anew for each answer."""
        self.raw_headers = [_UNKEPT, (b"content-length", str(len(self.body)).encode()), _JSON]


def _stated(text: str) -> RelianceIn:
    """Read a purpose that came as JSON beside a file."""
    try:
        return RelianceIn.model_validate(json_of(text.encode()))
    except ValidationError as error:
        found = [{**each, "loc": ("body", "reliance", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(found) from error
