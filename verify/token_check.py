"""Check the code of a licence: the steps 1, 2, 3, 5 and 7 of "what valid means" in the README.

Promises:
  * The order is that of the format's page: form, header, key, algorithm, signature, period, entitlement.
  * The algorithm comes from the trust list, never from the header alone; a key of another use is not found.
  * No network, no clock, no parsing of certificates: one signature and some look-ups in what was opened before.
  * The host in the text is signed by nobody: one that is not the issuer's is reported, and neither asked nor judged.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

from verify.algorithms import SignatureError, check_cose_signature
from verify.errors import MalformedError
from verify.evidence import Evidence
from verify.facts import Facts
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.licence import law_day, shown_kind
from verify.presentation_code import PresentationCode
from verify.qr_text import TokenIdError
from verify.qr_token import LicenceToken, TokenClaims, decode_token
from verify.report import Check, Claimed, Finding, Outcome
from verify.trust import TrustedIssuer, TrustedKey, TrustList

CODE_USE: Final = TRUST_LIST_USE[KeyPurpose.CODE]
# GB/T 2260 gives no place 999999; our samples and tests use it (sample catalogue).
TEST_DIVISION: Final = "999999"
# Terms end on some thousand different days.
DAYS_REMEMBERED: Final = 4096
# A process sees one trust list at a time, and a new one every few weeks.
LISTS_REMEMBERED: Final = 16
_NO_NAMES: Final = ("", "")
_MOMENT: Final = timedelta(microseconds=1)

_FORM_PASSED: Final = Finding(check=Check.FORM, code="form.code", outcome=Outcome.PASSED, source="code")
_SIGNATURE_GOOD: Final = Finding(check=Check.SIGNATURE, code="signature.good", outcome=Outcome.PASSED, source="code")
_SIGNATURE_BAD: Final = Finding(check=Check.SIGNATURE, code="signature.bad", outcome=Outcome.FAILED, source="code")
_SIGNATURE_NOT_ASKED: Final = Finding(check=Check.SIGNATURE, code="signature.not_asked", outcome=Outcome.UNKNOWN)
_ISSUER_NOT_ASKED: Final = Finding(check=Check.ISSUER, code="issuer.not_asked", outcome=Outcome.UNKNOWN)
_LOG_NOT_ASKED: Final = Finding(check=Check.LOG, code="log.not_asked", outcome=Outcome.UNKNOWN)
_LONG_TERM: Final = Finding(check=Check.TERM, code="term.long_term", outcome=Outcome.PASSED)
_NO_TRUST_LIST: Final = Finding(check=Check.ISSUER, code="issuer.no_trust_list", outcome=Outcome.UNKNOWN)


class TokenCheck(NamedTuple):
    """What the code alone can tell: `token` is None when it could not be read, `issuer` when nobody trusted made it.

    `findings` are one for each step; `notices` is what a person should be told beside them.
    """

    token: LicenceToken | None
    issuer: TrustedIssuer | None
    findings: tuple[Finding, ...]
    notices: tuple[Finding, ...] = ()


def check_token(text: str, evidence: Evidence, *, at: datetime) -> TokenCheck:
    """Check the text of a licence's QR code.

    1. Form: text, CBOR, header, claims, id. 2. Signature: the key by its id and use, with the trust list's algorithm.
    3. Issuer: the key was in its period when the code was issued, and its owner may issue this type. 5. The term.
    7. Log: a key with a cut-off proves nothing by itself.
    """
    try:
        token = decode_token(text)  # (1)
    except TokenIdError as error:
        return _unread(_FORM_PASSED, _of_code(Check.CONTENTS, "contents.other_token", error))
    except MalformedError as error:
        return _unread(_of_code(Check.FORM, "form.unreadable", error))
    claims = token.claims
    starts_at = claims.issued_at if claims.not_before is None else claims.not_before
    term = check_term(claims.valid_from, claims.valid_until, starts_at, claims.expires_at, at=at)  # (5)
    trust = evidence.trust
    if trust is None:
        findings = (_FORM_PASSED, _SIGNATURE_NOT_ASKED, _NO_TRUST_LIST, term, _LOG_NOT_ASKED)
        return TokenCheck(token=token, issuer=None, findings=findings, notices=_notices(token, None))
    candidates = trust.keys_for(token.kid, CODE_USE)
    if not candidates:
        unknown = issuer_finding("issuer.unknown", Outcome.FAILED, trust)
        findings = (_FORM_PASSED, _SIGNATURE_NOT_ASKED, unknown, term, _LOG_NOT_ASKED)
        return TokenCheck(token=token, issuer=None, findings=findings, notices=_notices(token, None))
    found = signer_of(token, candidates)  # (2)
    if found is None:
        findings = (_FORM_PASSED, _SIGNATURE_BAD, _ISSUER_NOT_ASKED, term, _LOG_NOT_ASKED)
        return TokenCheck(token=token, issuer=None, findings=findings, notices=_notices(token, None))
    issuer, key = found
    entitled = _entitlement(claims, issuer, key, trust)  # (3)
    findings = (_FORM_PASSED, _SIGNATURE_GOOD, entitled, term, _log(key))  # (7)
    return TokenCheck(token=token, issuer=issuer, findings=findings, notices=_notices(token, issuer))


def check_term(
    valid_from: date, valid_until: date | None, starts_at: datetime, ends_at: datetime | None, *, at: datetime
) -> Finding:
    """Judge a term at a moment: days of the licence, and instants where the code narrows them (papers still due)."""
    day = law_day(at)
    if at < starts_at or day < valid_from:
        first = max(valid_from, law_day(starts_at))
        return _term("term.not_yet", Outcome.FAILED, {"date": first.isoformat()})
    last = valid_until
    if ends_at is not None:
        last_by_code = _last_day_before(ends_at)
        last = last_by_code if last is None else min(last, last_by_code)
    if last is None:
        return _LONG_TERM
    if day > last or (ends_at is not None and at >= ends_at):
        return _term("term.expired", Outcome.FAILED, {"date": last.isoformat(), "days": str((day - last).days)})
    return _in_term(last)


@lru_cache(maxsize=DAYS_REMEMBERED)
def _last_day_before(end: datetime) -> date:
    return law_day(end - _MOMENT)


@lru_cache(maxsize=DAYS_REMEMBERED)
def _in_term(last: date) -> Finding:
    return _term("term.in_term", Outcome.PASSED, {"date": last.isoformat()})


def claimed_by(token: LicenceToken) -> Claimed:
    """Return what the registry must agree with."""
    claims = token.claims
    return Claimed(
        licence_id=token.id_text,
        issuer=claims.issuer,
        type_code=claims.type_code,
        number=claims.number,
        holder=claims.holder,
        valid_from=claims.valid_from,
        valid_until=claims.valid_until,
        token_kid=token.kid.hex(),
        token_digest=sha256(token.to_be_signed).hexdigest(),
    )


def facts_of(token: LicenceToken, issuer: TrustedIssuer | None, evidence: Evidence) -> Facts:
    """Return what the code tells; the issuer's name comes from the trust list, the type's from the evidence."""
    claims = token.claims
    name, name_en = evidence.type_names.get(claims.type_code, _NO_NAMES)
    return Facts(
        licence_id=token.id_text,
        type_code=claims.type_code,
        type_name=name,
        type_name_en=name_en,
        number=claims.number,
        holder=claims.holder,
        holder_kind=shown_kind(claims.holder, claims.holder_uscc),
        holder_uscc=claims.holder_uscc or "",
        issuer=claims.issuer,
        issuer_name=issuer.name if issuer is not None else "",
        valid_from=claims.valid_from,
        valid_until=claims.valid_until,
        long_term=claims.valid_until is None,
    )


def is_test_issuer(uscc: str) -> bool:
    """Say whether a credit code belongs to the place that does not exist."""
    return uscc[2:8] == TEST_DIVISION


def _unread(*findings: Finding) -> TokenCheck:
    return TokenCheck(token=None, issuer=None, findings=findings)


def _notices(token: LicenceToken, issuer: TrustedIssuer | None) -> tuple[Finding, ...]:
    """Return a host that is not the issuer's, and the numbers of claims that a later version may have brought."""
    is_foreign = issuer is not None and issuer.host not in (token.host, "")
    not_understood = token.claims.not_understood
    if not is_foreign and not not_understood:
        return ()
    found = [_notice("form.foreign_host", {"host": token.host})] if is_foreign else []
    if not_understood:
        found.append(_notice("form.not_understood", {"claims": ", ".join(map(str, not_understood))}))
    return tuple(found)


