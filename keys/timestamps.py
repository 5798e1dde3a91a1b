"""Time stamps (RFC 3161): the protocol that sealing needs, and our own service.

Promises:
  * A stamp covers exactly the digest given, bears the clock's whole second in UTC, and is signed by the time-stamp key,
    whose every use custody counts.
  * Everything that does not change is encoded once: a stamp costs about 0.1 ms.
  * Outside the period of its certificate the service gives no stamp.

`timestamp_responder` answers requests of others with this service; `outside_timestamps` asks another one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, Protocol

from asn1crypto import x509

from keys.certificates import SIGNATURE_ALGORITHMS, parse_certificate
from keys.custody import Custody, KeyName
from keys.errors import KeyMissingError, TimestampClockError, TimestampDigestError
from verify.der import (
    generalized_time,
    integer,
    object_identifier,
    octet_string,
    sequence,
    set_of,
    tlv,
)

POLICY: Final = "2.25.244598302108609721831427488925785060111"
"""Policy of our own time stamps, drawn once (ITU-T X.667): the deployment's clock, accurate to one second."""

DIGEST_BYTES: Final = 32
SERIAL_BYTES: Final = 16
ACCURACY_SECONDS: Final = 1

_VERSION_1: Final = integer(1)
_VERSION_3: Final = integer(3)
_POLICY: Final = object_identifier(POLICY)
_SHA_256: Final = sequence(object_identifier("2.16.840.1.101.3.4.2.1"))
_SIGNED_DATA: Final = object_identifier("1.2.840.113549.1.7.2")
_TST_INFO: Final = object_identifier("1.2.840.113549.1.9.16.1.4")
_MESSAGE_DIGEST: Final = object_identifier("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE: Final = object_identifier("1.2.840.113549.1.9.16.2.47")
_CONTENT_TYPE: Final = sequence(object_identifier("1.2.840.113549.1.9.3"), set_of((_TST_INFO,)))
_DIGEST_ALGORITHMS: Final = set_of((_SHA_256,))
_ACCURACY: Final = sequence(integer(ACCURACY_SECONDS))


class TimestampSource(Protocol):
    """Gives time stamps: our own service, or an outside one."""

    def stamp(self, digest: bytes) -> bytes:
        """Return the DER of a TimeStampToken over this SHA-256 digest, with the signer's certificate inside.

        Raises a `TimestampError`. Never retries.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StampParts:
    """What all stamps under one certificate repeat, as DER, and when it may be used."""

    certificates: bytes
    signer: bytes
    signing_certificate: bytes
    algorithm: bytes
    not_before: datetime
    not_after: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class OwnTimestampService:
    """Our own time-stamping authority: the time-stamp key of custody and the clock of the wiring.

    `random` returns as many random bytes as it is asked for. One object serves all threads.
    """

    custody: Custody
    key: KeyName
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    _parts: StampParts | None = field(default=None, init=False, repr=False)

    def stamp(self, digest: bytes) -> bytes:
        """Return a time stamp over this SHA-256 digest. Raises `TimestampDigestError` or `TimestampClockError`."""
        return self.answer(digest, nonce=b"", with_certificates=True)

    def answer(self, digest: bytes, *, nonce: bytes, with_certificates: bool) -> bytes:
        """Return a time stamp that repeats this nonce (an INTEGER in DER, or nothing). See `stamp`."""
        if len(digest) != DIGEST_BYTES:
            raise TimestampDigestError("a SHA-256 digest has 32 bytes")
        parts = self._parts or self._encode_parts()
        stamped_at = self.clock().replace(microsecond=0)
        if not parts.not_before <= stamped_at <= parts.not_after:
            raise TimestampClockError("the clock stands outside the certificate's period")
        serial = int.from_bytes(self.random(SERIAL_BYTES), "big") or 1
        stamped = sequence(
            _VERSION_1,
            _POLICY,
            sequence(_SHA_256, octet_string(digest)),
            integer(serial),
            generalized_time(stamped_at),
            _ACCURACY,
            nonce,
        )
        return self._sign(parts, stamped, parts.certificates if with_certificates else b"")

    def _sign(self, parts: StampParts, stamped: bytes, certificates: bytes) -> bytes:
        """Return the CMS SignedData over what is stamped (RFC 3161, 2.4.2; RFC 5652, 5; RFC 5816)."""
        message_digest = sequence(_MESSAGE_DIGEST, set_of((octet_string(sha256(stamped).digest()),)))
        attributes = set_of((_CONTENT_TYPE, message_digest, parts.signing_certificate))
        signature = self.custody.sign_counted(self.key, attributes)
        signer_info = sequence(
            _VERSION_1, parts.signer, _SHA_256, b"\xa0" + attributes[1:], parts.algorithm, octet_string(signature)
        )
        content = sequence(_TST_INFO, tlv(0xA0, octet_string(stamped)))
        signed = sequence(_VERSION_3, _DIGEST_ALGORITHMS, content, certificates, set_of((signer_info,)))
        return sequence(_SIGNED_DATA, tlv(0xA0, signed))

    def _encode_parts(self) -> StampParts:
        chain = self.custody.chain(self.key)
        if not chain:
            raise KeyMissingError(f"{self.key.text} has no certificate")
        parsed = parse_certificate(chain[0])
        leaf = x509.Certificate.load(chain[0])
        identifier = sequence(sequence(sequence(octet_string(sha256(chain[0]).digest()))))
        self._parts = StampParts(
            certificates=tlv(0xA0, *sorted(chain)),
            signer=sequence(leaf.issuer.dump(), leaf["tbs_certificate"]["serial_number"].dump()),
            signing_certificate=sequence(_SIGNING_CERTIFICATE, set_of((identifier,))),
            algorithm=SIGNATURE_ALGORITHMS[self.custody.public_key(self.key).algorithm],
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
        )
        return self._parts
