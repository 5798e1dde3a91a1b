"""Keys that nobody would believe refuse a draft at step 1, with the key named and no number spent."""

from datetime import timedelta

import pytest

from keys.revocation import Reason
from registry import drafts, leaves
from registry.db import reading
from signer.errors import SigningKeyError
from signer.key_acts import cut_off_key, revoke_certificate
from signer.key_turns import cut_off, turn_key
from signer.public_lists import newest_trust_list
from signer.reservation import reserve
from signer.signing_keys import demand_signing_keys
from signer.trust_lists import renew_trust_list
from tests.town import BUREAU, MARKET, ORIGIN, PERSONS, Town
from verify.key_purpose import KeyPurpose


def _demand(town: Town, issuer: str = BUREAU) -> None:
    demand_signing_keys(town.desk, issuer, newest_trust_list(town.database), town.desk.revocation(), at=town.now)


def test_the_keys_of_a_founded_town_may_sign(sqlite_town: Town) -> None:
    for issuer in (BUREAU, MARKET):
        _demand(sqlite_town, issuer)


def test_a_revoked_certificate_refuses_the_draft_before_a_number_is_spent(town: Town) -> None:
    key = town.desk.key(KeyPurpose.DOCUMENT, BUREAU)
    (record,) = town.saves([town.food_draft()])
    revoke_certificate(town.key_desk, key, reason=Reason.SUPERSEDED, persons=PERSONS, at=town.now)
    with reading(town.database) as tx:
        size = leaves.head(tx, ORIGIN).size

    reserved, (refused,) = reserve(town.desk, [record], operator=town.officer, at=town.now)

    assert (reserved, type(refused.error), refused.error.params) == ((), SigningKeyError, {"key": key.text})
    with reading(town.database) as tx:
        assert drafts.find_draft(tx, record.draft_id).number is None
        assert leaves.head(tx, ORIGIN).size == size
    _demand(town, MARKET)


@pytest.mark.parametrize("purpose", [KeyPurpose.CODE, KeyPurpose.DOCUMENT])
def test_a_key_that_was_cut_off_signs_nothing_until_it_is_rotated(sqlite_town: Town, purpose: KeyPurpose) -> None:
    town = sqlite_town
    key = town.desk.key(purpose, BUREAU)
    cut_off_key(town.key_desk, key, persons=PERSONS, at=town.now)
    renew_trust_list(town.key_desk, at=town.now)

    with pytest.raises(SigningKeyError) as caught:
        _demand(town)
    turn_key(town.key_desk, purpose, BUREAU, algorithm=None, persons=PERSONS, at=town.now)

    assert caught.value.params == {"key": key.text}
    _demand(town)


def test_a_certificate_out_of_its_term_signs_nothing(sqlite_town: Town) -> None:
    trust = newest_trust_list(sqlite_town.database)

    for at in (sqlite_town.now - timedelta(days=1), sqlite_town.now + timedelta(days=3 * 365 + 1)):
        with pytest.raises(SigningKeyError):
            demand_signing_keys(sqlite_town.desk, BUREAU, trust, sqlite_town.desk.revocation(), at=at)


@pytest.mark.parametrize("is_stolen", [True, False])
def test_a_seal_whose_key_was_cut_off_or_certificate_revoked_seals_nothing_and_no_number_is_spent(
    sqlite_town: Town, *, is_stolen: bool
) -> None:
    town = sqlite_town
    key = town.key_desk.custody.newest(KeyPurpose.SEAL, town.seal_of(BUREAU))
    (record,) = town.saves([town.food_draft()])
    if is_stolen:
        cut_off(town.key_desk, key, size=None, persons=PERSONS, at=town.now)
    else:
        revoke_certificate(town.key_desk, key, reason=Reason.SUPERSEDED, persons=PERSONS, at=town.now)
    with reading(town.database) as tx:
        size = leaves.head(tx, ORIGIN).size

    reserved, (refused,) = reserve(town.desk, [record], operator=town.officer, at=town.now)

    assert (reserved, type(refused.error), refused.error.params) == ((), SigningKeyError, {"key": key.text})
    with reading(town.database) as tx:
        assert drafts.find_draft(tx, record.draft_id).number is None
        assert leaves.head(tx, ORIGIN).size == size
