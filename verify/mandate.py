"""Mandate: on what ground a key was used. A signed attribute of the CMS, so it is covered by the signature.

Promises:
  * It names the item, the law, the operator's *role* and the seal grant; never a person.
  * DER, one spelling: ``Mandate ::= SEQUENCE { legalBasis UTF8String, role UTF8String, itemCode [0] IMPLICIT
    UTF8String OPTIONAL, grant [1] IMPLICIT UTF8String OPTIONAL }``.
"""

from dataclasses import dataclass
from typing import Final, Self

from verify.errors import MalformedError

# A legal basis is a law's name and an article; four texts of these lengths fit the hole of the PDF.
MANDATE_BYTES_MAX: Final = 1024
TEXT_LENGTH_MAX: Final = 200

_SEQUENCE: Final = 0x30
# Tags in their order in the sequence: two UTF8String, then two with context-specific tags.
_LEGAL_BASIS: Final = 0
_ROLE: Final = 1
_ITEM_CODE: Final = 2
_GRANT: Final = 3
_TAGS: Final = (0x0C, 0x0C, 0x80, 0x81)


class MandateError(MalformedError):
    """Not a mandate."""

    code = "mandate.malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """Item code, legal basis, operator's role and seal grant under which a document was signed."""

    item_code: str | None
    legal_basis: str
    role: str
    grant: str | None = None

    def __post_init__(self) -> None:
        for text in (self.item_code, self.legal_basis, self.role, self.grant):
            if text is not None and not 0 < len(text) <= TEXT_LENGTH_MAX:
                raise MandateError("each text has 1 to 200 characters")
        if len(self.encode()) > MANDATE_BYTES_MAX:
            raise MandateError("too long")

    def encode(self) -> bytes:
        """Return the DER."""
        texts = (self.legal_basis, self.role, self.item_code, self.grant)
        try:
            parts = [_tlv(tag, text.encode()) for tag, text in zip(_TAGS, texts, strict=True) if text is not None]
        except UnicodeEncodeError:
            raise MandateError("text with a lone surrogate") from None
        return _tlv(_SEQUENCE, b"".join(parts))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a mandate; raises ``MandateError`` for anything that ``encode`` would not write."""
        if len(data) > MANDATE_BYTES_MAX:
            raise MandateError("too many bytes")
        try:
            texts = _read(data)
        except (IndexError, UnicodeDecodeError):
            raise MandateError("cut off, or not UTF-8") from None
        if not texts.keys() >= {_LEGAL_BASIS, _ROLE}:
            raise MandateError("legal basis and role must stand there")
        mandate = cls(
            legal_basis=texts[_LEGAL_BASIS],
            role=texts[_ROLE],
            item_code=texts.get(_ITEM_CODE),
            grant=texts.get(_GRANT),
        )
        if mandate.encode() != data:  # longer lengths, another order, bytes left over
            raise MandateError("a second spelling of a mandate")
        return mandate


def _tlv(tag: int, content: bytes) -> bytes:
    """Return tag, length and content in DER; our lengths need at most two bytes."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return a length and the place after it; that it is the shortest form is seen by writing again."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    end = at + 1 + (first & 0x7F)
    return int.from_bytes(data[at + 1 : end], "big"), end


def _read(data: bytes) -> dict[int, str]:
    """Return the texts by their place in the sequence; what is not understood is left to the second writing."""
    _, at = _length(data, 1)
    texts: dict[int, str] = {}
    place = 0
    while at < len(data) and place < len(_TAGS):
        if data[at] == _TAGS[place]:
            size, start = _length(data, at + 1)
            at = start + size
            texts[place] = data[start:at].decode()
        place += 1
    return texts
