"""What a receipt says of who relied on what, in words: on paper, and where there is no registry."""

from typing import Final

from api.environment import Language
from api.texts import day_text, moment_text, sentence
from verify.licence import ISSUER_ZONE
from verify.receipt import VerificationReceipt
from verify.values import LicenceId

_LICENCE_ID_LENGTH: Final = 16


def receipt_rows(said: VerificationReceipt, language: Language) -> tuple[tuple[str, str], ...]:
    """Return what a receipt says of who relied on what, in words."""
    licence_id = LicenceId.parse(said.licence_id).typed if _is_licence_id(said) else said.licence_id
    purpose = sentence(f"purpose.{said.purpose}", language)
    rows = (
        ("receipt_page.licence", licence_id),
        ("receipt_page.made_at", moment_text(said.made_at, language)),
        ("receipt_page.purpose", purpose),
        ("receipt_page.legal_basis", said.legal_basis),
        ("receipt_page.case_number", said.case_number),
        ("receipt_page.operator", said.operator.hex()),
        ("receipt_page.fields", ", ".join(map(str, said.fields))),
        ("receipt_page.delete_after", day_text(said.delete_after.astimezone(ISSUER_ZONE).date(), language)),
    )
    return tuple((sentence(code, language), value) for code, value in rows if value)


def _is_licence_id(said: VerificationReceipt) -> bool:
    return len(said.licence_id) == _LICENCE_ID_LENGTH
