"""Check a live code: what a holder shows for one minute (`presentation_code.py` has its form).

Promises:
  * No network, no clock: same text, same evidence, same moment, same report.
  * The key is found by its id and the use of live codes; a key that signs licences is none.
  * A code says whose licence is shown, not its state: without the registry the state was not checked, and nobody can
    say whether the code was shown before. Neither is ever called passed.
  * A code that is out of date or was used discloses nothing that does not stand in it.
"""

import re
from datetime import datetime, timedelta
from typing import Final

from verify.errors import MalformedError
from verify.evidence import Answer, Evidence, RegistryAnswer
from verify.facts import Facts
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.licence import HolderKind, mask_name, shown_kind
from verify.presentation_code import PresentationCode, decode_presentation
from verify.qr_text import TokenIdError
from verify.registry_facts import facts_with
from verify.report import Check, Finding, Outcome, Report, Subject, merged
from verify.status_check import CLOCK_SKEW_MAX, check_clock, check_registry, clock_off
from verify.token_check import check_term, is_test_issuer, issuer_finding, issuer_trusted, signer_of
from verify.trust import TrustList

LIVE_USE: Final = TRUST_LIST_USE[KeyPurpose.PRESENTATION]
# Between the end of a code and its check pass the way of the text and a tired network (format page, section 5).
GRACE_ONLINE: Final = timedelta(seconds=5)
# Without the registry two clocks are compared that nobody set by each other.
GRACE_OFFLINE: Final = timedelta(seconds=60)
_FORM: Final = re.compile(r"https://[^/]{1,260}/p/", re.ASCII | re.IGNORECASE)

_FORM_PASSED: Final = Finding(check=Check.FORM, code="form.live_code", outcome=Outcome.PASSED, source="code")
_SIGNATURE_GOOD: Final = Finding(check=Check.SIGNATURE, code="signature.good", outcome=Outcome.PASSED, source="code")
_SIGNATURE_BAD: Final = Finding(check=Check.SIGNATURE, code="signature.bad", outcome=Outcome.FAILED, source="code")
_SIGNATURE_NOT_ASKED: Final = Finding(check=Check.SIGNATURE, code="signature.not_asked", outcome=Outcome.UNKNOWN)
_ISSUER_NOT_ASKED: Final = Finding(check=Check.ISSUER, code="issuer.not_asked", outcome=Outcome.UNKNOWN)
_NO_TRUST_LIST: Final = Finding(check=Check.ISSUER, code="issuer.no_trust_list", outcome=Outcome.UNKNOWN)
_CONTENTS_NOT_ASKED: Final = Finding(check=Check.CONTENTS, code="contents.not_asked", outcome=Outcome.UNKNOWN)
_TERM_NOT_ASKED: Final = Finding(check=Check.TERM, code="term.not_asked", outcome=Outcome.UNKNOWN)
_STATUS_NOT_ASKED: Final = Finding(check=Check.STATUS, code="status.not_asked", outcome=Outcome.UNKNOWN)
_LOG_NOT_ASKED: Final = Finding(check=Check.LOG, code="log.not_asked", outcome=Outcome.UNKNOWN)
_EXPIRED: Final = Finding(check=Check.SHOW, code="show.expired", outcome=Outcome.FAILED, source="code")
_REUSE_NOT_ASKED: Final = Finding(check=Check.SHOW, code="show.not_asked", outcome=Outcome.UNKNOWN)
_FIRST_USE: Final = Finding(check=Check.SHOW, code="show.first_use", outcome=Outcome.PASSED, source="registry")
_AGREES: Final = Finding(
    check=Check.CONTENTS, code="contents.registry_agrees", outcome=Outcome.PASSED, source="registry"
)


def is_live_code(text: str) -> bool:
    """Say whether a text is that of a live code, or would be one if it were whole."""
    return _FORM.match(text) is not None


