"""What the pages for staff share in one process: sign-in, and how guessing is slowed down."""

from dataclasses import dataclass, field
from typing import Final

from api.outgoing import outgoing_trust
from api.settings import Settings
from api.staff.passwords import Passwords
from api.staff.provider import Provider
from api.staff.sign_in import SignIn
from api.staff.sign_in_key import open_sign_in_key
from api.staff.slowdown import Slowdown, for_codes, for_passwords
from api.wiring import Office

RETURN_PATH: Final = "/sign-in/return"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffHouse:
    """Sign-in of one deployment, and the lines of who tries."""

    sign_in: SignIn
    passwords: Slowdown = field(default_factory=for_passwords)
    codes: Slowdown = field(default_factory=for_codes)
    provider: Provider | None = None

    @classmethod
    def of(cls, office: Office) -> "StaffHouse":
        """Open the key of sign-in, which is made at first use. Raises `SignInKeyError`, `SettingsError`."""
        return cls(sign_in=open_sign_in(office), provider=_provider(office.settings))


def open_sign_in(office: Office) -> SignIn:
    """Return the sign-in of a deployment, for pages and command line."""
    return SignIn(
        database=office.database,
        key=open_sign_in_key(office.settings.data, office.random),
        passwords=Passwords(office.random),
        random=office.random,
    )


def _provider(settings: Settings) -> Provider | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    return Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        secret=settings.oidc_secret(),
        return_address=f"{settings.public_address}{RETURN_PATH}",
        trust=outgoing_trust(settings),
    )
