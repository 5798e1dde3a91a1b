"""The public keys of webhooks, for whoever receives messages."""

from typing import Final

from fastapi import Response
from pydantic import BaseModel

from api.guard import TheOffice
from api.v1.answers import both, router
from registry.db import reading
from signer.webhooks import public_keys

webhook_keys: Final = router("webhooks")
# A key lives for years, and a receiver that meets an unknown one asks again.
_CACHE: Final = "public, max-age=300"


class WebhookKeys(BaseModel):
    """Public keys as Standard Webhooks writes them, the newest first; any of them may have signed."""

    keys: tuple[str, ...]


@webhook_keys.get("/webhooks/keys", summary=both("读取推送消息的公钥", "Read the public keys of webhooks"))
def get_webhook_keys(office: TheOffice, response: Response) -> WebhookKeys:
    """Check `webhook-signature` (scheme v1a, Ed25519) with these."""
    response.headers["Cache-Control"] = _CACHE
    with reading(office.database) as tx:
        return WebhookKeys(keys=public_keys(tx))
