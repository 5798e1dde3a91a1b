"""Deterministic CBOR (RFC 8949, 4.2.1): one value, one spelling.

Promises:
  * Only integers of 64 bits, byte and text strings, arrays, maps with integer or text keys, true, false and null.
  * ``decode`` refuses every second spelling: longer heads than needed, indefinite lengths, unsorted or doubled keys,
    floats, bytes left over. So whatever it returns would be encoded to the very same bytes (a property test says so).
  * No tag has any meaning to the decoder; the one that a caller names must stand outermost.
  * The same in machine code, where ``cbor_codec.py`` was compiled, and in Python alone.

Both are ours: a general decoder gives meaning to tags of strangers (dates, regular expressions, mail), and checking
afterwards by encoding again costs as much; a general encoder sorts keys in another order, or is told to by sorting them
first, which takes twice the time. cbor2 judges both in tests.
"""

from collections.abc import Callable
from typing import Final

from verify import cbor_codec
from verify.compiled import CODEC
from verify.errors import MalformedError

DEPTH_MAX: Final = cbor_codec.DEPTH_MAX
_CODEC: Final = CODEC or cbor_codec
_NO_TAG: Final = cbor_codec.NO_TAG
_encode: Final[Callable[[object], bytes]] = _CODEC.encode
_decode: Final[Callable[[bytes, int], object]] = _CODEC.decode

encode_bytes: Final[Callable[[bytes], bytes]] = _CODEC.encode_bytes
"""Encode a byte string as ``encode`` does, by a shorter way; a token's check needs it twice."""
bytes_head: Final[Callable[[int], bytes]] = _CODEC.bytes_head
"""Return what stands before so many bytes."""
text_head: Final[Callable[[int], bytes]] = _CODEC.text_head
"""Return what stands before a text of so many bytes."""


class CborError(MalformedError):
    """Not the deterministic CBOR that our formats demand."""

    code = "cbor.malformed"


def encode(value: object) -> bytes:
    """Encode a value; tuples become arrays. Raises ``CborError`` for a value of any other type."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        raise CborError("text with a lone surrogate") from None  # the cause would repeat the text
    except ValueError as error:
        raise CborError(str(error)) from None


def decode(data: bytes, *, bytes_max: int, tag: int | None = None) -> object:
    """Decode exactly one item; ``tag``, when named, must stand before it in its shortest form.

    Raises ``CborError`` when the bytes are more than ``bytes_max`` or not the deterministic encoding of one value.
    """
    if type(data) is not bytes:
        raise TypeError("bytes alone are read, so that both ways read the same")
    if len(data) > bytes_max:
        raise CborError("too many bytes")
    try:
        return _decode(data, _NO_TAG if tag is None else tag)
    except (IndexError, UnicodeDecodeError):
        raise CborError("the bytes end too early, or a text is not UTF-8") from None  # the cause may repeat the text
    except ValueError as error:
        raise CborError(str(error)) from None
