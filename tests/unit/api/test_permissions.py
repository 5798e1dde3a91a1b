"""The whole table: every operation, every way of not being the right caller."""

import base64
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import Engine, event

from api.app import create_app
from api.cursors import write_cursor
from api.guard import GuardedRoute
from api.identity import credential
from api.pages.doors import StaffRoute
from api.permissions import PERMISSIONS, RECORDS, Audience, Scope
from api.v1.answers import router
from registry.client_keys import TOKEN_LIFETIME, give_token
from registry.db import transaction
from registry.people import close_client
from registry.records import Role
from tests.hall import Hall, own_hall, sheet_of
from tests.official_office import OfficialOffice
from tests.town import BUREAU, MARKET, SCHOOLS, FoundedTown

# Pages for people, which are public; they answer with pages and stand in no table.
PAGES = {"_home", "_check_entry", "_check_file", "_save_signed", "_show", "_picture", "_static"}
PAGES |= {"show_counter", "show_manifest", "_module", "_vendor", "_worker", "_report", "_report_form", "_encryption"}
# Pages of holders: their own session lets them in, never a role (tests/flows/test_holder.py).
PAGES |= {"_cards", "_enter", "_leave", "_licence", "_code"}
# Nobody may have all: who manages seals neither uses nor audits them.
ROLES = tuple(each for each in Role if each is not Role.SYSTEM)


def routes_of(hall: Hall, *, public: bool = False) -> dict[str, tuple[str, str]]:
    """Return method and path of each operation by its name."""
    app = create_app(hall.office, public=public)
    found = {}
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            (method,) = context.methods or ()
            found[context.name] = (method, context.path)
    return found


def closed_rows(hall: Hall) -> dict[str, tuple[str, str]]:
    """Return the operations for systems that want a key; pages for staff are tried in `test_page_permissions.py`."""
    rows = {name: where for name, where in routes_of(hall).items() if name not in PAGES}
    return {
        name: where
        for name, where in rows.items()
        if PERMISSIONS[name].audience is Audience.SYSTEMS and not PERMISSIONS[name].is_public
    }


def asked(hall: Hall, where: tuple[str, str], records: dict[str, str], key: str | None) -> tuple[int, str]:
    """Ask an operation with everything right but what is to be tested; return status and code."""
    method, path = where
    for parameter, value in records.items():
        path = path.replace("{" + parameter + "}", value)
    answer = hall.ask(method, path, key=key, once=uuid.uuid4().hex, seen='"1"', json={} if method != "GET" else None)
    return answer.status_code, answer.json().get("code", "") if "json" in answer.headers["content-type"] else ""


def relied(hall: Hall) -> str:
    """Let the bureau rely on a licence that there is not, and return the receipt's id."""
    body = {"id": "0" * 16, "reliance": {"purpose": "supervision", "legal_basis": "示例依据"}}
    answer = hall.ask("POST", "/api/v1/verifications", key="counter", json=body)
    receipt_id: str = answer.json()["receipt"]["receipt_id"]
    return receipt_id


