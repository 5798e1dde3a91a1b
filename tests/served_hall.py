"""A hall behind a real server on loopback, in a thread of the test's process."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.serving import Server, server_of
from api.tls import TlsFiles
from tests.hall import Hall


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def serving(hall: Hall, tls: TlsFiles | None, *, tell: Callable[[Server], None] = lambda _: None) -> Iterator[int]:
    """Serve the hall on loopback, in a thread."""
    port = free_port()
    server = server_of(hall.office, public=False, host="127.0.0.1", port=port, tls=tls)
    server.look_every = 1
    tell(server)
    thread = threading.Thread(target=server.run)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    try:
        yield port
    finally:  # else a test that fails would never end
        server.should_exit = True
        thread.join()
