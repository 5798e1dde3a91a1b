"""The form of a key file: a readable head and one encrypted PKCS#8 block (RFC 5958, RFC 8018 with scrypt of RFC 7914).

Promises:
  * Written and read here, and nowhere else; reading accepts only what writing makes.
  * `openssl pkcs8 -in FILE` opens the file with the passphrase: nobody is locked in.
  * The key's name is inside the encrypted part too, so a file that was renamed to another purpose is refused.
  * A damaged file and a wrong passphrase are told apart.

The page for strangers is in README.md of this folder.
"""

import base64
import re
import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256, SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from keys import sm2
from keys.custody import KeyName
from keys.errors import KeyAlgorithmError, KeyFileError, PassphraseError
from keys.sm2_key import Sm2PrivateKey
from verify.algorithms import Algorithm, PublicKey
from verify.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Reader,
    integer,
    object_identifier,
    octet_string,
    read_whole,
    sequence,
    set_of,
    tlv,
)
from verify.errors import MalformedError
from verify.note import NoteError, decode_base64

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey | Sm2PrivateKey

FIRST_LINE: Final = "Yinzheng key file 1"
TOMBSTONE_LINE: Final = "Yinzheng destroyed key 1"
# The block of an RSA-3072 key has 2.5 kB.
FILE_BYTES_MAX: Final = 16_384
RSA_BITS: Final = 3072

_SALT_BYTES: Final = 16
_BLOCK_BITS: Final = 128
_PBES2: Final = object_identifier("1.2.840.113549.1.5.13")
_SCRYPT: Final = object_identifier("1.3.6.1.4.1.11591.4.11")
_FRIENDLY_NAME: Final = object_identifier("1.2.840.113549.1.9.20")
_HEAD: Final = (
    r"Name: (?P<name>[^\n]{1,60})\n"
    r"Algorithm: (?P<algorithm>[^\n]{1,10})\n"
    r"Public-Key: (?P<public>[A-Za-z0-9+/=]{1,1400})\n"
)
_FORM: Final = re.compile(
    rf"{FIRST_LINE}\n{_HEAD}"
    r"SHA-256: (?P<digest>[0-9a-f]{64})\n"
    r"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    r"(?P<block>[A-Za-z0-9+/=\n]+)\n"
    r"-----END ENCRYPTED PRIVATE KEY-----\n"
)
_TOMBSTONE_FORM: Final = re.compile(rf"{TOMBSTONE_LINE}\n{_HEAD}")


class KeyCipher(StrEnum):
    """What encrypts the block, in CBC: AES-256 as a rule, SM4 (GB/T 32907) where national rules ask for it."""

    AES_256 = "aes"
    SM4 = "sm4"


@dataclass(frozen=True, slots=True)
class _Cipher:
    make: type[AES256 | SM4]
    key_bytes: int
    identifier: bytes


