"""A town: one deployment in full, small and quick, on a real database with real keys, log, press and vault.

    town = Town.found(database, folder)      # the sample catalogue, keys and seals of all who issue, a trust list
    licence = town.issues(town.food_draft())  # written by the officer, approved by the reviewer, issued
    report = examine(licence.document, town.evidence(), at=town.now)

Promises:
  * Nothing is imitated: what a town does is what an office does, but for a clock that stands
    still until it is told to move.
  * A town may be opened again on its database and folder, also by another process: `Town.open`.
  * Random bytes are the machine's own: two processes never draw the same.

Take the fixture `town` (both databases, one after the other), `sqlite_town` or `postgresql_town` by
``from tests.town import …`` in a folder's conftest, with the fixtures of ``tests/databases.py``. A founded town is copied
for each test, which takes some 50 ms.
"""

import secrets
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pytest
from PIL import Image

from keys.ceremony import Persons
from keys.custody import DEPLOYMENT, KeyName
from keys.timestamps import OwnTimestampService
from registry import catalogue, departments, drafts, people, seal_grants, seal_uses, seals
from registry.db import Database, open_database, reading, transaction
from registry.records import (
    Department,
    DraftRecord,
    FieldDefinition,
    FieldKind,
    LicenceDraft,
    LicenceType,
    Person,
    Role,
)
from registry.seal_records import SealGrant, SealUse
from registry.vault import FolderVault
from signer.desk import Desk, DeskSettings, Operator
from signer.founding import CHECKPOINT, Foundation, found, open_custody
from signer.issue import IssuedLicence, issue_chunk, issue_saved
from signer.key_acts import KeyDesk
from signer.log import SigningLog
from signer.page.press import Press
from signer.precheck import last_day
from signer.public_lists import newest_trust_list, revocation_lists
from signer.reservation import RefusedDraft
from signer.seal_founding import SealPeople, found_seals
from signer.statuses import refresh_status_lists
from tests import databases
from tests.key_room import PASSPHRASE
from tests.log_house import StandingClock
from verify.evidence import Evidence
from verify.key_purpose import KeyPurpose
from verify.licence import ISSUER_ZONE, HolderKind

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

HOST = "licences.test.example"
ORIGIN = f"{HOST}/log"
SETTINGS = DeskSettings(
    host=HOST,
    status_prefix=f"https://{HOST}/status/",
    crl_url=f"http://{HOST}/authority.crl",
    national_crl_url=f"http://{HOST}/national.crl",
    test=True,
)
PERSONS = Persons(first="administrator-1", second="administrator-2")

BUREAU = "119999990000000511"
MARKET = "1199999900000006XQ"
SCHOOLS = "11999999000000078Q"
ISSUERS = (BUREAU, MARKET, SCHOOLS)

BUSINESS = "11999999000000019M001"
FOOD = "11999999000000019M002"
SIGNBOARD = "11999999000000019M007"
TEACHER = "11999999000000019M009"

HOLDER = "91999999MA00000154"
CITIZEN = "990100199003070035"


@lru_cache(maxsize=1)
def press() -> Press:
    """Return the press of all towns of this process; opening its fonts takes longer than founding a town."""
    return Press.open()


@lru_cache(maxsize=1)
def photo() -> bytes:
    """Return a portrait that shows nobody: a JPEG of the size that offices ask for."""
    output = BytesIO()
    Image.linear_gradient("L").resize((295, 413)).convert("RGB").save(output, "JPEG")
    return output.getvalue()


