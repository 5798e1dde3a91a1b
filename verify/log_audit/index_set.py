"""A set of places in the log that takes one bit for each entry, however many stand in it.

Promises: ten million entries are 1.3 MB whatever a hostile log says; what is kept of it is short where few stand in it,
and is never inflated beyond what the largest log needs.
"""

import base64
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from verify.errors import MalformedError

# A thousand million entries are 128 MB of bits, and hundreds of years of a large city.
INDEX_MAX: Final = 1 << 30
_SOME: Final = re.compile(rb"[^\0]")


class IndexSet:
    """Places of entries, in order."""

    def __init__(self, indexes: Iterable[int] = ()) -> None:
        self._bits = bytearray()
        self._count = 0
        for each in indexes:
            self.add(each)

    def add(self, index: int) -> None:
        """Put a place in. Raises ``MalformedError`` for one that no log has."""
        if not 0 <= index < INDEX_MAX:
            raise MalformedError("no place of a log")
        byte, bit = index >> 3, 1 << (index & 7)
        if byte >= len(self._bits):
            self._bits += bytes(byte + 1 - len(self._bits))
        self._count += not self._bits[byte] & bit
        self._bits[byte] |= bit

    def discard(self, index: int) -> None:
        """Take a place out; one that is not in it changes nothing."""
        if index in self:
            self._bits[index >> 3] ^= 1 << (index & 7)
            self._count -= 1

    def __contains__(self, index: int) -> bool:
        """Say whether a place is in it."""
        byte = index >> 3
        return 0 <= byte < len(self._bits) and bool(self._bits[byte] >> (index & 7) & 1)

    def __iter__(self) -> Iterator[int]:
        """Yield the places in order; the set must not change meanwhile."""
        for match in _SOME.finditer(bytes(self._bits)):
            start, byte = match.start() << 3, match[0][0]
            yield from (start + bit for bit in range(8) if byte >> bit & 1)

    def __len__(self) -> int:
        """How many places are in it."""
        return self._count

    def state(self) -> str:
        """Return all of it as text."""
        return base64.b64encode(zlib.compress(bytes(self._bits), 1)).decode()

    @classmethod
    def from_state(cls, state: object) -> "IndexSet":
        """Read what ``state`` gave. Raises ``MalformedError``."""
        made = cls()
        try:
            inflater = zlib.decompressobj()
            bits = inflater.decompress(base64.b64decode(str(state), validate=True), INDEX_MAX // 8 + 1)
        except (ValueError, zlib.error) as error:
            raise MalformedError("not the state of a set of places") from error
        if inflater.unconsumed_tail or not inflater.eof:
            raise MalformedError("places behind the end of the log")
        made._bits += bits
        made._count = int.from_bytes(bits).bit_count()
        return made
