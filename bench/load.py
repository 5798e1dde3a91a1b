"""The figure of many clients at once, for minutes: no error, quick answers, memory that does not grow."""

import asyncio
import json
import math
import os
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psutil

from bench.cores import every_core
from bench.figure import LIMIT, Figure
from bench.http import RELIANCE, VERIFICATIONS, client_keys
from bench.loopback import exchange, post, server
from bench.town_of_bench import CHUNK, found_town, issue_chunks

CLIENTS = 16
WORKERS = 2
# Of ten requests of a client, in an order of its own.
MIX = ("token",) * 7 + ("pdf",) * 2 + ("ofd",)
# The issue asks for ten minutes: YINZHENG_BENCH_LOAD_SECONDS=600.
SECONDS = float(os.environ.get("YINZHENG_BENCH_LOAD_SECONDS", "60"))
# Until then caches fill and every worker has seen each kind of document.
WARM_SHARE = 0.2
# How often memory is looked at.
LOOKS = 20
_BOUNDARY = "yinzheng-bench"


def load(folder: Path) -> Iterator[Figure]:
    """Sixteen systems, each with a key of its own, check for a stated purpose and with a receipt without a pause: 70 % codes,
    20 % PDFs, 10 % OFDs, on a uvicorn with two workers on all cores, which the clients share. 60 seconds, or as
    YINZHENG_BENCH_LOAD_SECONDS says: the issue asks for 600. Every answer must be 200 and end with a receipt; the first
    fifth warms up, and in it each client connects once more, for who connects at the start finds one worker alone. Memory is that of all processes of the server together at the end over that after the first fifth.
    """
    town = found_town(folder)
    issued = issue_chunks(town, town.drafts(CHUNK))
    requests = {
        "token": [json.dumps({"text": each.record.token_text, "reliance": RELIANCE}).encode() for each in issued],
        "pdf": [_form("a.pdf", each.document) for each in issued],
        "ofd": [_form("a.ofd", each.ofd) for each in issued if each.ofd is not None],
    }
    keys = client_keys(town, CLIENTS)
    with every_core(), server("office", folder, workers=WORKERS) as port:
        course = asyncio.run(_Course(port, requests).run(keys))
    yield from course.figures()


class _Course:
    """What was measured while it ran."""

    def __init__(self, port: int, requests: dict[str, list[bytes]]) -> None:
        self._port = port
        self._requests = requests
        self._seconds: dict[str, list[float]] = {kind: [] for kind in requests}
        self._errors: list[str] = []
        self._memory: list[float] = []

    async def run(self, keys: Sequence[str]) -> "_Course":
        """Let all clients ask until the time is over, and look at the server's memory meanwhile."""
        begin = time.perf_counter()
        watching = asyncio.create_task(self._watch())
        await asyncio.gather(*(self._ask(key, number, begin) for number, key in enumerate(keys)))
        watching.cancel()
        return self

    async def _ask(self, key: str, number: int, begin: float) -> None:
        chance = random.Random(number)  # noqa: S311 - the order of requests is no secret
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        again = begin + chance.uniform(0.5, 1) * WARM_SHARE * SECONDS
        while (started := time.perf_counter()) < begin + SECONDS:
            if started > again:
                again = math.inf
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            kind = chance.choice(MIX)
            body = chance.choice(self._requests[kind])
            try:
                answer = await exchange(reader, writer, _request(kind, body, key))
            except (OSError, RuntimeError, asyncio.IncompleteReadError) as error:
                self._errors.append(str(error))
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                continue
            if b'"receipt":{' not in answer:
                self._errors.append("an answer without a receipt")
            if started > begin + WARM_SHARE * SECONDS:
                self._seconds[kind].append(time.perf_counter() - started)
        writer.close()

    async def _watch(self) -> None:
        """Look from a process of its own: a look takes a tenth of a second, and meanwhile no client would be heard."""
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
            while True:
                self._memory.append(await loop.run_in_executor(beside, _memory_of_servers, os.getpid()) / 1024**2)
                await asyncio.sleep(SECONDS / LOOKS)

    def figures(self) -> Iterator[Figure]:
        """Return the lines of the report."""
        count = sum(map(len, self._seconds.values()))
        asked = f"{count / (SECONDS * (1 - WARM_SHARE)):.0f} checks a second by {CLIENTS} clients in {SECONDS:.0f} s"
        told = f": {self._errors[0][:200]}" if self._errors else ""
        yield Figure(
            name="load_errors",
            value=len(self._errors),
            unit="errors",
            goal=0,
            own=asked + told,
            rival=LIMIT,
            at_least=False,
        )
        medians = ", ".join(f"{kind} {statistics.median(each) * 1000:.0f} ms" for kind, each in self._seconds.items())
        late = statistics.quantiles(self._seconds["token"], n=100)[98] * 1000
        yield Figure(
            name="load_p99", value=late, unit="ms", goal=100, own=f"medians: {medians}", rival=LIMIT, at_least=False
        )
        fifth = max(1, len(self._memory) // 5)
        after, end = statistics.median(self._memory[fifth : 2 * fifth]), statistics.median(self._memory[-fifth:])
        yield Figure(
            name="load_memory",
            value=end / after,
            unit="times",
            goal=1.05,
            own=f"{end:.0f} MB at the end",
            rival=f"{after:.0f} MB after the first fifth",
            at_least=False,
        )


def _memory_of_servers(client: int) -> int:
    """Return what the processes that a client started have for themselves, without the one that looks."""
    children = psutil.Process(client).children(recursive=True)
    return sum(_own_memory(each) for each in children if each.pid != os.getpid())


def _own_memory(process: psutil.Process) -> int:
    """Return what a process has for itself; a reader of a file lives for some milliseconds only."""
    try:
        return int(process.memory_full_info().uss) if process.create_time() < time.time() - 1 else 0
    except psutil.Error:
        return 0


def _form(name: str, document: bytes) -> bytes:
    """Return a form with a purpose and a file."""
    parts = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="reliance"\r\n\r\n{json.dumps(RELIANCE)}\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return parts.encode() + document + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _request(kind: str, body: bytes, key: str) -> bytes:
    if kind == "token":
        return post(VERIFICATIONS, body, authorization=key)
    return post(
        f"{VERIFICATIONS}/file", body, authorization=key, media_type=f"multipart/form-data; boundary={_BOUNDARY}"
    )
