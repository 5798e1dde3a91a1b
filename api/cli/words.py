"""Dates, moments and states as people read them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from api.settings import Language
from verify.licence import ISSUER_ZONE
from verify.states import LicenceState

STATE_WORDS: Final[Mapping[LicenceState, tuple[str, str]]] = {
    LicenceState.IN_FORCE: ("有效", "in force"),
    LicenceState.SUSPENDED: ("暂扣中", "suspended"),
    LicenceState.REVOKED: ("已吊销", "revoked"),
    LicenceState.RESCINDED: ("已撤销", "rescinded"),
    LicenceState.WITHDRAWN: ("已撤回", "withdrawn"),
    LicenceState.CANCELLED: ("已注销", "cancelled"),
    LicenceState.SUPERSEDED: ("已换发新证", "replaced by a newer one"),
}


def day(value: date | None, language: Language) -> str:
    """Return a day in the words of the language; None is a term without end."""
    if value is None:
        return "长期" if language == "zh" else "no end"
    if language == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {value:%B} {value.year}"


def moment(value: datetime, language: Language) -> str:
    """Return a moment in the time of the issuer."""
    local = value.astimezone(ISSUER_ZONE)
    return f"{day(local.date(), language)} {local:%H:%M:%S}"


def state_word(state: LicenceState, language: Language) -> str:
    """Return the word of the law for a state."""
    return STATE_WORDS[state][0 if language == "zh" else 1]
