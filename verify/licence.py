"""The data set: all that a licence says, with its salt, as one deterministic CBOR map.

Promises:
  * Encoder and strict decoder are inverse; the bytes are what token, log and attachments bind to.
  * Names of holders stand in full here and only here; ``mask_name`` makes the form that a code may show.
  * A data set shows nothing of itself in its repr, for it holds personal data.

Map: 0 salt (16 bytes) · 1 type code · 2 number · 3 holder's name · 4 holder's USCC (absent for persons) · 5, 6 valid
from and until in days since 1970-01-01 (6 absent = long-term) · 7 office's name · 8 is 1 for an organisation that has
no USCC (holder code type 099 of GB/T 36903), else absent · 10 map short name -> text · 11 licence identifier (GB/T
36904) · 12 the 10-byte id of this version.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from typing import Final, Self

from verify import cbor
from verify.errors import MalformedError
from verify.values import LicenceId, LicenceIdentifier, LicenceTypeCode, Uscc

SALT_BYTES: Final = 16
SHORT_DIGEST_BYTES: Final = 16
# Long tables (equipment, project data) reach some ten kilobytes; a hundred fields of 4,000 characters stay below this.
DATA_SET_BYTES_MAX: Final = 1 << 20
TEXT_LENGTH_MAX: Final = 200
FIELD_COUNT_MAX: Final = 100
FIELD_NAME_LENGTH_MAX: Final = 64
FIELD_TEXT_LENGTH_MAX: Final = 4000
# The day after the last one must still be a date.
# A check asks for the day of the same moment several times.
MOMENTS_REMEMBERED: Final = 1024
LAST_DAY: Final = date(9998, 12, 31)

# Law days end at midnight in the issuer's zone; China has had one zone and no summer time since 1991.
ISSUER_ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")

EPOCH: Final = date(1970, 1, 1).toordinal()
_MASK: Final = "*"
_WITHOUT_USCC: Final = 1
_REQUIRED_KEYS: Final = frozenset({0, 1, 2, 3, 5, 7, 10, 11, 12})
_OPTIONAL_KEYS: Final = frozenset({4, 6, 8})


class DataSetError(MalformedError):
    """Not the data set of a licence."""

    code = "data_set.malformed"


class HolderKind(StrEnum):
    """Who holds a licence."""

    ORGANISATION = "organisation"
    PERSON = "person"


def day_number(day: date) -> int:
    """Return the days since 1970-01-01."""
    return day.toordinal() - EPOCH


def day_of(number: object) -> date:
    """Return the date of a day number; raises ``MalformedError`` outside 1970 to 9998."""
    if type(number) is not int or not 0 <= number <= LAST_DAY.toordinal() - EPOCH:
        raise MalformedError("not a day number")
    return date.fromordinal(EPOCH + number)


@lru_cache(maxsize=MOMENTS_REMEMBERED)
def law_day(at: datetime) -> date:
    """Return the day that it is in China at a moment: law days begin and end at midnight there."""
    return at.astimezone(ISSUER_ZONE).date()


def licence_end(valid_until: date) -> datetime:
    """Return the instant at which a licence ends: 00:00 in China of the day after its last day."""
    next_day = valid_until + timedelta(days=1)
    return datetime(next_day.year, next_day.month, next_day.day, tzinfo=ISSUER_ZONE).astimezone(UTC)


def _characters(name: str) -> list[str]:
    """Split into what people see as characters: variation selectors and combining marks stay with their base."""
    characters: list[str] = []
    for each in name:
        if characters and (
            unicodedata.combining(each) or "\ufe00" <= each <= "\ufe0f" or "\U000e0100" <= each <= "\U000e01ef"
        ):
            characters[-1] += each
        else:
            characters.append(each)
    return characters


def _mask_part(part: str, *, is_only: bool) -> str:
    characters = _characters(part)
    if is_only and len(characters) < 2:
        return _MASK * len(characters)
    if is_only and len(characters) > 2:
        return characters[0] + _MASK * (len(characters) - 2) + characters[-1]
    return characters[0] + _MASK * (len(characters) - 1) if characters else ""


def shown_kind(holder: str, holder_uscc: str | None) -> HolderKind:
    """Say of the name that a code shows whose it is: a person's stands masked there, an organisation's in full."""
    is_person = holder_uscc is None and mask_name(holder) == holder
    return HolderKind.PERSON if is_person else HolderKind.ORGANISATION


def mask_name(name: str) -> str:
    """Mask the name of a person: 王*国, 王*; of a name in parts (· or spaces) each part keeps its first character.

    A masked name stays as it is.
    """
    for separator in ("·", "•", "・", " "):
        if separator in name.strip():
            return separator.join(_mask_part(part, is_only=False) for part in name.strip().split(separator))
    return _mask_part(name.strip(), is_only=True)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DataSet:
    """All fields of one licence version, and the salt that makes its digest say nothing to who does not have them.

    `without_uscc` marks an organisation without a USCC, so that nobody takes it for a person.
    """

    salt: bytes
    type_code: str
    number: str
    holder_name: str
    holder_uscc: str | None
    valid_from: date
    valid_until: date | None
    office_name: str
    fields: Mapping[str, str] = field(hash=False)
    identifier: LicenceIdentifier
    licence_id: LicenceId
    without_uscc: bool = False
    _encoded: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", dict(self.fields))
        if len(self.salt) != SALT_BYTES:
            raise DataSetError("a salt has 16 bytes")
        if not all(0 < len(text) <= TEXT_LENGTH_MAX for text in (self.number, self.holder_name, self.office_name)):
            raise DataSetError("number, holder and office are texts of 1 to 200 characters")
        if self.identifier.type_code.text != LicenceTypeCode(self.type_code).text:
            raise DataSetError("the identifier names another licence type")
        if self.holder_uscc is not None:
            Uscc(self.holder_uscc)
            if self.without_uscc:
                raise DataSetError("an organisation without a USCC has none")
        if not self.valid_from <= (self.valid_until or LAST_DAY) <= LAST_DAY:
            raise DataSetError("the last day is before the first one, or too far away")
        _check_fields(self.fields)
        object.__setattr__(self, "_encoded", self._encode())

    def encode(self) -> bytes:
        """Return the deterministic CBOR."""
        return self._encoded

    def _encode(self) -> bytes:
        entries: dict[int, object] = {
            0: self.salt,
            1: self.type_code,
            2: self.number,
            3: self.holder_name,
            4: self.holder_uscc,
            5: day_number(self.valid_from),
            6: None if self.valid_until is None else day_number(self.valid_until),
            7: self.office_name,
            8: _WITHOUT_USCC if self.without_uscc else None,
            10: dict(self.fields),
            11: self.identifier.text,
            12: self.licence_id.octets,
        }
        return cbor.encode({key: value for key, value in entries.items() if value is not None})

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a data set; raises ``MalformedError`` for anything that ``encode`` would not write."""
        entries = cbor.decode(data, bytes_max=DATA_SET_BYTES_MAX)
        if not isinstance(entries, dict) or not _REQUIRED_KEYS <= entries.keys() <= _REQUIRED_KEYS | _OPTIONAL_KEYS:
            raise DataSetError("not the keys of a data set")
        texts = {key: _text(entries[key]) for key in (1, 2, 3, 4, 7, 11) if key in entries}
        if not isinstance(entries[10], dict):
            raise DataSetError("the fields are a map")
        return cls(
            salt=_octets(entries[0]),
            type_code=texts[1],
            number=texts[2],
            holder_name=texts[3],
            holder_uscc=texts.get(4),
            valid_from=day_of(entries[5]),
            valid_until=day_of(entries[6]) if 6 in entries else None,
            office_name=texts[7],
            fields=entries[10],
            identifier=LicenceIdentifier(texts[11]),
            licence_id=LicenceId(_octets(entries[12])),
            without_uscc=_without_uscc(entries),
        )

    @property
    def digest(self) -> bytes:
        """SHA-256 of the encoded data set; it goes into the signing log."""
        return hashlib.sha256(self.encode()).digest()

    @property
    def short_digest(self) -> bytes:
        """The first 16 bytes of the digest; they go into the token."""
        return self.digest[:SHORT_DIGEST_BYTES]

    @property
    def holder_kind(self) -> HolderKind:
        """Say whether an organisation or a person holds it."""
        is_person = self.holder_uscc is None and not self.without_uscc
        return HolderKind.PERSON if is_person else HolderKind.ORGANISATION


def fields_of(data: bytes) -> Mapping[str, str]:
    """Return the fields of a data set that was checked before it was kept; nothing else of it is looked at."""
    entries = cbor.decode(data, bytes_max=DATA_SET_BYTES_MAX)
    if not isinstance(entries, dict) or not isinstance(entries.get(10), dict):
        raise DataSetError("not the keys of a data set")
    fields: Mapping[str, str] = entries[10]
    return fields


def _check_fields(fields: Mapping[str, str]) -> None:
    if len(fields) > FIELD_COUNT_MAX:
        raise DataSetError("too many fields")
    for name, text in fields.items():
        if not 0 < len(_text(name)) <= FIELD_NAME_LENGTH_MAX or len(_text(text)) > FIELD_TEXT_LENGTH_MAX:
            raise DataSetError("a field's name or text is too long")


def _without_uscc(entries: Mapping[object, object]) -> bool:
    value = entries.get(8, _WITHOUT_USCC)
    if type(value) is not int or value != _WITHOUT_USCC:
        raise DataSetError("the mark of an organisation without a USCC is 1")
    return 8 in entries


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise DataSetError("a text was expected")
    return value


def _octets(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise DataSetError("bytes were expected")
    return value
