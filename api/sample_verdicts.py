"""One id for each verdict, in deployments without legal effect: developers of other offices try every answer with them.

Promises:
  * Known to a test deployment alone; in service these ids are as unknown as any other.
  * Each is marked: a test, and a finding that says that it is a sample and that nothing was checked.
  * The verdict follows from the findings, as always; a sample cannot say what a check could not.

The ids are the ten bytes `sample`, three zeros and the place in the table of verdicts: `sample_id(Verdict.REVOKED)`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from verify.facts import Facts
from verify.licence import HolderKind, law_day
from verify.report import Check, Finding, Outcome, Report, Subject, merged
from verify.states import LicenceState
from verify.values import LicenceId
from verify.verdict import Verdict

_LEAD: Final = b"sample\x00\x00\x00"
_PLACES: Final = tuple(Verdict)
_SAMPLE: Final = Finding(check=Check.FORM, code="form.sample", outcome=Outcome.PASSED, source="sample")
_PASSED: Final = (
    (Check.SIGNATURE, "signature.good"),
    (Check.ISSUER, "issuer.trusted"),
    (Check.CONTENTS, "contents.registry_agrees"),
    (Check.TERM, "term.in_term"),
    (Check.STATUS, "status.in_force"),
    (Check.LOG, "log.recorded"),
)
# What differs from a good licence: the check, the code of its finding, and how it ended.
_DIFFERENT: Final[Mapping[Verdict, tuple[Check, str, Outcome]]] = {
    Verdict.UNREADABLE: (Check.FORM, "form.unreadable", Outcome.FAILED),
    Verdict.TAMPERED: (Check.SIGNATURE, "signature.bad", Outcome.FAILED),
    Verdict.WRONG_ISSUER: (Check.ISSUER, "issuer.not_entitled", Outcome.FAILED),
    Verdict.UNKNOWN_ISSUER: (Check.ISSUER, "issuer.unknown", Outcome.FAILED),
    Verdict.NOT_FOUND: (Check.STATUS, "status.not_found", Outcome.FAILED),
    Verdict.NOT_IN_LOG: (Check.LOG, "log.missing", Outcome.FAILED),
    Verdict.LOG_INCONSISTENT: (Check.LOG, "log.inconsistent", Outcome.FAILED),
    Verdict.SIGNER_REVOKED: (Check.ISSUER, "issuer.revoked_before", Outcome.FAILED),
    Verdict.RESCINDED: (Check.STATUS, "status.rescinded", Outcome.FAILED),
    Verdict.REVOKED: (Check.STATUS, "status.revoked", Outcome.FAILED),
    Verdict.WITHDRAWN: (Check.STATUS, "status.withdrawn", Outcome.FAILED),
    Verdict.CANCELLED: (Check.STATUS, "status.cancelled", Outcome.FAILED),
    Verdict.ENDED: (Check.STATUS, "status.ended", Outcome.FAILED),
    Verdict.SUSPENDED: (Check.STATUS, "status.suspended", Outcome.FAILED),
    Verdict.SUPERSEDED: (Check.STATUS, "status.superseded", Outcome.FAILED),
    Verdict.EXPIRED: (Check.TERM, "term.expired", Outcome.FAILED),
    Verdict.NOT_YET_VALID: (Check.TERM, "term.not_yet", Outcome.FAILED),
    Verdict.SHOW_CODE_EXPIRED: (Check.SHOW, "show.expired", Outcome.FAILED),
    Verdict.SHOW_CODE_USED: (Check.SHOW, "show.used", Outcome.FAILED),
    Verdict.CLOCK_WRONG: (Check.CLOCK, "clock.wrong", Outcome.FAILED),
    Verdict.STATUS_UNKNOWN: (Check.STATUS, "status.stale", Outcome.UNKNOWN),
    Verdict.UNREACHABLE: (Check.STATUS, "status.unreachable", Outcome.UNKNOWN),
    Verdict.PARTLY_VALID: (Check.STATUS, "status.partly", Outcome.FAILED),
}
_STATES: Final = {each.value: each for each in LicenceState}
_WITHOUT_FACTS: Final = frozenset({Verdict.UNREADABLE, Verdict.NOT_FOUND, Verdict.UNREACHABLE})
_TERM_DAYS: Final = 400
# Within the time before an end in which a licence is shown as one to renew.
_SHORT_DAYS: Final = 5
_OFFICE: Final = "示例市行政审批服务局"
_FACTS: Final = Facts(
    type_code="11999999000000019M002",
    type_name="食品经营许可证",
    type_name_en="Food business licence",
    number="JY29999990000018",
    holder="示例市老城餐饮有限公司",
    holder_kind=HolderKind.ORGANISATION,
    issuer="119999990000000511",
    issuer_name=_OFFICE,
    issuer_name_en="Sample City Administrative Approval Bureau",
)


def sample_id(verdict: Verdict) -> LicenceId:
    """Return the id whose check ends with this verdict."""
    return LicenceId(_LEAD + bytes([_PLACES.index(verdict)]))


def sample_report(licence_id: LicenceId, *, at: datetime) -> Report | None:
    """Return the report on a sample's id; None for any other id."""
    lead, place = licence_id.octets[: len(_LEAD)], licence_id.octets[len(_LEAD)]
    if lead != _LEAD or place >= len(_PLACES):
        return None
    return _report(_PLACES[place], licence_id, at=at)


def _report(verdict: Verdict, licence_id: LicenceId, *, at: datetime) -> Report:
    today = law_day(at)
    until = today + timedelta(days=_SHORT_DAYS if verdict is Verdict.VALID_EXPIRING else _TERM_DAYS)
    given = dict(_PARAMS) | {
        "date": today.isoformat(),
        "until": until.isoformat(),
        "at": at.isoformat(),
        "list_time": at.isoformat(),
    }
    different = _DIFFERENT.get(verdict)
    checks = () if different is None else (different[0],)
    shown = {"date": until.isoformat(), "leaf": "1"}
    good = (
        Finding(check=check, code=code, outcome=Outcome.PASSED, source="sample", params=shown)
        for check, code in (*_PASSED, (Check.FORM, "form.typed_id"))
        if check not in checks
    )
    findings = [_SAMPLE, *good]
    if different is not None:
        check, code, outcome = different
        findings.append(Finding(check=check, code=code, outcome=outcome, source="sample", as_of=at, params=given))
    state = _STATES.get(verdict.value, LicenceState.IN_FORCE)
    known = Facts() if verdict in _WITHOUT_FACTS else _FACTS._replace(valid_from=today, valid_until=until, state=state)
    return Report(
        subject=Subject.ID,
        findings=merged(findings),
        at=at,
        valid_until=until,
        test=True,
        facts_source=known._replace(licence_id=licence_id.text),
    )


_PARAMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "authority": _OFFICE,
        "signer": _OFFICE,
        "reference": "示市监罚字〔2026〕1号",
        "number": "JY29999990000026",
        "days": "3",
        "hours": "25",
        "minutes": "12",
        "parts": "1",
        "revoked": "户外招牌设置许可证",
    }
)
