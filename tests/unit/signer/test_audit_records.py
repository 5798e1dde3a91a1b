"""What auditors get of an honest town leads from every leaf to its row; an insider's forgery shows in it."""

import base64
import json
import secrets
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from registry.db import open_database, reading, transaction
from registry.events import Act, record_event
from registry.lifecycle import LicenceEvent
from registry.records import Role
from registry.tables import LOG_RECORD
from signer.audit_records import write_records
from signer.desk import Operator
from signer.errors import RoleError
from signer.log_entries import licence_intent
from signer.log_files import FolderStore
from signer.monthly_reports import make_due_reports
from signer.publish import publish
from signer.recover import recover
from signer.statuses import refresh_status_lists
from tests import databases
from tests.official_office import OfficialOffice
from tests.town import BUREAU, FoundedTown, Town
from verify import cbor
from verify.key_purpose import KeyPurpose
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.findings import Weight
from verify.log_audit.records import RECORDS_TYPE, RecordsManifest, Rows, encode_row, read_manifest_line
from verify.log_audit.scope import AuditScope
from verify.note import verifier_key_text
from verify.signed_statement import open_statement
from verify.trust import open_trust_list
from verify.witness_policy import WitnessPolicy

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
AUDITOR = Operator(person_id="auditor-7", department=BUREAU, role=Role.AUDITOR)
# Nobody witnesses the log of this town.
EXPECTED = {"checker.witness_none"}


@dataclass(frozen=True)
class Story:
    """A town with a month behind it, what is published of it, and the lines that an auditor got."""

    town: Town
    folder: Path
    root: bytes
    lines: tuple[bytes, ...]
    manifest: RecordsManifest

    def get(self, path: str) -> bytes | None:
        file = self.folder / path
        return file.read_bytes() if file.is_file() else None

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines[:-1]]

    def audited(self, rows: list[dict[str, Any]] | None = None, **changes: Any) -> AuditResult:
        verifier = self.town.desk.log.verifier
        scope = AuditScope(
            verifiers=(verifier,), roots=(self.root,), at=self.town.now, manifest=replace(self.manifest, **changes),
            trust=open_trust_list(self.get("trust-list.cbor") or b"", self.root, at=LONG_AGO),
            policy=WitnessPolicy.parse(f"log {verifier_key_text(verifier.name, verifier.public)}\nquorum none\n"),
        )  # fmt: skip
        lines = iter(map(encode_row, self.rows if rows is None else rows))
        return LogAudit(scope, self, lambda _place: Rows(lines)).run(
            progress=lambda _done, _all: None, save=lambda _state: None
        )

    def found(self, rows: list[dict[str, Any]], **changes: Any) -> dict[str, dict[str, str]]:
        result = self.audited(rows, **changes)
        return {each.code: dict(each.params) for each in result.findings.found if each.code not in EXPECTED}


def written(town: Town) -> tuple[tuple[bytes, ...], RecordsManifest]:
    lines: list[bytes] = []
    manifest = write_records(
        town.key_desk, lines.append, auditor=AUDITOR, at=town.now, progress=lambda _done, _all: None
    )
    return tuple(lines), manifest


@pytest.fixture(scope="module", params=databases.KINDS)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    founded: FoundedTown = request.getfixturevalue(f"founded_on_{request.param}")
    folder = tmp_path_factory.mktemp("story")
    if request.param == "sqlite":
        (folder / "registry.sqlite").write_bytes((founded.folder / founded.template).read_bytes())
        url = f"sqlite:///{folder}/registry.sqlite"
    else:
        server, name = request.getfixturevalue("postgresql_server"), f"test_{uuid.uuid4().hex}"
        databases.copy_database(server, founded.template, name)
        url = databases.postgresql_url(server, name)
    (folder / "keys").symlink_to(founded.folder / "keys")
    database = open_database(url)
    try:
        yield _lived(Town.open(database, folder), folder / "published")
    finally:
        database.close()


