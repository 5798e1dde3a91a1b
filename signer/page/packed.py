"""Bytes that stand in a document deflated: compressed once, hashed once, whichever body takes them first.

Promises: one raw deflate stream serves both bodies: a PDF frames it as zlib stream, an OFD as entry of its ZIP.
"""

from typing import Final

from isal import isal_zlib

from signer.page.deflate import deflate, raw_stream
from verify.sm2 import sm3


class Packed:
    """Some bytes of a document, with what the bodies need of them; share it wherever the same bytes come again."""

    __slots__ = ("_checksum", "_digest", "_zlib_stream", "content")

    def __init__(self, content: bytes) -> None:
        self.content: Final = content
        self._zlib_stream: bytes | None = None
        self._checksum: int | None = None
        self._digest: bytes | None = None

    @property
    def zlib_stream(self) -> bytes:
        """The bytes deflated, as PDF wants them (RFC 1950)."""
        if self._zlib_stream is None:
            self._zlib_stream = deflate(self.content)
        return self._zlib_stream

    @property
    def deflated(self) -> bytes:
        """The same stream as ZIP wants it (RFC 1951)."""
        return raw_stream(self.zlib_stream)

    @property
    def checksum(self) -> int:
        """The CRC-32 of the bytes, as ZIP wants it."""
        if self._checksum is None:
            self._checksum = isal_zlib.crc32(self.content)
        return self._checksum

    @property
    def digest(self) -> bytes:
        """The SM3 digest of the bytes, as an OFD's signature lists it."""
        if self._digest is None:
            self._digest = sm3(self.content)
        return self._digest
