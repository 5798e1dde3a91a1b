"""Another office relies on a licence: it states its purpose, is shown what that purpose may see, and gets a receipt.

Promises:
  * What is found is found by the same checks as everybody's (`api/checking.py`): the verdict is the same.
  * Beside what everybody may see stands what the catalogue allows this purpose, of a licence that the registry knows
    and that is genuine; the receipt keeps the numbers of these fields, never their contents.
  * No receipt is made of what could not be read, reached or timed. A batch is one commit of the log.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache, partial
from hashlib import sha256
from typing import Any, Final, NamedTuple

from api.checking import (
    as_meant,
    ask_registry_plainly,
    check_id,
    check_licence_id,
    completed,
    read_text,
    to_ask_for,
)
from api.json_writer import canonical_json
from api.reliance_errors import RelianceItemError, RelianceKeepError, RelianceOtherItemError
from api.wiring import Office
from registry import catalogue
from registry.disclosures import DisclosedField, disclosed, find_disclosables, relied_types
from registry.number_search import find_by_number
from registry.purposes import Purpose
from signer.receipts import MadeReceipt, ReceiptDraft, Reliance, nothing_to_do
from verify.errors import MalformedError
from verify.evidence import NOT_FOUND, Evidence
from verify.examine import examine_id
from verify.facts import Facts
from verify.licence import ISSUER_ZONE, law_day, licence_end
from verify.qr_token import presented_bytes
from verify.receipt import STATUS_LIST_ISSUED, TRUST_LIST_SEQUENCE, check_numbers
from verify.report import Check, Report, Subject
from verify.report_objects import public_object
from verify.values import LicenceId

# Case files of permits are kept ten years where nothing else is said, and no receipt longer than thirty.
KEPT_YEARS: Final = 10
KEPT_YEARS_MAX: Final = 30
_YEAR: Final = timedelta(days=366)
_OFFICE_CODE_LENGTH: Final = 18
_REGISTRY: Final = "registry"
_TRUST_LIST: Final = re.compile(r"trust list ([0-9]{1,15})")
_NOBODY: Final = LicenceId(bytes(10))
# What everybody sees, by the numbers of the data set's table; a person's name is masked.
_PUBLIC_NUMBERS: Final = (
    ("type_code", 1),
    ("number", 2),
    ("holder", 3),
    ("valid_from", 5),
    ("valid_until", 6),
    ("issuer_name", 7),
    ("identifier", 11),
)


class Question(NamedTuple):
    """What is to be checked: one of text, typed id, number with holder, file.

    Of a file, which was read before, `checked` is what came of it and `digest` its hash: megabytes do not wait for a
    round with others, nor the others until they are hashed.
    """

    text: str = ""
    typed: str = ""
    number: str = ""
    holder: str = ""
    type_code: str | None = None
    checked: Report | None = None
    digest: bytes = b""
    case_number: str | None = None

    def __repr__(self) -> str:
        return f"Question({self.typed or self.number})"


class Purposed(NamedTuple):
    """A stated purpose, as a request writes it."""

    purpose: Purpose
    legal_basis: str
    item_code: str | None = None
    case_number: str = ""
    operator: bytes = b""
    keep_until: date | None = None
    timestamp: bool = False

    def __repr__(self) -> str:
        return f"Purposed({self.purpose.value}, {self.item_code})"


class Found(NamedTuple):
    """What a relying office is answered; the receipt's hash is of `content` as canonical JSON."""

    report: Report
    content: Mapping[str, Any]
    canonical: bytes
    receipt: MadeReceipt | None = None

    def __repr__(self) -> str:
        return f"Found({self.report.verdict})"


class _Shown(NamedTuple):
    """A report, what its purpose may see of it, and what was presented; `content` is the answer without its receipt."""

    report: Report
    content: Mapping[str, Any]
    canonical: bytes
    numbers: tuple[int, ...]
    presented: bytes
    reliance: Reliance


Asked = tuple[Question, Reliance]
"""A question, and who asks it for what."""


