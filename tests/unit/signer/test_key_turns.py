"""Keys that are turned: of use at once, with what the one before signed still good; pinned and stolen ones refused."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509 import CRLDistributionPoints, load_der_x509_certificate

from keys.custody import DEPLOYMENT, NATIONAL, KeyName
from keys.errors import KeyMissingError
from keys.revocation import Reason
from registry import artefacts
from registry.db import reading
from signer.errors import KeyActError
from signer.key_acts import certify_seal_key, cut_off_key, revoke_certificate, rotate_key
from signer.key_turns import TURNED, certify_anew, cut_off, turn_key
from signer.log_files import FolderStore
from signer.public_lists import REVOCATION, newest_trust_list
from signer.publish import publish
from tests.town import BUREAU, MARKET, PERSONS, Town
from verify.algorithms import Algorithm
from verify.certificates import find_path
from verify.examine import examine
from verify.key_purpose import KeyPurpose
from verify.report import Check, Outcome
from verify.revocation import revocation_of

DAY = timedelta(days=1)


def _outcomes(town: Town, document: bytes) -> dict[Check, Outcome]:
    report = examine(document, town.evidence(), at=town.now)
    return {each.check: each.outcome for each in report.findings if each.check in {Check.ISSUER, Check.SIGNATURE}}


GOOD = {Check.ISSUER: Outcome.PASSED, Check.SIGNATURE: Outcome.PASSED}


def _turns(town: Town, purpose: KeyPurpose, owner: str, algorithm: Algorithm | None = None) -> KeyName:
    town.clock.moves(DAY)
    return turn_key(town.key_desk, purpose, owner, algorithm=algorithm, persons=PERSONS, at=town.now).key


@pytest.mark.parametrize(
    ("purpose", "owner"),
    [
        (KeyPurpose.CODE, BUREAU),
        (KeyPurpose.DOCUMENT, BUREAU),
        (KeyPurpose.STATUS_LIST, DEPLOYMENT),
        (KeyPurpose.TIMESTAMP, DEPLOYMENT),
        (KeyPurpose.AUTHORITY, DEPLOYMENT),
        (KeyPurpose.AUTHORITY, NATIONAL),
    ],
)
def test_a_turned_key_is_of_use_at_once_and_what_was_signed_before_stays_good(
    sqlite_town: Town, purpose: KeyPurpose, owner: str
) -> None:
    town = sqlite_town
    old = town.issues(town.signboard_draft())
    before = town.key_desk.custody.newest(purpose, owner)

    key = _turns(town, purpose, owner)
    new = town.issues(town.signboard_draft(holder_name="示例市新城餐饮有限公司"))

    assert key == before.next()
    assert town.key_desk.custody.public_key(key).algorithm == town.key_desk.custody.public_key(before).algorithm
    for issued in (old, new):
        assert _outcomes(town, issued.document) == GOOD


def test_a_certificate_names_the_organisation_of_the_one_before(sqlite_town: Town) -> None:
    custody = sqlite_town.key_desk.custody
    for purpose, owner in ((KeyPurpose.DOCUMENT, BUREAU), (KeyPurpose.TIMESTAMP, DEPLOYMENT)):
        (before, *_), key = custody.chain(custody.newest(purpose, owner)), _turns(sqlite_town, purpose, owner)

        after = custody.chain(key)[0]

        names = [load_der_x509_certificate(each).subject for each in (before, after)]
        assert names[0] == names[1]


def test_another_algorithm_may_be_taken(sqlite_town: Town) -> None:
    key = _turns(sqlite_town, KeyPurpose.DOCUMENT, BUREAU, Algorithm.RS256)

    assert sqlite_town.key_desk.custody.public_key(key).algorithm is Algorithm.RS256


@pytest.mark.parametrize("purpose", sorted(set(KeyPurpose) - TURNED))
def test_a_key_that_checkers_have_pinned_is_not_turned(sqlite_town: Town, purpose: KeyPurpose) -> None:
    with pytest.raises(KeyActError):
        turn_key(sqlite_town.key_desk, purpose, DEPLOYMENT, algorithm=None, persons=PERSONS, at=sqlite_town.now)


def test_a_key_whose_certificate_was_revoked_is_certified_anew_and_signs(sqlite_town: Town) -> None:
    town = sqlite_town
    key = town.desk.key(KeyPurpose.DOCUMENT, BUREAU)
    revoke_certificate(town.key_desk, key, reason=Reason.SUPERSEDED, persons=PERSONS, at=town.now)
    town.clock.moves(DAY)

    certify_anew(town.key_desk, key, persons=PERSONS, at=town.now)
    again = certify_anew(town.key_desk, key, persons=PERSONS, at=town.now)

    serials = [load_der_x509_certificate(town.key_desk.custody.chain(key)[0]).serial_number for _ in range(2)]
    assert serials[0] == serials[1]
    assert again.key == key
    opened = Town.open(town.database, town.folder, now=town.now)
    assert _outcomes(opened, opened.issues(opened.signboard_draft()).document) == GOOD


def test_a_stolen_key_gets_no_certificate(sqlite_town: Town) -> None:
    town = sqlite_town
    revoked, cut = (town.desk.key(KeyPurpose.DOCUMENT, each) for each in (BUREAU, MARKET))
    revoke_certificate(town.key_desk, revoked, reason=Reason.KEY_COMPROMISE, persons=PERSONS, at=town.now)
    cut_off_key(town.key_desk, cut, persons=PERSONS, at=town.now)

    for key in (revoked, cut, town.desk.key(KeyPurpose.CODE, BUREAU)):
        with pytest.raises(KeyActError):
            certify_anew(town.key_desk, key, persons=PERSONS, at=town.now)


@pytest.mark.parametrize("purpose", [KeyPurpose.CODE, KeyPurpose.DOCUMENT, KeyPurpose.SEAL])
def test_a_cut_off_of_what_signs_licences_is_in_the_trust_list_at_once(sqlite_town: Town, purpose: KeyPurpose) -> None:
    town = sqlite_town
    key = town.key_desk.custody.newest(purpose, town.seal_of(BUREAU) if purpose is KeyPurpose.SEAL else BUREAU)

    size, trust_list = cut_off(town.key_desk, key, size=3, persons=PERSONS, at=town.now)

    trust = newest_trust_list(town.database)
    issuer = trust.issuer(BUREAU)
    assert issuer is not None
    assert (size, trust.sequence) == (3, trust_list)
    assert [each.cut_off for each in issuer.keys if each.cut_off is not None] == [(town.desk.log.origin, 3)]


def test_a_cut_off_is_for_keys_whose_signatures_stand_in_the_log_one_by_one(sqlite_town: Town) -> None:
    key = KeyName(KeyPurpose.STATUS_LIST, DEPLOYMENT)

    with pytest.raises(KeyActError):
        cut_off(sqlite_town.key_desk, key, size=3, persons=PERSONS, at=sqlite_town.now)


def _list_address(certificate: bytes) -> str:
    found = load_der_x509_certificate(certificate).extensions.get_extension_for_class(CRLDistributionPoints).value
    return "".join(str(each.value) for each in found[0].full_name or ())


def _revoked_by(town: Town, certificate: bytes, purpose: KeyPurpose) -> dict[str, bool]:
    """Say for each published list alone whether a stranger who has no other sees the certificate revoked."""
    path = find_path(certificate, (), newest_trust_list(town.database).authorities, purpose)
    with reading(town.database) as tx:
        lists = artefacts.all_latest(tx, REVOCATION)
    found = {name: revocation_of(path, (content,), at=town.now) for name, content in lists}
    return {name: each.revoked_at is not None for name, each in found.items() if each.is_known}


@pytest.mark.parametrize(
    ("authority", "stem", "purpose"),
    [(DEPLOYMENT, "authority", KeyPurpose.DOCUMENT), (NATIONAL, "national", KeyPurpose.SEAL)],
)
def test_each_generation_of_an_authority_has_a_list_at_an_address_of_its_own(
    sqlite_town: Town, tmp_path: Path, authority: str, stem: str, purpose: KeyPurpose
) -> None:
    town, custody = sqlite_town, sqlite_town.key_desk.custody
    issued = town.issues(town.signboard_draft())
    old = custody.newest(purpose, BUREAU if purpose is KeyPurpose.DOCUMENT else town.seal_of(BUREAU))

    _turns(town, KeyPurpose.AUTHORITY, authority)
    if purpose is KeyPurpose.DOCUMENT:
        new = _turns(town, purpose, BUREAU)
    else:
        new, _ = certify_seal_key(town.key_desk, "99010000000099", town.bureau, persons=PERSONS, at=town.now)
    publish(town.database, town.desk.log.verifier, FolderStore(tmp_path / "public"))
    certificates = [custody.chain(each)[0] for each in (old, new)]

    assert [_list_address(each).rpartition("/")[2] for each in certificates] == [f"{stem}.crl", f"{stem}-2.crl"]
    assert {f"{stem}.crl", f"{stem}-2.crl"} <= {each.name for each in (tmp_path / "public").iterdir()}
    assert [_revoked_by(town, each, purpose) for each in certificates] == [{stem: False}, {f"{stem}-2": False}]
    assert all(examine(each, town.evidence(), at=town.now).is_genuine for each in (issued.document, issued.ofd or b""))
    for key in (old, new):
        revoke_certificate(town.key_desk, key, reason=Reason.SUPERSEDED, persons=PERSONS, at=town.now)
    assert [_revoked_by(town, each, purpose) for each in certificates] == [{stem: True}, {f"{stem}-2": True}]
    assert all(examine(each, town.evidence(), at=town.now).is_genuine for each in (issued.document, issued.ofd or b""))


@pytest.mark.parametrize("authority", [DEPLOYMENT, NATIONAL])
def test_a_turn_of_an_authority_that_was_cut_off_before_its_certificate_is_done_again(
    sqlite_town: Town, authority: str
) -> None:
    desk, town = sqlite_town.key_desk, sqlite_town
    algorithm = desk.custody.public_key(desk.custody.newest(KeyPurpose.AUTHORITY, authority)).algorithm
    rotate_key(desk, KeyPurpose.AUTHORITY, authority, algorithm=algorithm, persons=PERSONS, at=town.now)

    below = KeyPurpose.TIMESTAMP if authority == DEPLOYMENT else KeyPurpose.SEAL_MAKER
    with pytest.raises(KeyMissingError):
        _turns(town, below, DEPLOYMENT)
    key = _turns(town, KeyPurpose.AUTHORITY, authority)
    certified = desk.custody.chain(_turns(town, below, DEPLOYMENT))

    assert certified[1] == desk.custody.chain(key)[0]
    assert key.generation == 3
    assert desk.custody.chain(key)[0] in newest_trust_list(town.database).authorities
