"""What reading a signed document finds, the same for our own documents and for those of others.

Promises:
  * A value says what was found, good or bad; making one never raises for a bad document.
  * What a document only claims (a time, a name) is never put where something proven belongs.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from verify.licence import DataSet
from verify.log_proof import LogReceipt
from verify.mandate import Mandate
from verify.note import Checkpoint
from verify.report import Check, Finding, Outcome
from verify.seal_objects import Seal
from verify.values import LicenceId

# The largest file that anybody may hand in; a licence has some 100 kB, a scanned dossier some megabytes.
DOCUMENT_BYTES_MAX: Final = 20_000_000

# What turns the direction of writing, begins a line, or is not seen: with it a name reads as something else.
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")

DocumentForm = Literal["pdf", "ofd"]

STRANGERS_MARK: Final = Finding(
    check=Check.CONTENTS, code="contents.strangers_mark", outcome=Outcome.UNKNOWN, source="document"
)
"""Behind an office's seal somebody put a mark on a page who is not trusted: its picture may cover anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFound:
    """One signature of a document, to be shown; `signed_at` is proven by a time stamp, or None.

    `signed_bytes` is how long the file was when it was signed: told of a signature of a PDF that fits those bytes, and
    behind which something stands now.
    """

    signer: str
    signed_at: datetime | None
    outcome: Outcome
    code: str
    is_timestamp: bool = False
    signed_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDocument:
    """What a signed document turned out to be.

    `is_ours` says that it is signed under an authority of the trust list and in our form; it may still have been
    altered or revoked: the findings tell. What a document carries is handed out also when a check failed. `official`
    is the id of an official document; a licence has none. `seal` is that of an OFD, and `uncovered` are the files of a
    stranger's OFD that no signature protects.
    """

    digest: bytes
    is_ours: bool
    findings: tuple[Finding, ...]
    signatures: tuple[SignatureFound, ...] = ()
    data_set: DataSet | None = None
    token_text: str | None = None
    metadata: bytes | None = None
    mandate: Mandate | None = None
    receipt: LogReceipt | None = None
    checkpoint: Checkpoint | None = None
    issuer_uscc: str | None = None
    signer_kid: bytes | None = None
    signed_at: datetime | None = None
    is_test: bool = False
    official: LicenceId | None = None
    form: DocumentForm = "pdf"
    seal: Seal | None = None
    uncovered: tuple[str, ...] = ()

    def with_findings(self, findings: Iterable[Finding]) -> "SignedDocument":
        """Return the same document with findings added, in the order in which checks are shown."""
        order = list(Check)
        both = sorted((*self.findings, *findings), key=lambda each: order.index(each.check))
        return replace(self, findings=tuple(both))

    @property
    def has_failed(self) -> bool:
        """Say whether any check failed."""
        return any(each.outcome is Outcome.FAILED for each in self.findings)


def as_seen(name: str) -> str:
    """Return a stranger's name as it is shown: what is not seen, or would turn or break the line, is marked."""
    return _UNSEEN.sub("\ufffd", name)
