"""Cut from a PDF what was signed, when something was added to it afterwards.

Promises:
  * What is given out is the beginning of the very file, up to the end of the bytes that a signature fits.
  * Nothing is given out by a signature that does not fit, and nothing that is the whole file anyhow.
"""

from collections.abc import Sequence

from verify.errors import MalformedError
from verify.report import SignatureLine


class NoSignedRevisionError(MalformedError):
    """No signature of the file fits a part of it to which something was added; or not the one that was asked for."""

    code = "signed_revision.none"


def signed_revision(document: bytes, signatures: Sequence[SignatureLine], number: int | None = None) -> bytes:
    """Return what the signature with this number signed, counted from 1 as they are shown; else the last that can tell.

    Raises `NoSignedRevisionError`.
    """
    asked = signatures if number is None else signatures[number - 1 : number] if number > 0 else ()
    ends = [each.signed_bytes for each in asked if each.signed_bytes is not None]
    if not ends or not 0 < ends[-1] < len(document):
        raise NoSignedRevisionError
    return document[: ends[-1]]
