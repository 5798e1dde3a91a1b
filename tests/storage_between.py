"""Something between us and storage that speaks S3: it takes conditions out of requests, or fails at some of them.

with between(address) as way:      # the address of a server that speaks S3
    way.strips = True              # the storage behind seems to know no If-None-Match and If-Match
    way.fails = 0.2                # a fifth of all requests is answered 500; half of these were carried out
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_CONDITIONS = frozenset({"if-none-match", "if-match"})
_OWN = frozenset({"host", "connection", "content-length", "transfer-encoding", "server", "date", "accept-encoding"})


class Way(ThreadingHTTPServer):
    """The way to a server, and what it does to requests."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.there = urlsplit(address).netloc
        self.strips = False
        self.fails = 0.0
        self.failed = 0
        self.drawn = random.Random(20)  # noqa: S311 - the same faults each time

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Way

    def log_message(self, *_words: object) -> None:
        pass

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        left_out = _OWN | _CONDITIONS if self.server.strips else _OWN
        headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        lot = self.server.drawn.random()
        status, answered, content = 500, {}, b""
        if lot >= self.server.fails / 2:
            connection = HTTPConnection(self.server.there, timeout=30)
            connection.request(self.command, self.path, body=body, headers=headers)
            with connection.getresponse() as answer:
                status, answered, content = answer.status, dict(answer.getheaders()), answer.read()
            connection.close()
        if lot < self.server.fails:
            self.server.failed += 1
            status, content = 500, b""
        length = answered.get("Content-Length", "0") if self.command == "HEAD" else str(len(content))
        self.send_response(status)
        for name, value in answered.items():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


# `http.server` asks for a method of each name.
for _method in ("GET", "PUT", "POST", "DELETE", "HEAD"):
    setattr(_Handler, f"do_{_method}", _Handler._pass_on)


@contextmanager
def between(address: str) -> Iterator[Way]:
    """Stand between until the block ends."""
    with Way(address) as way:
        thread = threading.Thread(target=way.serve_forever, daemon=True)
        thread.start()
        try:
            yield way
        finally:
            way.shutdown()
            thread.join()
