"""Licence token: the signed claims in the QR code that is printed on a licence.

Promises:
  * ``encode_token`` and ``decode_token`` are inverse; decoding is strict, and a token that exists has a form.
  * The signature is not checked here: who has the trust list checks ``to_be_signed`` with the key that it names.
"""

from typing import NamedTuple

from verify.algorithms import Algorithm
from verify.qr_text import (
    LICENCE_TEXT,
    TOKEN_BYTES_MAX,
    cut_text,
    decode_digits,
    encode_digits,
    make_sign1,
    make_text,
    open_claims,
    text_to_be_signed,
)
from verify.token_claims import ShortStatus, StatusClaim, TokenClaims, read_claims
from verify.usual_claims import read_usual_claims

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
    "to_be_signed",
]


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
    """Read the text of a licence's QR code. Raises a ``MalformedError`` whose code begins with ``token.``.

    What an office of ours writes is read the short way; the long way reads, or refuses, all the rest.
    """
    cut = cut_text(LICENCE_TEXT, text)
    claims = read_usual_claims(cut.payload, cut.id_text) or read_claims(*open_claims(cut))
    return LicenceToken(claims, cut.algorithm, cut.kid, cut.to_be_signed, cut.signature, cut.host, cut.text)
