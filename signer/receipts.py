"""Make verification receipts: sign them with the counted key, log their hashes, keep them.

Promises:
  * A receipt is handed out when its hash is in the log and its row is committed, and never before; both are one commit,
    so that no leaf is without its row.
  * However many callers and receipts wait, they share that commit: while one group is written the next one collects,
    without a timer. A batch is one group.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from keys.custody import DEPLOYMENT, Custody
from keys.timestamps import TimestampSource
from registry.db import Database, Transaction, refuse_inside_transaction
from registry.purposes import Purpose
from registry.receipts import ReceiptRecord, file_receipts
from signer.group import Group, Take, Ticket
from signer.log import SigningLog
from signer.log_entries import EntryDraft
from verify.algorithms import der_to_raw
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind
from verify.log_proof import LogReceipt
from verify.receipt import (
    RECEIPT_ID_BYTES,
    VerificationReceipt,
    assemble_receipt,
    receipt_to_be_signed,
)
from verify.verdict import Verdict

# One commit of the log carries a batch of the largest size and what came in meanwhile.
RECEIPTS_MAX: Final = 1000


def nothing_to_do() -> None:
    """Do nothing: nobody wants to know."""


class Reliance(NamedTuple):
    """Who relies on a licence, and what for; ``operator`` is a pseudonym that the office alone can resolve.

    ``stamped`` wants a time stamp (RFC 3161) over the receipt beside its signature.
    """

    office: str
    client: str
    purpose: Purpose
    legal_basis: str
    delete_after: datetime
    item_code: str | None = None
    case_number: str = ""
    operator: bytes = b""
    stamped: bool = False

    def __repr__(self) -> str:
        return f"Reliance({self.office}, {self.purpose.value})"


class ReceiptDraft(NamedTuple):
    """What a receipt is made of: who relied, what was presented, what was found and shown."""

    reliance: Reliance
    verdict: Verdict
    licence_id: str
    presented: bytes
    checks: Mapping[str, int]
    fields: tuple[int, ...]
    answer: bytes


class MadeReceipt(NamedTuple):
    """A receipt that is kept, with the proof of its place in the log."""

    record: ReceiptRecord
    proof: LogReceipt


@dataclass(slots=True, kw_only=True)
class _Signed:
    """A receipt that is signed; its place in the log is not known yet."""

    draft: ReceiptDraft
    receipt: VerificationReceipt
    content: bytes = field(repr=False)
    digest: bytes
    timestamp: bytes | None = field(repr=False)


@dataclass(slots=True, eq=False)
class _Ticket(Ticket):
    """One caller's signed receipts, and what became of them."""

    signed: tuple[_Signed, ...]
    at: datetime
    made: tuple[MadeReceipt, ...] | None = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptBook:
    """The receipts of one deployment. Share one object among the threads of a process."""

    database: Database
    custody: Custody
    log: SigningLog
    timestamps: TimestampSource
    issuer: str
    random: Callable[[int], bytes]
    _group: Group[_Ticket] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_group", Group(self._lead))

    def make(
        self, drafts: Sequence[ReceiptDraft], *, at: datetime, at_disk: Callable[[], None] = nothing_to_do
    ) -> tuple[MadeReceipt, ...]:
        """Make receipts and return them in the same order.

        1. Sign. 2. Log and keep, which is mostly waiting for the disk: `at_disk` is called before. Raises what custody,
        time stamps, log and database raise; then none of them counts.
        """
        refuse_inside_transaction(self.database)
        if not drafts:
            return ()
        ticket = _Ticket(self._signed(drafts, at=at), at)  # (1)
        at_disk()
        self._group.join(ticket)
        if ticket.error is not None:
            raise ticket.error
        return ticket.made or ()

    def _lead(self, take: Take[_Ticket]) -> None:
        tickets = take()
        signed = [each for ticket in tickets for each in ticket.signed]
        made: list[MadeReceipt] = []

        def keep(tx: Transaction, proofs: Sequence[LogReceipt]) -> None:
            made[:] = [
                MadeReceipt(record=_record(each, proof.index), proof=proof)
                for each, proof in zip(signed, proofs, strict=True)
            ]
            file_receipts(tx, [each.record for each in made], at=max(each.at for each in tickets))

        try:
            entries = [EntryDraft(kind=EntryKind.RECEIPT, digest=each.digest) for each in signed]
            self.log.append(entries, filing=keep)  # (2)
        except BaseException as error:  # noqa: BLE001 - every caller that waits must hear of it; each raises it again
            for ticket in tickets:
                ticket.error = error
            return
        rest = iter(made)
        for ticket in tickets:
            ticket.made = tuple(next(rest) for _ in ticket.signed)

    def _signed(self, drafts: Sequence[ReceiptDraft], *, at: datetime) -> tuple[_Signed, ...]:
        """Sign receipts, one right behind the other: a processor is quicker at what it has just done."""
        receipts = [self._receipt(each, at=at) for each in drafts]
        key = self.custody.newest(KeyPurpose.RECEIPT, DEPLOYMENT)
        kid = self.custody.public_key(key).kid
        signatures = self.custody.sign_counted_each(key, [receipt_to_be_signed(each, kid) for each in receipts])
        return tuple(
            self._stamped(draft, receipt, assemble_receipt(receipt, kid, der_to_raw(signature)))
            for draft, receipt, signature in zip(drafts, receipts, signatures, strict=True)
        )

    def _stamped(self, draft: ReceiptDraft, receipt: VerificationReceipt, content: bytes) -> _Signed:
        """Have a receipt stamped where that is wanted."""
        digest = sha256(content).digest()
        timestamp = self.timestamps.stamp(digest) if draft.reliance.stamped else None
        return _Signed(draft=draft, receipt=receipt, content=content, digest=digest, timestamp=timestamp)

    def _receipt(self, draft: ReceiptDraft, *, at: datetime) -> VerificationReceipt:
        reliance, number = draft.reliance, draft.verdict.receipt_number
        if number is None:
            raise ValueError("no receipt is made of what could not be read, reached or timed")
        return VerificationReceipt(
            issuer=self.issuer,
            receipt_id=self.random(RECEIPT_ID_BYTES),
            made_at=at.replace(microsecond=0),
            licence_id=draft.licence_id,
            presented=draft.presented,
            result=number,
            checks=draft.checks,
            office=reliance.office,
            operator=reliance.operator,
            purpose=reliance.purpose.value,
            legal_basis=reliance.legal_basis,
            case_number=reliance.case_number,
            fields=draft.fields,
            delete_after=reliance.delete_after.replace(microsecond=0),
            answer=draft.answer,
        )


def _record(signed: _Signed, leaf: int) -> ReceiptRecord:
    receipt, draft = signed.receipt, signed.draft
    return ReceiptRecord(
        receipt_id=receipt.receipt_id.hex(),
        licence_id=receipt.licence_id or None,
        office=receipt.office,
        client=draft.reliance.client,
        purpose=receipt.purpose,
        item_code=draft.reliance.item_code,
        legal_basis=receipt.legal_basis,
        case_number=receipt.case_number,
        operator=receipt.operator or None,
        verdict=draft.verdict.value,
        in_force=draft.verdict.is_in_force is True,
        made_at=receipt.made_at,
        delete_after=receipt.delete_after,
        content=signed.content,
        timestamp=signed.timestamp,
        leaf=leaf,
    )
