"""`seal apply|approve|refuse|make|file|renew|suspend|reinstate|call-in|destroy|list|show|status|picture`.

Promises:
  * Every act takes its reason and legal basis, and is somebody's; nothing is asked, so that a script and a person do
    the same. What cannot be taken back wants the seal's code a second time.
  * `seal status` answers from the signed history, as everybody is answered: 0 in use, 3 not in force at that moment.
"""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.acts import BasisOption, FromOption, ReasonOption, ReferenceOption, a_day
from api.cli.errors import NoSuchNameError
from api.cli.files import read_file, write_file
from api.cli.people import ByOption, operator_for
from api.cli.program import ExitCode, Session, group, session_of
from api.cli.seal_words import (
    STATES,
    ending_line,
    event_line,
    event_object,
    grant_object,
    seal_lines,
    seal_object,
    word,
)
from api.cli.words import moment
from api.seal_intake import begins_at, ends_with, picture_of
from api.seal_standing import seal_answer
from registry import departments, people, seal_endings, seals
from registry.db import reading
from registry.records import Role
from registry.seal_events import events_of_seal
from registry.seal_lifecycle import SealAct
from registry.seal_records import SealRecord
from signer import seal_acts, seal_making
from signer.desk import Desk, Operator
from signer.key_acts import KeyDesk
from signer.page.seal_upload import SEAL_PICTURE_BYTES_MAX
from signer.seal_grounds import Grounds
from signer.seal_making import SealWish
from verify.licence import ISSUER_ZONE

CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="印章编码，14 位。 Code of the seal, 14 digits.")]
UntilOption = Annotated[
    date, typer.Option("--until", metavar="DATE", parser=a_day, help="最后一天（含）。 Last day, included.")
]
PictureOption = Annotated[
    Path | None,
    typer.Option(
        "--picture", metavar="FILE", help="自备印模（PNG），缺省由系统绘制。 A picture in PNG; drawn if left out."
    ),
]
UseOption = Annotated[
    str, typer.Option("--use", metavar="TEXT", help="星下的文字，如“行政审批专用章”。 The line under the star.")
]
PsbOption = Annotated[
    str | None, typer.Option("--psb-code", metavar="CODE", help="公安编码，13 位。 Number of the public security.")
]
ApproverOption = Annotated[
    str | None,
    typer.Option("--approved-by", metavar="PERSON", help="审批人编号；只有一人时可省。 Who approves it."),
]
ConfirmOption = Annotated[
    str, typer.Option("--confirm", metavar="CODE", help="再写一次印章编码，以示确认。 The code again, to confirm.")
]
_CUSTODIAN: Final = (Role.SEAL_CUSTODIAN,)
_APPROVER: Final = (Role.SEAL_APPROVER,)
_MANAGERS: Final = (Role.SEAL_CUSTODIAN, Role.SEAL_APPROVER)

seal = group("seal")


@seal.command(help="申请一枚印章，由另一人批准。 Apply for a seal; another person approves it.")
def apply(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    *,
    department: Annotated[str, typer.Option(metavar="USCC", help="印章所属部门的代码。 Whose seal it is to be.")],
    until: UntilOption,
    reason: ReasonOption,
    legal_basis: BasisOption,
    reference: ReferenceOption = "",
    use: UseOption = "",
    name_en: Annotated[str, typer.Option(metavar="TEXT", help="英文名称。 Its name in English.")] = "",
    kind: Annotated[int, typer.Option(metavar="N", help="公安部门的印章类型。 Kind: 1 to 5, or 99 for other.")] = 99,
    valid_from: FromOption = None,
    picture: PictureOption = None,
    code: Annotated[
        str | None, typer.Option(metavar="CODE", help="指定编码，缺省按顺序。 Code; the next one if left out.")
    ] = None,
    psb_code: PsbOption = None,
    by: ByOption = None,
) -> None:
    """Apply for a seal."""
    session = session_of(context)
    office, now = session.office, session.office.clock()
    with reading(office.database) as tx:
        if departments.find_department(tx, department) is None:
            raise NoSuchNameError(params={"name": department})
    wish = SealWish(
        owner=department, use=use, name_en=name_en, kind=kind, code=code, psb_code=psb_code,
        valid_from=begins_at(valid_from, now=now), valid_until=ends_with(until), picture=picture_of(_upload(picture)),
    )  # fmt: skip
    operator = operator_for(office.database, department, Role.SEAL_CUSTODIAN, by)
    grounds = Grounds(reason=reason, legal_basis=legal_basis, reference=reference)
    show_seal(session, seal_making.apply_for_seal(office.desk, wish, grounds, operator=operator, at=now))