_CIPHERS: Final = {
    KeyCipher.AES_256: _Cipher(AES256, 32, object_identifier("2.16.840.1.101.3.4.1.42")),
    KeyCipher.SM4: _Cipher(SM4, 16, object_identifier("1.2.156.10197.1.104.2")),
}
_CIPHER_OF: Final = {each.identifier: each for each in _CIPHERS.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptCost:
    """How hard guessing a passphrase is made: memory is 128 * n * r bytes, work is n * r * p.

    As it stands: 16 MiB and a fifth of a second. OpenSSL's tools refuse more than 32 MiB, so work is added by p.
    """

    n: int = 16_384
    r: int = 8
    p: int = 5

    def __post_init__(self) -> None:
        if self.n not in _N_ALLOWED or not 1 <= self.r <= 8 or not 1 <= self.p <= 64:
            raise KeyFileError("a cost outside the limits")

    @property
    def numbers(self) -> tuple[int, int, int]:
        """The three numbers in the order of RFC 7914."""
        return self.n, self.r, self.p


# A file may not make us take more memory or time than a slow start would.
_N_ALLOWED: Final = tuple(1 << exponent for exponent in range(10, 15))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encrypted:
    """The encrypted block, and all that it was encrypted with but the passphrase."""

    cipher: _Cipher
    salt: bytes
    cost: ScryptCost
    vector: bytes
    content: bytes = b""

    def transform(self, passphrase: bytes) -> Cipher[CBC]:
        derived = Scrypt(
            salt=self.salt, length=self.cipher.key_bytes, n=self.cost.n, r=self.cost.r, p=self.cost.p
        ).derive(passphrase)
        return Cipher(self.cipher.make(derived), CBC(self.vector))

    def to_block(self) -> bytes:
        parameters = sequence(octet_string(self.salt), *(integer(each) for each in self.cost.numbers))
        encryption = sequence(self.cipher.identifier, octet_string(self.vector))
        scheme = sequence(sequence(_SCRYPT, parameters), encryption)
        return sequence(sequence(_PBES2, scheme), octet_string(self.content))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """A key file that was read: who it is for, its public half, and the encrypted block."""

    name: KeyName
    public: PublicKey
    block: bytes


def make_private_key(algorithm: Algorithm) -> PrivateKey:
    """Return a fresh private key. The randomness is the library's own and cannot be handed in."""
    if algorithm is Algorithm.ES256:
        return generate_private_key(SECP256R1())
    if algorithm is Algorithm.ED25519:
        return Ed25519PrivateKey.generate()
    if algorithm is Algorithm.SM2:
        return sm2.provider().generate()
    return generate_rsa(public_exponent=65_537, key_size=RSA_BITS)


def public_half(private: PrivateKey) -> PublicKey:
    """Return the public key with its one algorithm."""
    if isinstance(private, Sm2PrivateKey):
        return PublicKey(private.spki, Algorithm.SM2)
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(private, EllipticCurvePrivateKey):
        return PublicKey(spki, Algorithm.ES256)
    return PublicKey(spki, Algorithm.ED25519 if isinstance(private, Ed25519PrivateKey) else Algorithm.RS256)


def encode_key_file(
    name: KeyName, private: PrivateKey, passphrase: bytes, cost: ScryptCost, cipher: KeyCipher = KeyCipher.AES_256
) -> bytes:
    """Return the text of a key file. Salt and initial vector are drawn here: they must never repeat."""
    salt, vector = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_SALT_BYTES)
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(_private_key_info(name, private)) + padder.finalize()
    encrypted = _Encrypted(cipher=_CIPHERS[cipher], salt=salt, cost=cost, vector=vector)
    encryptor = encrypted.transform(passphrase).encryptor()
    block = replace(encrypted, content=encryptor.update(padded) + encryptor.finalize()).to_block()
    text = base64.b64encode(block).decode()
    return "\n".join(
        (
            FIRST_LINE,
            *_head_lines(name, public_half(private)),
            f"SHA-256: {sha256(block).hexdigest()}",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
            *(text[start : start + 64] for start in range(0, len(text), 64)),
            "-----END ENCRYPTED PRIVATE KEY-----",
            "",
        )
    ).encode()


def decode_key_file(data: bytes) -> KeyFile:
    """Read a key file without opening it. Raises `KeyFileError` when a byte of it is not as it was written."""
    form = _match(_FORM, data)
    name, public = _read_head(form)
    try:
        block = decode_base64(form["block"].replace("\n", ""))
    except NoteError as error:
        raise KeyFileError("not a key file") from error
    if sha256(block).hexdigest() != form["digest"]:
        raise KeyFileError("the encrypted block is not the one that was written")
    return KeyFile(name=name, public=public, block=block)


def open_key_file(file: KeyFile, passphrase: bytes) -> PrivateKey:
    """Decrypt the private key.

    Raises `PassphraseError`, or `KeyFileError` when the block is of another form or holds another key than the head
    says.
    """
    encrypted = _read_block(file.block)
    decryptor = encrypted.transform(passphrase).decryptor()
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    try:
        padded = decryptor.update(encrypted.content) + decryptor.finalize()
        plain = unpadder.update(padded) + unpadder.finalize()
        private = _load(file.public.algorithm, plain)
    except (ValueError, DerError):
        raise PassphraseError(
            "the passphrase does not open the key file"
        ) from None  # the cause may quote the plain text
    except UnsupportedAlgorithm:
        raise KeyFileError("the block holds a key of another kind") from None
    if not isinstance(private, PrivateKey) or plain != _private_key_info(file.name, private):
        raise KeyFileError("the block holds the key of another name")
    if public_half(private) != file.public:
        raise KeyFileError("the public key in the head is that of another key")
    return private


