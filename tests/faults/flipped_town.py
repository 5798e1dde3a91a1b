"""A small town to flip bytes in: witnessed, published, with a month behind it, and with every kind of row and file.

What is flipped is one byte as it is stored: of a value in a column, of a page of the database's file, of a file.
"""

import secrets
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select

from keys.custody import DEPLOYMENT, KeyName
from keys.revocation import Reason
from keys.timestamps import OwnTimestampService
from registry import long_term
from registry.db import transaction
from registry.events import Act, record_event
from registry.lifecycle import LicenceEvent
from registry.receipts import delete_due
from registry.tables import LICENCE
from signer.audit import AuditReport, AuditScope, audit
from signer.change import Change, change
from signer.founding import open_custody
from signer.key_acts import cut_off_key, request_certificate, revoke_certificate, rotate_key
from signer.log_entries import licence_intent
from signer.log_files import FolderStore
from signer.log_turn import turn_log
from signer.monthly_reports import make_due_reports
from signer.packs import refresh_pack
from signer.public_lists import newest_trust_list, revocation_lists
from signer.publish import publish
from signer.recover import recover
from signer.seal_founding import GROUNDS
from signer.seal_granting import withdraw_seal_grant
from signer.seal_histories import refresh_seal_histories
from signer.seal_statuses import refresh_seal_lists
from signer.statuses import refresh_status_lists
from signer.trust_lists import renew_trust_list
from signer.witness_calls import Reply
from signer.witnessing import Witnessing
from tests import databases
from tests.official_office import OfficialOffice, plain_ofd
from tests.receipt_desk import drafted, makes
from tests.town import BUREAU, FOOD, MARKET, ORIGIN, PASSPHRASE, PERSONS, SCHOOLS, SETTINGS, FoundedTown, Town
from tests.witness_room import WITNESSES, NearWitnesses, TestWitness, policy_text
from verify.algorithms import Algorithm
from verify.examine import examine
from verify.key_purpose import KeyPurpose
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.scope import AuditScope as PublishedScope
from verify.trust import TrustList
from verify.witness_policy import WitnessPolicy
from verify.witness_request import WitnessRequest

REVOKE = Change(event=LicenceEvent.REVOKE, reason="不再符合条件", legal_basis="《食品安全法》第一百二十四条")
SUSPEND = Change(
    event=LicenceEvent.SUSPEND,
    reason="整改",
    legal_basis="《食品安全法》",
    reference="示〔2026〕3号",
    until=date(2027, 6, 1),
)
NEXT_NAME = f"{ORIGIN}-2027"


@dataclass(frozen=True)
class FlippedTown:
    """The town as it was left, and the two audits of it: of its own database, and of what is published."""

    town: Town
    url: str
    published: Path
    trust: TrustList
    crls: tuple[bytes, ...]
    root: bytes

    @property
    def file(self) -> Path:
        """The file of the database, on SQLite."""
        return Path(self.url.removeprefix("sqlite:///"))

    def audits(self, *, documents: bool = True) -> AuditReport:
        """Audit the database, with documents and published copies or without."""
        desk = self.town.desk
        scope = AuditScope(
            database=self.town.database,
            verifier=desk.log.verifier,
            trust=self.trust,
            crls=self.crls,
            vault=desk.vault if documents else None,
            published=FolderStore(self.published) if documents else None,
            judge=lambda content: examine(content, self.town.evidence(), at=self.town.now),
        )
        return audit(scope, at=self.town.now)

    def on(self, url: str) -> "FlippedTown":
        """Return the town on another copy of its database."""
        return replace(self, town=replace(self.town, database=databases.opened_database(url)), url=url)

    def get(self, path: str) -> bytes | None:
        """Return a published file, for the auditor's checker."""
        file = self.published / path
        return file.read_bytes() if file.is_file() else None

    def checks(self) -> AuditResult:
        """Check what is published, as an auditor does who pinned the root and has the trust list."""
        scope = PublishedScope(
            verifiers=self.trust.verifiers, roots=(self.root,), at=self.town.now, policy=self.trust.policy
        )
        return LogAudit(scope, self).run(progress=lambda _done, _all: None, save=lambda _state: None)


@contextmanager
def opened(founded: FoundedTown, kind: str, server: str, folder: Path) -> Iterator[FlippedTown]:
    """Open a copy of a founded town on one kind of database, and let it live through its story."""
    if kind == "sqlite":
        shutil.copy(founded.folder / founded.template, folder / "registry.sqlite")
        url = f"sqlite:///{folder}/registry.sqlite"
    else:
        name = f"test_{uuid.uuid4().hex}"
        databases.copy_database(server, founded.template, name)
        url = databases.postgresql_url(server, name)
    shutil.copytree(founded.folder / "keys", folder / "keys")
    database = databases.opened_database(url)
    try:
        yield _lived(Town.open(database, folder), url, folder / "published")
    finally:
        database.close()


