"""A report in words: what page, print and command line say, from the one verdict object.

Promises:
  * Headline, sentence, next step, mark, border and exit code of each verdict stand in one table (ux.md section 4).
  * Nothing is said of a check that was not made; "valid" names the checks that were.
  * Never a colour without a word and a shape.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from api.environment import Language
from api.texts import catalogue, day_text, has_sentence, sentence
from verify.facts import Facts
from verify.licence import ISSUER_ZONE
from verify.report import NOTICES, Check, Finding, Outcome, Report, Subject
from verify.states import LicenceState
from verify.values import LicenceId
from verify.verdict import Verdict


class Tone(StrEnum):
    """Families of verdicts: each has a colour, and an outline of its mark that keeps it apart in grey."""

    IN_FORCE = "in-force"
    ENDED = "ended"
    NOT_NOW = "not-now"
    UNDECIDED = "undecided"
    UNREAD = "unread"


class Border(StrEnum):
    """Borders, the second cue beside the colour."""

    SOLID = "solid"
    DOUBLE = "double"
    DASHED = "dashed"
    DOTTED = "dotted"


@dataclass(frozen=True, slots=True)
class Look:
    """How a verdict is shown, and how a run of the command line ends on it."""

    mark: str
    tone: Tone
    border: Border
    exit_code: int


_ENDED: Final = Look("✘", Tone.ENDED, Border.SOLID, 3)
_FORGED: Final = Look("✘", Tone.ENDED, Border.DOUBLE, 1)
_NOT_NOW: Final = Look("⏱", Tone.NOT_NOW, Border.DASHED, 3)
_SHOWN: Final = Look("⏱", Tone.NOT_NOW, Border.DOTTED, 4)
_GOOD: Final = Look("✔", Tone.IN_FORCE, Border.SOLID, 0)

LOOKS: Final[Mapping[Verdict, Look]] = {
    Verdict.UNREADABLE: Look("?", Tone.UNREAD, Border.DOTTED, 2),
    Verdict.TAMPERED: _FORGED,
    Verdict.WRONG_ISSUER: _FORGED,
    Verdict.UNKNOWN_ISSUER: Look("?", Tone.ENDED, Border.SOLID, 1),
    Verdict.NOT_FOUND: Look("✘", Tone.ENDED, Border.SOLID, 1),
    Verdict.NOT_IN_LOG: Look("✘", Tone.ENDED, Border.SOLID, 5),
    Verdict.LOG_INCONSISTENT: Look("⚠", Tone.ENDED, Border.DOUBLE, 5),
    Verdict.SIGNER_REVOKED: Look("✘", Tone.ENDED, Border.SOLID, 1),
    Verdict.RESCINDED: _ENDED,
    Verdict.REVOKED: _ENDED,
    Verdict.WITHDRAWN: _ENDED,
    Verdict.CANCELLED: Look("■", Tone.ENDED, Border.SOLID, 3),
    Verdict.ENDED: _ENDED,
    Verdict.SUSPENDED: Look("❚❚", Tone.NOT_NOW, Border.DASHED, 3),
    Verdict.SUPERSEDED: Look("↻", Tone.NOT_NOW, Border.DASHED, 3),
    Verdict.EXPIRED: _NOT_NOW,
    Verdict.NOT_YET_VALID: _NOT_NOW,
    Verdict.SHOW_CODE_EXPIRED: _SHOWN,
    Verdict.SHOW_CODE_USED: _SHOWN,
    Verdict.CLOCK_WRONG: Look("◷", Tone.UNDECIDED, Border.DOTTED, 4),
    Verdict.STATUS_UNKNOWN: Look("◐", Tone.UNDECIDED, Border.DOTTED, 4),
    Verdict.UNREACHABLE: Look("⇄", Tone.UNREAD, Border.DOTTED, 4),
    Verdict.PARTLY_VALID: Look("◑", Tone.NOT_NOW, Border.DASHED, 3),
    Verdict.VALID_EXPIRING: _GOOD,
    Verdict.VALID: _GOOD,
}
"""The table: mark, family, border and exit code of every verdict."""

# What is said otherwise of an official document: nobody bears it, and no authority issued it.
_OF_OFFICIAL: Final[Mapping[str, str]] = {
    "verdict.not_found.sentence": "verdict.not_found.official",
    "verdict.unreachable.sentence": "verdict.unreachable.official",
    "verdict.unreachable.unsigned": "verdict.unreachable.official_unsigned",
    "verdict.valid.next": "verdict.valid.official_next",
    "verdict.test": "verdict.test_official",
    "fact.kind": "fact.official_kind",
    "fact.issuer": "fact.official_issuer",
}
_MARKS: Final = {Outcome.PASSED: "✔", Outcome.FAILED: "✘", Outcome.UNKNOWN: "–"}
# What "valid" lists as checked; form and term go without saying.
_NAMED: Final = (Check.SIGNATURE, Check.ISSUER, Check.SEAL, Check.CONTENTS, Check.STATUS, Check.LOG)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One line of "what was checked"."""

    check: Check
    outcome: Outcome
    mark: str
    name: str
    result: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictWords:
    """All words of a report in one language; `test_notice` and `sentence` may be empty.

    `notices` are those of `also` that are no line of `checks`.
    """

    verdict: Verdict
    look: Look
    headline: str
    kind: str
    sentence: str
    next_step: str
    also: tuple[str, ...]
    notices: tuple[str, ...]
    checks: tuple[CheckLine, ...]
    test_notice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactLine:
    """One fact with its name."""

    code: str
    name: str
    value: str


