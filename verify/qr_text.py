"""Text of a QR code: an address for phone cameras, and behind ``#`` a COSE_Sign1 in digits for our checkers.

``https://<host>/v/<id>#1<digits>`` for a licence, ``https://<host>/p/<id>#2<digits>`` for a presentation code.

Promises:
  * Digits stand for bytes in one way: 7 bytes are 17 digits, a short last block of 1 to 6 bytes is 3, 5, 8, 10, 13 or
    15.
  * The order of checks is that of the format's page: text form, CBOR, header, claims (by the caller), id = cti.
  * The host is for phone cameras; nothing here or above asks it.
"""

import re
import struct
from functools import lru_cache
from typing import Final, NamedTuple

from verify import cbor
from verify.algorithms import Algorithm, AlgorithmError
from verify.cose import (
    SIG_STRUCTURE_START,
    CoseError,
    CoseHeaderError,
    decode_sign1,
    encode_sign1,
    protected_header,
    protected_of,
    read_header,
    sig_structure,
)
from verify.errors import MalformedError
from verify.licence import LAST_DAY
from verify.values import LicenceId, LicenceIdError

# A QR code of version 17 at error level M carries 451 bytes as digits behind a 45-byte prefix.
TOKEN_BYTES_MAX: Final = 450
HOST_LENGTH_MAX: Final = 253
# Each office has one, and a checker sees those of some hundred offices.
HOSTS_REMEMBERED: Final = 1024
SIGNATURE_BYTES: Final = 64
# 65 blocks of 17 digits hold 455 bytes; the address before them has less than 300 characters.
TEXT_LENGTH_MAX: Final = 1500

CLAIM_ISSUER: Final = 1
CLAIM_EXPIRES: Final = 4
CLAIM_NOT_BEFORE: Final = 5
CLAIM_ISSUED: Final = 6
CLAIM_ID: Final = 7
CLAIM_STATUS: Final = 65535
CLAIM_PRIVATE: Final = -70001

_BLOCK_BYTES: Final = 7
_BLOCK_DIGITS: Final = 17
_SHORT_DIGITS: Final = (0, 3, 5, 8, 10, 13, 15)
_SHORT_BYTES: Final = {digits: size for size, digits in enumerate(_SHORT_DIGITS)}
_HOST: Final = r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[1-9][0-9]{0,4})?"
_HOST_FORM: Final = re.compile(_HOST)
_TEXT_FORM: Final = re.compile(rf"(?ai:https://({_HOST})/(v|p)/([0-9a-z]{{16}}))#([12])([0-9]+)")
_ADDRESS_FORM: Final = re.compile(rf"https://({_HOST})/(v|p)/")
_DIGITS_FORM: Final = re.compile(r"[0-9]*")
# 23:59:59 UTC of the last day that a licence can name.
_INSTANT_MAX: Final = (LAST_DAY.toordinal() - 719_163) * 86_400 + 86_399

# A COSE_Sign1 of ours: array of four, protected header of 13 bytes, empty map, payload, signature of 64 bytes.
_OUR_START: Final = b"\x84\x4d"
_EMPTY_MAP: Final = b"\xa0"
_SIGNATURE_HEAD: Final = b"\x58\x40"
_PAYLOAD_PLACE: Final = 16


class TokenFormError(MalformedError):
    """Not the text of one of our codes."""

    code = "token.form"


class TokenCborError(MalformedError):
    """The digits do not hold a COSE_Sign1 in deterministic CBOR."""

    code = "token.cbor"


class TokenHeaderError(MalformedError):
    """The header is not algorithm and key id, and nothing else."""

    code = "token.header"


class TokenAlgorithmError(MalformedError):
    """The token is signed with an algorithm that this version does not check."""

    code = "token.algorithm"


class TokenClaimsError(MalformedError):
    """The claims are not the ones of our format."""

    code = "token.claims"


class TokenIdError(MalformedError):
    """The id in the address is not the one that was signed."""

    code = "token.id_mismatch"


class TokenTooLongError(MalformedError):
    """The token would need a QR code larger than version 17."""

    code = "token.too_long"


class TextKind(NamedTuple):
    """What tells the two codes apart: letter of the path, and version digit."""

    path: str
    version: str


