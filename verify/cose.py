"""COSE_Sign1 (RFC 9052, 4.2) in the one form that we write: everything in the protected header, nothing beside it.

Promises:
  * Deterministic CBOR all through: array, protected header; the payload is checked by who reads it.
  * The unprotected header must be empty, the payload attached, the external data empty.
  * Nothing here checks a signature: see ``algorithms.check_cose_signature`` over ``sig_structure``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from verify import cbor
from verify.algorithms import COSE_NUMBER, KID_BYTES, Algorithm, cose_algorithm
from verify.errors import MalformedError

TAG: Final = 18
HEADER_ALGORITHM: Final = 1
HEADER_KID: Final = 4
HEADER_TYPE: Final = 16
HEADER_BYTES_MAX: Final = 128
# A deployment has some hundred keys, and each key one header.
HEADERS_REMEMBERED: Final = 1024

# Head of an array of four, and the text "Signature1" behind it; the encoding of the rest is put together by hand.
SIG_STRUCTURE_START: Final = cbor.encode(["Signature1"]).replace(b"\x81", b"\x84", 1)
_EMPTY_BYTES: Final = b"\x40"
_PLAIN_KEYS: Final = frozenset({HEADER_ALGORITHM, HEADER_KID})
_TYPED_KEYS: Final = frozenset({HEADER_ALGORITHM, HEADER_KID, HEADER_TYPE})


class CoseError(MalformedError):
    """Not a COSE_Sign1 in the form that we write."""

    code = "cose.malformed"


class CoseHeaderError(CoseError):
    """The header of a COSE_Sign1 is not of the form that we write."""

    code = "cose.header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign1:
    """The parts of a COSE_Sign1; ``protected_bytes`` are signed as they stand."""

    protected: Mapping[object, object] = field(hash=False)
    protected_bytes: bytes
    payload: bytes
    signature: bytes

    @property
    def to_be_signed(self) -> bytes:
        """The Sig_structure that the signature is over."""
        return sig_structure(self.protected_bytes, self.payload)


def sig_structure(protected: bytes, payload: bytes) -> bytes:
    """Return the bytes to be signed: ``["Signature1", protected, h'', payload]`` (RFC 9052, 4.4)."""
    return b"".join((SIG_STRUCTURE_START, cbor.encode_bytes(protected), _EMPTY_BYTES, cbor.encode_bytes(payload)))


def protected_header(algorithm: Algorithm, kid: bytes, *, content_type: str | None = None) -> bytes:
    """Return the protected header that we write: algorithm, key id and, for some formats, their type."""
    if len(kid) != KID_BYTES:
        raise CoseHeaderError("a key id has 8 bytes")
    header: dict[int, object] = {HEADER_ALGORITHM: COSE_NUMBER[algorithm], HEADER_KID: kid}
    return cbor.encode(header if content_type is None else header | {HEADER_TYPE: content_type})


def read_header(sign1: Sign1, *, content_type: str | None = None) -> tuple[Algorithm, bytes]:
    """Return algorithm and key id of a header that has these, the named type, and nothing else.

    Raises ``CoseHeaderError``, or ``AlgorithmError`` for an algorithm that this version does not check.
    """
    expected = _PLAIN_KEYS if content_type is None else _TYPED_KEYS
    header = sign1.protected
    kid = header.get(HEADER_KID)
    if header.keys() != expected or not isinstance(kid, bytes) or len(kid) != KID_BYTES:
        raise CoseHeaderError("not the labels of our header, or not a key id of 8 bytes")
    if header.get(HEADER_TYPE) != content_type:
        raise CoseHeaderError("the type of another format")
    return cose_algorithm(header[HEADER_ALGORITHM]), kid


@lru_cache(maxsize=HEADERS_REMEMBERED)
def protected_of(data: bytes) -> tuple[Algorithm, bytes]:
    """Return algorithm and key id of a protected header as it stands; raises as ``read_header`` does."""
    return read_header(Sign1(protected=_read_protected(data), protected_bytes=data, payload=b"", signature=b""))


def encode_sign1(protected: bytes, payload: bytes, signature: bytes, *, tagged: bool) -> bytes:
    """Put a COSE_Sign1 together, with or without its tag 18."""
    return (b"\xd2" if tagged else b"") + cbor.encode([protected, {}, payload, signature])


def decode_sign1(data: bytes, *, tagged: bool, bytes_max: int) -> Sign1:
    """Take a COSE_Sign1 apart. Raises ``CborError`` or ``CoseError``."""
    parts = cbor.decode(data, bytes_max=bytes_max, tag=TAG if tagged else None)
    if not isinstance(parts, list) or len(parts) != 4:
        raise CoseError("not an array of four")
    protected_bytes, unprotected, payload, signature = parts
    if unprotected != {}:
        raise CoseHeaderError("the unprotected header must be an empty map")
    if not (isinstance(protected_bytes, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise CoseError("header, payload and signature are byte strings")
    protected = _read_protected(protected_bytes)
    return Sign1(protected=protected, protected_bytes=protected_bytes, payload=payload, signature=signature)


@lru_cache(maxsize=HEADERS_REMEMBERED)
def _read_protected(data: bytes) -> Mapping[object, object]:
    protected = cbor.decode(data, bytes_max=HEADER_BYTES_MAX) if data else None
    if not isinstance(protected, dict):
        raise CoseHeaderError("the protected header must be a map")
    return protected
