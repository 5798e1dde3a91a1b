"""Receipts of a town without HTTP: its book, and what receipts are made of."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from registry.purposes import Purpose
from signer.receipts import MadeReceipt, ReceiptBook, ReceiptDraft, Reliance
from tests.town import BUREAU, HOST, Town
from verify.verdict import Verdict


def book_of(town: Town, **changes: Any) -> ReceiptBook:
    """Return the book of a town's receipts."""
    desk = town.desk
    parts = {"log": desk.log, "timestamps": desk.timestamps, "issuer": HOST, "random": desk.random}
    return ReceiptBook(**{"database": town.database, "custody": desk.custody, **parts, **changes})


def drafted(
    town: Town, licence_id: str = "89RBVZ9NYCEFXWTS", *, verdict: Verdict = Verdict.VALID, **changes: Any
) -> ReceiptDraft:
    """Return what a receipt of the bureau is made of; `changes` are of its reliance."""
    reliance = {
        "office": BUREAU,
        "client": "counter",
        "purpose": Purpose.SUPERVISION,
        "legal_basis": "《食品安全法》第一百一十条",
        "case_number": "示检〔2026〕7号",
        "operator": b"_" * 16,
        "delete_after": town.now + timedelta(days=100),
        **changes,
    }
    return ReceiptDraft(
        reliance=Reliance(**reliance),
        verdict=verdict,
        licence_id=licence_id,
        presented=sha256(b"token").digest(),
        checks={"form": 0, "signature": 0},
        fields=(1, 2, 3),
        answer=sha256(b"answer").digest(),
    )


def makes(town: Town, *drafts: ReceiptDraft) -> tuple[MadeReceipt, ...]:
    """Make receipts; one as usual when nothing is said."""
    return book_of(town).make(drafts or (drafted(town),), at=town.now)
