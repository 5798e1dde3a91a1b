"""Check the document of a licence: its own signature, then the code inside it, then that both say the same.

Promises:
  * A document that nobody of the trust list signed is never one of ours, whatever it carries inside.
  * Data set, code and log entry must agree: same version, same number, type, holder, dates, same salted digest.
  * Parsing is `verify/pdf.py` and `verify/ofd.py`; nothing here raises for a bad document.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from verify.document import read_document
from verify.errors import MalformedError
from verify.evidence import Evidence
from verify.licence import DataSet, HolderKind, mask_name
from verify.log_entry import LogEntry
from verify.log_proof import LogReceipt
from verify.qr_token import LicenceToken, TokenClaims
from verify.report import Check, Finding, LogPlaces, Outcome, SignatureLine, merged
from verify.signed_document import SignedDocument
from verify.token_check import TokenCheck, check_token
from verify.witnessed import with_witnesses

# Key 3 of an intent's detail: the digest of the salted data set.
_DATA_SET_DIGEST: Final = 3

_CONTENTS_SAME: Final = Finding(check=Check.CONTENTS, code="contents.same", outcome=Outcome.PASSED, source="document")
# Inside a file that its signature does not fit, data and code may agree: it says nothing about the page.
_CONTENTS_UNPROVEN: Final = Finding(
    check=Check.CONTENTS, code="contents.unproven", outcome=Outcome.UNKNOWN, source="document"
)
_CONTENTS_MISSING: Final = Finding(
    check=Check.CONTENTS, code="contents.missing", outcome=Outcome.FAILED, source="document"
)
_ISSUER_UNKNOWN: Final = Finding(check=Check.ISSUER, code="issuer.unknown", outcome=Outcome.FAILED, source="document")
_NO_TRUST_LIST: Final = Finding(check=Check.ISSUER, code="issuer.no_trust_list", outcome=Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCheck:
    """What a document alone can tell; `code` is None when it carries none that belongs to it."""

    signed: SignedDocument
    code: TokenCheck | None
    findings: tuple[Finding, ...]

    @property
    def token(self) -> LicenceToken | None:
        """The code inside, when it could be read."""
        return None if self.code is None else self.code.token

    @property
    def log(self) -> LogPlaces:
        """Where the document's intent stands in the log, by the proof that it carries."""
        receipt, checkpoint = self.signed.receipt, self.signed.checkpoint
        if receipt is None or checkpoint is None:
            return LogPlaces()
        return LogPlaces(document_leaf=receipt.index, tree_size=checkpoint.size, proof=receipt.to_text())

    @property
    def lines(self) -> tuple[SignatureLine, ...]:
        """All signatures of the document, for showing."""
        return tuple(
            SignatureLine(
                signer=each.signer, signed_at=each.signed_at, outcome=each.outcome, signed_bytes=each.signed_bytes
            )
            for each in self.signed.signatures
        )


def check_document(document: bytes, evidence: Evidence, *, at: datetime) -> DocumentCheck:
    """Check a file.

    1. Its form, signature, signer and log proof. 2. That it is one of ours. 3. The code inside. 4. That data set, code
    and log entry are of one licence. An official document carries no code, and ends with the second step.
    """
    read = read_document(document, evidence.trust, evidence.crls, at=at)  # (1)
    signed = with_witnesses(read, evidence.trust, at=at)
    if not signed.is_ours:
        return DocumentCheck(signed=signed, code=None, findings=_of_foreign(signed, evidence))  # (2)
    if signed.official is not None:
        return DocumentCheck(signed=signed, code=None, findings=merged(signed.findings))
    if signed.data_set is None or signed.token_text is None:
        return DocumentCheck(signed=signed, code=None, findings=merged((*signed.findings, _CONTENTS_MISSING)))
    code = check_token(signed.token_text, evidence, at=at)  # (3)
    same = _compare(signed, signed.data_set, code.token)  # (4)
    of_code = () if code.token is None else (*code.findings, *code.notices)
    if _is_vouched_for(signed):
        of_code = tuple(each for each in of_code if each.code != "log.cut_off")
    return DocumentCheck(signed=signed, code=code, findings=merged((*signed.findings, *of_code, *same)))


def _is_vouched_for(signed: SignedDocument) -> bool:
    """Say whether the document proves the code inside it, also where the code's key was stolen since.

    It is covered by the document's signature, and that one stands in the log, below the cut-off of its own key if there
    is one: so the office made both before the theft.
    """
    is_logged = any(each.check is Check.LOG and each.outcome is Outcome.PASSED for each in signed.findings)
    return is_logged and not signed.has_failed


def _of_foreign(signed: SignedDocument, evidence: Evidence) -> tuple[Finding, ...]:
    """Return the findings of a document that is not ours; a good signature alone never makes it one."""
    if any(each.check is Check.ISSUER and each.outcome is not Outcome.PASSED for each in signed.findings):
        return merged(signed.findings)
    if any(each.check is Check.FORM and each.outcome is Outcome.FAILED for each in signed.findings):
        return merged(signed.findings)
    others = tuple(each for each in signed.findings if each.check is not Check.ISSUER)
    return merged((*others, _NO_TRUST_LIST if evidence.trust is None else _ISSUER_UNKNOWN))


def _compare(signed: SignedDocument, data_set: DataSet, token: LicenceToken | None) -> tuple[Finding, ...]:
    if token is None:
        return (_CONTENTS_MISSING,)
    claims = token.claims
    different = _differences(data_set, claims)
    if signed.issuer_uscc is not None and signed.issuer_uscc != claims.issuer:
        different = (*different, "issuer")
    found = [_CONTENTS_UNPROVEN if _has_bad_signature(signed) else _CONTENTS_SAME]
    if different:
        detail = ", ".join(different)
        found = [
            Finding(
                check=Check.CONTENTS,
                code="contents.other_token",
                outcome=Outcome.FAILED,
                detail=detail,
                source="document",
            )
        ]
    if signed.receipt is not None and not _logs(signed.receipt, data_set):
        detail = "the entry is of another data set"
        found.append(Finding(check=Check.LOG, code="log.wrong", outcome=Outcome.FAILED, detail=detail))
    return tuple(found)


def _has_bad_signature(signed: SignedDocument) -> bool:
    return any(each.check is Check.SIGNATURE and each.outcome is Outcome.FAILED for each in signed.findings)


def _differences(data_set: DataSet, claims: TokenClaims) -> tuple[str, ...]:
    """Return the names of what data set and code say differently; a person's name is masked in the code."""
    of_person = data_set.holder_kind is HolderKind.PERSON
    holder = mask_name(data_set.holder_name) if of_person else data_set.holder_name
    is_named = claims.holder in {holder, data_set.holder_name}
    pairs = (
        ("digest", data_set.short_digest, claims.data_set_digest),
        ("id", data_set.licence_id, claims.licence_id),
        ("number", data_set.number, claims.number),
        ("type_code", data_set.type_code, claims.type_code),
        ("valid_from", data_set.valid_from, claims.valid_from),
        ("valid_until", data_set.valid_until, claims.valid_until),
        ("holder_uscc", data_set.holder_uscc, claims.holder_uscc),
        ("holder", is_named, True),
    )
    return tuple(name for name, inside, shown in pairs if inside != shown)


def _logs(receipt: LogReceipt, data_set: DataSet) -> bool:
    """Say whether the log entry names the digest of this data set; its place in the log was checked before."""
    try:
        entry = LogEntry.decode(receipt.entry)
    except MalformedError:
        return False
    return (entry.detail or {}).get(_DATA_SET_DIGEST) == sha256(data_set.encode()).digest()
