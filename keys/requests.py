"""Certificate request to an outside authority (PKCS#10, RFC 2986).

Promises:
  * Pure, like `authority`: the request's own signature is a use of the key, so it is logged first and made by custody.
  * The request asks for the key usage that the profile needs; what the outside authority returns is checked when
    installed.
"""

from asn1crypto import csr, keys, x509

from keys.authority import KEY_USAGE, Profile
from keys.certificates import Subject, extension, signed_frame
from verify.algorithms import PublicKey


def csr_info(subject: Subject, public: PublicKey, profile: Profile) -> bytes:
    """Return the DER of the CertificationRequestInfo, to be signed by the key that it is for."""
    wanted = [extension("key_usage", x509.KeyUsage(set(KEY_USAGE[profile])), critical=True)]
    if profile is Profile.TIMESTAMP:
        wanted.append(extension("extended_key_usage", ["time_stamping"], critical=True))
    built = csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": subject.to_name(),
            "subject_pk_info": keys.PublicKeyInfo.load(public.spki),
            "attributes": [{"type": "extension_request", "values": [wanted]}],
        }
    )
    encoded: bytes = built.dump()
    return encoded


def assemble_csr(info: bytes, public: PublicKey, signature: bytes) -> bytes:
    """Return the certificate request in DER from what `csr_info` made and the key signed."""
    return signed_frame(info, public.algorithm, signature)
