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
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
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

from keys.custody import KeyName
from keys.errors import KeyAlgorithmError, KeyFileError, PassphraseError
from verify.algorithms import Algorithm, PublicKey
from verify.der import (
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Reader,
    integer,
    object_identifier,
    octet_string,
    sequence,
    set_of,
    tlv,
)
from verify.errors import MalformedError
from verify.note import NoteError, decode_base64

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey

FIRST_LINE: Final = "Yinzheng key file 1"
TOMBSTONE_LINE: Final = "Yinzheng destroyed key 1"
# The block of an RSA-3072 key has 2.5 kB.
FILE_BYTES_MAX: Final = 16_384
RSA_BITS: Final = 3072

_SALT_BYTES: Final = 16
_BLOCK_BITS: Final = 128
_PBES2: Final = object_identifier("1.2.840.113549.1.5.13")
_SCRYPT: Final = object_identifier("1.3.6.1.4.1.11591.4.11")
_AES_256_CBC: Final = object_identifier("2.16.840.1.101.3.4.1.42")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptCost:
    """How hard guessing a passphrase is made: memory is 128 * n * r bytes, work is n * r * p.

    The usual cost takes 16 MiB and a fifth of a second. OpenSSL's tools refuse more than 32 MiB, so work is added by p.
    """

    n: int = 16_384
    r: int = 8
    p: int = 5

    def __post_init__(self) -> None:
        if self.n not in _N_ALLOWED or not 1 <= self.r <= 8 or not 1 <= self.p <= 64:
            raise KeyFileError("a cost outside the limits")


# A file may not make us take more memory or time than a slow start would.
_N_ALLOWED: Final = tuple(1 << exponent for exponent in range(10, 15))
USUAL_COST: Final = ScryptCost()


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
    return generate_rsa(public_exponent=65_537, key_size=RSA_BITS)


def public_half(private: PrivateKey) -> PublicKey:
    """Return the public key with its one algorithm."""
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(private, EllipticCurvePrivateKey):
        return PublicKey(spki, Algorithm.ES256)
    return PublicKey(spki, Algorithm.ED25519 if isinstance(private, Ed25519PrivateKey) else Algorithm.RS256)


def encode_key_file(name: KeyName, private: PrivateKey, passphrase: bytes, cost: ScryptCost) -> bytes:
    """Return the text of a key file. Salt and initial vector are drawn here: they must never repeat."""
    salt, vector = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_SALT_BYTES)
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(_private_key_info(name, private)) + padder.finalize()
    encryptor = Cipher(AES256(_derive(passphrase, salt, cost)), CBC(vector)).encryptor()
    block = _encrypted_info(salt, cost, vector, encryptor.update(padded) + encryptor.finalize())
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
    salt, cost, vector, encrypted = _read_encrypted_info(file.block)
    decryptor = Cipher(AES256(_derive(passphrase, salt, cost)), CBC(vector)).decryptor()
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    try:
        padded = decryptor.update(encrypted) + decryptor.finalize()
        plain = unpadder.update(padded) + unpadder.finalize()
        private = load_der_private_key(plain, None)
    except ValueError:
        raise PassphraseError(
            "the passphrase does not open the key file"
        ) from None  # the cause may quote the plain text
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


def _derive(passphrase: bytes, salt: bytes, cost: ScryptCost) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(passphrase)


def _private_key_info(name: KeyName, private: PrivateKey) -> bytes:
    """Return the PKCS#8 PrivateKeyInfo with the key's name as its one attribute (PKCS #9 friendlyName)."""
    reader = Reader(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    attribute = sequence(_FRIENDLY_NAME, set_of((tlv(0x1E, name.text.encode("utf-16-be")),)))
    return sequence(reader.take(SEQUENCE), tlv(0xA0, attribute))


def _encrypted_info(salt: bytes, cost: ScryptCost, vector: bytes, encrypted: bytes) -> bytes:
    parameters = sequence(octet_string(salt), integer(cost.n), integer(cost.r), integer(cost.p))
    scheme = sequence(sequence(_SCRYPT, parameters), sequence(_AES_256_CBC, octet_string(vector)))
    return sequence(sequence(_PBES2, scheme), octet_string(encrypted))


def _read_encrypted_info(block: bytes) -> tuple[bytes, ScryptCost, bytes, bytes]:
    """Read what `_encrypted_info` writes; anything that it would write otherwise is refused."""
    try:
        info = Reader(Reader(block).take(SEQUENCE))
        algorithm = Reader(info.take(SEQUENCE))
        encrypted = info.take(OCTET_STRING)
        algorithm.take(OBJECT_IDENTIFIER)
        scheme = Reader(algorithm.take(SEQUENCE))
        derivation, cipher = Reader(scheme.take(SEQUENCE)), Reader(scheme.take(SEQUENCE))
        derivation.take(OBJECT_IDENTIFIER)
        cipher.take(OBJECT_IDENTIFIER)
        parameters, vector = Reader(derivation.take(SEQUENCE)), cipher.take(OCTET_STRING)
        salt = parameters.take(OCTET_STRING)
        n, r, p = (parameters.take_integer(value_max=1 << 20) for _ in range(3))
    except MalformedError as error:
        raise KeyFileError("the block is no PKCS#8 with scrypt and AES-256") from error
    cost = ScryptCost(n=n, r=r, p=p)
    if len(vector) != _SALT_BYTES or block != _encrypted_info(salt, cost, vector, encrypted):
        raise KeyFileError("the block is no PKCS#8 with scrypt and AES-256")
    return salt, cost, vector, encrypted
