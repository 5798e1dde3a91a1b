"""Revocation lists, read with `cryptography`."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.ceremony import sign_revocation_list
from keys.errors import CertificateFormError, CertificateRequestError, RevocationListError
from keys.revocation import NUMBER_MAX, Reason, RevocationList, RevokedCertificate, tbs_revocation_list
from tests.key_room import AUTHORITY, DOCUMENT, NOW, KeyRoom

NEXT = NOW + timedelta(days=7)


def wanted(office: KeyRoom, *revoked: RevokedCertificate, **changes: Any) -> RevocationList:
    fields = {"issuer": office.custody.chain(AUTHORITY)[0], "number": 3, "issued_at": NOW, "next_at": NEXT}
    return RevocationList(**fields | changes, revoked=revoked)


def test_a_list_is_signed_by_the_authority_and_says_when_the_next_one_comes(office: KeyRoom) -> None:
    made = x509.load_der_x509_crl(sign_revocation_list(office.sign, AUTHORITY, wanted(office)))

    root = x509.load_der_x509_certificate(office.custody.chain(AUTHORITY)[0])
    above = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert made.is_signature_valid(root.public_key())
    assert made.issuer == root.subject
    assert (made.last_update_utc, made.next_update_utc) == (NOW, NEXT)
    assert made.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 3
    assert made.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == above
    assert len(made) == 0


def test_an_empty_list_has_no_field_for_entries(office: KeyRoom) -> None:
    from asn1crypto import crl  # the field's absence is invisible to `cryptography`

    built = crl.TbsCertList.load(tbs_revocation_list(wanted(office)))

    assert built["revoked_certificates"].native is None


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_read_back_and_unspecified_is_left_out(office: KeyRoom, reason: Reason) -> None:
    entry = RevokedCertificate(serial_number=77, revoked_at=NOW - timedelta(days=2), reason=reason)

    made = x509.load_der_x509_crl(sign_revocation_list(office.sign, AUTHORITY, wanted(office, entry)))

    found = made.get_revoked_certificate_by_serial_number(77)
    assert found is not None
    assert found.revocation_date_utc == NOW - timedelta(days=2)
    if reason is Reason.UNSPECIFIED:
        assert len(found.extensions) == 0
    else:
        said = found.extensions.get_extension_for_class(x509.CRLReason).value.reason
        assert said.value.lower() == reason.value.replace("_", "") or said.name == reason.value


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(min_value=1, max_value=1 << 126), max_size=20))
def test_a_list_holds_exactly_the_serials_given_in_order(office: KeyRoom, serials: set[int]) -> None:
    entries = [RevokedCertificate(serial_number=serial, revoked_at=NOW) for serial in serials]

    made = x509.load_der_x509_crl(sign_revocation_list(office.sign, AUTHORITY, wanted(office, *entries)))

    assert [each.serial_number for each in made] == sorted(serials)


@pytest.mark.parametrize("changes", [{"number": -1}, {"number": NUMBER_MAX + 1}, {"next_at": NOW}])
def test_a_list_with_a_wrong_number_or_period_is_refused(office: KeyRoom, changes: dict) -> None:
    with pytest.raises(RevocationListError):
        wanted(office, **changes)


def test_a_list_that_contradicts_itself_is_refused(office: KeyRoom) -> None:
    entry = RevokedCertificate(serial_number=1, revoked_at=NOW)

    with pytest.raises(RevocationListError):
        wanted(office, entry, entry)
    with pytest.raises(RevocationListError):
        wanted(office, RevokedCertificate(serial_number=1, revoked_at=NOW + timedelta(seconds=1)))


def test_a_list_needs_a_certificate_and_whole_seconds(office: KeyRoom) -> None:
    with pytest.raises(CertificateFormError):
        tbs_revocation_list(wanted(office, issuer=b"no certificate"))
    with pytest.raises(CertificateRequestError):
        tbs_revocation_list(wanted(office, issued_at=NOW.replace(microsecond=5)))


def test_a_list_signed_by_another_key_does_not_verify(office: KeyRoom) -> None:
    made = x509.load_der_x509_crl(sign_revocation_list(office.sign, DOCUMENT, wanted(office)))

    root = x509.load_der_x509_certificate(office.custody.chain(AUTHORITY)[0])
    assert not made.is_signature_valid(root.public_key())
