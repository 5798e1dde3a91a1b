"""Verification receipt: what an office keeps in its case file instead of a copy of the licence.

Promises:
  * Says what was found when, for whom and what for; of the person behind the operator only a pseudonym that the relying
    office alone can resolve, of the licence its id and hashes.
  * Reading is strict: deterministic CBOR, no unknown key, nothing left over; writing and reading are inverse.
  * The signature and the log entry are two proofs, each passed, failed or not checked; neither stands for the other. A
    time stamp is a third one where there is one.

Tagged COSE_Sign1 with an empty unprotected header, protected {1, 4, 16: "application/cwt"}, ES256 by the ``receipt``
key; claims 1 issuer · 6 issued · 7 id of 16 bytes · -70020: {1 licence id, 2 SHA-256 of what was presented, 3 verdict's
number, 4 single checks, 5 relying office, 6 operator's pseudonym, 7 purpose, 8 legal basis, 9 case number, 10 numbers
of the fields shown, 11 delete after, 12 SHA-256 of the answer}. Keys 1, 2, 6 and 9 are absent where there is nothing.
Beside it goes the ``tlog-proof`` of its log entry: kind 3, SHA-256 of the receipt's bytes; and, where one was asked
for, a time-stamp token (RFC 3161) over that SHA-256, by an authority that the trust list names.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from verify import cbor
from verify.algorithms import Algorithm
from verify.cose import Sign1, decode_sign1, encode_sign1, protected_header, read_header, sig_structure
from verify.errors import MalformedError
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogProofError, LogReceipt, check_receipt
from verify.note import Checkpoint
from verify.report import Check, Finding, Outcome
from verify.timestamp_token import TimestampFormError, TimestampTokenError, check_timestamp
from verify.trust import TrustedKey, TrustList, signed_by
from verify.verdict import Verdict

CONTENT_TYPE: Final = "application/cwt"
# A receipt of ours has some 700 bytes; legal basis and case number may be long.
RECEIPT_BYTES_MAX: Final = 8192
RECEIPT_ID_BYTES: Final = 16
# A token with a chain of three certificates has some 4 kB.
STAMP_BYTES_MAX: Final = 32_768
PSEUDONYM_BYTES: Final = (16, 32)
TEXT_LENGTH_MAX: Final = 500
PURPOSE_LENGTH_MAX: Final = 64
FIELDS_MAX: Final = 100

TRUST_LIST_SEQUENCE: Final = "tl_seq"
"""Beside the checks, key 4 tells the trust list's number …"""
STATUS_LIST_ISSUED: Final = "revocation_iat"
"""… and, when a status list was asked, when that was issued."""

OUTCOME_NUMBER: Final[Mapping[Outcome, int]] = MappingProxyType(
    {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.UNKNOWN: 2}
)
"""How key 4 writes the outcome of a check."""

_RANK: Final = {Outcome.PASSED: 0, Outcome.UNKNOWN: 1, Outcome.FAILED: 2}
RECEIPT_USE: Final = TRUST_LIST_USE[KeyPurpose.RECEIPT]
_CLAIM_ISSUER, _CLAIM_ISSUED, _CLAIM_ID, _CLAIM_PRIVATE = 1, 6, 7, -70020
_OUTER_KEYS: Final = frozenset({_CLAIM_ISSUER, _CLAIM_ISSUED, _CLAIM_ID, _CLAIM_PRIVATE})
_LICENCE, _PRESENTED, _RESULT, _CHECKS, _OFFICE, _OPERATOR = 1, 2, 3, 4, 5, 6
_PURPOSE, _BASIS, _CASE, _FIELDS, _DELETE, _ANSWER = 7, 8, 9, 10, 11, 12
_OPTIONAL: Final = frozenset({_LICENCE, _PRESENTED, _OPERATOR, _CASE})
_INNER_KEYS: Final = frozenset(range(_LICENCE, _ANSWER + 1))
_INSTANT_MAX: Final = 253_402_300_799
_NUMBER_MAX: Final = (1 << 53) - 1
_CHECK_NAME: Final = re.compile(r"[a-z][a-z_]{0,31}")
_SHA256_BYTES: Final = 32
_RESULTS: Final = frozenset(number for each in Verdict if (number := each.receipt_number) is not None)


class VerificationReceiptError(MalformedError):
    """Not a verification receipt."""

    code = "verification_receipt.malformed"


