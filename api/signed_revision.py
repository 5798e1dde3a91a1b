"""Hand out what was signed of a PDF that was added to: to save and to look at, by page and interface alike.

Promises:
  * The file is sent in with the question and gone with the answer: nothing is kept under any id, so that nobody can
    find another's file, any process can answer, and nothing has to be cleared away.
  * The answer is for saving: a browser neither shows it as a page of ours nor runs anything in it.
"""

from typing import Final

from starlette.responses import Response

from api.errors import RequestTooLargeError
from api.sandbox import OWN_LINE, examine_file
from api.wiring import Office
from verify.signed_document import DOCUMENT_BYTES_MAX
from verify.signed_revision import signed_revision

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Disposition": 'attachment; filename="what-was-signed.pdf"',
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def revision_of(office: Office, document: bytes, number: int | None, *, line: str = OWN_LINE) -> bytes:
    """Return what a signature of the file signed, by its number from 1, else the last that can be told.

    Raises `NoSignedRevisionError`, `RequestTooLargeError`, a `SandboxError`.
    """
    if len(document) > DOCUMENT_BYTES_MAX:
        raise RequestTooLargeError(params={"max_mb": str(DOCUMENT_BYTES_MAX // 1_000_000)})
    report = examine_file(document, office.evidence(), at=office.clock(), line=line)
    return signed_revision(document, report.signatures, number)


def revision_answer(content: bytes) -> Response:
    """Return the bytes as a file to save."""
    return Response(content, headers=_HEADERS, media_type="application/pdf")
