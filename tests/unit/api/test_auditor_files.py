"""Where the auditor's checker reads from: a server that is odd is said to be, and never taken for a missing file."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api.auditor.files import HttpReader, ReadError, load_state, open_source, save_state
from api.auditor.request import _ask_witnesses
from api.auditor.words import FINDINGS, LISTS, sentence
from verify.cosignature import witness_key
from verify.note import LogVerifier, note_key_id
from verify.witness_policy import WitnessPolicy

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[3]
CODE = re.compile(r"checker\.[a-z_]+")
LISTED = re.compile(r"findings\.list\(\s*\"([a-z_]+)\"")

# Two minutes of a byte each twentieth of a second.
DRIPS = 2400


class _Published(BaseHTTPRequestHandler):
    """Answers by the last part of the path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.endswith("drips"):
            self._drip()
            return
        status = {"gone": 404, "moved": 302, "broken": 500}.get(self.path.rpartition("/")[2], 200)
        status = 404 if "/nothing/" in self.path else status
        body = self.path.encode()
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            for _ in range(DRIPS):
                self.wfile.write(b"x")
                time.sleep(0.05)

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


def test_a_server_that_drips_holds_nobody_for_long_and_what_came_of_a_file_is_not_taken_for_it(address: str) -> None:
    reader, begun = HttpReader(address, file_seconds=0.2), time.monotonic()

    with pytest.raises(ReadError):
        reader.get("log/drips")

    assert time.monotonic() - begun < DRIPS * 0.05 / 2


def test_witnesses_are_asked_what_they_saw_and_one_that_is_away_is_named(address: str) -> None:
    keys = [witness_key(f"w{number}", bytes([number]) * 32).text for number in range(4)]
    policy = WitnessPolicy.parse(
        f"witness near {keys[0]} {address}shown\nwitness mute {keys[1]}\nwitness away {keys[2]} http://127.0.0.1:1\n"
        f"witness denies {keys[3]} {address}nothing\ngroup heads 1 near mute away\nquorum heads\n"
    )
    log = LogVerifier("x/log", note_key_id("x/log", 1, bytes(32)), bytes(32))

    shown, away = _ask_witnesses(policy, (log,))

    place = f"{sha256(b'x/log').hexdigest()}/checkpoint"
    assert [(each.source, each.note) for each in shown] == [(f"{address}shown/{place}", f"/copy/shown/{place}")]
    assert [name for name, _reason in away] == ["away", "denies"]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:99999/",
        "http://[::1",
        "http://a..b/",
        f"http://{'a' * 70}.example/",
        "http://127.0.0.1:1/中",
        "/",
    ],
)
def test_an_odd_address_in_the_operator_s_policy_ends_no_audit_and_reads_no_file(address: str) -> None:
    policy = WitnessPolicy.parse(f"witness near {witness_key('w', bytes(32)).text} {address}\nquorum none\n")

    shown, away = _ask_witnesses(policy, (LogVerifier("x/log", note_key_id("x/log", 1, bytes(32)), bytes(32)),))

    assert (shown, [name for name, _reason in away]) == ([], ["near"])


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
    sources = [
        *(ROOT / "verify/log_audit").glob("*.py"),
        ROOT / "api/auditor/checking.py",
        ROOT / "api/auditor/matching.py",
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)

    assert set(CODE.findall(text)) == set(FINDINGS)
    assert set(LISTED.findall(text)) == set(LISTS)
    assert all(sentence(code, {}, language) for code in FINDINGS for language in ("zh", "en"))
