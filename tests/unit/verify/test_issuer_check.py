"""How a certificate stood when it signed: one table for documents, seals and makers of seals."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.x509 import ReasonFlags

from tests.key_room import BUREAU, NOW
from tests.seal_room import SealRoom
from verify.algorithms import Algorithm
from verify.certificates import TrustedPath, find_path, read_certificate
from verify.issuer_check import OUTCOME_OF_HOLDING, Holding, Relied, Signing, holding_at, judge_at, judge_path
from verify.key_purpose import KeyPurpose
from verify.report import Outcome
from verify.trust import TrustedKey, TrustList

HOUR = timedelta(hours=1)
LOST = ReasonFlags.key_compromise


def path_of(room: SealRoom) -> TrustedPath:
    return find_path(room.bureau.certificate, (), (room.root.certificate,), KeyPurpose.SEAL)


def relied(room: SealRoom, *crls: bytes, trust: TrustList | None = None) -> Relied:
    return Relied(trust=trust or room.trust, crls=crls, at=NOW + HOUR / 2)


def cut_off(room: SealRoom) -> TrustList:
    """Return a trust list that cuts off the bureau's key at a size of the log."""
    certificate = read_certificate(room.bureau.certificate)
    key = TrustedKey(
        kid=certificate.kid,
        algorithm=Algorithm.SM2,
        spki=certificate.spki,
        use=1,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        cut_off=("log.test.example", 5),
    )
    issuer = room.trust.issuer(BUREAU)
    assert issuer is not None
    return replace(room.trust, issuers=(replace(issuer, keys=(key,)),))


@pytest.mark.parametrize(
    ("revoked_at", "reason", "proven_at", "expected"),
    [
        (NOW, ReasonFlags.superseded, NOW - HOUR, Holding.REVOKED_BEFORE),
        (NOW - HOUR, LOST, None, Holding.REVOKED_BEFORE),
        (NOW + HOUR, ReasonFlags.superseded, None, Holding.REVOKED_AFTER),
        (NOW + HOUR, LOST, NOW, Holding.REVOKED_AFTER),
        (NOW + HOUR, LOST, NOW + HOUR, Holding.REVOKED_UNPROVEN),
        (NOW + HOUR, None, None, Holding.REVOKED_UNPROVEN),
    ],
)
def test_when_and_why_a_certificate_was_revoked_decides(
    room: SealRoom, revoked_at: object, reason: ReasonFlags | None, proven_at: object, expected: Holding
) -> None:
    crl = room.root.revokes(room.bureau, at=revoked_at, reason=reason)
    signing = Signing(signed_at=NOW, proven_at=proven_at)

    held = holding_at(path_of(room), signing, relied(room, crl))

    assert (held.holding, held.revoked_at) == (expected, revoked_at)


def test_for_a_key_with_a_cut_off_no_date_decides(room: SealRoom) -> None:
    crl = room.root.revokes(room.bureau, at=NOW - HOUR, reason=LOST)

    held = holding_at(path_of(room), Signing(signed_at=NOW, proven_at=None), relied(room, crl, trust=cut_off(room)))

    assert held.holding is Holding.REVOKED_AFTER


def test_an_office_that_is_not_listed_stays_unknown_beside_a_revocation(room: SealRoom) -> None:
    crl = room.root.revokes(room.bureau, at=NOW - HOUR)
    lists = relied(room, crl, trust=replace(room.trust, issuers=()))
    organisation = read_certificate(room.bureau.certificate).organisation
    issuer = judge_path(room.bureau.certificate, organisation, (), lists, KeyPurpose.SEAL)
    assert issuer.path is not None

    found = judge_at(issuer, issuer.path, Signing(signed_at=NOW, proven_at=NOW), lists)

    assert [each.code for each in found] == ["issuer.unknown", "issuer.revoked_before"]
    assert found[0].as_of == room.trust.issued_at  # which list it was, for who reads the verdict


def test_only_what_is_known_and_good_passes() -> None:
    passed = {each for each, outcome in OUTCOME_OF_HOLDING.items() if outcome is Outcome.PASSED}

    assert OUTCOME_OF_HOLDING.keys() == set(Holding)
    assert passed == {Holding.GOOD, Holding.REVOKED_AFTER}
