"""JSON as it leaves this process for every check: canonical, by a compiled writer.

Promises: the bytes are those of `verify.receipt_file.canonical_answer` (a test compares them), in a tenth of its time;
who checks a receipt needs nothing but Python.
"""

from collections.abc import Callable, Mapping
from functools import cache


@cache
def _encoder() -> Callable[[object], bytes]:
    import msgspec  # takes longer to load than most commands take, which write nothing of this

    return msgspec.json.Encoder(order="sorted").encode


def canonical_json(content: Mapping[str, object]) -> bytes:
    """Return texts, whole numbers, moments, lists and maps of them as canonical JSON (RFC 8785), UTF-8.

    Moments become texts (RFC 3339). Floats are spelt otherwise than there; bytes and sets are written, and refused
    there. Raises `UnicodeEncodeError` for a text with a lone surrogate, `TypeError` for what no JSON has.
    """
    return _encoder()(content)
