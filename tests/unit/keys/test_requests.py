"""Requests to an outside authority (PKCS#10), read with `cryptography`."""

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from keys.authority import Profile
from keys.custody import KeyName
from keys.requests import assemble_csr, csr_info
from tests.key_room import BUREAU, KeyRoom, subject
from verify.algorithms import Algorithm
from verify.key_purpose import KeyPurpose

KEY = KeyName(KeyPurpose.DOCUMENT, BUREAU)


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.RS256])
@pytest.mark.parametrize("profile", [Profile.DEPARTMENT, Profile.TIMESTAMP])
def test_a_request_is_signed_by_its_key_and_asks_for_the_profile(
    room: KeyRoom, algorithm: Algorithm, profile: Profile
) -> None:
    public = room.custody.public_key(room.make(KEY, algorithm))

    info = csr_info(subject("公文"), public, profile)
    request = x509.load_der_x509_csr(assemble_csr(info, public, room.sign(KEY, info)))

    usage = request.extensions.get_extension_for_class(x509.KeyUsage)
    wanted = {each.oid for each in request.extensions}
    assert request.is_signature_valid
    assert request.tbs_certrequest_bytes == info
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert (x509.ExtendedKeyUsage.oid in wanted) is (profile is Profile.TIMESTAMP)
    if profile is Profile.TIMESTAMP:
        uses = request.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(uses) == [ExtendedKeyUsageOID.TIME_STAMPING]


def test_a_request_altered_after_signing_does_not_verify(room: KeyRoom) -> None:
    public = room.custody.public_key(room.make(KEY))
    info = csr_info(subject("one"), public, Profile.DEPARTMENT)

    request = assemble_csr(info.replace(b"one", b"two"), public, room.sign(KEY, info))

    assert not x509.load_der_x509_csr(request).is_signature_valid
