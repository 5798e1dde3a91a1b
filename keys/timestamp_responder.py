"""Answer time-stamp requests of others (RFC 3161, 2.4): bytes in, bytes out; the caller carries them over HTTP.

Promises:
  * Every request gets an answer in DER: a stamp, or a refusal with its reason; nothing is raised for a bad request.
  * Strict: version 1, SHA-256, our policy or none, no extensions, one spelling of the request.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from keys.errors import TimestampClockError
from keys.timestamps import DIGEST_BYTES, POLICY, OwnTimestampService
from verify.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Reader,
    integer,
    named_bit,
    object_identifier,
    sequence,
    tlv,
)

# Imprint, policy and a nonce of 16 bytes take 90 bytes.
REQUEST_BYTES_MAX: Final = 1024
NONCE_BYTES_MAX: Final = 32

_BOOLEAN: Final = 0x01
_TRUE: Final = b"\xff"
_EXTENSIONS: Final = 0xA0
_NULL: Final = 0x05
_SHA_256: Final = object_identifier("2.16.840.1.101.3.4.2.1")
_POLICY: Final = object_identifier(POLICY)
_GRANTED: Final = sequence(integer(0))
_REJECTION: Final = integer(2)


class FailureInfo(IntEnum):
    """Why no stamp is given (RFC 3161, 2.4.2): the number of the bit."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16


class _RefusedError(Exception):
    """Carries the reason from the parser to the answer; never leaves this module."""

    def __init__(self, reason: FailureInfo) -> None:
        super().__init__(reason.name)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    digest: bytes
    nonce: bytes
    with_certificates: bool


def respond(service: OwnTimestampService, request: bytes) -> bytes:
    """Return the DER of the TimeStampResp to a TimeStampReq; raises only what custody raises."""
    try:
        parsed = _parse(request)
        token = service.answer(parsed.digest, nonce=parsed.nonce, with_certificates=parsed.with_certificates)
    except _RefusedError as refused:
        return _refusal(refused.reason)
    except DerError:
        return _refusal(FailureInfo.BAD_DATA_FORMAT)
    except TimestampClockError:
        return _refusal(FailureInfo.TIME_NOT_AVAILABLE)
    return sequence(_GRANTED, token)


def _refusal(reason: FailureInfo) -> bytes:
    return sequence(sequence(_REJECTION, named_bit(reason)))


def _parse(data: bytes) -> _Request:
    """Read version, imprint, then the optional policy, nonce, wish for certificates, extensions, in this order."""
    if len(data) > REQUEST_BYTES_MAX:
        raise _RefusedError(FailureInfo.BAD_DATA_FORMAT)
    frame = Reader(data)
    fields = Reader(frame.take(SEQUENCE))
    frame.end()
    if fields.take_integer(value_max=127) != 1:
        raise _RefusedError(FailureInfo.BAD_REQUEST)
    digest = _parse_imprint(Reader(fields.take(SEQUENCE)))
    if fields.next_tag() == OBJECT_IDENTIFIER and tlv(OBJECT_IDENTIFIER, fields.take(OBJECT_IDENTIFIER)) != _POLICY:
        raise _RefusedError(FailureInfo.UNACCEPTED_POLICY)
    nonce = _parse_nonce(fields.take(INTEGER)) if fields.next_tag() == INTEGER else b""
    with_certificates = fields.next_tag() == _BOOLEAN
    if with_certificates and fields.take(_BOOLEAN) != _TRUE:  # FALSE is the default, which DER leaves out
        raise _RefusedError(FailureInfo.BAD_DATA_FORMAT)
    if fields.next_tag() == _EXTENSIONS:
        raise _RefusedError(FailureInfo.UNACCEPTED_EXTENSION)
    fields.end()
    return _Request(digest=digest, nonce=nonce, with_certificates=with_certificates)


def _parse_imprint(imprint: Reader) -> bytes:
    algorithm = Reader(imprint.take(SEQUENCE))
    digest = imprint.take(OCTET_STRING)
    imprint.end()
    if tlv(OBJECT_IDENTIFIER, algorithm.take(OBJECT_IDENTIFIER)) != _SHA_256:
        raise _RefusedError(FailureInfo.BAD_ALGORITHM)
    if algorithm.next_tag() == _NULL and algorithm.take(_NULL):  # parameters may be NULL or absent (RFC 5754, 2)
        raise _RefusedError(FailureInfo.BAD_DATA_FORMAT)
    algorithm.end()
    if len(digest) != DIGEST_BYTES:
        raise _RefusedError(FailureInfo.BAD_DATA_FORMAT)
    return digest


def _parse_nonce(content: bytes) -> bytes:
    """Return the nonce as the INTEGER to be repeated; its value means nothing to us."""
    shortest = len(content) == 1 or (
        (content[:1] != b"\x00" or content[1] >= 0x80) and (content[:1] != b"\xff" or content[1] < 0x80)
    )
    if not 0 < len(content) <= NONCE_BYTES_MAX or not shortest:
        raise _RefusedError(FailureInfo.BAD_DATA_FORMAT)
    return tlv(INTEGER, content)
