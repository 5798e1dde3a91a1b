"""A private SM2 key in memory, its PKCS#8 form, and what a provider of SM2 promises.

Promises:
  * A key that exists has a number in its range and a point on the curve; that the two belong together is seen when a
    provider takes it (`Sm2Provider.signer`).
  * One spelling of the PKCS#8 form (RFC 5958, RFC 5915): the one that OpenSSL writes too.
  * Nothing prints the number.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from keys.errors import KeysError
from verify.der import integer, object_identifier, octet_string, sequence, tlv
from verify.sm2 import NUMBER_BYTES, SPKI_HEAD, FasterCheck, N, encode_sm2_key, load_sm2_key

_ALGORITHM: Final = sequence(object_identifier("1.2.840.10045.2.1"), object_identifier("1.2.156.10197.1.301"))
_POINT_TAG: Final = 0xA1
# Where the number and the point stand in the PKCS#8 form, whose head never changes.
_NUMBER_AT: Final = 36
_POINT_AT: Final = 74


class Sm2MissingError(KeysError):
    """No provider offers SM2 here: OpenSSL was built without it, and gmssl-pyx does not run."""

    code = "sm2.missing"


@dataclass(frozen=True, slots=True)
class Sm2PrivateKey:
    """A private key: its number of 32 bytes, and the two coordinates of its public point. Raises ``ValueError``."""

    number: bytes = field(repr=False)
    point: bytes

    def __post_init__(self) -> None:
        # GB/T 32918.2, 6.1: n - 1 would have no inverse.
        if len(self.number) != NUMBER_BYTES or not 0 < int.from_bytes(self.number, "big") < N - 1:
            raise ValueError("not the number of a private key")
        load_sm2_key(self.spki)

    @property
    def spki(self) -> bytes:
        """The SubjectPublicKeyInfo of the public half."""
        return encode_sm2_key(self.point)

    def to_pkcs8(self) -> bytes:
        """Return the PrivateKeyInfo in DER."""
        public = tlv(_POINT_TAG, SPKI_HEAD[-4:] + self.point)
        private = sequence(integer(1), octet_string(self.number), public)
        return sequence(integer(0), _ALGORITHM, octet_string(private))

    @classmethod
    def from_pkcs8(cls, data: bytes) -> "Sm2PrivateKey":
        """Read what `to_pkcs8` writes; raises ``ValueError`` for anything else."""
        key = cls(data[_NUMBER_AT : _NUMBER_AT + NUMBER_BYTES], data[_POINT_AT:])
        if key.to_pkcs8() != data:
            raise ValueError("not an SM2 key")
        return key


class Sm2Provider(Protocol):
    """A library that makes SM2 keys and signatures, always with the signer's id of `verify.sm2`.

    `name` is shown and logged; `check` is quicker than the check of `verify.sm2`, or None.
    """

    @property
    def name(self) -> str:
        """What the library calls itself, with its version."""
        ...

    @property
    def check(self) -> FasterCheck | None:
        """A checker for `verify.sm2.use_faster`."""
        ...

    def generate(self) -> Sm2PrivateKey:
        """Return a fresh key."""
        ...

    def signer(self, key: Sm2PrivateKey) -> Callable[[bytes], bytes]:
        """Return what signs a message with this key, in DER, from any thread. Raises ``ValueError`` for a bad key."""
        ...
