"""Findings of a check, and the report that carries them with their verdict.

Promises:
  * Every check has one of three outcomes: passed, failed, or could not be checked. Nothing unchecked is called passed.
  * A finding holds a stable code and no personal data; the sentences live in `api/locale`.
  * `judge` is the only maker of a verdict: who has findings cannot have a better word than they allow.
  * Page, print, API, command line and webhook show the one verdict object that `verify/report_objects.py` writes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar

from verify.facts import Facts
from verify.licence import law_day
from verify.verdict import OF_GAP, Verdict, meaning, worst

# From this many days before its end a licence in force is shown as one that should be renewed.
EXPIRING_DAYS: Final = 30
NO_PARAMS: Final[Mapping[str, str]] = MappingProxyType({})
NOTICES: Final = frozenset(
    {
        "form.foreign_host",
        "form.sample",
        "form.not_understood",
        "contents.later_stamp_unknown",
        "log.proof_of_no_use",
        # Of seals: how they differ from the standard, and what happened after they were used.
        "seal.raw_signature",
        "seal.untagged_field",
        "seal.algorithm_name",
        "seal.time_form",
        "seal.field_type",
        "seal.listed_name",
        "seal.unknown_extension",
        "seal.hash_preprocessed",
        "seal.maker_revoked_after",
        "seal.maker_expired_since",
        "seal.expired_since",
    }
)
"""Codes of findings that stand beside the one of their check and in nobody's way, and that a person is told."""


class Outcome(StrEnum):
    """How one check ended."""

    __hash__ = str.__hash__  # that of an enum is a function of Python's, and these are looked up for every finding

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Check(StrEnum):
    """The checks, as they are shown: 格式 签名 发证机关 印章 内容一致 有效期 登记状态 签发日志 出示码 时钟."""

    __hash__ = str.__hash__

    FORM = "form"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    SEAL = "seal"
    CONTENTS = "contents"
    TERM = "term"
    STATUS = "status"
    LOG = "log"
    SHOW = "show"
    CLOCK = "clock"


class Finding(NamedTuple):
    """Outcome of one check: `code` says what was found, `detail` is for the auditor, `source` what was asked.

    Named tuples here and below: a check makes a dozen of them, and a frozen dataclass takes three times as long.
    """

    check: Check
    code: str
    outcome: Outcome
    detail: str = ""
    source: str = ""
    as_of: datetime | None = None
    params: Mapping[str, str] = NO_PARAMS

    @property
    def meaning(self) -> Verdict | None:
        """The verdict that this finding calls for; None when it does not stand in the way of "valid"."""
        if self.outcome is _PASSED:
            return None
        return meaning(self.code, is_failure=self.outcome is _FAILED)


class Subject(StrEnum):
    """What was shown."""

    TEXT = "text"
    DOCUMENT = "document"
    ID = "id"


class Claimed(NamedTuple):
    """What the code says of itself and the registry must agree with; holder as the code shows it, hashes in hex."""

    licence_id: str
    issuer: str
    type_code: str
    number: str
    holder: str
    valid_from: date
    valid_until: date | None
    token_kid: str
    token_digest: str

    def __repr__(self) -> str:
        return f"Claimed({self.licence_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlaces:
    """Where the signing intents stand in the log; `proof` is the C2SP tlog-proof that a document carries."""

    code_leaf: int | None = None
    document_leaf: int | None = None
    tree_size: int | None = None
    proof: str = field(default="", repr=False)


Made = TypeVar("Made")


