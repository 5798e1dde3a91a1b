"""The door of the pages for staff: who is signed in, may they, and is the form one of ours and new.

Promises:
  * Every page for staff is a `StaffRoute` with a row in the permission table; handlers get a `Visit` that is permitted.
  * A form is taken only with the mark of the browser that it was given to, and within a session once.
  * Who is not signed in, lacks a factor or must prove again is led there and back; a form is answered with the error.
  * The cookie is `__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax`; over http on this very machine it has a plain name.
"""

import base64
import hmac
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from api.errors import CallerUnknownError
from api.pages.rendering import POLICY, page_language, render
from api.permissions import PERMISSIONS, Audience, Permission, demand_own_record, demand_role
from api.staff.errors import (
    FormForeignError,
    FormSentError,
    ProofOldError,
    SecondFactorMissingError,
    SessionMissingError,
    SignInError,
)
from api.staff.house import StaffHouse
from api.wiring import Office
from registry import requests
from registry.db import transaction
from registry.records import Role
from registry.sessions import LIFE_MAX, StaffSession
from signer.desk import Operator

# A seal is used, and an account changed, by who proved within this time that it is they.
PROOF_AGE_MAX: Final = timedelta(minutes=5)
SESSION_COOKIE: Final = "yinzheng"
VISIT_COOKIE: Final = "yinzheng-visit"
DEVICE_COOKIE: Final = "yinzheng-device"
_DEVICE_LIFE: Final = timedelta(days=180)
_VISIT_BYTES: Final = 32
_ONCE_BYTES: Final = 16
_FIELDS_MAX: Final = 40
# A sheet with its photos, from who is signed in; nobody else sends a file here.
_FILES_MAX: Final = 300
_POST: Final = "POST"
_NUL: Final = "\x00"
_VALUE: Final = re.compile(r"[A-Za-z0-9_.-]{16,200}")
_LEADING: Final = (SessionMissingError, SecondFactorMissingError, ProofOldError)
# Where somebody may be led after sign-in: a page of ours, by its path alone.
_NEXT: Final = re.compile(r"/office(?:/[A-Za-z0-9-]{1,40}){0,3}")
# The page from which a form was sent that wants a new proof: that of one record, else the list.
_RECORD_PAGE: Final = re.compile(r"/office/(?:documents|drafts|sheets)/[^/]+")


@dataclass(slots=True, kw_only=True, eq=False)
class Visit:
    """One request of a browser: its session if it has one, the role in which the person acts, and cookies to set.

    `earlier` is the cookie of a session that the browser brought to a page for everybody; who signs in there ends it.
    """

    office: Office
    house: StaffHouse
    is_secure: bool
    secret: str = field(repr=False)
    earlier: str = field(default="", repr=False)
    session: StaffSession | None = None
    role: Role | None = None
    form: FormData = field(default_factory=FormData, repr=False)
    _cookies: list[str] = field(default_factory=list, repr=False)

    @property
    def signed_in(self) -> StaffSession:
        """The session; the door let nobody without one to a page that asks for it."""
        if self.session is None:
            raise SessionMissingError
        return self.session

    @property
    def operator(self) -> Operator:
        """The operator that stands in records for what this person does."""
        person = self.signed_in.person
        return Operator(person_id=person.person_id, department=person.department, role=self.role or Role.COUNTER)

    def demand_fresh(self) -> None:
        """Make sure that the person proved in the last minutes that it is they. Raises `ProofOldError`."""
        if self.office.clock() - self.signed_in.proved_at > PROOF_AGE_MAX:
            raise ProofOldError

    def text(self, name: str, length_max: int = 200) -> str:
        """Return a field of the form, empty when it is absent, not a text, or no text that anybody means."""
        value = self.form.get(name)
        if not isinstance(value, str) or len(value) > length_max or _NUL in value:
            return ""
        return value

    def set_cookie(self, name: str, value: str, *, life: timedelta) -> None:
        """Set a cookie with the answer."""
        parts = f"{cookie_name(name, is_secure=self.is_secure)}={value}; Path=/; HttpOnly; SameSite=Lax"
        end = f"; Max-Age={int(life.total_seconds())}"
        self._cookies.append(parts + end + ("; Secure" if self.is_secure else ""))

    def signs_in(self, cookie: str) -> None:
        """Give the browser the cookie of a session."""
        self.set_cookie(SESSION_COOKIE, cookie, life=LIFE_MAX)

    def signs_out(self) -> None:
        """Take the cookie of the session away."""
        self.set_cookie(SESSION_COOKIE, "", life=timedelta(0))

    def dress(self, answer: Response) -> None:
        """Put the cookies on the answer."""
        for each in self._cookies:
            answer.headers.append("Set-Cookie", each)

    def hidden(self) -> tuple[tuple[str, str], ...]:
        """Return the hidden fields of a new form: the mark of this browser, over what is good once."""
        once = base64.urlsafe_b64encode(self.office.random(_ONCE_BYTES)).decode().rstrip("=")
        return (("once", once), ("mark", form_mark(self.secret, once)))


