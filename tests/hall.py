"""The service hall: a town reached over HTTP, through the real application in this process.

    answer = hall.ask("POST", "/api/v1/licences", key="officer", once="…", json=hall.body(draft))

Promises:
  * Nothing is imitated: `api.wiring.build` opens the town's own database and key files; only the clock is the town's.
  * Each named key is an API client of the registry, with the secret that the registry gave it.

Take the fixture `hall` (both databases) or `sqlite_hall` by ``from tests.hall import …``.
"""

import asyncio
import secrets
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.identity import credential
from api.limits import Limits
from api.settings import Settings
from api.wiring import Office, build
from registry.db import transaction
from registry.people import add_client
from registry.records import ApiClient, LicenceDraft, Role
from signer.sheets import write_sheet
from tests import databases
from tests.town import BUREAU, HOST, PASSPHRASE, SCHOOLS, FoundedTown, Town, press

KEYS = {
    "officer": (BUREAU, Role.ISSUING_OFFICER),
    "reviewer": (BUREAU, Role.REVIEWER),
    "counter": (BUREAU, Role.COUNTER),
    "auditor": (BUREAU, Role.AUDITOR),
    "administrator": (BUREAU, Role.ADMINISTRATOR),
    "custodian": (BUREAU, Role.SEAL_CUSTODIAN),
    "approver": (BUREAU, Role.SEAL_APPROVER),
    "school-officer": (SCHOOLS, Role.ISSUING_OFFICER),
    "school-reviewer": (SCHOOLS, Role.REVIEWER),
}
_Made = TypeVar("_Made")
NO_LIMITS = {"anonymous_per_second": 0, "client_per_second": 0}


def settings_of(town: Town, **changes: Any) -> Settings:
    """Return the settings of an office on the town's folder and database."""
    url = town.database.engine.url.render_as_string(hide_password=False)
    known = {"data": town.folder, "database_url": url, "public_address": f"https://{HOST}", "test": True}
    return Settings(**(known | changes))


def prepare_folder(town: Town) -> None:
    """Put beside the town's keys what `init` leaves in a data folder."""
    (town.folder / "vault").mkdir(exist_ok=True)
    (town.folder / "documents").symlink_to(town.folder / "vault")
    passphrase = town.folder / "passphrase"
    passphrase.write_bytes(PASSPHRASE)
    passphrase.chmod(0o600)


def ask(app: FastAPI, method: str, path: str, **more: Any) -> httpx.Response:
    """Send one request to an application in this process."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=more.pop("address", ("192.0.2.1", 50000)))
        async with httpx.AsyncClient(transport=transport, base_url="http://hall.test") as client:
            return await client.request(method, path, **more)

    return beside(lambda: asyncio.run(send()))


def beside(make: Callable[[], _Made]) -> _Made:
    """Do what needs a loop of its own, in a thread of its own where this one has a loop: that of a browser it drives."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return make()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(make).result()


@dataclass(kw_only=True)
class Hall:
    """The town's office behind its application; `lines` is what the process wrote into its log."""

    town: Town
    office: Office
    app: FastAPI
    lines: StringIO
    credentials: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, town: Town, *, limits: Limits | None = None, **changes: Any) -> "Hall":
        """Open the hall of a town."""
        prepare_folder(town)
        lines = StringIO()
        office = build(settings_of(town, **changes), clock=town.clock)
        office.log_lines = lines
        office._press = press()  # opened once for all halls of this process
        app = create_app(office, limits=limits or Limits.of(**NO_LIMITS))
        hall = cls(town=town, office=office, app=app, lines=lines)
        for name, (department, role) in KEYS.items():
            hall.gives_key(name, department, role)
        return hall

    def gives_key(self, name: str, department: str, *roles: Role) -> str:
        """Make an API client and return its Authorization header."""
        client = ApiClient(key_id=name, department=department, roles=frozenset(roles), environment="sandbox", name=name)
        with transaction(self.office.database) as tx:
            secret = add_client(tx, client, random=secrets.token_bytes)
        self.credentials[name] = credential(name, secret)
        return self.credentials[name]

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request: `key` names the client, `once` the Idempotency-Key, `seen` the ETag for If-Match."""
        headers = dict(more.pop("headers", {}))
        for name, header in (("key", "Authorization"), ("once", "Idempotency-Key"), ("seen", "If-Match")):
            value = more.pop(name, None)
            if value is not None:
                headers[header] = self.credentials[value] if name == "key" else value
        return ask(self.app, method, path, headers=headers, **more)

    def issues(self, draft: LicenceDraft | None = None, **changes: Any) -> dict[str, Any]:
        """Issue a licence of a type that needs no reviewer, over HTTP."""
        body = self.body(draft or self.town.signboard_draft(**changes))
        answer = self.ask("POST", "/api/v1/licences", key="officer", once=uuid.uuid4().hex, json=body)
        assert answer.status_code == 201, answer.text
        issued: dict[str, Any] = answer.json()
        return issued

    def acts(self, licence_id: str, event: str, *, seen: str = '"1"', **more: Any) -> httpx.Response:
        """Do an act on a licence, over HTTP."""
        body = {"event": event, "reason": "示例理由", "legal_basis": "行政许可法第六十九条", **more}
        path = f"/api/v1/licences/{licence_id}/events"
        return self.ask("POST", path, key="officer", once=uuid.uuid4().hex, seen=seen, json=body)

    @staticmethod
    def body(draft: LicenceDraft, **changes: Any) -> dict[str, Any]:
        """Return a draft as a request writes it."""
        body = {
            "type_code": draft.type_code,
            "holder_name": draft.holder_name,
            "holder_kind": draft.holder_kind.value,
            "holder_code": draft.holder_code,
            "holder_code_type": draft.holder_code_type,
            "fields": dict(draft.fields),
            "valid_from": draft.valid_from.isoformat(),
            "valid_until": None if draft.valid_until is None else draft.valid_until.isoformat(),
            "item_code": draft.item_code,
        }
        return body | changes


def sheet_of(town: Town, drafted: Sequence[LicenceDraft]) -> bytes:
    """Return the CSV file that an office would send for these drafts."""
    names = sorted({name for draft in drafted for name in draft.fields})
    headings = ["证照类型", "持证主体", "证件号码", "有效期自", "有效期至", "事项编码", *names]
    rows = [
        [
            town.types[draft.type_code].name,
            draft.holder_name,
            draft.holder_code,
            draft.valid_from.isoformat(),
            "" if draft.valid_until is None else draft.valid_until.isoformat(),
            draft.item_code,
            *(draft.fields.get(name, "") for name in names),
        ]
        for draft in drafted
    ]
    return write_sheet(headings, rows)


@pytest.fixture
def hall(town: Town) -> Iterator[Hall]:
    """The hall of a fresh town on each kind of database."""
    yield from _opened(town)


@pytest.fixture
def sqlite_hall(sqlite_town: Town) -> Iterator[Hall]:
    """The hall of a fresh town on SQLite."""
    yield from _opened(sqlite_town)


@contextmanager
def own_hall(founded: FoundedTown, folder: Path) -> Iterator[Hall]:
    """Open the hall of a town on SQLite for as long as a file's tests share it, in a folder of theirs."""
    shutil.copy(founded.folder / founded.template, folder / "registry.sqlite")
    shutil.copytree(founded.folder / "keys", folder / "keys")
    database = databases.opened_database(f"sqlite:///{folder / 'registry.sqlite'}")
    yield from _opened(Town.open(database, folder))
    database.close()


def _opened(town: Town) -> Iterator[Hall]:
    opened = Hall.open(town)
    yield opened
    opened.office.close()