@seal.command(help="申请换发使用中的印章（新印模、新期限）。 Apply for the next object of a seal in use.")
def renew(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    code: CodeArgument,
    *,
    until: UntilOption,
    reason: ReasonOption,
    legal_basis: BasisOption,
    reference: ReferenceOption = "",
    use: UseOption = "",
    valid_from: FromOption = None,
    picture: PictureOption = None,
    psb_code: PsbOption = None,
    by: ByOption = None,
) -> None:
    """Apply for a renewal."""
    session = session_of(context)
    office, now = session.office, session.office.clock()
    operator = manager_of(session, code, _CUSTODIAN, by)
    wish = SealWish(
        owner=operator.department, use=use, psb_code=psb_code,
        valid_from=begins_at(valid_from, now=now), valid_until=ends_with(until), picture=picture_of(_upload(picture)),
    )  # fmt: skip
    grounds = Grounds(reason=reason, legal_basis=legal_basis, reference=reference)
    show_seal(session, seal_making.renew_seal(office.desk, code, wish, grounds, operator=operator, at=now))


def _make(desk: Desk, keys: KeyDesk, code: str, grounds: Grounds, operator: Operator, at: datetime) -> SealRecord:
    return seal_making.make_seal(desk, keys, code, grounds, operator=operator, at=at)


def _plain(act: Callable[..., SealRecord]) -> "_Act":
    """Return an act that needs no desk of keys in the form of those that do."""

    def done(desk: Desk, _keys: KeyDesk, code: str, grounds: Grounds, operator: Operator, at: datetime) -> SealRecord:
        return act(desk, code, grounds, operator=operator, at=at)

    return done


_Act = Callable[[Desk, KeyDesk, str, Grounds, Operator, datetime], SealRecord]


def _add_act(name: str, text: str, act: _Act, roles: tuple[Role, ...]) -> None:
    """Add the command of an act by one person."""

    @seal.command(name, help=text)
    def act_of(
        context: typer.Context,
        code: CodeArgument,
        *,
        reason: ReasonOption,
        legal_basis: BasisOption,
        reference: ReferenceOption = "",
        by: ByOption = None,
    ) -> None:
        session = session_of(context)
        office = session.office
        operator = manager_of(session, code, roles, by)
        grounds = Grounds(reason=reason, legal_basis=legal_basis, reference=reference)
        show_seal(session, act(office.desk, office.key_desk, code, grounds, operator, office.clock()))


_ACTS: Final[tuple[tuple[str, str, _Act, tuple[Role, ...]], ...]] = (
    ("approve", "批准印章的申请或换发。 Approve the application, or the renewal.",
     _plain(seal_making.approve_seal), _APPROVER),
    ("refuse", "不批准申请，或不接受所制的印章。 Refuse the application, or what was made.",
     _plain(seal_making.refuse_seal), _APPROVER),
    ("make", "制章：生成密钥、证书和印章。 Make it: key, certificate and seal object.", _make, _CUSTODIAN),
    ("file", "备案，此后可以授权和使用。 File it: from now on it may be granted and used.",
     _plain(seal_making.file_seal), _MANAGERS),
    ("suspend", "停用，立即生效。 Suspend it at once.", _plain(seal_acts.suspend_seal), _MANAGERS),
    ("reinstate", "恢复停用的印章。 Reinstate it.", _plain(seal_acts.reinstate_seal), _MANAGERS),
)  # fmt: skip
for _entry in _ACTS:
    _add_act(*_entry)


def _add_end(name: str, text: str, act: SealAct) -> None:
    """Add the command of an act that ends a seal for good, by two persons."""

    @seal.command(name, help=text)
    def end_of(  # noqa: PLR0913 - a command's options are its arguments
        context: typer.Context,
        code: CodeArgument,
        *,
        reason: ReasonOption,
        legal_basis: BasisOption,
        confirm: ConfirmOption,
        reference: ReferenceOption = "",
        by: ByOption = None,
        approved_by: ApproverOption = None,
    ) -> None:
        session = session_of(context)
        office = session.office
        if confirm != code:
            text = session.screen.say("与印章编码不一致，未做任何更改", "not the seal's code; nothing was changed")
            raise typer.BadParameter(text, param_hint="--confirm")
        two = (manager_of(session, code, _CUSTODIAN, by), manager_of(session, code, _APPROVER, approved_by))
        grounds = Grounds(reason=reason, legal_basis=legal_basis, reference=reference)
        end = seal_acts.call_in_seal if act is SealAct.CALL_IN else seal_acts.destroy_seal
        show_seal(session, end(office.desk, office.key_desk, code, grounds, two=two, at=office.clock()))


_add_end("call-in", "收缴，吊销证书；不能撤回。 Call it in and revoke its certificate, for good.", SealAct.CALL_IN)
_add_end(
    "destroy", "销毁印章及其密钥；不能撤回。 Destroy it and its key, for good.", SealAct.DESTROY
)  # fmt: skip


