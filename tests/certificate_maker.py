"""Certificates and revocation lists of any kind, also wrong ones, made by the builders of `cryptography`.

Our own authority refuses to make most of them; a verifier must refuse to believe them. The builders know no SM2: what has
to do with an SM2 key is built round a stand-in of P-256, then key and algorithm are put in and all of it is signed.
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

from keys import sm2
from keys.sm2_key import Sm2PrivateKey
from tests.key_room import NOW
from verify.algorithms import Algorithm
from verify.der import SEQUENCE, bit_string, object_identifier, read_whole, sequence
from verify.key_purpose import KeyPurpose

STAMPING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | Sm2PrivateKey
STAND_IN = ec.generate_private_key(ec.SECP256R1())
SM2_WITH_SM3 = sequence(object_identifier("1.2.156.10197.1.501"))
SM2_WITH_SHA256 = sequence(object_identifier("1.2.156.10197.1.503"))
ECDSA_WITH_SHA256 = sequence(object_identifier("1.2.840.10045.4.3.2"))


def new_key(algorithm: Algorithm) -> PrivateKey:
    """Return a fresh key of an authority or a signer."""
    return sm2.provider().generate() if algorithm is Algorithm.SM2 else ec.generate_private_key(ec.SECP256R1())


def _library_key(key: PrivateKey) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    return STAND_IN if isinstance(key, Sm2PrivateKey) else key


def _signed(parts: list[bytes], algorithm_at: int, key: PrivateKey, hash_algorithm: HashAlgorithm) -> bytes:
    """Return these parts with the algorithm of this key among them, signed by it."""
    if isinstance(key, Sm2PrivateKey):
        algorithm = SM2_WITH_SM3 if isinstance(hash_algorithm, SHA256) else SM2_WITH_SHA256
        sign = sm2.provider().signer(key)
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        algorithm, sign = ECDSA_WITH_SHA256, lambda content: key.sign(content, ec.ECDSA(SHA256()))
    tbs = sequence(*(algorithm if place == algorithm_at else part for place, part in enumerate(parts)))
    return sequence(tbs, algorithm, bit_string(sign(tbs)))


def _parts(encoded: bytes) -> list[bytes]:
    """Return what stands in the part of a certificate or list that is signed."""
    inside = read_whole(encoded, SEQUENCE).take_inside(SEQUENCE)
    parts = []
    while (tag := inside.next_tag()) is not None:
        parts.append(inside.take_whole(tag))
    return parts


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
    """Somebody with a key, a name and a certificate; `issuer` None makes it self-signed.

    `asked_for` is the public key of somebody who asked for the certificate, and keeps the private one.
    """

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
    asked_for: bytes | None = None
    key: PrivateKey = field(default=None)  # type: ignore[arg-type] # see __post_init__

    def __post_init__(self) -> None:
        if self.key is None:  # of the same kind as the issuer's
            above = Algorithm.ES256 if self.issuer is None else self.issuer.algorithm
            self.key = new_key(above)

    @property
    def algorithm(self) -> Algorithm:
        return Algorithm.SM2 if isinstance(self.key, Sm2PrivateKey) else Algorithm.ES256

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
            .public_key(_library_key(self.key).public_key())
            .serial_number(self.serial or x509.random_serial_number())
            .not_valid_before(self.not_before)
            .not_valid_after(self.not_after)
            .add_extension(x509.BasicConstraints(ca=self.is_authority, path_length=self.path_length), critical=True)
            .add_extension(own_usage, critical=True)
        )
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical=critical)
        made = builder.sign(_library_key(signer.key), self.hash_algorithm).public_bytes(Encoding.DER)
        if not isinstance(self.key, Sm2PrivateKey) and not isinstance(signer.key, Sm2PrivateKey):
            return made
        parts = _parts(made)
        parts[6] = self.spki
        return _signed(parts, 2, signer.key, self.hash_algorithm)

    @cached_property
    def spki(self) -> bytes:
        if self.asked_for is not None:
            return self.asked_for
        if isinstance(self.key, Sm2PrivateKey):
            return self.key.spki
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
        used = hash_algorithm or SHA256()
        made = builder.sign(_library_key(self.key), used).public_bytes(Encoding.DER)
        return _signed(_parts(made), 1, self.key, used) if isinstance(self.key, Sm2PrivateKey) else made


def root(name: str = "root", **more: object) -> Party:
    """Return a self-signed authority."""
    return Party(name=name, is_authority=True, **more)  # type: ignore[arg-type] # what a party takes


@dataclass(frozen=True)
class Stack:
    """One root with authority and signers below, all of one algorithm; `purpose` is what its signers are for."""

    algorithm: Algorithm
    purpose: KeyPurpose

    def new_root(self, name: str = "root", **more: object) -> Party:
        """Return another root of this stack."""
        return root(name, key=new_key(self.algorithm), **more)

    @cached_property
    def root(self) -> Party:
        return self.new_root()

    @cached_property
    def middle(self) -> Party:
        return Party(name="middle", issuer=self.root, is_authority=True)

    @cached_property
    def signer(self) -> Party:
        return Party(name="signer", issuer=self.middle)

    @cached_property
    def direct(self) -> Party:
        return Party(name="direct", issuer=self.root)


STACKS = (Stack(Algorithm.ES256, KeyPurpose.DOCUMENT), Stack(Algorithm.SM2, KeyPurpose.SEAL))
LONGER_HASH = SHA384()
