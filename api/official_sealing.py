"""Official documents as HTTP and command line ask for them: uploads go to the process without keys, acts to `signer`.

Promises:
  * An upload is measured before anything else is done with it, and never read in this process.
  * What an approver sees is made from the very bytes that will be signed; of an OFD no picture can be made, its bytes
    can be had instead.
"""

from dataclasses import dataclass

from api.errors import RequestTooLargeError
from api.sandbox import OWN_LINE, examine_file, inventory_of_file, picture_of_page, prepare_file
from api.wiring import Office
from registry import official_documents
from registry.db import reading
from registry.official_documents import OfficialRecord
from signer.desk import Operator
from signer.official import acts, slip
from signer.official.acts import Wanted
from signer.official.errors import NoPictureError
from signer.official.inventory import Inventory
from signer.official.wishes import PreparedFile, SealWish
from verify.report import Report
from verify.signed_document import DOCUMENT_BYTES_MAX


@dataclass(frozen=True, slots=True)
class SandboxReader:
    """The reader of uploads: a process without keys, sockets and registry."""

    office: Office
    line: str = OWN_LINE

    def prepare(self, upload: bytes, wish: SealWish) -> PreparedFile:
        """Return an upload prepared for its seal."""
        return prepare_file(upload, wish, line=self.line)

    def judge(self, document: bytes) -> Report:
        """Return the report on a document, by what a stranger has."""
        desk = self.office.desk
        at = desk.clock()
        return examine_file(document, desk.evidence(at=at), at=at, line=self.line)


def prepare_upload(
    office: Office, upload: bytes, wanted: Wanted, *, operator: Operator, line: str = OWN_LINE
) -> OfficialRecord:
    """Prepare an upload for its seal. Raises `RequestTooLargeError` above 20 MB, and what `acts.prepare` raises."""
    if len(upload) > DOCUMENT_BYTES_MAX:
        raise RequestTooLargeError(params={"max_mb": str(DOCUMENT_BYTES_MAX // 1_000_000)})
    reader = SandboxReader(office, line)
    return acts.prepare(office.desk, upload, wanted, operator=operator, reader=reader, at=office.clock())


def seal_prepared(
    office: Office, document_id: str, *, digest: str, operator: Operator, line: str = OWN_LINE
) -> OfficialRecord:
    """Seal what was prepared under this digest."""
    reader = SandboxReader(office, line)
    return acts.seal(office.desk, document_id, digest=digest, operator=operator, reader=reader, at=office.clock())


def demand_document(office: Office, document_id: str) -> OfficialRecord:
    """Return one document. Raises `UnknownOfficialDocumentError`."""
    with reading(office.database) as tx:
        return official_documents.demand_official(tx, document_id)


def bytes_of(office: Office, record: OfficialRecord) -> bytes:
    """Return the sealed file, or the bytes that wait for their seal. Raises `UnknownDocumentError` once given up."""
    return office.vault.get(record.document_digest or record.prepared_digest)


def page_of(office: Office, record: OfficialRecord, page: int, *, line: str = OWN_LINE) -> bytes:
    """Return a page as PNG, made from the bytes that will be or were signed. Raises `NoPictureError` for an OFD."""
    if record.form != "pdf":
        raise NoPictureError
    return picture_of_page(bytes_of(office, record), page, line=line)


def inventory_of(office: Office, record: OfficialRecord, *, line: str = OWN_LINE) -> Inventory:
    """Return what the bytes that will be or were signed show, as a list; an OFD has that in place of pictures."""
    return inventory_of_file(bytes_of(office, record), line=line)


def slip_of(office: Office, record: OfficialRecord) -> bytes:
    """Return the slip of a sealed document as PDF. Raises `OfficialStateError` before it is sealed."""
    return slip.slip_of(office.desk, record)
