"""`log audit`, `log prove`, `log checkpoint`: what an auditor asks of the signing log.

Promises:
  * An audit recomputes the tree from the entries; it believes no stored hash.
  * `--since` keeps a new checkpoint only after the log was found to continue the old one, and to be without fault.
  * Exit code 5 whenever the log, or what was compared with it, does not hold.
"""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from api.auditor.program import SAMPLE
from api.auditor.request import AuditRequest
from api.cli.audit_options import (
    AskOption,
    CheckpointsOption,
    HolidaysOption,
    HoursOption,
    KeepOption,
    LicencesOption,
    OnlyNewOption,
    PackageOption,
    PassphraseOption,
    PolicyOption,
    PrefixOption,
    RecordsOption,
    RootsOption,
    SampleOption,
    SeedOption,
    SignOption,
    TrustOption,
)
from api.cli.audits import EvidenceWanted, check_published
from api.cli.files import read_file, write_file
from api.cli.kept_checkpoint import Kept, demand_continued, keep, read_kept
from api.cli.program import ExitCode, Session, app, session_of
from api.errors import NotWitnessedError, UnknownProofError
from api.sandbox import SandboxCrashedError, SandboxTimeoutError, examine_file
from api.texts import sentence
from api.wiring import Office
from registry import leaves, licences
from registry.db import reading
from registry.leaves import LogHead
from signer.audit import AuditReport, AuditScope, audit
from signer.proofs import cosigned_checkpoint, prove_witnessed
from verify.document import read_document
from verify.evidence import Evidence
from verify.log_proof import LogReceipt
from verify.note import LogVerifier
from verify.report import Report
from verify.tree import combine, inclusion_nodes, leaf_hash
from verify.values import LicenceId
from verify.witness_policy import WitnessPolicy

_PAGE: Final = 1000
_DIGEST_LENGTH: Final = 64

log = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="签发日志：审计、证明、检查点。 The signing log.")
app.add_typer(log, name="log")


@log.command(help="输出当前检查点（签名的文本）。 Print the newest checkpoint, a signed note.")
def checkpoint(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="另存为。 Write it there.")] = None,
) -> None:
    """Print the newest checkpoint."""
    session = session_of(context)
    head = _head(session.office)
    note = cosigned_checkpoint(session.office.database, head.origin)
    if out is not None:
        write_file(out, note.encode())
    session.screen.result(
        {"origin": head.origin, "size": head.size, "root": head.root.hex(), "note": note}, note.rstrip("\n")
    )


@log.command(help="证明一条日志在册：输出 C2SP tlog-proof。 Prove that an entry stands in the log.")
def prove(
    context: typer.Context,
    entry: Annotated[
        str,
        typer.Argument(
            metavar="LEAF|ID|FILE|DIGEST",
            help="序号、核验码、签发的 PDF 或 64 位摘要。 Leaf number, licence id, signed PDF, or digest in hex.",
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="另存为。 Write it there.")] = None,
    *,
    witnessed: Annotated[
        bool,
        typer.Option(
            "--witnessed", help="只要有见证方法定数的检查点。 Under a checkpoint that has its quorum of witnesses."
        ),
    ] = False,
) -> None:
    """Print the proof of one entry under the newest checkpoint, or under the newest that is witnessed."""
    session = session_of(context)
    receipt = prove_leaf(session.office, _leaf(session.office, entry))
    if witnessed:
        receipt = _witnessed(session.office, receipt.index)
    text = receipt.to_text()
    if out is not None:
        write_file(out, text.encode())
    session.screen.result({"leaf": receipt.index, "proof": text}, text.rstrip("\n"))


def _witnessed(office: Office, index: int) -> LogReceipt:
    """Return the witnessed proof of an entry. Raises `NotWitnessedError`."""
    trust = office.evidence().trust
    policy = WitnessPolicy() if trust is None else trust.policy
    receipt = prove_witnessed(office.database, office.origin, index, policy)
    if receipt is None:
        raise NotWitnessedError
    return receipt


