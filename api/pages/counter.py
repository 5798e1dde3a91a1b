"""The counter page, in Chinese at `/counter` and in English at `/en/counter`, with what it loads; and the report form.

Promises:
  * The page says nothing of anybody: it is the same for all, so that a service worker may keep it. Over plain http
    it says from the beginning that it is not encrypted: nothing moves when its script starts.
  * Without script the box works as a plain form; scripts come from this host alone, under a strict policy.
  * What is reported is a reference, a verdict, a reason from a list and a licence's id: no free text, no person.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from starlette.responses import Response

from api.compression import SQUEEZED_MAX, compressed, preferred
from api.environment import Language
from api.errors import UnknownAddressError
from api.pages.rendering import SCRIPT_POLICY, STATIC, render, static_address, written
from api.pages.scripts import (
    SCRIPT_POLICY as MODULE_POLICY,
)
from api.pages.scripts import Served, module_folder, scripts, service_worker, vendor, vendor_folder
from api.problems import trace_of
from api.texts import sentence
from api.verdicts import LOOKS
from registry import artefacts
from registry.db import reading
from registry.errors import DatabaseAwayError, DatabaseBusyError
from signer.public_lists import TRUST_ROOT, TRUST_ROOT_NAME
from verify.errors import MalformedError
from verify.values import LicenceId
from verify.verdict import Verdict

PATHS: Final[dict[Language, str]] = {"zh": "/counter", "en": "/en/counter"}
NO_SCRIPTS: Final[Mapping[str, object]] = {"scripts": ""}
"""What a page without scripts gets."""
REASONS: Final = {
    "differs": "ui.report.reason_differs",
    "forged": "ui.report.reason_forged",
    "other": "ui.report.reason_other",
}
_FOREVER: Final = "public, max-age=31536000, immutable"
_REFERENCE: Final = re.compile(r"[0-9A-Za-z]{6,40}")
_WORKER_NAME: Final = "/sw.js"


def add_counter(app: FastAPI) -> None:
    """Add the counter page to an application whose state has an `office`."""
    for language, path in PATHS.items():
        app.add_api_route(path, _page_of(language), methods=["GET"], include_in_schema=False)
        app.add_api_route(f"{path}.webmanifest", _manifest_of(language), methods=["GET"], include_in_schema=False)
    app.add_api_route(_WORKER_NAME, _worker, methods=["GET"], include_in_schema=False)
    app.add_api_route("/scripts/{edition}/{name}", _module, methods=["GET"], include_in_schema=False)
    app.add_api_route("/vendor/{edition}/{name:path}", _vendor, methods=["GET"], include_in_schema=False)
    app.add_api_route("/report", _report_form, methods=["GET"], include_in_schema=False)
    app.add_api_route("/report", _report, methods=["POST"], include_in_schema=False)


def _page_of(language: Language):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a handler of FastAPI
    def show_counter(request: Request) -> Response:
        content = _page(language, _root(request), is_secure=_is_secure(request))
        headers = {
            "Content-Security-Policy": SCRIPT_POLICY,
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
            "Content-Language": "zh-CN" if language == "zh" else "en",
            "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
        }
        return compressed(request, Response(content, headers=headers, media_type="text/html"), is_kept=True)

    return show_counter


def _manifest_of(language: Language):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a handler of FastAPI
    def show_manifest() -> Response:
        names = {
            "name": sentence("ui.counter.name", language),
            "short_name": sentence("ui.counter.title", language),
            "lang": "zh-CN" if language == "zh" else "en",
            "start_url": PATHS[language],
            "scope": "/",
            "display": "standalone",
            "background_color": "#ffffff",
            "theme_color": "#0b4a8f",
            "icons": [{"src": static_address("icon.svg"), "sizes": "any", "type": "image/svg+xml"}],
        }
        content = json.dumps(names, ensure_ascii=False)
        return Response(content, headers={"Cache-Control": "no-cache"}, media_type="application/manifest+json")

    return show_manifest


@lru_cache(maxsize=8)
def _page(language: Language, root: str, *, is_secure: bool = True) -> bytes:
    other: Language = "en" if language == "zh" else "zh"
    values = {
        "manifest": f"{PATHS[language]}.webmanifest",
        "scripts": module_folder(),
        "vendor": vendor_folder(),
        "root": root,
        "looks": LOOKS,
        "is_secure": is_secure,
    }
    return written(language, "counter.html", values, other_address=PATHS[other]).encode()


def _is_secure(request: Request) -> bool:
    """Say whether a browser will take the page for a secure context, so that nothing moves when its script looks.

    A proxy on another machine speaks http to us: then the host of our public address stands for its encryption.
    """
    url, public = request.url, urlsplit(request.app.state.office.settings.public_address)
    host = url.hostname or ""
    if url.scheme == "https" or (public.scheme == "https" and host == public.hostname):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def own_scripts(request: Request) -> Mapping[str, object]:
    """Return what a page needs that checks codes by itself; nothing while the registry, which has the root, is away."""
    try:
        root = _root(request)
    except (DatabaseAwayError, DatabaseBusyError):
        return NO_SCRIPTS
    return {"scripts": module_folder(), "vendor": vendor_folder(), "root": root, "looks": LOOKS}


def _root(request: Request) -> str:
    """Return the root key of trust lists, which a browser pins at its first visit."""
    with reading(request.app.state.office.database) as tx:
        return (artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME) or b"").hex()


def _worker(request: Request) -> Response:
    root = _root(request)
    pages = {path: _page(language, root) for language, path in PATHS.items()}
    content = service_worker(pages, tuple(static_address(name) for name in STATIC))
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": MODULE_POLICY}
    return compressed(request, Response(content, headers=headers, media_type="text/javascript"), is_kept=True)


def _module(request: Request, edition: str, name: str) -> Response:
    if f"/scripts/{edition}/" != module_folder() or name not in scripts():
        raise UnknownAddressError
    return _file(request, scripts()[name])


def _vendor(request: Request, edition: str, name: str) -> Response:
    if f"/vendor/{edition}/" != vendor_folder() or name not in vendor():
        raise UnknownAddressError
    return _file(request, vendor()[name])


def _file(request: Request, file: Served) -> Response:
    """Return a file in the smallest form that the browser takes."""
    headers = {"Cache-Control": _FOREVER, "Content-Security-Policy": MODULE_POLICY}
    if file.brotli and preferred(request) == "br":
        return Response(file.brotli, headers={**headers, "Content-Encoding": "br"}, media_type=file.media_type)
    answer = Response(file.plain, headers=headers, media_type=file.media_type)
    # What the build leaves uncompressed would take seconds here, or is small.
    return compressed(request, answer, is_kept=len(file.plain) <= SQUEEZED_MAX)


def _report_form(request: Request, verdict: str = "", reference: str = "", id: str = "") -> Response:  # noqa: A002 - the name in the address
    return render(request, "report.html", _reported(verdict, reference, id) | {"reasons": REASONS, "done": False})


async def _report(request: Request) -> Response:
    """Write the report into the log, and show the reference that finds it there."""
    form = await request.form(max_files=0, max_fields=8)
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    reported = _reported(texts.get("verdict", ""), texts.get("reference", ""), texts.get("id", ""))
    reason = texts.get("reason", "")
    request.app.state.office.log.warning(
        "reported", **reported, reason=reason if reason in REASONS else "other", trace_id=trace_of(request.scope)
    )
    return render(request, "report.html", reported | {"reasons": REASONS, "done": True})


def _reported(verdict: str, reference: str, licence_id: str) -> dict[str, str]:
    """Return of what came in only what has its form."""
    known = {each.value for each in Verdict}
    try:
        found = LicenceId.parse(licence_id).text
    except MalformedError:
        found = ""
    return {
        "verdict": verdict if verdict in known else "",
        "checked": reference if _REFERENCE.fullmatch(reference) else "",
        "licence_id": found,
    }
