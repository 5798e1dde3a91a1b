"""`log records`, `log report`: what the office hands to auditors.

Promises: records go to a person with the role of an auditor alone, into a new file that only its owner reads; the log
tells that they were made, and for whom, and is published at least as far as they go: so they can be compared at once.
"""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from api.cli.errors import NotWrittenError, PersonUnknownError
from api.cli.program import Session, group, session_of
from api.publishing import publish_files, publish_files_of_log
from keys.custody import DEPLOYMENT
from registry import people
from registry.db import reading
from registry.records import Role
from signer.audit_records import write_records
from signer.desk import Operator
from signer.monthly_reports import make_due_reports
from verify.log_audit.records import RecordsManifest

log = group("log")


@log.command(
    help="为审计人员写出登记记录：逐条对应日志，已签名，不含持证人信息；此事记入日志。"
    " Write the registry's records for an auditor: in the log's order, signed, without holders; the log tells of it."
)
def records(
    context: typer.Context,
    *,
    person_id: Annotated[str, typer.Option("--as", metavar="PERSON", help="审计人员。 The auditor.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="写出的文件。 File to write.")],
) -> None:
    """Write the file of records."""
    session = session_of(context)
    auditor = _auditor(session, person_id)
    office = session.office
    manifest = _written(session, out, auditor, at=office.clock())
    publish_files_of_log(office)
    session.screen.result(
        {"file": str(out), "size": manifest.size, "lines": manifest.lines, "sha256": manifest.digest.hex()},
        session.screen.say(
            f"已写出 {out}：日志 {manifest.size} 条，记录 {manifest.lines} 行",
            f"Written: {out}, {manifest.lines} records of {manifest.size} entries",
        ),
    )


@log.command(
    help="补齐各月月报并公布（后台每天自动做）。 Make and publish the monthly reports due; the worker does it daily."
)
def report(context: typer.Context) -> None:
    """Make due reports."""
    session = session_of(context)
    office = session.office
    months = make_due_reports(office.key_desk, at=office.clock())
    publish_files(office)
    listed = "、".join(months) if session.screen.language == "zh" else ", ".join(months)
    session.screen.result(
        {"months": list(months)},
        session.screen.say(f"月报：{listed or '无须补报'}", f"Monthly reports: {listed or 'none was due'}"),
    )


def _auditor(session: Session, person_id: str) -> Operator:
    with reading(session.office.database) as tx:
        person = people.find_person(tx, person_id)
    if person is None or Role.AUDITOR not in person.roles:
        raise PersonUnknownError(params={"name": person_id, "department": DEPLOYMENT})
    return Operator(person_id=person_id, department=person.department, role=Role.AUDITOR)


def _written(session: Session, out: Path, auditor: Operator, *, at: datetime) -> RecordsManifest:
    part = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            part.unlink()
        with _private(part) as file, session.screen.progress("记录", "Records") as tick:
            manifest = write_records(session.office.key_desk, file.write, auditor=auditor, at=at, progress=tick)
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    except OSError as error:
        raise NotWrittenError(params={"name": str(out), "reason": error.strerror or ""}) from error
    return manifest


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
