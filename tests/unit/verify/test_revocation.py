"""Revocation lists: when a path counts as revoked, as good, and as not known."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.custody import KeyName
from keys.revocation import RevocationList, RevokedCertificate, assemble_revocation_list, tbs_revocation_list
from tests.certificate_maker import LONGER_HASH, STACKS, Party, Stack, usage
from tests.key_room import AUTHORITY, DOCUMENT, NATIONAL_AUTHORITY, NOW, SEAL, KeyRoom
from verify.certificates import TrustedPath, find_path, read_certificate
from verify.revocation import (
    REVOCATION_LIST_BYTES_MAX,
    Revocation,
    RevocationListReadError,
    read_revocation_list,
    revocation_of,
)

YESTERDAY = NOW - timedelta(days=1)
GOOD = Revocation(is_known=True)
UNKNOWN = Revocation(is_known=False)


def path_of(stack: Stack) -> TrustedPath:
    return find_path(stack.signer.certificate, (stack.middle.certificate,), (stack.root.certificate,), stack.purpose)


@pytest.mark.parametrize(("key", "authority"), [(DOCUMENT, AUTHORITY), (SEAL, NATIONAL_AUTHORITY)])
def test_a_list_of_our_own_authority_is_read(office: KeyRoom, key: KeyName, authority: KeyName) -> None:
    chain, anchor = office.custody.chain(key), office.custody.chain(authority)[0]
    serial = read_certificate(chain[0]).serial_number
    found = find_path(chain[0], chain, (anchor,), key.purpose)

    def listing(*revoked: RevokedCertificate) -> bytes:
        wanted = RevocationList(
            issuer=anchor, number=1, issued_at=NOW, next_at=NOW + timedelta(days=1), revoked=revoked
        )
        tbs = tbs_revocation_list(wanted)
        return assemble_revocation_list(tbs, office.sign(authority, tbs))

    assert revocation_of(found, (listing(),), at=NOW) == GOOD
    revoked = listing(RevokedCertificate(serial_number=serial, revoked_at=YESTERDAY))
    assert revocation_of(found, (revoked,), at=NOW) == Revocation(is_known=True, revoked_at=YESTERDAY)


def test_every_certificate_below_the_anchor_needs_a_list_of_its_issuer(stack: Stack) -> None:
    assert revocation_of(path_of(stack), (), at=NOW) == UNKNOWN
    assert revocation_of(path_of(stack), (stack.middle.revokes(),), at=NOW) == UNKNOWN
    assert (
        revocation_of(
            path_of(stack),
            (stack.middle.revokes(Party(name="other", issuer=stack.middle)), stack.root.revokes()),
            at=NOW,
        )
        == GOOD
    )


def test_a_revoked_authority_revokes_what_is_below_and_the_earliest_time_counts(stack: Stack) -> None:
    by_root = stack.root.revokes(stack.middle, at=YESTERDAY, reason=x509.ReasonFlags.ca_compromise)
    by_middle = stack.middle.revokes(stack.signer, at=NOW)

    for lists in ((by_root, by_middle), (by_middle, by_root)):
        assert revocation_of(path_of(stack), lists, at=NOW) == Revocation(
            is_known=True, revoked_at=YESTERDAY, reason=x509.ReasonFlags.ca_compromise
        )
    assert revocation_of(path_of(stack), (by_middle,), at=NOW).revoked_at == NOW


def test_an_old_list_still_revokes_but_no_longer_says_that_all_is_well(stack: Stack) -> None:
    later = NOW + timedelta(days=2)

    assert revocation_of(path_of(stack), (stack.middle.revokes(), stack.root.revokes()), at=later) == UNKNOWN
    assert (
        revocation_of(path_of(stack), (stack.middle.revokes(stack.signer), stack.root.revokes()), at=later).revoked_at
        == NOW
    )
    last_moment = NOW + timedelta(days=1)
    assert revocation_of(path_of(stack), (stack.middle.revokes(), stack.root.revokes()), at=last_moment) == UNKNOWN


def test_a_list_of_another_authority_and_a_forged_one_count_for_nothing(stack: Stack) -> None:
    forged = Party(name="middle", issuer=stack.root, is_authority=True)
    stranger = stack.new_root("stranger")

    for data in (forged.revokes(stack.signer), stranger.revokes(stack.signer), b"no list", stack.signer.certificate):
        assert revocation_of(path_of(stack), (data, stack.root.revokes()), at=NOW) == UNKNOWN
    assert revocation_of(path_of(stack), (b"no list", stack.middle.revokes(), stack.root.revokes()), at=NOW) == GOOD


def test_an_authority_without_the_right_to_sign_lists_signs_none(stack: Stack) -> None:
    silent = Party(name="silent", issuer=stack.root, is_authority=True, key_usage=usage("key_cert_sign"))
    signer = Party(name="signer", issuer=silent)
    found = find_path(signer.certificate, (silent.certificate,), (stack.root.certificate,), stack.purpose)

    assert revocation_of(found, (silent.revokes(signer), stack.root.revokes()), at=NOW) == UNKNOWN


PART = x509.IssuingDistributionPoint(
    full_name=None,
    relative_name=None,
    only_contains_user_certs=True,
    only_contains_ca_certs=False,
    only_some_reasons=None,
    indirect_crl=False,
    only_contains_attribute_certs=False,
)
SOMEBODY = x509.CertificateIssuer([x509.DirectoryName(STACKS[0].root.subject)])


@pytest.mark.parametrize(
    "make",
    [
        lambda _: b"",
        lambda _: bytes(REVOCATION_LIST_BYTES_MAX + 1),
        lambda stack: stack.middle.revokes()[:-1],
        lambda stack: stack.middle.revokes() + b"\x00",
        lambda stack: stack.signer.certificate,
        lambda stack: stack.middle.revokes(hash_algorithm=LONGER_HASH),
        lambda stack: stack.middle.revokes(extensions=[(x509.DeltaCRLIndicator(1), True)]),
        lambda stack: stack.middle.revokes(extensions=[(PART, True)]),
        lambda stack: stack.middle.revokes(stack.signer, entry_extensions=[(SOMEBODY, True)]),
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
def test_what_is_no_full_list_of_one_authority_is_refused(stack: Stack, make: Callable[[Stack], bytes]) -> None:
    with pytest.raises(RevocationListReadError):
        read_revocation_list(make(stack))


def test_a_list_of_the_first_version_is_refused(stack: Stack) -> None:
    changed = stack.middle.revokes().replace(b"\x02\x01\x01\x30", b"\x02\x01\x00\x30", 1)
    with pytest.raises(RevocationListReadError):
        read_revocation_list(changed)


def test_a_list_says_when_it_was_issued(stack: Stack) -> None:
    read = read_revocation_list(stack.middle.revokes(stack.signer, reason=x509.ReasonFlags.superseded))

    assert (read.issued_at, read.next_at) == (NOW, NOW + timedelta(days=1))
    assert read.revoked == {stack.signer.serial_number: (NOW, x509.ReasonFlags.superseded)}
    assert x509.load_der_x509_crl(stack.middle.revokes()).public_bytes(Encoding.DER)
