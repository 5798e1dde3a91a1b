"""`issue` and `licence show|list|document|long-term`: single licences, made and looked at."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.contents import HELP
from api.cli.errors import NoSuchNameError
from api.cli.files import read_input, write_file
from api.cli.people import ApprovedByOption, ByOption, operator_for
from api.cli.program import Session, app, group, session_of
from api.cli.screen import Screen
from api.cli.words import day, moment, state_word
from api.texts import sentence
from api.wiring import Office
from registry import catalogue, departments, drafts, licences, long_term
from registry.db import Database, reading, transaction
from registry.errors import NoSuchBodyError, UnknownLicenceError
from registry.licences import PAGE_MAX, Wanted
from registry.lifecycle import LicenceState
from registry.records import DraftRecord, DraftState, EventRecord, LicenceRecord, LicenceSummary, Role
from verify.errors import MalformedError
from verify.values import LicenceId

if TYPE_CHECKING:
    from signer.issue import IssuedLicence

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="证照上印的核验码。 Its id as printed, with or without dashes.")
]
DocumentOption = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help="另存签发的文件，格式按文件名。 Write the signed PDF or OFD there."
    ),
]

licence = group("licence")


@app.command(help=HELP["issue"])
def issue(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="JSON 文件，- 为标准输入。 JSON file, - for standard input.")
    ],
    *,
    out: DocumentOption = None,
    photo: Annotated[Path | None, typer.Option(metavar="FILE", help="照片文件。 File of the photo.")] = None,
    by: ByOption = None,
    approved_by: ApprovedByOption = None,
) -> None:
    """Issue one licence; the draft stays when it is refused."""
    from api.cli.applications import APPLICATION_BYTES_MAX, read_application

    session = session_of(context)
    office = session.office
    content = read_input(file, bytes_max=APPLICATION_BYTES_MAX)
    draft = read_application(office.database, content, name=file, photo=photo)
    operator = operator_for(office.database, draft.issuer, Role.ISSUING_OFFICER, by)
    with transaction(office.database) as tx:
        saved = drafts.add_draft(tx, draft, created_by=operator.person_id, at=office.clock(), random=office.random)
        saved = drafts.submit_draft(tx, saved.draft_id, version=saved.version)
    issue_submitted(session, saved, approved_by, out)


def issue_submitted(session: Session, saved: DraftRecord, approved_by: str | None, out: Path | None) -> None:
    """Approve a submitted draft where its type demands it and somebody did, issue it, and show it."""
    from signer.issue import issue_saved  # who looks at licences signs none

    office = session.office
    department = saved.draft.issuer
    if approved_by is not None and saved.state is DraftState.SUBMITTED:
        reviewer = operator_for(office.database, department, Role.REVIEWER, approved_by)
        with transaction(office.database) as tx:
            saved = drafts.approve_draft(tx, saved.draft_id, reviewer=reviewer.person_id, version=saved.version)
    operator = operator_for(office.database, department, Role.ISSUING_OFFICER, saved.created_by)
    issued = issue_saved(office.desk, saved, operator=operator, at=office.clock())
    if out is not None:
        ofd = issued.ofd if _form(out) == "ofd" else None
        write_file(out, issued.document if ofd is None else ofd)
    show_issued(session, issued, out)


def show_issued(session: Session, issued: "IssuedLicence", out: Path | None) -> None:
    """Show a licence that was just issued."""
    record = issued.record
    address = f"{session.settings.public_address}/v/{record.licence_id}"
    value = {
        "licence_id": record.licence_id,
        "identifier": record.identifier,
        "number": record.number,
        "document_digest": record.document_digest,
        "address": address,
        "file": None if out is None else str(out),
    }
    typed = LicenceId.parse(record.licence_id).typed
    session.screen.result(
        value,
        session.screen.say(
            f"✔ 已签发  {record.number}\n  核验码  {typed}\n  核验页  {address}",
            f"✔ Issued  {record.number}\n  id      {typed}\n  page    {address}",
        )
        + ("" if out is None else f"\n  PDF     {out}"),
    )


@licence.command(help="查看一份证照及其全部事项。 Show a licence with all acts on it.")
def show(context: typer.Context, licence_id: IdArgument) -> None:
    """Show one licence."""
    session = session_of(context)
    record = find(session, licence_id)
    show_record(session, record)


@licence.command("list", help="列出一个部门的证照，新的在前。 List a department's licences, newest first.")
def list_licences(
    context: typer.Context,
    department: Annotated[
        str | None, typer.Option(help="部门代码，缺省为全部部门。 Code of a department; all when left out.")
    ] = None,
    *,
    only_type: Annotated[str | None, typer.Option("--type", metavar="CODE", help="类型代码。 Type code.")] = None,
    state: Annotated[LicenceState | None, typer.Option(help="状态。 State.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="最多列出。 At most so many.")] = 50,
) -> None:
    """List licences."""
    session = session_of(context)
    database = session.office.database
    with reading(database) as tx:
        known = tuple(each.uscc for each in departments.all_departments(tx))
    if department is not None and department not in known:
        raise NoSuchNameError(params={"name": department})
    rows: list[LicenceSummary] = []
    for uscc in known if department is None else (department,):
        wanted = Wanted(department=uscc, type_code=only_type, state=state)
        rows += islice(_pages(database, wanted), limit - len(rows))
    _show_list(session.screen, rows)


def every_licence(office: Office) -> tuple[LicenceRecord, ...]:
    """Return all licences of all departments, by identifier; for a small town."""
    with reading(office.database) as tx:
        known = tuple(each.uscc for each in departments.all_departments(tx))
    ids = [each.licence_id for uscc in known for each in _pages(office.database, Wanted(department=uscc))]
    with reading(office.database) as tx:
        found = [licences.find_licence(tx, each) for each in ids]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.identifier))


def _pages(database: Database, wanted: Wanted) -> Iterator[LicenceSummary]:
    cursor = None
    while True:
        with reading(database) as tx:
            page = licences.list_licences(tx, wanted, cursor=cursor, limit=PAGE_MAX)
        if not page:
            return
        yield from page
        cursor = page[-1].cursor


def _show_list(screen: Screen, rows: list[LicenceSummary]) -> None:
    if screen.as_json:
        for each in rows:
            value: dict[str, object] = {
                "licence_id": each.licence_id, "number": each.number, "type_code": each.type_code,
                "valid_until": None if each.valid_until is None else each.valid_until.isoformat(),
                "state": each.state.value, "issued_at": each.issued_at.isoformat(),
            }  # fmt: skip
            screen.result(value, "")
        return
    headings = ("核验码", "编号", "类型", "持证主体", "有效期至", "状态")
    if screen.language == "en":
        headings = ("id", "number", "type", "holder", "valid until", "state")
    table = [
        (
            each.licence_id,
            each.number,
            screen.say(each.type_name, each.type_name_en),
            each.holder_name,
            day(each.valid_until, screen.language),
            state_word(each.state, screen.language),
        )
        for each in rows
    ]
    screen.result({}, screen.table(headings, table))


@licence.command(help="取出签发的文件（PDF 或 OFD）。 Write a signed body, PDF or OFD, into a file.")
def document(
    context: typer.Context,
    licence_id: IdArgument,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="写出的文件。 File to write.")],
    *,
    form: Annotated[
        str | None,
        typer.Option("--form", metavar="pdf|ofd", help="格式，缺省按文件名。 Which body; by file name if left out."),
    ] = None,
    sealed: Annotated[
        bool, typer.Option("--long-term", help="取长期保存的版本。 The one sealed for the long term.")
    ] = False,
) -> None:
    """Write a body of a licence."""
    session = session_of(context)
    record = find(session, licence_id)
    digest = record.bodies.get(form or _form(out))
    if digest is None:
        raise NoSuchBodyError
    if sealed:
        with reading(session.office.database) as tx:
            newest = long_term.newest(tx, record.licence_id)
        if newest is None:
            raise NoSuchNameError(params={"name": f"{record.licence_id} --long-term"})
        digest = newest.document_digest
    write_file(out, session.office.vault.get(digest))
    session.screen.result(
        {"file": str(out), "document_digest": digest}, session.screen.say(f"已写出：{out}", f"Written: {out}")
    )


def _form(path: Path) -> str:
    """Return which body a file of this name holds."""
    return "ofd" if path.suffix.lower() == ".ofd" else "pdf"


def find(session: Session, text: str) -> LicenceRecord:
    """Return the licence of an id as it is printed or as it stands in an address. Raises `UnknownLicenceError`."""
    try:
        licence_id = LicenceId.parse_typed(text)
    except MalformedError:
        licence_id = LicenceId.parse(text)
    with reading(session.office.database) as tx:
        record = licences.find_licence(tx, licence_id.text)
    if record is None:
        raise UnknownLicenceError
    return record


def show_record(session: Session, record: LicenceRecord) -> None:
    """Show a licence with its type, office and acts."""
    screen = session.screen
    with reading(session.office.database) as tx:
        licence_type = catalogue.find_type_version(tx, record.type_code, record.type_version)
        office = departments.find_department(tx, record.issuer)
        acts = licences.events_of(tx, record.licence_id)
    language = screen.language
    names = (
        ("", "") if licence_type is None else (licence_type.name, licence_type.name_en),
        ("", "") if office is None else (office.name, office.name_en),
    )
    facts = [
        (("核验码", "id"), LicenceId.parse(record.licence_id).typed),
        (("标识", "identifier"), record.identifier),
        (("证照类型", "type"), screen.say(*names[0])),
        (("编号", "number"), record.number),
        (("持证主体", "holder"), record.holder_name),
        (("发证机关", "issuer"), screen.say(*names[1])),
        (("有效期", "term"), f"{day(record.valid_from, language)} – {day(record.valid_until, language)}"),
        (("签发时间", "issued"), moment(record.issued_at, language)),
        (("状态", "state"), state_word(record.state, language)),
        *((("换发为", "replaced by"), each) for each in (record.superseded_by,) if each),
    ]
    lines = [f"{screen.say(*name)}：{text}" if language == "zh" else f"{name[1]}: {text}" for name, text in facts]
    lines += (_act_line(act, screen) for act in acts)
    screen.result(record_object(record) | {"acts": [act_object(each) for each in acts]}, "\n".join(lines))


def _act_line(act: EventRecord, screen: Screen) -> str:
    until = ""
    if act.until is not None:
        end = day(act.until, screen.language)
        until = screen.say(f"，至 {end}", f", until {end}")
    began = day(act.effective_on, screen.language)
    word = sentence(f"event.{act.event.value}", screen.language)
    return f"  {began}  {word}{until}  {act.reason}  {act.legal_basis}  {act.reference}".rstrip()


def record_object(record: LicenceRecord) -> dict[str, object]:
    """Return a licence as it stands in JSON for the office itself."""
    names = (
        "licence_id", "identifier", "type_code", "number", "issuer", "holder_name", "change_kind", "replaces",
        "superseded_by", "document_digest", "ofd_digest", "code_leaf", "document_leaf", "ofd_leaf",
    )  # fmt: skip
    return {name: getattr(record, name) for name in names} | {
        "valid_from": record.valid_from.isoformat(),
        "valid_until": None if record.valid_until is None else record.valid_until.isoformat(),
        "state": record.state.value,
        "issued_at": record.issued_at.isoformat(),
    }


def act_object(act: EventRecord) -> Mapping[str, object]:
    """Return an act as it stands in JSON."""
    return {
        "event": act.event.value,
        "effective_on": act.effective_on.isoformat(),
        "until": None if act.until is None else act.until.isoformat(),
        "reason": act.reason,
        "legal_basis": act.legal_basis,
        "reference": act.reference,
        "leaf_index": act.leaf_index,
    }
