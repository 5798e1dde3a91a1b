"""One table of signature algorithms: name, number, form of key and signature, and the check.

Promises:
  * A function that checks raises ``SignatureError``; none returns true or false.
  * The caller names the algorithm (from a trust list or a certificate); a key of another kind is refused.
  * Only P-256, Ed25519, SM2, and RSA of 2048 to 4096 bits; loaded keys are remembered, for parsing one costs more than
    a check.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from verify.errors import MalformedError, YinzhengError
from verify.sm2 import Sm2PublicKey, load_sm2_key

KID_BYTES: Final = 8
# A subject public key info of RSA-4096 has 550 bytes.
SPKI_BYTES_MAX: Final = 1024
RSA_BITS: Final = range(2048, 4097)
# How many keys of departments and services one process sees in a day; each takes about a kilobyte.
LOADED_KEYS_MAX: Final = 4096

_ECDSA_SHA256: Final = ECDSA(SHA256())
# For the way of every code: hashlib hashes it in a quarter of the time that the check itself would take for that.
_ECDSA_DIGEST: Final = ECDSA(Prehashed(SHA256()))
_PKCS1: Final = PKCS1v15()
_SHA256: Final = SHA256()

# Heads of the DER of r and s: INTEGER of 1 to 33 bytes, SEQUENCE of two of these.
_INTEGER_HEADS: Final = tuple(bytes((0x02, size)) for size in range(34))
_SEQUENCE_HEADS: Final = tuple(bytes((0x30, size)) for size in range(71))

LoadedKey = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey | Sm2PublicKey


class Algorithm(StrEnum):
    """Signature algorithms that we check; RS256 occurs in PDF only."""

    ES256 = "ES256"
    ED25519 = "Ed25519"
    RS256 = "RS256"
    SM2 = "SM2"


_ES256: Final = Algorithm.ES256

# RFC 9053 (-7, -8) and RFC 9864 (-9, -19). We write the older numbers, which more libraries know. SM2 with SM3 has no
# registered number: ours is from the range of private use.
COSE_NUMBER: Final = {Algorithm.ES256: -7, Algorithm.ED25519: -8, Algorithm.SM2: -70002}
_COSE_ALGORITHM: Final = {
    -7: Algorithm.ES256,
    -9: Algorithm.ES256,
    -8: Algorithm.ED25519,
    -19: Algorithm.ED25519,
    -70002: Algorithm.SM2,
}


class SignatureError(YinzhengError):
    """The signature does not fit the key and the bytes."""

    code = "signature.wrong"


class PublicKeyError(MalformedError):
    """Not a public key of the algorithm that was named."""

    code = "public_key.malformed"


class AlgorithmError(MalformedError):
    """An algorithm that this version does not check."""

    code = "algorithm.unsupported"


def cose_algorithm(number: object) -> Algorithm:
    """Return the algorithm of a COSE number; raises ``AlgorithmError`` for one that we do not check."""
    algorithm = _COSE_ALGORITHM.get(number) if type(number) is int else None
    if algorithm is None:
        raise AlgorithmError("an algorithm that this version does not check")
    return algorithm


def key_identifier(spki: bytes) -> bytes:
    """Return the first 8 bytes of SHA-256 over the DER SubjectPublicKeyInfo; a hint, not a proof."""
    return hashlib.sha256(spki).digest()[:KID_BYTES]


@lru_cache(maxsize=LOADED_KEYS_MAX)
def _load(algorithm: Algorithm, spki: bytes) -> LoadedKey:
    """Load a public key and make sure that it is one of this algorithm."""
    if len(spki) > SPKI_BYTES_MAX:
        raise PublicKeyError("too many bytes")
    try:
        key = load_sm2_key(spki) if algorithm is Algorithm.SM2 else load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PublicKeyError("not a public key") from error
    if isinstance(key, Sm2PublicKey):
        return key
    if algorithm is Algorithm.ES256 and isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    if algorithm is Algorithm.ED25519 and isinstance(key, Ed25519PublicKey):
        return key
    if algorithm is Algorithm.RS256 and isinstance(key, RSAPublicKey) and key.key_size in RSA_BITS:
        return key
    raise PublicKeyError("a public key of another algorithm")


@lru_cache(maxsize=LOADED_KEYS_MAX)
def _load_p256(spki: bytes) -> EllipticCurvePublicKey:
    """Load a key of the commonest kind; the hash of an algorithm, as a key of a cache, is a function call."""
    return cast("EllipticCurvePublicKey", _load(_ES256, spki))


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Public key with the one algorithm that it is used with; one that exists can be loaded."""

    spki: bytes
    algorithm: Algorithm

    def __post_init__(self) -> None:
        _load(self.algorithm, self.spki)

    @property
    def kid(self) -> bytes:
        """The 8 bytes by which COSE headers and log entries name this key."""
        return key_identifier(self.spki)


def check_signature(algorithm: Algorithm, spki: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature: DER for ES256 and SM2 (X.509, CMS), 64 bytes for Ed25519, PKCS #1 v1.5 for RS256.

    Raises ``SignatureError`` when it does not fit, ``PublicKeyError`` when the key is none of that algorithm.
    """
    key = _load(algorithm, spki)
    try:
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, message, _ECDSA_SHA256)
        elif isinstance(key, (Ed25519PublicKey, Sm2PublicKey)):
            key.verify(signature, message)
        else:
            key.verify(signature, message, _PKCS1, _SHA256)
    except InvalidSignature as error:
        raise SignatureError("the signature does not fit") from error


def check_cose_signature(algorithm: Algorithm, spki: bytes, message: bytes, signature: bytes) -> None:
    """Check a COSE signature over a Sig_structure: r and s of 32 bytes each for ES256 (RFC 9053, 2.1) and SM2."""
    if algorithm is not _ES256:
        is_pair = algorithm is Algorithm.SM2
        check_signature(algorithm, spki, message, raw_to_der(signature) if is_pair else signature)
        return
    try:
        _load_p256(spki).verify(raw_to_der(signature), hashlib.sha256(message).digest(), _ECDSA_DIGEST)
    except InvalidSignature as error:
        raise SignatureError("the signature does not fit") from error


def raw_to_der(signature: bytes) -> bytes:
    """Turn r and s of 32 bytes each into the DER of X.509; raises ``SignatureError`` for any other length."""
    if len(signature) != 64:
        raise SignatureError("a COSE signature of ES256 or SM2 has 64 bytes")
    r, s = _der_integer(signature[:32]), _der_integer(signature[32:])
    return b"".join((_SEQUENCE_HEADS[len(r) + len(s)], r, s))


def _der_integer(number: bytes) -> bytes:
    """Return the DER of a number that is not negative; a third of the time of the way through Python's numbers."""
    short = number.lstrip(b"\x00")
    if not short or short[0] > 0x7F:
        short = b"\x00" + short
    return _INTEGER_HEADS[len(short)] + short


def der_to_raw(signature: bytes) -> bytes:
    """Turn the DER of X.509 into r and s of 32 bytes each; raises ``SignatureError`` when it is no such DER."""
    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError) as error:
        raise SignatureError("not a signature of two numbers below 2^256") from error
