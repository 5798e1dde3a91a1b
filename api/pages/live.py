"""The public's page of a live code: what stands behind `#` is checked in the browser, and used up by that.

Promises: the address alone names nothing and says nothing; without a script the page says how to check the code.
"""

from fastapi import FastAPI, Request
from starlette.responses import Response

from api.compression import compressed
from api.errors import UnknownAddressError
from api.pages.counter import own_scripts
from api.pages.rendering import POLICY, SCRIPT_POLICY, render
from verify.errors import MalformedError
from verify.values import LicenceId


def add_live(app: FastAPI) -> None:
    """Add the page to an application whose state has an `office`."""
    app.add_api_route("/p/{code_id}", _show, methods=["GET"], include_in_schema=False)


def _show(request: Request, code_id: str) -> Response:
    try:
        LicenceId.parse(code_id)
    except MalformedError as error:
        raise UnknownAddressError from error
    own = own_scripts(request)
    policy = SCRIPT_POLICY if own["scripts"] else POLICY
    return compressed(request, render(request, "live.html", own, switch=f"/p/{code_id}", policy=policy))
