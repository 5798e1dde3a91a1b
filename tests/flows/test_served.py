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
from pathlib import Path

import httpx
import pytest

from tests.flows.test_batch import mixed_sheet, upload
from tests.hall import Hall

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


@pytest.fixture
def served(sqlite_hall: Hall) -> Iterator[tuple[Hall, httpx.Client, "subprocess.Popen[bytes]"]]:
    """The hall's deployment, served by a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = sqlite_hall.office.settings
    arguments = [str(settings.data), settings.database, settings.host, str(port), sqlite_hall.town.now.isoformat()]
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
        yield sqlite_hall, client, server
    if server.poll() is None:
        server.kill()
    server.communicate()


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
