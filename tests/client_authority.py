"""A small authority for certificates that calling systems show, with a file for each as a client's library wants it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def named(name: str) -> x509.Name:
    """Return a name of one part."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate, and the file with it and its private key."""

    certificate: x509.Certificate
    file: Path

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)


@dataclass(slots=True)
class ClientAuthority:
    """An office's authority, valid around this moment."""

    name: str
    folder: Path
    at: datetime
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def certificate(self) -> x509.Certificate:
        """Its own certificate."""
        made = self._builder(self.name, self.key, self.at + timedelta(days=900))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        uses = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
        usage = x509.KeyUsage(
            digital_signature=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False, **uses
        )
        return made.add_extension(usage, critical=True).sign(self.key, SHA256())

    def issues(
        self,
        name: str,
        *,
        ends: datetime | None = None,
        use: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
        address: str | None = None,
    ) -> Shown:
        """Issue a certificate with a key of its own; a server's names its IP address."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._builder(name, key, ends or self.at + timedelta(days=365))
        made = made.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        if address is not None:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
            made = made.add_extension(names, critical=False)
        certificate = made.sign(self.key, SHA256())
        file = self.folder / f"{certificate.serial_number:x}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
        return Shown(certificate, file)

    def revokes(self, *shown: Shown, at: datetime | None = None, is_delta: bool = False) -> bytes:
        """Sign a list of certificates that were taken back, which holds a week, and return it as PEM."""
        begins = at or self.at
        made = x509.CertificateRevocationListBuilder(issuer_name=named(self.name))
        made = made.last_update(begins).next_update(begins + timedelta(days=7))
        if is_delta:
            made = made.add_extension(x509.DeltaCRLIndicator(1), critical=True)
        for each in shown:
            entry = x509.RevokedCertificateBuilder(each.certificate.serial_number, begins)
            made = made.add_revoked_certificate(entry.build())
        return made.sign(self.key, SHA256()).public_bytes(Encoding.PEM)

    def _builder(self, name: str, key: ec.EllipticCurvePrivateKey, ends: datetime) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.at - timedelta(days=400))
            .not_valid_after(ends)
        )
