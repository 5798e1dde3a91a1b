"""Whether a signer's certificate leads to an authority that is trusted, and held when it signed: for PDFs and seals.

Promises:
  * The place in the log decides for a key with a cut-off, never a date (decisions.md section 2).
  * Who lost a key can date back what he signs: after such a loss only a time that somebody else bears out counts.
  * Revocation that is not known is said to be unknown, never to be absent.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from verify.certificates import CertificateError, CertificatePathError, CertificatePeriodError, TrustedPath, find_path
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.report import Check, Finding, Outcome
from verify.revocation import KEY_LOST, revocation_of
from verify.trust import TrustList
from verify.values import Uscc, UsccError

USCC_LENGTH: Final = 18


class Holding(Enum):
    """How a certificate stood at the moment that counts."""

    GOOD = "good"
    OUT_OF_PERIOD = "out_of_period"
    REVOKED_BEFORE = "revoked_before"
    REVOKED_AFTER = "revoked_after"
    REVOKED_UNPROVEN = "revoked_unproven"
    REVOCATION_UNKNOWN = "revocation_unknown"


OUTCOME_OF_HOLDING: Final = {
    Holding.GOOD: Outcome.PASSED,
    Holding.OUT_OF_PERIOD: Outcome.FAILED,
    Holding.REVOKED_BEFORE: Outcome.FAILED,
    Holding.REVOKED_AFTER: Outcome.PASSED,
    Holding.REVOKED_UNPROVEN: Outcome.UNKNOWN,
    Holding.REVOCATION_UNKNOWN: Outcome.UNKNOWN,
}
_ISSUER_CODES: Final = {
    Holding.OUT_OF_PERIOD: "issuer.out_of_period",
    Holding.REVOKED_BEFORE: "issuer.revoked_before",
    Holding.REVOKED_AFTER: "issuer.revoked_after",
    Holding.REVOKED_UNPROVEN: "issuer.revoked_unproven",
    Holding.REVOCATION_UNKNOWN: "issuer.revocation_unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relied:
    """What a check relies on: trust list and revocation lists (DER), as they are at this moment."""

    trust: TrustList | None
    crls: tuple[bytes, ...] = field(repr=False)
    at: datetime

    @property
    def authorities(self) -> tuple[bytes, ...]:
        """The certificates under which anything is trusted."""
        return () if self.trust is None else self.trust.authorities


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """When something was signed, and the moment at which it provably was; None when only the signer says so."""

    signed_at: datetime
    proven_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The path to a trusted authority, or why there is none."""

    path: TrustedPath | None
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How a path stood at a moment, and since when one of its certificates is revoked."""

    holding: Holding
    revoked_at: datetime | None = None
    detail: str = ""

    def finding(self, check: Check, code: str) -> Finding:
        """Return what this means, under that code."""
        params = {} if self.revoked_at is None else {"at": self.revoked_at.isoformat()}
        return Finding(
            check=check, code=code, outcome=OUTCOME_OF_HOLDING[self.holding], detail=self.detail, params=params
        )


def judge_path(
    certificate: bytes, organisation: str, chain: tuple[bytes, ...], relied: Relied, purpose: KeyPurpose
) -> Issuer:
    """Say whether the certificate hangs under an authority of the list, and its office stands in the list."""
    if relied.trust is None:
        return Issuer(path=None, finding=_finding("issuer.no_trust_list", Outcome.UNKNOWN))
    try:
        path = find_path(certificate, chain, relied.authorities, purpose)
    except CertificateError as error:
        is_other_use = not isinstance(error, CertificatePathError)
        code = "issuer.not_entitled" if is_other_use else "issuer.unknown"
        refused = _finding(code, Outcome.FAILED, error.detail)
        return Issuer(path=None, finding=refused._replace(as_of=relied.trust.issued_at))
    uscc = issuer_uscc(organisation)
    if uscc is None or relied.trust.issuer(uscc) is None:
        unknown = _finding("issuer.unknown", Outcome.FAILED, "not in the list")
        return Issuer(path=path, finding=unknown._replace(as_of=relied.trust.issued_at))
    return Issuer(path=path, finding=_finding("issuer.trusted", Outcome.PASSED))


def judge_at(issuer: Issuer, path: TrustedPath, signing: Signing, relied: Relied) -> tuple[Finding, ...]:
    """Say whether the certificate was valid and not revoked when it signed."""
    held = holding_at(path, signing, relied)
    if held.holding is Holding.GOOD:
        return (issuer.finding,)
    found = held.finding(Check.ISSUER, _ISSUER_CODES[held.holding])
    if held.holding is Holding.OUT_OF_PERIOD:
        return (found,)
    if held.revoked_at is not None and issuer.finding.outcome is Outcome.PASSED:
        return (found,)
    return issuer.finding, found


def holding_at(path: TrustedPath, signing: Signing, relied: Relied) -> Held:
    """Return how a path stood when something was signed under it.

    Revoked afterwards takes nothing from a signature, unless the key was lost and nobody else knows of the time.
    """
    try:
        path.check_period(signing.signed_at)
    except CertificatePeriodError as error:
        return Held(holding=Holding.OUT_OF_PERIOD, detail=error.detail)
    revocation = revocation_of(path, relied.crls, at=relied.at)
    revoked_at = revocation.revoked_at
    if revoked_at is None:
        return Held(holding=Holding.GOOD if revocation.is_known else Holding.REVOCATION_UNKNOWN)
    if cut_off_of(relied.trust, path.leaf.kid) is not None:
        return Held(holding=Holding.REVOKED_AFTER, revoked_at=revoked_at)
    if revoked_at <= signing.signed_at:
        return Held(holding=Holding.REVOKED_BEFORE, revoked_at=revoked_at)
    is_proven = signing.proven_at is not None and signing.proven_at < revoked_at
    is_sure = is_proven or revocation.reason not in KEY_LOST
    return Held(holding=Holding.REVOKED_AFTER if is_sure else Holding.REVOKED_UNPROVEN, revoked_at=revoked_at)


def issuer_uscc(organisation: str) -> str | None:
    """Return the unified social credit code at the head of an organisation's name in a certificate."""
    try:
        return Uscc(organisation[:USCC_LENGTH]).text
    except UsccError:
        return None


def cut_off_of(trust: TrustList | None, kid: bytes) -> tuple[str, int] | None:
    """Return the log's origin and size up to which a key's signatures stay good; None for a key without a cut-off."""
    if trust is None:
        return None
    for use in sorted(TRUST_LIST_USE.values()):
        for _, key in trust.keys_for(kid, use):
            if key.cut_off is not None:
                return key.cut_off
    return None


def _finding(code: str, outcome: Outcome, detail: str = "") -> Finding:
    return Finding(check=Check.ISSUER, code=code, outcome=outcome, detail=detail)
