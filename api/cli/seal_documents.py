"""`seal document` and `seal finish`: official documents, sealed at once or after somebody looked at the very bytes.

Promises:
  * `seal document` prepares, shows where the seal stands, and seals; with `--prepare-only` it stops before the seal,
    and `seal finish` seals exactly what was prepared then.
  * `--slip` writes half a sheet with title, id and code of what was sealed; `--slip-page` seals it with the document.
  * `--pictures` writes a picture of each page, drawn from the bytes that will be signed; of an OFD a list of
    what its pages show.
"""

from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from api.cli.files import read_input, write_file
from api.cli.people import ApprovedByOption, ByOption, operator_for
from api.cli.program import Session, session_of
from api.cli.seals import seal
from api.official_sealing import (
    bytes_of,
    demand_document,
    inventory_of,
    page_of,
    prepare_upload,
    seal_prepared,
    slip_of,
)
from registry.official_documents import OfficialRecord
from registry.records import Role
from signer.official import acts
from signer.official.acts import Wanted
from signer.official.places import Anchor, Placing, Spot
from signer.official.wishes import Layout
from verify.signed_document import DOCUMENT_BYTES_MAX
from verify.values import LicenceId

OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="另存用印后的文件。 Write the sealed file there.")
]
PicturesOption = Annotated[
    Path | None,
    typer.Option(
        "--pictures",
        metavar="FOLDER",
        help="写出每页的图片供查看（OFD 写出内容清单）。 Write a picture of each page there; of an OFD a list.",
    ),
]
SlipOption = Annotated[
    Path | None, typer.Option("--slip", metavar="FILE", help="用印后另存核验单。 Write a slip with id and code there.")
]
_ENDS_OF_A_LINE: Final = 2


class _Files(NamedTuple):
    """Where the document and its slip are to be written."""

    document: Path | None
    slip: Path | None


@seal.command(help="给一份公文（PDF 或 OFD）用印。 Seal an official document, PDF or OFD.")
def document(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="PDF 或 OFD，- 为标准输入。 PDF or OFD, - for stdin.")],
    *,
    department: Annotated[str, typer.Option(metavar="USCC", help="用印单位的统一社会信用代码。 Whose document it is.")],
    title: Annotated[str, typer.Option(metavar="TEXT", help="公文标题。 Title of the document.")],
    page: Annotated[int | None, typer.Option(metavar="N", help="页码，从 1 起。 Page, from 1.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="X,Y", help="印章中心，毫米，自左上角。 Middle of the seal, in mm.")
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="印章压在此文字上（最后一处）。 Text to stand over, the last one."),
    ] = None,
    riding: Annotated[
        bool, typer.Option("--riding", help="各页右缘加盖骑缝章。 Cross-page seal on all pages.")
    ] = False,
    item: Annotated[str | None, typer.Option(metavar="CODE", help="政务服务事项编码。 Service item.")] = None,
    grant: Annotated[str | None, typer.Option(metavar="ID", help="用印授权编号，缺省自动选择。 Grant to use.")] = None,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="只准备，不用印。 Prepare only; `seal finish` seals.")
    ] = False,
    slip_page: Annotated[
        bool, typer.Option("--slip-page", help="在末页后附核验单并一同用印。 Put the slip behind the last page too.")
    ] = False,
    pictures: PicturesOption = None,
    out: OutOption = None,
    slip: SlipOption = None,
    by: ByOption = None,
    approved_by: ApprovedByOption = None,
) -> None:
    """Prepare a document, and seal it unless told to stop there."""
    session = session_of(context)
    office = session.office
    upload = read_input(file, bytes_max=DOCUMENT_BYTES_MAX)
    place = Anchor(text=anchor, page=page) if anchor is not None else _spot(page, at)
    placing = Placing(at=place, riding=riding)
    wanted = Wanted(title=title, placing=placing, item_code=item, grant_id=grant, slip_page=slip_page)
    operator = operator_for(office.database, department, Role.ISSUING_OFFICER, by)
    record = prepare_upload(office, upload, wanted, operator=operator)
    _write_pictures(session, record, pictures)
    if prepare_only:
        _show(session, record, _Files(out, None))
    else:
        _finish(session, record, record.prepared_digest, (operator.person_id, approved_by), _Files(out, slip))


