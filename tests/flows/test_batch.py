"""A sheet over HTTP: checked, saved, approved, run by the worker, bad rows back."""

import uuid
from dataclasses import replace
from typing import Any

from api.work import Workshop
from registry.db import transaction
from registry.jobs import cut
from signer.sheets import read_sheet
from tests.hall import Hall, sheet_of


def upload(content: bytes) -> dict[str, Any]:
    return {"file": ("sheet.csv", content, "text/csv")}


def mixed_sheet(hall: Hall, *, good: int = 3) -> bytes:
    """Return a sheet of signboard permits, of which one has a wrong check character and one no field."""
    drafts = [hall.town.signboard_draft(holder_name=f"示例{number}号店") for number in range(good)]
    wrong_code = hall.town.signboard_draft(holder_code="91999999MA00000155")
    no_fields = replace(hall.town.signboard_draft(holder_name="=示例"), fields={})
    return sheet_of(hall.town, [*drafts, wrong_code, no_fields])


def test_a_sheet_is_checked_and_nothing_is_saved(hall: Hall) -> None:
    answer = hall.ask(
        "POST",
        "/api/v1/batches/check",
        key="officer",
        files=upload(mixed_sheet(hall)),
        headers={"Accept-Language": "en"},
    )

    assert (answer.json()["good"], answer.json()["bad"]) == (3, 2)
    problems = {each["row"]: [problem["code"] for problem in each["problems"]] for each in answer.json()["bad_rows"]}
    assert problems[5] == ["field.uscc"]
    assert hall.ask("GET", "/api/v1/batches", key="officer").json()["items"] == []


def test_the_bad_rows_come_back_as_a_sheet_that_can_be_sent_in_again(hall: Hall) -> None:
    answer = hall.ask(
        "POST",
        "/api/v1/batches/check",
        key="officer",
        files=upload(mixed_sheet(hall)),
        headers={"Accept": "text/csv"},
    )
    sheet = read_sheet(answer.content)
    again = hall.ask("POST", "/api/v1/batches/check", key="officer", files=upload(answer.content))

    assert answer.headers["content-type"].startswith("text/csv")
    assert [row.number for row in sheet.rows] == [2, 3]
    assert "'=示例" in answer.text  # no cell starts a formula
    assert sheet.rows[1].cells[1] == "=示例"
    assert sheet.headings[-2:] == ("问题", "Problems")
    assert again.json()["bad"] == 2


def test_a_batch_is_run_by_the_worker_and_tells_how_far_it_is(hall: Hall) -> None:
    made = hall.ask("POST", "/api/v1/batches", key="officer", files=upload(mixed_sheet(hall)))
    path = made.headers["location"]

    run = hall.ask("POST", f"{path}/run", key="officer", once=uuid.uuid4().hex)
    done = Workshop(hall.office, poll_seconds=0.01)
    while done.take_one():
        pass
    after = hall.ask("GET", path, key="officer")
    rows = hall.ask("GET", f"{path}/rows", key="officer", params={"state": "issued"}).json()["items"]
    bad = hall.ask("GET", f"{path}/bad-rows", key="officer")

    assert made.status_code == 201
    assert (run.status_code, run.headers["location"], run.headers["retry-after"]) == (202, path, "2")
    assert run.json()["parts_waiting"] == 1
    assert (after.json()["state"], after.json()["issued"], after.json()["bad"]) == ("done", 3, 2)
    assert "retry-after" not in after.headers
    assert all(hall.ask("GET", f"/api/v1/checks/{row['licence_id']}").json()["in_force"] for row in rows)
    assert [row.number for row in read_sheet(bad.content).rows] == [2, 3]


def test_a_batch_of_a_type_with_a_reviewer_waits_for_another_key(hall: Hall) -> None:
    sheet = sheet_of(hall.town, [hall.town.food_draft(holder_name=f"示例{number}号店") for number in range(2)])
    path = hall.ask("POST", "/api/v1/batches", key="officer", files=upload(sheet)).headers["location"]

    too_early = hall.ask("POST", f"{path}/run", key="officer", once=uuid.uuid4().hex)
    approved = hall.ask("POST", f"{path}/approve", key="reviewer")
    run = hall.ask("POST", f"{path}/run", key="officer", once=uuid.uuid4().hex)
    Workshop(hall.office).take_one()

    assert (too_early.status_code, too_early.json()["code"]) == (409, "draft.not_approved")
    assert approved.json()["approved"] == 2
    assert run.status_code == 202
    assert hall.ask("GET", path, key="officer").json()["issued"] == 2


def test_a_stopped_batch_is_not_taken_any_more(hall: Hall) -> None:
    path = hall.ask("POST", "/api/v1/batches", key="officer", files=upload(mixed_sheet(hall))).headers["location"]
    hall.ask("POST", f"{path}/run", key="officer", once=uuid.uuid4().hex)

    stopped = hall.ask("POST", f"{path}/cancel", key="officer")

    assert stopped.json()["state"] == "cancelled"
    assert Workshop(hall.office).take_one() is None
    assert hall.ask("GET", "/api/v1/licences", key="officer").json()["items"] == []


def test_a_row_for_another_department_is_bad(hall: Hall) -> None:
    sheet = sheet_of(hall.town, [hall.town.signboard_draft()])

    answer = hall.ask("POST", "/api/v1/batches/check", key="school-officer", files=upload(sheet))

    assert [each["code"] for each in answer.json()["bad_rows"][0]["problems"]] == ["department.other"]


def test_what_is_no_sheet_is_refused_with_a_reason(hall: Hall) -> None:
    for content, code in ((b"", "sheet.no_rows"), (b"PK\x03\x04 no zip", "sheet.unreadable")):
        answer = hall.ask("POST", "/api/v1/batches/check", key="officer", files=upload(content))

        assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_part_that_a_dead_worker_left_is_taken_again(hall: Hall) -> None:
    from datetime import timedelta

    from registry import jobs

    made = hall.ask("POST", "/api/v1/batches", key="officer", files=upload(mixed_sheet(hall)))
    batch_id, now = made.json()["batch"]["batch_id"], hall.town.now
    with transaction(hall.office.database) as tx:
        cut(tx, batch_id, at=now)
        jobs.take_chunk(tx, "a worker that died", at=now, until=now + timedelta(minutes=10))

    too_early = Workshop(hall.office).take_one()
    hall.town.clock.moves(timedelta(minutes=11))
    later = Workshop(hall.office).take_one()

    assert (too_early, later) == (None, True)
    assert hall.ask("GET", made.headers["location"], key="officer").json()["issued"] == 3