class Once(Generic[Made]):
    """What is made when it is first asked for, and kept."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._made: Made | None = None

    def __call__(self) -> Made:
        """Return it."""
        if self._made is None:
            self._made = self._make()
        return self._made


_NO_PLACES: Final = LogPlaces()
_NO_FACTS: Final = Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLine:
    """One signature of a document, for showing: who, when (trusted time), and how its check ended.

    `signed_bytes` is how much of a PDF, from its start, is what was signed, where the signature fits and something was
    added behind it.
    """

    signer: str
    signed_at: datetime | None
    outcome: Outcome
    signed_bytes: int | None = None


class _Report(NamedTuple):
    subject: Subject
    findings: tuple[Finding, ...]
    at: datetime
    valid_until: date | None
    test: bool
    facts_source: Facts | Callable[[], Facts]
    claimed_source: Claimed | Callable[[], Claimed] | None
    log: LogPlaces
    signatures: tuple[SignatureLine, ...]
    document_digest: str
    verdict: Verdict


class Report(_Report):
    """All findings of one check and what they mean together. `verdict` follows from the findings: see `judge`.

    `test` tells a licence without legal effect, `valid_until` its last day. Facts and what is claimed may be given as
    what makes them: who checks a stack of codes looks at verdicts, and at the facts of the few that are not good.
    """

    __slots__ = ()

    def __new__(  # noqa: PLR0913 - the fields, each by its name
        cls,
        *,
        subject: Subject,
        findings: tuple[Finding, ...],
        at: datetime,
        valid_until: date | None = None,
        test: bool = False,
        facts_source: Facts | Callable[[], Facts] = _NO_FACTS,
        claimed_source: Claimed | Callable[[], Claimed] | None = None,
        log: LogPlaces = _NO_PLACES,
        signatures: tuple[SignatureLine, ...] = (),
        document_digest: str = "",
    ) -> Self:
        """Make a report with the verdict that its findings allow."""
        verdict = judge(findings, valid_until=valid_until, at=at)
        sources = (facts_source, claimed_source)
        values = (subject, findings, at, valid_until, test, *sources, log, signatures, document_digest, verdict)
        return tuple.__new__(cls, values)

    @classmethod
    def _make(cls, iterable: Iterable[Any]) -> Self:  # type: ignore[override]  # named tuples are typed as a function
        """Return the report of these values, for `_replace`; its verdict is judged anew, whatever was given."""
        fields = dict(zip(cls._fields[:-1], iterable, strict=False))
        return cls(**fields)

    def __eq__(self, other: object) -> bool:
        # Not NotImplemented: the bare tuple of its parts would then be asked, and would say yes.
        return isinstance(other, Report) and self._parts == other._parts

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # a report holds maps

    @property
    def _parts(self) -> tuple[object, ...]:
        facts = (self.valid_until, self.test, self.facts, self.claimed)
        return (self.subject, self.findings, self.at, *facts, self.log, self.signatures, self.document_digest)

    @property
    def facts(self) -> Facts:
        """What is known of the licence."""
        return self.facts_source if isinstance(self.facts_source, Facts) else self.facts_source()

    @property
    def claimed(self) -> Claimed | None:
        """What a registry can be asked about; None when nothing could be read."""
        source = self.claimed_source
        return source if source is None or isinstance(source, Claimed) else source()

    @property
    def is_genuine(self) -> bool | None:
        """Say whether a trusted issuer made this: False when somebody else did, None when it was not checked.

        None also for a signature without its log entry: it is the issuer's key, and it may be a thief's hand.
        """
        if self.verdict.is_not_genuine:
            return False
        signed = [
            each.outcome is _PASSED
            for each in self.findings
            if each.check in _SIGNED or (each.check is _LOG and each.outcome is _FAILED)
        ]
        return True if signed and all(signed) else None

    @property
    def headline(self) -> Finding | None:
        """The finding that gave the verdict; None when all is well."""
        return next((each for each in self.findings if each.meaning is self.verdict), None)

    @property
    def also(self) -> tuple[Finding, ...]:
        """What else is wrong or open, beside the headline, and what should be told though nothing is wrong with it."""
        verdict = self.verdict
        return tuple(
            [
                each
                for each in self.findings
                if (each.outcome is not _PASSED and each.meaning not in {None, verdict}) or each.code in NOTICES
            ]
        )

    def finding(self, check: Check) -> Finding | None:
        """Return the worst finding of a check."""
        found = [each for each in self.findings if each.check is check]
        return found[0] if len(found) == 1 else min(found, key=lambda each: _WEIGHT[each.outcome], default=None)


_WEIGHT: Final = {Outcome.FAILED: 0, Outcome.UNKNOWN: 1, Outcome.PASSED: 2}
_PLACE: Final = {check: place for place, check in enumerate(Check)}
# `judge` stands on the way of every code: what it looks up and maps is at hand, without a function of Python's.
_PASSED: Final = Outcome.PASSED
_FAILED: Final = Outcome.FAILED
_FORM: Final = Check.FORM
_LOG: Final = Check.LOG
_SIGNED: Final = frozenset({Check.SIGNATURE, Check.ISSUER})
_VALID: Final = Verdict.VALID
_CHECK: Final = attrgetter("check")
# Codes of gaps that stand in nobody's way.
_SILENT: Final = frozenset(code for code, reason in OF_GAP.items() if reason is None)
_CHECK_AND_OUTCOME: Final = attrgetter("check", "outcome")
# What must have been looked at, or said to be none of this check's business, before anything is called valid.
NEEDED: Final = frozenset({Check.SIGNATURE, Check.ISSUER, Check.TERM, Check.STATUS})


def judge(findings: Sequence[Finding], *, valid_until: date | None, at: datetime) -> Verdict:
    """Return the one word for these findings at that moment.

    1. The worst of what the findings mean, by the table in `verify/verdict.py`. 2. "Genuine; status not checked" may
    only be said of a checked signature. 3. What was not read, or lacks a check, is never valid. 4. Shortly before its
    end a valid licence is `valid_expiring`.
    """
    loud = [
        each
        for each in findings
        if each.outcome is not _PASSED and (each.outcome is _FAILED or each.code not in _SILENT)
    ]
    reasons = [reason for each in loud if (reason := each.meaning) is not None]
    if reasons:
        verdict = worst(reasons, is_clock_wrong=Verdict.CLOCK_WRONG in reasons)  # (1)
        if verdict is Verdict.STATUS_UNKNOWN and not _passed(findings, Check.SIGNATURE):
            return Verdict.UNREACHABLE  # (2)
        return verdict
    if not _passed(findings, _FORM) or not NEEDED.issubset(map(_CHECK, findings)):
        return Verdict.UNREACHABLE  # (3)
    if valid_until is None or (valid_until - law_day(at)).days >= EXPIRING_DAYS:
        return _VALID
    return Verdict.VALID_EXPIRING  # (4)


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings in the order of the checks, each check once, but with all of its failures.

    Of a check that failed all failures stay, else what could not be checked, else the first that passed; "not asked"
    gives way to whatever was asked. Notices stay beside all of these.
    """
    by_check: dict[Check, list[Finding]] = {}
    for each in findings:
        by_check.setdefault(each.check, []).append(each)
    kept: list[Finding] = []
    for check in sorted(by_check, key=_PLACE.__getitem__):
        of_check = by_check[check]
        kept += of_check if len(of_check) == 1 else _worst_of(of_check)
    return tuple(kept)


def _worst_of(findings: list[Finding]) -> list[Finding]:
    plain = [each for each in findings if each.code not in NOTICES]
    if len(plain) == len(findings):
        return _worst_of_plain(plain)
    notices = {each.code: each for each in findings if each.code in NOTICES}
    return [*(_worst_of_plain(plain) if plain else ()), *notices.values()]


def _worst_of_plain(findings: list[Finding]) -> list[Finding]:
    asked = [each for each in findings if not each.code.endswith(".not_asked")] or findings[:1]
    if len(asked) == 1:
        return asked
    weight = min(_WEIGHT[each.outcome] for each in asked)
    kept = {each.code: each for each in reversed(asked) if _WEIGHT[each.outcome] == weight}
    chosen = list(reversed(kept.values()))
    return chosen if weight == _WEIGHT[Outcome.FAILED] else chosen[:1]


def _passed(findings: Sequence[Finding], check: Check) -> bool:
    return (check, _PASSED) in map(_CHECK_AND_OUTCOME, findings)
