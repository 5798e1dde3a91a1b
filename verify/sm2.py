"""Check SM2 signatures (GB/T 32918.2, curve of GB/T 32918.5) in Python alone, and make SM3 digests (GB/T 32905).

Promises:
  * No secret is ever here, so nothing must take constant time; a check costs about 2 ms.
  * One spelling: a key is the 91 bytes of an uncompressed point on the curve, a signature the shortest DER of r and s
    in their range, nothing after it (GB/T 35276).
  * The signer's id is always ``1234567812345678``; there is no other in documents, seals and certificates.
  * A faster checker is taken only after it gave the right answer to good and bad vectors, and it is asked only about
    what was read strictly here.

A key has the interface of those of `cryptography`, which cannot read SM2: `verify` raises ``InvalidSignature``.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SM3, Hash

from verify.der import SEQUENCE, DerError, bit_string, integer, object_identifier, read_whole, sequence
from verify.errors import YinzhengError

P: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
N: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
GENERATOR: Final = (
    0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7,
    0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0,
)
"""Curve and base point of GB/T 32918.5."""

SIGNER_ID: Final = b"1234567812345678"
NUMBER_BYTES: Final = 32

SPKI_HEAD: Final = sequence(
    sequence(object_identifier("1.2.840.10045.2.1"), object_identifier("1.2.156.10197.1.301")),
    bit_string(b"\x04" + bytes(2 * NUMBER_BYTES)),
)[: -2 * NUMBER_BYTES]
"""What the SubjectPublicKeyInfo of every SM2 key begins with; the two coordinates follow."""

# Odd multiples up to 2^(width-1): the key's are made anew for each key, the base point's once in a process.
_KEY_WIDTH: Final = 5
_BASE_WIDTH: Final = 8

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]
_INFINITY: Final = (1, 1, 0)

FasterCheck = Callable[[bytes, bytes, bytes], bool]
"""Says whether a signature in DER over these 32 bytes of digest e fits a key: SPKI, e, signature."""


class FasterCheckError(YinzhengError):
    """The faster checker of SM2 gave a wrong answer to a known question, and is not used."""

    code = "sm2.self_test"


# Some builds of OpenSSL leave the national algorithms out; the wheel of `cryptography` has them.
_IN_HASHLIB: Final = "sm3" in hashlib.algorithms_available


def sm3(data: bytes) -> bytes:
    """Return the SM3 digest, 32 bytes."""
    if _IN_HASHLIB:  # four times as fast on small files, of which an OFD has many
        return hashlib.new("sm3", data).digest()
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


@dataclass(frozen=True, slots=True, eq=False)
class Sm2PublicKey:
    """An SM2 key that was read: a point on the curve. `prefix` is Z, which every signed digest begins with."""

    spki: bytes = field(repr=False)
    point: Point = field(repr=False)
    prefix: bytes = field(repr=False)

    def digest(self, message: bytes) -> bytes:
        """Return e, the 32 bytes that a signature over this message is made of (GB/T 32918.2, 6.1)."""
        return sm3(self.prefix + message)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check a signature in DER over a message. Raises ``InvalidSignature``."""
        r, s = _read_signature(signature)
        e = self.digest(message)
        faster = _in_use.faster
        if not (_fits(self, e, r, s) if faster is None else faster(self.spki, e, signature)):
            raise InvalidSignature


def load_sm2_key(spki: bytes) -> Sm2PublicKey:
    """Read a SubjectPublicKeyInfo. Raises ``ValueError`` unless it is an uncompressed point on the SM2 curve."""
    numbers = spki.removeprefix(SPKI_HEAD)
    if len(spki) != len(SPKI_HEAD) + 2 * NUMBER_BYTES or len(numbers) != 2 * NUMBER_BYTES:
        raise ValueError("not an SM2 key")
    x, y = int.from_bytes(numbers[:NUMBER_BYTES], "big"), int.from_bytes(numbers[NUMBER_BYTES:], "big")
    if not (x < P and y < P) or (y * y - (x * x * x + A * x + B)) % P:
        raise ValueError("not a point on the curve")
    return Sm2PublicKey(spki=spki, point=(x, y), prefix=identity_digest((x, y), SIGNER_ID))