def verdict_words(report: Report, language: Language, *, reference: str = "") -> VerdictWords:
    """Return the words of a report; `reference` is what a caller may quote when asking about it."""
    verdict = report.verdict
    params = _params(report, language, reference)
    code = f"verdict.{verdict.value}"
    following = f"{code}.file_next" if _is_unread_file(report) else _fitting(f"{code}.next", report)
    return VerdictWords(
        verdict=verdict,
        look=LOOKS[verdict],
        headline=sentence(f"{code}.file_headline" if _is_unread_file(report) else code, language, params),
        kind=kind_name(report.facts, language),
        sentence=sentence(_fitting(_sentence_code(report), report), language, params),
        next_step=sentence(following, language, params),
        also=tuple(sentence(each.code, language, each.params) for each in report.also),
        notices=tuple(sentence(each.code, language, each.params) for each in report.also if each.code in NOTICES),
        checks=tuple(_line(each, language) for each in report.findings if each.code not in NOTICES),
        test_notice=sentence(_fitting("verdict.test", report), language) if report.test else "",
    )


def headline_later(verdict: Verdict, language: Language) -> str:
    """Return the headline for who was not there: without the days and parts that only the check itself counted."""
    later = f"verdict.{verdict.value}.receipt"
    return sentence(later if has_sentence(later) else f"verdict.{verdict.value}", language)


def public_facts(report: Report, language: Language) -> tuple[FactLine, ...]:
    """Return the facts that everybody may see, in the order in which they are compared with the paper."""
    facts = report.facts.of_no_licence() if report.verdict.is_not_genuine else report.facts.public()
    until = sentence("fact.long_term", language) if facts.long_term else _day(facts.valid_until, language)
    # The grounds of a suspension that is over say nothing of a licence that is in force.
    has_ended = facts.state is not LicenceState.IN_FORCE
    pairs = (
        ("kind", kind_name(facts, language)),
        ("holder", facts.holder),
        ("number", facts.number),
        ("issuer", issuer_name(facts, language)),
        ("valid_from", _day(facts.valid_from, language)),
        ("valid_until", until),
        ("papers_due", _day(facts.papers_due, language)),
        ("suspended_until", _day(facts.suspended_until, language)),
        # A version that was replaced has its successor's identifier there, which nobody compares with a paper.
        ("reference", facts.state_reference if has_ended and not facts.superseded_by else ""),
        ("legal_basis", facts.state_legal_basis if has_ended else ""),
        ("superseded_by_number", facts.superseded_by_number),
        ("official_id", LicenceId.parse(facts.official_id).typed if facts.official_id else ""),
        ("sealed_on", _day(facts.sealed_on, language)),
        ("seal_name", facts.seal_name),
        ("seal_code", facts.seal_code),
        ("mandate_grant", facts.mandate_grant),
        ("mandate_item", facts.mandate_item),
        ("mandate_legal_basis", facts.mandate_legal_basis),
        ("mandate_role", role_name(facts.mandate_role, language)),
    )
    return tuple(
        FactLine(code=code, name=sentence(_fitting(f"fact.{code}", report), language), value=value)
        for code, value in pairs
        if value
    )


