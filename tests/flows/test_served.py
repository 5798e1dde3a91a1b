"""The office as `serve` runs it: a real server on loopback, with the worker beside it, stopped by a signal."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from api.sandbox import LINE_READERS_MAX, READERS_MAX
from tests.flows.test_batch import mixed_sheet, upload
from tests.hall import Hall, own_hall
from tests.town import FoundedTown

OFFICE_SERVER = """
import sys
folder, url, host, port, moment = sys.argv[1:6]
from datetime import datetime
from pathlib import Path
from api.serving import serve
from api.settings import Settings
from api.wiring import build
settings = Settings(data=Path(folder), database_url=url, public_address=f"https://{host}", test=True)
office = build(settings, clock=lambda: datetime.fromisoformat(moment))  # the town's
serve(office, host="127.0.0.1", port=int(port))
office.close()
"""


@pytest.fixture(scope="module")
def hall(founded_on_sqlite: FoundedTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with own_hall(founded_on_sqlite, tmp_path_factory.mktemp("served")) as opened:
        yield opened


@pytest.fixture(scope="module")
def served(hall: Hall) -> Iterator[tuple[Hall, httpx.Client, "subprocess.Popen[bytes]"]]:
    """The hall's deployment, served by a process of its own until the last test that takes it stops it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = hall.office.settings
    arguments = [str(settings.data), settings.database, settings.host, str(port), hall.town.now.isoformat()]
    server = subprocess.Popen(
        [sys.executable, "-c", OFFICE_SERVER, *arguments], stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        for _ in range(600):
            try:
                client.get("/api/v1/healthz")
                break
            except httpx.TransportError:
                assert server.poll() is None
                time.sleep(0.1)
        yield hall, client, server
    if server.poll() is None:
        server.kill()
    server.communicate()


def hostile_pdf() -> bytes:
    """Return a file whose table has two thousand million entries without a length: it is read until its time is up."""
    table = b"1 0 obj\n<</Type/XRef/Size 2/W[0 0 0]/Index[0 2147483647]/Root 1 0 R/Length 0>>\nstream\n\nendstream\nendobj\n"
    return b"%PDF-1.7\n" + table + b"startxref\n9\n%%EOF\n"


@pytest.mark.server
def test_a_pile_of_hostile_files_from_one_address_keeps_no_other_address_waiting(
    served: tuple[Hall, httpx.Client, "subprocess.Popen[bytes]"],
) -> None:
    """More than there are readers: they could keep every one of them, and have others wait behind them."""
    hall, client, _ = served
    document = hall.town.issues(hall.town.teacher_draft()).document
    ended: list[tuple[str, int]] = []

    def sends(name: str, address: str, content: bytes) -> httpx.Response:
        transport = httpx.HTTPTransport(local_address=address)
        with httpx.Client(base_url=client.base_url, transport=transport, timeout=60) as own:
            answer = own.post("/api/v1/verifications/file", files={"file": ("a.pdf", content, "application/pdf")})
        ended.append((name, answer.status_code))
        return answer

    sends("first", "127.0.0.4", document)  # the reader is warm
    count = READERS_MAX + LINE_READERS_MAX
    with ThreadPoolExecutor(count) as pool:
        for _ in range(count):
            pool.submit(sends, "hostile", "127.0.0.2", hostile_pdf())
        time.sleep(1)  # they hold or wait for their turns now
        answer = sends("honest", "127.0.0.3", document)

    names = [name for name, _ in ended]
    assert answer.json()["verdict"] == "valid"
    assert names.index("honest") <= 1 + LINE_READERS_MAX  # the first, and no more than those that were being read
    assert {status for name, status in ended if name == "hostile"} <= {422, 503}
    assert names.count("hostile") == count


@pytest.mark.server
def test_a_batch_that_is_sent_to_a_served_office_is_issued_by_itself(
    served: tuple[Hall, httpx.Client, "subprocess.Popen[bytes]"],
) -> None:
    hall, client, server = served
    client.headers["Authorization"] = hall.credentials["officer"]
    path = client.post("/api/v1/batches", files=upload(mixed_sheet(hall))).headers["location"]

    run = client.post(f"{path}/run", headers={"Idempotency-Key": uuid.uuid4().hex})
    for _ in range(600):
        batch = client.get(path).json()
        if batch["state"] == "done":
            break
        time.sleep(0.1)
    os.kill(server.pid, signal.SIGTERM)
    _, written = server.communicate(timeout=60)
    lines = [json.loads(line) for line in written.decode().splitlines()]

    assert run.status_code == 202
    assert (batch["state"], batch["issued"], batch["bad"]) == ("done", 3, 2)
    assert "part_done" in {line["event"] for line in lines}
    assert server.returncode in {0, -signal.SIGTERM}


@pytest.mark.server
def test_a_taken_port_ends_the_start_with_a_sentence_and_70(sqlite_hall: Hall) -> None:
    settings = sqlite_hall.office.settings
    environment = os.environ | {"YINZHENG_DATABASE_URL": settings.database, "LANG": "zh_CN.UTF-8"}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [str(Path(sys.executable).parent / "yinzheng"), "--data", str(settings.data), "serve", "--public", "--port", port],
            env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    assert ended.returncode == 70
    assert f"无法在 127.0.0.1:{port} 提供服务" in ended.stderr
    assert "[deployment.listen]" in ended.stderr
    assert "Traceback" not in ended.stderr
