"""The worker: takes parts, does what is due, and is ended by nothing but its stop."""

import threading
from datetime import timedelta
from typing import Any

from api.work import DUE_SECONDS, NEWS_SECONDS, Workshop
from registry import artefacts, jobs, licences
from registry.db import reading, transaction
from signer.batch import release_batch
from signer.log_safety import published_checkpoint
from signer.packs import since_name
from tests.flows.test_batch import mixed_sheet, upload
from tests.hall import Hall
from verify.examine import examine_text
from verify.pack import Pinned, open_pack
from verify.status import StatusValue, open_status_list
from verify.verdict import Verdict


def released(hall: Hall, *, good: int = 3) -> str:
    """Send a sheet and release it; return the batch's id."""
    made = hall.ask("POST", "/api/v1/batches", key="officer", files=upload(mixed_sheet(hall, good=good)))
    batch_id: str = made.json()["batch"]["batch_id"]
    reviewers = {code: each.reviewers for code, each in hall.town.types.items()}
    release_batch(hall.office.database, batch_id, reviewers=reviewers, at=hall.town.now)
    return batch_id


def counts(hall: Hall, batch_id: str) -> Any:
    with reading(hall.office.database) as tx:
        return jobs.find_batch(tx, batch_id)


def test_the_worker_runs_until_nothing_waits_and_publishes(hall: Hall) -> None:
    batch_id = released(hall)

    done = Workshop(hall.office).run(threading.Event(), until_idle=True)

    assert done == 1
    assert counts(hall, batch_id).state == "done"
    folder = hall.office.settings.published_folder
    assert published_checkpoint(hall.office.desk.log.verifier, hall.office.published, "log") is not None
    assert (folder / "trust-list.cbor").is_file()


def test_the_worker_ends_a_suspension_whose_last_day_is_over(hall: Hall) -> None:
    licence_id = hall.issues()["licence_id"]
    hall.acts(licence_id, "suspend", until=(hall.town.now + timedelta(days=1)).date().isoformat())
    hall.town.clock.moves(timedelta(days=3))

    Workshop(hall.office).run(threading.Event(), until_idle=True)

    with reading(hall.office.database) as tx:
        licence = licences.find_licence(tx, licence_id)
    assert licence is not None
    assert licence.state == "in_force"


def test_what_is_due_is_done_again_when_its_time_has_come(sqlite_hall: Hall) -> None:
    now = [0.0]
    workshop = Workshop(sqlite_hall.office, monotonic=lambda: now[0])
    first = [duty.next_at for duty in workshop._duties]
    workshop.run(threading.Event(), until_idle=True)
    after = [duty.next_at for duty in workshop._duties]
    now[0] = DUE_SECONDS

    workshop.run(threading.Event(), until_idle=True)

    assert first == [0.0, 0.0, 0.0, 0.0]
    assert after == [300.0, 60.0, 10.0, 10.0]
    assert [duty.next_at for duty in workshop._duties] == [600.0, 360.0, 310.0, 310.0]


def test_the_end_of_a_licence_stands_in_the_published_list_and_in_a_small_delta_of_the_pack_within_a_minute(
    sqlite_hall: Hall,
) -> None:
    hall, now = sqlite_hall, [0.0]
    workshop = Workshop(hall.office, monotonic=lambda: now[0])
    issued = hall.issues()
    workshop._do_duties()
    folder, trust = hall.office.settings.published_folder, hall.office.evidence().trust
    with reading(hall.office.database) as tx:
        licence, root = (
            licences.find_licence(tx, issued["licence_id"]),
            artefacts.latest(tx, "trust_root", "trust-root"),
        )
    assert licence is not None
    assert trust is not None
    assert root is not None
    held = open_pack((folder / "pack" / "counter").read_bytes(), Pinned(root=root))
    uri = f"{trust.issuers[0].status_prefix}{licence.status_list}"

    def says() -> StatusValue:
        content = (folder / "status" / str(licence.status_list)).read_bytes()
        keys = open_status_list(content, uri=uri, keys=lambda kid: [key for _, key in trust.keys_for(kid, 2)])
        return keys.value(licence.status_index)

    assert hall.acts(issued["licence_id"], "revoke").is_success
    assert says() is StatusValue.IN_FORCE
    assert NEWS_SECONDS <= 30, "with the time that it takes, and a part between, well within a minute"
    now[0] += NEWS_SECONDS
    workshop._do_duties()

    assert says() is StatusValue.ENDED
    whole = (folder / "pack" / "counter").read_bytes()
    delta = (folder / "pack" / f"since-{since_name(held.manifest.sequence)}").read_bytes()
    fresh = open_pack(delta, held.pinned, held=held)
    assert fresh == open_pack(whole, Pinned(root=root))
    assert (fresh.manifest.ttl_seconds, fresh.manifest.issued_at) == (300, hall.town.now)
    assert len(delta) < len(whole) / 2
    assert (
        examine_text(issued["code_text"], fresh.evidence(at=hall.town.now), at=hall.town.now).verdict is Verdict.ENDED
    )


