"""Render a page: templates, language, and the headers that every page leaves with.

Promises:
  * Every value is escaped by the template engine; a name that a template does not get stops it.
  * Pages load nothing from elsewhere and run no script but our own modules, where they have any; the browser is told
    to hold them to it, and to refuse texts that become code (Trusted Types).
  * Pages that show somebody's licence are kept by nobody: `no-store`, no referrer, no index.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from api.environment import Language
from api.languages import chosen
from api.problems import trace_of
from api.texts import moment_text, sentence

FOLDER: Final = Path(__file__).parent.parent
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# WebAssembly is the decoder of QR codes; the one policy of Trusted Types lets worker and service worker start.
SCRIPT_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types yinzheng"
)
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
    "X-Robots-Tag": "noindex",
}
_TAGS: Final[Mapping[Language, str]] = {"zh": "zh-CN", "en": "en"}
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_CHINESE: Final = re.compile("[\u2e80-\u9fff\U00020000-\U0003ffff]")


def page_language(request: Request) -> Language:
    """Return the language that the address asks for, else the browser, else the deployment's."""
    asked = request.query_params.get("lang", "")
    if asked in _TAGS:
        return "zh" if asked == "zh" else "en"
    return chosen(request.headers.get("accept-language", ""), request.app.state.office.settings.language)


def render(
    request: Request,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
    switch: str | None = None,
    policy: str = POLICY,
) -> Response:
    """Return a page; `switch` is the path of the same page in the other language, the home page if it has none."""
    language = page_language(request)
    other: Language = "en" if language == "zh" else "zh"
    values = {**values, "is_plain": is_plain(request)}
    content = written(
        language, template, values, other_address=f"{switch or '/'}?lang={other}", trace=trace_of(request.scope)
    )
    headers = {**_HEADERS, "Content-Security-Policy": policy, "Content-Language": _TAGS[language]}
    return HTMLResponse(content, status_code=status, headers=headers)


def is_plain(request: Request) -> bool:
    """Say whether the page goes over a network unencrypted: then browsers switch off more than people expect."""
    return request.url.scheme == "http" and (request.url.hostname or "") not in _LOOPBACK


def written(
    language: Language, template: str, values: Mapping[str, object], *, other_address: str, trace: str = ""
) -> str:
    """Return the text of a page in a language; `trace` is the reference that a person may quote."""
    other: Language = "en" if language == "zh" else "zh"
    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            language=language,
            tag=_TAGS[language],
            other=other,
            other_tag=_TAGS[other],
            other_address=other_address,
            say=lambda code, **params: sentence(code, language, params),
            moment=lambda at: moment_text(at, language),
            lang_of=lambda text: _lang_of(text, language),
            name_of=lambda named: named.name_en if language == "en" and named.name_en else named.name,
            static=static_address,
            reference=trace,
        )
    )


STATIC: Final[Mapping[str, str]] = {"app.css": "text/css", "counter.css": "text/css", "icon.svg": "image/svg+xml"}
"""The static files that pages load, with their media types."""


@lru_cache(maxsize=len(STATIC))
def static_file(name: str) -> bytes:
    """Return one of the static files."""
    return (FOLDER / "static" / name).read_bytes()


@lru_cache(maxsize=len(STATIC))
def static_address(name: str) -> str:
    """Return the address of a static file, with its hash: what is kept for good is never an old one."""
    return f"/static/{name}?v={static_version(name)}"


@lru_cache(maxsize=len(STATIC))
def static_version(name: str) -> str:
    """Return the part of a file's hash by which its address tells one edition from the next."""
    return hashlib.sha256(static_file(name)).hexdigest()[:16]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _lang_of(text: str, language: Language) -> str:
    """Return the tag of a value that is in another language than the page, or nothing."""
    return _TAGS["zh"] if language == "en" and _CHINESE.search(text) else ""
