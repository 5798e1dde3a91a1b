"""The guard before every operation: who calls, may they, and is it the first time. Nothing is parsed before that.

Promises:
  * Every operation of the interface is a `GuardedRoute`; one without a row in the permission table is never served.
  * A body is read only from a caller who may send it.
  * JSON is read by the one strict reader (`verify/strict_json.py`), once, for every operation.
  * Who is out of tokens is refused before a body is read, and a batch before its first check is made.
  * Handlers get a `Caller` that is known and permitted, and never look at a credential themselves.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from api.client_certificates import ClientTrust
from api.errors import CallerUnknownError, MalformedRequestError, UnknownAddressError
from api.etags import seen_version
from api.idempotency import KEY_HEADER, answer_once, draft_key
from api.identity import Caller, authenticated
from api.limits import Limits, address_of, cost_of, headers_of
from api.permissions import PERMISSIONS, Permission, admitted
from api.permissions import Scope as RecordScope
from api.wiring import Office
from registry.records import ApiClient
from signer.errors import RoleError
from verify.strict_json import JsonError, read_json

_NUL: Final = "\x00"


_Authenticating = Callable[[str, bytes | None, datetime], ApiClient]


class GuardedRoute(APIRoute):
    """An operation behind the permission table; its name is the row's key and the operationId."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's handler with the guard before it."""
        handler = super().get_route_handler()
        permission = PERMISSIONS[self.name]

        async def inner(request: Request) -> Response:
            await _read_strictly(request)
            return await handler(request)

        async def guarded(request: Request) -> Response:
            if _NUL in request.scope["path"]:
                raise UnknownAddressError  # nothing is called so, and PostgreSQL refuses the question
            header = request.headers.get("authorization")
            if header is None and permission.is_public:
                return await inner(request)
            if not hasattr(request.state, "caller"):  # the short way let somebody in already
                admission: Admission = request.app.state.admission
                request.state.caller = await admission.caller(request.scope, permission, header)
            caller: Caller | None = request.state.caller
            is_once = permission.once or (permission.may_once and KEY_HEADER in request.headers)
            if not is_once or caller is None:
                return await inner(request)
            office = office_of(request)
            client = caller.client.key_id
            return await answer_once(request, office.database, client, inner, clock=office.clock, random=office.random)

        return guarded


def office_of(request: Request) -> Office:
    """Return the deployment that this application serves."""
    office: Office = request.app.state.office
    return office


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Lets systems in, by their key, the certificate of their connection, and what they have left of their requests."""

    office: Office = field(repr=False)
    limits: Limits
    trust: ClientTrust
    _together: dict[tuple[str, bytes | None], ApiClient] = field(default_factory=dict, init=False, repr=False)

    async def caller(self, scope: Scope, permission: Permission, header: str | None) -> Caller | None:
        """Return the caller, None for a client that asks what everybody may know. Raises what says why one may not.

        On the loop where that takes one query of a file, which is less than handing it to a thread.
        """
        if self.office.database.is_postgresql or permission.scope is RecordScope.RECORD:
            return await run_in_threadpool(self._admit, scope, permission, header, self._authenticated)
        return self._admit(scope, permission, header, self._authenticated_together)

    def _admit(
        self, scope: Scope, permission: Permission, header: str | None, authenticating: _Authenticating
    ) -> Caller | None:
        if header is None:
            raise CallerUnknownError
        client = self._known(scope, header, authenticating)
        scope.setdefault("state", {})["client"] = client.key_id  # for the log, also when the client is refused
        self.limits.clients.take(client.key_id, cost_of(headers_of(scope)))
        if permission.is_public and not client.roles.intersection(permission.roles):
            return None
        return admitted(self.office.database, permission, client, scope.get("path_params", {}))

    def _known(self, scope: Scope, header: str, authenticating: _Authenticating) -> ApiClient:
        """Return the client; who shows too many wrong keys is told to wait, and who has a right one never is.

        All offices behind one gateway have one address, and a key that ended may be tried there for days.
        """
        address, at = address_of(scope), self.office.clock()
        shown = self.trust.shown(scope, at=at)
        try:
            return authenticating(header, None if shown is None else shown.thumbprint, at)
        except CallerUnknownError:
            self.limits.wrong_keys.take(address)
            raise

    def _authenticated(self, header: str, certificate: bytes | None, at: datetime) -> ApiClient:
        return authenticated(self.office.database, header, at=at, certificate=certificate)

    def _authenticated_together(self, header: str, certificate: bytes | None, at: datetime) -> ApiClient:
        """Ask once for all requests of a system that came together.

        What is found is forgotten when the loop comes round again, before it begins with any request that came after
        the question was asked: nobody gets in by an answer that is older than the request. What is wrong is never
        remembered, and so takes the same time whatever others send.
        """
        client = self._together.get((header, certificate))
        if client is None:
            asyncio.get_running_loop().call_soon(self._together.clear)
            client = self._together[header, certificate] = self._authenticated(header, certificate, at)
        return client


async def _read_strictly(request: Request) -> None:
    """Read a body of JSON before the framework does, which takes UTF-16, names that stand twice, and NaN."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        content = await request.body()
        if content:
            request._json = json_of(content)  # noqa: SLF001 - where `Request.json` keeps what it read


def json_of(content: bytes) -> object:
    """Return what a body says. Raises `MalformedRequestError`, or the `JsonError` that says what is wrong with it."""
    try:
        return read_json(content)
    except JsonError as error:
        if type(error) is JsonError:
            raise MalformedRequestError(params={"name": "body"}) from error
        raise


# Dependencies are coroutines: the framework calls a plain function in a thread, which costs more than what it does.
async def _office(request: Request) -> Office:
    return office_of(request)


async def _line(request: Request) -> str:
    return line_of(request)


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


async def _stated_caller(request: Request) -> Callable[[], Caller]:
    """Return what demands the caller of a public operation that does more for who shows a key."""

    def demand() -> Caller:
        caller: Caller | None = getattr(request.state, "caller", None)
        if caller is not None:
            return caller
        raise CallerUnknownError if getattr(request.state, "client", None) is None else RoleError

    return demand


def charge_length(request: Request, length: int) -> None:
    """Charge a client for a batch, of which one was charged when it came. Raises `TooManyRequestsError`."""
    limits: Limits = request.app.state.limits
    limits.clients.owe(request.state.client, length - 1)


def line_of(request: Request) -> str:
    """Return by whom a fair share is counted: the client that showed its key, else the address."""
    client: str | None = getattr(request.state, "client", None)
    return f"client {client}" if client is not None else address_of(request.scope)


async def _seen(request: Request) -> int:
    return seen_version(request.headers.get("if-match"))


async def _once_key(request: Request) -> str:
    return draft_key((await _caller(request)).client.key_id, request.headers[KEY_HEADER], await request.body())


OnceKey = Annotated[str, Depends(_once_key)]
TheOffice = Annotated[Office, Depends(_office)]
TheLine = Annotated[str, Depends(_line)]
TheCaller = Annotated[Caller, Depends(_caller)]
StatedCaller = Annotated[Callable[[], Caller], Depends(_stated_caller)]
SeenVersion = Annotated[int, Depends(_seen)]