@dataclass(kw_only=True)
class Town:
    """One deployment with its people; `clock` is what everybody here reads."""

    database: Database
    folder: Path
    clock: StandingClock
    desk: Desk
    key_desk: KeyDesk
    offices: dict[str, Department]
    types: dict[str, LicenceType]
    steps: list[str] = field(default_factory=list)

    @classmethod
    def found(cls, database: Database, folder: Path) -> "Town":
        """Found a town on a migrated, empty database and an empty folder, and open it."""
        with transaction(database) as tx:
            catalogue.load_sample(tx)
            for person in _people():
                people.add_person(tx, person)
        clock = StandingClock(NOW)
        found(
            Foundation(
                database=database,
                folder=folder / "keys",
                passphrase=PASSPHRASE,
                origin=ORIGIN,
                settings=SETTINGS,
                operator=BUREAU,
                persons=PERSONS,
                clock=clock,
                random=secrets.token_bytes,
            ),
            at=clock(),
        )
        town = cls.open(database, folder)
        found_seals(town.desk, town.key_desk, _seal_people, at=town.now)
        return town

    @classmethod
    def open(
        cls, database: Database, folder: Path, *, after: Callable[[str], None] | None = None, now: datetime = NOW
    ) -> "Town":
        """Open a founded town as one more process would; `after` is told each step of issuing that is done."""
        clock, steps = StandingClock(now), list[str]()
        custody = open_custody(folder / "keys", PASSPHRASE, ORIGIN)
        worker = f"town-{uuid.uuid4().hex}"
        log = SigningLog(database=database, custody=custody, origin=ORIGIN, key=CHECKPOINT, clock=clock, worker=worker)
        stamps = OwnTimestampService(
            custody=custody, key=KeyName(KeyPurpose.TIMESTAMP, DEPLOYMENT), clock=clock, random=secrets.token_bytes
        )
        desk = Desk(
            database=database,
            vault=FolderVault(folder / "vault"),
            custody=custody,
            log=log,
            timestamps=stamps,
            press=press(),
            settings=SETTINGS,
            trust=lambda: newest_trust_list(database),
            revocation=lambda: revocation_lists(database),
            random=secrets.token_bytes,
            clock=clock,
            after=after or steps.append,
        )
        with reading(database) as tx:
            offices = {each.uscc: each for each in departments.all_departments(tx)}
            types = {each.code: each for each in catalogue.all_types(tx)}
        key_desk = KeyDesk(database=database, custody=custody, log=log, settings=SETTINGS, random=secrets.token_bytes)
        return cls(
            database=database,
            folder=folder,
            clock=clock,
            desk=desk,
            key_desk=key_desk,
            offices=offices,
            types=types,
            steps=steps,
        )

    @property
    def now(self) -> datetime:
        """The moment."""
        return self.clock.now

    @property
    def bureau(self) -> Department:
        """The approval bureau, which issues most types."""
        return self.offices[BUREAU]

    @property
    def officer(self) -> Operator:
        """The bureau's issuing officer."""
        return self.officer_of(BUREAU)

    @property
    def reviewer(self) -> Operator:
        """The bureau's reviewer."""
        return Operator(person_id=f"reviewer-{BUREAU}", department=BUREAU, role=Role.REVIEWER)

    def officer_of(self, issuer: str) -> Operator:
        """Return the issuing officer of a department."""
        return Operator(person_id=f"officer-{issuer}", department=issuer, role=Role.ISSUING_OFFICER)

    def custodian_of(self, owner: str) -> Operator:
        """Return the custodian of a department's seals."""
        return Operator(person_id=f"custodian-{owner}", department=owner, role=Role.SEAL_CUSTODIAN)

    def approver_of(self, owner: str) -> Operator:
        """Return who approves what the custodian of a department's seals applies for."""
        return Operator(person_id=f"approver-{owner}", department=owner, role=Role.SEAL_APPROVER)

    def seal_of(self, owner: str) -> str:
        """Return the code of a department's first seal."""
        with reading(self.database) as tx:
            return seals.seals_of(tx, owner)[0].code

    def grant_of(self, owner: str) -> SealGrant:
        """Return the grant under which a department's staff use its first seal, as it stands now."""
        with reading(self.database) as tx:
            return seal_grants.grants_of(tx, self.seal_of(owner))[0]

    def uses_of(self, owner: str) -> tuple[SealUse, ...]:
        """Return all uses of a department's first seal, given up ones too, oldest first."""
        with reading(self.database) as tx:
            return seal_uses.uses_of_seal(tx, self.seal_of(owner), before=self.now + timedelta(days=1), limit=1_000)[
                ::-1
            ]

    def has_only(self, type_code: str, *bodies: Literal["pdf", "ofd"]) -> None:
        """Bring a version of a licence type into force that has these bodies alone."""
        version = self.types[type_code].version + 1
        self.types[type_code] = replace(self.types[type_code], bodies=bodies, version=version)
        with transaction(self.database) as tx:
            catalogue.add_type(tx, self.types[type_code])

    def draft(self, type_code: str, **changes: Any) -> LicenceDraft:
        """Return a complete draft of any type, made from its definition; `changes` make it another one."""
        licence_type = self.types[type_code]
        of_person = licence_type.holder_kind == "person"
        starts = self.now.astimezone(ISSUER_ZONE).date()
        draft = LicenceDraft(
            type_code=type_code,
            issuer=licence_type.item_codes[0][:18],
            holder_name="欧阳䶮" if of_person else "示例市老城餐饮有限公司",
            holder_kind=HolderKind.PERSON if of_person else HolderKind.ORGANISATION,
            holder_code=CITIZEN if of_person else HOLDER,
            holder_code_type="111" if of_person else "001",
            fields={each.short_name: _text(each) for each in licence_type.fields if each.kind is not FieldKind.PHOTO},
            valid_from=starts,
            valid_until=_last_day(licence_type, starts),
            item_code=licence_type.item_codes[0],
            photo=photo() if any(each.kind is FieldKind.PHOTO for each in licence_type.fields) else None,
        )
        return replace(draft, **changes)

    def food_draft(self, **changes: Any) -> LicenceDraft:
        """Return a draft of a food business licence of the approval bureau; it needs a reviewer."""
        item = next(code for code in self.types[FOOD].item_codes if code.startswith(BUREAU))
        return self.draft(FOOD, **{"issuer": BUREAU, "item_code": item, **changes})

    def signboard_draft(self, **changes: Any) -> LicenceDraft:
        """Return a draft of a signboard permit of the approval bureau; it needs no reviewer."""
        return self.draft(SIGNBOARD, **changes)

    def teacher_draft(self, **changes: Any) -> LicenceDraft:
        """Return a draft of a teacher's certificate: a person, a photo, a booklet."""
        return self.draft(TEACHER, **changes)

    def saves(self, drafted: Sequence[LicenceDraft]) -> tuple[DraftRecord, ...]:
        """Let the officers save and submit drafts, and the reviewers approve those whose type demands it."""
        records = []
        with transaction(self.database) as tx:
            for each in drafted:
                author = f"officer-{each.issuer}"
                record = drafts.add_draft(tx, each, created_by=author, at=self.now, random=secrets.token_bytes)
                record = drafts.submit_draft(tx, record.draft_id, version=record.version)
                if self.types[each.type_code].reviewers:
                    record = drafts.approve_draft(
                        tx, record.draft_id, reviewer=f"reviewer-{each.issuer}", version=record.version
                    )
                records.append(record)
        return tuple(records)

    def drafts(self, count: int, **changes: Any) -> tuple[DraftRecord, ...]:
        """Return so many saved and approved drafts of food licences, each of another holder's name."""
        return self.saves([self.food_draft(holder_name=f"示例餐饮{each}号店", **changes) for each in range(count)])

    def issues(self, draft: LicenceDraft) -> IssuedLicence:
        """Go the whole way with one draft; raises the reason when it is refused."""
        (record,) = self.saves([draft])
        return issue_saved(self.desk, record, operator=self.officer_of(draft.issuer), at=self.now)

    def issues_all(self, records: Sequence[DraftRecord]) -> tuple[IssuedLicence | RefusedDraft, ...]:
        """Issue saved drafts of the bureau as one chunk."""
        return issue_chunk(self.desk, records, operator=self.officer, at=self.now)

    def publishes(self) -> None:
        """Sign the status lists anew where something changed."""
        refresh_status_lists(self.desk, at=self.now)

    def evidence(self, **more: Any) -> Evidence:
        """Return what a stranger has: trust list and revocation lists; `more` adds status lists or a registry's answer."""
        return replace(self.desk.evidence(at=self.now), **more)


