"""What custody promises: keys have one purpose, sign only what is logged, and never show themselves.

Promises:
  * `sign` serves the "log first" purposes and no others. It recomputes the hash of the very bytes to be signed and
    checks entry, inclusion proof and checkpoint signature itself: a made-up receipt is refused, whoever made it.
  * What a receipt allows is a content, not a number of signatures: the same bytes may be signed with it again. That
    each intent is used once is kept by filing and recovery (`signer`), which alone know what became of it.
  * `sign_counted` and `sign_counted_each` serve the checkpoint key and the counted purposes and no others, and count
    before they sign.
  * No method returns, logs or prints a private key.

`demand_intent` is the check that every custody makes; it stands here so that there is one of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol, Self

from keys.errors import (
    CountedError,
    KeyNameError,
    LogFirstError,
    ReceiptDigestError,
    ReceiptKeyError,
    ReceiptKindError,
    ReceiptProofError,
    ReceiptPurposeError,
)
from verify.algorithms import Algorithm, PublicKey
from verify.errors import MalformedError
from verify.key_purpose import COUNTED, LOG_FIRST, KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogProofError, LogReceipt, check_receipt
from verify.note import LogVerifier
from verify.values import Uscc

DEPLOYMENT: Final = "deployment"
"""Owner of the keys that belong to no department."""

NATIONAL: Final = "national"
"""Owner of the authority above seals and their maker: the root of the national algorithms."""

# A key lives a year or more; a five-digit generation is a mistake.
GENERATION_MAX: Final = 9999
_SEAL_CODE: Final = re.compile(r"[0-9]{14}")
_NAME_FORM: Final = re.compile(r"([a-z_]{1,20})\.([0-9A-Za-z]{1,18})-([1-9][0-9]{0,3})")

WITHOUT_RECEIPT: Final = COUNTED | {KeyPurpose.CHECKPOINT}
"""Purposes of `sign_counted`; the checkpoint key is the log itself."""

ALGORITHMS: Final[Mapping[KeyPurpose, tuple[Algorithm, ...]]] = {
    KeyPurpose.TRUST_LIST: (Algorithm.ES256,),
    KeyPurpose.AUTHORITY: (Algorithm.ES256, Algorithm.SM2),
    KeyPurpose.DOCUMENT: (Algorithm.ES256, Algorithm.RS256),
    KeyPurpose.CODE: (Algorithm.ES256, Algorithm.SM2),
    KeyPurpose.SEAL: (Algorithm.SM2,),
    KeyPurpose.SEAL_MAKER: (Algorithm.SM2,),
    KeyPurpose.CHECKPOINT: (Algorithm.ED25519,),
    KeyPurpose.STATUS_LIST: (Algorithm.ES256,),
    KeyPurpose.RECEIPT: (Algorithm.ES256,),
    KeyPurpose.PRESENTATION: (Algorithm.ES256,),
    KeyPurpose.TIMESTAMP: (Algorithm.ES256,),
    KeyPurpose.OCSP: (Algorithm.ES256,),
    KeyPurpose.WEBHOOK: (Algorithm.ED25519,),
}
"""Algorithms of each purpose, the usual one first (decisions.md section 1). See `algorithms_of` for one key."""


@dataclass(frozen=True, slots=True)
class KeyName:
    """Which key: its one purpose, its owner and its generation from 1.

    The owner is the USCC of a department, `DEPLOYMENT`, for an authority also `NATIONAL`, and for a seal its code of 14
    digits.
    """

    purpose: KeyPurpose
    owner: str
    generation: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.generation <= GENERATION_MAX:
            raise KeyNameError("a generation is a number from 1")
        if self.purpose is KeyPurpose.SEAL:
            if not _SEAL_CODE.fullmatch(self.owner):
                raise KeyNameError("the owner of a seal's key is the seal's code of 14 digits")
        elif self.owner != DEPLOYMENT and (self.purpose, self.owner) != (KeyPurpose.AUTHORITY, NATIONAL):
            try:
                Uscc(self.owner)
            except MalformedError as error:
                raise KeyNameError("an owner is a unified social credit code or the deployment") from error

    @property
    def text(self) -> str:
        """The one spelling, as in `document.11320500014150050B-1`."""
        return f"{self.purpose.value}.{self.owner}-{self.generation}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `text` wrote; raises `KeyNameError` for anything else."""
        form = _NAME_FORM.fullmatch(text)
        if form is None or form[1] not in set(KeyPurpose):
            raise KeyNameError("not the name of a key")
        return cls(KeyPurpose(form[1]), form[2], int(form[3]))

    def next(self) -> "KeyName":
        """Return the name of the next generation."""
        return KeyName(self.purpose, self.owner, self.generation + 1)


