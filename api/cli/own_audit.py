"""The audit of the deployment's own log, registry and documents, and the checkpoint that is kept of it.

Promises:
  * An audit recomputes the tree from the entries; it believes no stored hash.
  * `--since` keeps a new checkpoint only after the log was found to continue the old one, and to be without fault.
"""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import typer

from api.cli.kept_checkpoint import Kept, demand_continued, keep, read_kept
from api.cli.program import ExitCode, Session
from api.sandbox import examine_file
from api.sandbox_reader import SandboxCrashedError, SandboxTimeoutError
from api.texts import sentence
from api.wiring import Office
from registry import leaves
from registry.db import reading
from registry.leaves import LogHead
from signer.audit import AuditReport, AuditScope, audit
from verify.evidence import Evidence
from verify.note import LogVerifier
from verify.report import Report
from verify.tree import leaf_hash

_PAGE: Final = 1000


def audit_own(session: Session, since: Path | None, *, documents: bool) -> None:
    """Compare the deployment's own log, registry and documents; keep a checkpoint where that is wanted."""
    kept = None if since is None else read_kept(since, own_verifiers(session.office))
    head = newest_head(session.office)
    if since is not None:
        _compare(session, since, kept, head)
    report = audit_office(session, documents=documents)
    show_audit(session, report)
    if report.discrepancy_count:
        raise typer.Exit(ExitCode.LOG)
    if since is not None:
        keep(since, head.note, leaf_hashes(session.office, head.size))
        session.screen.note(f"已保存检查点：{since}", f"Checkpoint kept: {since}")


def audit_office(session: Session, *, documents: bool) -> AuditReport:
    """Audit the log of the session's office, showing how far it is."""
    office = session.office
    evidence = office.evidence()
    with session.screen.progress("审计", "Auditing") as tick:
        scope = AuditScope(
            database=office.database,
            verifier=office.desk.log.verifier,
            trust=evidence.trust,
            crls=evidence.crls,
            vault=office.vault if documents else None,
            published=office.published,
            judge=partial(_read_apart, evidence=evidence, at=office.clock()),
            progress=lambda _what, done: tick(done, 0),
        )
        return audit(scope, at=office.clock())


def _read_apart(document: bytes, *, evidence: Evidence, at: datetime) -> Report | None:
    """Return the report on an official document, read in a process without keys; None for one that breaks it."""
    try:
        return examine_file(document, evidence, at=at)
    except (SandboxCrashedError, SandboxTimeoutError):
        return None


def show_audit(session: Session, report: AuditReport) -> None:
    """Show what an audit found."""
    screen = session.screen
    mark = "✘" if report.discrepancy_count else "✔"
    licences, documents, officials, acts, given_up, unfinished = (
        report.counts.get(name, 0)
        for name in ("licences", "documents", "official_documents", "events", "intents_abandoned", "intents_open")
    )
    root, wrong = report.root.hex()[:16], report.discrepancy_count
    lines = [
        screen.say(
            f"{mark} 签发日志 {report.origin}：{report.size} 条，树根 {root}…，差异 {wrong} 处",
            f"{mark} Log {report.origin}: {report.size} entries, root {root}…, {wrong} discrepancies",
        ),
        screen.say(
            f"  已比对：证照 {licences} 份，文件 {documents} 份，公文 {officials} 份，状态变更 {acts} 次；"
            f"签名意向中放弃 {given_up} 条，未完成 {unfinished} 条",
            f"  compared: {licences} licences, {documents} documents, {officials} official documents, "
            f"{acts} changes of state; signing intents given up: {given_up}, unfinished: {unfinished}",
        ),
    ]
    lines += [f"  ✘ {sentence(each.code, screen.language, each.params)} [{each.code}]" for each in report.discrepancies]
    value = {
        "origin": report.origin,
        "size": report.size,
        "root": report.root.hex(),
        "counts": dict(report.counts),
        "discrepancy_count": report.discrepancy_count,
        "discrepancies": [{"code": each.code, "params": dict(each.params)} for each in report.discrepancies],
    }
    screen.result(value, "\n".join(lines))


def _compare(session: Session, since: Path, kept: Kept | None, head: LogHead) -> None:
    """Compare the log with the kept checkpoint, and say what came of it. Raises `LogRewrittenError`."""
    screen = session.screen
    if kept is None:
        screen.result(
            {"since": None, "appended": None},
            screen.say(
                f"？ {since} 尚无检查点，无法判断是否被改写；审计通过后保存当前检查点",
                f"? No checkpoint in {since} yet, so rewriting cannot be judged; the newest is kept after this audit",
            ),
        )
        return
    demand_continued(kept, leaf_hashes(session.office, head.size))
    new = head.size - kept.checkpoint.size
    screen.result(
        {"since": kept.checkpoint.size, "appended": new},
        screen.say(
            f"✔ 只增未改：保存的 {kept.checkpoint.size} 条全部原样，新增 {new} 条",
            f"✔ Append-only: the {kept.checkpoint.size} entries kept are unchanged, {new} are new",
        ),
    )


def own_verifiers(office: Office) -> tuple[LogVerifier, ...]:
    """Return the log's key under each name that the log ever had."""
    return tuple(office.desk.log.verifier.named(origin) for origin in office.origins)


def leaf_hashes(office: Office, size: int) -> tuple[bytes, ...]:
    """Return the hashes of the first leaves, computed from the entries themselves."""
    hashes: list[bytes] = []
    while len(hashes) < size:
        with reading(office.database) as tx:
            page = leaves.entries(tx, office.origin, len(hashes), min(size, len(hashes) + _PAGE))
        if not page:
            break
        hashes += (leaf_hash(each.entry) for each in page)
    return tuple(hashes)


def newest_head(office: Office) -> LogHead:
    """Return the head of the log that is written into."""
    with reading(office.database) as tx:
        return leaves.head(tx, office.origin)