@seal.command(help="对已准备的公文用印。 Seal a document that was prepared.")
def finish(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    document_id: Annotated[str, typer.Argument(metavar="ID", help="准备时给出的编号。 The id that preparing gave.")],
    *,
    digest: Annotated[str, typer.Option(metavar="SHA256", help="所查看内容的摘要。 Digest of the bytes looked at.")],
    out: OutOption = None,
    slip: SlipOption = None,
    by: ByOption = None,
    approved_by: ApprovedByOption = None,
) -> None:
    """Seal exactly what was prepared under this digest."""
    session = session_of(context)
    record = demand_document(session.office, LicenceId.parse_typed(document_id).text)
    _finish(session, record, digest, (by, approved_by), _Files(out, slip))


def _finish(
    session: Session, record: OfficialRecord, digest: str, persons: tuple[str | None, str | None], files: _Files
) -> None:
    office = session.office
    officer, reviewer = persons
    operator = operator_for(office.database, record.department, Role.ISSUING_OFFICER, officer)
    if reviewer is not None:
        second = operator_for(office.database, record.department, Role.REVIEWER, reviewer)
        acts.approve(office.desk, record.document_id, digest=digest, operator=second, at=office.clock())
    sealed = seal_prepared(office, record.document_id, digest=digest, operator=operator)
    _show(session, sealed, files)


def _spot(page: int | None, at: str | None) -> Spot | None:
    if at is None:
        return None
    parts = at.split(",")
    try:
        x, y = (float(each) for each in parts) if len(parts) == _ENDS_OF_A_LINE else (-1.0, -1.0)
    except ValueError as error:
        raise typer.BadParameter("X,Y", param_hint="--at") from error
    return Spot(page=page or 1, x=x, y=y)


def _write_pictures(session: Session, record: OfficialRecord, folder: Path | None) -> None:
    if folder is not None and record.form == "ofd":
        write_file(folder / f"{record.document_id}.json", inventory_of(session.office, record).encode())
    elif folder is not None:
        for page in range(1, record.pages + 1):
            write_file(folder / f"{record.document_id}-{page}.png", page_of(session.office, record, page))


def _show(session: Session, record: OfficialRecord, files: _Files) -> None:
    out = files.document
    if out is not None:
        write_file(out, bytes_of(session.office, record))
    if files.slip is not None:
        write_file(files.slip, slip_of(session.office, record))
    value = {
        "document_id": record.document_id,
        "state": record.state.value,
        "prepared_digest": record.prepared_digest,
        "document_digest": record.document_digest,
        "seal_code": record.seal_code,
        "grant_id": record.grant_id,
        "places": [
            {"page": each.page, "x": round(each.x, 2), "y": round(each.y, 2)}
            for each in Layout.from_text(record.layout).boxes
        ],
        "address": f"{session.settings.public_address}/v/{record.document_id}",
        "file": None if out is None else str(out),
        "slip": None if files.slip is None else str(files.slip),
    }
    typed = LicenceId.parse(record.document_id).typed
    if record.document_digest is None:
        text = session.screen.say(
            f"已准备，尚未用印  {typed}\n  摘要  {record.prepared_digest}",
            f"Prepared, not yet sealed  {typed}\n  digest  {record.prepared_digest}",
        )
    else:
        text = session.screen.say(
            f"✔ 已用印  {typed}\n  核验页  {value['address']}", f"✔ Sealed  {typed}\n  page    {value['address']}"
        )
    session.screen.result(value, text + ("" if out is None else f"\n  {record.form.upper()}     {out}"))