LICENCE_TEXT: Final = TextKind("v", "1")
PRESENTATION_TEXT: Final = TextKind("p", "2")


class CutText(NamedTuple):
    """A text taken apart as far as both codes agree; the payload is still as it came."""

    id_text: str
    algorithm: Algorithm
    kid: bytes
    payload: bytes
    to_be_signed: bytes
    signature: bytes
    host: str
    text: str


def encode_digits(data: bytes) -> str:
    """Write bytes as digits."""
    full = len(data) - len(data) % _BLOCK_BYTES
    blocks = [f"{int.from_bytes(data[at : at + _BLOCK_BYTES], 'big'):017}" for at in range(0, full, _BLOCK_BYTES)]
    if full < len(data):
        blocks.append(f"{int.from_bytes(data[full:], 'big'):0{_SHORT_DIGITS[len(data) - full]}}")
    return "".join(blocks)


def decode_digits(text: str) -> bytes:
    """Read digits; raises ``TokenFormError`` for a length or a block that ``encode_digits`` would not write."""
    if not _DIGITS_FORM.fullmatch(text):
        raise TokenFormError("other characters than digits")
    return _pack_digits(text)


def _pack_digits(text: str) -> bytes:
    """Read a text of which a form has made sure that it is ASCII digits."""
    full, short = divmod(len(text), _BLOCK_DIGITS)
    if short not in _SHORT_BYTES:
        raise TokenFormError("no number of bytes has that many digits")
    size = _SHORT_BYTES[short]
    last = int(text[-short:]) if short else 0
    # One call of C for all blocks, then without the top byte of each: three times as fast as block by block.
    blocks, numbers = _packers(full)
    packed = bytearray(numbers.pack(*map(int, blocks.unpack_from(text.encode()))))
    if packed[::8] != bytes(full) or last >> (8 * size):
        raise TokenFormError("a block of digits is too large")
    del packed[::8]
    return bytes(packed) + last.to_bytes(size, "big")


@lru_cache(maxsize=128)
def _packers(count: int) -> tuple[struct.Struct, struct.Struct]:
    """Return what takes so many blocks apart, and puts their numbers together."""
    return struct.Struct(f"{_BLOCK_DIGITS}s" * count), struct.Struct(f">{count}Q")


def text_to_be_signed(payload: bytes, *, algorithm: Algorithm, kid: bytes) -> bytes:
    """Return the COSE Sig_structure over a payload under our header."""
    return sig_structure(protected_header(algorithm, kid), payload)


def make_text(kind: TextKind, host: str, licence_id: LicenceId, sign1: bytes) -> str:
    """Put the text together; raises ``TokenTooLongError`` above 450 bytes, ``TokenFormError`` for a bad host."""
    if len(sign1) > TOKEN_BYTES_MAX:
        raise TokenTooLongError("more than a QR code of version 17 carries")
    if len(host) > HOST_LENGTH_MAX or not _HOST_FORM.fullmatch(host):
        raise TokenFormError("a host is written in small letters, with a port or without")
    path, version = kind
    return f"https://{host}/{path}/{licence_id.text}#{version}{encode_digits(sign1)}"


def make_sign1(payload: bytes, *, algorithm: Algorithm, kid: bytes, signature: bytes) -> bytes:
    """Put the signed bytes together; the signature has 64 bytes, for ES256 r and s."""
    if len(signature) != SIGNATURE_BYTES:
        raise TokenFormError("a signature has 64 bytes")
    return encode_sign1(protected_header(algorithm, kid), payload, signature, tagged=False)


def cut_text(kind: TextKind, text: str) -> CutText:
    """Take a text apart; neither the claims nor the signature are checked here.

    Case is folded first, as of a hand scanner with caps lock (spec section 3 d); then nothing more is forgiven.
    """
    host, id_text, digits = _match(kind, text)
    try:
        (algorithm, kid), payload, to_be_signed, signature = _open_sign1(_pack_digits(digits))
    except AlgorithmError as error:
        raise TokenAlgorithmError(error.detail) from error
    except CoseHeaderError as error:
        raise TokenHeaderError(error.detail) from error
    except (CoseError, cbor.CborError) as error:
        raise TokenCborError(error.detail) from error
    if len(signature) != SIGNATURE_BYTES:
        raise TokenFormError("a signature has 64 bytes")
    path, version = kind
    whole = f"https://{host}/{path}/{id_text}#{version}{digits}"
    return CutText(id_text, algorithm, kid, payload, to_be_signed, signature, host, whole)


