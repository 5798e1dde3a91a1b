"""Where the auditor's checker reads from: a server that is odd is said to be, and never taken for a missing file."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api.auditor.files import HttpReader, ReadError, load_state, open_source, save_state
from api.auditor.words import FINDINGS, LISTS, sentence

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[3]
CODE = re.compile(r"checker\.[a-z_]+")
LISTED = re.compile(r"findings\.list\(\s*\"([a-z_]+)\"")


class _Published(BaseHTTPRequestHandler):
    """Answers by the last part of the path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status = {"gone": 404, "moved": 302, "broken": 500}.get(self.path.rpartition("/")[2], 200)
        body = self.path.encode()
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Published) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/copy/"
        server.shutdown()
        thread.join()


def test_a_server_is_read_over_one_connection_and_only_404_means_missing(address: str) -> None:
    reader = HttpReader(address)

    assert reader.get("log/checkpoint") == b"/copy/log/checkpoint"
    assert reader.get("log/gone") is None
    for odd in ("moved", "broken"):
        with pytest.raises(ReadError):
            reader.get(f"log/{odd}")
    assert reader.get("tile/0/000") == b"/copy/tile/0/000"
    reader.close()


@pytest.mark.parametrize("source", ["ftp://host/x", "http:///x", "no such folder"])
def test_a_source_that_is_neither_folder_nor_address_is_refused(source: str) -> None:
    with pytest.raises(ReadError):
        open_source(source)


def test_what_is_kept_is_read_back_and_a_broken_file_is_nothing_kept(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "state.json"
    assert load_state(path) is None

    save_state(path, {"position": 256})
    assert load_state(path) == {"position": 256}

    path.write_bytes(path.read_bytes()[:-3])
    assert load_state(path) is None


def test_every_finding_and_list_has_its_words() -> None:
    sources = [*(ROOT / "verify/log_audit").glob("*.py"), ROOT / "api/auditor/checking.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)

    assert set(CODE.findall(text)) == set(FINDINGS)
    assert set(LISTED.findall(text)) == set(LISTS)
    assert all(sentence(code, {}, language) for code in FINDINGS for language in ("zh", "en"))
