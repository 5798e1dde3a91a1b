"""What we ask over the network: outside time stamps, witnesses, receivers of webhooks, the provider of sign-in.

Promises: a server is believed by the public authorities, and by those that the settings name: on an intranet that is
the office's own.
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from api.clock import Clock
from api.environment import PREFIX
from api.settings import Settings, SettingsError
from keys.custody import DEPLOYMENT
from keys.errors import CertificateFormError
from verify.key_purpose import KeyPurpose

if TYPE_CHECKING:
    from keys.softkeys import SoftCustody
    from keys.timestamps import TimestampSource


def outgoing_trust(settings: Settings) -> ssl.SSLContext | None:
    """Return whom we believe when we call; None for the public authorities alone. Raises `SettingsError`."""
    path = settings.outgoing_authorities
    if path is None:
        return None
    import httpx  # most processes that start never call anybody

    context = httpx.create_ssl_context(trust_env=False)
    for each in read_certificates(path, "OUTGOING_AUTHORITIES"):
        context.load_verify_locations(cadata=each)
    return context


def open_timestamps(
    settings: Settings, custody: "SoftCustody", *, clock: Clock, random: Callable[[int], bytes]
) -> "TimestampSource":
    """Return who stamps for the office: the authority that the settings name, else we. Raises `SettingsError`."""
    if settings.timestamp_url is None or settings.timestamp_roots is None:
        from keys.timestamps import OwnTimestampService

        key = custody.newest(KeyPurpose.TIMESTAMP, DEPLOYMENT)
        return OwnTimestampService(custody=custody, key=key, clock=clock, random=random)
    from keys.outside_timestamps import OutsideTimestampClient

    return OutsideTimestampClient(
        url=settings.timestamp_url,
        roots=read_certificates(settings.timestamp_roots, "TIMESTAMP_ROOTS"),
        clock=clock,
        random=random,
        trust=outgoing_trust(settings),
    )


def read_certificates(path: Path, setting: str) -> tuple[bytes, ...]:
    """Return the certificates (DER) of a PEM file that a setting names. Raises `SettingsError`."""
    from keys.installation import CHAIN_BYTES_MAX, decode_pem_chain

    try:
        with path.open("rb") as file:
            return decode_pem_chain(file.read(CHAIN_BYTES_MAX + 1))
    except (OSError, CertificateFormError) as error:
        name = f"{PREFIX}{setting}"
        raise SettingsError(f"{name} cannot be read", params={"name": name, "cause": "unreadable"}) from error