def algorithms_of(purpose: KeyPurpose, owner: str) -> tuple[Algorithm, ...]:
    """Return the algorithms of a key, the usual one first; of our two authorities each has its own."""
    if purpose is KeyPurpose.AUTHORITY:
        return (Algorithm.SM2,) if owner == NATIONAL else (Algorithm.ES256,)
    return ALGORITHMS[purpose]


def authority_of(purpose: KeyPurpose) -> str:
    """Return the owner of the authority that certifies keys of this purpose."""
    return NATIONAL if purpose in {KeyPurpose.SEAL, KeyPurpose.SEAL_MAKER} else DEPLOYMENT


class Custody(Protocol):
    """Holds private keys and never shows one. Safe to share among threads.

    Signatures: ES256 and SM2 in DER (COSE callers convert with `verify.algorithms.der_to_raw`), Ed25519 as 64 bytes,
    RS256 as PKCS #1 v1.5 with SHA-256.
    """

    def newest(self, purpose: KeyPurpose, owner: str) -> KeyName:
        """Return the newest key of this purpose and owner, or raise `KeyMissingError`."""
        ...

    def public_key(self, key: KeyName) -> PublicKey:
        """Return the public half, or raise `KeyMissingError`."""
        ...

    def chain(self, key: KeyName) -> tuple[bytes, ...]:
        """Return the certificates in DER, the key's own first; empty for a key without certificate."""
        ...

    def sign(self, key: KeyName, to_be_signed: bytes, *, receipt: LogReceipt) -> bytes:
        """Return the signature over these bytes; the receipt proves that the intent to sign them is in the log.

        Raises `CountedError` for other than "log first" purposes, a `Receipt...Error` when the receipt does not hold,
        and what opening the key raises. Never retries.
        """
        ...

    def sign_counted(self, key: KeyName, to_be_signed: bytes) -> bytes:
        """Return the signature over these bytes and count the use. Raises `LogFirstError` for "log first" purposes."""
        ...

    def sign_counted_each(self, key: KeyName, messages: Sequence[bytes]) -> tuple[bytes, ...]:
        """Do as `sign_counted` does for each of these, with one look at the key."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Return how often each key signed by `sign_counted` since this custody was opened, by the key's text."""
        ...


def demand_log_first(key: KeyName) -> None:
    """Refuse a key whose uses have no leaf in the log."""
    if key.purpose not in LOG_FIRST:
        raise CountedError(key.purpose.value)


def demand_counted(key: KeyName) -> None:
    """Refuse a key whose uses must each stand in the log."""
    if key.purpose not in WITHOUT_RECEIPT:
        raise LogFirstError(key.purpose.value)


def demand_intent(
    receipt: LogReceipt, verifiers: Sequence[LogVerifier], *, key: KeyName, kid: bytes, to_be_signed: bytes
) -> None:
    """Refuse a receipt that does not prove the logged intent to sign exactly these bytes with exactly this key.

    1. The inclusion proof and the checkpoint's signature hold. 2. The entry is a signing intent. 3. Its digest is
    that of the bytes. 4. It names the key's purpose. 5. It names the key.
    """
    try:
        check_receipt(receipt, verifiers)  # (1)
    except LogProofError as error:
        raise ReceiptProofError(error.detail) from error
    entry = LogEntry.decode(receipt.entry)
    if entry.kind is not EntryKind.INTENT or entry.detail is None:  # (2)
        raise ReceiptKindError(entry.kind.name)
    if entry.digest != sha256(to_be_signed).digest():  # (3)
        raise ReceiptDigestError("the intent is that of other bytes")
    if entry.detail[1] != key.purpose.value:  # (4)
        raise ReceiptPurposeError(key.purpose.value)
    if entry.detail[2] != kid:  # (5)
        raise ReceiptKeyError(key.text)
