"""The verdict: one word for all findings together, by the table of the format page "Verdict object".

Promises:
  * The order of the words is the order of the table: the first one that applies is the headline, the rest are lines.
  * What the table does not know is never good: an unknown failure is `tampered`, an unknown gap `status_unknown`.
  * A true answer about a genuine licence (revoked, expired) is never called "not genuine", and a gap is called neither.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """The words, worst first."""

    __hash__ = str.__hash__  # that of an enum is a function of Python's, and a verdict is looked up several times

    UNREADABLE = "unreadable"
    TAMPERED = "tampered"
    WRONG_ISSUER = "wrong_issuer"
    UNKNOWN_ISSUER = "unknown_issuer"
    NOT_FOUND = "not_found"
    NOT_IN_LOG = "not_in_log"
    LOG_INCONSISTENT = "log_inconsistent"
    SIGNER_REVOKED = "signer_revoked"
    RESCINDED = "rescinded"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"
    ENDED = "ended"
    SUSPENDED = "suspended"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    SHOW_CODE_EXPIRED = "show_code_expired"
    SHOW_CODE_USED = "show_code_used"
    CLOCK_WRONG = "clock_wrong"
    STATUS_UNKNOWN = "status_unknown"
    UNREACHABLE = "unreachable"
    PARTLY_VALID = "partly_valid"
    VALID_EXPIRING = "valid_expiring"
    VALID = "valid"

    @property
    def is_in_force(self) -> bool | None:
        """Say whether the licence may be relied on now; None where it could not be decided."""
        return None if self in _UNDECIDED else self in _IN_FORCE

    @property
    def is_not_genuine(self) -> bool:
        """Say whether what was shown is nobody's licence: then its holder's data is nobody's business."""
        return self in _NOT_GENUINE

    @property
    def needs_clock(self) -> bool:
        """Say whether nobody can say this without a clock: then the clock is named instead (rule g)."""
        return self in _NEEDS_CLOCK

    @property
    def receipt_number(self) -> int | None:
        """The number in a verification receipt (README, "Verdict object"); None where no receipt is made."""
        return _RECEIPT_NUMBER.get(self)


_IN_FORCE: Final = frozenset({Verdict.VALID, Verdict.VALID_EXPIRING, Verdict.PARTLY_VALID})
_NOT_GENUINE: Final = frozenset({Verdict.TAMPERED, Verdict.WRONG_ISSUER, Verdict.UNKNOWN_ISSUER, Verdict.NOT_FOUND})
_UNDECIDED: Final = frozenset(
    {
        Verdict.UNREADABLE,
        Verdict.SHOW_CODE_EXPIRED,
        Verdict.SHOW_CODE_USED,
        Verdict.CLOCK_WRONG,
        Verdict.STATUS_UNKNOWN,
        Verdict.UNREACHABLE,
    }
)
_RANK: Final[Mapping[Verdict, int]] = {verdict: rank for rank, verdict in enumerate(Verdict)}
# Without a clock nobody can say these: the clock is named instead (rule g).
_NEEDS_CLOCK: Final = frozenset(
    {Verdict.EXPIRED, Verdict.NOT_YET_VALID, Verdict.SHOW_CODE_EXPIRED, Verdict.SHOW_CODE_USED}
)
_RECEIPT_NUMBER: Final[Mapping[Verdict, int]] = {
    Verdict.VALID: 0,
    Verdict.VALID_EXPIRING: 0,
    Verdict.SUSPENDED: 2,
    Verdict.EXPIRED: 3,
    Verdict.UNKNOWN_ISSUER: 4,
    Verdict.STATUS_UNKNOWN: 5,
    Verdict.REVOKED: 6,
    Verdict.RESCINDED: 7,
    Verdict.WITHDRAWN: 8,
    Verdict.CANCELLED: 9,
    Verdict.SUPERSEDED: 10,
    Verdict.NOT_YET_VALID: 11,
    Verdict.PARTLY_VALID: 12,
    Verdict.ENDED: 13,
    Verdict.SIGNER_REVOKED: 14,
    Verdict.WRONG_ISSUER: 15,
    Verdict.TAMPERED: 16,
    Verdict.NOT_FOUND: 17,
    Verdict.NOT_IN_LOG: 18,
    Verdict.LOG_INCONSISTENT: 19,
    Verdict.SHOW_CODE_EXPIRED: 20,
    Verdict.SHOW_CODE_USED: 21,
}

