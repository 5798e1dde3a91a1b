"""`verify`: is this a licence of ours, unaltered, and in force? Files, QR texts, typed ids, folders, many at once.

Promises:
  * Every input gets a verdict, or a sentence why it was not read; one bad input never hides the next.
  * Asks the registry of the deployment; with `--trust` it asks nobody and says what could not be checked.
  * A file is read by the same bounded process that reads uploads.
  * The exit code is that of the worst input, in the order of `program.SEVERITY`.
  * Of a few inputs that are named one by one it is also said whether they are the same licence.
  * With `--trust` nothing is loaded that a deployment needs: a counter without one checks as fast as it can.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from api.cli.contents import HELP
from api.cli.errors import NoFileError, NotWrittenError
from api.cli.files import DOCUMENT_SUFFIXES, STDIN, documents_in, read_file, read_input, write_file
from api.cli.offline import Brought, keep_seen, read_evidence
from api.cli.program import ExitCode, app, exit_code_of, explain, session_of, worst
from api.cli.screen import Screen
from api.clock import clock
from api.sandbox import examine_file
from api.texts import sentence
from api.verdicts import LOOKS, Tone, public_facts, verdict_words
from verify.brought_proof import with_proof
from verify.errors import YinzhengError
from verify.evidence import Evidence
from verify.log_proof import TEXT_LENGTH_MAX
from verify.report import Outcome, Report
from verify.report_objects import public_object
from verify.same_licence import same_licence
from verify.signed_revision import signed_revision as revision_of
from verify.values import LicenceId

if TYPE_CHECKING:
    from api.wiring import Office

_DOCUMENT_HEADS: Final = (b"%PDF-", b"PK\x03\x04")
WORD: Final = "receipt"
"""The first argument that says that receipts follow."""

PROOF_SUFFIX: Final = ".tlog-proof"
UNREAD: Final = "unread"
# So many inputs a person compares: bodies of one licence and its code, or those of two versions.
COMPARED_MAX: Final = 8
# What a code's text, an id or a path has at most; a longer line is no input of ours.
LINE_LENGTH_MAX: Final = 2000
NAME_LENGTH_MAX: Final = 200
# What moves the cursor, turns the direction of writing, is not seen, or is no character at all.
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_STYLES: Final = {
    Tone.IN_FORCE: "bold green",
    Tone.ENDED: "bold red",
    Tone.NOT_NOW: "bold yellow",
    Tone.UNDECIDED: "bold blue",
    Tone.UNREAD: "bold white",
}

InputsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE|FOLDER|TEXT|ID|-|receipt FILE…",
        help="文件、文件夹、二维码内容、核验码，- 为标准输入；receipt 后为核验回执。 "
        "File, folder, text of a code, id, - for stdin; or receipt and files of receipts.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """One thing to check: how it is called, its bytes or its text, and the log proof that lies beside it."""

    name: str
    document: bytes | None = None
    text: str = ""
    proof: str = ""


class _Checked(NamedTuple):
    """How the check of one input ended; without a report when it was not read."""

    code: int
    report: Report | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checker:
    """Checks inputs: with the deployment's registry, or by the evidence that was brought along."""

    office: "Office | None"
    evidence: Evidence | None
    proof: str = ""

    def known(self) -> Evidence:
        """Return what a check may rely on without asking the registry."""
        if self.office is not None:
            return self.office.evidence()
        return self.evidence or Evidence(trust=None)

    def check(self, each: _Input) -> Report:
        """Return the report of one input. Raises `TypingError` for a mistyped id, a `SandboxError`."""
        report, proof = self._checked(each), self.proof or each.proof
        return with_proof(report, proof, self.known().trust, at=report.at) if proof else report

    def _checked(self, each: _Input) -> Report:
        if self.office is not None:
            from api.checking import check_entry, check_file  # brings the registry

            if each.document is not None:
                return check_file(self.office, each.document)
            return check_entry(self.office, each.text)
        evidence = self.evidence or Evidence(trust=None)
        if each.document is not None:
            return examine_file(each.document, evidence, at=clock())
        from verify.examine import examine_id, examine_text  # files are read by another process

        if "#" in each.text or "/" in each.text:
            return examine_text(each.text, evidence, at=clock())
        return examine_id(LicenceId.parse_typed(each.text), evidence, at=clock())


