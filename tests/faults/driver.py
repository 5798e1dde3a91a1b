"""A process of its own that opens a town, does one act, and kills itself with SIGKILL when a step is done.

    {"url": "sqlite:///…", "folder": "…", "now": "2026-11-24T…", "act": "issue", "step": "kept", "drafts": ["…"]}

What it has to say it sends through the pipe; a killed one says nothing. Acts: `issue` these drafts as one chunk,
`issue_many` the same, chunk after chunk, `run_batch` until no chunk is left, `recover`, `fill_disk` while documents are kept,
`seal_document` a prepared official document.
"""

import os
import resource
import signal
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from registry import drafts as draft_records
from registry.db import reading
from registry.errors import DiskFullError
from registry.records import DraftRecord
from signer.batch import take_and_run
from signer.issue import IssuedLicence
from signer.official.acts import seal
from signer.recover import recover
from tests.databases import opened_database
from tests.official_office import TownReader
from tests.town import Town

# Smaller than any licence, larger than what the log's database appends meanwhile.
FILE_BYTES_MAX = 4096


def main(order: dict[str, Any], pipe: Connection) -> None:
    """Do what the order says, and send what came of it."""

    def after(done: str) -> None:
        if done == order.get("step"):
            os.kill(os.getpid(), signal.SIGKILL)

    now = datetime.fromisoformat(order["now"])
    town = Town.open(opened_database(order["url"]), Path(order["folder"]), after=after, now=now)
    acts: dict[str, Callable[[Town, dict[str, Any]], object]] = {
        "issue": _issue,
        "issue_many": _issue_many,
        "run_batch": _run_batch,
        "recover": lambda town, _order: recover(town.desk, at=town.now).abandoned,
        "fill_disk": _fill_disk,
        "seal_document": _seal_document,
    }
    pipe.send(acts[order["act"]](town, order))


def _records(town: Town, ids: list[str]) -> tuple[DraftRecord, ...]:
    with reading(town.database) as tx:
        return draft_records.find_drafts(tx, ids)


def _issue(town: Town, order: dict[str, Any]) -> list[str]:
    outcomes = town.issues_all(_records(town, order["drafts"]))
    return [each.record.number if isinstance(each, IssuedLicence) else each.error.code for each in outcomes]


def _issue_many(town: Town, order: dict[str, Any]) -> list[str]:
    ids, done = order["drafts"], []
    for start in range(0, len(ids), order["size"]):
        done += _issue(town, {"drafts": ids[start : start + order["size"]]})
    return done


def _seal_document(town: Town, order: dict[str, Any]) -> str:
    reader, values = TownReader(town), {"digest": order["digest"], "operator": town.officer, "at": town.now}
    return seal(town.desk, order["document_id"], reader=reader, **values).state.value


def _run_batch(town: Town, order: dict[str, Any]) -> int:
    count = 0
    while take_and_run(town.desk, order["worker"], clock=town.clock) is not None:
        count += 1
    return count


def _fill_disk(town: Town, order: dict[str, Any]) -> list[str]:
    """Let no file grow beyond some bytes while documents are kept, as on a full disk; then make room and try again."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)

    def after(done: str) -> None:
        if done == "checked":
            resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, usual[1]))

    full = Town.open(town.database, town.folder, after=after, now=town.now)
    records = _records(town, order["drafts"])
    try:
        full.issues_all(records)
    except DiskFullError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        return [error.code, *_issue(town, order)]
    return ["the disk was not full"]
