"""The interface against its own description: schemathesis asks every operation with every role, and judges the answers.

The examples of the description are sent too, and are what an office answers today. Everything is drawn the same way each
time; where an address names a record it is one that is there, so that more is reached than "no such record".
"""

import asyncio
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings

from api.openapi import EXAMPLES
from api.permissions import PERMISSIONS, Audience, Permission
from registry.records import Role
from tests.hall import Hall
from tests.interface_examples import made, shape
from tests.test_openapi import described
from tests.town import BUREAU, SCHOOLS
from tests.unit.api.test_permissions import ROLES, records_of

if TYPE_CHECKING:
    import schemathesis
    from schemathesis.schemas import APIOperation

NOBODY: Final = "nobody"
ANOTHER_OFFICE: Final = "another-office"
CALLERS: Final = (*(f"only-{role}" for role in ROLES), NOBODY)
# So many drawn requests for each operation, each sent by another of the callers who may.
DRAWN: Final = 3
SEEN: Final = '"1"'
ADDRESS: Final = "http://hall.test"
DRAWING: Final = settings(
    max_examples=DRAWN,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@cache
def _checks() -> list[Any]:
    """Return what an answer is judged by; the judge is loaded by the worker that asks it."""
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    return [
        status_code_conformance,
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
    ]


@dataclass(kw_only=True)
class Sender:
    """Sends cases into the hall, all by one loop; `reached` counts each operation's statuses."""

    hall: Hall
    records: dict[str, str]
    loop: asyncio.Runner
    client: httpx.AsyncClient
    reached: dict[str, Counter[int]] = field(default_factory=dict)

    def sends(self, case: "schemathesis.Case", who: str) -> httpx.Response:
        """Send what was drawn, about a record that is there, with the key of a caller; no key is used twice."""
        parameters = case.path_parameters or {}
        case.path_parameters = {name: self.records.get(name, value) for name, value in parameters.items()}
        headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        headers |= {"Idempotency-Key": uuid.uuid4().hex} if "Idempotency-Key" in headers else {}
        headers |= {} if who == NOBODY else {"Authorization": self.hall.credentials[who]}
        case.headers = headers
        drawn = requests.Request(**case.as_transport_kwargs(base_url=ADDRESS)).prepare()
        request = self.client.build_request(
            drawn.method or "", drawn.url or "", headers=dict(drawn.headers), content=drawn.body or b""
        )
        answer = self.loop.run(self.client.send(request))
        answer.elapsed = timedelta(0)
        assert answer.status_code < 500, (case.operation.label, who, answer.text)
        self.reached.setdefault(name_of(case.operation), Counter())[answer.status_code] += 1
        return answer

    def judges(self, case: "schemathesis.Case", who: str) -> None:
        """Send a case and judge its answer by the description."""
        case.validate_response(self.sends(case, who), checks=_checks())

    def is_refused(self, case: "schemathesis.Case", who: str) -> None:
        """Send a case as somebody who may not."""
        answer = self.sends(case, who)
        assert answer.status_code in {401, 403}, (case.operation.label, who)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.fixture
def sender(sqlite_hall: Hall) -> Iterator[Sender]:
    for role in ROLES:
        sqlite_hall.gives_key(f"only-{role}", BUREAU, role)
    sqlite_hall.gives_key(ANOTHER_OFFICE, SCHOOLS, Role.ISSUING_OFFICER, Role.REVIEWER, Role.AUDITOR)
    transport = httpx.ASGITransport(sqlite_hall.app, client=("192.0.2.1", 50000))
    with asyncio.Runner() as loop:
        client = httpx.AsyncClient(transport=transport, base_url=ADDRESS)
        yield Sender(hall=sqlite_hall, records=records_of(sqlite_hall), loop=loop, client=client)
        loop.run(client.aclose())


def name_of(operation: "APIOperation") -> str:
    return str(operation.definition.raw["operationId"])


def may(row: Permission, who: str) -> bool:
    """Say whether a caller gets beyond the guard."""
    return row.is_public or who in {f"only-{role}" for role in row.roles}


def cases_of(operation: "APIOperation") -> "list[schemathesis.Case]":
    """Return what is drawn for an operation; every second one names the version that the record has."""
    cases: list[schemathesis.Case] = []

    @DRAWING
    @given(operation.as_strategy())
    def draw(case: Any) -> None:
        if len(cases) % 2 and "If-Match" in (case.headers or {}):
            case.headers["If-Match"] = SEEN
        cases.append(case)

    draw()
    return cases


def examples_of(operation: "APIOperation") -> "list[schemathesis.Case]":
    """Return the requests that the description shows for an operation."""
    (content,) = operation.definition.raw.get("requestBody", {"content": {"": {}}})["content"].items()
    media_type, shown = content
    headers = {"Idempotency-Key": "", "If-Match": SEEN}
    parameters = dict.fromkeys(re.findall(r"{(\w+)}", operation.path), "")
    return [
        operation.Case(
            body=each["value"], media_type=media_type, headers=dict(headers), path_parameters=dict(parameters)
        )
        for each in shown.get("examples", {}).values()
    ]


def try_operation(operation: "APIOperation", sender: Sender) -> None:
    """Send what is drawn for an operation as those who may, in turn; and the last of it as each who may not."""
    row = PERMISSIONS[name_of(operation)]
    welcome = [who for who in CALLERS if may(row, who)]
    cases = cases_of(operation)
    for number in range(max(len(cases), len(welcome) if row.roles else 1)):
        sender.judges(cases[number % len(cases)], welcome[number % len(welcome)])
    for case in examples_of(operation):
        sender.judges(case, welcome[0])
    for who in CALLERS:
        if who not in welcome:
            sender.is_refused(cases[-1], who)
    sender.judges(cases[-1], ANOTHER_OFFICE)


def test_every_operation_answers_every_role_as_it_is_described(sender: Sender) -> None:
    import schemathesis

    found = [each.ok() for each in schemathesis.openapi.from_dict(deepcopy(described())).get_all_operations()]
    for operation in found:
        try_operation(operation, sender)

    assert set(sender.reached) == {name for name, row in PERMISSIONS.items() if row.audience is Audience.SYSTEMS}
    # Most operations are not only refused: a judge that never got beyond the door would prove nothing.
    good = {name for name, statuses in sender.reached.items() if any(status < 300 for status in statuses)}
    assert len(good) > len(found) // 2, sorted(set(sender.reached) - good)


def test_the_examples_are_what_an_office_answers(sqlite_hall: Hall) -> None:
    assert shape(made(sqlite_hall)) == shape(json.loads(EXAMPLES.read_text(encoding="utf-8")))
