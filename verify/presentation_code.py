"""Presentation code: what a holder shows on a screen for one minute, so that a photo of it is worth nothing later.

Promises:
  * A text of its own (``/p/``, version digit 2) and a key of its own (trust-list use 5): a licence key is refused by
    the checker.
  * Lives 60 seconds at most; the one-time value is redeemed online, offline nobody can say whether it was shown before.
  * The signature is not checked here: see ``qr_token``.

Claims (CWT): 4 end · 6 issued · 7 id of the code · -70001: 2 number · 3 holder (a person's masked) · 20 id of the
licence · 21 one-time value of 10 bytes. Nothing else is allowed.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from verify import cbor
from verify.algorithms import Algorithm
from verify.qr_text import (
    CLAIM_EXPIRES,
    CLAIM_ID,
    CLAIM_ISSUED,
    CLAIM_PRIVATE,
    PRESENTATION_TEXT,
    TokenClaimsError,
    claim_text,
    cut_text,
    instant_number,
    licence_id_of,
    make_sign1,
    make_text,
    open_claims,
    text_to_be_signed,
)
from verify.values import LicenceId

LIFETIME_MAX: Final = timedelta(seconds=60)
ONE_TIME_BYTES: Final = 10
NUMBER_LENGTH_MAX: Final = 64
HOLDER_LENGTH_MAX: Final = 200

_NUMBER, _HOLDER, _LICENCE, _ONE_TIME = 2, 3, 20, 21
_OUTER_KEYS: Final = frozenset({CLAIM_EXPIRES, CLAIM_ISSUED, CLAIM_ID, CLAIM_PRIVATE})
_INNER_KEYS: Final = frozenset({_NUMBER, _HOLDER, _LICENCE, _ONE_TIME})


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationClaims:
    """What a presentation code says; ``code_id`` is its own id, ``licence_id`` that of the licence shown."""

    code_id: LicenceId
    licence_id: LicenceId
    number: str
    holder: str = field(repr=False)
    one_time: bytes = field(repr=False)
    issued_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        if len(self.one_time) != ONE_TIME_BYTES:
            raise TokenClaimsError("a one-time value has ten bytes")
        if not timedelta(0) < self.expires_at - self.issued_at <= LIFETIME_MAX:
            raise TokenClaimsError("a presentation code lives at most 60 seconds")

    def payload(self) -> bytes:
        """Return the deterministic CBOR of the claims; fractions of a second are dropped."""
        private = {
            _NUMBER: self.number,
            _HOLDER: self.holder,
            _LICENCE: self.licence_id.octets,
            _ONE_TIME: self.one_time,
        }
        claims = {
            CLAIM_EXPIRES: int(self.expires_at.timestamp()),
            CLAIM_ISSUED: int(self.issued_at.timestamp()),
            CLAIM_ID: self.code_id.octets,
            CLAIM_PRIVATE: private,
        }
        return cbor.encode(claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationCode:
    """A presentation code as it was read."""

    claims: PresentationClaims
    algorithm: Algorithm
    kid: bytes
    to_be_signed: bytes
    signature: bytes
    host: str
    text: str = field(repr=False)


def presentation_to_be_signed(claims: PresentationClaims, *, algorithm: Algorithm, kid: bytes) -> bytes:
    """Return the COSE Sig_structure that the ``presentation`` key signs."""
    return text_to_be_signed(claims.payload(), algorithm=algorithm, kid=kid)


def encode_presentation(
    claims: PresentationClaims, *, algorithm: Algorithm, kid: bytes, signature: bytes, host: str
) -> str:
    """Return the whole text of the code; the signature has 64 bytes, for ES256 r and s."""
    sign1 = make_sign1(claims.payload(), algorithm=algorithm, kid=kid, signature=signature)
    return make_text(PRESENTATION_TEXT, host, claims.code_id, sign1)


def decode_presentation(text: str) -> PresentationCode:
    """Read the text of a presentation code. Raises a ``MalformedError`` whose code begins with ``token.``."""
    signed = cut_text(PRESENTATION_TEXT, text)
    outer, code_id = open_claims(signed)
    private = outer.get(CLAIM_PRIVATE)
    if outer.keys() != _OUTER_KEYS or not isinstance(private, dict) or private.keys() != _INNER_KEYS:
        raise TokenClaimsError("not the claims of a presentation code")
    one_time = private[_ONE_TIME]
    if not isinstance(one_time, bytes):
        raise TokenClaimsError("a one-time value is bytes")
    claims = PresentationClaims(
        code_id=code_id,
        licence_id=licence_id_of(private[_LICENCE]),
        number=claim_text(private[_NUMBER], length_max=NUMBER_LENGTH_MAX),
        holder=claim_text(private[_HOLDER], length_max=HOLDER_LENGTH_MAX),
        one_time=one_time,
        issued_at=datetime.fromtimestamp(instant_number(outer[CLAIM_ISSUED]), UTC),
        expires_at=datetime.fromtimestamp(instant_number(outer[CLAIM_EXPIRES]), UTC),
    )
    return PresentationCode(
        claims=claims,
        algorithm=signed.algorithm,
        kid=signed.kid,
        to_be_signed=signed.to_be_signed,
        signature=signed.signature,
        host=signed.host,
        text=signed.text,
    )
