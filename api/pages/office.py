"""The pages of who is signed in: the first page, their own account, and for administrators the staff.

Promises:
  * Nothing is offered that the person's roles do not allow; whatever is sent all the same is refused at the door.
  * Who changes roles, invites or closes proved in the last minutes that it is they; nobody does so to themselves.
"""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.pages.doors import TheVisit, Visit, led_to, next_path, staff_page, staff_router
from api.pages.sign_in import factor_line, refusal, refused_status, tried
from api.staff.errors import OwnAccountError, SignInError
from api.staff.sign_in import FACTOR_ROLES, needs_factor
from registry import accounts, people, sessions
from registry.db import reading, transaction
from registry.records import Role
from registry.seal_errors import RolesMixedError
from verify.errors import YinzhengError

office_pages: Final = staff_router()
_PASSWORD_LENGTH_MAX: Final = 256
_ROLES: Final = tuple(role for role in Role if role is not Role.SYSTEM)


@office_pages.get("/office")
def show_office(request: Request, visit: TheVisit) -> Response:
    """Show what the person may do."""
    return staff_page(request, visit, "office.html", {})


@office_pages.get("/office/account")
def show_account(request: Request, visit: TheVisit) -> Response:
    """Show roles, second factor and sessions."""
    return _account_page(request, visit, None)


@office_pages.post("/office/account/password")
def change_password(request: Request, visit: TheVisit) -> Response:
    """Take a new password; sessions in other browsers end."""
    password, repeated = (visit.text(each, _PASSWORD_LENGTH_MAX) for each in ("password", "repeated"))
    try:
        visit.house.sign_in.change_password(visit.signed_in, password, repeated, at=visit.office.clock())
    except SignInError as error:
        return _account_page(request, visit, error)
    return led_to(request, "/office/account")


@office_pages.post("/office/account/recovery-codes")
def renew_recovery_codes(request: Request, visit: TheVisit) -> Response:
    """Show new recovery codes, once."""
    codes = visit.house.sign_in.renew_recovery_codes(visit.signed_in.person)
    return staff_page(request, visit, "codes.html", {"codes": codes})


@office_pages.post("/office/account/sessions/end")
def end_session(request: Request, visit: TheVisit) -> Response:
    """End the session in another browser."""
    with transaction(visit.office.database) as tx:
        sessions.end_named(tx, visit.signed_in.person.person_id, visit.text("session"))
    return led_to(request, "/office/account")


@office_pages.post("/office/account/sessions/end-all")
def sign_out_everywhere(request: Request, visit: TheVisit) -> Response:
    """End all sessions, this one too."""
    with transaction(visit.office.database) as tx:
        sessions.end_all(tx, visit.signed_in.person.person_id)
    visit.signs_out()
    return led_to(request, "/sign-in")


@office_pages.get("/office/confirmation")
def show_confirmation(request: Request, visit: TheVisit) -> Response:
    """Ask again for what proves who it is."""
    return _confirmation_page(request, visit, None)


@office_pages.post("/office/confirmation")
async def confirm(request: Request, visit: TheVisit) -> Response:
    """Take the proof, and go on."""
    session, house = visit.signed_in, visit.house
    password, code = visit.text("password", _PASSWORD_LENGTH_MAX), visit.text("digits")

    def check() -> str:
        return house.sign_in.prove_again(session, password=password, code=code, at=visit.office.clock())

    try:
        cookie = await tried(request, house.codes, factor_line(request, visit), check)
    except YinzhengError as error:
        return _confirmation_page(request, visit, error)
    visit.signs_in(cookie)
    return led_to(request, next_path(visit.text("next")))


@office_pages.get("/office/people")
def show_people(request: Request, visit: TheVisit) -> Response:
    """List the staff of the department with their roles."""
    return _people_page(request, visit, None)


@office_pages.post("/office/people/{person_id}/invitation")
def invite_person(request: Request, visit: TheVisit, person_id: str) -> Response:
    """Make an invitation, and show its address once."""
    by = visit.operator.person_id
    code = visit.house.sign_in.invite(person_id, made_by=by, at=visit.office.clock())
    address = f"{visit.office.settings.public_address}/invitation#{code}"
    return staff_page(request, visit, "invited.html", {"whom": person_id, "address": address})


@office_pages.post("/office/people/{person_id}/roles")
def change_person_roles(request: Request, visit: TheVisit, person_id: str) -> Response:
    """Give somebody these roles and no others."""
    asked = frozenset(str(each) for each in visit.form.getlist("role"))
    roles = frozenset(role for role in _ROLES if role.value in asked)
    try:
        _demand_other(visit, person_id)
        with transaction(visit.office.database) as tx:
            before = people.find_person(tx, person_id)
            people.change_roles(tx, person_id, roles)
            if roles & FACTOR_ROLES and not (before and needs_factor(before)):
                sessions.end_all(tx, person_id)  # they began without the second factor that these roles ask for
    except (RolesMixedError, OwnAccountError) as error:
        return _people_page(request, visit, error)
    return led_to(request, "/office/people")


@office_pages.post("/office/people/{person_id}/close")
def close_person(request: Request, visit: TheVisit, person_id: str) -> Response:
    """Close an account; what the person did stays on record."""
    try:
        _demand_other(visit, person_id)
    except OwnAccountError as error:
        return _people_page(request, visit, error)
    with transaction(visit.office.database) as tx:
        people.close_person(tx, person_id)
        sessions.end_all(tx, person_id)
    return led_to(request, "/office/people")


def _demand_other(visit: Visit, person_id: str) -> None:
    """Let nobody change their own roles or close their own account."""
    if person_id == visit.operator.person_id:
        raise OwnAccountError


def _account_page(request: Request, visit: Visit, error: SignInError | None) -> Response:
    person = visit.signed_in.person
    account = visit.house.sign_in.account_of(visit.signed_in)
    with reading(visit.office.database) as tx:
        listed = sessions.sessions_of(tx, person.person_id, at=visit.office.clock())
        left = accounts.recovery_codes_left(tx, person.person_id)
    values = {
        "roles": sorted(role.value for role in person.roles),
        "has_factor": account.authenticator is not None,
        "codes_left": left,
        "sessions": listed,
        "here": visit.signed_in.handle,
        **refusal(error, "password"),
    }
    return staff_page(request, visit, "account.html", values, status=refused_status(error))


def _confirmation_page(request: Request, visit: Visit, error: YinzhengError | None) -> Response:
    account = visit.house.sign_in.account_of(visit.signed_in)
    values = {
        "next": next_path(visit.text("next") or request.query_params.get("next", "")),
        "has_password": account.password is not None,
        "has_factor": account.authenticator is not None,
        "has_demonstration": visit.office.demonstration is not None,
        **refusal(error, "password" if account.password is not None else "digits"),
    }
    return staff_page(request, visit, "confirmation.html", values, status=refused_status(error))


def _people_page(request: Request, visit: Visit, error: YinzhengError | None) -> Response:
    with reading(visit.office.database) as tx:
        staff = people.people_of(tx, visit.operator.department)
    values = {"staff": staff, "roles": [role.value for role in _ROLES], **refusal(error, "people")}
    return staff_page(request, visit, "people.html", values, status=422 if error is not None else 200)
