"""What a key may sign. A key of one purpose is refused for any other, by custody and by every verifier."""

from enum import StrEnum
from typing import Final


class KeyPurpose(StrEnum):
    """Purposes of signing keys, as in the table of the README."""

    TRUST_LIST = "trust_list"
    AUTHORITY = "authority"
    DOCUMENT = "document"
    CODE = "code"
    SEAL = "seal"
    SEAL_MAKER = "seal_maker"
    CHECKPOINT = "checkpoint"
    STATUS_LIST = "status_list"
    RECEIPT = "receipt"
    PRESENTATION = "presentation"
    TIMESTAMP = "timestamp"
    OCSP = "ocsp"
    WEBHOOK = "webhook"


LOG_FIRST: Final = frozenset(
    {
        KeyPurpose.TRUST_LIST,
        KeyPurpose.AUTHORITY,
        KeyPurpose.DOCUMENT,
        KeyPurpose.CODE,
        KeyPurpose.SEAL,
        KeyPurpose.SEAL_MAKER,
    }
)
"""Nothing is signed with these before its hash is in the log and covered by a checkpoint."""

COUNTED: Final = frozenset(
    {
        KeyPurpose.STATUS_LIST,
        KeyPurpose.RECEIPT,
        KeyPurpose.PRESENTATION,
        KeyPurpose.TIMESTAMP,
        KeyPurpose.OCSP,
        KeyPurpose.WEBHOOK,
    }
)
"""These sign without a leaf of their own; each use is counted. (The checkpoint key *is* the log: in neither set.)"""

TRUST_LIST_USE: Final = {
    KeyPurpose.CODE: 1,
    KeyPurpose.STATUS_LIST: 2,
    KeyPurpose.RECEIPT: 3,
    KeyPurpose.PRESENTATION: 5,
    KeyPurpose.DOCUMENT: 6,
    KeyPurpose.SEAL: 7,
}
"""The number of ``use`` in the trust list; 4 is not used, for the log's keys stand in the policy text. Keys of
documents and of seals have certificates, and stand in the list with their cut-off after a theft only."""
