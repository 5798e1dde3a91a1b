"""How the service stands: each part by its code, looked at seldom, and said once while it lasts."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.health import LOOK_SECONDS, HealthWatch
from api.logs import SAID_AGAIN_SECONDS
from api.work import Workshop
from registry.db import open_database
from signer.log import CLOCK_BEHIND_MAX
from signer.publish import publish
from tests.hall import Hall
from tests.town import Town
from tests.witness_room import AUDIT
from verify.report import Outcome
from verify.witnessed import MERGE_DELAY


@pytest.fixture
def lonely(sqlite_town: Town, tmp_path: Path) -> Iterator[Hall]:
    """A hall whose one witness is away."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    policy = tmp_path / "witnesses.txt"
    policy.write_text(f"witness audit {AUDIT.key.text} {address}\nquorum audit\n")
    hall = Hall.open(sqlite_town, witnesses=policy)
    yield hall
    hall.office.close()


def said(hall: Hall) -> dict[str, tuple[Outcome, str]]:
    """Return how the parts stand that are not good."""
    seen = HealthWatch(office=hall.office).conditions()
    return {each.part: (each.outcome, each.code) for each in seen if each.outcome is not Outcome.PASSED}


def test_an_entry_that_waits_for_its_witnesses_is_told_by_one_line_and_again_an_hour_later(lonely: Hall) -> None:
    now = [0.0]
    workshop = Workshop(lonely.office, monotonic=lambda: now[0])

    def lines(event: str) -> int:
        return lonely.lines.getvalue().count(f'"{event}"')

    workshop._ask_witnesses()
    assert (said(lonely), lines("witness_overdue"), lines("witness.away")) == ({}, 0, 1)
    lonely.town.clock.moves(MERGE_DELAY + timedelta(seconds=1))
    for _ in range(3):
        workshop._ask_witnesses()
        now[0] += 10.0
    assert said(lonely) == {"witnesses": (Outcome.FAILED, "health.unwitnessed")}
    assert (lines("witness_overdue"), lines("witness.away")) == (1, 1)
    now[0] += SAID_AGAIN_SECONDS
    workshop._ask_witnesses()
    assert (lines("witness_overdue"), lines("witness.away")) == (2, 2)

    lonely.town.clock.moves(-MERGE_DELAY)
    workshop._ask_witnesses()

    assert lines("witness_overdue_ended") == 1
    assert said(lonely) == {}


def test_each_part_that_is_not_good_has_its_code_and_the_service_goes_on(sqlite_hall: Hall) -> None:
    office, folder = sqlite_hall.office, sqlite_hall.town.folder
    assert said(sqlite_hall) == {}
    assert {each.part for each in HealthWatch(office=office).conditions()} == {"registry", "disk", "keys", "log"}

    (folder / "passphrase").chmod(0o644)
    assert said(sqlite_hall) == {"keys": (Outcome.UNKNOWN, "settings.wrong")}
    (folder / "passphrase").chmod(0o600)
    publish(office.database, office.desk.log.verifier, office.published)
    checkpoint = office.settings.published_folder / "log" / "checkpoint"
    good = checkpoint.read_bytes()
    checkpoint.write_bytes(b"none of ours")
    assert said(sqlite_hall) == {"log": (Outcome.FAILED, "publish.conflict")}
    checkpoint.write_bytes(good)
    sqlite_hall.town.clock.moves(-CLOCK_BEHIND_MAX - timedelta(minutes=1))
    assert said(sqlite_hall) == {"log": (Outcome.FAILED, "log.clock_behind")}
    answer = sqlite_hall.ask("GET", "/api/v1/healthz", headers={"Accept-Language": "zh"})
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "请校正时间" in next(each["detail"] for each in answer.json()["parts"] if each["part"] == "log")


def test_it_looks_once_in_ten_seconds_and_without_its_registry_it_is_not_ready(sqlite_hall: Hall) -> None:
    now = [0.0]
    watch = HealthWatch(office=sqlite_hall.office, monotonic=lambda: now[0])
    first = watch.conditions()
    (sqlite_hall.town.folder / "passphrase").unlink()

    assert watch.conditions() is first
    now[0] = LOOK_SECONDS
    assert [each.code for each in watch.conditions() if each.code] == ["settings.wrong"]

    ours, sqlite_hall.office.database = sqlite_hall.office.database, open_database("sqlite:////nowhere/registry.db")
    answer = sqlite_hall.ask("GET", "/api/v1/healthz")
    sqlite_hall.office.database = ours
    assert (answer.status_code, answer.json()["code"]) == (503, "database.away")
