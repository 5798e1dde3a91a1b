"""Figure of the public check over HTTP, on a real uvicorn on loopback."""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from bench.figure import Figure
from bench.town_of_bench import CHUNK, found_town, issue_chunks

CONNECTIONS = 16
SECONDS = 3.0
ROUNDS = 3
START_SECONDS_MAX = 60
HEAD_END = b"\r\n\r\n"


def public_check(folder: Path) -> Iterator[Figure]:
    """Public checks of fifty licences by id over kept-alive HTTP connections, each answer read from the registry, against
    a FastAPI route that returns an empty object; both on a uvicorn of their own with one worker on the same core, asked
    in turn by sixteen connections from another core. The value is our rate over theirs; median of three rounds.
    """
    town = found_town(folder)
    ids = [each.record.licence_id for each in issue_chunks(town, town.drafts(CHUNK))]
    own_paths = [f"/api/v1/checks/{each}" for each in ids]
    with _server("bench.http_server:nothing", folder) as theirs, _server("bench.http_server:public", folder) as own:
        _demand_verdict(own, own_paths[0])
        _let_client_use_other_cores()
        rates = [(_rate(own, own_paths), _rate(theirs, ["/nothing"])) for _ in range(ROUNDS)]
    yield Figure(
        name="public_check",
        value=statistics.median(ours / rival for ours, rival in rates),
        unit="of its rate",
        goal=0.5,
        own=f"{statistics.median(ours for ours, _ in rates):.0f}/s",
        rival=f"FastAPI {version('fastapi')} on uvicorn {version('uvicorn')}, no-op: "
        f"{statistics.median(rival for _, rival in rates):.0f}/s",
    )


def _let_client_use_other_cores() -> None:
    """Leave the servers their core; with one core only, client and servers share it."""
    if hasattr(os, "sched_setaffinity"):
        cores = set(range(os.cpu_count() or 1))
        os.sched_setaffinity(0, (cores - {min(cores)}) or cores)


@contextmanager
def _server(application: str, folder: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "uvicorn", application, "--factory", "--host", "127.0.0.1", "--port", str(port),
        "--log-level", "warning", "--no-access-log",
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        env={**os.environ, "YINZHENG_BENCH_TOWN": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")


def _demand_verdict(port: int, path: str) -> None:
    """Make sure that what is measured is a check that ends with a verdict."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(_request(path, close=True))
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(HEAD_END)
    if b" 200 " not in head.split(b"\r\n")[0] or not json.loads(body)["in_force"]:
        raise RuntimeError("the public check does not say that the licence is in force")


def _request(path: str, *, close: bool = False) -> bytes:
    kept = "close" if close else "keep-alive"
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: {kept}\r\n\r\n".encode()


def _rate(port: int, paths: Sequence[str]) -> float:
    """Return the requests a second that the server answers."""
    return asyncio.run(_measure(port, [_request(path) for path in paths]))


async def _measure(port: int, requests: Sequence[bytes]) -> float:
    end = time.perf_counter() + SECONDS
    begin = time.perf_counter()
    counts = await asyncio.gather(*(_ask(port, requests, end, first) for first in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - begin)


async def _ask(port: int, requests: Sequence[bytes], end: float, first: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.perf_counter() < end:
        writer.write(requests[(first + count) % len(requests)])
        head = await reader.readuntil(HEAD_END)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode(errors="replace")[:200])
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        count += 1
    writer.close()
    return count
