"""Certificates and revocation lists of any kind, also wrong ones, made by the builders of `cryptography`.

Our own authority refuses to make most of them; a verifier must refuse to believe them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.key_room import NOW

STAMPING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def usage(*names: str) -> x509.KeyUsage:
    """Return a key usage with these bits set."""
    bits = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(bits | dict.fromkeys(names, True)))


AUTHORITY_USAGE = usage("key_cert_sign", "crl_sign")
CONTENT_USAGE = usage("digital_signature", "content_commitment")


@dataclass(kw_only=True)
class Party:
    """Somebody with a key, a name and a certificate; `issuer` None makes it self-signed."""

    name: str
    issuer: "Party | None" = None
    is_authority: bool = False
    path_length: int | None = None
    key_usage: x509.KeyUsage | None = None
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = ()
    not_before: datetime = NOW - timedelta(days=1)
    not_after: datetime = NOW + timedelta(days=365)
    hash_algorithm: HashAlgorithm = field(default_factory=SHA256)
    organisation: str = "测试"
    serial: int = 0
    key: PrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @cached_property
    def subject(self) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation),
                x509.NameAttribute(NameOID.COMMON_NAME, self.name),
            ]
        )

    @cached_property
    def certificate(self) -> bytes:
        signer = self.issuer or self
        own_usage = self.key_usage or (AUTHORITY_USAGE if self.is_authority else CONTENT_USAGE)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(signer.subject)
            .public_key(self.key.public_key())
            .serial_number(self.serial or x509.random_serial_number())
            .not_valid_before(self.not_before)
            .not_valid_after(self.not_after)
            .add_extension(x509.BasicConstraints(ca=self.is_authority, path_length=self.path_length), critical=True)
            .add_extension(own_usage, critical=True)
        )
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(signer.key, self.hash_algorithm).public_bytes(Encoding.DER)

    @cached_property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def serial_number(self) -> int:
        return x509.load_der_x509_certificate(self.certificate).serial_number

    def revokes(
        self,
        *revoked: "Party",
        at: datetime = NOW,
        reason: x509.ReasonFlags | None = None,
        issued_at: datetime = NOW,
        next_at: datetime = NOW + timedelta(days=1),
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        entry_extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        hash_algorithm: HashAlgorithm | None = None,
    ) -> bytes:
        """Return a revocation list of this authority with these certificates in it."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.subject)
            .last_update(issued_at)
            .next_update(next_at)
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        for each in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(each.serial_number).revocation_date(at)
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            for extension, critical in entry_extensions:
                entry = entry.add_extension(extension, critical=critical)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hash_algorithm or SHA256()).public_bytes(Encoding.DER)


def root(name: str = "root", **more: object) -> Party:
    """Return a self-signed authority."""
    return Party(name=name, is_authority=True, **more)  # type: ignore[arg-type] # what a party takes


LONGER_HASH = SHA384()
