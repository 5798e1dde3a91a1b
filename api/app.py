"""The HTTP application: routers, handlers of errors, and the layers around them.

Promises:
  * Every operation stands behind the guard and has a row in the permission table, or the application is not built.
  * `public=True` serves what everybody may know, and has no other operation at all.
  * Errors are problem+json, also the framework's own; there is no documentation page that loads from elsewhere.
"""

from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.client_certificates import ClientTrust
from api.fast_checks import FastChecks
from api.fast_reliance import FastReliance
from api.file_turns import FileTurns
from api.guard import Admission
from api.health import HealthWatch
from api.limits import OPENAPI_PATH, Gate, Limits
from api.logs import described
from api.openapi import interface
from api.pages.audit import audit_pages
from api.pages.counter import add_counter
from api.pages.demonstration import demonstration_pages
from api.pages.desk import desk_pages
from api.pages.documents import document_pages
from api.pages.encryption import add_encryption
from api.pages.holder import add_holder
from api.pages.licences import licence_pages
from api.pages.live import add_live
from api.pages.office import office_pages
from api.pages.provider import provider_pages
from api.pages.public import add_pages, error_page
from api.pages.receipt import add_receipt
from api.pages.receipts import receipt_pages
from api.pages.sheets import sheet_pages
from api.pages.sign_in import door
from api.places import Places
from api.problems import (
    error_of_http,
    internal_problem,
    problem_of,
    problem_of_http,
    problem_of_validation,
    status_of,
    trace_of,
)
from api.staff.house import StaffHouse
from api.surface import Surface
from api.v1.batches import batches
from api.v1.catalogue import catalogue
from api.v1.codes import codes
from api.v1.documents import documents
from api.v1.drafts import drafts
from api.v1.licences import licences
from api.v1.log import log, log_files
from api.v1.packs import packs
from api.v1.receipts import batch_turns, receipts
from api.v1.seal_grants import seal_grants
from api.v1.seal_status import seal_lists, seal_status
from api.v1.seals import seals
from api.v1.service import service
from api.v1.stated import rounds_of
from api.v1.statuses import statuses
from api.v1.token import tokens
from api.v1.trust import trust
from api.v1.verification import verification
from api.v1.webhooks import webhook_keys
from api.wiring import Office
from verify.errors import YinzhengError

# From here on it is not the caller who must change something.
FAULT: Final = 500
# More are told to come back, before memory runs short.
REQUESTS_AT_ONCE_MAX: Final = 500
_OFFICE_ROUTERS: Final = (licences, drafts, batches, documents, seals, seal_grants, receipts)
_PUBLIC_ROUTERS: Final = (
    verification,
    codes,
    catalogue,
    seal_status,
    seal_lists,
    statuses,
    packs,
    trust,
    log_files,
    log,
    webhook_keys,
    tokens,
    service,
)


class Application(FastAPI):
    """The framework's application, with our layers around all of its own."""

    _layers: ASGIApp | None = None

    def lay(self, office: Office, limits: Limits) -> None:
        """Put the layers around: surface, gate, and the short ways of the checks that are asked most."""
        reliance = FastReliance(
            super().__call__,
            admission=self.state.admission,
            rounds=self.state.rounds,
            refused=_answer_error,
            faulty=_answer_http,
        )
        inner = FastChecks(reliance, office=office)
        is_https = office.settings.public_address.startswith("https:")
        gate = Gate(inner, limits=limits, refused=_refused)
        places = Places(gate, most=REQUESTS_AT_ONCE_MAX, refused=_refused)
        self._layers = Surface(places, log=office.log, random=office.random, is_https=is_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, layer by layer."""
        scope["app"] = self
        await (self._layers or super().__call__)(scope, receive, send)


def create_app(office: Office, *, public: bool = False, limits: Limits | None = None) -> FastAPI:
    """Build the application for a deployment. `limits` are those of the settings, unless given."""
    settings = office.settings
    app = Application(
        title="印证 Yinzheng",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.office = office
    app.state.client_trust = trust = ClientTrust.of(settings, log=office.log)
    limits = limits or Limits.of(anonymous_per_second=settings.rate_anonymous, client_per_second=settings.rate_client)
    app.state.limits = limits
    app.state.admission = Admission(office=office, limits=limits, trust=trust)
    app.state.rounds = rounds_of(office)
    app.state.file_turns = FileTurns()
    app.state.batch_turns = batch_turns()
    app.state.health = HealthWatch(office=office, revocation=trust.revocation)
    for router in (*_PUBLIC_ROUTERS, *(() if public else _OFFICE_ROUTERS)):
        app.include_router(router)
    app.add_exception_handler(YinzhengError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_fault)
    app.lay(office, limits)
    add_pages(app)
    add_receipt(app)
    add_encryption(app)
    add_counter(app)
    add_live(app)
    if not public:
        add_holder(app)
        app.state.house = StaffHouse.of(office)
        for router in (
            door,
            provider_pages,
            demonstration_pages,
            office_pages,
            desk_pages,
            receipt_pages,
            licence_pages,
            document_pages,
            sheet_pages,
            audit_pages,
        ):
            app.include_router(router)
    app.add_route(OPENAPI_PATH, _describe, methods=["GET"], include_in_schema=False)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


async def _answer_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, YinzhengError):
        raise error
    if status_of(error) >= FAULT:
        request.app.state.office.log.error("fault", trace_id=trace_of(request.scope), **described(error))
    return _refused(error, request.scope)


def _refused(error: YinzhengError, scope: Scope) -> Response:
    """Return the answer for an error: a page for who wants one, else a problem."""
    request = Request(scope)
    return error_page(request, error) if _wants_page(request) else problem_of(error, scope)


async def _answer_validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem_of_validation(error, request.scope)


async def _answer_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    answer = (
        error_page(request, error_of_http(error)) if _wants_page(request) else problem_of_http(error, request.scope)
    )
    answer.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = _allowed(request)
    return answer


def _allowed(request: Request) -> str:
    """Return every method that the address takes; the framework names those of one operation only."""
    here = [each for each in iter_route_contexts(request.app.routes) if each.path_regex.match(request.scope["path"])]
    methods = {method for each in here for method in each.methods or ()}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


async def _answer_fault(request: Request, _error: Exception) -> Response:
    """Say no more than "internal"; the error goes on to the surface, which writes it down."""
    fault = YinzhengError()
    return error_page(request, fault) if _wants_page(request) else internal_problem(request.scope)


def _wants_page(request: Request) -> bool:
    """Say whether a person with a browser asked, and for a page."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


async def _describe(request: Request) -> Response:
    state = request.app.state
    if not hasattr(state, "interface"):
        state.interface = JSONResponse(interface(request.app)).body
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(state.interface, headers=headers, media_type="application/json")