def kind_name(facts: Facts, language: Language) -> str:
    """Return what the licence is called, or its type's code and that nobody told the name: a code alone has none."""
    if facts.type_code and not (facts.type_name or facts.type_name_en):
        return sentence("fact.unnamed_kind", language, {"code": facts.type_code})
    return _kind(facts, language)


def role_name(role: str, language: Language) -> str:
    """Return what the role in a mandate is called; one of another deployment stands as it was signed."""
    return catalogue(language).get(f"role.{role}", role)


def issuer_name(facts: Facts, language: Language) -> str:
    """Return what the issuer is called, or its code."""
    return (facts.issuer_name_en if language == "en" else "") or facts.issuer_name or facts.issuer


def _kind(facts: Facts, language: Language) -> str:
    return (facts.type_name_en if language == "en" else "") or facts.type_name or facts.type_code


def _fitting(code: str, report: Report) -> str:
    """Return the code of what is said in place of this one, where an official document was checked."""
    return _OF_OFFICIAL.get(code, code) if report.facts.official_id else code


def _sentence_code(report: Report) -> str:
    code = f"verdict.{report.verdict.value}"
    if _is_unread_file(report):
        return f"{code}.file"
    if report.headline is not None and report.headline.code == "contents.changed_after_signing":
        return f"{code}.changed"
    if report.verdict is Verdict.UNREACHABLE and not _has_passed(report, Check.SIGNATURE):
        return f"{code}.unsigned"
    return f"{code}.sentence"


def _is_unread_file(report: Report) -> bool:
    return report.verdict is Verdict.UNREADABLE and report.subject is Subject.DOCUMENT


def _params(report: Report, language: Language, reference: str) -> dict[str, str]:
    """Return what the sentences may need; what the headline's finding says goes before what is known elsewhere."""
    facts, status, issuer = report.facts, report.finding(Check.STATUS), report.finding(Check.ISSUER)
    names = [sentence(f"check.{each.value}", language) for each in _NAMED if _has_passed(report, each)]
    days_left = None if facts.valid_until is None else facts.valid_until - report.at.astimezone(ISSUER_ZONE).date()
    known = {
        "authority": issuer_name(facts, language),
        "signer": issuer_name(facts, language),
        "kind": _kind(facts, language) or sentence("fact.unknown_kind", language),
        "list_date": _date_of(issuer),
        "list_time": "" if status is None or status.as_of is None else status.as_of.isoformat(),
        "days_left": "" if days_left is None else str(days_left.days),
        "checked": sentence("list.separator", language).join(names),
        "at": report.at.isoformat(),
        "id": reference,
    }
    own = {} if report.headline is None else report.headline.params
    return known | dict(own)


def _line(finding: Finding, language: Language) -> CheckLine:
    return CheckLine(
        check=finding.check,
        outcome=finding.outcome,
        mark=_MARKS[finding.outcome],
        name=sentence(f"check.{finding.check.value}", language),
        result=sentence(f"result.{finding.outcome.value}", language),
        found=sentence(finding.code, language, finding.params),
    )


def _has_passed(report: Report, check: Check) -> bool:
    found = report.finding(check)
    return found is not None and found.outcome is Outcome.PASSED


def _date_of(finding: Finding | None) -> str:
    if finding is None or finding.as_of is None:
        return ""
    return finding.as_of.astimezone(ISSUER_ZONE).date().isoformat()


def _day(day: date | None, language: Language) -> str:
    return "" if day is None else day_text(day, language)