OF_FAILURE: Final[Mapping[str, Verdict]] = {
    "form.unreadable": Verdict.UNREADABLE,
    "form.encrypted": Verdict.UNREADABLE,
    "signature.none": Verdict.UNREADABLE,
    "signature.bad": Verdict.TAMPERED,
    "contents.changed_after_signing": Verdict.TAMPERED,
    "contents.other_token": Verdict.TAMPERED,
    "contents.missing": Verdict.TAMPERED,
    "contents.registry_differs": Verdict.TAMPERED,
    "contents.inconsistent": Verdict.TAMPERED,
    "contents.uncovered": Verdict.TAMPERED,
    "contents.stamp_misplaced": Verdict.TAMPERED,
    "seal.file_differs": Verdict.TAMPERED,
    "issuer.not_entitled": Verdict.WRONG_ISSUER,
    "issuer.out_of_period": Verdict.WRONG_ISSUER,
    "issuer.unknown": Verdict.UNKNOWN_ISSUER,
    "issuer.revoked_before": Verdict.SIGNER_REVOKED,
    "seal.unreadable": Verdict.UNREADABLE,
    "seal.signature_wrong": Verdict.TAMPERED,
    "seal.data_hash_wrong": Verdict.TAMPERED,
    "seal.version_disagrees": Verdict.TAMPERED,
    "seal.maker_signature_wrong": Verdict.TAMPERED,
    "seal.timestamp_wrong": Verdict.TAMPERED,
    "seal.seal_timestamp_wrong": Verdict.TAMPERED,
    "seal.signer_not_listed": Verdict.WRONG_ISSUER,
    "seal.signed_outside_term": Verdict.WRONG_ISSUER,
    "seal.maker_other_use": Verdict.WRONG_ISSUER,
    "seal.maker_out_of_period": Verdict.WRONG_ISSUER,
    "seal.maker_unreadable": Verdict.UNKNOWN_ISSUER,
    "seal.maker_unknown": Verdict.UNKNOWN_ISSUER,
    "seal.maker_revoked_before": Verdict.SIGNER_REVOKED,
    "seal.expired": Verdict.EXPIRED,
    "seal.not_yet_valid": Verdict.NOT_YET_VALID,
    "seal.signed_in_future": Verdict.NOT_YET_VALID,
    "log.missing": Verdict.NOT_IN_LOG,
    "log.wrong": Verdict.NOT_IN_LOG,
    "log.cut_off": Verdict.NOT_IN_LOG,
    "log.inconsistent": Verdict.LOG_INCONSISTENT,
    "status.not_found": Verdict.NOT_FOUND,
    "status.rescinded": Verdict.RESCINDED,
    "status.revoked": Verdict.REVOKED,
    "status.withdrawn": Verdict.WITHDRAWN,
    "status.cancelled": Verdict.CANCELLED,
    "status.ended": Verdict.ENDED,
    "status.suspended": Verdict.SUSPENDED,
    "status.superseded": Verdict.SUPERSEDED,
    "status.partly": Verdict.PARTLY_VALID,
    "term.expired": Verdict.EXPIRED,
    "term.not_yet": Verdict.NOT_YET_VALID,
    "show.expired": Verdict.SHOW_CODE_EXPIRED,
    "show.used": Verdict.SHOW_CODE_USED,
    "clock.wrong": Verdict.CLOCK_WRONG,
}
"""What a failed check means, by the code of its finding."""

OF_GAP: Final[Mapping[str, Verdict | None]] = {
    "issuer.no_trust_list": Verdict.UNREACHABLE,
    "issuer.revocation_unknown": Verdict.STATUS_UNKNOWN,
    "issuer.revoked_unproven": Verdict.STATUS_UNKNOWN,
    "seal.no_trust_list": Verdict.UNREACHABLE,
    "seal.signature_unchecked": Verdict.STATUS_UNKNOWN,
    "seal.timestamp_authority_unknown": Verdict.STATUS_UNKNOWN,
    "seal.timestamp_unreadable": Verdict.STATUS_UNKNOWN,
    "seal.maker_revocation_unknown": Verdict.STATUS_UNKNOWN,
    "seal.maker_revoked_unproven": Verdict.STATUS_UNKNOWN,
    "status.unreachable": Verdict.UNREACHABLE,
    "status.stale": Verdict.STATUS_UNKNOWN,
    "status.not_asked": Verdict.STATUS_UNKNOWN,
    "log.cut_off": Verdict.STATUS_UNKNOWN,
    "log.cut_off_unwitnessed": Verdict.STATUS_UNKNOWN,
    # Stands beside a signature that does not fit, and says no less.
    "contents.unproven": Verdict.TAMPERED,
    "contents.partly_protected": Verdict.STATUS_UNKNOWN,
    "contents.strangers_mark": Verdict.STATUS_UNKNOWN,
    # These say that there was nothing to check, or that the reason stands in another finding.
    "signature.not_asked": None,
    "issuer.not_asked": None,
    "contents.not_asked": None,
    "term.not_asked": None,
    "log.not_asked": None,
    "log.unwitnessed": None,
    "log.proof_of_no_use": None,
    "show.not_asked": None,
    "clock.not_asked": None,
}
"""What an unknown check means, by the code of its finding; None does not stand in the way of "valid"."""


def meaning(code: str, *, is_failure: bool) -> Verdict | None:
    """Return the verdict that a failed or unknown check calls for; None when it stands in nobody's way."""
    if is_failure:
        return OF_FAILURE.get(code, Verdict.TAMPERED)
    return OF_GAP.get(code, Verdict.STATUS_UNKNOWN)


def worst(verdicts: Iterable[Verdict], *, is_clock_wrong: bool) -> Verdict:
    """Return the one that is the headline; a wrong clock, which must be among them, outranks what depends on it."""
    candidates = [each for each in verdicts if not is_clock_wrong or each not in _NEEDS_CLOCK]
    return min(candidates, key=_RANK.__getitem__)
