"""Dates, moments and states as people read them."""

from datetime import date, datetime

from api.environment import Language
from api.texts import day_text, moment_text, sentence
from verify.states import LicenceState


def day(value: date | None, language: Language) -> str:
    """Return a day in the words of the language; None is a term without end."""
    return sentence("fact.long_term", language) if value is None else day_text(value, language)


def moment(value: datetime, language: Language) -> str:
    """Return a moment in the time of the issuer."""
    return moment_text(value, language)


def state_word(state: LicenceState, language: Language) -> str:
    """Return the word of the law for a state."""
    return sentence(f"state.{state.value}", language)
