"""What a receipt says of who relied on what, in words: on paper, and where there is no registry."""

from collections.abc import Mapping
from typing import Final

from api.environment import Language
from api.texts import day_text, moment_text, sentence
from verify.licence import ISSUER_ZONE
from verify.receipt import VerificationReceipt
from verify.values import LicenceId

_LICENCE_ID_LENGTH: Final = 16
# What is shown of every licence, by its number in the data set's table; the others are the type's own.
_COMMON_FIELDS: Final = {
    1: "fact.kind",
    2: "fact.number",
    3: "fact.holder",
    5: "fact.valid_from",
    6: "fact.valid_until",
    7: "fact.issuer",
    11: "receipt_page.identifier",
}
_NO_NAMES: Final[Mapping[int, str]] = {}


def receipt_rows(
    said: VerificationReceipt, language: Language, names: Mapping[int, str] = _NO_NAMES
) -> tuple[tuple[str, str], ...]:
    """Return what a receipt says of who relied on what, in words; `names` are those of the type's own fields."""
    licence_id = LicenceId.parse(said.licence_id).typed if _is_licence_id(said) else said.licence_id
    purpose = sentence(f"purpose.{said.purpose}", language)
    rows = (
        ("receipt_page.licence", licence_id),
        ("receipt_page.made_at", moment_text(said.made_at, language)),
        ("receipt_page.purpose", purpose),
        ("receipt_page.legal_basis", said.legal_basis),
        ("receipt_page.case_number", said.case_number),
        ("receipt_page.operator", said.operator.hex()),
        ("receipt_page.fields", _fields_text(said.fields, names, language)),
        ("receipt_page.delete_after", day_text(said.delete_after.astimezone(ISSUER_ZONE).date(), language)),
    )
    return tuple((sentence(code, language), value) for code, value in rows if value)


def _fields_text(numbers: tuple[int, ...], names: Mapping[int, str], language: Language) -> str:
    """Return the fields by name; one whose name nobody here knows keeps its number."""
    common = {number: sentence(code, language) for number, code in _COMMON_FIELDS.items()}
    named = [common.get(each) or names.get(each) or str(each) for each in numbers]
    return ("、" if language == "zh" else ", ").join(named)


def _is_licence_id(said: VerificationReceipt) -> bool:
    return len(said.licence_id) == _LICENCE_ID_LENGTH
