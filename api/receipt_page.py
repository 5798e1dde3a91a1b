"""A receipt on paper: what its claims say, in words, as PDF/A with the signed receipt and its proof inside.

Promises: nothing is printed that the receipt does not say; so neither holder nor contents of the licence are on it.
Fields stand there by the names that the catalogue has for their numbers. Its code leads to our page that checks the
receipt anew.
"""

from typing import Final

from api.environment import Language
from api.receipt_words import receipt_rows
from api.texts import sentence
from api.verdicts import headline_later
from api.wiring import Office
from registry import receipts
from registry.db import reading
from registry.departments import find_department
from registry.disclosures import field_names, find_disclosables
from signer.page.model import AttachedFile
from signer.page.press import About
from signer.page.sheet import Sheet, SheetGroup
from signer.proofs import prove_inclusion
from signer.receipts import MadeReceipt
from verify.attached import RECEIPT_FILE, RECEIPT_PROOF_FILE, RECEIPT_STAMP_FILE
from verify.errors import YinzhengError
from verify.receipt import OUTCOME_NUMBER, VerificationReceipt, read_receipt
from verify.report import Check
from verify.verdict import Verdict

PAGE_PATH: Final = "/r/"
"""Where the code on the paper leads: the receipt is checked there anew (`api/pages/receipt.py`)."""

_TAGS: Final = {"zh": "zh-CN", "en": "en"}
_OUTCOMES: Final = {number: outcome for outcome, number in OUTCOME_NUMBER.items()}


def kept_receipt(office: Office, receipt_id: str) -> MadeReceipt:
    """Return a receipt with the proof under the newest checkpoint. Raises `UnknownReceiptError`."""
    with reading(office.database) as tx:
        record = receipts.demand_receipt(tx, receipt_id)
    proof = prove_inclusion(office.database, office.origin, record.leaf)
    if proof is None:
        raise YinzhengError("a receipt without its leaf")
    return MadeReceipt(record=record, proof=proof)


def receipt_page(office: Office, kept: MadeReceipt, language: Language) -> bytes:
    """Return the sheet of a receipt as a PDF."""
    said = read_receipt(kept.record.content)
    relied, host = _relied_rows(office, said, kept, language), office.settings.host
    sheet = Sheet(
        title=sentence("receipt_page.title", language),
        headline=headline_later(Verdict(kept.record.verdict), language),
        groups=(
            SheetGroup(heading=sentence("receipt_page.relied", language), rows=relied),
            SheetGroup(heading=sentence("receipt_page.checks", language), rows=_check_rows(said, language)),
            SheetGroup(heading=sentence("receipt_page.proof", language), rows=_proof_rows(said, kept, language)),
        ),
        footer=sentence("receipt_page.footer", language),
        address=f"{office.settings.public_address}{PAGE_PATH}{kept.record.receipt_id}",
        code_words=sentence("receipt_page.code", language),
    )
    about = About(
        title=f"{sentence('receipt_page.title', language)} {kept.record.receipt_id}",
        author=host,
        created=said.made_at,
        identifier=said.receipt_id,
        files=_files(kept),
    )
    return office.press.text_sheet(sheet, about, language=_TAGS[language])


def office_name(office: Office, said: VerificationReceipt, language: Language) -> str:
    """Return the name of the office that relied, or its code where the registry does not know it."""
    with reading(office.database) as tx:
        department = find_department(tx, said.office)
    if department is None:
        return said.office
    return department.name_en if language == "en" else department.name


def _relied_rows(
    office: Office, said: VerificationReceipt, kept: MadeReceipt, language: Language
) -> tuple[tuple[str, str], ...]:
    item = kept.record.item_code
    who = (sentence("receipt_page.office", language), f"{office_name(office, said, language)} ({said.office})")
    items = () if item is None else ((sentence("receipt_page.item", language), item),)
    licence = find_disclosables(office.database, (said.licence_id,)).get(said.licence_id)
    names = {} if licence is None else field_names(licence, in_english=language == "en")
    return (who, *receipt_rows(said, language, names), *items)


def _check_rows(said: VerificationReceipt, language: Language) -> tuple[tuple[str, str], ...]:
    return tuple(
        (sentence(f"check.{each.value}", language), sentence(f"result.{outcome.value}", language))
        for each in Check
        if (outcome := _OUTCOMES.get(said.checks.get(each.value, -1))) is not None
    )


def _proof_rows(said: VerificationReceipt, kept: MadeReceipt, language: Language) -> tuple[tuple[str, str], ...]:
    rows = (
        ("receipt_page.id", kept.record.receipt_id),
        ("receipt_page.issuer", said.issuer),
        ("receipt_page.leaf", str(kept.record.leaf)),
        ("receipt_page.presented", said.presented.hex()),
        ("receipt_page.answer", said.answer.hex()),
        ("receipt_page.timestamp", "" if kept.record.timestamp is None else f"RFC 3161 ({RECEIPT_STAMP_FILE})"),
    )
    return tuple((sentence(code, language), value) for code, value in rows if value)


def _files(kept: MadeReceipt) -> tuple[AttachedFile, ...]:
    stamp = kept.record.timestamp
    stamps = () if stamp is None else (_attached_stamp(stamp),)
    return (
        AttachedFile(
            name=RECEIPT_FILE, media_type="application/cose", relationship="Source", content=kept.record.content
        ),
        AttachedFile(
            name=RECEIPT_PROOF_FILE,
            media_type="text/plain",
            relationship="Data",
            content=kept.proof.to_text().encode(),
        ),
        *stamps,
    )


def _attached_stamp(content: bytes) -> AttachedFile:
    return AttachedFile(
        name=RECEIPT_STAMP_FILE, media_type="application/cms", relationship="Supplement", content=content
    )
