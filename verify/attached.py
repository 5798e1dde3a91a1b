"""Names of the files that a licence's document carries inside, the same in every body.

Promises: a reader finds the data set, the text of the code and the national metadata under these names and no others.
"""

from typing import Final

DATA_SET_FILE: Final = "data-set.cbor"
"""The salted data set, `DataSet.encode`; the code binds it by its hash."""

CODE_FILE: Final = "code.txt"
"""The text of the QR code on the page, in ASCII without a line feed."""

METADATA_FILE: Final = "metadata.json"
"""The national metadata (GB/T 36903): a JSON object of short names and texts, in UTF-8."""

RECEIPT_FILE: Final = "receipt.cose"
"""On the printed page of a verification receipt: its signed bytes."""

RECEIPT_PROOF_FILE: Final = "receipt.tlog-proof"
"""On the same page: the proof of its entry in the signing log."""

RECEIPT_STAMP_FILE: Final = "receipt.tst"
"""On the same page, where one was asked for: the time-stamp token (RFC 3161, DER) over the receipt."""
