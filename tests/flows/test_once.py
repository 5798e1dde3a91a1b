"""The same request twice: done once, answered twice the same."""

import threading
import uuid

import pytest
from sqlalchemy import select

from api.idempotency import draft_key, kept_name
from registry import drafts
from registry.db import Transaction, reading, transaction
from registry.requests import begin
from registry.tables import REQUEST
from tests.hall import Hall

PATH = "/api/v1/licences"


def kept_of(tx: Transaction) -> tuple[str | bytes, ...]:
    """Return what the registry keeps of the one request that was made."""
    row = tx.execute(select(REQUEST.c.key, REQUEST.c.body_digest, REQUEST.c.body)).one()
    return (row.key, row.body_digest, row.body)


def test_a_request_sent_twice_is_done_once(hall: Hall) -> None:
    body, key = hall.body(hall.town.signboard_draft()), uuid.uuid4().hex

    first = hall.ask("POST", PATH, key="officer", once=key, json=body)
    second = hall.ask("POST", PATH, key="officer", once=key, json=body)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert [each.headers.get("idempotent-replayed") for each in (first, second)] == [None, "true"]
    for name in ("location", "etag", "content-type", "cache-control"):
        assert second.headers[name] == first.headers[name]
    assert len(hall.ask("GET", PATH, key="officer").json()["items"]) == 1
    with reading(hall.office.database) as tx:
        kept = b"".join(str(value).encode() if isinstance(value, str) else value or b"" for value in kept_of(tx))
    assert len(kept) > len(first.content)
    for each in (body["holder_name"], body["holder_code"], first.json()["licence_id"], key):
        assert each.encode() not in kept, "who has a copy of the registry reads neither answer nor key"


def test_the_key_with_another_body_is_refused(hall: Hall) -> None:
    body, key = hall.body(hall.town.signboard_draft()), uuid.uuid4().hex
    hall.ask("POST", PATH, key="officer", once=key, json=body)

    other = hall.ask("POST", PATH, key="officer", once=key, json=body | {"holder_name": "示例二号店"})

    assert (other.status_code, other.json()["code"]) == (422, "idempotency.used")


def test_the_key_of_another_client_is_another_key(hall: Hall) -> None:
    from registry.records import Role
    from tests.town import BUREAU

    hall.gives_key("officer-2", BUREAU, Role.ISSUING_OFFICER)
    body, key = hall.body(hall.town.signboard_draft()), uuid.uuid4().hex

    answers = [hall.ask("POST", PATH, key=each, once=key, json=body) for each in ("officer", "officer-2")]

    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json()["licence_id"] != answers[1].json()["licence_id"]


@pytest.mark.parametrize("key", [None, "short", "ü" * 8, "x" * 129, "with space"])
def test_a_missing_or_malformed_key_is_refused(sqlite_hall: Hall, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key.encode()}

    answer = sqlite_hall.ask("POST", PATH, key="officer", headers=headers, json={})

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.missing")


def test_while_the_first_is_running_the_second_is_told_so(hall: Hall) -> None:
    body, key = hall.body(hall.town.signboard_draft()), uuid.uuid4().hex
    answers = []
    begun, go_on = threading.Event(), threading.Event()

    def pause(step: str) -> None:
        if step == "codes_signed":
            begun.set()
            go_on.wait(30)

    object.__setattr__(hall.office.desk, "after", pause)
    first = threading.Thread(target=lambda: answers.append(hall.ask("POST", PATH, key="officer", once=key, json=body)))
    first.start()
    assert begun.wait(60)

    second = hall.ask("POST", PATH, key="officer", once=key, json=body)
    go_on.set()
    first.join()

    assert (second.status_code, second.json()["code"]) == (409, "idempotency.running")
    assert answers[0].status_code == 201


def test_what_failed_may_be_tried_again_with_the_same_key(hall: Hall) -> None:
    key = uuid.uuid4().hex
    body = hall.body(hall.town.signboard_draft())

    wrong = hall.ask("POST", PATH, key="officer", once=key, json=body | {"holder_code": "91999999MA00000155"})
    right = hall.ask("POST", PATH, key="officer", once=key, json=body)

    assert (wrong.status_code, right.status_code) == (422, 201)


def test_after_a_crash_the_same_request_goes_on_with_the_draft_that_it_saved(hall: Hall) -> None:
    body, key = hall.body(hall.town.signboard_draft()), uuid.uuid4().hex

    def die(step: str) -> None:
        if step == "documents_signed":
            raise MemoryError  # stands for a process that is gone: nothing of ours catches it

    object.__setattr__(hall.office.desk, "after", die)
    broken = hall.ask("POST", PATH, key="officer", once=key, json=body)
    object.__setattr__(hall.office.desk, "after", lambda _step: None)
    again = hall.ask("POST", PATH, key="officer", once=key, json=body)

    assert (broken.status_code, again.status_code) == (500, 201)
    with reading(hall.office.database) as tx:
        of_this = [
            each
            for state in drafts.DraftState
            for each in drafts.list_drafts(tx, hall.town.officer.department, state=state)
        ]
    assert [each.licence_id for each in of_this] == [again.json()["licence_id"]]


def test_a_key_left_running_by_a_dead_process_is_free_after_ten_minutes(hall: Hall) -> None:
    from datetime import timedelta

    body, key = hall.body(hall.town.signboard_draft()), "left-running"
    with transaction(hall.office.database) as tx:
        begin(tx, "officer", kept_name("officer", key), b"another digest", at=hall.town.now)

    refused = hall.ask("POST", PATH, key="officer", once=key, json=body)
    hall.town.clock.moves(timedelta(minutes=11))
    taken = hall.ask("POST", PATH, key="officer", once=key, json=body)

    assert (refused.status_code, taken.status_code) == (422, 201)


def test_the_name_of_a_requests_draft_depends_on_client_key_and_body() -> None:
    names = {
        draft_key("a", "key", b"1"),
        draft_key("b", "key", b"1"),
        draft_key("a", "kez", b"1"),
        draft_key("a", "key", b"2"),
    }

    assert len(names) == 4
    assert all(len(name) <= 120 for name in names)