def _notice(code: str, params: dict[str, str]) -> Finding:
    return Finding(check=Check.FORM, code=code, outcome=Outcome.PASSED, source="code", params=params)


def _of_code(check: Check, code: str, error: MalformedError) -> Finding:
    return Finding(check=check, code=code, outcome=Outcome.FAILED, detail=error.code, source="code")


def signer_of(
    token: LicenceToken | PresentationCode, candidates: tuple[tuple[TrustedIssuer, TrustedKey], ...]
) -> tuple[TrustedIssuer, TrustedKey] | None:
    """Return the key that made the signature; the key id is a hint, so all that bear it are tried."""
    for issuer, key in candidates:
        if key.algorithm is not token.algorithm:
            continue
        try:
            check_cose_signature(key.algorithm, key.spki, token.to_be_signed, token.signature)
        except SignatureError:
            continue
        return issuer, key
    return None


def _entitlement(claims: TokenClaims, issuer: TrustedIssuer, key: TrustedKey, trust: TrustList) -> Finding:
    if claims.issuer != issuer.issuer or claims.type_code not in issuer.licence_types:
        return issuer_finding("issuer.not_entitled", Outcome.FAILED, trust, {"signer": issuer.name})
    if not key.covers(claims.issued_at):
        return issuer_finding("issuer.out_of_period", Outcome.FAILED, trust, {"signer": issuer.name})
    return issuer_trusted(trust.sequence, trust.issued_at)


@lru_cache(maxsize=LISTS_REMEMBERED)
def issuer_trusted(sequence: int, issued_at: datetime) -> Finding:
    """Say that the issuer stands in the trust list, and may."""
    source = f"trust list {sequence}"
    return Finding(Check.ISSUER, "issuer.trusted", Outcome.PASSED, source=source, as_of=issued_at)


def issuer_finding(code: str, outcome: Outcome, trust: TrustList, params: dict[str, str] | None = None) -> Finding:
    """Say of the issuer what the trust list says."""
    return Finding(
        check=Check.ISSUER,
        code=code,
        outcome=outcome,
        source=f"trust list {trust.sequence}",
        as_of=trust.issued_at,
        params=params or {},
    )


def _log(key: TrustedKey) -> Finding:
    if key.cut_off is None:
        return _LOG_NOT_ASKED
    params = {"size": str(key.cut_off[1])}
    return Finding(check=Check.LOG, code="log.cut_off", outcome=Outcome.UNKNOWN, source="code", params=params)


def _term(code: str, outcome: Outcome, params: dict[str, str]) -> Finding:
    return Finding(check=Check.TERM, code=code, outcome=outcome, params=params)
