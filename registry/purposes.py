"""What another office relies on a licence for, and what the catalogue lets it see for that."""

from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What another office relies on a licence for; the catalogue says what each may see."""

    MATERIALS_REDUCTION = "materials-reduction"
    APPROVAL = "approval"
    SUPERVISION = "supervision"
    LAW_ENFORCEMENT = "law-enforcement"
    PUBLIC_SERVICE = "public-service"
    JUDICIAL = "judicial"


def is_printable(text: str) -> bool:
    """Say whether every character of a statement prints: no controls, no marks that turn the line round."""
    return text.replace("\u3000", " ").isprintable()


def is_stated(text: str) -> bool:
    """Say whether a legal basis says something, in characters that print: it stands in receipts for years."""
    return bool(text.strip()) and is_printable(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What a purpose may see beside what everybody may: short names of fields, ``holder_name``, ``holder_code``."""

    purpose: str
    fields: tuple[str, ...]