def examine_live(text: str, evidence: Evidence, *, at: datetime, grace: timedelta = GRACE_OFFLINE) -> Report:
    """Check the text of a live code by itself: form, signature, key, and that its minute is not over."""
    try:
        code = decode_presentation(text)
    except TokenIdError as error:
        return _unread(_FORM_PASSED, _failed(Check.CONTENTS, "contents.other_token", error), at=at)
    except MalformedError as error:
        return _unread(_failed(Check.FORM, "form.unreadable", error), at=at)
    signature, issuer = _signed(code, evidence.trust)
    claims = code.claims
    early = claims.issued_at - at
    is_ahead = evidence.clock_offset is None and early > CLOCK_SKEW_MAX
    clock = clock_off(early) if is_ahead else check_clock(None, evidence, at=at)
    shown = _EXPIRED if at >= claims.expires_at + grace else _REUSE_NOT_ASKED
    rest = (_CONTENTS_NOT_ASKED, _TERM_NOT_ASKED, _STATUS_NOT_ASKED, _LOG_NOT_ASKED, shown, clock)
    facts = Facts(
        licence_id=claims.licence_id.text,
        number=claims.number,
        holder=claims.holder,
        holder_kind=shown_kind(claims.holder, None),
    )
    findings = (_FORM_PASSED, signature, issuer, *rest)
    return Report(subject=Subject.TEXT, findings=findings, at=at, facts_source=facts)


def may_be_redeemed(report: Report) -> bool:
    """Say whether a code is genuine and in its minute: only then is its one-time value used up."""
    return report.is_genuine is True and not any(each.outcome is Outcome.FAILED for each in report.findings)


def with_redeemed(report: Report, answer: Answer, used_before: datetime | None, *, at: datetime) -> Report:
    """Complete what was found by the code alone: was it used before, what does the registry say of the licence."""
    if used_before is not None:
        params = {"at": used_before.isoformat()}
        used = Finding(check=Check.SHOW, code="show.used", outcome=Outcome.FAILED, source="registry", params=params)
        return _renewed(report, used)
    if not isinstance(answer, RegistryAnswer):
        return _renewed(report, _FIRST_USE, check_registry(answer, at=at))
    different = _differences(report.facts, answer)
    if different:
        detail = ", ".join(different)
        differs = Finding(Check.CONTENTS, "contents.registry_differs", Outcome.FAILED, detail=detail, source="registry")
        return _renewed(report, _FIRST_USE, differs, check_registry(answer, at=at))
    term = check_term(answer.valid_from, answer.valid_until, answer.issued_at, None, at=at)
    return _renewed(report, _FIRST_USE, _AGREES, term, check_registry(answer, at=at))._replace(
        facts_source=facts_with(report.facts, answer),
        valid_until=answer.valid_until,
        test=is_test_issuer(answer.issuer),
    )


def with_registry_away(report: Report, answer: Answer, *, at: datetime) -> Report:
    """Complete what was found by the code alone when nobody could be asked whether it was used before."""
    return _renewed(report, _REUSE_NOT_ASKED, check_registry(answer, at=at))


def _renewed(report: Report, *new: Finding) -> Report:
    """Return the report with new findings in place of what was not asked."""
    asked = {each.check for each in new}
    kept = [each for each in report.findings if each.check not in asked]
    return report._replace(findings=merged((*kept, *new)))


def _signed(code: PresentationCode, trust: TrustList | None) -> tuple[Finding, Finding]:
    if trust is None:
        return _SIGNATURE_NOT_ASKED, _NO_TRUST_LIST
    candidates = trust.keys_for(code.kid, LIVE_USE)
    if not candidates:
        return _SIGNATURE_NOT_ASKED, issuer_finding("issuer.unknown", Outcome.FAILED, trust)
    found = signer_of(code, candidates)
    if found is None:
        return _SIGNATURE_BAD, _ISSUER_NOT_ASKED
    issuer, key = found
    if not key.covers(code.claims.issued_at):
        out_of_period = issuer_finding("issuer.out_of_period", Outcome.FAILED, trust, {"signer": issuer.name})
        return _SIGNATURE_GOOD, out_of_period
    return _SIGNATURE_GOOD, issuer_trusted(trust.sequence, trust.issued_at)


def _differences(facts: Facts, answer: RegistryAnswer) -> tuple[str, ...]:
    of_person = answer.holder_kind is HolderKind.PERSON
    pairs = (
        ("licence_id", facts.licence_id, answer.licence_id),
        ("number", facts.number, answer.number),
        ("holder", facts.holder, mask_name(answer.holder_name) if of_person else answer.holder_name),
    )
    return tuple(name for name, shown, recorded in pairs if shown != recorded)


def _unread(*findings: Finding, at: datetime) -> Report:
    return Report(subject=Subject.TEXT, findings=findings, at=at)


def _failed(check: Check, code: str, error: MalformedError) -> Finding:
    return Finding(check=check, code=code, outcome=Outcome.FAILED, detail=error.code, source="code")
