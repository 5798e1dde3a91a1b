"""What `yinzheng demo` gives an office so that a newcomer may try the pages for staff: people to be, and examples.

Promises: only that command makes one, for its own town, which listens on this machine alone; no setting, no variable
and no folder switches it on, so that nobody ever comes in without a password anywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """Ids of the people whom a newcomer may be, and for types of licences what an application may say."""

    people: tuple[str, ...]
    examples: Mapping[str, Mapping[str, str]]
