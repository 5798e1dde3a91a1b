"""Bodies of the verification operations: what is asked, for which purpose, and what is answered.

Promises: a purpose and its legal basis are stated together or not at all; an operator is a pseudonym, never a name.
"""

import base64
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.json_writer import canonical_json
from api.relying import Found, Purposed, Question
from api.v1.schemas import storable
from registry.purposes import Purpose, is_printable, is_stated
from registry.recalls import Recall
from registry.receipts import ReceiptRecord
from signer.receipts import MadeReceipt
from verify.log_proof import LogReceipt
from verify.receipt import read_receipt

# The longest code has 1,100 characters; a scanner may add a prefix of its own.
CODE_LENGTH_MAX: Final = 4_000
# An office's night run comes in parts of this size; one commit of the log each.
BATCH_MAX: Final = 1_000

# What PostgreSQL cannot be asked for would break the questions of all others that are answered in the same round.
_Searched = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]


def _stated(text: str) -> str:
    if not is_stated(text):
        raise ValueError("words that print")
    return text


def _printable(text: str) -> str:
    if not is_printable(text):
        raise ValueError("characters that print")
    return text


_Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$"), AfterValidator(_stated)]
_Case = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"), AfterValidator(_printable)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RelianceIn(_Model):
    """Why an office relies on a licence. `operator` is a pseudonym in hex, which the office alone can resolve.

    `timestamp` asks for a time stamp (RFC 3161) over the receipt.
    """

    purpose: Purpose
    legal_basis: _Text
    item_code: Annotated[str, Field(max_length=33), AfterValidator(storable)] | None = None
    case_number: _Case = ""
    operator: Annotated[str, Field(pattern=r"^([0-9a-f]{2}){16,32}$")] = ""
    keep_until: date | None = None
    timestamp: bool = False

    def to_purposed(self) -> Purposed:
        """Return the stated purpose."""
        return Purposed(
            purpose=self.purpose,
            legal_basis=self.legal_basis,
            item_code=self.item_code,
            case_number=self.case_number,
            operator=bytes.fromhex(self.operator),
            keep_until=self.keep_until,
            timestamp=self.timestamp,
        )


class AskedIn(_Model):
    """One of: the text of a QR code; an id as it is typed; a number with its holder's name or code."""

    text: Annotated[str | None, Field(min_length=1, max_length=CODE_LENGTH_MAX)] = None
    id: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    number: _Searched | None = None
    holder: _Searched | None = None
    type_code: Annotated[str, Field(max_length=21), AfterValidator(storable)] | None = None

    @model_validator(mode="after")
    def _demand_one(self) -> Self:
        if sum(each is not None for each in (self.text, self.id, self.number)) != 1:
            raise ValueError("text, id or number")
        if (self.number is None) != (self.holder is None):
            raise ValueError("number with holder")
        return self

    def to_question(self, *, case_number: str | None = None) -> Question:
        """Return what is to be checked."""
        return Question(
            text=self.text or "",
            typed=self.id or "",
            number=self.number or "",
            holder=self.holder or "",
            type_code=self.type_code,
            case_number=case_number,
        )


class VerifyIn(AskedIn):
    """What is to be checked; with `reliance` for a stated purpose, which needs a key and leaves a receipt."""

    reliance: RelianceIn | None = None


class BatchItemIn(AskedIn):
    """One of many; `ref` is the caller's own and comes back as it is."""

    ref: Annotated[str, Field(max_length=64)] = ""
    case_number: _Case | None = None


class BatchIn(_Model):
    """Up to a thousand checks for one purpose."""

    reliance: RelianceIn
    items: Annotated[tuple[BatchItemIn, ...], Field(min_length=1, max_length=BATCH_MAX)]


class CheckOut(BaseModel):
    """One check: passed, failed, or unknown when it could not be made."""

    model_config = ConfigDict(extra="allow")

    name: str
    result: str
    code: str


class ShownField(BaseModel):
    """A field that the purpose may see. The receipt keeps its number."""

    number: int
    code: str
    name: str
    name_en: str
    value: str


class ReceiptOut(BaseModel):
    """A signed receipt: `cose` in base64, `proof` the C2SP tlog-proof of its entry in the signing log.

    `timestamp` is a time-stamp token (RFC 3161, base64) over the SHA-256 of `cose`, where one was asked for.
    """

    receipt_id: str
    made_at: datetime
    delete_after: datetime
    cose: str
    proof: str
    timestamp: str | None = None

    @classmethod
    def of(cls, record: ReceiptRecord, proof: LogReceipt) -> Self:
        """Copy from the record."""
        return cls(**_receipt(record, proof))


