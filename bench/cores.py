"""Which cores a figure may use: one for ours and rival alike, all of them, or those that a server leaves to its clients."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def let_use_one_core() -> None:
    """Keep this process, and what it starts, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def let_client_use_other_cores() -> None:
    """Leave the servers their core; with one core only, client and servers share it."""
    if hasattr(os, "sched_setaffinity"):
        cores = _all()
        os.sched_setaffinity(0, (cores - {min(cores)}) or cores)


@contextmanager
def every_core() -> Iterator[None]:
    """Let the block, and what is started in it, have what the computer has, as in service."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, _all())
    try:
        yield
    finally:
        os.sched_setaffinity(0, pinned)


def _all() -> set[int]:
    return set(range(os.cpu_count() or 1))
