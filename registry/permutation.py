"""A secret permutation of the places of one status list, so that neighbours in time are no neighbours in the list.

Promises: a permutation for every key (each place comes once; a test walks them all); pure; who lacks the key learns
from a place neither how many licences there are nor which were issued together.

An unbalanced Feistel network over 8 and 9 bits with BLAKE2b as its round function. It hides an order; it is no cipher.
"""

from hashlib import blake2b
from typing import Final

# 2 bits each make 32 KiB unpacked; with few licences ended, a signed list is some hundred bytes (credential-qr.md, 7).
LIST_SIZE: Final = 1 << 17
KEY_BYTES: Final = 32
_LEFT_BITS: Final = 8
_RIGHT_BITS: Final = 9
_ROUNDS: Final = 12


def permute(key: bytes, counter: int) -> int:
    """Return the place of the counter-th licence of a list."""
    if not 0 <= counter < LIST_SIZE or len(key) != KEY_BYTES:
        raise ValueError("no such place")
    left, right = counter >> _RIGHT_BITS, counter & ((1 << _RIGHT_BITS) - 1)
    for number in range(_ROUNDS):
        if number % 2 == 0:
            right ^= _mix(key, number, left) & ((1 << _RIGHT_BITS) - 1)
        else:
            left ^= _mix(key, number, right) & ((1 << _LEFT_BITS) - 1)
    return left << _RIGHT_BITS | right


def _mix(key: bytes, number: int, half: int) -> int:
    return int.from_bytes(blake2b(bytes((number, half >> 8, half & 0xFF)), digest_size=2, key=key).digest())
