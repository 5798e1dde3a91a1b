"""Identifiers as values: one that exists has passed the form and the check character of its standard.

Promises:
  * The constructor is the check; it raises ``MalformedError`` and never repeats what was entered.
  * Nothing is looked up: a well-formed code may still belong to nobody.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self

from verify.check_characters import (
    CROCKFORD,
    USCC_ALPHABET,
    citizen_character,
    mod_33_32,
    mod_37_36,
    uscc_character,
)
from verify.errors import MalformedError

# GB/T 36904-2018: arc of licence identifiers. (An older product used 1.2.156.3003.2, which is refused.)
LICENCE_ROOT: Final = "1.2.156.3005.2"
LICENCE_ID_BYTES: Final = 10

_USCC_FORM: Final = re.compile(f"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}")
_CITIZEN_FORM: Final = re.compile(r"[1-9][0-9]{16}[0-9Xx]")
_IDENTIFIER_FORM: Final = re.compile(
    r"1\.2\.156\.3005\.2\.([0-9A-Z]{21})\.([0-9A-Z]{18}|[0-9]{6})\.([0-9A-Z]{7,32})\.([0-9]{3})\.([0-9A-Z])"
)
_OWN_SERIAL_FORM: Final = re.compile(r"[0-9A-Z]{10,32}")
_ITEM_FORM: Final = re.compile(r"[0-9A-Z]{18}[1-7][0-9A-Z]{12}(?:[0-9A-Z]{2})?")
_LEGACY_ITEM_FORM: Final = re.compile(r"[0-9A-Z]{10}|[0-9A-Z]{12}|[0-9A-Z]{24}")
# Two characters for each ten bits: this stands on the way of every token.
_PAIRS: Final = tuple(first + second for first in CROCKFORD for second in CROCKFORD)
# Python's digits of base 32 for ours; all other characters become one that Python does not take.
_TO_BASE_32: Final = bytes(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUV!"[CROCKFORD.find(chr(byte)) if chr(byte) in CROCKFORD else -1]
    for byte in range(256)
)
_ID_LENGTH: Final = 16
_LICENCE_ID_FORM: Final = re.compile(f"[{CROCKFORD}]{{16}}")
# What people type for what is printed: spaces and dashes of all sorts, and letters that look like digits.
_TYPED_FOLD: Final = str.maketrans(
    {"O": "0", "I": "1", "L": "1"} | dict.fromkeys("- \t\r\n\u00a0\u3000\u2010\u2011\u2012\u2013\u2014\uff0d", "")
)
_TYPED_LENGTH_MAX: Final = 64


class UsccError(MalformedError):
    """Not a unified social credit code, or mistyped."""

    code = "uscc.malformed"


class CitizenNumberError(MalformedError):
    """Not a citizen number, or mistyped."""

    code = "citizen_number.malformed"


class LicenceTypeCodeError(MalformedError):
    """Not a licence type code."""

    code = "licence_type_code.malformed"


class LicenceIdentifierError(MalformedError):
    """Not an e-licence identifier of GB/T 36904-2018."""

    code = "licence_identifier.malformed"


class LicenceIdentifierCheckError(LicenceIdentifierError):
    """An e-licence identifier whose check character does not fit; seen in the field (spec/identifiers.md section 1)."""

    code = "licence_identifier.check_character"


class LicenceIdError(MalformedError):
    """Not the id of a licence version."""

    code = "licence_id.malformed"


class TypingError(MalformedError):
    """What was typed for an id cannot have been printed: check what you typed."""

    code = "licence_id.mistyped"


class ItemCodeError(MalformedError):
    """Not the code of a government service item."""

    code = "item_code.malformed"


@dataclass(frozen=True, slots=True)
class Uscc:
    """Unified social credit code (GB 32100-2015): 18 characters, the last one a check character."""

    text: str

    def __post_init__(self) -> None:
        if not _USCC_FORM.fullmatch(self.text) or uscc_character(self.text[:17]) != self.text[17]:
            raise UsccError("not a unified social credit code")


@dataclass(frozen=True, slots=True)
class CitizenNumber:
    """Citizen identity number (GB 11643-1999); a final ``x`` becomes ``X``. Its repr shows nothing."""

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _CITIZEN_FORM.fullmatch(self.text):
            raise CitizenNumberError("not a citizen number")
        object.__setattr__(self, "text", self.text.upper())
        try:
            date(int(self.text[6:10]), int(self.text[10:12]), int(self.text[12:14]))
        except ValueError:
            raise CitizenNumberError("no such date of birth") from None  # the cause would repeat part of the number
        if citizen_character(self.text[:17]) != self.text[17]:
            raise CitizenNumberError("wrong check character")


@dataclass(frozen=True, slots=True)
class LicenceTypeCode:
    """Code of a licence type: the USCC of the body that defines it, then three digits (GB/T 36904-2018)."""

    text: str

    def __post_init__(self) -> None:
        number = self.text[18:]
        if len(number) != 3 or not number.isascii() or not number.isdigit():
            raise LicenceTypeCodeError("not a licence type code")
        try:
            Uscc(self.text[:18])
        except UsccError as error:
            raise LicenceTypeCodeError("a licence type code begins with a USCC") from error

    @property
    def defined_by(self) -> Uscc:
        """The body that defines this licence type."""
        return Uscc(self.text[:18])


@dataclass(frozen=True, slots=True)
class LicenceIdentifier:
    """E-licence identifier (GB/T 36904-2018): root, type code, issuer, serial, version and check, parted by dots.

    Reading allows what other offices write: an issuer of six digits, a serial from 7 characters. ``make`` does not.
    """

    text: str

    def __post_init__(self) -> None:
        match = _IDENTIFIER_FORM.fullmatch(self.text)
        if match is None or match[4] == "000":
            raise LicenceIdentifierError("not an e-licence identifier")
        try:
            LicenceTypeCode(match[1])
            if len(match[2]) == 18:
                Uscc(match[2])
        except MalformedError as error:
            raise LicenceIdentifierError("a code inside the e-licence identifier is wrong") from error
        if mod_37_36(match[1] + match[2] + match[3] + match[4]) != match[5]:
            raise LicenceIdentifierCheckError("wrong check character")

    @classmethod
    def make(cls, type_code: LicenceTypeCode, issuer: Uscc, serial: str, version: int) -> Self:
        """Make our own identifier: serial of 10 to 32 digits and capital letters, version from 1 to 999."""
        if not _OWN_SERIAL_FORM.fullmatch(serial):
            raise LicenceIdentifierError("a serial has 10 to 32 digits and capital letters")
        if not 1 <= version <= 999:
            raise LicenceIdentifierError("a version is a number from 1 to 999")
        parts = (type_code.text, issuer.text, serial, f"{version:03}")
        return cls(".".join((LICENCE_ROOT, *parts, mod_37_36("".join(parts)))))

    @property
    def _parts(self) -> list[str]:
        return self.text[len(LICENCE_ROOT) + 1 :].split(".")

    @property
    def type_code(self) -> LicenceTypeCode:
        """The licence type."""
        return LicenceTypeCode(self._parts[0])

    @property
    def issuer(self) -> str:
        """The issuing body: its USCC, or the six-digit division code that some offices write."""
        return self._parts[1]

    @property
    def serial(self) -> str:
        """The issuer's serial."""
        return self._parts[2]

    @property
    def version(self) -> int:
        """The version, from 1; each change or renewal of the same licence adds one."""
        return int(self._parts[3])


