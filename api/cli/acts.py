"""`licence suspend|reinstate|revoke|rescind|withdraw|cancel` and `licence renew|change|replace|long-term`.

Promises:
  * Every act takes its reason and legal basis; nothing is asked, so that a script and a person do the same.
  * A renewal, change or replacement is a licence of its own: it needs whom a new one needs, and supersedes the old one.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.errors import NoSuchNameError
from api.cli.files import read_file, write_file
from api.cli.licences import DocumentOption, IdArgument, find, issue_submitted, licence, show_record
from api.cli.people import ApprovedByOption, ByOption, operator_for
from api.cli.program import session_of
from registry import catalogue
from registry.db import reading
from registry.lifecycle import LicenceEvent
from registry.records import Role
from signer.change import Change, Revision, change, revise
from signer.precheck import PHOTO_BYTES_MAX
from signer.sheet_rows import parse_day
from verify.errors import MalformedError

ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="理由，必填。 Reason; needed.")]
BasisOption = Annotated[
    str, typer.Option("--legal-basis", metavar="TEXT", help="法律依据，必填。 Legal basis; needed.")
]
ReferenceOption = Annotated[
    str, typer.Option("--reference", metavar="TEXT", help="决定书文号。 Number of the decision.")
]


def a_day(text: str) -> date:
    """Return the day that a person wrote."""
    try:
        return parse_day(text)
    except MalformedError as error:
        raise typer.BadParameter("2026-09-21 | 2026/9/21 | 2026年9月21日") from error


OnOption = Annotated[
    date | None,
    typer.Option("--on", metavar="DATE", parser=a_day, help="决定日期，缺省为今天。 Day of the decision, or today."),
]
UntilOption = Annotated[
    date | None, typer.Option("--until", metavar="DATE", parser=a_day, help="最后一天（含）。 Last day, included.")
]
FromOption = Annotated[date | None, typer.Option("--from", metavar="DATE", parser=a_day, help="起始日期。 First day.")]


def _act(context: typer.Context, licence_id: str, act: Change, by: str | None) -> None:
    session = session_of(context)
    office = session.office
    record = find(session, licence_id)
    operator = operator_for(office.database, record.issuer, Role.ISSUING_OFFICER, by)
    changed = change(office.desk, record.licence_id, act, operator=operator, at=office.clock())
    show_record(session, changed)


@licence.command(help="暂扣，可定期限。 Suspend, for a time or until reinstated.")
def suspend(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    licence_id: IdArgument,
    *,
    reason: ReasonOption,
    legal_basis: BasisOption,
    reference: ReferenceOption = "",
    on: OnOption = None,
    until: UntilOption = None,
    by: ByOption = None,
) -> None:
    """Suspend a licence."""
    act = Change(
        event=LicenceEvent.SUSPEND, reason=reason, legal_basis=legal_basis,
        reference=reference, effective_on=on, until=until,
    )  # fmt: skip
    _act(context, licence_id, act, by)


def _add_act(event: LicenceEvent, text: str) -> None:
    """Add the command of an act that has no end."""

    @licence.command(event.value, help=text)
    def act_of(  # noqa: PLR0913 - a command's options are its arguments
        context: typer.Context,
        licence_id: IdArgument,
        *,
        reason: ReasonOption,
        legal_basis: BasisOption,
        reference: ReferenceOption = "",
        on: OnOption = None,
        by: ByOption = None,
    ) -> None:
        act = Change(event=event, reason=reason, legal_basis=legal_basis, reference=reference, effective_on=on)
        _act(context, licence_id, act, by)


_ACTS: Final = (
    (LicenceEvent.REINSTATE, "恢复暂扣的证照。 Reinstate a suspended licence."),
    (LicenceEvent.REVOKE, "吊销（处罚）。 Revoke, as a penalty."),
    (LicenceEvent.RESCIND, "撤销（本不应发给）。 Rescind what was wrongly granted."),
    (LicenceEvent.WITHDRAW, "撤回（法律或客观情况变化）。 Withdraw after a change of law or facts."),
    (LicenceEvent.CANCEL, "注销（办理终止手续）。 Cancel, as deregistered."),
)
for _event, _text in _ACTS:
    _add_act(_event, _text)


@licence.command(help="延续：换发新期限的证照。 Renew: a new version with a new term.")
def renew(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    licence_id: IdArgument,
    *,
    until: Annotated[date, typer.Option("--until", metavar="DATE", parser=a_day, help="新的有效期止。 New last day.")],
    valid_from: FromOption = None,
    out: DocumentOption = None,
    by: ByOption = None,
    approved_by: ApprovedByOption = None,
) -> None:
    """Renew a licence."""
    revision = Revision(kind="renewal", valid_until=until, valid_from=valid_from)
    _revise(context, licence_id, revision, _Who(officer=by, reviewer=approved_by, out=out))


@licence.command("change", help="变更登记事项，换发新证。 Change entries: a new version.")
def change_entries(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    licence_id: IdArgument,
    *,
    entries: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=TEXT", help="事项=新内容（可多次）。 Field and its new text (repeatable)."
        ),
    ] = None,
    holder_name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="持证主体新名称。 New name of the holder.")
    ] = None,
    photo: Annotated[Path | None, typer.Option(metavar="FILE", help="新照片。 New photo.")] = None,
    out: DocumentOption = None,
    by: ByOption = None,
    approved_by: ApprovedByOption = None,
) -> None:
    """Change entries of a licence; a field is named in Chinese, in English or by its short name."""
    session = session_of(context)
    record = find(session, licence_id)
    with reading(session.office.database) as tx:
        licence_type = catalogue.find_type(tx, record.type_code)
    names = {
        name: each.short_name
        for each in (() if licence_type is None else licence_type.fields)
        for name in (each.name, each.name_en, each.short_name)
    }
    fields = {}
    for entry in entries or ():
        name, separator, text = entry.partition("=")
        if not separator or name not in names:
            raise NoSuchNameError(params={"name": name})
        fields[names[name]] = text.replace("\\n", "\n")
    revision = Revision(
        kind="change",
        holder_name=holder_name,
        fields=fields,
        photo=None if photo is None else read_file(photo, bytes_max=PHOTO_BYTES_MAX),
    )
    _revise(context, licence_id, revision, _Who(officer=by, reviewer=approved_by, out=out))


@licence.command(help="补发遗失或损坏的证照，内容不变。 Replace a lost or damaged one; nothing else changes.")
def replace(
    context: typer.Context,
    licence_id: IdArgument,
    *,
    out: DocumentOption = None,
    by: ByOption = None,
    approved_by: ApprovedByOption = None,
) -> None:
    """Replace a licence by a new version of the same content."""
    _revise(context, licence_id, Revision(kind="replacement"), _Who(officer=by, reviewer=approved_by, out=out))


@licence.command(
    "long-term", help="为长期保存加封：补齐证书、吊销列表和时间戳。 Seal for the long term: evidence and a time stamp."
)
def seal_for_long_term(context: typer.Context, licence_id: IdArgument, *, out: DocumentOption = None) -> None:
    """Seal the filed document for the long term."""
    from signer.long_term import extend  # brings pyHanko's writing half, which takes a second to load

    session = session_of(context)
    office = session.office
    record = find(session, licence_id)
    sealed = extend(office.desk, record.licence_id, at=office.clock())
    if out is not None:
        write_file(out, office.vault.get(sealed.document_digest))
    session.screen.result(
        {"licence_id": record.licence_id, "number": sealed.number, "document_digest": sealed.document_digest},
        session.screen.say(f"✔ 已加封（第 {sealed.number} 次）", f"✔ Sealed (number {sealed.number})"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Who:
    """Who makes the next version, who approved it, and where its document goes."""

    officer: str | None
    reviewer: str | None
    out: Path | None


def _revise(context: typer.Context, licence_id: str, revision: Revision, who: _Who) -> None:
    session = session_of(context)
    office = session.office
    record = find(session, licence_id)
    operator = operator_for(office.database, record.issuer, Role.ISSUING_OFFICER, who.officer)
    saved = revise(office.desk, record.licence_id, revision, operator=operator, at=office.clock())
    issue_submitted(session, saved, who.reviewer, who.out)
