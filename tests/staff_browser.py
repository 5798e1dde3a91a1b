"""A member of staff at a browser without JavaScript: keeps cookies, fills in forms as they stand on the page.

    clerk = StaffBrowser(hall)
    clerk.accepts(clerk.invited("clerk"), PASSWORD)
    page = clerk.sends("/office/desk", entry="…")

Promises: a form is sent with what its page holds, hidden fields too, and nothing else; cookies are sent as a browser does.
"""

import base64
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import httpx

from api.pages.doors import form_mark
from api.staff.authenticator import digits_at, step_of
from api.staff.house import open_sign_in
from registry.db import transaction
from registry.people import add_person
from registry.records import Person, Role
from tests.hall import Hall
from tests.town import BUREAU

PASSWORD = "三人行必有我师焉 und ein Pferd"
HTML = {"Accept": "text/html"}


class Forms(HTMLParser):
    """The forms of a page: for each action, the values that stand in it; and all text by element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, Any]]] = []
        self.bold: list[str] = []
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given["action"].partition("?")[0], {}))
        if tag == "input" and self.forms and "name" in given:
            values = self.forms[-1][1]
            if given["type"] != "checkbox":
                values[given["name"]] = given.get("value", "")
            elif "checked" in given:
                values[given["name"]] = [*values.get(given["name"], []), given["value"]]
        if tag in {"select", "textarea"} and self.forms:
            self._open = given.get("name", "")
        if tag == "textarea" and self._open:
            self.forms[-1][1][self._open] = ""
        if tag == "option" and self._open and ("selected" in given or self._open not in self.forms[-1][1]):
            self.forms[-1][1][self._open] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag in {"select", "textarea"}:
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open and self.lasttag == "textarea":
            self.forms[-1][1][self._open] += data


@dataclass(kw_only=True)
class StaffBrowser:
    """One browser at one hall."""

    hall: Hall
    cookies: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    secret: bytes = b""
    page: httpx.Response = field(default_factory=lambda: httpx.Response(200))

    def hires(self, person_id: str, *roles: Role, department: str = BUREAU) -> str:
        """Add a person to the hall and return their invitation."""
        person = Person(person_id=person_id, department=department, name=f"示例{person_id}", roles=frozenset(roles))
        with transaction(self.hall.office.database) as tx:
            add_person(tx, person)
        return self.invites(person_id)

    def invites(self, person_id: str) -> str:
        """Return a new invitation."""
        sign_in = open_sign_in(self.hall.office)
        return sign_in.invite(person_id, made_by="tests", at=self.hall.office.clock())

    def asks(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send one request with the cookies, and keep those that come back."""
        headers = {**HTML, **more.pop("headers", {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.page = self.hall.ask(method, path, headers=headers, **more)
        for each in self.page.headers.get_list("set-cookie"):
            (morsel,) = SimpleCookie(each).values()
            if morsel["max-age"] == "0":
                self.cookies.pop(morsel.key, None)
            else:
                self.cookies[morsel.key] = morsel.value
        return self.page

    def opens(self, path: str) -> httpx.Response:
        """Open a page and follow where it leads."""
        page = self.asks("GET", path if "?" in path else f"{path}?lang={self.language}")
        return self.follows(page)

    def follows(self, page: httpx.Response) -> httpx.Response:
        """Follow redirections within the hall."""
        for _ in range(5):
            if page.status_code != 303:
                return page
            parts = urlsplit(page.headers["location"])
            page = self.asks("GET", f"{parts.path}?{parts.query}")
        raise AssertionError("led in circles")

    def form(self, action: str) -> dict[str, Any]:
        """Return the values of the form with this action on the page that is open."""
        return next(values for found, values in Forms(self.page.text).forms if found == action)

    def sends(self, action: str, *, on: str | None = None, **values: Any) -> httpx.Response:
        """Fill in the form with this action, on the page `on` or the one that is open, and follow."""
        if on is not None:
            self.opens(on)
        filled = {**self.form(action), **values}
        return self.follows(self.asks("POST", f"{action}?lang={self.language}", data=filled))

    def accepts(self, invitation: str, password: str = PASSWORD) -> httpx.Response:
        """Choose a password by an invitation."""
        values = {"code": invitation, "password": password, "repeated": password}
        return self.sends("/invitation", on="/invitation", **values)

    def signs_in(self, account: str, password: str = PASSWORD) -> httpx.Response:
        """Sign in, up to the second factor if there is one."""
        return self.sends("/sign-in", on="/sign-in", account=account, password=password)

    def enrols(self) -> tuple[str, ...]:
        """Set up an authenticator on the page that is open, and return the recovery codes."""
        typed = re.search(r'<b class="mono">([A-Z2-7 ]+)</b>', self.page.text)
        assert typed is not None, self.page.text
        self.secret = base64.b32decode(typed[1].replace(" ", ""))
        page = self.sends("/sign-in/authenticator", digits=self.digits())
        return tuple(re.findall(r"<li>([A-Z2-7-]{19})</li>", page.text))

    def digits(self) -> str:
        """Return what the authenticator shows now; a new one each time, for a code is taken once."""
        self.hall.town.clock.moves(timedelta(seconds=30))
        return digits_at(self.secret, step_of(self.hall.office.clock()))

    def fresh_form(self) -> dict[str, str]:
        """Return the hidden fields of a form that this browser was not sent, but could have been."""
        once = secrets.token_urlsafe(16)
        return {"once": once, "mark": form_mark(self.cookies.get("__Host-yinzheng", ""), once)}

    def arrives(self, person_id: str, *roles: Role, department: str = BUREAU) -> "StaffBrowser":
        """Hire somebody and go through all of the way in."""
        self.accepts(self.hires(person_id, *roles, department=department))
        if "/sign-in/authenticator" in self.page.text:
            self.enrols()
        self.opens("/office")
        assert person_id in self.page.text, self.page.text
        return self