class StaffRoute(APIRoute):
    """A page behind the permission table; its name is the row's key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler with the door before it."""
        inner = super().get_route_handler()
        permission = PERMISSIONS[self.name]
        if permission.audience is not Audience.PEOPLE:
            raise KeyError(self.name)

        async def guarded(request: Request) -> Response:
            try:
                visit = await run_in_threadpool(_enter, request, permission)
            except _LEADING as error:
                return _led(request, error)
            request.state.visit = visit
            if request.method == _POST:
                visit.form = await request.form(max_files=_files_max(visit), max_fields=_FIELDS_MAX)
            try:
                await run_in_threadpool(_take_form, request, visit)
                answer = await inner(request)
            except _LEADING as error:
                return _led(request, error)
            finally:
                await visit.form.close()
            visit.dress(answer)
            return answer

        return guarded


def staff_router() -> APIRouter:
    """Return a router whose pages stand behind the door and in no description of the interface."""
    return APIRouter(route_class=StaffRoute, include_in_schema=False)


def cookie_name(name: str, *, is_secure: bool) -> str:
    """Return the name of a cookie; a browser takes `__Host-` only over https, for this very host and all paths."""
    return f"__Host-{name}" if is_secure else name


def form_mark(secret: str, once: str) -> str:
    """Return the mark of a form for who holds the secret of this browser."""
    return hmac.digest(secret.encode(), f"form {once}".encode(), sha256).hex()


def next_path(asked: str) -> str:
    """Return where to go after sign-in: a page of ours, else the first."""
    return asked if _NEXT.fullmatch(asked) else "/office"


def led_to(request: Request, path: str, **query: str) -> Response:
    """Send the browser on to one of our pages, in the same language."""
    asked = "".join(f"&{name}={value}" for name, value in query.items())
    address = f"{path}?lang={page_language(request)}{asked}"
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


def staff_page(
    request: Request,
    visit: Visit,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
    policy: str = POLICY,
) -> Response:
    """Return a page with a form's hidden fields and what the navigation needs."""
    session = visit.session
    person = None if session is None or not session.is_whole else session.person
    may = {name for name, row in PERMISSIONS.items() if person and person.roles.intersection(row.roles)}
    known: dict[str, object] = {
        "wrong": "",
        "code": "",
        "params": {},
        "next": "",
        "person": person,
        "may": may,
        "hidden": visit.hidden,
        "place_here": "/".join(request.url.path.split("/")[:3]),
    }
    return render(request, template, {**known, **values}, status=status, switch=_switch(request), policy=policy)


