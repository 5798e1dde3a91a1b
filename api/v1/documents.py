"""Official documents of the caller's department: prepare an upload, look at the very bytes, approve, seal, fetch."""

from typing import Annotated, Any, Final

from fastapi import Form, Query, Response

from api.cursors import read_cursor, write_cursor
from api.downloads import download
from api.etags import is_known
from api.guard import TheCaller, TheLine, TheOffice
from api.official_sealing import (
    bytes_of,
    demand_document,
    inventory_of,
    page_of,
    prepare_upload,
    seal_prepared,
    slip_of,
)
from api.sheets_in import read_upload
from api.v1.answers import NO_STORE, PREFIX, IfNoneMatch, both, link_next, personal, router
from api.v1.document_schemas import (
    DocumentContents,
    DocumentForm,
    DocumentOut,
    DocumentPage,
    DocumentQuery,
    PageNumber,
    SeenIn,
)
from registry import official_documents
from registry.db import reading
from signer.official import acts

documents: Final = router("documents")
_PATH: Final = f"{PREFIX}/documents"
_FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            each: {"schema": {"type": "string", "format": "binary"}} for each in ("application/pdf", "application/ofd")
        }
    }
}
_PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
}
_SLIP: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@documents.post("/documents", status_code=201, summary=both("准备公文用印", "Prepare an official document"))
def prepare_document(
    office: TheOffice,
    caller: TheCaller,
    line: TheLine,
    response: Response,
    body: Annotated[DocumentForm, Form(media_type="multipart/form-data")],
) -> DocumentOut:
    """Place the seal and make the exact bytes to be signed; nothing is signed, logged or counted yet."""
    upload, wanted = read_upload(body.file.file), body.to_wanted()
    record = prepare_upload(office, upload, wanted, operator=caller.operator, line=line)
    personal(response, version=record.etag)
    response.headers["Location"] = f"{_PATH}/{record.document_id}"
    return DocumentOut.of(record)


@documents.get("/documents", summary=both("列出本部门的公文", "List the department's official documents"))
def list_documents(
    office: TheOffice, caller: TheCaller, response: Response, *, asked: Annotated[DocumentQuery, Query()]
) -> DocumentPage:
    """Newest first; the Link header leads to the next page."""
    with reading(office.database) as tx:
        found = official_documents.list_officials(
            tx, caller.operator.department, before=read_cursor("documents", asked.cursor), limit=asked.limit
        )
    following = write_cursor("documents", found[-1].document_id) if len(found) == asked.limit else None
    personal(response)
    link_next(response, _PATH, following, asked.model_dump(exclude={"cursor"}))
    return DocumentPage(items=tuple(DocumentOut.of(each) for each in found), next=following)


@documents.get("/documents/{document_id}", summary=both("读取一份公文", "Read an official document"))
def get_document(document_id: str, office: TheOffice, response: Response) -> DocumentOut:
    """Read its state, where its seals stand, and the digest that names its prepared bytes."""
    record = demand_document(office, document_id)
    personal(response, version=record.etag)
    return DocumentOut.of(record)


@documents.get(
    "/documents/{document_id}/file",
    summary=both("下载公文文件", "Download the document"),
    response_class=Response,
    responses=_FILES,
)
def get_document_file(document_id: str, office: TheOffice, if_none_match: IfNoneMatch = None) -> Response:
    """Return the sealed file, or while it waits the very bytes that will be signed, byte for byte."""
    record = demand_document(office, document_id)
    headers = {
        "ETag": f'"{record.document_digest or record.prepared_digest}"',
        "Cache-Control": NO_STORE,
        "Content-Disposition": f'attachment; filename="{document_id}.{record.form}"',
    }
    if is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(bytes_of(office, record), headers=headers, media_type=f"application/{record.form}")


@documents.get(
    "/documents/{document_id}/pages/{page}",
    summary=both("查看公文页面", "See a page of the document"),
    response_class=Response,
    responses=_PICTURE,
)
def get_document_page(document_id: str, page: PageNumber, office: TheOffice, line: TheLine) -> Response:
    """Return a page as PNG, drawn from the very bytes that will be signed, its seal in place."""
    picture = page_of(office, demand_document(office, document_id), page, line=line)
    return Response(picture, headers={"Cache-Control": NO_STORE}, media_type="image/png")


@documents.get("/documents/{document_id}/contents", summary=both("列出公文内容", "List what the document shows"))
def get_document_contents(document_id: str, office: TheOffice, line: TheLine, response: Response) -> DocumentContents:
    """List texts, pictures and seals of each page of the very bytes that will be signed, and all files of an OFD."""
    found = inventory_of(office, demand_document(office, document_id), line=line)
    response.headers["Cache-Control"] = NO_STORE
    return DocumentContents.of(found)


@documents.get(
    "/documents/{document_id}/slip",
    summary=both("下载公文核验单", "Download the document's slip"),
    response_class=Response,
    responses=_SLIP,
)
def get_document_slip(document_id: str, office: TheOffice) -> Response:
    """Return half a sheet with title, id and code of a sealed document, to be printed or kept with it."""
    content = slip_of(office, demand_document(office, document_id))
    return download(content, f"{document_id}-slip.pdf", "application/pdf")


@documents.post("/documents/{document_id}/approve", summary=both("审核公文用印", "Approve the sealing"))
def approve_document(
    document_id: str, body: SeenIn, office: TheOffice, caller: TheCaller, response: Response
) -> DocumentOut:
    """Let another person's document be sealed, after looking at the bytes of this digest."""
    record = acts.approve(office.desk, document_id, digest=body.digest, operator=caller.operator, at=office.clock())
    personal(response, version=record.etag)
    return DocumentOut.of(record)


@documents.post("/documents/{document_id}/seal", summary=both("公文用印", "Seal the document"))
def seal_document(
    document_id: str, body: SeenIn, office: TheOffice, caller: TheCaller, line: TheLine, response: Response
) -> DocumentOut:
    """Seal exactly the bytes of this digest: the use is counted, logged, signed, checked and filed."""
    record = seal_prepared(office, document_id, digest=body.digest, operator=caller.operator, line=line)
    personal(response, version=record.etag)
    return DocumentOut.of(record)
