"""Servers and clients of the figures over HTTP: a real uvicorn on loopback, asked by kept-alive connections."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

START_SECONDS_MAX = 60
HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@contextmanager
def server(application: str, folder: Path, *, workers: int = 1) -> Iterator[int]:
    """Serve an application of `bench.http_server` over the town in this folder, and give its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "uvicorn", f"bench.http_server:{application}", "--factory", "--host", "127.0.0.1",
        "--port", str(port), "--log-level", "warning", "--no-access-log", "--workers", str(workers),
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        env={**os.environ, "YINZHENG_BENCH_TOWN": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until something listens on this port, or tell that the process ended."""
    end = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")


def get(path: str) -> bytes:
    """Return a request as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def post(path: str, body: bytes, *, authorization: str, media_type: str = "application/json") -> bytes:
    """Return a request with a body as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def ask_once(port: int, request: bytes) -> bytes:
    """Return the body of the answer to one request, which must be 200."""
    return asyncio.run(_ask_once(port, request))


async def _ask_once(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = await exchange(reader, writer, request)
    writer.close()
    return answer


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """Send a request over a connection and return the body of its answer, which must be 200."""
    writer.write(request)
    head = await reader.readuntil(HEAD_END)
    length = next(int(line[len(_LENGTH) :]) for line in head.lower().split(b"\r\n") if line.startswith(_LENGTH))
    body = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError((head + body).decode(errors="replace")[:500])
    return body


def rate(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> float:
    """Return the requests a second that the server answers to so many connections."""
    return asyncio.run(_measure(port, requests, connections, seconds))


async def _measure(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> float:
    begin = time.perf_counter()
    counts = await asyncio.gather(*(_ask(port, requests, begin + seconds, first) for first in range(connections)))
    return sum(counts) / (time.perf_counter() - begin)


async def _ask(port: int, requests: Sequence[bytes], end: float, first: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.perf_counter() < end:
        await exchange(reader, writer, requests[(first + count) % len(requests)])
        count += 1
    writer.close()
    return count
