"""`log audit`: the whole log checked again, of this deployment or, with SOURCE, of anybody's published files.

Promises:
  * With SOURCE neither database nor keys are loaded: an auditor needs no deployment.
  * Exit code 5 whenever the log, or what was compared with it, does not hold.
"""

from pathlib import Path
from typing import Annotated

import typer

from api.auditor.request import SAMPLE, AuditRequest
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
from api.cli.program import group, session_of

log = group("log")


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
    from api.cli.own_audit import audit_own  # brings the database

    audit_own(session, since, documents=documents)
