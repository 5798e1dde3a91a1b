"""The holder's pages: their licences, a live code to show, and who checked it when.

Promises:
  * A holder is let in by a code that an office handed out (`yinzheng holder invite`), good once; no name, no password.
  * Nobody sees another holder's licence, and nobody learns whether there is one: both are "no such page".
  * A live code is made for each picture anew, 50 seconds apart; a screenshot of it is worth nothing a minute later.
"""

from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.checking import check_licence_id
from api.errors import UnknownAddressError
from api.pages.doors import cookie_name
from api.pages.rendering import SCRIPT_POLICY, page_language, render
from api.pages.scripts import module_folder
from api.staff.authenticator import code_file
from api.verdicts import verdict_words
from api.wiring import Office
from registry import holder_access
from registry.db import reading, transaction
from registry.licences import find_licence, find_licences_of_holder, public_answer
from registry.live_codes import shown_at
from registry.records import LicenceRecord
from signer.live_codes import make_live_code
from verify.errors import MalformedError
from verify.values import LicenceId

COOKIE: Final = "yinzheng-holder"
# A code lives a minute; the next one is there before.
RENEWED_SECONDS: Final = 50
_CODE_LENGTH_MAX: Final = 40


def add_holder(app: FastAPI) -> None:
    """Add the pages to an application whose state has an `office` with keys."""
    app.add_api_route("/holder", _cards, methods=["GET"], include_in_schema=False)
    app.add_api_route("/holder", _enter, methods=["POST"], include_in_schema=False)
    app.add_api_route("/holder/leave", _leave, methods=["POST"], include_in_schema=False)
    app.add_api_route("/holder/licences/{licence_id}", _licence, methods=["GET"], include_in_schema=False)
    app.add_api_route("/holder/licences/{licence_id}/code.svg", _code, methods=["GET"], include_in_schema=False)


def _cards(request: Request) -> Response:
    office: Office = request.app.state.office
    with reading(office.database) as tx:
        holder = holder_access.holder_of(tx, _cookie(request), at=office.clock())
        if holder is None:
            return _entrance(request, wrong="")
        found = find_licences_of_holder(tx, holder.code)
    own = [each for each in found if each.holder_code_type == holder.code_type]
    cards = [_card(request, office, each) for each in own]
    return render(request, "holder.html", {"cards": cards, "wrong": ""}, switch="/holder")


def _card(request: Request, office: Office, licence: LicenceRecord) -> Mapping[str, object]:
    """Return a licence with what everybody would be told of it now."""
    report = check_licence_id(office, LicenceId.parse(licence.licence_id))
    words = verdict_words(report, page_language(request))
    return {
        "licence_id": licence.licence_id,
        "number": licence.number,
        "kind": words.kind,
        "headline": words.headline,
        "tone": words.look.tone.value,
        "may_show": report.verdict.is_in_force is True,
    }


async def _enter(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=4)
    code = form.get("code")
    return await run_in_threadpool(_entered, request, code if isinstance(code, str) else "")


def _entered(request: Request, code: str) -> Response:
    office: Office = request.app.state.office
    secret = None
    if 0 < len(code) <= _CODE_LENGTH_MAX and code.isascii():
        with transaction(office.database) as tx:
            secret = holder_access.accept(tx, code.strip(), at=office.clock(), random=office.random)
    if secret is None:
        return _entrance(request, wrong="code")
    answer = _led(request)
    _set_cookie(request, answer, secret, int(holder_access.SESSION_LIFE.total_seconds()))
    return answer


def _leave(request: Request) -> Response:
    office: Office = request.app.state.office
    with transaction(office.database) as tx:
        holder_access.leave(tx, _cookie(request))
    answer = _led(request)
    _set_cookie(request, answer, "", 0)
    return answer


def _licence(request: Request, licence_id: str) -> Response:
    office: Office = request.app.state.office
    own = _own(request, licence_id)
    with reading(office.database) as tx:
        checked = shown_at(tx, licence_id)
        relied = holder_access.uses_of(tx, licence_id)
    values: Mapping[str, object] = {
        **_card(request, office, own),
        "checked": checked,
        "relied": relied,
        "seconds": RENEWED_SECONDS,
        "scripts": module_folder(),
    }
    path = f"/holder/licences/{own.licence_id}"
    return render(request, "holder_licence.html", values, switch=path, policy=SCRIPT_POLICY)


def _code(request: Request, licence_id: str) -> Response:
    """Return the picture of a live code that begins now."""
    office: Office = request.app.state.office
    own = _own(request, licence_id)
    answer = public_answer(office.database, own.licence_id)
    if answer is None:
        raise UnknownAddressError
    content = code_file(make_live_code(office.desk, answer, at=office.clock()))
    return Response(content, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


def _own(request: Request, licence_id: str) -> LicenceRecord:
    """Return a licence of who asks. Raises `UnknownAddressError` for everything else."""
    office: Office = request.app.state.office
    try:
        asked = LicenceId.parse(licence_id).text  # what has another form is asked of no database
    except MalformedError as error:
        raise UnknownAddressError from error
    with reading(office.database) as tx:
        holder = holder_access.holder_of(tx, _cookie(request), at=office.clock())
        found = find_licence(tx, asked)
    if holder is None or found is None:
        raise UnknownAddressError
    if (found.holder_code, found.holder_code_type) != (holder.code, holder.code_type):
        raise UnknownAddressError
    return found


def _entrance(request: Request, *, wrong: str) -> Response:
    values = {"cards": None, "wrong": wrong}
    return render(request, "holder.html", values, status=422 if wrong else 200, switch="/holder")


def _led(request: Request) -> Response:
    address = f"/holder?lang={page_language(request)}"
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


def _cookie(request: Request) -> str:
    return request.cookies.get(cookie_name(COOKIE, is_secure=_is_secure(request)), "")


def _set_cookie(request: Request, answer: Response, value: str, seconds: int) -> None:
    is_secure = _is_secure(request)
    name = cookie_name(COOKIE, is_secure=is_secure)
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=is_secure, httponly=True, samesite="lax")


def _is_secure(request: Request) -> bool:
    office: Office = request.app.state.office
    return office.settings.public_address.startswith("https:")
