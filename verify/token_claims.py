"""Claims of a licence token, and their strict reader for every form that the format allows.

Promises:
  * Claims that exist have a form; what the format forbids is refused, what it lets be ignored is named.
  * ``payload`` and ``read_claims`` are inverse.
  * A person's name comes masked and their codes not at all: the holder's USCC is absent for persons.

Claims (CWT): 1 issuer · 4 end of the licence · 5 not before, only if later than 6 · 6 issued · 7 id · 65535 or key 9
status · -70001: 1 type code · 2 number · 3 holder · 4 USCC · 5, 6 valid from, until (day numbers) · 7 office · 8 first
16 bytes of the data set's SHA-256 · 9 [list number, index] · 10 extra fields. Unknown negative keys are refused, other
unknown ones reported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

from verify import cbor
from verify.errors import MalformedError
from verify.licence import SHORT_DIGEST_BYTES, day_number, day_of
from verify.qr_text import (
    CLAIM_EXPIRES,
    CLAIM_ID,
    CLAIM_ISSUED,
    CLAIM_ISSUER,
    CLAIM_NOT_BEFORE,
    CLAIM_PRIVATE,
    CLAIM_STATUS,
    TokenClaimsError,
    claim_text,
    instant_number,
)
from verify.values import LicenceId

# Each stays far below what fits into a code; the caps keep a hostile text from being carried on.
ISSUER_LENGTH_MAX: Final = 64
CODE_LENGTH_MAX: Final = 64
NAME_LENGTH_MAX: Final = 200
STATUS_INDEX_MAX: Final = (1 << 20) - 1
STATUS_LIST_NUMBER_MAX: Final = (1 << 32) - 1

_TYPE, _NUMBER, _HOLDER, _HOLDER_USCC, _FROM, _UNTIL, _OFFICE, _DIGEST, _STATUS, _EXTRA = range(1, 11)
_OUTER_KEYS: Final = frozenset(
    {CLAIM_ISSUER, CLAIM_EXPIRES, CLAIM_NOT_BEFORE, CLAIM_ISSUED, CLAIM_ID, CLAIM_STATUS, CLAIM_PRIVATE}
)
NO_EXTRA: Final[Mapping[str, str]] = MappingProxyType({})
_INNER_KEYS: Final = frozenset(range(1, 11))
# Keys of the presentation code; in a licence token they would mix up two formats.
_FOREIGN_KEYS: Final = frozenset({20, 21})


@dataclass(frozen=True, slots=True)
class ShortStatus:
    """Place in a status list; its address is the issuer's prefix in the trust list and the list's number."""

    list_number: int
    index: int


@dataclass(frozen=True, slots=True)
class StatusClaim:
    """Place in a status list named by its address, the standard form (Token Status List)."""

    uri: str
    index: int


class _Claims(NamedTuple):
    issuer: str
    licence_id: LicenceId
    issued_at: datetime
    type_code: str
    number: str
    holder: str
    valid_from: date
    data_set_digest: bytes
    status: ShortStatus | StatusClaim
    not_before: datetime | None = None
    expires_at: datetime | None = None
    holder_uscc: str | None = None
    valid_until: date | None = None
    office: str | None = None
    extra: Mapping[str, str] = NO_EXTRA
    not_understood: tuple[int, ...] = ()


class TokenClaims(_Claims):
    """What a licence token says. ``not_understood`` lists unknown claims that may be ignored and must be shown.

    A tuple, for the making of a frozen dataclass of so many fields takes longer than the reading of the claims.
    """

    __slots__ = ()

    def __new__(cls, *values: Any, **fields: Any) -> Self:  # noqa: ANN401 - the fields and types are those above
        """Make claims; raises ``TokenClaimsError`` for what the format forbids."""
        return cls._make(super().__new__(cls, *values, **fields))

    @classmethod
    def _make(cls, iterable: Iterable[Any]) -> Self:  # type: ignore[override]  # named tuples are typed as a function
        """Return the claims of these values, in the order of the fields; every maker ends here, `_replace` too."""
        return cls.checked(super()._make(iterable))

    @classmethod
    def checked(cls, fields: tuple[Any, ...]) -> Self:
        """Return the claims of these values, all of them and in the order of the fields."""
        claims = tuple.__new__(cls, fields)
        claims.check()
        return claims

    def __repr__(self) -> str:
        return f"TokenClaims({self.licence_id.text})"

    def check(self) -> None:
        """Refuse what the format forbids."""
        if len(self.data_set_digest) != SHORT_DIGEST_BYTES:
            raise TokenClaimsError("the digest of the data set has 16 bytes here")
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise TokenClaimsError("the last day is before the first one")
        if self.not_before is not None and self.not_before <= self.issued_at:
            raise TokenClaimsError("not-before stands only if it is later than the issue")
        status = self.status
        if type(status.index) is not int or not 0 <= status.index <= STATUS_INDEX_MAX:
            raise TokenClaimsError("no such place in a status list")
        number = status.list_number if isinstance(status, ShortStatus) else 0
        if type(number) is not int or not 0 <= number <= STATUS_LIST_NUMBER_MAX:
            raise TokenClaimsError("no such status list")

    def payload(self) -> bytes:
        """Return the deterministic CBOR of the claims; raises ``TokenClaimsError`` for a time with a fraction."""
        status = self.status
        short = [status.list_number, status.index] if isinstance(status, ShortStatus) else None
        private = {
            _TYPE: self.type_code,
            _NUMBER: self.number,
            _HOLDER: self.holder,
            _HOLDER_USCC: self.holder_uscc,
            _FROM: day_number(self.valid_from),
            _UNTIL: None if self.valid_until is None else day_number(self.valid_until),
            _OFFICE: self.office,
            _DIGEST: self.data_set_digest,
            _STATUS: short,
            _EXTRA: dict(self.extra) or None,
        }
        claims = {
            CLAIM_ISSUER: self.issuer,
            CLAIM_EXPIRES: _unix(self.expires_at),
            CLAIM_NOT_BEFORE: _unix(self.not_before),
            CLAIM_ISSUED: _unix(self.issued_at),
            CLAIM_ID: self.licence_id.octets,
            CLAIM_STATUS: None if isinstance(status, ShortStatus) else _status_claim(status),
            CLAIM_PRIVATE: _present(private),
        }
        return cbor.encode(_present(claims))


def read_claims(claims: dict[object, object], licence_id: LicenceId) -> TokenClaims:
    """Read the claims of a payload; raises ``TokenClaimsError``."""
    private = claims.get(CLAIM_PRIVATE)
    if not isinstance(private, dict):
        raise TokenClaimsError("the private claims are missing")
    get = private.get
    try:
        return TokenClaims(
            issuer=claim_text(claims.get(CLAIM_ISSUER), length_max=ISSUER_LENGTH_MAX),
            licence_id=licence_id,
            issued_at=_instant(claims.get(CLAIM_ISSUED)),
            not_before=_instant(claims[CLAIM_NOT_BEFORE]) if CLAIM_NOT_BEFORE in claims else None,
            expires_at=_instant(claims[CLAIM_EXPIRES]) if CLAIM_EXPIRES in claims else None,
            type_code=claim_text(get(_TYPE), length_max=CODE_LENGTH_MAX),
            number=claim_text(get(_NUMBER), length_max=CODE_LENGTH_MAX),
            holder=claim_text(get(_HOLDER), length_max=NAME_LENGTH_MAX),
            holder_uscc=claim_text(private[_HOLDER_USCC], length_max=18) if _HOLDER_USCC in private else None,
            valid_from=day_of(get(_FROM)),
            valid_until=day_of(private[_UNTIL]) if _UNTIL in private else None,
            office=claim_text(private[_OFFICE], length_max=NAME_LENGTH_MAX) if _OFFICE in private else None,
            data_set_digest=_digest(get(_DIGEST)),
            status=_read_status(claims, private),
            extra=_read_extra(private[_EXTRA]) if _EXTRA in private else NO_EXTRA,
            not_understood=_unknown(claims, _OUTER_KEYS) + _unknown(private, _INNER_KEYS),
        )
    except TokenClaimsError:
        raise
    except MalformedError as error:
        raise TokenClaimsError(error.detail) from error


def _read_status(claims: dict[object, object], private: dict[object, object]) -> ShortStatus | StatusClaim:
    """Return the one status: key 9 or claim 65535, never both and never none."""
    if (CLAIM_STATUS in claims) is (_STATUS in private):
        raise TokenClaimsError("exactly one status must stand in the claims")
    if _STATUS in private:
        short = private[_STATUS]
        if not isinstance(short, list) or len(short) != 2:
            raise TokenClaimsError("not a short status")
        return ShortStatus(short[0], short[1])
    match claims[CLAIM_STATUS]:
        case {"status_list": {"idx": index, "uri": str(uri), **others}, **more} if not others and not more:
            return StatusClaim(claim_text(uri, length_max=NAME_LENGTH_MAX), index)
        case _:
            raise TokenClaimsError("not a status claim")


def _read_extra(value: object) -> dict[str, str]:
    if (
        not isinstance(value, dict)
        or not value
        or not all(isinstance(each, str) for pair in value.items() for each in pair)
    ):
        raise TokenClaimsError("extra fields are a map of texts")
    return value


def _unknown(claims: dict[object, object], known: frozenset[int]) -> tuple[int, ...]:
    """Return the keys that we do not know; raises for those that must not be ignored."""
    if claims.keys() <= known:
        return ()
    unknown: list[int] = []
    for key in claims.keys() - known:
        if not isinstance(key, int) or key < 0 or key in _FOREIGN_KEYS:
            raise TokenClaimsError("a claim that must not be ignored is not known")
        unknown.append(key)
    return tuple(sorted(unknown))


def _instant(value: object) -> datetime:
    return datetime.fromtimestamp(instant_number(value), UTC)


def _digest(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TokenClaimsError("a digest is bytes")
    return value


def _unix(instant: datetime | None) -> int | None:
    if instant is None:
        return None
    if instant.utcoffset() is None or instant.microsecond:
        raise TokenClaimsError("a time is aware and a whole second")
    return int(instant.timestamp())


def _status_claim(status: StatusClaim) -> dict[str, dict[str, object]]:
    return {"status_list": {"idx": status.index, "uri": status.uri}}


def _present(entries: Mapping[int, object]) -> dict[int, object]:
    return {key: value for key, value in entries.items() if value is not None}
