"""The highest number of a trust list that was seen under a pinned root, kept beside the root's file.

Promises:
  * Who was shown a newer list does not fall for an older one, in which a stolen key is still good.
  * Only a list that was opened, so signed by the root and in its time, raises the number.

One line in `<root file>.seen`: key id of the root in hex, space, number. It is as safe as the root beside it: who can
change the one can change the other. Another root in the same file begins anew.
"""

import re
from pathlib import Path
from typing import Final

from api.cli.errors import KeptNumberError
from api.cli.files import read_file, write_file
from verify.algorithms import key_identifier

_SEEN: Final = ".seen"
_BYTES_MAX: Final = 64
_FORM: Final = re.compile(rb"([0-9a-f]{16}) (0|[1-9][0-9]{0,18})\n")


def read_number(root: Path, root_spki: bytes) -> int:
    """Return the number that was kept for this root, 0 for none. Raises `KeptNumberError` for a damaged file."""
    path = _beside(root)
    if not path.exists():
        return 0
    found = _FORM.fullmatch(read_file(path, bytes_max=_BYTES_MAX))
    if found is None:
        raise KeptNumberError(params={"name": str(path)})
    return int(found[2]) if found[1] == key_identifier(root_spki).hex().encode() else 0


def keep_number(root: Path, root_spki: bytes, number: int) -> None:
    """Keep the number of a list that was opened under this root. Raises `NotWrittenError`."""
    path = _beside(root)
    line = f"{key_identifier(root_spki).hex()} {number}\n".encode()
    if not path.exists() or read_file(path, bytes_max=_BYTES_MAX) != line:
        write_file(path, line)


def _beside(root: Path) -> Path:
    return root.with_name(root.name + _SEEN)