@seal.command("list", help="列出印章。 List the seals.")
def list_seals(
    context: typer.Context,
    department: Annotated[
        str | None, typer.Option(metavar="USCC", help="部门代码，缺省为全部。 Code of a department; all if left out.")
    ] = None,
) -> None:
    """List seals."""
    session = session_of(context)
    screen = session.screen
    with reading(session.office.database) as tx:
        if department is not None and departments.find_department(tx, department) is None:
            raise NoSuchNameError(params={"name": department})
        found = [(each, seals.objects_of(tx, each.code)) for each in seals.seals_of(tx, department)]
    if screen.as_json:
        for record, objects in found:
            screen.result(seal_object(record, objects), "")
        return
    headings = ("编码", "名称", "部门", "状态", "有效期至")
    if screen.language == "en":
        headings = ("code", "name", "department", "state", "valid until")
    rows = []
    for record, objects in found:
        filed = [each for each in objects if each.version == record.version]
        until = moment(filed[0].valid_until, screen.language) if filed else ""
        name = screen.say(record.name, record.name_en)
        rows.append((record.code, name, record.owner, word(STATES, record.state.value, screen), until))
    screen.result({}, screen.table(headings, rows))


@seal.command(help="查看一枚印章及其全部事项。 Show a seal with all acts on it.")
def show(context: typer.Context, code: CodeArgument) -> None:
    """Show one seal."""
    session = session_of(context)
    with reading(session.office.database) as tx:
        record = seals.demand_seal(tx, code)
    show_seal(session, record)


@seal.command(help="印章在某一时刻的状态，据签名履历回答。 How the seal stood at a moment, from its signed history.")
def status(
    context: typer.Context,
    code: CodeArgument,
    *,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="时刻，如 2026-11-24T10:00，缺省为现在。 Moment; now if left out."),
    ] = None,
) -> None:
    """Say how a seal stood at a moment."""
    session = session_of(context)
    screen = session.screen
    answer = seal_answer(session.office, code, _a_moment(at))
    span = answer.standing.span
    value: dict[str, object] = {
        "seal_code": code, "name": answer.seal.name, "owner": answer.history.owner,
        "at": answer.standing.at.isoformat(), "as_of": answer.history.issued_at.isoformat(),
        "is_final": answer.standing.is_final,
        "standing": span.standing, "since": span.begins.isoformat(), "version": span.version,
        "grants": [grant_object(each) for each in answer.grants],
    }  # fmt: skip
    is_in_use = span.standing == "in_use"
    name = screen.say(answer.seal.name, answer.seal.name_en)
    since = moment(span.begins, screen.language)
    lines = [
        f"{'✔' if is_in_use else '✘'} {word(STATES, span.standing, screen)}  {name}",
        "  " + screen.say(f"自 {since}", f"since {since}"),
        *(f"  {each.grant_id}  {each.terms.office}" for each in answer.grants),
    ]
    screen.result(value, "\n".join(lines))
    raise typer.Exit(ExitCode.DONE if is_in_use else ExitCode.NOT_IN_FORCE)


@seal.command(help="取出印模图片（PNG）。 Write the picture of a seal, in PNG.")
def picture(
    context: typer.Context,
    code: CodeArgument,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="写出的文件。 File to write.")],
) -> None:
    """Write the picture of the newest object."""
    session = session_of(context)
    with reading(session.office.database) as tx:
        seals.demand_seal(tx, code)
        newest = seals.objects_of(tx, code)[-1]
    write_file(out, newest.picture.content)
    size = f"{newest.picture.width_mm} × {newest.picture.height_mm} mm"
    session.screen.result(
        {"file": str(out), "width_mm": newest.picture.width_mm, "height_mm": newest.picture.height_mm},
        session.screen.say(f"已写出：{out}（{size}）", f"Written: {out} ({size})"),
    )


def manager_of(session: Session, code: str, roles: tuple[Role, ...], by: str | None) -> Operator:
    """Return who acts on a seal: the person named, in the first of these roles that they have; or the only one.

    Raises `UnknownSealError`, `PersonUnknownError`, `PersonAmbiguousError`.
    """
    with reading(session.office.database) as tx:
        owner = seals.demand_seal(tx, code).owner
        person = None if by is None else people.find_person(tx, by)
    role = next((each for each in roles if person is not None and each in person.roles), roles[0])
    return operator_for(session.office.database, owner, role, by)


def show_seal(session: Session, record: SealRecord) -> None:
    """Show a seal as it stands, with the acts on it."""
    screen = session.screen
    with reading(session.office.database) as tx:
        objects = seals.objects_of(tx, record.code)
        acts = events_of_seal(tx, record.code)
        ending = seal_endings.find_ending(tx, record.code)
    lines = seal_lines(record, objects, screen)
    lines += [] if ending is None else [ending_line(ending, screen)]
    lines += [event_line(each, screen) for each in acts]
    value = seal_object(record, objects) | {"acts": [event_object(each) for each in acts]}
    screen.result(value, "\n".join(lines))


def _upload(path: Path | None) -> bytes | None:
    return None if path is None else read_file(path, bytes_max=SEAL_PICTURE_BYTES_MAX)


def _a_moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("2026-11-24T10:00 | 2026-11-24T02:00:00Z", param_hint="--at") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=ISSUER_ZONE)
