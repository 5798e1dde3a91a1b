"""Steps 3 to 5 of issuing: pages, intents of their signatures, signatures.

Promises:
  * What is logged is the hash of the exact bytes that the key will sign: the signed attributes with tag 31.
  * The document carries its own log proof and a time stamp; neither is covered by the signature, both are checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from keys.custody import KeyName
from signer.codes import Coded
from signer.desk import Desk, Operator
from signer.log_entries import licence_intent
from signer.metadata import national_metadata
from signer.pades import assemble_cms, document_digest, embed, signed_attributes
from signer.page.pdf import UnsignedPdf
from signer.page.press import PageRequest
from signer.reservation import RefusedDraft
from verify.errors import YinzhengError
from verify.key_purpose import KeyPurpose
from verify.licence import ISSUER_ZONE
from verify.log_proof import LogReceipt
from verify.mandate import Mandate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An unsigned page round a signed code, and the bytes that the document key is to sign."""

    coded: Coded
    unsigned: UnsignedPdf
    key: KeyName
    attributes: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signed document, not yet checked and not yet filed."""

    coded: Coded
    document: bytes
    leaf: int


def render(
    desk: Desk, chunk: Sequence[Coded], *, operator: Operator, at: datetime
) -> tuple[tuple[Rendered, ...], tuple[RefusedDraft, ...]]:
    """Lay out and write the pages; a draft whose text does not fit its boxes is refused."""
    rendered, refused = [], []
    for coded in chunk:
        try:
            rendered.append(_render(desk, coded, operator=operator, at=at))
        except YinzhengError as error:
            refused.append(RefusedDraft(draft_id=coded.reserved.record.draft_id, error=error))
    desk.after("rendered")
    return tuple(rendered), tuple(refused)


def _render(desk: Desk, coded: Coded, *, operator: Operator, at: datetime) -> Rendered:
    each = coded.reserved
    draft = each.record.draft
    request = PageRequest(
        licence_type=each.licence_type,
        data_set=each.data_set,
        draft=draft,
        department=each.department,
        token_text=coded.text,
        photo=draft.photo,
        seal_png=desk.seal_picture(each.department),
        metadata=national_metadata(
            draft, each.data_set, each.licence_type, each.department, issued_on=at.astimezone(ISSUER_ZONE).date()
        ),
        created=at,
        test=desk.settings.test,
    )
    unsigned = desk.press.render(request)
    key = desk.key(KeyPurpose.DOCUMENT, each.department.uscc)
    mandate = Mandate(
        item_code=draft.item_code or None,
        legal_basis=each.licence_type.legal_basis,
        role=operator.role.value,
        grant=None,
    )
    attributes = signed_attributes(desk.signer_parts(key), document_digest(unsigned), mandate)
    return Rendered(coded=coded, unsigned=unsigned, key=key, attributes=attributes)


def log_documents(desk: Desk, chunk: Sequence[Rendered]) -> tuple[LogReceipt, ...]:
    """Write the intents of all documents of the chunk; one commit for all."""
    if not chunk:
        return ()
    receipts = desk.log.append(
        [
            licence_intent(
                KeyPurpose.DOCUMENT,
                desk.custody.public_key(each.key),
                each.attributes,
                data_set_digest=each.coded.reserved.data_set.digest,
                licence_id=each.coded.reserved.place.licence_id,
            )
            for each in chunk
        ]
    )
    desk.after("documents_logged")
    return receipts


def sign_documents(desk: Desk, chunk: Sequence[Rendered], receipts: Sequence[LogReceipt]) -> tuple[Signed, ...]:
    """Sign the logged bytes, stamp the signatures with the time, put both and the log proof into the pages."""
    signed = []
    for each, receipt in zip(chunk, receipts, strict=True):
        parts = desk.signer_parts(each.key)
        signature = desk.custody.sign(each.key, each.attributes, receipt=receipt)
        timestamp = desk.timestamps.stamp(sha256(signature).digest())
        cms = assemble_cms(parts, each.attributes, signature, timestamp=timestamp, receipt=receipt)
        signed.append(Signed(coded=each.coded, document=embed(each.unsigned, cms), leaf=receipt.index))
    desk.after("documents_signed")
    return tuple(signed)
