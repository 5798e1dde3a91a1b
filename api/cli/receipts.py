"""`verify receipt`: is this the receipt of a check, unaltered and logged, and what does it say?

Promises:
  * Takes what offices keep: the signed bytes, an answer of the interface as JSON, the printed page as PDF. An answer is
    held against the hash in its receipt: whatever was changed in it makes it none.
  * What could not be checked is said to be so: without a trust list, or without the proof of the log, nothing is good.
  * The exit code is 0 for a good receipt, 1 for a bad signature or another answer, 5 for a bad proof or time stamp, 4
    for what could not be checked.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

from api.cli.files import read_file
from api.cli.program import ExitCode, exit_code_of, explain
from api.cli.screen import Screen
from api.receipt_words import receipt_rows
from api.texts import sentence
from verify.errors import YinzhengError
from verify.evidence import Evidence
from verify.receipt import STAMP_BYTES_MAX, ReceiptCheck, Stamp, check_verification_receipt
from verify.receipt_file import FILE_BYTES_MAX, KeptReceipt, read_receipt_file
from verify.report import Check, Outcome

_PROOF_SUFFIX: Final = ".tlog-proof"
_STAMP_SUFFIX: Final = ".tst"
_PROOF_BYTES_MAX: Final = 64 * 1024
_MARKS: Final = {Outcome.PASSED: "✔", Outcome.FAILED: "✘", Outcome.UNKNOWN: "–"}


def check_receipts(screen: Screen, known: Evidence, names: list[str], *, at: datetime) -> list[int]:
    """Check the receipts in these files, show them, and return their exit codes."""
    return [_check_one(screen, known, name, at) for name in names]


def _check_one(screen: Screen, known: Evidence, name: str, at: datetime) -> int:
    try:
        kept = _read(Path(name))
    except YinzhengError as error:
        text = explain(error, screen.language)
        screen.result({"input": name, "receipt": None, "error": error.code, "detail": text}, f"? {name}\n  {text}")
        return exit_code_of(error)
    stamp = Stamp(token=kept.timestamp, at=at, crls=known.crls)
    check = check_verification_receipt(kept.content, known.trust, proof=kept.proof, stamp=stamp, answer=kept.answer)
    _show(screen, check, name)
    return _exit_code(check)


def _read(path: Path) -> KeptReceipt:
    """Read a receipt, and the proof and the time stamp that lie beside it when they are not inside."""
    kept = read_receipt_file(read_file(path, bytes_max=FILE_BYTES_MAX))
    proof, stamp = path.with_suffix(_PROOF_SUFFIX), path.with_suffix(_STAMP_SUFFIX)
    if not kept.proof and proof.is_file():
        kept = kept._replace(proof=read_file(proof, bytes_max=_PROOF_BYTES_MAX).decode(errors="replace"))
    if not kept.timestamp and stamp.is_file():
        kept = kept._replace(timestamp=read_file(stamp, bytes_max=STAMP_BYTES_MAX))
    return kept


def _show(screen: Screen, check: ReceiptCheck, name: str) -> None:
    colon = "：" if screen.language == "zh" else ": "
    words = [sentence(each.code, screen.language, each.params) for each in check.findings]
    said = check.receipt
    lines = [name]
    value: dict[str, object] = {
        "input": name,
        "good": check.is_good,
        "checks": [
            {"name": each.check.value, "result": each.outcome.value, "code": each.code} for each in check.findings
        ],
        "leaf": check.leaf,
        "receipt": None,
    }
    if said is not None:
        verdict = said.verdicts[-1]
        lines[0] = f"{sentence(f'verdict.{verdict.value}', screen.language)}  {name}"
        lines += (f"  {label}{colon}{text}" for label, text in receipt_rows(said, screen.language))
        value["receipt"] = {
            "receipt_id": said.receipt_id.hex(),
            "issuer": said.issuer,
            "made_at": said.made_at.isoformat(),
            "licence_id": said.licence_id,
            "verdict": verdict.value,
            "office": said.office,
            "purpose": said.purpose,
            "legal_basis": said.legal_basis,
            "case_number": said.case_number,
            "operator": said.operator.hex(),
            "fields": list(said.fields),
            "delete_after": said.delete_after.isoformat(),
            "presented": said.presented.hex(),
            "answer": said.answer.hex(),
        }
    lines += (f"    {_MARKS[each.outcome]} {text}" for each, text in zip(check.findings, words, strict=True))
    screen.result(value, "\n".join(lines))


def _exit_code(check: ReceiptCheck) -> int:
    failed = {each.check for each in check.findings if each.outcome is Outcome.FAILED}
    for kind, code in (
        (Check.FORM, ExitCode.USAGE),
        (Check.LOG, ExitCode.LOG),
        (Check.CLOCK, ExitCode.LOG),
        (Check.SIGNATURE, ExitCode.NOT_GENUINE),
        (Check.CONTENTS, ExitCode.NOT_GENUINE),
    ):
        if kind in failed:
            return code
    return ExitCode.DONE if check.is_good else ExitCode.UNDECIDED
