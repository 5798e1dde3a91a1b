"""`batch check`, `batch run`, `batch status`: sheets of many applications."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli import sheets
from api.cli.files import read_input, write_file
from api.cli.people import ByOption
from api.cli.program import ExitCode, Session, group, session_of
from api.cli.screen import Screen
from api.sm2_choice import choose_sm2
from registry import jobs
from registry.db import reading, transaction
from registry.departments import all_departments
from registry.records import Batch
from signer.batch import progress
from signer.errors import NotApprovedError
from signer.sheet_check import CheckedSheet
from signer.sheets import SHEET_BYTES_MAX
from verify.errors import FieldProblem

SheetArgument = Annotated[
    str,
    typer.Argument(metavar="SHEET", help="CSV 或 XLSX 文件，- 为标准输入。 CSV or XLSX file, - for standard input."),
]
TypeOption = Annotated[
    str | None,
    typer.Option(
        "--type", metavar="CODE", help="表中无“证照类型”列时的类型代码。 Type of a sheet without that column."
    ),
]
PhotosOption = Annotated[
    Path | None, typer.Option("--photos", metavar="FOLDER", help="照片所在文件夹。 Folder with the photos.")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="有问题的行另存为此表。 Write the bad rows, with reasons, there."),
]
_SHOWN_MAX: Final = 50
_COUNTS: Final = ("rows", "issued", "bad", "refused", "chunks_waiting", "chunks_running")

batch = group("batch")


@batch.command(
    help="预检一张表：逐行说明问题，不签发任何证照。 Check a sheet: every problem of every row; nothing is signed."
)
def check(
    context: typer.Context,
    sheet: SheetArgument,
    *,
    only_type: TypeOption = None,
    photos: PhotosOption = None,
    out: OutOption = None,
) -> None:
    """Check a sheet; exit code 2 when a row is bad."""
    session = session_of(context)
    checked = _checked(session, sheet, only_type, photos)
    _tell(session.screen, checked, out)
    raise typer.Exit(ExitCode.USAGE if checked.bad else ExitCode.DONE)


@batch.command(
    help="签发一张表：先预检，再分块签发，可随时中断并用 --continue 接续。"
    " Issue a sheet: check first, then chunk by chunk; may be stopped and gone on with by --continue."
)
def run(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    sheet: Annotated[str | None, typer.Argument(metavar="SHEET", help="CSV 或 XLSX 文件。 CSV or XLSX file.")] = None,
    *,
    only_type: TypeOption = None,
    photos: PhotosOption = None,
    out: OutOption = None,
    good_rows: Annotated[
        bool, typer.Option("--good-rows", help="有问题的行不签发，其余照签。 Leave bad rows out and issue the others.")
    ] = False,
    by: ByOption = None,
    approved_by: Annotated[
        list[str] | None,
        typer.Option(
            "--approved-by",
            metavar="PERSON",
            help="审核人编号；多部门的表逐个列出。 Who approved; one of each office of the sheet.",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="再次签发先前批次已有的行。 Issue rows again that an earlier batch has."),
    ] = False,
    resume: Annotated[
        list[str] | None,
        typer.Option("--continue", metavar="BATCH", help="接续此批次（可多次）。 Go on with this batch (repeatable)."),
    ] = None,
) -> None:
    """Issue a sheet, or go on with batches that were begun."""
    session = session_of(context)
    if (sheet is None) == (resume is None):
        raise typer.BadParameter("SHEET | --continue BATCH", param_hint="SHEET")
    reviewers = tuple(approved_by or ())
    if sheet is None:
        raise typer.Exit(
            _run(session, _Begun(batch_ids=tuple(resume or ()), reviewers=reviewers, checked=None, out=out))
        )
    checked = _checked(session, sheet, only_type, photos)
    if checked.bad and not good_rows:
        _tell(session.screen, checked, out)
        session.screen.note(
            "未签发。改好后再来，或加 --good-rows。", "Nothing issued. Mend the rows, or add --good-rows."
        )
        raise typer.Exit(ExitCode.USAGE)
    sheets.demand_reviewers(session.office, checked, reviewers)
    if not again:
        sheets.demand_new(session.office, checked)
    if out is not None and checked.bad:  # at hand also when the run is interrupted
        _write_bad(session.screen, checked, {}, out)
    started = sheets.start(session.office, checked, officer=by)
    for each in started:
        session.screen.note(f"批次 {each.batch_id}：{each.good} 行", f"Batch {each.batch_id}: {each.good} rows")
    begun = tuple(each.batch_id for each in started)
    raise typer.Exit(_run(session, _Begun(batch_ids=begun, reviewers=reviewers, checked=checked, out=out)))


@batch.command(help="查看批次进度。 Show how far batches are.")
def status(
    context: typer.Context,
    batch_id: Annotated[
        str | None,
        typer.Argument(metavar="BATCH", help="批次编号，缺省列出最近的。 Id of a batch; the newest when left out."),
    ] = None,
) -> None:
    """Show one batch, or the newest of all offices."""
    session = session_of(context)
    office = session.office
    if batch_id is not None:
        batches: tuple[Batch, ...] = (progress(office.database, batch_id),)
    else:
        with reading(office.database) as tx:
            listed = [each for office_of in all_departments(tx) for each in jobs.list_batches(tx, office_of.uscc)]
        batches = tuple(sorted(listed, key=lambda each: each.created_at, reverse=True)[:_SHOWN_MAX])
    show_batches(session.screen, batches)


@batch.command(help="停止批次：余下的行不再签发，已签发的不变。 Stop a batch: what is issued stays, the rest is left.")
def cancel(
    context: typer.Context,
    batch_id: Annotated[str, typer.Argument(metavar="BATCH", help="批次编号。 Its id.")],
) -> None:
    """Stop a batch."""
    session = session_of(context)
    office = session.office
    with transaction(office.database) as tx:
        jobs.cancel_batch(tx, batch_id)
    show_batches(session.screen, (progress(office.database, batch_id),))


def show_batches(screen: Screen, batches: tuple[Batch, ...]) -> None:
    """Show counts of batches, one a line."""
    if screen.as_json:
        for each in batches:
            screen.result(batch_object(each), "")
        return
    headings = (
        ("批次", "状态", "行", "已签发", "表中有误", "签发时被拒", "待签块", "进行中")
        if screen.language == "zh"
        else ("batch", "state", "rows", "issued", "bad", "refused", "waiting", "running")
    )
    states = {
        "open": screen.say("进行中", "open"),
        "done": screen.say("完成", "done"),
        "cancelled": screen.say("已取消", "cancelled"),
    }
    rows = [(each.batch_id, states[each.state], *(str(getattr(each, name)) for name in _COUNTS)) for each in batches]
    screen.result({}, screen.table(headings, rows))


def batch_object(each: Batch) -> dict[str, object]:
    """Return a batch as it stands in JSON."""
    return {name: getattr(each, name) for name in ("batch_id", "issuer", "state", *_COUNTS)}


def _checked(session: Session, sheet: str, only_type: str | None, photos: Path | None) -> CheckedSheet:
    content = read_input(sheet, bytes_max=SHEET_BYTES_MAX)
    finder = sheets.photos_in(photos)
    return sheets.judge(session.office, content, photos=finder, only_type=only_type, screen=session.screen)


def _tell(screen: Screen, checked: CheckedSheet, out: Path | None) -> None:
    """Show the counts and what is wrong with each bad row; write the bad rows out when asked."""
    problems = [
        {"row": row.number, "field": each.field, "code": each.code, "params": dict(each.params)}
        for row in checked.bad
        for each in row.problems
    ]
    counts = (len(checked.rows), len(checked.good), len(checked.bad))
    text = screen.say(
        "共 {} 行   ✔ {} 可签发   ✘ {} 有问题".format(*counts),
        "{} rows   ✔ {} can be issued   ✘ {} cannot".format(*counts),
    )
    lines = [text, *(sheets.row_text(row, screen.language) for row in checked.bad)]
    value = {"rows": counts[0], "good": counts[1], "bad": counts[2], "problems": problems}
    screen.result(value, "\n".join(lines))
    if out is not None and checked.bad:
        _write_bad(screen, checked, {}, out)


def _write_bad(
    screen: Screen, checked: CheckedSheet, refused: Mapping[int, tuple[FieldProblem, ...]], out: Path
) -> None:
    write_file(out, sheets.bad_sheet(checked, refused, out.name))
    screen.note(f"有问题的行：{out}", f"Bad rows: {out}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """Batches that are saved, who approves them, and the sheet that they came from, when it is at hand."""

    batch_ids: tuple[str, ...]
    reviewers: tuple[str, ...]
    checked: CheckedSheet | None
    out: Path | None


def _run(session: Session, begun: _Begun) -> int:
    """Release the batches and issue them, by as many calls as it takes; the registry knows what is done."""
    office, screen = session.office, session.screen
    choose_sm2()  # each licence is checked once more before it is filed, with a dozen such signatures
    going_on = f"yinzheng batch run{session.data_words} " + " ".join(f"--continue {each}" for each in begun.batch_ids)
    try:
        for batch_id in begun.batch_ids:
            sheets.release(office, batch_id, reviewers=begun.reviewers)
        with screen.progress("签发", "Issuing") as tick:
            batches = sheets.run(office, begun.batch_ids, tick=tick, wait=time.sleep)
    except KeyboardInterrupt:
        screen.note(f"已保存，尚未完成。接续：{going_on}", f"Saved, not finished. Go on: {going_on}")
        raise
    except NotApprovedError:
        screen.note(
            f"已保存，等待审核。审核人同意后：{going_on} --approved-by 审核人",
            f"Saved, waiting for approval. When the reviewer agrees: {going_on} --approved-by REVIEWER",
        )
        raise
    show_batches(screen, batches)
    refused = sheets.problems_of_batches(office, begun.batch_ids)
    if begun.checked is not None and begun.out is not None and refused:
        _write_bad(screen, begun.checked, refused, begun.out)
    return ExitCode.USAGE if refused else ExitCode.DONE
