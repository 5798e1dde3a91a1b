"""The script modules of our pages, and the third-party files that they load: what is served, where, and how small.

Promises:
  * All scripts stand under one address that bears the hash of them all: a page loads one with all that it imports; they
    are kept for good, and no page ever mixes two editions. Third-party files have an address of their own, which
    changes only when they do.
  * `tables.js` and `words-*.js` are written from `verify` and from the catalogues of sentences; nothing is said twice.
  * Without the third-party files, as in a checkout that was never built, every page still works: pictures are read by
    the server, and SM2 is checked there.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

from api.environment import Language
from api.pages.bundling import bundled
from api.pages.rendering import FOLDER
from api.pages.tables import tables_module
from api.texts import catalogue

MODULES: Final = (
    "asking.js", "camera.js", "cbor.js", "check.js", "counter.js", "data.js", "decoder.js", "files.js", "holder.js",
    "invitation.js", "pack.js", "preferences.js", "public.js", "queue.js", "reports.js", "show.js", "signatures.js",
    "store.js", "token.js", "typed.js", "viewfinder.js", "wedge.js", "words.js",
)  # fmt: skip
# What pages and workers ask for; all other modules of ours come inside of these.
ENTRIES: Final = ("counter", "holder", "invitation", "public")
_ALONE: Final = re.compile(r"decoder\.js|words-[a-z-]+\.js")
WORKER: Final = "sw.js"
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
"""The service worker, which stands at the root of the host, for it may serve nothing above its own address."""

VENDOR: Final = FOLDER / "static" / "vendor"
VENDOR_FILES: Final = ("reader/index.js", "share.js", "zxing_reader.wasm", "sm2.js")
# The decoder's loader compiles WebAssembly; nothing else of ours needs more than its own host.
SCRIPT_POLICY: Final = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
# Families of sentences that a page says by itself.
_FAMILIES: Final = frozenset(
    {"check", "clock", "contents", "fact", "form", "issuer", "list", "log", "result", "role", "seal", "show",
     "signature", "state", "status", "term", "verdict"}
)  # fmt: skip
# What is said of files only, which are checked by the server, stands in a module of its own.
_OF_FILES: Final = re.compile(r"seal\.|role\.|fact\.(?:seal|mandate)|[a-z]+\.receipt")
# Whole lines of comment, and what lines are set in by, do not travel; no text of ours runs over several lines.
_BARE: Final = re.compile(rb"^ *//[^\n]*\n|^ */\*\*(?:[^*]|\*(?!/))*\*/\n|^ +", re.MULTILINE)
# Of the page's own words those that scripts say; the others stand in its templates.
_SAID: Final = re.compile(r'"(ui\.counter\.[a-z_]+)"')
# Of the other families what no check of a licence finds: errors of forms, and how the log itself fares.
UNSAID: Final = frozenset(
    {"form.foreign", "form.sent", "log.behind", "log.clock_behind", "log.closed", "log.conflict", "log.exists",
     "log.forked", "log.no_such_leaf", "log.not_witnessed", "log.rewritten", "log.shrunk", "log.turn"}
)  # fmt: skip
_DIGEST_LENGTH: Final = 16
_TYPES: Final = {"js": "text/javascript", "wasm": "application/wasm"}


class Served(NamedTuple):
    """A file as it leaves: its type, its bytes, and in brotli where the build left that, else empty."""

    media_type: str
    plain: bytes
    brotli: bytes = b""


@lru_cache(maxsize=1)
def modules() -> Mapping[str, Served]:
    """Return our modules by name."""
    own = {name: _BARE.sub(b"", (FOLDER / "static" / name).read_bytes()) for name in MODULES}
    written = {"tables.js": tables_module()}
    for language in LANGUAGES:
        written[f"words-{language}.js"] = _words(language, of_files=False)
        written[f"words-files-{language}.js"] = _words(language, of_files=True)
    return {name: _served(name, content) for name, content in sorted((own | written).items())}


@lru_cache(maxsize=1)
def scripts() -> Mapping[str, Served]:
    """Return what is served: for each page one module with all that it imports, the decoder, and words by language."""
    texts = {name.removesuffix(".js"): module.plain.decode() for name, module in modules().items()}
    whole = {f"{entry}.js": _served(f"{entry}.js", bundled(entry, texts).encode()) for entry in ENTRIES}
    return whole | {name: module for name, module in modules().items() if _ALONE.fullmatch(name)}


@lru_cache(maxsize=1)
def vendor() -> Mapping[str, Served]:
    """Return the third-party files by name; none unless all of them are there."""
    paths = {name: VENDOR / name for name in VENDOR_FILES}
    if not all(path.is_file() for path in paths.values()):
        return {}
    return {name: _served(name, path.read_bytes()) for name, path in paths.items()}


@lru_cache(maxsize=1)
def module_folder() -> str:
    """Return the address under which the modules stand."""
    return f"/scripts/{_digest(scripts())}/"


@lru_cache(maxsize=1)
def vendor_folder() -> str:
    """Return the address under which the third-party files stand; empty when there are none."""
    return f"/vendor/{_digest(vendor())}/" if vendor() else ""


def service_worker(pages: Mapping[str, bytes], others: tuple[str, ...]) -> bytes:
    """Return the service worker: it knows these pages, whose content decides its edition, and all files they load."""
    of_other_pages = {f"{entry}.js" for entry in ENTRIES} - {"counter.js"}
    own = [f"{module_folder()}{name}" for name in scripts() if name not in of_other_pages]
    files = [*own, *(f"{vendor_folder()}{name}" for name in vendor())]
    edition = sha256(b"".join(pages.values()) + "".join((*files, *others)).encode()).hexdigest()[:_DIGEST_LENGTH]
    known = {"EDITION": edition, "PAGES": list(pages), "FILES": [*files, *others]}
    lines = [f"const {name} = {json.dumps(value)};" for name, value in known.items()]
    return "\n".join((*lines, "")).encode() + (FOLDER / "static" / WORKER).read_bytes()


def _words(language: Language, *, of_files: bool) -> bytes:
    texts = catalogue(language)
    said = set(_SAID.findall("".join((FOLDER / "static" / name).read_text(encoding="utf-8") for name in MODULES)))
    of_checks = {each for each in texts if each.partition(".")[0] in _FAMILIES} - UNSAID
    codes = sorted(of_checks | said)
    chosen = {code: texts[code] for code in codes if (_OF_FILES.match(code) is not None) is of_files}
    return f"export const WORDS = {json.dumps(chosen, ensure_ascii=False, separators=(',', ':'))};\n".encode()


def _served(name: str, content: bytes) -> Served:
    path = (VENDOR / name).with_suffix(f".{sha256(content).hexdigest()[:_DIGEST_LENGTH]}.br")
    # The build hook leaves it beside the file, with the digest of what it was made from in its name.
    brotli = path.read_bytes() if path.is_file() else b""
    return Served(_TYPES[name.rpartition(".")[2]], content, brotli)


def _digest(files: Mapping[str, Served]) -> str:
    whole = b"".join(name.encode() + sha256(each.plain).digest() for name, each in files.items())
    return sha256(whole).hexdigest()[:_DIGEST_LENGTH]
