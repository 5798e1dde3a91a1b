"""Work that goes on in a thread beside a block of code.

Promises: the thread is told to stop when the block ends, however it ends, and is waited for.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beside(work: Callable[[threading.Event], object], *, name: str, seconds_max: float | None = None) -> Iterator[None]:
    """Do work in a thread of this name until the block ends; the work must look at the event it is given.

    The thread is waited for until it is done, or for so many seconds at most.
    """
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(seconds_max)
