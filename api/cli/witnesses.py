"""`log witnesses`: how our log stands with its witnesses. `log upgrade`: their word inside a file that was issued."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.files import read_file, write_file
from api.cli.program import ExitCode, group, session_of
from api.cli.screen import Screen
from api.cli.words import moment
from api.errors import NotWitnessedError, UnknownProofError
from api.texts import sentence
from api.wiring import Office
from api.witnessed_proofs import receipt_of_leaf
from registry.cosignatures import LastAnswer
from signer.proof_upgrade import with_better_proof
from signer.witnessing import Standing, standings
from verify.document import read_document

log = group("log")


@log.command("witnesses", help="日志的见证情况；--ask 立即送去见证。 How the log stands with its witnesses.")
def show_witnesses(
    context: typer.Context,
    *,
    ask: Annotated[bool, typer.Option("--ask", help="立即送去见证。 Send the newest checkpoint now.")] = False,
) -> None:
    """Show how each log stands; exit code 5 when an entry waits for longer than the merge delay."""
    session = session_of(context)
    office, screen = session.office, session.screen
    if ask:
        office.witnessing.collect()
    is_overdue = False
    found = standings(office.database, office.witness_policy)
    for each in found:
        is_overdue = is_overdue or each.is_overdue(office.clock())
        _show_standing(screen, office, each)
    if not found:
        screen.note("没有设置见证方（YINZHENG_WITNESSES）", "No witnesses are set (YINZHENG_WITNESSES)")
    raise typer.Exit(ExitCode.LOG if is_overdue else ExitCode.DONE)


@log.command(
    "upgrade",
    help="把有见证的证明放进证照或公文的 PDF、OFD，不动签名内容。 Put the witnessed proof into a licence or document.",
)
def upgrade(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="签发的文件。 A file that was issued.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="写到这里。 Write it there.")],
) -> None:
    """Write the file anew with the witnessed proof of its leaf; what is signed stays byte for byte."""
    session = session_of(context)
    office, document = session.public_office, read_file(file)
    own = read_document(document, None, (), at=office.clock()).receipt
    if own is None:
        raise UnknownProofError
    trust = office.evidence().trust
    receipt = None if trust is None else receipt_of_leaf(office, own, trust.policy)
    if receipt is None:
        raise NotWitnessedError
    write_file(out, with_better_proof(document, receipt))
    session.screen.result(
        {"leaf": receipt.index, "file": str(out)},
        session.screen.say(f"已写出：{out}（条目 {receipt.index}）", f"Written: {out} (entry {receipt.index})"),
    )


def _show_standing(screen: Screen, office: Office, standing: Standing) -> None:
    is_late = standing.is_overdue(office.clock())
    since = "" if standing.waiting_since is None else moment(standing.waiting_since, screen.language)
    head = screen.say(
        f"{'✘' if is_late else '✔'} {standing.origin}：{standing.size} 条，已见证 {standing.witnessed} 条"
        + (f"，最早未见证的记于 {since}" if since else ""),
        f"{'✘' if is_late else '✔'} {standing.origin}: {standing.size} entries, {standing.witnessed} witnessed"
        + (f", the first that is not since {since}" if since else ""),
    )
    names = {f"{each.key.name}+{each.key.key_id.hex()}": each.name for each in office.witness_policy.witnesses}
    answers = {each.witness: each for each in standing.answers}
    lines = [_line(screen, name, answers.get(key)) for key, name in names.items()]
    value = {
        "origin": standing.origin,
        "size": standing.size,
        "witnessed": standing.witnessed,
        "waiting_since": None if standing.waiting_since is None else standing.waiting_since.isoformat(),
        "overdue": is_late,
        "witnesses": [
            {"name": name, "size": answers[key].size, "code": answers[key].code}
            if key in answers
            else {"name": name, "size": None, "code": None}
            for key, name in names.items()
        ],
    }
    screen.result(value, "\n".join((head, *lines)))


def _line(screen: Screen, name: str, answer: LastAnswer | None) -> str:
    if answer is None:
        return screen.say(f"  ？ {name}：尚未询问", f"  ? {name}: not asked yet")
    at = moment(answer.asked_at, screen.language)
    if answer.code:
        return (
            f"  ✘ {name} ({at}): {sentence(answer.code, screen.language, {'size': str(answer.size)})} [{answer.code}]"
        )
    return f"  ✔ {name} ({at}): {answer.size}"
