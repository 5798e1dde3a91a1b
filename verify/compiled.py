"""Find what was compiled to machine code from ``usual_code.py`` and ``cbor_codec.py``; where nothing was, say so.

Promises:
  * What was compiled from another source is never taken: its name ends with the digest of the source it was made from.
  * Nothing depends on it but the speed: without it Python alone does the same, with the same answers.

``hatch_build.py`` compiles them (mypyc) where the machine that builds has a C compiler.
"""

import importlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Final

from verify import cbor_codec, usual_code
from verify.usual_code import UsualCode

# Sixteen digits name one source among all that there ever will be.
DIGEST_LENGTH: Final = 16


def compiled_name(source: Path) -> str:
    """Return the name of the module that is compiled from this source."""
    return f"{source.stem}_{sha256(source.read_bytes()).hexdigest()[:DIGEST_LENGTH]}"


def find_compiled(plain: ModuleType) -> ModuleType | None:
    """Return what was compiled from this very module, with the same names in it; None where nothing was."""
    try:
        return importlib.import_module(f"verify.{compiled_name(Path(str(plain.__file__)))}")
    except (OSError, ImportError):
        return None


READER: Final = find_compiled(usual_code)
READ_USUAL_CODE: Final[Callable[[str], UsualCode | None] | None] = getattr(READER, "read_usual_code", None)
"""The compiled reader of codes, or None: then the general way reads."""
READ_DIGITS: Final[Callable[[bytes], bytes | None] | None] = getattr(READER, "read_digits", None)
"""The compiled reader of digits, or None."""
CODEC: Final = find_compiled(cbor_codec)
"""The compiled CBOR, or None: then the source itself is taken."""


def spoken(*found: ModuleType | None) -> str:
    """Return the line that a build ends with, from what was found or not."""
    if None not in found:
        return "Codes and records are read in machine code."
    if any(found):
        return "Codes and records are read in part by Python alone: not all of it could be compiled."
    return (
        "Codes and records are read by Python alone: none was compiled (that needs a C compiler and Python's headers)."
    )