@app.command(help=HELP["verify"])
def verify(  # noqa: PLR0913 - each option is an argument
    context: typer.Context,
    inputs: InputsArgument,
    *,
    trust: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help="脱机：信任名单、核验包或公开文件夹。 Offline: trust list, counter pack, or published folder.",
        ),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="FILE", help="脱机：信任名单的根公钥（PEM）。 Offline: its root key (PEM).")
    ] = None,
    status: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="脱机：状态名单（可多个）。 Offline: status lists.")
    ] = None,
    crl: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="脱机：吊销列表（可多个）。 Offline: revocation lists.")
    ] = None,
    proof: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="日志证明（缺省为文件旁的 FILE.tlog-proof）。 Log proof; by itself FILE.tlog-proof beside a file.",
        ),
    ] = None,
    signed_revision: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="签名后又有添加的 PDF：另存签名时的文件。 Of one PDF that was added to: save it as it was signed.",
        ),
    ] = None,
) -> None:
    """Check many inputs and end with the worst one's exit code."""
    session = session_of(context)
    if (trust is None) != (root is None):
        raise typer.BadParameter("--trust … --root …", param_hint="--trust")
    if proof is not None and len(inputs) != 1:
        raise typer.BadParameter("1 FILE|TEXT", param_hint="--proof")
    brought_proof = "" if proof is None else read_proof(proof)
    if trust is None or root is None:
        checker = _Checker(office=session.public_office, evidence=None, proof=brought_proof)
    else:
        brought = Brought(trust=trust, root=root, status=tuple(status or ()), revocation=tuple(crl or ()))
        checker = _Checker(office=None, evidence=_opened(session.screen, brought), proof=brought_proof)
    if signed_revision is not None:
        if len(inputs) != 1 or not _is_there(Path(inputs[0])):
            raise typer.BadParameter("1 FILE", param_hint="--signed-revision")
        raise typer.Exit(worst(_check_and_cut(session.screen, checker, inputs[0], signed_revision)))
    if inputs[0] == WORD and len(inputs) > 1:
        from api.cli.receipts import check_receipts  # needed by receipts alone

        raise typer.Exit(worst(check_receipts(session.screen, checker.known(), inputs[1:], at=clock())))
    raise typer.Exit(worst(_check_all(session.screen, checker, inputs)))


def _opened(screen: Screen, brought: Brought) -> Evidence:
    """Open what was brought along; where its number cannot be kept, as on a read-only stick, that is said."""
    evidence = read_evidence(brought, at=clock())
    try:
        keep_seen(brought, evidence)
    except NotWrittenError as error:
        screen.note(
            f"信任名单的版次没能记下，下次认不出更旧的名单：{error.params['name']}",
            f"The trust list's number could not be kept, so an older list will pass later: {error.params['name']}",
        )
    return evidence


def show(screen: Screen, report: Report, name: str, *, is_brief: bool = False) -> None:
    """Show one report: headline, reason, next step; then facts and each check, unless it is to be brief."""
    words = verdict_words(report, screen.language)
    colon = "：" if screen.language == "zh" else ": "
    head = screen.paint(f"{words.look.mark} {words.headline}", _STYLES[words.look.tone])
    lines = ["  ".join(text for text in (head, words.kind, _short(name)) if text)]
    lines += (f"  {text}" for text in (words.test_notice, words.sentence) if text)
    lines += (f"  ! {text}" for text in words.notices)
    lines.append(f"  → {words.next_step}")
    if not is_brief:
        lines += (f"  {fact.name}{colon}{fact.value}" for fact in public_facts(report, screen.language))
        lines += (f"    {each.mark} {each.name}{colon}{each.found}" for each in words.checks)
    screen.result({"input": name, **public_object(report)}, "\n".join(lines))


def _check_all(screen: Screen, checker: _Checker, inputs: list[str]) -> list[int]:
    """Check all inputs one after the other and return their exit codes."""
    checked: list[_Checked] = []
    for given in inputs:
        try:
            checked += (_check_one(screen, checker, each) for each in _expanded(given))
        except YinzhengError as error:
            checked.append(_Checked(_tell(screen, given, error), None))
    codes = [each.code for each in checked]
    if len(codes) > 1:
        _sum_up(screen, codes)
    if len(inputs) == len(checked):
        _compare(screen, inputs, [each.report for each in checked])
    return codes


