"""What a reader of strangers' files does: `api/sandbox_jobs.py` says what it may be asked, and how it answers.

Promises:
  * Runs in the child process, and in tests; a file that breaks its reader raises whatever it raises.
  * An upload that cannot be sealed is answered with the stable code of its error; nothing of the file is repeated.
  * What judges files is loaded with this module; what prepares and shows them, and the library for other people's
    documents, at the first such job.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from api.sandbox_jobs import Examine, Job, Picture, Prepare, ReadCode, TakeInventory
from verify.examine import examine
from verify.ofd import OFD_HEAD
from verify.report import NOTICES, Check, Outcome, Report
from verify.report_objects import report_object

if TYPE_CHECKING:
    from signer.official.wishes import SealWish

_OF_THE_WHOLE: Final = (Check.FORM, Check.SIGNATURE, Check.ISSUER, Check.SEAL, Check.CONTENTS)


def examined(job: Examine, document: bytes) -> tuple[bytes, bool]:
    """Return the answer of a judgement, and whether there was nothing to read that a trusted issuer did not sign."""
    report = examine(document, job.evidence, at=job.at)
    return _line(report_object(report)), _is_signed_whole(report)


def _is_signed_whole(report: Report) -> bool:
    """Say whether a licence stands with every byte under its issuer's signature, in the form that issuers write.

    Not so an official document: what its seal stands on was an upload. Nor a licence behind which something stands,
    also where it changes nothing: anybody can add revocation data of his own making, and have them stamped.
    """
    is_one = [each.signed_bytes for each in report.signatures] == [None]
    seen = [each for each in report.findings if each.check in _OF_THE_WHOLE]
    are_plain = all(each.outcome is Outcome.PASSED and each.code not in NOTICES for each in seen)
    return report.is_genuine is True and is_one and are_plain and not report.facts.official_id


def work(job: Job, document: bytes) -> bytes:
    """Do a job and return the answer; a file that breaks its reader raises whatever it raises."""
    if isinstance(job, Examine):
        return examined(job, document)[0]
    if isinstance(job, ReadCode):
        return _code(document)
    from signer.official.errors import OfficialError, UnreadableUploadError
    from signer.official.places import PlaceError

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


_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)


def warm_up() -> None:
    """Bring into memory what preparing and showing need, by doing both once."""
    from signer.official.places import Placing, SealImage, Spot
    from signer.official.wishes import SealWish

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
    from api.code_pictures import code_in_picture

    return _line({"text": code_in_picture(picture)})


def _prepare(document: bytes, wish: "SealWish") -> bytes:
    from signer.official.ofd import prepare_ofd
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
