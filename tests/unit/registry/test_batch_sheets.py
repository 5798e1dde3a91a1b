"""The sheet of a batch, as it came in."""

from datetime import timedelta

from registry import jobs
from registry.batch_sheets import drop_sheets, keep_sheet, sheet_of
from registry.db import Database, transaction
from tests.registry_office import AT, BUREAU, SIGNBOARD, Office


def test_a_sheet_is_kept_once_and_dropped_in_time(office: Office) -> None:
    with transaction(office.database) as tx:
        batch = jobs.create_batch(tx, BUREAU, SIGNBOARD, created_by="officer", at=AT, random=office.random)
        keep_sheet(tx, batch, "表\r\n".encode() * 1000, at=AT)
        keep_sheet(tx, batch, b"another", at=AT)
        assert sheet_of(tx, batch) == "表\r\n".encode() * 1000
        assert drop_sheets(tx, before=AT) == 0
        assert drop_sheets(tx, before=AT + timedelta(seconds=1)) == 1
        assert sheet_of(tx, batch) is None


def test_there_is_no_sheet_of_nobodys_batch(database: Database) -> None:
    with transaction(database) as tx:
        assert sheet_of(tx, "none") is None
