"""Choose, at the start of a process, what makes and checks SM2 signatures in it.

Promises:
  * Without a library that works everything is checked all the same, by Python alone; only signing is then refused.
"""

from typing import Final

from api.logs import Log
from keys import sm2
from keys.sm2_key import Sm2MissingError
from verify.sm2 import FasterCheckError, use_faster

PYTHON: Final = "python"


def choose_sm2(log: Log | None = None) -> str:
    """Take the faster checker where there is one; return the name of what checks from now on, and log the choice."""
    signs = checks = PYTHON
    try:
        provider = sm2.provider()
        signs = provider.name
        use_faster(provider.check)
        checks = PYTHON if provider.check is None else provider.name
    except Sm2MissingError:
        signs = "none"
    except FasterCheckError:
        use_faster(None)
    if log is not None:
        log.info("sm2_chosen", signs=signs, checks=checks)
    return checks