def relied(office: Office, stated: Purposed, *, department: str, client: str) -> Reliance:
    """Return a reliance that may be. Raises `RelianceItemError`, `RelianceOtherItemError`, `RelianceKeepError`."""
    at = office.clock()
    item = stated.item_code
    if item is None and stated.purpose is Purpose.MATERIALS_REDUCTION:
        raise RelianceItemError
    if item is not None:
        if not catalogue.has_item(office.database, item):
            raise RelianceItemError
        if item[:_OFFICE_CODE_LENGTH] != department:
            raise RelianceOtherItemError
    return Reliance(
        office=department,
        client=client,
        purpose=stated.purpose,
        legal_basis=stated.legal_basis,
        item_code=item,
        case_number=stated.case_number,
        operator=stated.operator,
        delete_after=_delete_after(stated.keep_until, at=at),
        stamped=is_stamped(office, is_asked_for=stated.timestamp),
    )


def is_stamped(office: Office, *, is_asked_for: bool) -> bool:
    """Say whether a receipt gets a time stamp of an outside authority, which nobody else should wait for."""
    return is_asked_for or office.settings.receipt_timestamps


def answer_all(office: Office, questions: Sequence[Question], reliance: Reliance) -> tuple[Found | MalformedError, ...]:
    """Answer the questions of one reliance in their order, as `answer_each` does."""
    return answer_each(office, [(each, reliance) for each in questions])


def answer_each(
    office: Office, asked: Sequence[Asked], at_disk: Callable[[], None] = nothing_to_do
) -> tuple[Found | MalformedError, ...]:
    """Answer questions in their order: one query for what is known, one commit of the log for all receipts.

    An id or a text that is none of ours is answered with its error, and does not disturb the others. Calls `at_disk`
    as `ReceiptBook.make` does.
    """
    at = office.clock()
    reports = _reports(office, [question for question, _ in asked])
    fields = _fields(office, reports, [reliance for _, reliance in asked], at=at)
    shown = [
        _shown(question, reliance, report, of_purpose) if isinstance(report, Report) else report
        for (question, reliance), report, of_purpose in zip(asked, reports, fields, strict=True)
    ]
    drafts = {
        place: _draft(each)
        for place, each in enumerate(shown)
        if isinstance(each, _Shown) and each.report.verdict.receipt_number is not None
    }
    made = dict(zip(drafts, office.receipts.make(tuple(drafts.values()), at=at, at_disk=at_disk), strict=True))
    return tuple(
        Found(report=each.report, content=each.content, canonical=each.canonical, receipt=made.get(place))
        if isinstance(each, _Shown)
        else each
        for place, each in enumerate(shown)
    )


def _reports(office: Office, questions: Sequence[Question]) -> list[Report | MalformedError]:
    """Check what is asked about: codes by themselves first, then the registry is asked for all of them at once."""
    evidence = office.evidence()
    found = [_tried(_report, office, each, evidence) for each in questions]
    open_ids = {
        place: licence_id
        for place, (question, report) in enumerate(zip(questions, found, strict=True))
        if question.text and isinstance(report, Report) and (licence_id := to_ask_for(report)) is not None
    }
    answers = ask_registry_plainly(office, set(open_ids.values()))
    for place, licence_id in open_ids.items():
        found[place] = _tried(completed, office, found[place], answers[licence_id], evidence)
    return found


def _tried(check: Callable[..., Report], *arguments: object) -> Report | MalformedError:
    """Return a report, or the error that concerns this one question alone."""
    try:
        return check(*arguments)
    except MalformedError as error:
        return error


def _shown(question: Question, reliance: Reliance, report: Report, fields: Sequence[DisclosedField]) -> _Shown:
    content = public_object(report) | {"fields": [each.to_object() for each in fields]}
    return _Shown(
        report=report,
        content=content,
        canonical=canonical_json(content),
        numbers=_numbers(report, fields),
        presented=_presented(question),
        reliance=reliance if question.case_number is None else reliance._replace(case_number=question.case_number),
    )


def _numbers(report: Report, fields: Sequence[DisclosedField]) -> tuple[int, ...]:
    """Return the numbers of all fields that are shown."""
    facts = report.facts.of_no_licence() if report.verdict.is_not_genuine else report.facts
    public = [number for name, number in _PUBLIC_NUMBERS if getattr(facts, name)]
    return tuple(sorted([*public, *(each.number for each in fields)]))


