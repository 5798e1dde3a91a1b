"""The doctor where storage for published files is set: what it tries there, and what it says."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api.cli.doctor import _guarded, _storage
from api.settings import Settings
from api.wiring import build
from tests.hall import Hall

# What is put where something is, is taken too; several objects are taken away by one POST.
TAKES_ALL = {"PUT": b"", "POST": b"<DeleteResult/>"}


class Careless(BaseHTTPRequestHandler):
    """Storage that heeds no condition."""

    protocol_version = "HTTP/1.1"
    asked: list[str] = []  # noqa: RUF012 - of the one server of this module

    def log_message(self, *_words: object) -> None:
        pass

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append(self.command)
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(TAKES_ALL[self.command])))
        self.end_headers()
        self.wfile.write(TAKES_ALL[self.command])


for _method in TAKES_ALL:
    setattr(Careless, f"do_{_method}", Careless._answer)


@pytest.fixture
def careless() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_storage_that_lets_one_publisher_overwrite_another_is_named(
    sqlite_hall: Hall, careless: str, tmp_path: Path
) -> None:
    credential = tmp_path / "credential"
    credential.write_text("an-id\na-secret\n")
    credential.chmod(0o600)
    values = sqlite_hall.office.settings.model_dump() | {
        "publish_to": "s3://public/office",
        "publish_endpoint": careless,
        "publish_credential_file": credential,
    }
    office = build(Settings(**values), clock=sqlite_hall.office.clock)

    line = _guarded(_storage, office)

    office.close()
    assert not line.is_good
    assert line.name[1] == "storage of published files"
    assert "[publish.unconditional]" in line.found[1]
    assert Careless.asked == ["PUT", "PUT", "POST"]