def _check_and_cut(screen: Screen, checker: _Checker, given: str, out: Path) -> list[int]:
    """Check a file and save what was signed of it; return both exit codes."""
    try:
        document = read_file(Path(given))
        checked = _check_one(screen, checker, _of_file(given, Path(given)))
        if checked.report is None:
            return [checked.code]
        content = revision_of(document, checked.report.signatures)
        write_file(out, content)
    except YinzhengError as error:
        return [_tell(screen, given, error)]
    screen.note(
        f"签名时的文件（{len(content)} 字节）已存为 {out}",
        f"The file as it was signed ({len(content)} bytes) is in {out}",
    )
    return [checked.code]


def _compare(screen: Screen, inputs: list[str], reports: list[Report | None]) -> None:
    """Say whether the inputs that were named one by one are the same licence."""
    read = [each for each in reports if each is not None]
    if not 1 < len(read) == len(reports) <= COMPARED_MAX:
        return
    found = same_licence(read)
    is_same = {Outcome.PASSED: True, Outcome.FAILED: False}.get(found.outcome)
    words = sentence(found.code, screen.language, found.params)
    screen.result({"inputs": inputs, "same_licence": is_same, "code": found.code}, words)


def _sum_up(screen: Screen, codes: list[int]) -> None:
    in_force, ended, false = (codes.count(code) for code in (0, ExitCode.NOT_IN_FORCE, ExitCode.NOT_GENUINE))
    rest = len(codes) - in_force - ended - false
    screen.note(
        f"共 {len(codes)} 份：有效 {in_force}，真实但不在有效状态 {ended}，不真实 {false}，其他 {rest}",
        f"{len(codes)} checked: {in_force} in force, {ended} genuine, not in force, {false} not genuine, {rest} other",
    )


def _short(name: str) -> str:
    """Return how an input is called in a headline: of a code its address, for its digits help nobody.

    A stranger's file may bear a name that moves the cursor, or goes on with a verdict in a line of its own.
    """
    name = _UNSEEN.sub("\ufffd", name)
    address, hash_sign, _ = name.partition("#")
    return f"{address}#…" if hash_sign and len(name) > NAME_LENGTH_MAX else name


def _check_one(screen: Screen, checker: _Checker, each: _Input) -> _Checked:
    try:
        report = checker.check(each)
    except YinzhengError as error:
        return _Checked(_tell(screen, each.name, error), None)
    show(screen, report, each.name)
    return _Checked(LOOKS[report.verdict].exit_code, report)


def _tell(screen: Screen, name: str, error: YinzhengError) -> int:
    """Say why an input was not checked: as a line of the results too, so that a list has one for each input."""
    sentence = explain(error, screen.language)
    screen.result(
        {"input": name, "verdict": None, "error": error.code, "detail": sentence}, f"? {_short(name)}\n  {sentence}"
    )
    return exit_code_of(error)


def _expanded(given: str) -> Iterator[_Input]:
    """Yield what an argument stands for: the documents of a folder, the lines of standard input, or itself."""
    path = Path(given)
    if given == STDIN:
        yield from _from_stdin()
    elif _is_there(path) and path.is_dir():
        found = False
        for each in documents_in(path):
            found = True
            yield _of_file(str(each), each)
        if not found:
            raise NoFileError(params={"name": str(path / "*.pdf, *.ofd")})
    elif _is_there(path):
        yield _of_file(given, path)
    elif path.suffix.lower() in DOCUMENT_SUFFIXES:
        raise NoFileError(params={"name": given})
    else:
        yield _Input(name=given, text=given)


def _of_file(name: str, path: Path) -> _Input:
    """Return a file as an input, with the log proof that lies beside it under its name."""
    beside, proof = path.with_name(path.name + PROOF_SUFFIX), ""
    if _is_there(beside):
        try:
            proof = read_proof(beside)
        except YinzhengError:
            proof = UNREAD  # the file itself is checked all the same, and this is said to be of no use
    return _Input(name=name, document=read_file(path), proof=proof)


def read_proof(path: Path) -> str:
    """Read a log proof; what is no text is none, and is said to be of no use. Raises `NoFileError`."""
    return read_file(path, bytes_max=TEXT_LENGTH_MAX).decode(errors="replace")


def _from_stdin() -> Iterator[_Input]:
    """Yield a document, or a text for each line: a hand scanner ends each code with Enter."""
    content = read_input(STDIN)
    if content.lstrip().startswith(_DOCUMENT_HEADS):
        yield _Input(name=STDIN, document=content)
        return
    for line in content.decode("utf-8", errors="replace").splitlines():
        if line.strip():
            yield _Input(name=line.strip()[:LINE_LENGTH_MAX], text=line.strip()[:LINE_LENGTH_MAX])


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a text that no file could be called
        return False
