"""Sign messages to other systems: Standard Webhooks, signature scheme v1a (Ed25519 by the `webhook` key).

Promises:
  * Signed are id, time and body together: none can be exchanged, and an old message cannot be sent again later.
  * The key is counted and signs nothing else; receivers get its public half with the interface, all generations of it.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from keys.custody import DEPLOYMENT, Custody
from registry.db import Transaction
from registry.webhooks import Delivery
from signer.key_register import all_keys
from verify.key_purpose import KeyPurpose

PUBLIC_PREFIX: Final = "whpk_"
"""How Standard Webhooks writes a public key: this, then base64 of its 32 bytes."""

_RAW_BYTES: Final = 32


def signed_headers(custody: Custody, delivery: Delivery, *, at: datetime) -> Mapping[str, str]:
    """Return the three headers of a message that is sent at this moment. Raises `KeyMissingError`."""
    seconds = str(int(at.timestamp()))
    key = custody.newest(KeyPurpose.WEBHOOK, DEPLOYMENT)
    signature = custody.sign_counted(key, message_to_be_signed(delivery.message_id, seconds, delivery.body))
    return {
        "webhook-id": delivery.message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1a,{base64.b64encode(signature).decode()}",
    }


def message_to_be_signed(message_id: str, seconds: str, body: str) -> bytes:
    """Return the bytes that are signed: id, unix time and body with dots between them."""
    return f"{message_id}.{seconds}.{body}".encode()


def public_keys(tx: Transaction) -> tuple[str, ...]:
    """Return the public halves of all generations of the key, the newest first."""
    found = sorted(
        (each for each in all_keys(tx) if each.key.purpose is KeyPurpose.WEBHOOK),
        key=lambda each: -each.key.generation,
    )
    return tuple(PUBLIC_PREFIX + base64.b64encode(each.public.spki[-_RAW_BYTES:]).decode() for each in found)
