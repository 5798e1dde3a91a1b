"""Steps 3 to 5 of issuing: the bodies, intents of their signatures, signatures.

Promises:
  * All bodies of a licence come from one layout, and both name the mandate: grant, item, legal basis, role.
  * What is logged is the hash of the exact bytes that a key will sign: the CMS signed attributes with tag 31 for a PDF,
    TBS_Sign of GB/T 38540 for an OFD.
  * Each body carries its own log proof, and a PDF a time stamp; neither is covered by the signature, both are checked.
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
from signer.page.ofd import UnsignedOfd
from signer.page.ofd_seal import PreparedOfd, assemble_ofd, prepare_ofd_seal
from signer.page.pdf import UnsignedPdf
from signer.page.press import BodyForm, PageRequest
from signer.reservation import RefusedDraft
from verify.errors import YinzhengError
from verify.key_purpose import KeyPurpose
from verify.licence import ISSUER_ZONE
from verify.log_proof import LogReceipt
from verify.mandate import Mandate
from verify.seal_encoding import assemble_seal_signature, seal_signature_to_be_signed
from verify.sm2 import sm3


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedBody:
    """One body with everything but its signature, the key for it, and the exact bytes that the key is to sign."""

    content: UnsignedPdf | PreparedOfd
    key: KeyName
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The unsigned bodies round a signed code."""

    coded: Coded
    bodies: tuple[UnsignedBody, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The signed bodies of a licence, not yet checked and not yet filed."""

    coded: Coded
    documents: tuple[bytes, ...]


def render(
    desk: Desk, chunk: Sequence[Coded], *, operator: Operator, at: datetime
) -> tuple[tuple[Rendered, ...], tuple[RefusedDraft, ...]]:
    """Lay out each licence once and write its bodies; a draft that cannot be rendered is refused."""
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
        seal_png=desk.seal(each.use).picture,
        metadata=national_metadata(
            draft, each.data_set, each.licence_type, each.department, issued_on=at.astimezone(ISSUER_ZONE).date()
        ),
        created=at,
        test=desk.settings.test,
    )
    mandate = Mandate(
        item_code=draft.item_code or None,
        legal_basis=each.use.legal_basis,
        role=operator.role.value,
        grant=each.use.grant_id,
    )
    bodies = desk.press.render_bodies(request, forms=frozenset(map(BodyForm, each.licence_type.bodies)))
    unsigned = []
    if bodies.pdf is not None:
        unsigned.append(_pdf_body(desk, coded, bodies.pdf, mandate))
    if bodies.ofd is not None:
        unsigned.append(_ofd_body(desk, coded, bodies.ofd, mandate))
    return Rendered(coded=coded, bodies=tuple(unsigned))


def _pdf_body(desk: Desk, coded: Coded, unsigned: UnsignedPdf, mandate: Mandate) -> UnsignedBody:
    key = desk.key(KeyPurpose.DOCUMENT, coded.reserved.department.uscc)
    attributes = signed_attributes(desk.signer_parts(key), document_digest(unsigned), mandate)
    return UnsignedBody(content=unsigned, key=key, message=attributes)


def _ofd_body(desk: Desk, coded: Coded, unsigned: UnsignedOfd, mandate: Mandate) -> UnsignedBody:
    seal = desk.seal(coded.reserved.use)
    # Readers hold the time in a seal signature to the log's, so it is the clock's and not that of the act.
    signed_at = desk.clock().replace(microsecond=0)
    prepared = prepare_ofd_seal(unsigned, seal.content, signed_at=signed_at)
    message = seal_signature_to_be_signed(
        seal.content,
        signed_at=signed_at,
        data_hash=sm3(prepared.signature_xml),
        property_info=prepared.property_info,
        mandate=mandate,
    )
    return UnsignedBody(content=prepared, key=seal.key, message=message)


def log_documents(desk: Desk, chunk: Sequence[Rendered]) -> tuple[LogReceipt, ...]:
    """Write the intents of all bodies of the chunk, licence by licence; one commit for all."""
    if not chunk:
        return ()
    receipts = desk.log.append(
        [
            licence_intent(
                body.key.purpose,
                desk.custody.public_key(body.key),
                body.message,
                data_set_digest=each.coded.reserved.data_set.digest,
                licence_id=each.coded.reserved.place.licence_id,
            )
            for each in chunk
            for body in each.bodies
        ]
    )
    desk.after("documents_logged")
    return receipts


def sign_documents(desk: Desk, chunk: Sequence[Rendered], receipts: Sequence[LogReceipt]) -> tuple[Signed, ...]:
    """Sign the logged bytes, and put signature and log proof into each body."""
    waiting = iter(receipts)
    signed = tuple(
        Signed(coded=each.coded, documents=tuple(_sign(desk, each, body, next(waiting)) for body in each.bodies))
        for each in chunk
    )
    desk.after("documents_signed")
    return signed


def _sign(desk: Desk, rendered: Rendered, body: UnsignedBody, receipt: LogReceipt) -> bytes:
    signature = desk.custody.sign(body.key, body.message, receipt=receipt)
    if isinstance(body.content, PreparedOfd):
        certificate = desk.seal(rendered.coded.reserved.use).certificate
        return assemble_ofd(
            body.content, assemble_seal_signature(body.message, certificate, signature), receipt.to_text()
        )
    timestamp = desk.timestamps.stamp(sha256(signature).digest())
    parts = desk.signer_parts(body.key)
    return embed(body.content, assemble_cms(parts, body.message, signature, timestamp=timestamp, receipt=receipt))
