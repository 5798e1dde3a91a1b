"""Answers in the smallest form that a browser takes, for what holds no secret of a session.

Promises:
  * Who names no encoding, or one that we do not write, gets the bytes as they are.
  * What is sent many times is compressed once, as small as can be; a page that is made anew, as fast as can be.
"""

import gzip
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


def compressed(request: Request, answer: Response, *, is_kept: bool = False) -> Response:
    """Return an answer in the smallest form; `is_kept` says that the same bytes are sent many times."""
    vary = [each.strip() for each in answer.headers.get("vary", "").split(",") if each.strip()]
    answer.headers["Vary"] = ", ".join([*vary, "Accept-Encoding"])
    plain = bytes(answer.body)
    encoding, small = _smallest(request, plain, is_kept=is_kept)
    if len(small) < len(plain):
        answer.body = small
        answer.headers["Content-Encoding"] = encoding
        answer.headers["Content-Length"] = str(len(small))
        if "etag" in answer.headers:  # other bytes of the same meaning (RFC 9110, 8.8.1)
            answer.headers["ETag"] = f"W/{answer.headers['etag']}"
    return answer


def _smallest(request: Request, plain: bytes, *, is_kept: bool) -> tuple[str, bytes]:
    if takes(request, "br"):
        return "br", squeezed(plain) if is_kept else brotli.compress(plain, quality=_BROTLI_EFFORT)
    if takes(request, "gzip"):
        return "gzip", gzip.compress(plain, _GZIP_EFFORT, mtime=0)
    return "", plain


def takes(request: Request, encoding: str) -> bool:
    """Say whether the browser takes this encoding; who names it with a preference of nothing is no browser."""
    return encoding in {each.split(";")[0].strip() for each in request.headers.get("accept-encoding", "").split(",")}


@lru_cache(maxsize=_KEPT_MAX)
def squeezed(content: bytes) -> bytes:
    """Return the content in brotli, as small as can be."""
    packed: bytes = brotli.compress(content, quality=_BROTLI_MOST)
    return packed
