"""`demo`: found a sample town, issue its applications, change some licences, check what a counter would check, audit.

Promises:
  * Goes the way that an office goes: pre-check of all rows, batches, a reviewer who is another person, chunks, audit.
  * Removes an earlier demonstration's folder only if it bears the demonstration's mark.
  * Uses no setting of the environment: it cannot reach an office's database or keys.
"""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from api.checking import ask_registry, check_file
from api.cli import checks, sheets, strangers
from api.cli.contents import HELP
from api.cli.demo_acts import Chosen, change_some, open_door
from api.cli.demo_sheet import APPLICATIONS, current_sheet, photo
from api.cli.errors import NotDemoTownError
from api.cli.files import read_file, write_file
from api.cli.founding import Founded, found_deployment
from api.cli.licences import every_licence
from api.cli.offline import encode_public_key
from api.cli.own_audit import audit_office, show_audit
from api.cli.program import DEMO_TOWN, ExitCode, Session, app, session_of
from api.cli.services import serve_office
from api.publishing import publish_files
from api.sample_verdicts import sample_id
from api.settings import Settings, read_settings
from api.sm2_choice import choose_sm2
from api.wiring import Office, build
from keys.custody import DEPLOYMENT, NATIONAL
from keys.installation import encode_pem_chain
from registry import catalogue, licences
from registry.db import reading
from registry.records import LicenceRecord, Role
from signer.packs import refresh_pack
from signer.sheet_check import CheckedSheet
from signer.sheets import SHEET_BYTES_MAX
from signer.statuses import refresh_status_lists
from verify.examine import examine, with_registry
from verify.key_purpose import KeyPurpose
from verify.licence import ISSUER_ZONE
from verify.note import verifier_key_text
from verify.verdict import Verdict

ADDRESS: Final = "http://127.0.0.1:8000"
MARK: Final = ".demo-town"
_OF_AN_OFFICE: Final = ("database_url", "log_origin", "passphrase_file", "timestamp_url", "timestamp_roots")


@app.command(help=HELP["demo"])
def demo(
    context: typer.Context,
    *,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="结束后提供页面。 Serve the pages then.")] = True,
    port: Annotated[int, typer.Option(min=1, max=65535, help="页面端口。 Port of the pages.")] = 8000,
    rows: Annotated[int | None, typer.Option(min=4, help="只取申请表前若干行。 Take only the first rows.")] = None,
) -> None:
    """Make the demonstration's town anew, and serve it."""
    session = session_of(context)
    folder = session.data or Path(DEMO_TOWN)
    prepare(folder)
    choose_sm2()  # hundreds of seals are checked, each of them several times
    founded = _found(session, folder, port)
    office = build(founded.settings)
    here = Session(screen=session.screen, data=folder, built=office)
    issued = _issue(here, founded, rows)
    chosen = change_some(office, issued)
    office.desk.log.flush_pending()
    refresh_status_lists(office.desk, at=office.clock())
    refresh_pack(office.desk, at=office.clock())
    publish_files(office)
    _leave(here, folder, chosen)
    report = audit_office(here, documents=True)
    show_audit(here, report)
    if not report.is_clean:
        raise typer.Exit(ExitCode.LOG)
    _say_where(here, folder, founded)
    if serve:
        open_door(office)
        serve_office(office, host="127.0.0.1", port=port)