@dataclass(frozen=True, slots=True)
class LicenceId:
    """Id of one licence version: 80 random bits, in the address of the QR code and typed at counters."""

    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) != LICENCE_ID_BYTES:
            raise LicenceIdError("an id has ten bytes")

    @property
    def text(self) -> str:
        """The 16 characters of Crockford's base 32, as in the address."""
        number = int.from_bytes(self.octets, "big")
        return "".join([_PAIRS[number >> place & 1023] for place in range(70, -1, -10)])

    def is_text(self, text: str) -> bool:
        """Say whether this is the text, in a third of the time of making it: this stands on the way of every token."""
        try:
            number = int(text.encode("ascii").translate(_TO_BASE_32), 32)
        except ValueError:
            return False
        return number == int.from_bytes(self.octets, "big") and len(text) == _ID_LENGTH

    @property
    def typed(self) -> str:
        """The text in groups of four and a check character (MOD 33,32), as printed beside the code."""
        text = self.text
        return "-".join((text[0:4], text[4:8], text[8:12], text[12:16], mod_33_32(text)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the 16 characters of an address; nothing is folded."""
        if not _LICENCE_ID_FORM.fullmatch(text):
            raise LicenceIdError("not an id")
        return cls(int(text.encode("ascii").translate(_TO_BASE_32), 32).to_bytes(LICENCE_ID_BYTES, "big"))

    @classmethod
    def parse_typed(cls, text: str) -> Self:
        """Read what a person typed: 16 characters, or 17 with the check character; look-alikes are folded.

        Raises ``TypingError`` when it cannot be what was printed, so that nobody is told "not in the registry" for a
        slip.
        """
        folded = text[:_TYPED_LENGTH_MAX].upper().translate(_TYPED_FOLD)
        main, check = folded[:16], folded[16:]
        if len(text) > _TYPED_LENGTH_MAX or not _LICENCE_ID_FORM.fullmatch(main):
            raise TypingError("an id has 16 characters and a check character")
        if check not in {"", mod_33_32(main)}:
            raise TypingError("wrong check character")
        return cls.parse(main)


@dataclass(frozen=True, slots=True)
class ItemCode:
    """Code of a government service item: 31 or 33 characters with the body's USCC; 10, 12 and 24 are older forms."""

    text: str

    def __post_init__(self) -> None:
        if _LEGACY_ITEM_FORM.fullmatch(self.text):
            return
        if not _ITEM_FORM.fullmatch(self.text):
            raise ItemCodeError("not the code of a service item")
        try:
            Uscc(self.text[:18])
        except UsccError as error:
            raise ItemCodeError("the code of a service item begins with a USCC") from error

    @property
    def is_legacy(self) -> bool:
        """Say whether this is one of the older forms, which name no implementing body."""
        return len(self.text) < 31