def encode_tombstone(name: KeyName, public: PublicKey) -> bytes:
    """Return the text of the file that stays when a key was destroyed."""
    return "\n".join((TOMBSTONE_LINE, *_head_lines(name, public), "")).encode()


def decode_tombstone(data: bytes) -> tuple[KeyName, PublicKey]:
    """Read the name and the public half of a destroyed key. Raises `KeyFileError` when the file is damaged."""
    return _read_head(_match(_TOMBSTONE_FORM, data))


def _match(form: re.Pattern[str], data: bytes) -> re.Match[str]:
    found = form.fullmatch(data.decode("ascii", "replace")) if len(data) <= FILE_BYTES_MAX else None
    if found is None:
        raise KeyFileError("not a file of custody")
    return found


def _head_lines(name: KeyName, public: PublicKey) -> tuple[str, str, str]:
    spki = base64.b64encode(public.spki).decode()
    return f"Name: {name.text}", f"Algorithm: {public.algorithm.value}", f"Public-Key: {spki}"


def _read_head(form: re.Match[str]) -> tuple[KeyName, PublicKey]:
    try:
        public = PublicKey(decode_base64(form["public"]), Algorithm(form["algorithm"]))
        return KeyName.parse(form["name"]), public
    except (ValueError, NoteError, MalformedError) as error:
        raise KeyFileError("the head of the file is damaged") from error


def check_algorithm(algorithm: Algorithm, allowed: tuple[Algorithm, ...]) -> None:
    """Refuse an algorithm that the purpose does not know."""
    if algorithm not in allowed:
        raise KeyAlgorithmError(algorithm.value)


def _load(algorithm: Algorithm, plain: bytes) -> PrivateKeyTypes | Sm2PrivateKey:
    if algorithm is not Algorithm.SM2:
        return load_der_private_key(plain, None)
    inside = read_whole(plain, SEQUENCE)
    return Sm2PrivateKey.from_pkcs8(sequence(*(inside.take_whole(tag) for tag in (INTEGER, SEQUENCE, OCTET_STRING))))


def _private_key_info(name: KeyName, private: PrivateKey) -> bytes:
    """Return the PKCS#8 PrivateKeyInfo with the key's name as its one attribute (PKCS #9 friendlyName)."""
    if isinstance(private, Sm2PrivateKey):
        plain = private.to_pkcs8()
    else:
        plain = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    attribute = sequence(_FRIENDLY_NAME, set_of((tlv(0x1E, name.text.encode("utf-16-be")),)))
    return sequence(Reader(plain).take(SEQUENCE), tlv(0xA0, attribute))


def _read_block(block: bytes) -> _Encrypted:
    """Read what `_Encrypted.to_block` writes; anything that it would write otherwise is refused."""
    try:
        info = Reader(Reader(block).take(SEQUENCE))
        algorithm = Reader(info.take(SEQUENCE))
        content = info.take(OCTET_STRING)
        algorithm.take(OBJECT_IDENTIFIER)
        scheme = Reader(algorithm.take(SEQUENCE))
        derivation, encryption = Reader(scheme.take(SEQUENCE)), Reader(scheme.take(SEQUENCE))
        derivation.take(OBJECT_IDENTIFIER)
        cipher, vector = _CIPHER_OF.get(encryption.take_whole(OBJECT_IDENTIFIER)), encryption.take(OCTET_STRING)
        parameters = Reader(derivation.take(SEQUENCE))
        salt = parameters.take(OCTET_STRING)
        n, r, p = (parameters.take_integer(value_max=1 << 20) for _ in range(3))
    except MalformedError as error:
        raise KeyFileError("the block is no PKCS#8 with scrypt and AES-256 or SM4") from error
    if cipher is None or len(vector) != _SALT_BYTES:
        raise KeyFileError("the block is encrypted with another cipher")
    cost = ScryptCost(n=n, r=r, p=p)
    encrypted = _Encrypted(cipher=cipher, salt=salt, cost=cost, vector=vector, content=content)
    if block != encrypted.to_block():
        raise KeyFileError("the block is no PKCS#8 with scrypt and AES-256 or SM4")
    return encrypted
