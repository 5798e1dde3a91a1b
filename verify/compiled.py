"""Find what was compiled to machine code from ``usual_code.py``; where nothing was, say so.

Promises:
  * What was compiled from another source is never taken: its name ends with the digest of the source it was made from.
  * Nothing depends on it but the speed: without it every code is read the general way, with the same answers.

``hatch_build.py`` compiles it (mypyc) where the machine that builds has a C compiler.
"""

import importlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from verify.usual_code import UsualCode

# Sixteen digits name one source among all that there ever will be.
DIGEST_LENGTH: Final = 16


def compiled_name(source: bytes) -> str:
    """Return the name of the module that is compiled from this source."""
    return f"usual_code_{sha256(source).hexdigest()[:DIGEST_LENGTH]}"


class Compiled(NamedTuple):
    """What was compiled: the reader of a code's text, and that of its digits alone."""

    read_usual_code: Callable[[str], UsualCode | None]
    read_digits: Callable[[bytes], bytes | None]


def find_compiled(folder: Path) -> Compiled | None:
    """Return the compiled readers that belong to the source in this folder; None where there are none."""
    try:
        name = compiled_name((folder / "usual_code.py").read_bytes())
        module = importlib.import_module(f"verify.{name}")
    except (OSError, ImportError):
        return None
    return Compiled(module.read_usual_code, module.read_digits)


_FOUND: Final = find_compiled(Path(__file__).parent)
READ_USUAL_CODE: Final = None if _FOUND is None else _FOUND.read_usual_code
"""The compiled reader, or None: then the general way reads."""
READ_DIGITS: Final = None if _FOUND is None else _FOUND.read_digits
"""The compiled reader of digits, or None."""


def spoken(read: Callable[[str], UsualCode | None] | None) -> str:
    """Return the line that a build ends with."""
    if read is None:
        return "Codes are read by Python alone: no reader was compiled (that needs a C compiler and Python's headers)."
    return "Codes are read in machine code."
