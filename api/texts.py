"""Sentences in Chinese and English for every stable code: errors, problems of fields, findings, verdicts, pages.

Promises:
  * Both catalogues (`api/locale/*/LC_MESSAGES/yinzheng.po`) hold every code; `tests/test_texts.py` says so.
  * A part in [square brackets] is left out when a value in it is not known; elsewhere a dash stands for it.
  * Days are written as each language writes them, moments in the issuer's zone; values are put in as they are, and
    whoever shows them on a page escapes them.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from api.environment import Language
from verify.licence import ISSUER_ZONE

LOCALE: Final = Path(__file__).parent / "locale"
UNKNOWN: Final = "—"
_FOLDERS: Final[Mapping[Language, str]] = {"zh": "zh_CN", "en": "en"}
# Values that are words of ours: a state, an act, a part of a decision that is missing.
_WORDS: Final = {"state": "state", "event": "event", "field": "ground", "cause": "setting", "by": "seen"}
_NO_PARAMS: Final[Mapping[str, str]] = {}
_PLACE: Final = re.compile(r"\{([a-z_]+)\}")
_OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:\+[0-9:]+|Z)")
# One sentence of a catalogue: the code, and the sentence on one line or on several.
_ENTRY: Final = re.compile(r'msgid "([^"\\\n]*)"\nmsgstr((?:[ \n]"(?:[^"\\\n]|\\[n"\\])*")+)\n')
_LINE: Final = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_ESCAPE: Final = re.compile(r"\\.")
_ESCAPED: Final = {r"\n": "\n", r"\"": '"', r"\\": "\\"}
_MONTHS: Final = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


@lru_cache(maxsize=2)
def catalogue(language: Language) -> Mapping[str, str]:
    """Return the sentences of a language by their codes; read once from the file that translators edit."""
    path = LOCALE / _FOLDERS[language] / "LC_MESSAGES" / "yinzheng.po"
    return read_catalogue(path.read_text(encoding="utf-8"))


def read_catalogue(text: str) -> dict[str, str]:
    """Read a gettext catalogue of codes and sentences, without plurals and contexts, which ours have none of.

    Raises `ValueError` for a line that is anything else. To load and run a general reader takes a tenth of a second of
    every command; a test compares what is read with babel's reading.
    """
    found: dict[str, str] = {}
    left = "".join(line for line in text.splitlines(keepends=True) if line.strip() and not line.startswith("#"))
    place = 0
    while place < len(left):
        entry = _ENTRY.match(left, place)
        if entry is None or entry[1] in found:
            raise ValueError(f"not a sentence of a catalogue: {left[place : place + 40]!r}")
        lines = "".join(_LINE.findall(entry[2]))
        found[entry[1]] = _ESCAPE.sub(lambda each: _ESCAPED[each[0]], lines) if "\\" in lines else lines
        place = entry.end()
    found.pop("", None)  # the head, which says what the file is
    return found


def sentence(code: str, language: Language, params: Mapping[str, str] = _NO_PARAMS) -> str:
    """Return the sentence of a code; one that we do not know is a fault of ours and is said to be one."""
    texts = catalogue(language)
    pattern = texts.get(code) or texts["internal"]
    if "{" not in pattern:
        return pattern
    known = {name: _word(name, value, texts) or _shown(value, language) for name, value in params.items() if value}
    if language == "en":
        known |= {name.removesuffix("_en"): value for name, value in known.items() if name.endswith("_en")}
    if "[" in pattern:
        pattern = _OPTIONAL.sub(lambda part: _optional(part[1], known), pattern).strip()
    return _PLACE.sub(lambda place: known.get(place[1], UNKNOWN), pattern)


def has_sentence(code: str) -> bool:
    """Say whether a code has a sentence of its own in both languages."""
    return all(code in catalogue(language) for language in _FOLDERS)


def day_text(day: date, language: Language) -> str:
    """Write a day: 2026年11月23日, 23 November 2026."""
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def moment_text(at: datetime, language: Language) -> str:
    """Write a moment to the minute, in the issuer's zone."""
    local = at.astimezone(ISSUER_ZONE)
    return f"{day_text(local.date(), language)} {local:%H:%M}"


def _word(name: str, value: str, texts: Mapping[str, str]) -> str | None:
    return texts.get(f"{_WORDS[name]}.{value}") if name in _WORDS else None


def _optional(part: str, known: Mapping[str, str]) -> str:
    return part if all(name in known for name in _PLACE.findall(part)) else ""


def _shown(value: str, language: Language) -> str:
    """Return a value as people write it; one that only looks like a date stays as it is."""
    try:
        if _DAY.fullmatch(value):
            return day_text(date.fromisoformat(value), language)
        if _MOMENT.fullmatch(value):
            return moment_text(datetime.fromisoformat(value), language)
    except ValueError:
        pass
    return value
