"""The public's page behind the code on a printed receipt: is it genuine, and what happened to the licence since?

Promises:
  * Whoever has the paper compares: the page tells verdict, moment, office, purpose and licence id as they were signed,
    and neither case number nor operator, for an address is passed on more easily than a paper.
  * Signature, entry in the log and time stamp are checked anew at each visit; what could not be checked is said so.
  * The number in the address is drawn at random (16 bytes): nobody finds the receipts of others by trying.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from fastapi import FastAPI, Request
from starlette.responses import Response

from api.environment import Language
from api.errors import UnknownAddressError
from api.pages.rendering import page_language, render
from api.receipt_page import PAGE_PATH, office_name
from api.texts import day_text, moment_text, sentence
from api.verdicts import LOOKS, Look, headline_later
from api.wiring import Office
from registry.db import reading
from registry.recalls import Recall, recalls_of
from registry.receipts import ReceiptRecord, demand_receipt
from signer.proofs import prove_inclusion
from verify.receipt import ReceiptCheck, Stamp, VerificationReceipt, check_verification_receipt
from verify.report import Outcome
from verify.values import LicenceId
from verify.verdict import Verdict

_ID: Final = re.compile(r"[0-9a-f]{32}")
_LICENCE_ID_LENGTH: Final = 16
_MARKS: Final = {Outcome.PASSED: "✔", Outcome.FAILED: "✘", Outcome.UNKNOWN: "–"}


class _Standing(NamedTuple):
    """How a receipt stands: its look, and the sentences that say so."""

    look: Look
    headline: str
    text: str


# A receipt is shown as a licence of the like standing is.
_GOOD: Final = _Standing(LOOKS[Verdict.VALID], "ui.receipt.good", "ui.receipt.good_text")
_RECALLED: Final = _Standing(LOOKS[Verdict.SUSPENDED], "ui.receipt.recalled", "ui.receipt.recalled_text")
_BAD: Final = _Standing(LOOKS[Verdict.TAMPERED], "ui.receipt.bad", "ui.receipt.bad_text")
_UNCHECKED: Final = _Standing(LOOKS[Verdict.STATUS_UNKNOWN], "ui.receipt.unchecked", "ui.receipt.unchecked_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rechecked:
    """A receipt as it is kept, as it was found now, and what happened since."""

    record: ReceiptRecord
    check: ReceiptCheck
    recalls: tuple[Recall, ...]

    @property
    def standing(self) -> _Standing:
        """Return how it stands; a bad proof counts before what happened since."""
        if any(each.outcome is Outcome.FAILED for each in self.check.findings):
            return _BAD
        if not self.check.is_good:
            return _UNCHECKED
        return _RECALLED if self.recalls else _GOOD


def add_receipt(app: FastAPI) -> None:
    """Add the page to an application whose state has an `office`."""
    app.add_api_route(PAGE_PATH + "{receipt_id}", _show, methods=["GET"], include_in_schema=False)


def _show(request: Request, receipt_id: str) -> Response:
    """Show a receipt. Raises `UnknownAddressError` and `UnknownReceiptError`."""
    if not _ID.fullmatch(receipt_id):
        raise UnknownAddressError
    office: Office = request.app.state.office
    found, language = _rechecked(office, receipt_id), page_language(request)
    values = {
        "standing": found.standing,
        "said": () if found.check.receipt is None else _said(office, found.check.receipt, language),
        "since": [_since(each, language) for each in found.recalls],
        "licence": found.record.licence_id or "",
        "checks": [
            (_MARKS[each.outcome], each.outcome.value, sentence(each.code, language, _sayable(each.params)))
            for each in found.check.findings
        ],
        "at": office.clock(),
    }
    return render(request, "receipt.html", values, switch=PAGE_PATH + receipt_id)


def _rechecked(office: Office, receipt_id: str) -> _Rechecked:
    with reading(office.database) as tx:
        record = demand_receipt(tx, receipt_id)
        recalls = recalls_of(tx, receipt_id)
    proof = prove_inclusion(office.database, office.origin, record.leaf)
    known = office.evidence()
    check = check_verification_receipt(
        record.content,
        known.trust,
        proof="" if proof is None else proof.to_text(),
        stamp=Stamp(token=record.timestamp or b"", at=office.clock(), crls=known.crls),
    )
    return _Rechecked(record=record, check=check, recalls=recalls)


def _said(office: Office, said: VerificationReceipt, language: Language) -> tuple[tuple[str, str], ...]:
    """Return what the receipt says, as far as an address may tell it."""
    is_licence = len(said.licence_id) == _LICENCE_ID_LENGTH
    rows = (
        ("ui.receipt.verdict", headline_later(said.verdicts[-1], language)),
        ("receipt_page.made_at", moment_text(said.made_at, language)),
        ("receipt_page.licence", LicenceId.parse(said.licence_id).typed if is_licence else said.licence_id),
        ("receipt_page.office", f"{office_name(office, said, language)} ({said.office})"),
        ("receipt_page.purpose", sentence(f"purpose.{said.purpose}", language)),
        ("receipt_page.id", said.receipt_id.hex()),
    )
    return tuple((sentence(code, language), value) for code, value in rows if value)


def _sayable(params: Mapping[str, str]) -> Mapping[str, str]:
    """Leave out the stamping authority's name, which has no English: a page says no Chinese unmarked."""
    return {name: value for name, value in params.items() if name != "authority"}


def _since(recall: Recall, language: Language) -> str:
    told = {
        "verdict": sentence(f"verdict.{recall.state.value}", language),
        "on": day_text(recall.effective_on, language),
    }
    return sentence("ui.receipt.since_then" if recall.was_in_force else "ui.receipt.since_before", language, told)
