"""The page for other offices: its commands are run as they stand there, against a served office."""

import json
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import httpx
import pytest

from api.cli.offline import encode_public_key
from registry import artefacts
from registry.db import reading
from registry.licences import find_licence
from signer.public_lists import TRUST_ROOT, TRUST_ROOT_NAME
from signer.publish import publish
from tests.flows.test_served import OFFICE_SERVER
from tests.hall import Hall

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/for-other-offices.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@dataclass
class Desk:
    """The folder of a developer in another office, with what the page calls by name in the environment."""

    folder: Path
    environment: dict[str, str]
    hall: Hall

    def runs(self, *words: str) -> str:
        """Run a program and return what it wrote."""
        done = subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, check=False, timeout=120
        )
        assert done.returncode == 0, f"{words}\n{done.stdout.decode()}\n{done.stderr.decode()}"
        return done.stdout.decode()

    def reads(self, name: str) -> Any:
        """Return what a command kept in a file."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


@pytest.fixture
def desk(sqlite_hall: Hall, tmp_path: Path) -> Iterator[Desk]:
    hall, folder = sqlite_hall, tmp_path / "developer"
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copy(ROOT / "examples/relying_office.py", folder)
    issued = hall.issues()
    with reading(hall.office.database) as tx:
        licence = find_licence(tx, issued["licence_id"])
    assert licence is not None
    publish(hall.office.database, hall.office.desk.log.verifier, hall.office.published)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = hall.office.settings
    arguments = [str(settings.data), settings.database, settings.host, str(port), hall.town.now.isoformat()]
    server = subprocess.Popen([sys.executable, "-c", OFFICE_SERVER, *arguments], stderr=subprocess.DEVNULL, cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            httpx.get(f"{address}/api/v1/healthz")
            break
        except httpx.TransportError:
            assert server.poll() is None
            time.sleep(0.1)
    environment = os.environ | {
        "YZ": address,
        "KEY": hall.credentials["counter"].removeprefix("Bearer "),
        "TEXT": licence.token_text,
        "ID": licence.licence_id,
        "PUBLISHED": str(settings.published_folder),
        "ROOT": str(folder / "root.pem"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "YINZHENG_LANGUAGE": "en",
    }
    (folder / "root.pem").write_bytes(root_of(hall))
    yield Desk(folder, environment, hall)
    server.kill()
    server.wait()


def test_every_command_of_the_page_works_as_it_stands_there(desk: Desk) -> None:
    said = [desk.runs(*(("sh", "-ec") if kind == "sh" else (sys.executable, "-c")), block) for kind, block in BLOCKS]

    assert desk.reads("answer.json")["verdict"] == "valid"
    assert [each["result"]["verdict"] for each in desk.reads("batch.json")["items"]] == ["valid", "valid"]
    assert len(desk.reads("receipts.json")["items"]) == 3
    assert desk.reads("recalls.json")["items"] == []
    assert desk.reads("java.json")["receipt"]["receipt_id"]
    assert (desk.folder / "receipt.pdf").read_bytes().startswith(b"%PDF-")
    assert sum("The receipt's signature fits" in each for each in said) == 2
    assert any("valid [" in each for each in said)


def test_the_client_hears_of_recalls_and_says_why_it_was_refused(desk: Desk) -> None:
    code = """
from relying_office import RefusedError, RelyingOffice, receipt_answer
import base64, hashlib, os, sys
office = RelyingOffice(os.environ["YZ"], os.environ["KEY"])
if sys.argv[1] == "before":
    answer = office.verify({"id": os.environ["ID"]}, purpose="supervision", legal_basis="x")
    cose = base64.b64decode(answer["receipt"]["cose"])
    assert hashlib.sha256(receipt_answer(answer)).digest() in cose
    print(answer["receipt"]["receipt_id"])
else:
    print(*[recall["receipt_id"] for recall, _ in office.recalls()])
try:
    office.verify({"id": os.environ["ID"]}, purpose="curiosity", legal_basis="x")
except RefusedError as error:
    print(error.status, error.problem["code"])
"""
    first = desk.runs(sys.executable, "-c", code, "before").split()
    assert desk.hall.acts(desk.environment["ID"], "revoke").status_code == 201
    second = desk.runs(sys.executable, "-c", code, "after").split()

    assert first[1:] == ["422", "fields.invalid"]
    assert second == first


class _AwayOnce(BaseHTTPRequestHandler):
    """First a proxy's page, then two pages of recalls and an empty one."""

    answers: ClassVar[list[tuple[int, str]]] = []

    def do_GET(self) -> None:
        status, content = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_who_stops_within_a_page_of_recalls_misses_none_and_a_proxys_page_is_no_answer() -> None:
    pages = ({"items": [1, 2], "next": "A"}, {"items": [3], "next": "B"}, {"items": [], "next": "B"})
    _AwayOnce.answers = [(502, "<html>Bad Gateway</html>"), *((200, json.dumps(each)) for each in pages)]
    client = runpy.run_path(str(ROOT / "examples/relying_office.py"))
    with ThreadingHTTPServer(("127.0.0.1", 0), _AwayOnce) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        office = client["RelyingOffice"](f"http://127.0.0.1:{server.server_port}", "key")

        assert list(office.recalls()) == [(1, None), (2, "A"), (3, "B")]
        server.shutdown()


def test_a_message_without_its_headers_is_refused_as_one_that_is_not_signed() -> None:
    client = runpy.run_path(str(ROOT / "examples/relying_office.py"))

    with pytest.raises(ValueError, match="invalid literal"):
        client["check_webhook"]({}, b"{}", [], now=0.0)


def root_of(hall: Hall) -> bytes:
    """Return the root key of the trust list, as `yinzheng keys root` writes it."""
    with reading(hall.office.database) as tx:
        spki = artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME)
    assert spki is not None
    return encode_public_key(spki)
