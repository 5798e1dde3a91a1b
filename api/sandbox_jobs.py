"""What a reader of strangers' files may be asked to do, and the form of its answers.

Promises:
  * A job goes in with its file, one line of JSON comes out, and behind it the bytes that were made, if any. On the way
    both have their lengths before them, and an answer the word whether its reader takes another file.
  * `open_answer` runs in the reader's parent, which believes of an answer nothing but its form. What reads files is not
    loaded there: it is `api/sandbox_work.py`, which runs in the child.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from verify.errors import MalformedError, YinzhengError
from verify.evidence import Evidence
from verify.signed_document import DOCUMENT_BYTES_MAX

if TYPE_CHECKING:
    from signer.official.wishes import PreparedFile, SealWish

# The largest report names 64 findings and one log proof of some kilobytes.
LINE_BYTES_MAX: Final = 1 << 20
# Seal, field and room, and for each page a stamp, come behind the upload.
ANSWER_BYTES_MAX: Final = DOCUMENT_BYTES_MAX + (8 << 20)
PARAM_LENGTH_MAX: Final = 40
# Lengths of the job and of the file; whether the reader goes on, and the length of its answer. In bytes, big-endian.
REQUEST_HEAD: Final = ">II"
ANSWER_HEAD: Final = ">?I"
# What a reader says that was forked before all that a strange document may call for was in memory; no answer begins so.
NEEDS_ALL: Final = b"all"
# From the parent to the process that forks readers, and back when it may go on.
LOAD_ALL: Final = b"a"
READY: Final = b"ready"


class AnswerError(MalformedError):
    """Not an answer of a reader."""

    code = "sandbox.answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examine:
    """Judge the file."""

    evidence: Evidence
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """Prepare the file for a seal."""

    wish: "SealWish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Show a page of the file, from 1."""

    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeInventory:
    """List what the pages of the file show."""


@dataclass(frozen=True, slots=True)
class ReadCode:
    """Find the QR code in a photo."""


Job = Examine | Prepare | Picture | TakeInventory | ReadCode
# Whoever hands in a file to be checked has an answer within five seconds; who seals one of 20 MB may wait.
SECONDS: Final[Mapping[type[Job], int]] = {Examine: 4, Prepare: 10, Picture: 10, TakeInventory: 10, ReadCode: 4}


def open_answer(answer: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the object and the bytes of an answer. Raises `AnswerError`, or the error that it tells of."""
    line, separator, content = answer.partition(b"\n")
    try:
        value = json.loads(line) if separator and len(line) <= LINE_BYTES_MAX else None
    except (ValueError, RecursionError) as error:
        raise AnswerError("not JSON") from error
    if not isinstance(value, dict):
        raise AnswerError("not an object")
    if "error" in value:
        raise _told(value)
    return value, content


def prepared_of(value: Mapping[str, Any], content: bytes, upload: bytes) -> "PreparedFile":
    """Return what a reader prepared. Raises `AnswerError` when it is not the upload with something behind it."""
    from signer.official.wishes import Layout, LayoutError, PreparedFile

    try:
        prepared = PreparedFile(content=content, layout=Layout.from_object(value))
    except LayoutError as error:
        raise AnswerError("not what was prepared") from error
    if not prepared.is_behind(upload):
        raise AnswerError("not the upload with an empty room behind it")
    return prepared


def _told(value: Mapping[str, Any]) -> YinzhengError:
    """Return the error that an answer names; of its values only short texts are believed."""
    from signer.official.errors import OfficialError
    from signer.official.places import PlaceError

    params = value.get("params")
    texts = params if isinstance(params, dict) else {}
    kept = {name: text for name, text in texts.items() if isinstance(text, str) and len(text) <= PARAM_LENGTH_MAX}
    known: dict[str, type[OfficialError | PlaceError]] = {each.code: each for each in OfficialError.__subclasses__()}
    known[PlaceError.code] = PlaceError
    kind = known.get(str(value["error"]))
    return AnswerError("an unknown error") if kind is None else kind(params=kept)
