"""What a reader of strangers' files may be asked to do, and the form of its answers.

Promises:
  * A job goes in with its file, one line of JSON comes out, and behind it the bytes that were made, if any.
  * `work` runs in the child process; `open_answer` in its parent, which believes of an answer nothing but its form.
  * An upload that cannot be sealed is answered with the stable code of its error; nothing of the file is repeated.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from signer.official.errors import OfficialError, UnreadableUploadError
from signer.official.places import PlaceError, Placing, SealImage, Spot
from signer.official.wishes import Layout, LayoutError, PreparedFile, SealWish
from verify.errors import MalformedError, YinzhengError
from verify.evidence import Evidence
from verify.examine import examine
from verify.ofd import OFD_HEAD
from verify.report_objects import report_object
from verify.signed_document import DOCUMENT_BYTES_MAX

# The largest report names 64 findings and one log proof of some kilobytes.
LINE_BYTES_MAX: Final = 1 << 20
# Seal, field and room, and for each page a stamp, come behind the upload.
ANSWER_BYTES_MAX: Final = DOCUMENT_BYTES_MAX + (8 << 20)
PARAM_LENGTH_MAX: Final = 40


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

    wish: SealWish


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


def work(job: Job, document: bytes) -> bytes:
    """Do a job and return the answer; a file that breaks its reader raises whatever it raises."""
    if isinstance(job, Examine):
        return _line(report_object(examine(document, job.evidence, at=job.at)))
    if isinstance(job, ReadCode):
        return _code(document)
    try:
        if isinstance(job, TakeInventory):
            return _inventory(document)
        return _prepare(document, job.wish) if isinstance(job, Prepare) else _picture(document, job.page)
    except (OfficialError, PlaceError) as error:
        return _line({"error": error.code, "params": error.params})
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - for a hostile file pyHanko raises whatever Python raises
        return _line({"error": UnreadableUploadError.code, "params": {}})


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


def prepared_of(value: Mapping[str, Any], content: bytes, upload: bytes) -> PreparedFile:
    """Return what a reader prepared. Raises `AnswerError` when it is not the upload with something behind it."""
    try:
        prepared = PreparedFile(content=content, layout=Layout.from_object(value))
    except LayoutError as error:
        raise AnswerError("not what was prepared") from error
    if not prepared.is_behind(upload):
        raise AnswerError("not the upload with an empty room behind it")
    return prepared


_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)


def warm_up() -> None:
    """Bring into memory what preparing and showing need, by doing both once."""
    document = _smallest_pdf()
    image = SealImage(png=_smallest_png(), width=10, height=10)
    placing = Placing(at=Spot(page=1, x=20, y=20))
    wish = SealWish(
        document_id="0" * 16,
        placing=placing,
        image=image,
        name="-",
        at=_AT,
    )
    work(Prepare(wish=wish), document)
    work(Picture(page=1), document)
    work(ReadCode(), _smallest_png())


def _line(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _code(picture: bytes) -> bytes:
    from api.code_pictures import code_in_picture  # only the child process needs it

    return _line({"text": code_in_picture(picture)})


def _prepare(document: bytes, wish: SealWish) -> bytes:
    from signer.official.ofd import prepare_ofd  # only the child process needs them: pyHanko takes a second to load
    from signer.official.pdf import prepare_pdf

    prepared = (prepare_ofd if document.startswith(OFD_HEAD) else prepare_pdf)(document, wish)
    return _line(prepared.layout.to_object()) + prepared.content


def _picture(document: bytes, page: int) -> bytes:
    from signer.official.pages import opened, picture_of

    with opened(document) as pdf:
        return _line({"pages": len(pdf)}) + picture_of(pdf, page)


def _inventory(document: bytes) -> bytes:
    from signer.official.inventory import inventory_of, take_inventory
    from signer.official.pages import opened, page_sizes, texts_of

    if document.startswith(OFD_HEAD):
        found = take_inventory(document)
    else:
        with opened(document) as pdf:
            found = inventory_of(len(page_sizes(pdf)), texts_of(pdf))
    return _line({"pages": found.pages}) + found.encode()


def _told(value: Mapping[str, Any]) -> YinzhengError:
    """Return the error that an answer names; of its values only short texts are believed."""
    params = value.get("params")
    texts = params if isinstance(params, dict) else {}
    kept = {name: text for name, text in texts.items() if isinstance(text, str) and len(text) <= PARAM_LENGTH_MAX}
    known: dict[str, type[OfficialError | PlaceError]] = {each.code: each for each in OfficialError.__subclasses__()}
    known[PlaceError.code] = PlaceError
    kind = known.get(str(value["error"]))
    return AnswerError("an unknown error") if kind is None else kind(params=kept)


def _smallest_pdf() -> bytes:
    """Return a page with a word on it."""
    words = b"BT /F 9 Tf 20 20 Td (a) Tj ET"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(words), words),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    content, places = bytearray(b"%PDF-1.7\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj%s\nendobj\n" % (number, each)
    table = len(content)
    content += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % each for each in places)
    return bytes(content + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % table)


def _smallest_png() -> bytes:
    from io import BytesIO

    from PIL import Image

    written = BytesIO()
    Image.new("RGBA", (1, 1)).save(written, "PNG")
    return written.getvalue()
