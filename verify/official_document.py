"""Judge a PDF that an office of ours sealed as an official document: a file of any form, with our signature behind it.

Promises:
  * Only a signature with the mark of official documents counts, under an authority of the trust list, with mandate,
    time stamp and log proof; a licence has no such mark, so neither is ever taken for the other.
  * Everything up to the end of our signature's revision is covered by it. Behind it only signatures, time stamps and
    revocation data may stand, and each signature of the file must hold, also those from before ours. What a later one
    shows is told unless it is trusted.
  * What the pages say is the office's affair: nothing of a stranger's page is read here.

The file may be of any form, so its structure is pyHanko's to read; our signature itself is read by hand as in licences.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from verify.foreign_pdf import judge_foreign
from verify.guarded_pyhanko import REVISIONS_MAX, open_pdf
from verify.issuer_check import issuer_uscc
from verify.own_document import OwnSignature, judge_at, judge_log, judge_path, judge_signature
from verify.report import Check, Finding, Outcome
from verify.revisions import RevisionError, demand_end
from verify.signed_document import STRANGERS_MARK, SignatureFound, SignedDocument

if TYPE_CHECKING:
    from pyhanko.pdf_utils.generic import DictionaryObject
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

_FORM: Final = Finding(check=Check.FORM, code="form.official_pdf", outcome=Outcome.PASSED)
_WHOLE: Final = Finding(check=Check.CONTENTS, code="contents.whole", outcome=Outcome.PASSED, source="document")


def judge_official(signatures: Sequence[OwnSignature]) -> SignedDocument:
    """Judge a file by the last of the official signatures that it bears; never raises for a bad one.

    1. The path from its certificate. 2. Signature and time stamp. 3. Revocation at the stamped time. 4. The log.
    5. What stands behind it. 6. All other signatures.
    """
    own = signatures[-1]
    issuer = judge_path(own)  # (1)
    stamped, signature = judge_signature(own, issuer.path)  # (2)
    issuers: tuple[Finding, ...] = (issuer.finding,)
    if issuer.path is not None and stamped is not None:
        issuers = judge_at(own, issuer, issuer.path, stamped)  # (3)
    log = judge_log(own, {})  # (4)
    contents = _judge_later(own)  # (5)
    lines, others = _judge_all(own)  # (6)
    marks = () if contents.outcome is Outcome.FAILED else _judge_marks(own, lines)
    certificate = own.cms.certificate
    return SignedDocument(
        digest=sha256(own.document).digest(),
        is_ours=issuer.path is not None,
        findings=(_FORM, signature, *others, *issuers, contents, *marks, log.finding),
        signatures=lines,
        mandate=own.cms.mandate,
        receipt=log.receipt,
        checkpoint=log.checkpoint,
        issuer_uscc=issuer_uscc(certificate.organisation),
        signer_kid=certificate.kid,
        signed_at=None if stamped is None else stamped.at,
        is_test=certificate.is_test,
        official=own.cms.official,
    )


def _judge_later(own: OwnSignature) -> Finding:
    """Say whether our signature is one of the file's structure, and nothing but signatures was added behind it."""
    try:
        _demand_unchanged(own)
    except RevisionError as error:
        return _changed(error.detail)
    except Exception as error:  # noqa: BLE001 - for a hostile file pyHanko raises whatever Python raises
        return _changed(type(error).__name__)
    return _WHOLE


def _demand_unchanged(own: OwnSignature) -> None:
    reader = open_pdf(own.document, strict=False)
    if reader.xrefs.total_revisions > REVISIONS_MAX:
        raise RevisionError("too many revisions")
    embedded = _embedded(reader, own)
    if own.room.revision_end == len(own.document):
        return
    total = reader.xrefs.total_revisions
    if embedded.signed_revision + 1 >= total:
        raise RevisionError("bytes behind the signed revision that are none")
    demand_end(own.document, max(reader.xrefs.get_startxref_for_revision(number) for number in range(total)))
    _review(reader, embedded.signed_revision)


def _embedded(reader: "PdfFileReader", own: OwnSignature) -> "EmbeddedPdfSignature":
    """Return our signature as the file's structure has it; bytes that only look like one are none."""
    room = own.room
    span = [0, room.start, room.end, room.revision_end - room.end]
    signatures: list[EmbeddedPdfSignature] = reader.embedded_signatures
    for each in signatures:
        if list(each.byte_range) == span:
            return each
    raise RevisionError("a signature that no field of the file holds")


def _review(reader: "PdfFileReader", revision: int) -> None:
    from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel

    from verify.revision_rules import signatures_only

    result = signatures_only().review_file(reader, revision)
    if not isinstance(result, DiffResult):
        raise result
    if result.modification_level > ModificationLevel.FORM_FILLING:
        raise RevisionError("more than signatures and revocation data")


def _judge_all(own: OwnSignature) -> tuple[tuple[SignatureFound, ...], tuple[Finding, ...]]:
    """Return all signatures for showing, and a finding when one does not hold; of strangers' no more is asked."""
    judged = judge_foreign(own.document, own.trust, own.crls, at=own.at)
    failed = [each for each in judged.signatures if each.outcome is Outcome.FAILED]
    if failed or not judged.signatures:
        return judged.signatures, (_bad("a signature of the file does not hold"),)
    return judged.signatures, ()


def _judge_marks(own: OwnSignature, lines: Sequence[SignatureFound]) -> tuple[Finding, ...]:
    """Tell that a later field is seen on a page which no trusted signature fills: its picture may cover anything."""
    if own.room.revision_end == len(own.document):
        return ()
    try:
        return (STRANGERS_MARK,) if _has_strange_mark(own, lines) else ()
    except Exception:  # noqa: BLE001 - as in `_judge_later`
        return (STRANGERS_MARK,)


def _has_strange_mark(own: OwnSignature, lines: Sequence[SignatureFound]) -> bool:
    from pyhanko.sign.fields import enumerate_sig_fields

    reader = open_pdf(own.document, strict=False)
    signed = _embedded(reader, own).signed_revision
    later = {
        each
        for number in range(signed + 1, reader.xrefs.total_revisions)
        for each in reader.xrefs.explicit_refs_in_revision(number)
    }
    # Both stand in the order of their revisions.
    pairs = zip(reader.embedded_signatures, lines, strict=False)
    trusted = {each.field_name for each, line in pairs if line.outcome is Outcome.PASSED}
    return any(
        reference.reference in later and name not in trusted and _is_seen(reference.get_object())
        for name, _value, reference in enumerate_sig_fields(reader)
    )


def _is_seen(field: "DictionaryObject") -> bool:
    """Say whether a field has a place with an area on some page."""
    widgets = [field, *(each.get_object() for each in field.get("/Kids", ()))]
    boxes = [each["/Rect"] for each in widgets if "/Rect" in each]
    return any(float(left) != float(right) and float(low) != float(high) for left, low, right, high in boxes)


def _changed(detail: str) -> Finding:
    return Finding(check=Check.CONTENTS, code="contents.changed_after_signing", outcome=Outcome.FAILED, detail=detail)


def _bad(detail: str) -> Finding:
    return Finding(check=Check.SIGNATURE, code="signature.bad", outcome=Outcome.FAILED, detail=detail)
