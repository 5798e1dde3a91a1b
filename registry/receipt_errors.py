"""Errors of receipts and of the addresses that are told of recalls."""

from registry.errors import RegistryError


class UnknownReceiptError(RegistryError):
    """No receipt of this id is kept, or no longer."""

    code = "verification_receipt.unknown"


class UnknownWebhookError(RegistryError):
    """No such address is listed."""

    code = "webhook.unknown"