def _lived(town: Town, url: str, published: Path) -> FlippedTown:
    """1. Licences and acts. 2. Official documents, receipts. 3. A crash. 4. Keys. 5. A month ends. 6. Witnesses."""
    town.clock.moves(timedelta(hours=1))
    _licences(town)  # (1)
    office = OfficialOffice(town)  # (2)
    office.seals(office.approves(office.prepares(grant_id=office.grants(needs_second=True).grant_id)))
    office.seals(office.prepares(plain_ofd()))
    spare = office.grants(person="officer-9", uses_max=3)
    grounds = replace(GROUNDS, reference="示〔2026〕9号")
    withdraw_seal_grant(town.desk, spare.grant_id, grounds, operator=town.custodian_of(BUREAU), at=town.now)
    _crashes(town)  # (3)
    town.clock.moves(timedelta(days=1))
    _keys(town)  # (4)
    town.clock.moves(timedelta(days=7))  # (5)
    recover(town.desk, at=town.now)
    make_due_reports(town.key_desk, at=town.now)
    _takes_the_next_name(town)
    trust = renew_trust_list(town.key_desk, at=town.now)
    for _ in range(2):
        town.clock.moves(timedelta(minutes=10))
        for refresh in (refresh_status_lists, refresh_seal_lists, refresh_seal_histories, refresh_pack):
            refresh(town.desk, at=town.now)  # type: ignore[operator]  # functions of one shape
    _witnessed(town, trust)  # (6)
    publish(town.database, town.desk.log.verifier, FolderStore(published))
    _waits(town)
    return FlippedTown(
        town=town,
        url=url,
        published=published,
        trust=newest_trust_list(town.database),
        crls=revocation_lists(town.database),
        root=town.desk.custody.public_key(town.desk.key(KeyPurpose.TRUST_LIST, DEPLOYMENT)).spki,
    )


def _licences(town: Town) -> None:
    """A revoked one on which somebody had relied, a suspended one, a renewed one, a person's with papers due."""
    revoked = town.issues(town.food_draft()).record
    day = timedelta(days=1)
    old = drafted(town, delete_after=town.now + day)
    makes(town, drafted(town, revoked.licence_id, stamped=True), drafted(town, revoked.licence_id, case_number=""), old)
    town.clock.moves(day)
    with transaction(town.database) as tx:
        assert delete_due(tx, at=town.now) == 1
    change(town.desk, revoked.licence_id, REVOKE, operator=town.officer, at=town.now)
    suspended = town.issues(town.signboard_draft()).record
    change(town.desk, suspended.licence_id, SUSPEND, operator=town.officer, at=town.now)
    renewed = town.issues(town.food_draft()).record
    town.issues(town.food_draft(replaces=renewed.licence_id, change_kind="renewal"))
    person = town.issues(town.teacher_draft(papers_due=town.now.date() + timedelta(days=60))).record
    filed = town.desk.vault.get(person.document_digest)
    with transaction(town.database) as tx:
        long_term.add(tx, person.licence_id, town.desk.vault.put(filed + b"evidence"), at=town.now)


def _crashes(town: Town) -> None:
    """An attempt that was announced and never finished; recovery gives it up a week later."""
    key = town.desk.custody.public_key(town.desk.key(KeyPurpose.CODE, BUREAU))
    begun = licence_intent(
        KeyPurpose.CODE, key, b"never signed", data_set_digest=bytes(32), licence_id="0123456789ABCDEF"
    )
    town.desk.log.append((begun,))


def _keys(town: Town) -> None:
    """A certificate revoked, a key stolen and cut off, a key rotated, a request to an outside authority."""
    desk, at = town.key_desk, town.now
    revoke_certificate(desk, KeyName(KeyPurpose.DOCUMENT, SCHOOLS), reason=Reason.SUPERSEDED, persons=PERSONS, at=at)
    cut_off_key(desk, KeyName(KeyPurpose.CODE, SCHOOLS), persons=PERSONS, at=at)
    rotate_key(desk, KeyPurpose.CODE, MARKET, algorithm=Algorithm.ES256, persons=PERSONS, at=at)
    request_certificate(desk, KeyName(KeyPurpose.DOCUMENT, MARKET), town.offices[MARKET], at=at)


def _takes_the_next_name(town: Town) -> None:
    """The log goes on under another name, and has witnesses from now on."""
    following = turn_log(town.desk.log, NEXT_NAME)
    custody = open_custody(town.folder / "keys", PASSPHRASE, NEXT_NAME)
    log = replace(following, custody=custody)
    stamps = OwnTimestampService(
        custody=custody, key=KeyName(KeyPurpose.TIMESTAMP, DEPLOYMENT), clock=town.clock, random=secrets.token_bytes
    )
    settings = replace(SETTINGS, witnesses=WitnessPolicy.parse(policy_text(log.verifier)))
    town.desk = replace(town.desk, log=log, custody=custody, timestamps=stamps, settings=settings)
    town.key_desk = replace(town.key_desk, log=log, custody=custody, settings=settings)


def _witnessed(town: Town, trust: TrustList) -> None:
    """Two of three witnesses cosign the head."""

    def signs(witness: TestWitness) -> Callable[[str, bytes], Reply]:
        return lambda _path, body: Reply(
            status=200,
            content_type="text/plain",
            body=witness.line(WitnessRequest.decode(body).note, town.now).encode(),
        )

    near = NearWitnesses({f"http://{each.name}": signs(each) for each in WITNESSES[:2]})
    witnesses = tuple(replace(each, address=f"http://{each.name}") for each in trust.policy.witnesses[:2])
    asked = replace(trust.policy, witnesses=(*witnesses, *trust.policy.witnesses[2:]))
    answers = Witnessing(
        database=town.database, verifier=town.desk.log.verifier, policy=asked, client=near, clock=town.clock
    ).collect()
    assert sum(each.error is None for each in answers) == 4, "two lines under the closed name and two under this one"


def _waits(town: Town) -> None:
    """An act whose entry still waits for the log, as after a crash between the two commits."""
    with transaction(town.database) as tx:
        in_force = select(LICENCE.c.licence_id).where(LICENCE.c.state == "in_force", LICENCE.c.type_code == FOOD)
        licence_id = tx.execute(in_force).scalars().one()
        act = Act(
            event=LicenceEvent.CANCEL,
            effective_on=town.now.date(),
            reason="持证人申请",
            legal_basis="《行政许可法》第七十条",
            reference="",
            operator_role="issuing_officer",
        )
        record_event(tx, licence_id, act, at=town.now, random=secrets.token_bytes)
