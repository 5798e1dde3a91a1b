"""The script modules of our pages, and the third-party files that they load: what is served, where, and how small.

Promises:
  * All scripts stand under one address that bears the hash of them all: a page loads one with all that it imports; they
    are kept for good, and no page ever mixes two editions. Third-party files have an address of their own, which
    changes only when they do.
  * `tables.js` and `words-*.js` are written from `verify` and from the catalogues of sentences; nothing is said twice.
  * Without the third-party files, as in a checkout that was never built, every page still works: pictures are read by
    the server, and SM2 is checked there.
"""

import gzip
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
    "camera.js", "cbor.js", "check.js", "counter.js", "data.js", "decoder.js", "holder.js", "invitation.js", "pack.js",
    "public.js", "show.js", "signatures.js", "store.js", "token.js", "typed.js", "wedge.js", "words.js",
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
_COUNTER: Final = "ui.counter."
_DIGEST_LENGTH: Final = 16
_TYPES: Final = {"js": "text/javascript", "wasm": "application/wasm"}


class Served(NamedTuple):
    """A file as it leaves: its type, and its bytes plain and compressed by either way, empty where there is none."""

    media_type: str
    plain: bytes
    gzip: bytes
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
    files = [f"{module_folder()}{name}" for name in scripts()] + [f"{vendor_folder()}{name}" for name in vendor()]
    edition = sha256(b"".join(pages.values()) + "".join((*files, *others)).encode()).hexdigest()[:_DIGEST_LENGTH]
    known = {"EDITION": edition, "PAGES": list(pages), "FILES": [*files, *others]}
    lines = [f"const {name} = {json.dumps(value)};" for name, value in known.items()]
    return "\n".join((*lines, "")).encode() + (FOLDER / "static" / WORKER).read_bytes()


def _words(language: Language, *, of_files: bool) -> bytes:
    texts = catalogue(language)
    codes = [each for each in sorted(texts) if each.partition(".")[0] in _FAMILIES or each.startswith(_COUNTER)]
    chosen = {code: texts[code] for code in codes if (_OF_FILES.match(code) is not None) is of_files}
    return f"export const WORDS = {json.dumps(chosen, ensure_ascii=False, separators=(',', ':'))};\n".encode()


def _served(name: str, content: bytes) -> Served:
    path = (VENDOR / name).with_suffix(f".{sha256(content).hexdigest()[:_DIGEST_LENGTH]}.br")
    # The build hook leaves it beside the file, with the digest of what it was made from in its name.
    brotli = path.read_bytes() if path.is_file() else b""
    return Served(_TYPES[name.rpartition(".")[2]], content, gzip.compress(content, 9, mtime=0), brotli)


def _digest(files: Mapping[str, Served]) -> str:
    whole = b"".join(name.encode() + sha256(each.plain).digest() for name, each in files.items())
    return sha256(whole).hexdigest()[:_DIGEST_LENGTH]