_ROLES = {
    "officer": Role.ISSUING_OFFICER,
    "reviewer": Role.REVIEWER,
    "custodian": Role.SEAL_CUSTODIAN,
    "approver": Role.SEAL_APPROVER,
}


def _seal_people(office: Department) -> SealPeople:
    return SealPeople(custodian=f"custodian-{office.uscc}", approver=f"approver-{office.uscc}")


def _people() -> Iterator[Person]:
    for issuer in ISSUERS:
        for name, role in _ROLES.items():
            yield Person(person_id=f"{name}-{issuer}", department=issuer, name="示例", roles=frozenset({role}))
    for person_id in (PERSONS.first, PERSONS.second):
        yield Person(person_id=person_id, department=BUREAU, name="示例", roles=frozenset({Role.ADMINISTRATOR}))


_TEXTS = {
    FieldKind.TEXT: "示例路1号",
    FieldKind.LONG_TEXT: "示例内容；另有说明。",
    FieldKind.LIST: "热食类食品制售\n冷食类食品制售",
    FieldKind.DATE: "2020-05-01",
    FieldKind.INTEGER: "3",
    FieldKind.DECIMAL: "12.5",
    FieldKind.USCC: HOLDER,
    FieldKind.CITIZEN_NUMBER: CITIZEN,
    FieldKind.PHONE: "12315",
}