def open_claims(cut: CutText) -> tuple[dict[object, object], LicenceId]:
    """Return the claims of a text and its id, which must be the one in the address."""
    try:
        claims = cbor.decode(cut.payload, bytes_max=TOKEN_BYTES_MAX)
    except cbor.CborError as error:
        raise TokenCborError(error.detail) from error
    if not isinstance(claims, dict):
        raise TokenClaimsError("claims are a map")
    licence_id = licence_id_of(claims.get(CLAIM_ID))
    if not licence_id.is_text(cut.id_text):
        raise TokenIdError("the id in the address is another")
    return claims, licence_id


def _open_sign1(data: bytes) -> tuple[tuple[Algorithm, bytes], bytes, bytes, bytes]:
    """Return algorithm and key id, payload, bytes to be signed, and signature of the COSE_Sign1 of a token.

    Our own are cut at places that their form fixes, and the bytes to be signed are put together from the cuts; whatever
    has another form goes the long way, which says what is wrong. A test holds that both agree.
    """
    start = _PAYLOAD_PLACE + 2 if data[_PAYLOAD_PLACE : _PAYLOAD_PLACE + 1] == b"\x58" else _PAYLOAD_PLACE + 3
    head, end = data[_PAYLOAD_PLACE:start], len(data) - SIGNATURE_BYTES - 2
    if (
        len(data) <= TOKEN_BYTES_MAX
        and data[:2] == _OUR_START
        and data[_PAYLOAD_PLACE - 1 : _PAYLOAD_PLACE] == _EMPTY_MAP
        and data[end:][:2] == _SIGNATURE_HEAD
        and head == cbor.bytes_head(end - start)
    ):
        protected = data[2 : _PAYLOAD_PLACE - 1]
        to_be_signed = b"".join((SIG_STRUCTURE_START, data[1 : _PAYLOAD_PLACE - 1], b"\x40", data[_PAYLOAD_PLACE:end]))
        return protected_of(protected), data[start:end], to_be_signed, data[end + 2 :]
    sign1 = decode_sign1(data, tagged=False, bytes_max=TOKEN_BYTES_MAX)
    return read_header(sign1), sign1.payload, sign1.to_be_signed, sign1.signature


def _match(kind: TextKind, text: str) -> tuple[str, str, str]:
    """Return host, id and digits, folded."""
    match = _TEXT_FORM.fullmatch(text) if len(text) <= TEXT_LENGTH_MAX else None
    if match is None:
        raise TokenFormError("not the text of a code")
    host, path, id_text, version, digits = match.groups()
    if (path.lower(), version) != kind or len(host) > HOST_LENGTH_MAX:
        raise TokenFormError("the text of another kind of code")
    return host.lower(), id_text.upper(), digits


@lru_cache(maxsize=HOSTS_REMEMBERED)
def host_of(kind: TextKind, address: str) -> str | None:
    """Return the host of an address up to the id; None for what has another form, or is not folded yet."""
    match = _ADDRESS_FORM.fullmatch(address)
    if match is None or match[2] != kind.path or len(match[1]) > HOST_LENGTH_MAX:
        return None
    return match[1]


def licence_id_of(value: object) -> LicenceId:
    """Return the id that a claim holds as 10 bytes."""
    if not isinstance(value, bytes):
        raise TokenClaimsError("an id is bytes")
    try:
        return LicenceId(value)
    except LicenceIdError as error:
        raise TokenClaimsError("an id has ten bytes") from error


def instant_number(value: object) -> int:
    """Return the unix time that a claim holds."""
    if type(value) is not int or not 0 <= value <= _INSTANT_MAX:
        raise TokenClaimsError("not a time")
    return value


def claim_text(value: object, *, length_max: int) -> str:
    """Return the text that a claim holds, of 1 to ``length_max`` characters."""
    if not isinstance(value, str) or not 0 < len(value) <= length_max:
        raise TokenClaimsError("not a text, or too long")
    return value