def _lived(town: Town, published: Path) -> Story:
    """Two licences, one suspended, an official document, an attempt that was given up; then a month ends."""
    first = town.issues(town.food_draft())
    town.issues(town.signboard_draft())
    suspend = Act(
        event=LicenceEvent.SUSPEND, effective_on=date(2026, 11, 24), reason=" ", legal_basis="", reference="",
        operator_role="issuing_officer",
    )  # fmt: skip
    with transaction(town.database) as tx:  # the office's own way would refuse an act without a reason
        record_event(tx, first.record.licence_id, suspend, at=town.now, random=secrets.token_bytes)
    office = OfficialOffice(town)
    office.seals(office.prepares())
    key = town.desk.custody.public_key(town.desk.key(KeyPurpose.CODE, BUREAU))
    begun = licence_intent(
        KeyPurpose.CODE, key, b"never signed", data_set_digest=bytes(32), licence_id="0123456789ABCDEF"
    )
    town.desk.log.append((begun,))
    town.clock.moves(timedelta(days=8))
    recover(town.desk, at=town.now)
    refresh_status_lists(town.desk, at=town.now)
    assert make_due_reports(town.key_desk, at=town.now) == ("2026-11",)
    lines, manifest = written(town)
    publish(town.database, town.desk.log.verifier, FolderStore(published))
    root = town.desk.custody.public_key(town.desk.key(KeyPurpose.TRUST_LIST, "deployment")).spki
    return Story(town, published, root, lines, manifest)


def test_an_honest_month_holds_from_every_leaf_to_its_row(story: Story) -> None:
    result = story.audited()

    assert {each.code for each in result.findings.found} == EXPECTED
    assert result.compared == ("records", "report/2026-11")
    assert result.rows_compared == story.manifest.size
    seen = result.judge.tally.seen
    assert {what: seen[what] for what in story.manifest.totals} == story.manifest.totals
    assert (seen["licences"], seen["officials"], seen["seal_uses"]) == (2, 1, 3)
    lists = result.findings.list_counts
    assert (lists["no_reason"], lists["abandoned"]) == (1, 1)
    assert "same_person" not in lists


def test_records_name_no_holder_and_hide_persons(story: Story) -> None:
    content = b"".join(story.lines)
    told = b"".join(base64.b64decode(row["record"]) for row in story.rows if row.get("what") == "seal_event")

    for secret in ("示例市老城餐饮有限公司", "officer-", "reviewer-", AUDITOR.person_id):
        assert secret.encode() not in content
    assert b"custodian-" not in told
    authors = {row["licence"]["application"]["author"] for row in story.rows if "licence" in row}
    assert len(authors) == 1  # one officer wrote all of them, whoever that is


def test_the_manifest_is_signed_by_the_root_and_names_every_byte(story: Story) -> None:
    statement = open_statement(read_manifest_line(story.lines[-1]), RECORDS_TYPE, (story.root,))

    assert RecordsManifest.decode(statement.payload) == story.manifest
    assert story.manifest.digest == sha256(b"".join(story.lines[:-1])).digest()


def test_giving_records_out_is_an_act_of_the_log_and_only_auditors_get_them(story: Story) -> None:
    kinds = story.audited().judge.tally.totals()
    with reading(story.town.database) as tx:
        records = [cbor.decode(each, bytes_max=10_000) for each in tx.execute(select(LOG_RECORD.c.record)).scalars()
                   if each[:1] in {b"\xa3", b"\xa6"}]  # fmt: skip
    acts = [each for each in records if isinstance(each, dict) and each.get(1) == "records_export"]
    private = [each for each in records if isinstance(each, dict) and each.get(1) == AUDITOR.person_id]

    assert kinds[6] == 1
    assert [act[3] for act in acts] == [sha256(cbor.encode(each)).digest() for each in private]
    assert acts[0][5] == story.manifest.digest
    officer = replace(AUDITOR, role=Role.ISSUING_OFFICER)
    with pytest.raises(RoleError):
        write_records(
            story.town.key_desk, lambda _line: None, auditor=officer, at=story.town.now, progress=lambda _a, _b: None
        )


Rowed = list[dict[str, Any]]


def first(rows: Rowed, what: str, **values: Any) -> dict[str, Any]:
    return next(row for row in rows if row["what"] == what and values.items() <= row.items())


def licence_row(rows: Rowed) -> dict[str, Any]:
    return next(row for row in rows if "licence" in row)


def remove(what: str, **values: Any) -> Callable[[Rowed], int]:
    def broken(rows: Rowed) -> int:
        row = first(rows, what, **values)
        rows.remove(row)
        return int(row["leaf"])

    return broken


def replaced(pick: Callable[[Rowed], dict[str, Any]], *path: str, by: Any) -> Callable[[Rowed], int]:
    def broken(rows: Rowed) -> int:
        row = inner = pick(rows)
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = by
        return int(row["leaf"])

    return broken


