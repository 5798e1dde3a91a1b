"""The pages of sign-in: account and password, invitation, second factor, and what an authenticator scans.

Promises:
  * What is wrong is told in one sentence for all that may be wrong; it never says whether an account exists.
  * Nobody waits for another's guessing, and nobody is locked out: see `api/staff/slowdown.py`.
  * A browser is remembered once somebody was whole in it: who has the password alone gets no fresh count of guesses.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.limits import Limits, address_of
from api.pages.doors import (
    TheVisit,
    Visit,
    known_device,
    led_to,
    next_path,
    remember_device,
    staff_page,
    staff_router,
)
from api.pages.rendering import POLICY
from api.pages.scripts import module_folder
from api.problems import next_try, status_of
from api.staff.authenticator import address, code_svg, secret_text
from api.staff.errors import InvitationError, SecondFactorMissingError, SignInError
from api.staff.slowdown import Slowdown
from verify.errors import YinzhengError

door: Final = staff_router()
_Answer = TypeVar("_Answer")
_ACCOUNT_LENGTH_MAX: Final = 64
_PASSWORD_LENGTH_MAX: Final = 256
_CODE_LENGTH_MAX: Final = 80
# One module of ours, which asks nobody anything.
_OWN_SCRIPT: Final = f"{POLICY}; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"


@door.get("/sign-in")
def show_sign_in(request: Request, visit: TheVisit) -> Response:
    """Ask for account and password."""
    return _sign_in_page(request, visit, None)


@door.post("/sign-in")
async def sign_in(request: Request, visit: TheVisit) -> Response:
    """Take account and password."""
    person_id = visit.text("account", _ACCOUNT_LENGTH_MAX).strip()
    password = visit.text("password", _PASSWORD_LENGTH_MAX)
    device = known_device(request, visit, person_id)
    line = f"{person_id} {device or ''}"

    def check() -> tuple[str, bool]:
        account = visit.house.sign_in.known(person_id, password)
        return visit.house.sign_in.enter(account, at=visit.office.clock(), earlier=visit.earlier)

    try:
        cookie, is_whole = await tried(request, visit.house.passwords, line, check)
    except YinzhengError as error:
        return _sign_in_page(request, visit, error)
    visit.signs_in(cookie)
    if device is None and is_whole:
        remember_device(visit, person_id)
    following = next_path(visit.text("next"))
    return led_to(request, following) if is_whole else led_to(request, "/sign-in/second-factor", next=following)


@door.get("/invitation")
def show_invitation(request: Request, visit: TheVisit) -> Response:
    """Let somebody who was invited choose a password.

    The code stands behind `#` in the address that they got: it reaches the page's field, no server and no log.
    """
    return _invitation_page(request, visit, "", None)


@door.post("/invitation")
async def accept_invitation(request: Request, visit: TheVisit) -> Response:
    """Take the chosen password, and sign in."""
    code = visit.text("code", _CODE_LENGTH_MAX)
    house, at = visit.house, visit.office.clock()

    def accept() -> tuple[str, str, bool]:
        password, repeated = visit.text("password", _PASSWORD_LENGTH_MAX), visit.text("repeated", _PASSWORD_LENGTH_MAX)
        account = house.sign_in.accept(code, password, repeated, at=at)
        return account.person.person_id, *house.sign_in.enter(account, at=at, earlier=visit.earlier)

    try:
        person_id, cookie, is_whole = await tried(request, house.passwords, f"invitation {code[:8]}", accept)
    except YinzhengError as error:
        return _invitation_page(request, visit, code, error)
    visit.signs_in(cookie)
    if is_whole:
        remember_device(visit, person_id)
    return led_to(request, "/office" if is_whole else "/sign-in/second-factor")


@door.get("/sign-in/second-factor")
def show_second_factor(request: Request, visit: TheVisit) -> Response:
    """Ask for the digits of the authenticator, or lead to the page that sets one up."""
    account = visit.house.sign_in.account_of(visit.signed_in)
    if account.authenticator is None:
        return led_to(request, "/sign-in/authenticator")
    return _factor_page(request, visit, None)


@door.post("/sign-in/second-factor")
async def prove_second_factor(request: Request, visit: TheVisit) -> Response:
    """Take the digits, or a recovery code."""
    session, house = visit.signed_in, visit.house

    def check() -> str:
        return house.sign_in.prove(session, code=visit.text("digits", _CODE_LENGTH_MAX), at=visit.office.clock())

    try:
        cookie = await tried(request, house.codes, factor_line(request, visit), check)
    except YinzhengError as error:
        return _factor_page(request, visit, error)
    visit.signs_in(cookie)
    remember_device(visit, session.person.person_id)
    return led_to(request, next_path(visit.text("next")))


@door.get("/sign-in/authenticator")
def show_enrolment(request: Request, visit: TheVisit) -> Response:
    """Show a new secret for an authenticator, as a code and as text."""
    _demand_may_enrol(visit)
    secret, sealed = visit.house.sign_in.drawn_secret(visit.signed_in)
    return _enrolment_page(request, visit, (secret, sealed), None)


@door.post("/sign-in/authenticator")
async def enrol_second_factor(request: Request, visit: TheVisit) -> Response:
    """Take the digits that prove that the authenticator has the secret; show the recovery codes once."""
    session, sign_in, sealed = visit.signed_in, visit.house.sign_in, visit.text("secret")
    await run_in_threadpool(_demand_may_enrol, visit)
    secret = sign_in.shown_secret(session, sealed)

    def check() -> tuple[str, tuple[str, ...]]:
        code = visit.text("digits", _CODE_LENGTH_MAX)
        return sign_in.enrol(session, secret, code=code, at=visit.office.clock())

    try:
        cookie, codes = await tried(request, visit.house.codes, factor_line(request, visit), check)
    except YinzhengError as error:
        return _enrolment_page(request, visit, (secret, sealed), error)
    visit.signs_in(cookie)
    remember_device(visit, session.person.person_id)
    return staff_page(request, visit, "codes.html", {"codes": codes})


@door.post("/sign-out")
def sign_out(request: Request, visit: TheVisit) -> Response:
    """End the session of this browser."""
    visit.house.sign_in.leave(visit.signed_in)
    visit.signs_out()
    return led_to(request, "/sign-in")


async def tried(request: Request, slowdown: Slowdown, line: str, check: Callable[[], _Answer]) -> _Answer:
    """Make a try in its turn: the address must not have been wrong too often, the line may have to wait a little.

    A try is charged before it is made, so that many at once are not charged as one; a right one is given back.
    """
    limits: Limits = request.app.state.limits
    origin = address_of(request.scope)
    limits.wrong_keys.take(origin)
    await asyncio.sleep(slowdown.begin(line))
    answer = await run_in_threadpool(check)
    limits.wrong_keys.give_back(origin)
    slowdown.was_right(line)
    return answer


def factor_line(request: Request, visit: Visit) -> str:
    """Return the line in which somebody tries codes."""
    person_id = visit.signed_in.person.person_id
    return f"{person_id} {known_device(request, visit, person_id) or ''}"


def refusal(error: YinzhengError | None, field: str) -> dict[str, Any]:
    """Return what a page needs to say that a field is wrong."""
    if error is None:
        return {}
    return {"wrong": field, "code": error.code, "params": dict(error.params)}


def refused_status(error: YinzhengError | None) -> int:
    """Return the status of a page that asks again."""
    if error is None:
        return 200
    return 422 if isinstance(error, SignInError) else status_of(error)


def _sign_in_page(request: Request, visit: Visit, error: YinzhengError | None) -> Response:
    following = visit.text("next") or request.query_params.get("next", "")
    values = {
        "next": next_path(following),
        "account": visit.text("account", _ACCOUNT_LENGTH_MAX),
        "has_provider": visit.office.settings.oidc_issuer is not None,
        **refusal(error, "account"),
    }
    page = staff_page(request, visit, "sign_in.html", values, status=refused_status(error))
    if error is not None:
        page.headers.update(next_try(error))
    return page


def _invitation_page(request: Request, visit: Visit, code: str, error: YinzhengError | None) -> Response:
    wrong = "code" if isinstance(error, InvitationError) else "password"
    values = {"invitation": code[:_CODE_LENGTH_MAX], "scripts": module_folder(), **refusal(error, wrong)}
    status = refused_status(error)
    return staff_page(request, visit, "invitation.html", values, status=status, policy=_OWN_SCRIPT)


def _factor_page(request: Request, visit: Visit, error: YinzhengError | None) -> Response:
    following = visit.text("next") or request.query_params.get("next", "")
    values = {"next": next_path(following), **refusal(error, "digits")}
    return staff_page(request, visit, "second_factor.html", values, status=refused_status(error))


def _enrolment_page(request: Request, visit: Visit, drawn: tuple[bytes, str], error: YinzhengError | None) -> Response:
    secret, sealed = drawn
    otpauth = address(secret, account=visit.signed_in.person.person_id, issuer=visit.office.settings.host)
    values = {"secret": sealed, "typed": secret_text(secret), "picture": code_svg(otpauth), **refusal(error, "digits")}
    return staff_page(request, visit, "authenticator.html", values, status=refused_status(error))


def _demand_may_enrol(visit: Visit) -> None:
    """Let who has an authenticator set up another only after it was shown, in the last minutes.

    Raises `SecondFactorMissingError`, `ProofOldError`.
    """
    account = visit.house.sign_in.account_of(visit.signed_in)
    if account.authenticator is not None:
        if not visit.signed_in.is_whole:
            raise SecondFactorMissingError
        visit.demand_fresh()
