"""Answers in the smallest form that a browser takes, for what holds no secret of a session.

Promises:
  * Who names no encoding, one that we do not write, or ours with a weight of nothing, gets the bytes as they are.
  * What is sent many times is compressed once, as small as can be; a page that is made anew, as fast as can be.
"""

import gzip
import re
from functools import lru_cache
from typing import Final

import brotli  # type: ignore[import-untyped]
from fastapi import Request
from starlette.responses import Response

# A page of 20 kB takes a third of a millisecond; more effort saves a hundred bytes.
_GZIP_EFFORT: Final = 6
_BROTLI_EFFORT: Final = 5
# What is kept takes a tenth of a second for 60 kB, once in the life of a process.
_BROTLI_MOST: Final = 11
_KEPT_MAX: Final = 128
SQUEEZED_MAX: Final = 200_000
"""What is longer is compressed by the build, or not with all effort."""
IDENTITY: Final = "identity"
_LIKED: Final = re.compile(r"(?P<encoding>[^\s;,]+)(?:\s*;\s*q=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")
# The bytes as they are may always be sent unless they are refused, and are liked less than anything that is named.
_UNNAMED: Final = 0.0001


def compressed(request: Request, answer: Response, *, is_kept: bool = False) -> Response:
    """Return an answer in the smallest form; `is_kept` says that the same bytes are sent many times."""
    vary = [each.strip() for each in answer.headers.get("vary", "").split(",") if each.strip()]
    answer.headers["Vary"] = ", ".join([*vary, "Accept-Encoding"])
    plain = bytes(answer.body)
    encoding = preferred(request)
    packed = _packed(plain, encoding, is_kept=is_kept)
    if encoding and (len(packed) < len(plain) or not weight(request, IDENTITY)):
        answer.body = packed
        answer.headers["Content-Encoding"] = encoding
        answer.headers["Content-Length"] = str(len(packed))
        if "etag" in answer.headers:  # other bytes of the same meaning (RFC 9110, 8.8.1)
            answer.headers["ETag"] = f"W/{answer.headers['etag']}"
    return answer


def preferred(request: Request) -> str:
    """Return the encoding that a browser likes best of those that we write; nothing for the bytes as they are.

    Of two that it likes alike the smaller one. Who refuses all, the plain bytes too, gets these (RFC 9110, 12.5.3).
    """
    best = max(("br", "gzip", IDENTITY), key=lambda each: weight(request, each))
    return "" if best == IDENTITY or not weight(request, best) else best


def weight(request: Request, encoding: str) -> float:
    """Return how much a browser likes an encoding, from 0 for "not at all" to 1."""
    named: dict[str, float] = {}
    for each in request.headers.get("accept-encoding", "").split(","):
        found = _LIKED.fullmatch(each.strip().lower())
        if found is not None:
            named[found["encoding"]] = float(found["weight"] or 1)
    if encoding == IDENTITY:
        return named.get(encoding, named.get("*", _UNNAMED))
    return named.get(encoding, named.get("*", 0.0))


def _packed(plain: bytes, encoding: str, *, is_kept: bool) -> bytes:
    if encoding == "br":
        packed: bytes = squeezed(plain) if is_kept else brotli.compress(plain, quality=_BROTLI_EFFORT)
        return packed
    return gzip.compress(plain, _GZIP_EFFORT, mtime=0) if encoding == "gzip" else plain


@lru_cache(maxsize=_KEPT_MAX)
def squeezed(content: bytes) -> bytes:
    """Return the content in brotli, as small as can be."""
    packed: bytes = brotli.compress(content, quality=_BROTLI_MOST)
    return packed
