"""Read the claims of a licence token in the form that offices of ours write, with one regular expression.

Promises:
  * A short way, not another format: what it returns is what ``token_claims.read_claims`` makes of the same bytes; for
    all else it returns None, and the long way says what it is. A test holds that both agree.
  * Nothing is loosened: the pattern names the shortest head of every item and the order of the keys, and the length of
    every text is compared with its head. A checker reads thousands of codes for each one of another form, and the
    general reader takes four times as long.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from verify import cbor
from verify.licence import EPOCH
from verify.qr_text import TOKEN_BYTES_MAX, TokenIdError
from verify.token_claims import NO_EXTRA, ShortStatus, TokenClaims
from verify.values import LicenceId

# Licences begin and end on some thousand different days, at midnight.
ENDS_REMEMBERED: Final = 4096

# Numbers below 24 are their own head; a time needs four bytes (from 1970-01-02 on), a day number two.
_TIME: Final = rb"\x1a(?!\x00\x00)(.{4})"
_DAY: Final = rb"\x19(?!\x00)(.{2})"
_NUMBER: Final = rb"([\x00-\x17]|\x18[\x18-\xff]|\x19(?!\x00).{2}|\x1a(?!\x00\x00).{4})"
# The caps of the long way, in bytes: a text has no more characters than bytes.
_TEXT_64: Final = rb"([\x61-\x77]|\x78[\x18-\x40])(.+?)"
_TEXT_200: Final = rb"([\x61-\x77]|\x78[\x18-\xc8])(.+?)"
_USUAL: Final = re.compile(
    rb"([\xa4-\xa6])\x01\x72(.{18})"  # issuer: a USCC
    rb"(?:\x04" + _TIME + rb")?(?:\x05" + _TIME + rb")?\x06" + _TIME + rb"\x07\x4a(.{10})"
    rb"\x3a\x00\x01\x11\x70([\xa6-\xa9])\x01\x75(.{21})\x02" + _TEXT_64 + rb"\x03" + _TEXT_200
    + rb"(?:\x04\x72(.{18}))?\x05" + _DAY + rb"(?:\x06" + _DAY + rb")?"
    + rb"(?:\x07" + _TEXT_200 + rb")?\x08\x50(.{16})\x09\x82" + _NUMBER + _NUMBER,
    re.DOTALL,
)  # fmt: skip
_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OUTER_ALWAYS: Final = 0xA0 + 4
_INNER_ALWAYS: Final = 0xA0 + 6
_TEXT_HEADS: Final = tuple(cbor.text_head(size) for size in range(TOKEN_BYTES_MAX + 1))


def read_usual_claims(payload: bytes, id_text: str) -> TokenClaims | None:
    """Return the claims, or None for another form; ``id_text`` is the id in the address.

    Raises ``TokenIdError`` or ``TokenClaimsError`` as the long way does.
    """
    match = _USUAL.fullmatch(payload)
    if match is None:
        return None
    (
        outer, issuer, expires, not_before, issued, octets, inner, type_code, number_head, number, holder_head, holder,
        holder_uscc, first, last, office_head, office, digest, list_number, index,
    ) = match.groups()  # fmt: skip
    outer_count = _OUTER_ALWAYS + (expires is not None) + (not_before is not None)
    inner_count = _INNER_ALWAYS + (holder_uscc is not None) + (last is not None) + (office is not None)
    if outer[0] != outer_count or inner[0] != inner_count:
        return None
    if (
        _TEXT_HEADS[len(number)] != number_head
        or _TEXT_HEADS[len(holder)] != holder_head
        or (office is not None and _TEXT_HEADS[len(office)] != office_head)
    ):
        return None
    licence_id = LicenceId(octets)
    try:
        fields = (
            issuer.decode(),
            licence_id,
            _BEGIN + timedelta(0, int.from_bytes(issued, "big")),  # an eighth of the time of `fromtimestamp`
            type_code.decode(),
            number.decode(),
            holder.decode(),
            _day(first),
            digest,
            ShortStatus(_number(list_number), _number(index)),
            None if not_before is None else _instant(not_before),
            None if expires is None else _instant(expires),
            None if holder_uscc is None else holder_uscc.decode(),
            None if last is None else _day(last),
            None if office is None else office.decode(),
            NO_EXTRA,
            (),
        )
    except UnicodeDecodeError:
        return None
    if not licence_id.is_text(id_text):
        raise TokenIdError("the id in the address is another")
    return TokenClaims.checked(fields)


@lru_cache(maxsize=ENDS_REMEMBERED)
def _instant(number: bytes) -> datetime:
    return datetime.fromtimestamp(int.from_bytes(number, "big"), UTC)


@lru_cache(maxsize=ENDS_REMEMBERED)
def _day(number: bytes) -> date:
    return date.fromordinal(EPOCH + int.from_bytes(number, "big"))


def _number(item: bytes) -> int:
    return int.from_bytes(item if len(item) == 1 else item[1:], "big")