@dataclass(slots=True, kw_only=True)  # not frozen: one is made for each check
class VerificationReceipt:
    """What a receipt says. ``result`` is the verdict's number; ``checks`` are outcomes by name, and what was asked."""

    issuer: str
    receipt_id: bytes
    made_at: datetime
    licence_id: str = ""
    presented: bytes = b""
    result: int
    checks: Mapping[str, int]
    office: str
    operator: bytes = b""
    purpose: str
    legal_basis: str
    case_number: str = ""
    fields: tuple[int, ...]
    delete_after: datetime
    answer: bytes
    _encoded: list[bytes] = field(default_factory=list, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        _demand(self.result in _RESULTS, "a result that no receipt is made of")
        _demand(len(self.receipt_id) == RECEIPT_ID_BYTES, "an id of another length")
        _demand(len(self.presented) in {0, _SHA256_BYTES} and len(self.answer) == _SHA256_BYTES, "not a hash")
        _demand(not self.operator or PSEUDONYM_BYTES[0] <= len(self.operator) <= PSEUDONYM_BYTES[1], "a pseudonym")
        for text, length_max in (
            (self.issuer, TEXT_LENGTH_MAX),
            (self.office, PURPOSE_LENGTH_MAX),
            (self.purpose, PURPOSE_LENGTH_MAX),
            (self.legal_basis, TEXT_LENGTH_MAX),
        ):
            _demand(0 < len(text) <= length_max, "a text is missing or too long")
        _demand(len(self.licence_id) <= PURPOSE_LENGTH_MAX, "a licence id that is too long")
        _demand(len(self.case_number) <= TEXT_LENGTH_MAX, "a case number that is too long")
        _demand(list(self.fields) == sorted(set(self.fields)), "fields are numbered in order, each once")
        _demand(len(self.fields) <= FIELDS_MAX and len(self.checks) <= FIELDS_MAX, "too many fields or checks")
        _demand(self.made_at <= self.delete_after, "deleted before it was made")

    def payload(self) -> bytes:
        """Return the deterministic CBOR of the claims; fractions of a second are dropped."""
        if not self._encoded:  # it is signed, and then put together with the signature
            self._encoded.append(self._encode())
        return self._encoded[0]

    def _encode(self) -> bytes:
        optional = {
            _LICENCE: self.licence_id,
            _PRESENTED: self.presented,
            _OPERATOR: self.operator,
            _CASE: self.case_number,
        }
        private: dict[int, object] = {
            _RESULT: self.result,
            _CHECKS: dict(self.checks),
            _OFFICE: self.office,
            _PURPOSE: self.purpose,
            _BASIS: self.legal_basis,
            _FIELDS: self.fields,
            _DELETE: int(self.delete_after.timestamp()),
            _ANSWER: self.answer,
            **{key: value for key, value in optional.items() if value},
        }
        claims = {
            _CLAIM_ISSUER: self.issuer,
            _CLAIM_ISSUED: int(self.made_at.timestamp()),
            _CLAIM_ID: self.receipt_id,
            _CLAIM_PRIVATE: private,
        }
        return cbor.encode(claims)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts that have this number: in force is one number, whether it is soon to be renewed or not."""
        return tuple(each for each in Verdict if each.receipt_number == self.result)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time-stamp token that came with a receipt, and what it is judged by: the moment now, and revocation lists."""

    token: bytes = field(repr=False)
    at: datetime
    crls: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptCheck:
    """What a receipt says, and how its two proofs were found; ``receipt`` is None when nothing could be read."""

    receipt: VerificationReceipt | None
    findings: tuple[Finding, ...]
    leaf: int | None = None
    checkpoint: Checkpoint | None = None

    @property
    def is_good(self) -> bool:
        """Say whether signature and log entry were both checked and fit, and the time stamp if there is one."""
        return all(each.outcome is Outcome.PASSED for each in self.findings)


def check_numbers(findings: Iterable[Finding]) -> dict[str, int]:
    """Return the outcomes of single checks as key 4 writes them; of a check with several findings the worst."""
    worst: dict[Check, Outcome] = {}
    for each in findings:
        before = worst.get(each.check)
        if before is None or _RANK[each.outcome] > _RANK[before]:
            worst[each.check] = each.outcome
    return {check._value_: OUTCOME_NUMBER[outcome] for check, outcome in worst.items()}


def receipt_to_be_signed(receipt: VerificationReceipt, kid: bytes) -> bytes:
    """Return the COSE Sig_structure that the ``receipt`` key signs; ``kid`` is that key's id."""
    return sig_structure(_header(kid), receipt.payload())


def assemble_receipt(receipt: VerificationReceipt, kid: bytes, signature: bytes) -> bytes:
    """Return the signed receipt; the signature is r and s (see ``algorithms.der_to_raw``)."""
    return encode_sign1(_header(kid), receipt.payload(), signature, tagged=True)


def read_receipt(data: bytes) -> VerificationReceipt:
    """Read what a receipt says, without checking its signature. Raises a ``MalformedError``."""
    return _read(_sign1_of(data).payload)


def check_verification_receipt(
    data: bytes, trust: TrustList | None, *, proof: str = "", stamp: Stamp | None = None, answer: bytes = b""
) -> ReceiptCheck:
    """Check a receipt as its relying office, a court or an auditor would, also years later.

    1. Its form. 2. The signature, by the trust list's keys of use 3. 3. Its entry in the log, by the ``tlog-proof``
    that was handed over with it; for a key with a cut-off that decides. 4. The time stamp, if there is one. 5. The
    answer that it is of, if that was kept (canonical JSON without the receipt). Never raises for bad bytes.
    """
    try:
        sign1 = _sign1_of(data)
        receipt = _read(sign1.payload)  # (1)
    except MalformedError as error:
        found = Finding(Check.FORM, "form.receipt_unreadable", Outcome.FAILED, detail=error.code)
        return ReceiptCheck(receipt=None, findings=(found,))
    key, signature = _check_signature(sign1, receipt, trust)  # (2)
    logged, place = _check_entry(data, proof, trust, key)  # (3)
    form = Finding(Check.FORM, "form.receipt_read", Outcome.PASSED)
    leaf, checkpoint = (None, None) if place is None else place
    stamped = () if stamp is None or not stamp.token else (_check_stamp(data, trust, stamp),)  # (4)
    answered = () if not answer else (_check_answer(receipt, answer),)  # (5)
    findings = (form, signature, logged, *stamped, *answered)
    return ReceiptCheck(receipt=receipt, findings=findings, leaf=leaf, checkpoint=checkpoint)


def _check_signature(
    sign1: Sign1, receipt: VerificationReceipt, trust: TrustList | None
) -> tuple[TrustedKey | None, Finding]:
    if trust is None:
        return None, _signature("signature.receipt_no_trust_list", Outcome.UNKNOWN)
    _, kid = read_header(sign1, content_type=CONTENT_TYPE)
    candidates = tuple(dict.fromkeys(key for _, key in trust.keys_for(kid, RECEIPT_USE)))
    if not candidates:
        return None, _signature("signature.receipt_key_unknown", Outcome.UNKNOWN)
    key = signed_by(candidates, sign1.to_be_signed, sign1.signature)
    if key is None:
        return None, _signature("signature.receipt_bad", Outcome.FAILED)
    if not key.covers(receipt.made_at):
        return key, _signature("signature.receipt_out_of_period", Outcome.FAILED)
    return key, _signature("signature.receipt_good", Outcome.PASSED)


def _check_answer(receipt: VerificationReceipt, answer: bytes) -> Finding:
    if sha256(answer).digest() == receipt.answer:
        return Finding(Check.CONTENTS, "contents.receipt_answer", Outcome.PASSED)
    return Finding(Check.CONTENTS, "contents.receipt_answer_differs", Outcome.FAILED)


def _check_entry(
    data: bytes, proof: str, trust: TrustList | None, key: TrustedKey | None
) -> tuple[Finding, tuple[int, Checkpoint] | None]:
    if not proof:
        return _log("log.receipt_no_proof", Outcome.UNKNOWN), None
    if trust is None:
        return _log("log.receipt_no_trust_list", Outcome.UNKNOWN), None
    try:
        logged = LogReceipt.from_text(proof)
        checkpoint = check_receipt(logged, trust.verifiers)
        entry = LogEntry.decode(logged.entry)
    except (LogProofError, MalformedError) as error:
        return _log("log.receipt_wrong", Outcome.FAILED, detail=error.code), None
    if entry.kind is not EntryKind.RECEIPT or entry.digest != sha256(data).digest():
        return _log("log.receipt_other", Outcome.FAILED), None
    place = (logged.index, checkpoint)
    if key is not None and key.cut_off is not None and not trust.is_below(key.cut_off, checkpoint.origin, logged.index):
        return _log("log.receipt_cut_off", Outcome.FAILED), place
    return _log("log.receipt_logged", Outcome.PASSED, params={"leaf": str(logged.index)}), place


def _check_stamp(data: bytes, trust: TrustList | None, stamp: Stamp) -> Finding:
    if trust is None:
        return Finding(Check.CLOCK, "clock.receipt_stamp_unchecked", Outcome.UNKNOWN)
    digest = sha256(data).digest()
    try:
        if len(stamp.token) > STAMP_BYTES_MAX:
            raise TimestampFormError("too many bytes")
        found = check_timestamp(stamp.token, digest, trust.authorities, at=stamp.at, crls=stamp.crls)
    except TimestampTokenError as error:
        return Finding(Check.CLOCK, "clock.receipt_stamp_bad", Outcome.FAILED, detail=error.code)
    told = {"at": found.at.strftime("%Y-%m-%d %H:%M:%S UTC"), "authority": found.authority}
    return Finding(Check.CLOCK, "clock.receipt_stamped", Outcome.PASSED, as_of=found.at, params=told)


def _signature(code: str, outcome: Outcome) -> Finding:
    return Finding(Check.SIGNATURE, code, outcome)


def _log(code: str, outcome: Outcome, *, detail: str = "", params: Mapping[str, str] | None = None) -> Finding:
    return Finding(Check.LOG, code, outcome, detail=detail, params=params or {})


@lru_cache(maxsize=8)  # keys of receipts follow one another once a year
def _header(kid: bytes) -> bytes:
    return protected_header(Algorithm.ES256, kid, content_type=CONTENT_TYPE)


def _sign1_of(data: bytes) -> Sign1:
    sign1 = decode_sign1(data, tagged=True, bytes_max=RECEIPT_BYTES_MAX)
    read_header(sign1, content_type=CONTENT_TYPE)
    return sign1


def _read(payload: bytes) -> VerificationReceipt:
    outer = _map(cbor.decode(payload, bytes_max=RECEIPT_BYTES_MAX))
    _demand(outer.keys() == _OUTER_KEYS, "not the claims of a receipt")
    inner = _map(outer[_CLAIM_PRIVATE])
    _demand(_INNER_KEYS - _OPTIONAL <= inner.keys() <= _INNER_KEYS, "not the keys of a receipt")
    return VerificationReceipt(
        issuer=_of(str, outer[_CLAIM_ISSUER]),
        receipt_id=_of(bytes, outer[_CLAIM_ID]),
        made_at=_instant(outer[_CLAIM_ISSUED]),
        licence_id=_optional(str, inner, _LICENCE),
        presented=_optional(bytes, inner, _PRESENTED),
        result=_of(int, inner[_RESULT]),
        checks=_checks(inner[_CHECKS]),
        office=_of(str, inner[_OFFICE]),
        operator=_optional(bytes, inner, _OPERATOR),
        purpose=_of(str, inner[_PURPOSE]),
        legal_basis=_of(str, inner[_BASIS]),
        case_number=_optional(str, inner, _CASE),
        fields=_numbers(inner[_FIELDS]),
        delete_after=_instant(inner[_DELETE]),
        answer=_of(bytes, inner[_ANSWER]),
    )


def _of(kind: type[Any], value: object) -> Any:  # noqa: ANN401 - of the kind that is asked for
    _demand(type(value) is kind, "a claim of another kind")
    return value


def _optional(kind: type[Any], inner: Mapping[object, object], key: int) -> Any:  # noqa: ANN401 - as above
    """Return an optional claim; what is empty is not written, so an empty one is a second spelling."""
    if key not in inner:
        return kind()
    value = _of(kind, inner[key])
    _demand(bool(value), "an empty claim is left out")
    return value


def _map(value: object) -> Mapping[object, object]:
    if not isinstance(value, dict):
        raise VerificationReceiptError("not a map")
    return value


def _checks(value: object) -> Mapping[str, int]:
    checks = _map(value)
    _demand(all(isinstance(name, str) and _CHECK_NAME.fullmatch(name) for name in checks), "not the name of a check")
    return {str(name): _number(number) for name, number in checks.items()}


def _numbers(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise VerificationReceiptError("not a list")
    return tuple(_number(each) for each in value)


def _number(value: object) -> int:
    number: int = _of(int, value)
    _demand(0 <= number <= _NUMBER_MAX, "a number that nobody counts to")
    return number


def _instant(value: object) -> datetime:
    number = _number(value)
    _demand(number <= _INSTANT_MAX, "not a time")
    return datetime.fromtimestamp(number, UTC)


def _demand(is_right: bool, detail: str) -> None:  # noqa: FBT001 - a statement and what it says when it is wrong
    if not is_right:
        raise VerificationReceiptError(detail)
