"""Revocation lists: when a path counts as revoked, as good, and as not known."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.revocation import RevocationList, RevokedCertificate, assemble_revocation_list, tbs_revocation_list
from tests.certificate_maker import LONGER_HASH, Party, root, usage
from tests.key_room import AUTHORITY, DOCUMENT, NOW, KeyRoom
from verify.certificates import TrustedPath, find_path, read_certificate
from verify.key_purpose import KeyPurpose
from verify.revocation import (
    REVOCATION_LIST_BYTES_MAX,
    Revocation,
    RevocationListReadError,
    read_revocation_list,
    revocation_of,
)

ROOT = root()
MIDDLE = Party(name="middle", issuer=ROOT, is_authority=True)
SIGNER = Party(name="signer", issuer=MIDDLE)
OTHER = Party(name="other", issuer=MIDDLE)
YESTERDAY = NOW - timedelta(days=1)
GOOD = Revocation(is_known=True)
UNKNOWN = Revocation(is_known=False)


def path(leaf: Party = SIGNER) -> TrustedPath:
    return find_path(leaf.certificate, (MIDDLE.certificate,), (ROOT.certificate,), KeyPurpose.DOCUMENT)


def test_a_list_of_our_own_authority_is_read(office: KeyRoom) -> None:
    chain, anchor = office.custody.chain(DOCUMENT), office.custody.chain(AUTHORITY)[0]
    serial = read_certificate(chain[0]).serial_number
    found = find_path(chain[0], chain, (anchor,), KeyPurpose.DOCUMENT)

    def listing(*revoked: RevokedCertificate) -> bytes:
        wanted = RevocationList(
            issuer=anchor, number=1, issued_at=NOW, next_at=NOW + timedelta(days=1), revoked=revoked
        )
        tbs = tbs_revocation_list(wanted)
        return assemble_revocation_list(tbs, office.sign(AUTHORITY, tbs))

    assert revocation_of(found, (listing(),), at=NOW) == GOOD
    revoked = listing(RevokedCertificate(serial_number=serial, revoked_at=YESTERDAY))
    assert revocation_of(found, (revoked,), at=NOW) == Revocation(is_known=True, revoked_at=YESTERDAY)


def test_every_certificate_below_the_anchor_needs_a_list_of_its_issuer() -> None:
    assert revocation_of(path(), (), at=NOW) == UNKNOWN
    assert revocation_of(path(), (MIDDLE.revokes(),), at=NOW) == UNKNOWN
    assert revocation_of(path(), (MIDDLE.revokes(OTHER), ROOT.revokes()), at=NOW) == GOOD


def test_a_revoked_authority_revokes_what_is_below_and_the_earliest_time_counts() -> None:
    by_root = ROOT.revokes(MIDDLE, at=YESTERDAY, reason=x509.ReasonFlags.ca_compromise)
    by_middle = MIDDLE.revokes(SIGNER, at=NOW)

    for lists in ((by_root, by_middle), (by_middle, by_root)):
        assert revocation_of(path(), lists, at=NOW) == Revocation(
            is_known=True, revoked_at=YESTERDAY, reason=x509.ReasonFlags.ca_compromise
        )
    assert revocation_of(path(), (by_middle,), at=NOW).revoked_at == NOW


def test_an_old_list_still_revokes_but_no_longer_says_that_all_is_well() -> None:
    later = NOW + timedelta(days=2)

    assert revocation_of(path(), (MIDDLE.revokes(), ROOT.revokes()), at=later) == UNKNOWN
    assert revocation_of(path(), (MIDDLE.revokes(SIGNER), ROOT.revokes()), at=later).revoked_at == NOW
    last_moment = NOW + timedelta(days=1)
    assert revocation_of(path(), (MIDDLE.revokes(), ROOT.revokes()), at=last_moment) == UNKNOWN


def test_a_list_of_another_authority_and_a_forged_one_count_for_nothing() -> None:
    forged = Party(name="middle", issuer=ROOT, is_authority=True)
    stranger = root("stranger")

    for data in (forged.revokes(SIGNER), stranger.revokes(SIGNER), b"no list", SIGNER.certificate):
        assert revocation_of(path(), (data, ROOT.revokes()), at=NOW) == UNKNOWN
    assert revocation_of(path(), (b"no list", MIDDLE.revokes(), ROOT.revokes()), at=NOW) == GOOD


def test_an_authority_without_the_right_to_sign_lists_signs_none() -> None:
    silent = Party(name="silent", issuer=ROOT, is_authority=True, key_usage=usage("key_cert_sign"))
    signer = Party(name="signer", issuer=silent)
    found = find_path(signer.certificate, (silent.certificate,), (ROOT.certificate,), KeyPurpose.DOCUMENT)

    assert revocation_of(found, (silent.revokes(signer), ROOT.revokes()), at=NOW) == UNKNOWN


PART = x509.IssuingDistributionPoint(
    full_name=None,
    relative_name=None,
    only_contains_user_certs=True,
    only_contains_ca_certs=False,
    only_some_reasons=None,
    indirect_crl=False,
    only_contains_attribute_certs=False,
)
SOMEBODY = x509.CertificateIssuer([x509.DirectoryName(ROOT.subject)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(REVOCATION_LIST_BYTES_MAX + 1),
        MIDDLE.revokes()[:-1],
        MIDDLE.revokes() + b"\x00",
        SIGNER.certificate,
        MIDDLE.revokes(hash_algorithm=LONGER_HASH),
        MIDDLE.revokes(extensions=[(x509.DeltaCRLIndicator(1), True)]),
        MIDDLE.revokes(extensions=[(PART, True)]),
        MIDDLE.revokes(SIGNER, entry_extensions=[(SOMEBODY, True)]),
    ],
    ids=[
        "nothing",
        "too long",
        "cut off",
        "more behind it",
        "a certificate",
        "another hash",
        "a delta",
        "a part",
        "another issuer's entry",
    ],
)
def test_what_is_no_full_list_of_one_authority_is_refused(data: bytes) -> None:
    with pytest.raises(RevocationListReadError):
        read_revocation_list(data)


def test_a_list_of_the_first_version_is_refused() -> None:
    changed = MIDDLE.revokes().replace(b"\x02\x01\x01\x30", b"\x02\x01\x00\x30", 1)
    with pytest.raises(RevocationListReadError):
        read_revocation_list(changed)


def test_a_list_says_when_it_was_issued() -> None:
    read = read_revocation_list(MIDDLE.revokes(SIGNER, reason=x509.ReasonFlags.superseded))

    assert (read.issued_at, read.next_at) == (NOW, NOW + timedelta(days=1))
    assert read.revoked == {SIGNER.serial_number: (NOW, x509.ReasonFlags.superseded)}
    assert x509.load_der_x509_crl(MIDDLE.revokes()).public_bytes(Encoding.DER)