@pytest.fixture(scope="module")
def hall(founded_on_sqlite: FoundedTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """One hall for the whole table: who is refused changes nothing."""
    with own_hall(founded_on_sqlite, tmp_path_factory.mktemp("table")) as opened:
        yield opened


@pytest.fixture(scope="module")
def records(hall: Hall) -> dict[str, str]:
    """One record of the bureau of each kind."""
    return records_of(hall)


def records_of(hall: Hall) -> dict[str, str]:
    """Make one record of the bureau of each kind, and return their ids by the names in addresses."""
    draft = hall.ask("POST", "/api/v1/drafts", key="officer", json=hall.body(hall.town.food_draft()))
    town = hall.town
    sheet = {"file": ("sheet.csv", sheet_of(town, [town.signboard_draft()]), "text/csv")}
    batch = hall.ask("POST", "/api/v1/batches", key="officer", files=sheet)
    return {
        "licence_id": hall.issues()["licence_id"],
        "draft_id": draft.json()["draft_id"],
        "batch_id": batch.json()["batch"]["batch_id"],
        "seal_code": town.seal_of(BUREAU),
        "grant_id": f"{town.seal_of(BUREAU)}-0001",
        "document_id": OfficialOffice(town).prepares().document_id,
        "receipt_id": relied(hall),
    }


def test_every_route_has_a_row_and_every_row_a_route(hall: Hall) -> None:
    names = set(routes_of(hall))

    assert set(PERMISSIONS) == names - PAGES
    assert names >= PAGES


def test_every_operation_stands_behind_the_guard(hall: Hall) -> None:
    app = create_app(hall.office)

    unguarded = {
        context.name
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        and not isinstance(context.original_route, (GuardedRoute, StaffRoute))
    }

    assert unguarded == PAGES


def test_an_operation_without_a_row_cannot_be_added() -> None:
    with pytest.raises(KeyError):
        router("new").get("/new")(lambda: None)


def test_no_row_lets_the_system_role_in_and_each_closed_row_names_a_role() -> None:
    for name, permission in PERMISSIONS.items():
        assert Role.SYSTEM not in permission.roles, name
        assert permission.is_public or permission.roles, name


def test_a_row_about_a_record_stands_on_an_address_that_names_one(hall: Hall) -> None:
    for name, (_, path) in routes_of(hall).items():
        names_record = any("{" + each + "}" in path for each in RECORDS)
        if name not in PAGES and not PERMISSIONS[name].is_public:
            assert names_record is (PERMISSIONS[name].scope is Scope.RECORD), name


def test_without_a_key_only_the_public_rows_answer(hall: Hall, records: dict[str, str]) -> None:
    for name, where in closed_rows(hall).items():
        assert asked(hall, where, records, None) == (401, "caller.unknown"), name


def test_with_every_role_but_the_right_ones_no_closed_row_answers(hall: Hall, records: dict[str, str]) -> None:
    for role in ROLES:
        hall.gives_key(f"only-{role}", BUREAU, role)
    for name, where in closed_rows(hall).items():
        for role in ROLES:
            if role not in PERMISSIONS[name].roles:
                assert asked(hall, where, records, f"only-{role}") == (403, "operator.role"), (name, role)


@contextmanager
def noting_queries() -> Iterator[list[str]]:
    """Note every statement that goes to any database."""
    noted: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        noted.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def seen_of(hall: Hall, where: tuple[str, str], ids: dict[str, str], key: str) -> tuple[object, ...]:
    """Ask for a record, and return all that tells one answer from another, and what it took to make it."""
    method, path = where
    body = {} if method != "GET" else None
    with noting_queries() as queries:
        answer = hall.ask(method, path.format(**ids, page=1), key=key, once=uuid.uuid4().hex, seen='"1"', json=body)
    said = {name: value for name, value in answer.json().items() if name not in {"instance", "trace_id"}}
    headers = {name: value for name, value in answer.headers.items() if name != "trace-id"}
    return answer.status_code, said, headers, tuple(queries)


def test_a_record_of_another_department_and_none_at_all_are_the_same_answer_by_the_same_work(
    hall: Hall, records: dict[str, str]
) -> None:
    nowhere = {kind: "".join("0" if each.isalnum() else each for each in value) for kind, value in records.items()}
    for role in ROLES:
        hall.gives_key(f"other-{role}", SCHOOLS, role)
    kinds = set()

    for name, where in closed_rows(hall).items():
        if PERMISSIONS[name].scope is Scope.RECORD:
            kinds |= {kind for kind in records if f"{{{kind}}}" in where[1]}
            for role in PERMISSIONS[name].roles:
                theirs, none = (seen_of(hall, where, ids, f"other-{role}") for ids in (records, nowhere))
                assert theirs == none, (name, role)
                assert theirs[0] == 404, name
    assert kinds == set(records)


def test_a_made_up_cursor_does_not_tell_whether_another_department_has_a_draft(
    hall: Hall, records: dict[str, str]
) -> None:
    hall.gives_key("market-officer", MARKET, Role.ISSUING_OFFICER)
    hall.town.clock.moves(timedelta(seconds=1))  # theirs is older than what the key's own department has
    saved = hall.ask("POST", "/api/v1/drafts", key="market-officer", json=hall.body(hall.town.food_draft()))
    theirs, none = (
        hall.ask("GET", "/api/v1/drafts", key="market-officer", params={"cursor": write_cursor("drafts", place)}).json()
        for place in (records["draft_id"], "0" * 32)
    )

    assert saved.status_code == 201
    assert theirs == none
    assert theirs["items"] == []


@pytest.mark.usefixtures("records")
def test_lists_show_another_departments_key_nothing(hall: Hall) -> None:
    for path in ("/api/v1/licences", "/api/v1/drafts", "/api/v1/batches", "/api/v1/documents"):
        assert hall.ask("GET", path, key="officer").json()["items"] != [], path
        assert hall.ask("GET", path, key="school-officer").json()["items"] == [], path


def test_a_closed_key_is_as_good_as_none(hall: Hall, records: dict[str, str]) -> None:
    hall.gives_key("closed", BUREAU, Role.ISSUING_OFFICER, Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR)
    with transaction(hall.office.database) as tx:
        close_client(tx, "closed")

    for name, where in closed_rows(hall).items():
        assert asked(hall, where, records, "closed") == (401, "caller.unknown"), name
        hall.app.state.limits.wrong_keys._levels.clear()  # so many wrong keys would have to wait


def bearers_of_nothing(hall: Hall) -> dict[str, str]:
    """Return credentials that held once, or hold elsewhere: for the whole table they are none."""
    with transaction(hall.office.database) as tx:
        expired, borrowed = (
            give_token(tx, "officer", at=at, random=secrets.token_bytes)
            for at in (hall.town.now - TOKEN_LIFETIME, hall.town.now)
        )
    elsewhere = ".".join(
        base64.urlsafe_b64encode(each).decode().rstrip("=")
        for each in (b'{"alg":"ES256"}', b'{"aud":"https://elsewhere.example/api/v1/token","sub":"officer"}', bytes(64))
    )
    return {
        "expired": credential("officer", expired),
        "another client's": credential("reviewer", borrowed),
        "for another audience": f"Bearer {elsewhere}",
    }


def test_what_expired_or_was_given_to_another_or_for_another_audience_opens_nothing(
    hall: Hall, records: dict[str, str]
) -> None:
    for name, header in bearers_of_nothing(hall).items():
        hall.credentials[name] = header
        for operation, where in closed_rows(hall).items():
            assert asked(hall, where, records, name) == (401, "caller.unknown"), (name, operation)
            hall.app.state.limits.wrong_keys._levels.clear()  # so many wrong keys would have to wait


def test_no_list_names_a_record_of_another_department(hall: Hall, records: dict[str, str]) -> None:
    for role in ROLES:
        hall.gives_key(f"list-{role}", SCHOOLS, role)

    for name, (method, path) in closed_rows(hall).items():
        if method == "GET" and PERMISSIONS[name].scope is Scope.OWN:
            for role in PERMISSIONS[name].roles:
                answer = hall.ask(method, path, key=f"list-{role}")
                assert not any(f'"{each}"' in answer.text for each in records.values()), (name, role)


def test_a_record_that_is_not_there_is_told_only_to_who_may_ask(hall: Hall) -> None:
    path = "/api/v1/licences/0000000000000000"

    assert hall.ask("GET", path, key="officer").status_code == 404
    assert hall.ask("GET", path, key="auditor").status_code == 403


def test_the_public_application_has_the_public_rows_and_no_others(hall: Hall) -> None:
    names = set(routes_of(hall, public=True)) - PAGES

    public = {name for name, row in PERMISSIONS.items() if row.is_public and row.audience is Audience.SYSTEMS}
    assert names == public


def test_nobody_approves_alone_what_they_wrote_over_the_draft_of_another(hall: Hall) -> None:
    hall.gives_key("both", BUREAU, Role.ISSUING_OFFICER, Role.REVIEWER)
    body = hall.body(hall.town.food_draft())
    draft = hall.ask("POST", "/api/v1/drafts", key="officer", json=body).json()
    path = f"/api/v1/drafts/{draft['draft_id']}"
    hall.ask("PUT", path, key="both", seen='"1"', json=body | {"holder_name": "另一家店"})
    hall.ask("POST", f"{path}/submit", key="both", seen='"2"')

    own = hall.ask("POST", f"{path}/approve", key="both", seen='"3"')
    other = hall.ask("POST", f"{path}/approve", key="reviewer", seen='"3"')

    assert (own.status_code, own.json()["code"]) == (403, "draft.own_review")
    assert other.status_code == 200