class VerdictOut(BaseModel):
    """The verdict object: the same on pages, in the command line and here. Persons are masked.

    With a stated purpose also `fields`, and the receipt, which is null where nothing could be read or reached.
    """

    model_config = ConfigDict(extra="allow")

    verdict: str
    in_force: bool | None
    genuine: bool | None
    test: bool
    checks: list[CheckOut]
    facts: dict[str, Any]
    as_of: str
    log: dict[str, Any]
    also: list[str]
    fields: list[ShownField] = []
    receipt: ReceiptOut | None = None


class BatchErrorOut(BaseModel):
    """Why one of many was not checked: a mistyped id."""

    code: str
    detail: str


class BatchItemOut(BaseModel):
    """The answer to one of many, in the order in which they were asked: a result or an error."""

    ref: str
    result: VerdictOut | None = None
    error: BatchErrorOut | None = None


class BatchOut(BaseModel):
    """Answers to all of them."""

    items: list[BatchItemOut]


class RecallOut(BaseModel):
    """A licence that changed after it was relied on.

    `was_in_force` is false when it did not hold on the day of the check; `verdict` is what the licence is now.
    """

    number: int
    receipt_id: str
    licence_id: str
    verdict: str
    effective_on: date
    recalled_at: datetime
    was_in_force: bool

    @classmethod
    def of(cls, recall: Recall) -> Self:
        """Copy from the record."""
        return cls(
            number=recall.number,
            receipt_id=recall.receipt_id,
            licence_id=recall.licence_id,
            verdict=recall.state.value,
            effective_on=recall.effective_on,
            recalled_at=recall.recalled_at,
            was_in_force=recall.was_in_force,
        )


class RecallPage(BaseModel):
    """A page of recalls, oldest first. Keep `next` and ask again with it, also when the page was empty."""

    items: tuple[RecallOut, ...]
    next: str | None


class ReceiptLine(BaseModel):
    """One line of an office's list."""

    receipt_id: str
    licence_id: str | None
    purpose: str
    item_code: str | None
    legal_basis: str
    case_number: str
    verdict: str
    made_at: datetime
    delete_after: datetime

    @classmethod
    def of(cls, record: ReceiptRecord) -> Self:
        """Copy from the record."""
        return cls(**_line(record))


class ReceiptPage(BaseModel):
    """A page of receipts, newest first."""

    items: tuple[ReceiptLine, ...]
    next: str | None


class ReceiptWhole(ReceiptLine):
    """A receipt with its proof and what happened since. `operator` is the pseudonym that the office sent."""

    operator: str
    fields: tuple[int, ...]
    checks: dict[str, int]
    receipt: ReceiptOut
    recalls: tuple[RecallOut, ...]

    @classmethod
    def whole(cls, record: ReceiptRecord, proof: LogReceipt, recalls: tuple[Recall, ...]) -> Self:
        """Copy from the record and from the signed bytes."""
        said = read_receipt(record.content)
        return cls(
            **_line(record),
            operator=said.operator.hex(),
            fields=said.fields,
            checks=dict(said.checks),
            receipt=ReceiptOut.of(record, proof),
            recalls=tuple(RecallOut.of(each) for each in recalls),
        )


def relied_object(found: Found) -> dict[str, Any]:
    """Return the answer to a relying office, with its receipt."""
    return {**found.content, "receipt": receipt_object(found.receipt)}


def relied_bytes(found: Found) -> bytes:
    """Return the same as JSON: what the receipt's hash is of, and behind it the receipt."""
    made = found.receipt
    receipt = b"null" if made is None else canonical_json(_receipt(made.record, made.proof))
    return b'%s,"receipt":%s}' % (found.canonical.removesuffix(b"}"), receipt)


def receipt_object(made: MadeReceipt | None) -> Mapping[str, Any] | None:
    """Return a receipt as it is handed out."""
    return None if made is None else ReceiptOut.of(made.record, made.proof).model_dump(mode="json")


def _receipt(record: ReceiptRecord, proof: LogReceipt) -> dict[str, Any]:
    """Return the members of `ReceiptOut`."""
    return {
        "receipt_id": record.receipt_id,
        "made_at": record.made_at,
        "delete_after": record.delete_after,
        "cose": base64.b64encode(record.content).decode(),
        "proof": proof.to_text(),
        "timestamp": None if record.timestamp is None else base64.b64encode(record.timestamp).decode(),
    }


def _line(record: ReceiptRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ReceiptLine.model_fields}