def prepare(folder: Path) -> None:
    """Make the folder empty, with the mark in it. Raises `NotDemoTownError` for a folder of somebody else."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise NotDemoTownError(params={"name": str(folder)})
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARK).write_text("made by yinzheng demo, and removed by the next one\n", encoding="utf-8")


def _found(session: Session, folder: Path, port: int) -> Founded:
    session.screen.note(f"在 {folder}/ 建立样例城市…", f"Founding the sample town in {folder}/ …")
    settings: Settings = read_settings(
        data=folder,
        public_address=ADDRESS if port == 8000 else f"http://127.0.0.1:{port}",
        test=True,
        **dict.fromkeys(_OF_AN_OFFICE),
    )
    return found_deployment(settings, catalogue.SAMPLE.read_bytes())


def _issue(session: Session, founded: Founded, rows: int | None) -> tuple[LicenceRecord, ...]:
    """Check the sheet, tell what is wrong with it, and issue the good rows."""
    office, screen = session.office, session.screen
    today = office.clock().astimezone(ISSUER_ZONE).date()
    content = current_sheet(read_file(APPLICATIONS, bytes_max=SHEET_BYTES_MAX), today=today, rows=rows)
    checked = sheets.judge(office, content, photos=photo, only_type=None, screen=screen)
    _tell_bad_rows(session, checked, founded.settings.data / "bad-rows.csv")
    reviewers = tuple(each.person_id for each in founded.people if Role.REVIEWER in each.roles)
    batch_ids = tuple(each.batch_id for each in sheets.start(office, checked, officer=None))
    for batch_id in batch_ids:
        sheets.release(office, batch_id, reviewers=reviewers)
    begun = time.monotonic()
    with screen.progress("签发", "Issuing") as tick:
        sheets.run(office, batch_ids, tick=tick, wait=time.sleep)
    seconds = time.monotonic() - begun
    ids = [licence_id for batch_id in batch_ids for licence_id in sheets.issued_rows(office, batch_id).values()]
    with reading(office.database) as tx:
        found = [licences.find_licence(tx, each) for each in ids]
    issued = tuple(each for each in found if each is not None)
    screen.result(
        {"applications": len(checked.rows), "issued": len(issued), "bad": len(checked.bad), "seconds": seconds},
        screen.say(
            f"✔ 申请 {len(checked.rows)} 份，签发 {len(issued)} 份，用时 {seconds:.1f} 秒",
            f"✔ {len(checked.rows)} applications, {len(issued)} licences issued in {seconds:.1f} s",
        ),
    )
    return issued


def _tell_bad_rows(session: Session, checked: CheckedSheet, path: Path) -> None:
    screen = session.screen
    lines = [
        screen.say(
            f"✘ {len(checked.bad)} 份申请有误，未签发：", f"✘ {len(checked.bad)} applications are wrong, not issued:"
        ),
        *(sheets.row_text(row, screen.language) for row in checked.bad),
    ]
    value = {"bad_rows": [{"row": row.number, "codes": [each.code for each in row.problems]} for row in checked.bad]}
    screen.result(value, "\n".join(lines))
    write_file(path, sheets.bad_sheet(checked, {}))
    screen.note(f"有误的行连同中英文原因：{path}", f"Those rows with reasons in Chinese and English: {path}")


def _leave(session: Session, folder: Path, chosen: Chosen) -> None:
    """Write files, anchors and summary, and show six documents at the verifier."""
    office = session.office
    others = {
        "others/altered.pdf": strangers.altered(_document(office, chosen.good)),
        "others/foreign.pdf": strangers.foreign(at=office.clock()),
    }
    for name, content in others.items():
        write_file(folder / name, content)
    desk = office.desk
    authority = desk.custody.newest(KeyPurpose.AUTHORITY, DEPLOYMENT)
    write_file(folder / "trust/document-root.pem", encode_pem_chain(desk.custody.chain(authority)[-1:]))
    national = desk.custody.newest(KeyPurpose.AUTHORITY, NATIONAL)
    write_file(folder / "trust/national-root.pem", encode_pem_chain(desk.custody.chain(national)[-1:]))
    root = desk.custody.newest(KeyPurpose.TRUST_LIST, DEPLOYMENT)
    verifier = desk.log.verifier
    write_file(folder / "trust/log.vkey", f"{verifier_key_text(verifier.name, verifier.public)}\n".encode())
    write_file(folder / "trust/trust-root.pem", encode_public_key(desk.custody.public_key(root).spki))
    records = every_licence(office)
    summary = _write_licences(session, folder, records)
    strangers_found = [
        {"file": name, "verdict": check_file(office, content).verdict.value} for name, content in others.items()
    ]
    samples = {each.value: sample_id(each).typed for each in Verdict}
    whole = {"licences": summary, "others": strangers_found, "samples": samples}
    write_file(folder / "summary.json", (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode())
    files = {each.licence_id: _name(each, "pdf") for each in records}
    shown = (chosen.good, chosen.suspended, chosen.revoked, chosen.superseded)
    for name in (*(files[each] for each in shown), *others):
        report = check_file(office, read_file(folder / name))
        checks.show(session.screen, report, str(folder / name), is_brief=True)


def _write_licences(session: Session, folder: Path, records: Sequence[LicenceRecord]) -> list[dict[str, object]]:
    """Write all documents under their licence identifiers, check each like a stranger, and return their lines."""
    office = session.office
    with reading(office.database) as tx:
        names = {each.code: each.name for each in catalogue.all_types(tx)}
    evidence, at = office.evidence(), office.clock()
    lines: list[dict[str, object]] = []
    with session.screen.progress("核验全部证照", "Checking all licences") as tick:
        for done, each in enumerate(records, 1):
            answer = ask_registry(office, each.licence_id)
            verdicts = {}
            for form, digest in each.bodies.items():
                content = office.vault.get(digest)
                write_file(folder / _name(each, form), content)
                # Our own documents, straight from the vault, need no bounded process to be read in.
                report = with_registry(examine(content, evidence, at=at), answer, evidence, at=at)
                verdicts[form] = report.verdict.value
            lines.append(
                {
                    "id": each.licence_id,
                    "identifier": each.identifier,
                    "number": each.number,
                    "type": names[each.type_code],
                    "type_code": each.type_code,
                    "state": each.state.value,
                    "file": _name(each, "pdf"),
                    "verdict": verdicts["pdf"],
                    "ofd_file": _name(each, "ofd"),
                    "ofd_verdict": verdicts["ofd"],
                }
            )
            tick(done, len(records))
    return lines


def _name(licence: LicenceRecord, form: str) -> str:
    return f"licences/{licence.identifier}.{form}"


def _document(office: Office, licence_id: str) -> bytes:
    with reading(office.database) as tx:
        record = licences.find_licence(tx, licence_id)
    return b"" if record is None else office.vault.get(record.document_digest)


def _say_where(session: Session, folder: Path, founded: Founded) -> None:
    program = sys.argv[0] if Path(sys.argv[0]).name == "yinzheng" else "yinzheng"
    session.screen.note(
        f"证照文件：{folder}/licences/；根证书与日志公钥：{folder}/trust/；清单：{folder}/summary.json\n"
        f"再试：{program} verify {folder}/licences/*.pdf · {program} doctor · {program} log audit\n"
        f"每种结论一个样例：{program} verify {sample_id(Verdict.WITHDRAWN).typed}（其余见清单）\n"
        f"接口请求头：Authorization: Bearer {founded.bearer}",
        f"Licences: {folder}/licences/ · root certificate and log key: {folder}/trust/ · list: {folder}/summary.json\n"
        f"Then try: {program} verify {folder}/licences/*.pdf · {program} doctor · {program} log audit\n"
        f"A sample of each verdict: {program} verify {sample_id(Verdict.WITHDRAWN).typed} (the list has the others)\n"
        f"Header for the API: Authorization: Bearer {founded.bearer}",
    )
