"""The public's pages: one box and a file to check, and the verdict on one licence. They work without JavaScript.

Promises:
  * Title and first heading are the verdict; then what it means, the facts that everybody may see, what was checked,
    what to do, and a reference to quote.
  * A check that was made is answered 200, also "not in the registry"; a slip of the finger is told as one.
  * What somebody enters or uploads is shown to nobody, kept nowhere and logged nowhere.
  * Where scripts are on, the page of a code checks also what stands behind `#`, which no server ever sees.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from api.checking import as_meant, check_entry, check_file, check_id
from api.compression import compressed
from api.errors import RequestTooLargeError, UnknownAddressError
from api.limits import address_of
from api.pages.counter import NO_SCRIPTS, own_scripts
from api.pages.rendering import POLICY, SCRIPT_POLICY, STATIC, page_language, render, static_file, static_version
from api.problems import next_try, status_of, trace_of
from api.signed_revision import revision_answer, revision_of
from api.staff.authenticator import code_file
from api.verdicts import public_facts, verdict_words
from api.wiring import Office
from registry.db import reading
from registry.errors import DatabaseAwayError, DatabaseBusyError
from registry.samples import samples
from verify.errors import YinzhengError
from verify.report import Report, Subject
from verify.signed_document import DOCUMENT_BYTES_MAX
from verify.states import LicenceState
from verify.values import LicenceId, TypingError

# The longest code has 1,100 characters; a scanner may add some of its own.
ENTRY_LENGTH_MAX: Final = 4_000
SAMPLES: Final = {LicenceState.IN_FORCE: "ui.home.sample_in_force", LicenceState.REVOKED: "ui.home.sample_revoked"}
_TOO_LARGE: Final = 413
_NUMBER: Final = re.compile(r"[1-9][0-9]?")
_FOREVER: Final = "public, max-age=31536000, immutable"


def add_pages(app: FastAPI) -> None:
    """Add the public's pages to an application whose state has an `office`."""
    app.add_api_route("/", _home, methods=["GET"], include_in_schema=False)
    app.add_api_route("/check", _check_entry, methods=["POST"], include_in_schema=False)
    app.add_api_route("/check/file", _check_file, methods=["POST"], include_in_schema=False)
    app.add_api_route("/check/file/signed", _save_signed, methods=["POST"], include_in_schema=False)
    app.add_api_route("/v/{typed}", _show, methods=["GET"], include_in_schema=False)
    app.add_api_route("/v/{typed}/code.svg", _picture, methods=["GET"], include_in_schema=False)
    app.add_api_route("/static/{name}", _static, methods=["GET"], include_in_schema=False)


def error_page(request: Request, error: YinzhengError) -> Response:
    """Return a page that says what went wrong, in words and with the reference to quote."""
    if isinstance(error, TypingError):
        return _home_page(request, error, "entry")
    page = render(request, "problem.html", {"code": error.code, "params": dict(error.params)}, status=status_of(error))
    page.headers.update(next_try(error))
    return page


async def _home(request: Request) -> Response:
    return _home_page(request, None, "")


async def _static(request: Request, name: str) -> Response:
    if name not in STATIC:
        raise UnknownAddressError
    # Under the hash of another edition, as an old page has it, or under none, the file of today is not kept.
    is_asked = request.query_params.get("v") == static_version(name)
    headers = {"Cache-Control": _FOREVER if is_asked else "no-cache"}
    answer = Response(static_file(name), media_type=STATIC[name], headers=headers)
    return compressed(request, answer, is_kept=True)


def _show(request: Request, typed: str) -> Response:
    """Show the verdict on the id that stands in the address of a code."""
    try:
        report = check_id(request.app.state.office, typed)
    except YinzhengError as error:
        return error_page(request, error)
    return compressed(request, _verdict_page(request, report, own=own_scripts(request)))


