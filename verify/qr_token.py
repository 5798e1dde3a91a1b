"""Licence token: the signed claims in the QR code that is printed on a licence.

Promises:
  * ``encode_token`` and ``decode_token`` are inverse; decoding is strict, and a token that exists has a form.
  * The signature is not checked here: who has the trust list checks ``to_be_signed`` with the key that it names.
  * What an office of ours writes is read the short way, in machine code where that was compiled; the general way reads,
    or refuses, all the rest. Whichever reads, the answer is the same (a test says so).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from verify.algorithms import Algorithm
from verify.compiled import READ_DIGITS, READ_USUAL_CODE
from verify.cose import protected_of
from verify.errors import MalformedError
from verify.licence import EPOCH
from verify.qr_text import (
    LICENCE_TEXT,
    TOKEN_BYTES_MAX,
    cut_text,
    decode_digits,
    encode_digits,
    host_of,
    make_sign1,
    make_text,
    open_claims,
    text_to_be_signed,
)
from verify.token_claims import NO_EXTRA, ShortStatus, StatusClaim, TokenClaims, read_claims
from verify.usual_claims import read_usual_claims
from verify.usual_code import UsualCode
from verify.values import LicenceId

__all__ = [
    "TOKEN_BYTES_MAX",
    "LicenceToken",
    "ShortStatus",
    "StatusClaim",
    "TokenClaims",
    "decode_digits",
    "decode_token",
    "encode_digits",
    "encode_token",
    "presented_bytes",
    "to_be_signed",
]

# Licences begin and end on some thousand different days, at midnight.
DAYS_REMEMBERED: Final = 4096
_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)


class LicenceToken(NamedTuple):
    """A token as it was read: its claims, and all that a check of its signature needs."""

    claims: TokenClaims
    algorithm: Algorithm
    kid: bytes
    to_be_signed: bytes
    signature: bytes
    host: str
    text: str

    @property
    def id_text(self) -> str:
        """The id as it stands in the address, which is that of the claims."""
        return self.text.partition("#")[0][-16:]

    def __repr__(self) -> str:
        return f"LicenceToken({self.claims!r})"


def to_be_signed(claims: TokenClaims, *, algorithm: Algorithm, kid: bytes) -> bytes:
    """Return the COSE Sig_structure that the issuer's ``code`` key signs."""
    return text_to_be_signed(claims.payload(), algorithm=algorithm, kid=kid)


def encode_token(claims: TokenClaims, *, algorithm: Algorithm, kid: bytes, signature: bytes, host: str) -> str:
    """Return the whole text of the QR code; raises ``TokenTooLongError`` when no code of version 17 holds it.

    The signature has 64 bytes, for ES256 r and s (see ``algorithms.der_to_raw``).
    """
    sign1 = make_sign1(claims.payload(), algorithm=algorithm, kid=kid, signature=signature)
    return make_text(LICENCE_TEXT, host, claims.licence_id, sign1)


def decode_token(text: str) -> LicenceToken:
    """Read the text of a licence's QR code. Raises a ``MalformedError`` whose code begins with ``token.``."""
    token = None if READ_USUAL_CODE is None else decode_usual(text, READ_USUAL_CODE)
    return decode_any(text) if token is None else token


def presented_bytes(text: str) -> bytes:
    """Return the bytes that a code's text shows, whatever they are. Raises ``TokenFormError`` where there are none."""
    digits = text.partition("#")[2][1:]
    octets = READ_DIGITS(digits.encode()) if READ_DIGITS is not None and digits.isascii() else None
    return decode_digits(digits) if octets is None else octets


def decode_any(text: str) -> LicenceToken:
    """Read a text the general way; the claims, if they have the usual form, with one regular expression."""
    cut = cut_text(LICENCE_TEXT, text)
    claims = read_usual_claims(cut.payload, cut.id_text) or read_claims(*open_claims(cut))
    return LicenceToken(claims, cut.algorithm, cut.kid, cut.to_be_signed, cut.signature, cut.host, cut.text)


def decode_usual(text: str, read: Callable[[str], UsualCode | None]) -> LicenceToken | None:
    """Read a text of the usual form; None for another form. Raises as ``decode_any`` does."""
    usual = read(text)
    if usual is None:
        return None
    address, protected, to_be_signed, signature, outer, inner = usual
    host = host_of(LICENCE_TEXT, address)
    if host is None:
        return None
    try:
        algorithm, kid = protected_of(protected)
    except MalformedError:
        return None  # which error that is, says the general way
    issuer, expires, not_before, issued, octets = outer
    type_code, number, holder, holder_uscc, first, last, office, digest, list_number, index = inner
    claims = TokenClaims.checked(
        (
            issuer,
            LicenceId(octets),
            _BEGIN + timedelta(0, issued),  # an eighth of the time of `fromtimestamp`
            type_code,
            number,
            holder,
            _day(first),
            digest,
            ShortStatus(list_number, index),
            None if not_before is None else _instant(not_before),
            None if expires is None else _instant(expires),
            holder_uscc,
            None if last is None else _day(last),
            office,
            NO_EXTRA,
            (),
        )
    )
    return LicenceToken(claims, algorithm, kid, to_be_signed, signature, host, text)


@lru_cache(maxsize=DAYS_REMEMBERED)
def _instant(number: int) -> datetime:
    return datetime.fromtimestamp(number, UTC)


@lru_cache(maxsize=DAYS_REMEMBERED)
def _day(number: int) -> date:
    return date.fromordinal(EPOCH + number)