def _enter(request: Request, permission: Permission) -> Visit:
    """Return the visit.

    1. A key of a system opens no page. 2. The session, where one is needed. 3. The role, and whose record it is.
    4. The second factor. 5. A proof of the last minutes.
    """
    if "authorization" in request.headers or _NUL in request.scope["path"]:  # (1)
        raise CallerUnknownError
    state = request.app.state
    office: Office = state.office
    house: StaffHouse = state.house
    is_secure = office.settings.public_address.startswith("https:")
    cookie = request.cookies.get(cookie_name(SESSION_COOKIE, is_secure=is_secure), "")
    visit = Visit(office=office, house=house, is_secure=is_secure, secret=cookie)
    if permission.is_public:
        visit.earlier = cookie
        _known_browser(request, visit)
        return visit
    visit.session = session = house.sign_in.session_of(cookie, at=office.clock())  # (2)
    request.state.client = session.person.person_id  # for the log
    visit.role = demand_role(permission, session.person.roles)  # (3)
    demand_own_record(office.database, permission, session.person.department, request.path_params)
    if not session.is_whole and not permission.early:  # (4)
        raise SecondFactorMissingError
    if permission.fresh:  # (5)
        visit.demand_fresh()
    return visit


def _known_browser(request: Request, visit: Visit) -> None:
    """Give a browser without session something to mark its forms with."""
    kept = request.cookies.get(cookie_name(VISIT_COOKIE, is_secure=visit.is_secure), "")
    if not _VALUE.fullmatch(kept):
        kept = base64.urlsafe_b64encode(visit.office.random(_VISIT_BYTES)).decode().rstrip("=")
        visit.set_cookie(VISIT_COOKIE, kept, life=LIFE_MAX)
    visit.secret = kept


def _files_max(visit: Visit) -> int:
    return 0 if visit.session is None else _FILES_MAX


def _take_form(request: Request, visit: Visit) -> None:
    """Take a form once; there is none to take where a page is only asked for.

    Raises `FormForeignError`, `FormSentError`.
    """
    if request.method != _POST:
        return
    once = visit.text("once")
    if not _VALUE.fullmatch(once) or not hmac.compare_digest(
        form_mark(visit.secret, once).encode(), visit.text("mark").encode()
    ):
        raise FormForeignError
    if visit.session is None:
        return  # nothing of anybody's is changed by sending it again
    at, line = visit.office.clock(), f"session {visit.session.handle}"
    with transaction(visit.office.database) as tx:
        if not isinstance(requests.begin(tx, line, once, b"form", at=at), requests.New):
            raise FormSentError
        requests.finish(tx, line, once, status=200, body=b"", at=at)


def _led(request: Request, error: SignInError) -> Response:
    """Lead to the page that mends what is missing, and from there to the page that was asked for.

    What a form would have done is not done: a session that ended says so.
    """
    is_form = request.method == _POST
    if isinstance(error, SessionMissingError):
        if is_form:
            raise error
        return led_to(request, "/sign-in", next=next_path(request.url.path))
    if isinstance(error, SecondFactorMissingError):
        return led_to(request, "/sign-in/second-factor")
    path = request.url.path
    record = _RECORD_PAGE.match(path)
    page = record[0] if record is not None else "/".join(path.split("/")[:3]) if is_form else path
    return led_to(request, "/office/confirmation", next=next_path(page))


def _switch(request: Request) -> str:
    """Return the address of the page in the other language: a form's page is asked for anew."""
    return request.url.path if request.method != _POST else "/office"


def _visit(request: Request) -> Visit:
    visit: Visit = request.state.visit
    return visit


def known_device(request: Request, visit: Visit, person_id: str) -> str | None:
    """Return the name of this browser, when the person signed in with it before."""
    value = request.cookies.get(cookie_name(DEVICE_COOKIE, is_secure=visit.is_secure), "")
    name, _, mark = value.partition(".")
    if not _VALUE.fullmatch(name) or not visit.house.sign_in.key.has_marked(f"device {person_id} {name}", mark):
        return None
    return name


def remember_device(visit: Visit, person_id: str) -> None:
    """Let the browser tell next time that the person signed in with it."""
    name = base64.urlsafe_b64encode(visit.office.random(_ONCE_BYTES)).decode().rstrip("=")
    mark = visit.house.sign_in.key.mark(f"device {person_id} {name}")
    visit.set_cookie(DEVICE_COOKIE, f"{name}.{mark}", life=_DEVICE_LIFE)


TheVisit = Annotated[Visit, Depends(_visit)]