def _text(definition: FieldDefinition) -> str:
    if definition.kind is FieldKind.CHOICE:
        return definition.choices[0]
    return _TEXTS[definition.kind][: definition.max_length]


def _last_day(licence_type: LicenceType, starts: date) -> date | None:
    years = {"years": licence_type.validity.years, "custom": 3}.get(licence_type.validity.kind)
    return None if years is None else last_day(starts, years)


@dataclass(frozen=True, slots=True)
class FoundedTown:
    """A town as it was founded, which each test gets a copy of: its folder, and the name of its database's template."""

    folder: Path
    template: str


@pytest.fixture(scope="session")
def founded_on_sqlite(sqlite_template: bytes, tmp_path_factory: pytest.TempPathFactory) -> FoundedTown:
    """A town on SQLite, founded once for the session."""
    folder = tmp_path_factory.mktemp("town")
    path = folder / "registry.sqlite"
    path.write_bytes(sqlite_template)
    database = open_database(f"sqlite:///{path}")
    Town.found(database, folder)
    database.close()
    return FoundedTown(folder, path.name)


@pytest.fixture(scope="session")
def founded_on_postgresql(postgresql_server: str, tmp_path_factory: pytest.TempPathFactory) -> FoundedTown:
    """A town on PostgreSQL, founded once for the session, as a template to copy."""
    folder = tmp_path_factory.mktemp("town")
    name = f"town_{uuid.uuid4().hex}"
    databases.copy_database(postgresql_server, databases.TEMPLATE, name)
    database = open_database(databases.postgresql_url(postgresql_server, name))
    Town.found(database, folder)
    database.close()
    return FoundedTown(folder, name)


@pytest.fixture
def sqlite_town(founded_on_sqlite: FoundedTown, tmp_path: Path) -> Iterator[Town]:
    """A fresh town on SQLite."""
    path = tmp_path / "registry.sqlite"
    shutil.copy(founded_on_sqlite.folder / founded_on_sqlite.template, path)
    yield from _opened(f"sqlite:///{path}", founded_on_sqlite, tmp_path)


@pytest.fixture
def postgresql_town(founded_on_postgresql: FoundedTown, postgresql_server: str, tmp_path: Path) -> Iterator[Town]:
    """A fresh town on PostgreSQL."""
    name = f"test_{uuid.uuid4().hex}"
    databases.copy_database(postgresql_server, founded_on_postgresql.template, name)
    yield from _opened(databases.postgresql_url(postgresql_server, name), founded_on_postgresql, tmp_path)
    databases.administer(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=databases.KINDS)
def town(request: pytest.FixtureRequest) -> Town:
    """A fresh town on each kind of database."""
    founded: Town = request.getfixturevalue(f"{request.param}_town")
    return founded


def _opened(url: str, founded: FoundedTown, folder: Path) -> Iterator[Town]:
    shutil.copytree(founded.folder / "keys", folder / "keys")
    database = databases.opened_database(url)
    yield Town.open(database, folder)
    database.close()