def prove_leaf(office: Office, index: int) -> LogReceipt:
    """Return the proof of an entry. Raises `UnknownProofError` when there is none of that number."""
    with reading(office.database) as tx:
        head = leaves.head(tx, office.origin)
        if not 0 <= index < head.size:
            raise UnknownProofError
        (stored,) = leaves.entries(tx, head.origin, index, index + 1)
        groups = inclusion_nodes(index, head.size)
        nodes = leaves.nodes(tx, head.origin, [node for group in groups for node in group])
    return LogReceipt(entry=stored.entry, index=index, path=combine(groups, nodes), note=head.note)


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


def _head(office: Office) -> LogHead:
    with reading(office.database) as tx:
        return leaves.head(tx, office.origin)


def _leaf(office: Office, text: str) -> int:
    """Return the number of the entry that is meant. Raises `UnknownProofError`, `LicenceIdError`."""
    if text.isdecimal() and len(text) < 16:
        return int(text)
    path = Path(text)
    if path.is_file():
        receipt = read_document(read_file(path), None, (), at=office.clock()).receipt
        if receipt is None:
            raise UnknownProofError
        return receipt.index
    with reading(office.database) as tx:
        if len(text) == _DIGEST_LENGTH:
            found = leaves.find_by_digest(tx, office.origin, bytes.fromhex(text))
            if found is None:
                raise UnknownProofError
            return found
        licence = licences.find_licence(tx, LicenceId.parse(text).text)
    if licence is None:
        raise UnknownProofError
    return licence.document_leaf


@log.command(
    "audit",
    help="审计：由条目重算整棵树，并与证照、事项、文件逐一比对；给出来源则只凭公布的文件核验，如审计人员所为。"
    " Recompute the log and compare it with the registry; with SOURCE check published files alone, as auditors do.",
)
def audit_log(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Argument(metavar="SOURCE", help="公布的文件夹或网址。 Published folder, or its address."),
    ] = None,
    *,
    since: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="以前保存的检查点；通过后更新。 Kept checkpoint; renewed on success."),
    ] = None,
    documents: Annotated[
        bool, typer.Option("--documents/--no-documents", help="是否逐一读取 PDF。 Read every PDF too.")
    ] = True,
    root: RootsOption = None,
    trust: TrustOption = None,
    policy: PolicyOption = None,
    records: RecordsOption = None,
    checkpoint: CheckpointsOption = None,
    licences: LicencesOption = None,
    keep_in: KeepOption = None,
    only_new: OnlyNewOption = False,
    hours: HoursOption = "08:00-18:00",
    holidays: HolidaysOption = None,
    seed: SeedOption = "",
    sample: SampleOption = SAMPLE,
    prefix: PrefixOption = "log/",
    ask_witnesses: AskOption = False,
    package: PackageOption = None,
    sign: SignOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Audit the log; exit code 5 when something does not hold."""
    session = session_of(context)
    if source is not None:
        request = AuditRequest(
            source=source,
            roots=tuple(root or ()),
            trust=trust,
            policy=policy,
            records=records,
            checkpoints=tuple(checkpoint or ()),
            licences=tuple(licences or ()),
            keep=keep_in,
            only_new=only_new,
            hours=hours,
            holidays=holidays,
            seed=seed,
            sample=sample,
            prefix=prefix,
            ask_witnesses=ask_witnesses,
        )
        evidence = EvidenceWanted(package=package, sign=sign, passphrase_file=passphrase_file)
        raise typer.Exit(check_published(session, request, evidence))
    _audit_own(session, since, documents=documents)


def _audit_own(session: Session, since: Path | None, *, documents: bool) -> None:
    """Compare the deployment's own log, registry and documents; keep a checkpoint where that is wanted."""
    kept = None if since is None else read_kept(since, own_verifiers(session.office))
    head = _head(session.office)
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