def _report(office: Office, question: Question, evidence: Evidence) -> Report:
    """Check what is asked about, a code by itself only. Raises a `MalformedError` for an id that is mistyped."""
    if question.checked is not None:
        return question.checked
    if question.text:
        return read_text(office, question.text, evidence)
    if question.typed:
        return check_id(office, question.typed)
    number, holder = question.number.strip(), question.holder.strip()
    found = find_by_number(office.database, number, holder, type_code=question.type_code)
    if found is not None:
        return check_licence_id(office, LicenceId.parse(found))
    nothing = Evidence(trust=None, registry=NOT_FOUND)
    return examine_id(_NOBODY, nothing, at=office.clock())._replace(facts_source=Facts())


def _presented(question: Question) -> bytes:
    """Return the hash of the token's or the file's bytes; nothing was presented with a typed id or a number."""
    if not question.text:
        return question.digest
    try:
        return sha256(presented_bytes(as_meant(question.text))).digest()
    except MalformedError:
        return sha256(question.text.encode()).digest()


def _fields(
    office: Office, reports: Sequence[Report | MalformedError], reliances: Sequence[Reliance], *, at: datetime
) -> list[tuple[DisclosedField, ...]]:
    """Return what each purpose may see beside the public facts: of what the registry knows, and is not forged."""
    taken_for = cache(partial(relied_types, office.database, on=law_day(at)))
    ids = [
        report.facts.licence_id
        if isinstance(report, Report) and _is_vouched(report) and _is_reached(report, reliance, taken_for)
        else ""
        for report, reliance in zip(reports, reliances, strict=True)
    ]
    known = find_disclosables(office.database, {each for each in ids if each})
    return [
        disclosed(known[licence_id], reliance.purpose) if licence_id in known else ()
        for licence_id, reliance in zip(ids, reliances, strict=True)
    ]


def _is_vouched(report: Report) -> bool:
    """Say whether the registry knows what was shown, and it is not forged."""
    is_genuine = report.is_genuine is True or (report.subject is Subject.ID and not report.verdict.is_not_genuine)
    return is_genuine and report.facts.state is not None


def _is_reached(report: Report, reliance: Reliance, taken_for: Callable[[str], frozenset[str]]) -> bool:
    """Say whether the purpose reaches licences of this type: in place of a paper only those that the item names."""
    if reliance.purpose is not Purpose.MATERIALS_REDUCTION:
        return True
    return report.facts.type_code in taken_for(reliance.item_code or "")


def _draft(shown: _Shown) -> ReceiptDraft:
    report = shown.report
    claimed = "" if report.claimed is None else report.claimed.licence_id
    facts = report.facts
    return ReceiptDraft(
        reliance=shown.reliance,
        verdict=report.verdict,
        licence_id=claimed or facts.licence_id or facts.official_id,
        presented=shown.presented,
        checks=check_numbers(report.findings) | _asked(report),
        fields=shown.numbers,
        answer=sha256(shown.canonical).digest(),
    )


def _asked(report: Report) -> dict[str, int]:
    """Return which trust list was asked, and when a status list that was asked was issued."""
    asked: dict[str, int] = {}
    issuer = report.finding(Check.ISSUER)
    found = None if issuer is None else _TRUST_LIST.fullmatch(issuer.source)
    if found is not None:
        asked[TRUST_LIST_SEQUENCE] = int(found[1])
    status = report.finding(Check.STATUS)
    if status is not None and status.as_of is not None and status.source != _REGISTRY:
        asked[STATUS_LIST_ISSUED] = int(status.as_of.timestamp())
    return asked


def _delete_after(keep_until: date | None, *, at: datetime) -> datetime:
    """Return the moment after which the receipt is deleted: the end of that day. Raises `RelianceKeepError`."""
    today = law_day(at)
    last = today + KEPT_YEARS * _YEAR if keep_until is None else keep_until
    if not today <= last <= today + KEPT_YEARS_MAX * _YEAR:
        raise RelianceKeepError(params={"years": str(KEPT_YEARS_MAX)})
    return licence_end(last).astimezone(ISSUER_ZONE)