def test_a_part_that_fails_is_given_back_and_goes_well_the_next_time(hall: Hall) -> None:
    batch_id = released(hall)
    failures = ["codes_signed"]

    def fail_once(step: str) -> None:
        if step in failures:
            failures.remove(step)
            raise MemoryError

    object.__setattr__(hall.office.desk, "after", fail_once)
    workshop = Workshop(hall.office)

    outcomes = [workshop.take_one(), workshop.take_one()]
    hall.town.clock.moves(timedelta(seconds=11))
    outcomes.append(workshop.take_one())

    assert outcomes == [False, None, True]
    assert counts(hall, batch_id).issued == 3
    assert '"work_failed"' in hall.lines.getvalue()
    assert '"MemoryError"' in hall.lines.getvalue()


def test_a_part_that_another_worker_took_meanwhile_is_left_to_it(hall: Hall) -> None:
    batch_id = released(hall)

    def lose_the_lease(step: str) -> None:
        if step == "chunk_issued":
            later = hall.town.now + timedelta(minutes=11)
            with transaction(hall.office.database) as tx:
                jobs.take_chunk(tx, "another", at=later, until=later + timedelta(minutes=10))

    object.__setattr__(hall.office.desk, "after", lose_the_lease)

    assert Workshop(hall.office).take_one() is False
    assert "batch.lease_lost" in hall.lines.getvalue()
    assert counts(hall, batch_id).chunks_running == 1


def test_a_registry_that_is_away_does_not_end_the_worker(sqlite_hall: Hall) -> None:
    stop = threading.Event()
    workshop = Workshop(sqlite_hall.office, poll_seconds=0.01)
    rows = sqlite_hall.town.folder / "registry.sqlite"
    rows.rename(rows.with_suffix(".away"))
    for leftover in sqlite_hall.town.folder.glob("registry.sqlite-*"):
        leftover.unlink()
    sqlite_hall.office.database.close()

    failed = workshop.take_one()
    rows.unlink(missing_ok=True)
    rows.with_suffix(".away").rename(rows)
    sqlite_hall.office.database.close()

    assert failed is False
    assert workshop.take_one() is None
    assert not stop.is_set()


def test_a_stopped_worker_takes_no_more_parts(hall: Hall) -> None:
    batch_id, stop = released(hall), threading.Event()
    stop.set()

    assert Workshop(hall.office).run(stop) == 0
    assert counts(hall, batch_id).chunks_waiting == 1


def test_a_worker_that_takes_no_parts_still_does_what_is_due(hall: Hall) -> None:
    batch_id = released(hall)

    Workshop(hall.office, takes_parts=False).run(threading.Event(), until_idle=True)

    assert counts(hall, batch_id).chunks_waiting == 1
    assert (hall.office.settings.published_folder / "log" / "checkpoint").is_file()


def test_the_lease_of_a_long_part_is_renewed(sqlite_hall: Hall) -> None:
    batch_id = released(sqlite_hall)
    workshop = Workshop(sqlite_hall.office)
    now = sqlite_hall.town.now
    with transaction(sqlite_hall.office.database) as tx:
        chunk = jobs.take_chunk(tx, sqlite_hall.office.worker, at=now, until=now)
    assert chunk is not None
    stop = _SetAfter(1)
    sqlite_hall.town.clock.moves(timedelta(minutes=3))

    workshop._renew(chunk, stop)

    with transaction(sqlite_hall.office.database) as tx:
        assert jobs.take_chunk(tx, "another", at=now + timedelta(minutes=12), until=now) is None
        assert jobs.take_chunk(tx, "another", at=now + timedelta(minutes=13), until=now) is not None
    assert counts(sqlite_hall, batch_id).chunks_running == 1


class _SetAfter(threading.Event):
    """An event that is set after it was waited for so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._left = times

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        self._left -= 1
        return self._left < 0


def test_sheets_are_dropped_when_their_time_is_over(sqlite_hall: Hall) -> None:
    made = sqlite_hall.ask("POST", "/api/v1/batches", key="officer", files=upload(mixed_sheet(sqlite_hall)))
    path = f"{made.headers['location']}/bad-rows"
    before = sqlite_hall.ask("GET", path, key="officer").status_code
    sqlite_hall.town.clock.moves(timedelta(days=91))

    Workshop(sqlite_hall.office).run(threading.Event(), until_idle=True)
    after = sqlite_hall.ask("GET", path, key="officer")

    assert (before, after.status_code, after.json()["code"]) == (200, 404, "artefact.unknown")
