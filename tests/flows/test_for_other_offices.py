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
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from api.cli.client_keys import read_client_key
from api.cli.offline import encode_public_key
from api.client_assertion import TYPE as ASSERTION_TYPE
from api.v1.token import TOKEN_PATH
from registry import artefacts
from registry.client_keys import ClientKey, add_key
from registry.db import reading, transaction
from registry.licences import find_licence
from registry.records import Role
from signer.public_lists import TRUST_ROOT, TRUST_ROOT_NAME
from signer.publish import publish
from tests.flows.test_served import OFFICE_SERVER
from tests.hall import Hall, own_hall
from tests.town import BUREAU, FoundedTown
from verify.algorithms import key_identifier

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


@pytest.fixture(scope="module")
def hall(founded_on_sqlite: FoundedTown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with own_hall(founded_on_sqlite, tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture(scope="module")
def desk(hall: Hall, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("other") / "developer"
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
    path = f"/api/v1/licences/{licence.licence_id}/document"
    (folder / "licence.pdf").write_bytes(hall.ask("GET", path, key="officer").content)
    hall.gives_key("signing", BUREAU, Role.COUNTER)
    environment |= {
        "CLIENT": "signing",
        "KID": registers_key(hall, folder / "private.pem", Ed25519PrivateKey.generate()),
        "AUDIENCE": f"{settings.public_address}{TOKEN_PATH}",
    }
    yield Desk(folder, environment, hall)
    server.kill()
    server.wait()


def registers_key(hall: Hall, file: Path, private: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """Keep the key of a system that signs, let the operator register it, and return its id."""
    file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    algorithm, spki = read_client_key(public)
    key = ClientKey(key_id="signing", kid=key_identifier(spki).hex(), algorithm=algorithm.value, spki=spki)
    with transaction(hall.office.database) as tx:
        add_key(tx, key, at=hall.town.now)
    return key.kid


def at_the_office(block: str, hall: Hall) -> str:
    """Return a command of the page with the clock of the served office, which stands at one moment, for the machine's."""
    moment = int(hall.town.now.timestamp())
    return (
        block.replace("$(date +%s)", str(moment))
        .replace("java examples", f"java -Dclock.behind={moment - int(time.time())} examples")
        .replace('os.environ["AUDIENCE"],', f'os.environ["AUDIENCE"], clock=lambda: {moment},')
    )


def test_every_command_of_the_page_works_as_it_stands_there(desk: Desk) -> None:
    blocks = [(kind, at_the_office(block, desk.hall)) for kind, block in BLOCKS]

    said = [desk.runs(*(("sh", "-ec") if kind == "sh" else (sys.executable, "-c")), block) for kind, block in blocks]

    assert desk.reads("answer.json")["verdict"] == "valid"
    assert [each["result"]["verdict"] for each in desk.reads("batch.json")["items"]] == ["valid", "valid"]
    assert desk.reads("file.json")["verdict"] == "valid"
    assert desk.reads("file.json")["receipt"]["receipt_id"]
    assert len(desk.reads("receipts.json")["items"]) == 4
    assert desk.reads("recalls.json")["items"] == []
    assert desk.reads("java.json")["receipt"]["receipt_id"]
    assert desk.reads("python.json")["receipt"]["receipt_id"]
    for name in ("token.json", "java-token.json"):
        token = {"Authorization": f"Bearer {desk.reads(name)['access_token']}"}
        assert desk.hall.ask("GET", "/api/v1/recalls", headers=token).status_code == 200, name
    assert (desk.folder / "receipt.pdf").read_bytes().startswith(b"%PDF-")
    assert sum("The receipt's signature fits" in each for each in said) == 2
    assert any("valid [" in each for each in said)


def test_a_system_with_a_key_on_p256_signs_as_well_in_python_and_java(desk: Desk) -> None:
    kid = registers_key(desk.hall, desk.folder / "p256.pem", ec.generate_private_key(ec.SECP256R1()))
    moment, audience = desk.hall.town.now.timestamp(), desk.environment["AUDIENCE"]
    behind = f"-Dclock.behind={int(moment) - int(time.time())}"
    python = runpy.run_path(str(ROOT / "examples/relying_office.py"))["SigningKey"](
        desk.environment["YZ"],
        client="signing",
        kid=kid,
        private_key=(desk.folder / "p256.pem").read_bytes(),
        audience=audience,
        clock=lambda: moment,
    )
    java = desk.runs("java", behind, "examples/RelyingOffice.java", "statement", audience, "signing", kid, "p256.pem")

    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": java.strip(),
    }
    tokens = [python(), desk.hall.ask("POST", "/api/v1/token", data=form).json()["access_token"]]

    assert python() == tokens[0], "one is used as long as it is good"
    for token in tokens:
        answer = desk.hall.ask("GET", "/api/v1/recalls", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200


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
    licence_id = desk.hall.issues()["licence_id"]
    desk = replace(desk, environment=desk.environment | {"ID": licence_id})
    first = desk.runs(sys.executable, "-c", code, "before").split()
    assert desk.hall.acts(licence_id, "revoke").status_code == 201
    second = desk.runs(sys.executable, "-c", code, "after").split()

    assert first[1:] == ["422", "fields.invalid"]
    assert second == first


class _AwayOnce(BaseHTTPRequestHandler):
    """Answers as it is told to, one after the other; status 0 is a connection that breaks."""

    answers: ClassVar[list[tuple[int, str]]] = []
    asked: ClassVar[list[tuple[str, str | None, bytes]]] = []

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.asked.append((self.path, self.headers.get("Idempotency-Key"), body))
        status, content = self.answers.pop(0)
        if not status:
            return
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(content.encode())

    def do_POST(self) -> None:
        self.do_GET()

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


def test_a_broken_connection_is_tried_again_where_the_request_counts_once() -> None:
    running = json.dumps({"code": "idempotency.running"})
    _AwayOnce.asked = []
    _AwayOnce.answers = [
        (0, ""),
        (409, running),
        (200, '{"verdict": "valid"}'),
        (0, ""),
        (200, "{}"),
        (0, ""),
        (200, ""),
    ]
    client = runpy.run_path(str(ROOT / "examples/relying_office.py"))
    with ThreadingHTTPServer(("127.0.0.1", 0), _AwayOnce) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        office = client["RelyingOffice"](address, "key")

        assert office.verify_file(b"%PDF-", purpose="supervision", legal_basis="x") == {"verdict": "valid"}
        assert office.receipt("17") == {}
        with pytest.raises(ConnectionError):
            client["_sent"](client["urllib"].request.Request(f"{address}/api/v1/token", b"statement"))
        server.shutdown()
    first, *others = _AwayOnce.asked[:3]
    assert others == [first, first], "the same key and the same body, byte for byte"
    assert first[1]
    assert [each[0] for each in _AwayOnce.asked[3:]] == ["/api/v1/verifications/17"] * 2 + ["/api/v1/token"]


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
