"""Seal an official document in two acts: prepare the exact bytes, and, when they were looked at, seal those.

Promises:
  * What is sealed is what was prepared, named by its digest; another digest, and nothing is taken or logged.
  * Seal, grant, term, limit and second person are judged under lock before anything is logged; the intent stands in the
    log before the key is used; only what our own strict check accepts is filed.
  * A crash between any two steps loses nothing and doubles nothing: `recover` gives the attempt up, and the document is
    prepared anew under another id.
  * An upload is read by the reader that is handed in, which is a process without keys; here it is only bytes.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Final, Protocol

from keys.custody import KeyName
from registry import official_documents, seal_grants, seal_uses, seals
from registry.db import Transaction, reading, transaction
from registry.departments import find_department
from registry.errors import UnknownDepartmentError
from registry.official_documents import OfficialRecord, OfficialState
from registry.records import Role
from registry.seal_errors import SealNotFiledError
from registry.seal_facts import seal_facts
from registry.seal_judging import judge
from registry.seal_records import Occasion, SealGrant, SealObjectRecord, SealUse, UseFiling, UseRequest
from signer.desk import Desk, Operator, demand
from signer.log_entries import official_intent
from signer.official.package import RECEIPT_FILE, VALUE_FILE, finish
from signer.official.places import Placing, SealImage
from signer.official.slip import Slip, write_slip
from signer.official.wishes import Layout, PreparedFile, SealWish
from signer.pades import assemble_cms, document_digest, embed, signed_attributes
from signer.page.pdf import UnsignedPdf
from signer.seal_parts import SealParts
from verify.key_purpose import KeyPurpose
from verify.log_proof import LogReceipt
from verify.mandate import Mandate
from verify.official_examine import accept_official
from verify.report import Report
from verify.seal_encoding import assemble_seal_signature, seal_signature_to_be_signed
from verify.sm2 import sm3
from verify.values import LICENCE_ID_BYTES, LicenceId

USERS: Final = frozenset({Role.ISSUING_OFFICER})
APPROVERS: Final = frozenset({Role.REVIEWER})
# Stands for the second person while a grant is looked for: who it will be is known when somebody approves.
_TO_COME: Final = "?"


class Reader(Protocol):
    """Reads uploads in a process without keys (`api/sandbox.py`)."""

    def prepare(self, upload: bytes, wish: SealWish) -> PreparedFile:
        """Return an upload prepared for its seal."""
        ...

    def judge(self, document: bytes) -> Report:
        """Return the report on a document, by the trust list alone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be sealed, and where. Without a grant named, the narrowest one that fits is used.

    With `slip_page`, a page with title, id and code is put behind the last one, and sealed with it.
    """

    title: str = field(repr=False)
    placing: Placing
    item_code: str | None = None
    grant_id: str | None = None
    slip_page: bool = False


def prepare(
    desk: Desk, upload: bytes, wanted: Wanted, *, operator: Operator, reader: Reader, at: datetime
) -> OfficialRecord:
    """Prepare a document and save it: nothing is taken, logged or signed.

    1. Find grant and seal, and see that they may be used now. 2. Let the reader prepare the bytes. 3. Keep them, then
    name them in a row. Raises what is against the use, an `OfficialError` or `PlaceError` of the upload, and what the
    reader raises.
    """
    demand(operator, department=operator.department, roles=USERS)
    with reading(desk.database) as tx:
        grant, seal = _find(tx, wanted, operator, at=at)  # (1)
        department = find_department(tx, operator.department)
        seal_name = seals.demand_seal(tx, seal.code).name
    if department is None:
        raise UnknownDepartmentError
    wish = _wish(desk, wanted, seal, (department.name, seal_name), at=at)
    prepared = reader.prepare(upload, wish)  # (2)
    digest = desk.vault.put(prepared.content)  # (3)
    record = OfficialRecord(
        document_id=wish.document_id,
        department=operator.department,
        form=prepared.layout.form,
        title=wanted.title,
        state=OfficialState.PREPARED,
        grant_id=grant.grant_id,
        seal_code=seal.code,
        seal_version=seal.version,
        item_code=wanted.item_code,
        upload_digest=sha256(upload).hexdigest(),
        prepared_digest=digest,
        pages=prepared.layout.pages,
        layout=prepared.layout.to_text(),
        prepared_by=operator.person_id,
        prepared_at=at,
    )
    with transaction(desk.database) as tx:
        official_documents.add_prepared(tx, record)
    desk.after("document_prepared")
    return record


def approve(desk: Desk, document_id: str, *, digest: str, operator: Operator, at: datetime) -> OfficialRecord:
    """Let another person's prepared document be sealed, after looking at the bytes of this digest."""
    with transaction(desk.database) as tx:
        record = official_documents.demand_official(tx, document_id)
        demand(operator, department=record.department, roles=APPROVERS)
        return official_documents.approve_official(tx, document_id, digest=digest, person=operator.person_id, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sealing:
    """A document on its way, with the use that was taken for it and what will be signed."""

    record: OfficialRecord
    use: SealUse
    mandate: Mandate
    layout: Layout

    @property
    def mark(self) -> LicenceId:
        """The id that is signed, which makes it an official document and no licence."""
        return LicenceId.parse(self.record.document_id)


def seal(
    desk: Desk, document_id: str, *, digest: str, operator: Operator, reader: Reader, at: datetime
) -> OfficialRecord:
    """Seal a prepared document.

    1. Take the use, under lock. 2. Fetch the prepared bytes. 3. Log the intent to sign exactly them. 4. Sign, stamp the
    time, put both and the log proof into the room. 5. Check our own work like a stranger. 6. Keep the file. 7. File
    document and use together.
    """
    sealing = _begin(desk, document_id, digest=digest, operator=operator, at=at)  # (1)
    desk.after("use_taken")
    content = desk.vault.get(sealing.record.prepared_digest)  # (2)
    document = (_seal_ofd if sealing.layout.form == "ofd" else _seal_pdf)(desk, sealing, content)  # (3) (4)
    desk.after("document_signed")
    verified = accept_official(
        document, reader.judge(document), document_id=document_id, mandate=sealing.mandate
    )  # (5)
    desk.after("document_checked")
    desk.vault.put(document)  # (6)
    desk.after("document_kept")
    with transaction(desk.database) as tx:  # (7)
        filing = UseFiling(use_id=sealing.use.use_id, bodies=((verified.digest, verified.leaf),))
        filed = official_documents.file_official(tx, verified, at=at)
        seal_uses.file_uses(tx, (filing,), at=at, random=desk.random)
    desk.after("document_filed")
    desk.log.flush_pending()
    return filed


def _wish(desk: Desk, wanted: Wanted, seal: SealObjectRecord, names: tuple[str, str], *, at: datetime) -> SealWish:
    """Return what the reader is to prepare, under a new id; the names are those of office and seal."""
    mark = LicenceId(desk.random(LICENCE_ID_BYTES))
    picture = seal.picture
    return SealWish(
        document_id=mark.text,
        placing=wanted.placing,
        image=SealImage(png=picture.content, width=picture.width_mm, height=picture.height_mm),
        name=names[0],
        at=at,
        seal=seal.content or b"",
        slip=_slip_page(desk, wanted, mark, names, at=at),
    )


def _slip_page(desk: Desk, wanted: Wanted, mark: LicenceId, names: tuple[str, str], *, at: datetime) -> bytes:
    """Return the page that is put behind the last one, with the names of office and seal; nothing if none is wanted."""
    if not wanted.slip_page:
        return b""
    office, seal_name = names
    slip = Slip(
        document_id=mark,
        title=wanted.title,
        office=office,
        seal_name=seal_name,
        host=desk.settings.host,
        at=at,
        is_sealed=False,
        is_test=desk.settings.test,
    )
    return write_slip(desk.press, slip)


def _find(tx: Transaction, wanted: Wanted, operator: Operator, *, at: datetime) -> tuple[SealGrant, SealObjectRecord]:
    occasion = replace(_occasion(operator, wanted.item_code), second_person=_TO_COME, second_role=Role.REVIEWER.value)
    if wanted.grant_id is None:
        grant = seal_grants.find_grant(tx, occasion, at=at)
    else:
        grant = seal_grants.demand_grant(tx, wanted.grant_id)
        judge(seal_facts(tx, {grant.code})[grant.code], grant, occasion, at=at)
    seal = seals.current_object(tx, grant.code)
    if seal is None:
        raise SealNotFiledError
    return grant, seal


def _occasion(operator: Operator, item_code: str | None) -> Occasion:
    return Occasion(
        office=operator.department,
        person=operator.person_id,
        role=operator.role.value,
        type_code=None,
        item_code=item_code,
    )


def _begin(desk: Desk, document_id: str, *, digest: str, operator: Operator, at: datetime) -> _Sealing:
    with transaction(desk.database) as tx:
        record = official_documents.lock_for_sealing(tx, document_id, digest=digest)
        demand(operator, department=record.department, roles=USERS)
        occasion = _occasion(operator, record.item_code)
        if record.approved_by is not None:
            occasion = replace(occasion, second_person=record.approved_by, second_role=Role.REVIEWER.value)
        request = UseRequest(grant_id=record.grant_id, occasion=occasion, document_id=document_id)
        use = seal_uses.take_use(tx, request, at=at, lease_until=at + desk.log.lease, random=desk.random)
        official_documents.begin_sealing(tx, document_id, use_id=use.use_id)
    mandate = Mandate(
        item_code=record.item_code, legal_basis=use.legal_basis, role=operator.role.value, grant=use.grant_id
    )
    return _Sealing(record=record, use=use, mandate=mandate, layout=Layout.from_text(record.layout))


def _seal_pdf(desk: Desk, sealing: _Sealing, content: bytes) -> bytes:
    start, end = sealing.layout.room
    unsigned = UnsignedPdf(content=bytearray(content), hole_start=start, hole_end=end)
    key = desk.key(KeyPurpose.DOCUMENT, sealing.record.department)
    parts = desk.signer_parts(key)
    attributes = signed_attributes(parts, document_digest(unsigned), sealing.mandate, official=sealing.mark)
    receipt = _log(desk, key, attributes, sealing.record.document_id)
    signature = desk.custody.sign(key, attributes, receipt=receipt)
    timestamp = desk.timestamps.stamp(sha256(signature).digest())
    return embed(unsigned, assemble_cms(parts, attributes, signature, timestamp=timestamp, receipt=receipt))


def _seal_ofd(desk: Desk, sealing: _Sealing, content: bytes) -> bytes:
    layout = sealing.layout
    parts = SealParts.read(desk.database, sealing.use.code, sealing.record.seal_version)
    first, last = layout.signed
    message = seal_signature_to_be_signed(
        parts.content,
        # Readers hold the time in a seal signature to the log's, so it is the clock's and not that of the act.
        signed_at=desk.clock().replace(microsecond=0),
        data_hash=sm3(content[first:last]),
        property_info=f"/{layout.signature}",
        mandate=sealing.mandate,
        official=sealing.mark,
    )
    receipt = _log(desk, parts.key, message, sealing.record.document_id)
    signature = desk.custody.sign(parts.key, message, receipt=receipt)
    value = assemble_seal_signature(message, parts.certificate, signature)
    folder = layout.signature.rpartition("/")[0]
    files = {f"{folder}/{VALUE_FILE}": value, f"{folder}/{RECEIPT_FILE}": receipt.to_text().encode()}
    return finish(content, layout.room, files)


def _log(desk: Desk, key: KeyName, to_be_signed: bytes, document_id: str) -> LogReceipt:
    entry = official_intent(key.purpose, desk.custody.public_key(key), to_be_signed, document_id=document_id)
    (receipt,) = desk.log.append((entry,))
    desk.after("document_logged")
    return receipt