def encode_sm2_key(point: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a point given as its two coordinates of 32 bytes."""
    return SPKI_HEAD + point


def encode_signature(r: int, s: int) -> bytes:
    """Return a signature in DER (GB/T 35276)."""
    return sequence(integer(r), integer(s))


def identity_digest(point: Point, identity: bytes) -> bytes:
    """Return Z of a signer: its id and its key in one digest (GB/T 32918.2, 5.5)."""
    numbers = b"".join(each.to_bytes(NUMBER_BYTES, "big") for each in (A, B, *GENERATOR, *point))
    return sm3((len(identity) * 8).to_bytes(2, "big") + identity + numbers)


def fits_without_id(spki: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether a signature that does not hold was made with an empty id, as OpenSSL before 4.0 does by itself.

    A diagnosis for whoever made it, never a reason to accept it.
    """
    key = load_sm2_key(spki)
    try:
        r, s = _read_signature(signature)
    except InvalidSignature:
        return False
    return _fits(key, sm3(identity_digest(key.point, b"") + message), r, s)


def use_faster(check: FasterCheck | None) -> None:
    """Let a faster checker answer from now on in this process; None goes back to this module's own.

    Raises ``FasterCheckError`` when it does not tell good vectors from bad ones; then nothing changes.
    """
    if check is not None:
        _test(check)
    _in_use.faster = check


@dataclass(slots=True)
class _InUse:
    faster: FasterCheck | None = None


_in_use: Final = _InUse()


def _test(check: FasterCheck) -> None:
    """Ask about the vector of GB/T 32918.5 and what is one step beside it."""
    message, spki, good = b"message digest", encode_sm2_key(_TEST_KEY), encode_signature(*_TEST_SIGNATURE)
    r, s = _TEST_SIGNATURE
    e = load_sm2_key(spki).digest(message)
    other_key = encode_sm2_key(b"".join(each.to_bytes(NUMBER_BYTES, "big") for each in GENERATOR))
    bad = (
        (spki, sm3(message), good),
        (spki, e[:-1] + bytes((e[-1] ^ 1,)), good),
        (spki, e, encode_signature(s, r)),
        (spki, e, encode_signature(r, s ^ 1)),
        (other_key, e, good),
    )
    if not check(spki, e, good) or any(check(*each) for each in bad):
        raise FasterCheckError("the faster checker of SM2 does not know good from bad")


_TEST_KEY: Final = bytes.fromhex(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_TEST_SIGNATURE: Final = (
    0xF5A03B06_48D2C463_0EEAC513_E1BB81A1_5944DA38_27D5B741_43AC7EAC_EEE720B3,
    0xB1B6AA29_DF212FD8_763182BC_0D421CA1_BB9038FD_1F7F42D4_840B69C4_85BBC1AA,
)


def _read_signature(signature: bytes) -> tuple[int, int]:
    try:
        inside = read_whole(signature, SEQUENCE)
        r, s = (inside.take_integer(value_max=N - 1) for _ in range(2))
        inside.end()
    except DerError as error:
        raise InvalidSignature from error
    if not (r and s):
        raise InvalidSignature
    return r, s


def _fits(key: Sm2PublicKey, e: bytes, r: int, s: int) -> bool:
    """Say whether r and s, both in their range, fit (GB/T 32918.2, 7.1)."""
    t = (r + s) % N
    if not t:
        return False
    x, _, z = _sum_of_multiples(s, t, _odd_multiples(key.point, _KEY_WIDTH))
    if not z:
        return False
    return (int.from_bytes(e, "big") + x * pow(z * z, -1, P) % P) % N == r


def _sum_of_multiples(s: int, t: int, multiples: Sequence[Point]) -> _Jacobian:
    """Return s times the base point plus t times the key, in one run (Shamir's trick over signed digits)."""
    base = _base_multiples()
    of_base, of_key = _signed_digits(s, _BASE_WIDTH), _signed_digits(t, _KEY_WIDTH)
    total: _Jacobian = _INFINITY
    for place in range(max(len(of_base), len(of_key)) - 1, -1, -1):
        total = _double(total)
        for digits, table in ((of_base, base), (of_key, multiples)):
            digit = digits[place] if place < len(digits) else 0
            if digit:
                x, y = table[abs(digit) >> 1]
                total = _add(total, (x, y if digit > 0 else P - y))
    return total


def _signed_digits(number: int, width: int) -> list[int]:
    """Return the digits of a number, lowest first: odd and small, or zero, and mostly zero (its NAF of this width)."""
    digits = []
    while number:
        digit = 0
        if number & 1:
            digit = number & ((1 << width) - 1)
            if digit >> (width - 1):
                digit -= 1 << width
            number -= digit
        digits.append(digit)
        number >>= 1
    return digits


@lru_cache(maxsize=1)
def _base_multiples() -> tuple[Point, ...]:
    return _odd_multiples(GENERATOR, _BASE_WIDTH)


# A key signs more than once: seal, maker and authority come back with each document.
@lru_cache(maxsize=256)
def _odd_multiples(point: Point, width: int) -> tuple[Point, ...]:
    """Return 1, 3, 5 … times the point, up to what a signed digit of this width needs."""
    twice = _affine(_double((*point, 1)))
    multiples = [point]
    for _ in range((1 << (width - 2)) - 1):
        multiples.append(_affine(_add((*multiples[-1], 1), twice)))
    return tuple(multiples)


def _affine(point: _Jacobian) -> Point:
    x, y, z = point
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P


def _double(point: _Jacobian) -> _Jacobian:
    """Return twice the point (a = -3); infinity, whose z is zero, stays infinity."""
    x, y, z = point
    square, z_square = y * y % P, z * z % P
    slope = 3 * (x - z_square) * (x + z_square) % P
    product = 4 * x * square % P
    doubled = (slope * slope - 2 * product) % P
    return doubled, (slope * (product - doubled) - 8 * square * square) % P, 2 * y * z % P


def _add(point: _Jacobian, other: Point) -> _Jacobian:
    """Return the sum with a point that is not infinity."""
    x, y, z = point
    if not z:
        return (*other, 1)
    square = z * z % P
    distance, slope = (other[0] * square - x) % P, (other[1] * square * z - y) % P
    if not distance:
        return _INFINITY if slope else _double(point)
    cubed = distance * distance % P
    product = x * cubed % P
    cubed = cubed * distance % P
    added = (slope * slope - cubed - 2 * product) % P
    return added, (slope * (product - added) - y * cubed) % P, z * distance % P
