"""Which of our two languages a caller wants.

Promises: what is not asked for clearly falls back to the default; a malformed header is no error.
"""

import re
from typing import Final

from api.environment import Language

# A header longer than this asks for no language that we have.
HEADER_LENGTH_MAX: Final = 200
_PART: Final = re.compile(
    r"\s*([a-zA-Z]{2,3}|\*)(?:-[a-zA-Z0-9-]+)?\s*(?:;\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?\s*"
)


def chosen(accept_language: str, default: Language) -> Language:
    """Return the language of an Accept-Language header (RFC 9110, 12.5.4): the first among those weighted most."""
    best: Language = default
    weight = 0.0
    for part in accept_language[:HEADER_LENGTH_MAX].split(","):
        match = _PART.fullmatch(part)
        language = _ours(match[1].lower()) if match else None
        asked = float(match[2] or "1") if match else 0.0
        if language is not None and asked > weight:
            best, weight = language, asked
    return best


def _ours(tag: str) -> Language | None:
    if tag == "zh":
        return "zh"
    return "en" if tag == "en" else None
