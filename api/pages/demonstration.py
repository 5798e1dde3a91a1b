"""The demonstration's door: a newcomer is an officer, a reviewer or an auditor of the sample town by one press.

Promises: where no demonstration runs there is nothing at this address; nobody but the people of the demonstration can
be chosen, and their sessions are those of everybody else.
"""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.demonstration import Demonstration
from api.errors import UnknownAddressError
from api.pages.doors import TheVisit, Visit, led_to, staff_page, staff_router
from registry import accounts, people
from registry.db import reading
from registry.records import Role

demonstration_pages: Final = staff_router()
_FIRST_PAGES: Final = {
    Role.ISSUING_OFFICER: "/office/licences",
    Role.REVIEWER: "/office/licences",
    Role.AUDITOR: "/office/log",
}


@demonstration_pages.get("/demonstration")
def show_demonstration(request: Request, visit: TheVisit) -> Response:
    """Say whom a newcomer may be."""
    running = _running(visit)
    with reading(visit.office.database) as tx:
        found = [people.find_person(tx, each) for each in running.people]
    staff = [(each, next(role for role in _FIRST_PAGES if role in each.roles)) for each in found if each is not None]
    return staff_page(request, visit, "demonstration.html", {"staff": staff})


@demonstration_pages.post("/demonstration")
def enter_demonstration(request: Request, visit: TheVisit) -> Response:
    """Begin a session as one of the demonstration's people, who have no password."""
    running, person_id = _running(visit), visit.text("person")
    with reading(visit.office.database) as tx:
        account = accounts.find_account(tx, person_id) if person_id in running.people else None
    if account is None:
        raise UnknownAddressError
    cookie, _ = visit.house.sign_in.enter(account, at=visit.office.clock(), has_factor=True, earlier=visit.earlier)
    visit.signs_in(cookie)
    role = next(role for role in _FIRST_PAGES if role in account.person.roles)
    return led_to(request, _FIRST_PAGES[role])


def _running(visit: Visit) -> Demonstration:
    if visit.office.demonstration is None:
        raise UnknownAddressError
    return visit.office.demonstration
