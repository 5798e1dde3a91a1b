"""Choose, at the start of a process, what makes and checks SM2 signatures in it.

Promises:
  * Without a library that works everything is checked all the same, by Python alone; only signing is then refused.
"""

from dataclasses import dataclass
from typing import Final

from keys import sm2
from keys.sm2_key import Sm2MissingError
from verify.sm2 import FasterCheckError, use_faster

PYTHON: Final = "Python"
NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sm2Choice:
    """The names of what signs and what checks in this process; services log them at their start."""

    signs: str
    checks: str


def choose_sm2() -> Sm2Choice:
    """Take the faster checker where there is one, and say what was chosen."""
    use_faster(None)
    try:
        provider = sm2.provider()
    except Sm2MissingError:
        return Sm2Choice(signs=NOTHING, checks=PYTHON)
    try:
        use_faster(provider.check)
    except FasterCheckError:
        return Sm2Choice(signs=provider.name, checks=PYTHON)
    return Sm2Choice(signs=provider.name, checks=PYTHON if provider.check is None else provider.name)
