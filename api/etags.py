"""Entity tags: what a caller saw, so that nobody overwrites what they have not seen (RFC 9110, 8.8.3 and 13.1).

Promises: our tags are strong and have one form; a change without If-Match is refused, one with an old tag too.
"""

import re
from typing import Final

from api.errors import MalformedRequestError, PreconditionMissingError

_OURS: Final = re.compile(r'"([1-9][0-9]{0,17})"')
_LENGTH_MAX: Final = 2_000


def tag(version: int) -> str:
    """Return the tag of a record's version."""
    return f'"{version}"'


def seen_version(if_match: str | None) -> int:
    """Return the version that If-Match names: exactly one of ours, for `*` would match what nobody has looked at.

    Raises `PreconditionMissingError` without the header, `MalformedRequestError` for another form.
    """
    if if_match is None:
        raise PreconditionMissingError
    match = _OURS.fullmatch(if_match.strip())
    if match is None:
        raise MalformedRequestError("If-Match is one tag that we gave out", params={"name": "If-Match"})
    return int(match[1])


def is_known(if_none_match: str | None, current: str) -> bool:
    """Say whether the caller has the current version already; weak comparison, as If-None-Match demands."""
    if if_none_match is None:
        return False
    tags = [each.strip().removeprefix("W/") for each in if_none_match[:_LENGTH_MAX].split(",")]
    return "*" in tags or current in tags