OTHER = base64.b64encode(cbor.encode({0: bytes(16), 2: "revoke"})).decode()
BROKEN: dict[str, tuple[Callable[[Rowed], int], str]] = {
    "an intent that no row knows": (remove("intent", state="filed"), "checker.row_missing"),
    "a licence without an application": (
        replaced(licence_row, "licence", "application", by=None), "checker.application_missing"),
    "an application that was never filed": (
        replaced(licence_row, "licence", "application", "state", by="draft"), "checker.application_missing"),
    "an application written afterwards": (
        replaced(licence_row, "licence", "application", "at", by=1 << 32), "checker.application_late"),
    "another data set": (replaced(licence_row, "licence", "data_set", by="00" * 32), "checker.row_differs"),
    "another code": (replaced(licence_row, "licence", "signed", by="00" * 32), "checker.row_differs"),
    "a row of no licence": (replaced(licence_row, "licence", by=None), "checker.row_missing"),
    "an act that no row knows": (remove("event"), "checker.row_missing"),
    "an act with another record": (replaced(lambda rows: first(rows, "event"), "record", by=OTHER), "checker.record_other"),
    "an act on a seal with another record": (
        replaced(lambda rows: first(rows, "seal_event"), "record", by=OTHER), "checker.record_other"),
    "a key whose record is gone": (remove("record"), "checker.record_missing"),
    "a list of uses with one left out": (
        replaced(lambda rows: first(rows, "seal_uses"), "uses", by=[]), "checker.row_differs"),
    "an intent given up without the log": (
        replaced(licence_row, "state", by="abandoned"), "checker.abandoned_unlogged"),
    "a row of another kind": (replaced(licence_row, "what", by="event"), "checker.row_differs"),
    "a state that there is not": (replaced(licence_row, "state", by="x"), "checker.row_differs"),
}  # fmt: skip


def test_each_row_that_was_tampered_with_is_named_by_its_leaf(story: Story) -> None:
    missed = {}
    for name, (breaks, code) in BROKEN.items():
        rows = story.rows
        index = breaks(rows)
        found = story.found(rows)
        if found.get(code, {}).get("index") != str(index):
            missed[name] = found

    assert missed == {}


def test_rows_that_no_leaf_leads_to_and_acts_that_wait_too_long_are_found(story: Story) -> None:
    more = {**story.manifest.totals, "licences": story.manifest.totals["licences"] + 1}
    old = {"leaf": None, "what": "waiting", "of": "revoke", "at": int((story.town.now - timedelta(days=2)).timestamp())}
    new = {**old, "at": int(story.town.now.timestamp())}

    found = story.found([*story.rows, new, old], totals=more)

    assert found["checker.rows_without_leaf"] == {"what": "licences", "expected": "3", "found": "2"}
    assert found["checker.row_unlogged"]["found"] == str(old["at"])
    assert story.found(story.rows[::-1])["checker.records_malformed"]
    unused = story.found([row for row in story.rows if row["what"] != "seal_uses"])
    assert {"checker.use_missing", "checker.row_missing"} <= unused.keys()


def test_a_leaf_that_a_recovery_brought_back_without_its_row_is_left_open_and_named(story: Story) -> None:
    rows = story.rows
    lost = licence_row(rows)
    index = lost["leaf"]
    rows[rows.index(lost)] = {"leaf": index, "what": "recovered"}

    found = [each for each in story.audited(rows).findings.found if each.code == "checker.row_lost"]

    assert [(each.weight, each.params["index"]) for each in found] == [(Weight.UNKNOWN, str(index))]


def test_an_act_that_the_published_list_does_not_show_is_found(story: Story) -> None:
    rows = story.rows
    number, index = first(rows, "event")["place"]
    first(rows, "event")["place"] = [number, index ^ 1]  # as if the list had left the licence in force

    found = story.found(rows)["checker.status_differs"]

    assert set(story.audited().lists) == {"status/1", "authority.crl", "national.crl"}
    assert found == {"file": f"status/{number}", "index": str(index ^ 1), "expected": "suspended", "found": "in_force"}


def test_one_person_in_two_roles_is_listed(story: Story) -> None:
    rows = story.rows
    application = licence_row(rows)["licence"]["application"]
    application["reviewer"] = application["author"]
    use = first(rows, "seal_uses")["uses"][0]
    use["second"] = use["person"]

    listed = story.audited(rows).findings.lists["same_person"]

    assert sorted(each["what"] for each in listed) == ["application", "seal_use"]


def test_a_report_that_counts_otherwise_than_log_and_rows_is_found(story: Story) -> None:
    rows = story.rows
    licence_row(rows)["licence"]["issuer"] = "11999999000000078Q"

    result = story.audited([row for row in rows if row["what"] != "event"])

    counted = {each.params["what"] for each in result.findings.found if each.code == "checker.report_count"}
    assert counted == {f"{BUREAU} 1", "11999999000000078Q 1", f"{BUREAU} 2"}
    assert make_due_reports(story.town.key_desk, at=story.town.now) == ()
