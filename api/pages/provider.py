"""Sign-in by the office's identity provider: the browser is sent there, and comes back.

Promises: only the browser that was sent comes back, once; who the provider's subject is here, the registry says.
"""

from typing import Final

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from api.errors import UnknownAddressError
from api.limits import Limits, address_of
from api.pages.doors import TheVisit, Visit, led_to, staff_router
from api.staff.errors import ProviderError
from api.staff.house import RETURN_PATH

provider_pages: Final = staff_router()
_CODE_LENGTH_MAX: Final = 2_000


@provider_pages.get("/sign-in/provider")
def go_to_provider(visit: TheVisit) -> Response:
    """Send the browser to the identity provider."""
    provider, at = visit.house.provider, visit.office.clock()
    if provider is None:
        raise UnknownAddressError
    drawn = visit.house.sign_in.send_to_provider(visit.secret, at=at)
    return RedirectResponse(provider.address(drawn, at=at), status_code=303, headers={"Cache-Control": "no-store"})


@provider_pages.get(RETURN_PATH)
def return_from_provider(request: Request, visit: TheVisit) -> Response:
    """Take the browser back, and sign the person in. The address is charged for what does not fit."""
    limits: Limits = request.app.state.limits
    origin = address_of(request.scope)
    limits.wrong_keys.demand(origin)
    try:
        cookie, is_whole = _entered(request, visit)
    except ProviderError:
        limits.wrong_keys.wait_seconds(origin)
        raise
    visit.signs_in(cookie)
    return led_to(request, "/office" if is_whole else "/sign-in/second-factor")


def _entered(request: Request, visit: Visit) -> tuple[str, bool]:
    provider, at = visit.house.provider, visit.office.clock()
    if provider is None:
        raise UnknownAddressError
    query = request.query_params
    sent = visit.house.sign_in.comes_back(query.get("state", ""), visit.secret, at=at)
    code = query.get("code", "")
    # RFC 9207: a provider that says who it is must be the one that was asked.
    if not 0 < len(code) <= _CODE_LENGTH_MAX or query.get("iss", provider.issuer) != provider.issuer:
        raise ProviderError
    vouched = provider.vouched(code, nonce=sent.nonce, verifier=sent.verifier, at=at)
    account = visit.house.sign_in.vouched_for(vouched)
    return visit.house.sign_in.enter(account, at=at, has_factor=vouched.has_factor, earlier=visit.earlier)
