"""Webhooks: what was recalled is told to a real server of another office, signed, tried again, and given up."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.webhooks import WebhookAddressError, check_address, send_due
from registry import webhooks
from registry.db import reading, transaction
from registry.errors import ConflictError
from registry.receipt_errors import UnknownWebhookError
from registry.records import Role
from registry.webhooks import PAUSES, DeliveryRecord, WebhookTarget
from tests.hall import Hall
from tests.town import BUREAU, SCHOOLS

pytestmark = pytest.mark.server
RELIANCE = {"purpose": "supervision", "legal_basis": "《食品安全法》第一百一十条"}


@dataclass
class Receiver:
    """Another office's system: keeps what comes, and answers with a status, perhaps late."""

    url: str
    status: int = 204
    location: str = ""
    received: list[tuple[dict[str, str], str]] = field(default_factory=list)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept: list[Receiver] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            kept[0].received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(kept[0].status)
            if kept[0].location:
                self.send_header("location", kept[0].location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.append(Receiver(f"http://127.0.0.1:{server.server_address[1]}/recalls"))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield kept[0]
        server.shutdown()
        thread.join()


def listed(hall: Hall, url: str, office: str = BUREAU, target_id: str = "t1") -> str:
    target = WebhookTarget(target_id=target_id, office=office, url=url, is_active=True, added_at=hall.town.now)
    with transaction(hall.office.database) as tx:
        webhooks.add_target(tx, target)
    return target_id


def recalled(hall: Hall, *, key: str = "counter") -> str:
    """Let an office rely on a licence that is then revoked; return the receipt's id."""
    issued = hall.issues()
    asked = {"id": issued["licence_id"], "reliance": RELIANCE}
    answer = hall.ask("POST", "/api/v1/verifications", key=key, json=asked)
    assert hall.acts(issued["licence_id"], "revoke").status_code == 201
    receipt_id: str = answer.json()["receipt"]["receipt_id"]
    return receipt_id


def state_of(hall: Hall, target_id: str = "t1") -> DeliveryRecord:
    with reading(hall.office.database) as tx:
        (found,) = webhooks.list_deliveries(tx, target_id)
    return found


def check_signature(hall: Hall, headers: dict[str, str], body: str) -> None:
    """Check a message as Standard Webhooks tells receivers to."""
    (key,) = hall.ask("GET", "/api/v1/webhooks/keys").json()["keys"]
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
    scheme, _, signature = headers["webhook-signature"].partition(",")
    assert scheme == "v1a"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}"
    public.verify(base64.b64decode(signature), signed.encode())


def test_an_office_is_told_of_a_recall_by_a_signed_message(hall: Hall, receiver: Receiver) -> None:
    listed(hall, receiver.url)
    receipt_id = recalled(hall)

    assert send_due(hall.office) == 1
    assert send_due(hall.office) == 0

    ((headers, body),) = receiver.received
    check_signature(hall, headers, body)
    with pytest.raises(InvalidSignature):
        check_signature(hall, headers, body.replace("revoked", "expired"))
    (message,) = receiver.messages
    assert message["type"] == "receipt.recalled"
    assert message["data"]["verdict"] == "revoked"
    (named,) = message["data"]["receipts"]
    (row,) = hall.ask("GET", "/api/v1/recalls", key="counter").json()["items"]
    assert (named["receipt_id"], named["number"]) == (receipt_id, row["number"])
    assert int(headers["webhook-timestamp"]) == int(hall.town.now.timestamp())
    assert headers["content-type"] == "application/json"
    assert (state_of(hall).state, state_of(hall).last_status) == ("delivered", 204)


def test_a_message_tells_nothing_of_a_person(hall: Hall, receiver: Receiver) -> None:
    listed(hall, receiver.url)
    recalled(hall)
    send_due(hall.office)

    (message,) = receiver.messages
    assert message["data"].keys() == {"licence_id", "verdict", "effective_on", "receipts"}