def _picture(request: Request, typed: str) -> Response:
    """Draw the code that a printed verdict bears: the address of the licence's page. It tells nobody what there is."""
    try:
        licence_id = LicenceId.parse_typed(typed)
    except TypingError as error:
        raise UnknownAddressError from error
    drawn = code_file(f"{request.app.state.office.settings.public_address}/v/{licence_id.text}")
    return compressed(request, Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": _FOREVER}))


async def _check_entry(request: Request) -> Response:
    """Check what was entered in the box; an id is shown at its own address, so that the page can be opened again."""
    form = await _form(request)
    entry = form.get("entry") if form is not None else None
    meant = as_meant(entry[:ENTRY_LENGTH_MAX]) if isinstance(entry, str) else ""
    if not meant:
        return _home_page(request, None, "entry")
    try:
        address = f"/v/{LicenceId.parse_typed(meant).text}?lang={page_language(request)}"
        return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
    except TypingError as error:
        if not {"#", "/"} & set(meant):
            return error_page(request, error)
    return await _checked(request, check_entry, meant)


async def _check_file(request: Request) -> Response:
    """Check an uploaded file."""
    form = await _form(request)
    if form is None:
        return error_page(request, RequestTooLargeError(params={"max_mb": str(DOCUMENT_BYTES_MAX // 1_000_000)}))
    content = await _uploaded(form)
    await form.close()
    if not content:
        return _home_page(request, None, "file")
    return await _checked(request, partial(check_file, line=address_of(request.scope)), content)


async def _save_signed(request: Request) -> Response:
    """Hand out what was signed of an uploaded file that was added to."""
    form = await _form(request)
    if form is None:
        return error_page(request, RequestTooLargeError(params={"max_mb": str(DOCUMENT_BYTES_MAX // 1_000_000)}))
    content, asked = await _uploaded(form), form.get("signature")
    await form.close()
    if not content:
        return _home_page(request, None, "file")
    number = int(asked) if isinstance(asked, str) and _NUMBER.fullmatch(asked) else None
    revise = partial(revision_of, line=address_of(request.scope))
    try:
        found = await run_in_threadpool(revise, request.app.state.office, content, number)
    except YinzhengError as error:
        return error_page(request, error)
    return revision_answer(found)


async def _uploaded(form: FormData) -> bytes:
    file = form.get("file")
    return await file.read(DOCUMENT_BYTES_MAX + 1) if isinstance(file, UploadFile) else b""


async def _checked(request: Request, check: Callable[[Office, Any], Report], shown: str | bytes) -> Response:
    try:
        report = await run_in_threadpool(check, request.app.state.office, shown)
    except YinzhengError as error:
        return error_page(request, error)
    return _verdict_page(request, report)


async def _form(request: Request) -> FormData | None:
    """Return the form, or None when its body is longer than anybody may send."""
    try:
        return await request.form(max_files=1, max_fields=4)
    except HTTPException as error:
        if error.status_code == _TOO_LARGE:
            return None
        raise


def _home_page(request: Request, error: YinzhengError | None, wrong: str) -> Response:
    """Return the home page; `wrong` names the field that is to be corrected."""
    code = error.code if error is not None else {"entry": "ui.error.empty", "file": "ui.error.no_file"}.get(wrong, "")
    office: Office = request.app.state.office
    values = {
        "wrong": wrong,
        "code": code,
        "samples": _samples(office),
        "has_demonstration": office.demonstration is not None and not office.is_public,
    }
    return render(request, "home.html", values, status=422 if wrong else 200)


def _samples(office: Office) -> dict[str, str]:
    """Return what a newcomer may try, by what it is called: codes without legal effect, one of them altered."""
    if not office.settings.test:
        return {}
    try:
        with reading(office.database) as tx:
            found = {SAMPLES[state]: text for state, (_, text) in samples(tx).items()}
    except (DatabaseAwayError, DatabaseBusyError):
        return {}
    good = found.get(SAMPLES[LicenceState.IN_FORCE])
    if good is not None:
        found["ui.home.sample_altered"] = altered(good)
    return found


def altered(text: str) -> str:
    """Return a code with another last digit, which is part of its signature."""
    return text[:-1] + ("1" if text[-1] == "0" else "0")


def verdict_values(request: Request, report: Report) -> dict[str, object]:
    """Return what the page of a verdict is made of, without scripts."""
    language = page_language(request)
    reference = trace_of(request.scope)
    reported = {
        "lang": language,
        "verdict": report.verdict.value,
        "reference": reference,
        "id": report.facts.licence_id,
    }
    return {
        "words": verdict_words(report, language, reference=reference),
        "facts": public_facts(report, language),
        "signatures": report.signatures,
        "revisions": [
            (number, each.signer) for number, each in enumerate(report.signatures, 1) if each.signed_bytes is not None
        ],
        "at": report.at,
        "newer": report.facts.superseded_by,
        "compare": report.subject is not Subject.DOCUMENT and report.verdict.is_in_force is True,
        "report_query": urlencode(reported),
        **NO_SCRIPTS,
    }


def _verdict_page(request: Request, report: Report, *, own: Mapping[str, object] = NO_SCRIPTS) -> Response:
    """Return the page of a verdict; with `own` scripts it goes on checking in the browser."""
    values = {**verdict_values(request, report), **own}
    switch = f"/v/{report.facts.licence_id}" if report.subject is Subject.ID else None
    policy = SCRIPT_POLICY if own["scripts"] else POLICY
    return render(request, "verdict.html", values, switch=switch, policy=policy)
