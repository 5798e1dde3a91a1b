"""Changed copies of a file, the same ones each time: bits and bytes changed, cut out, put in, repeated, exchanged."""

from collections.abc import Callable, Iterator
from random import Random

Mutation = Callable[[Random, bytes], bytes]


def flip(random: Random, data: bytes) -> bytes:
    """Change one bit."""
    changed = bytearray(data)
    changed[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(changed)


def overwrite(random: Random, data: bytes) -> bytes:
    """Put other bytes in the place of four."""
    changed = bytearray(data)
    at = random.randrange(len(data))
    changed[at : at + 4] = random.randbytes(min(4, len(data) - at))
    return bytes(changed)


def cut_out(random: Random, data: bytes) -> bytes:
    """Leave out some bytes."""
    at = random.randrange(len(data))
    return data[:at] + data[at + random.randint(1, 400) :]


def put_in(random: Random, data: bytes) -> bytes:
    """Put some bytes in between."""
    at = random.randrange(len(data) + 1)
    return data[:at] + random.randbytes(random.randint(1, 40)) + data[at:]


def repeat(random: Random, data: bytes) -> bytes:
    """Repeat some bytes in the place of others."""
    at = random.randrange(len(data))
    return data[:at] + data[at : at + random.randint(1, 400)] * 2 + data[at + 400 :]


def exchange(random: Random, data: bytes) -> bytes:
    """Let two neighbouring parts change places."""
    first, second, third = sorted(random.randrange(len(data)) for _ in range(3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def last_bit_changed(data: bytes) -> bytes:
    """Change the last bit: what a fixed byte in its place would leave as it is in one run of 256."""
    return data[:-1] + bytes((data[-1] ^ 1,))


MUTATIONS: tuple[Mutation, ...] = (flip, overwrite, cut_out, put_in, repeat, exchange)


def mutations(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield so many changed copies, the same each time."""
    random = Random(seed)  # noqa: S311 - which bytes a test changes
    while count:
        changed = random.choice(MUTATIONS)(random, data)
        if changed != data:
            count -= 1
            yield changed