def test_another_offices_address_hears_of_its_own_receipts_alone(hall: Hall, receiver: Receiver) -> None:
    hall.gives_key("school-counter", SCHOOLS, Role.COUNTER)
    listed(hall, receiver.url)
    listed(hall, f"{receiver.url}/schools", SCHOOLS, "t2")
    mine, theirs = recalled(hall), recalled(hall, key="school-counter")

    assert send_due(hall.office) == 2

    named = {each["data"]["receipts"][0]["receipt_id"] for each in receiver.messages}
    assert named == {mine, theirs}
    assert len(receiver.messages) == 2


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_was_not_taken_is_tried_again_for_three_days_and_then_given_up(
    sqlite_hall: Hall, receiver: Receiver, status: int
) -> None:
    listed(sqlite_hall, receiver.url)
    recalled(sqlite_hall)
    receiver.status, receiver.location = status, f"{receiver.url}/elsewhere"

    for attempt, pause in enumerate(PAUSES, start=1):
        assert send_due(sqlite_hall.office) == 0
        assert len(receiver.received) == attempt
        sqlite_hall.town.clock.moves(pause - timedelta(seconds=1))
        assert send_due(sqlite_hall.office) == 0
        assert len(receiver.received) == attempt
        sqlite_hall.town.clock.moves(timedelta(seconds=1))
    send_due(sqlite_hall.office)
    sqlite_hall.town.clock.moves(timedelta(days=10))
    send_due(sqlite_hall.office)

    assert len(receiver.received) == len(PAUSES) + 1 >= 8
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    assert sum(PAUSES, timedelta()) > timedelta(days=2, hours=12)
    assert (state_of(sqlite_hall).state, state_of(sqlite_hall).last_status) == ("failed", status)
    receiver.status = 200
    with transaction(sqlite_hall.office.database) as tx:
        webhooks.send_again(tx, state_of(sqlite_hall).message_id, at=sqlite_hall.town.now)
    assert send_due(sqlite_hall.office) == 1


def test_a_receiver_that_is_gone_closes_its_address(hall: Hall, receiver: Receiver) -> None:
    listed(hall, receiver.url)
    recalled(hall)
    receiver.status = 410

    assert send_due(hall.office) == 0
    recalled(hall)

    with reading(hall.office.database) as tx:
        (target,) = webhooks.list_targets(tx, BUREAU)
    assert not target.is_active
    assert state_of(hall).state == "failed"


def test_a_receiver_that_nobody_reaches_is_tried_again(hall: Hall) -> None:
    listed(hall, "http://127.0.0.1:1/nobody")
    recalled(hall)

    assert send_due(hall.office) == 0

    assert (state_of(hall).state, state_of(hall).attempts, state_of(hall).last_status) == ("waiting", 1, None)


def test_a_sender_that_dies_loses_its_messages_to_the_next_one(hall: Hall, receiver: Receiver) -> None:
    listed(hall, receiver.url)
    recalled(hall)
    with transaction(hall.office.database) as tx:
        (taken,) = webhooks.take_due(tx, at=hall.town.now)
    assert taken.url == receiver.url

    assert send_due(hall.office) == 0
    hall.town.clock.moves(webhooks.LEASE)

    assert send_due(hall.office) == 1


def test_many_receipts_of_one_licence_are_named_in_parts(sqlite_hall: Hall, receiver: Receiver) -> None:
    listed(sqlite_hall, receiver.url)
    issued = sqlite_hall.issues()
    body = {"reliance": RELIANCE, "items": [{"id": issued["licence_id"]}] * 250}
    assert sqlite_hall.ask("POST", "/api/v1/verifications/batch", key="counter", json=body).is_success
    sqlite_hall.acts(issued["licence_id"], "cancel")

    assert send_due(sqlite_hall.office) == 3

    counts = sorted(len(each["data"]["receipts"]) for each in receiver.messages)
    assert counts == [50, 100, 100]
    numbers, cursor = [], None
    while True:
        params = {"limit": 200} | ({} if cursor is None else {"cursor": cursor})
        page = sqlite_hall.ask("GET", "/api/v1/recalls", key="counter", params=params).json()
        if not page["items"]:
            break
        numbers += [each["number"] for each in page["items"]]
        cursor = page["next"]
    assert len(numbers) == 250
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    "url",
    [
        "http://licences.test.example/hook",
        "ftp://127.0.0.1/x",
        "https://",
        "https://user@office.example/",
        "https://office.example/#x",
        "https://office.example/a b",
        "https://office.example:port/",
        "https://办.example/",
        "https://office.example/" + "x" * 500,
        "",
    ],
)
def test_an_address_of_another_form_is_not_listed(url: str) -> None:
    with pytest.raises(WebhookAddressError):
        check_address(url)


def test_an_address_is_listed_once_and_closed_once_for_all(hall: Hall) -> None:
    url = check_address("https://office.example:8443/hook?x=1")
    listed(hall, url)

    with pytest.raises(ConflictError):
        listed(hall, url, target_id="t2")
    for act in (webhooks.close_target, lambda tx, name: webhooks.send_again(tx, name, at=hall.town.now)):
        with pytest.raises(UnknownWebhookError), transaction(hall.office.database) as tx:
            act(tx, "none")
