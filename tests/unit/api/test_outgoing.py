"""Whom we believe when we call others: the public authorities, and those that the settings name."""

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from api.outgoing import outgoing_trust
from api.settings import SettingsError
from api.staff.errors import ProviderAwayError, ProviderError
from api.staff.provider import Provider
from api.webhooks import send_due
from api.witness_client import HttpWitnessClient
from keys.outside_timestamps import OutsideTimestampClient, TimestampAnswerError, TimestampAwayError
from registry import webhooks
from registry.db import transaction
from registry.webhooks import WebhookTarget
from signer.witness_errors import WitnessAwayError
from tests.client_authority import ClientAuthority
from tests.hall import Hall
from tests.town import BUREAU


class Neighbour(BaseHTTPRequestHandler):
    """Refuses what asks it for a code's token, and has nothing to say to all else."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(400 if self.path == "/token" else 204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Another office's server with a certificate by the intranet's authority: its address, and the authority's file."""
    folder = tmp_path_factory.mktemp("intranet")
    authority = ClientAuthority("intranet", folder, datetime.now(UTC))
    shown = authority.issues("neighbour", use=ExtendedKeyUsageOID.SERVER_AUTH, address="127.0.0.1")
    file = folder / "authority.pem"
    file.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.file)
    with ThreadingHTTPServer(("127.0.0.1", 0), Neighbour) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}/", file
        server.shutdown()
        thread.join()


def test_whoever_we_call_is_believed_by_the_authority_of_the_settings(
    sqlite_hall: Hall, neighbour: tuple[str, Path]
) -> None:
    address, file = neighbour
    trust = outgoing_trust(sqlite_hall.office.settings.model_copy(update={"outgoing_authorities": file}))

    def asks_witness(trust: ssl.SSLContext | None) -> object:
        return HttpWitnessClient(trust=trust).get(address).status

    def asks_for_stamp(trust: ssl.SSLContext | None) -> object:
        office = sqlite_hall.office
        return OutsideTimestampClient(
            url=address, roots=(), clock=office.clock, random=office.random, trust=trust
        ).stamp(bytes(32))

    def asks_provider(trust: ssl.SSLContext | None) -> object:
        provider = Provider(issuer=address, client_id="a", secret="s", return_address=address, trust=trust)
        return provider._asked("POST", f"{address}token", data={"code": "1"})

    asking: tuple[tuple[Callable[[ssl.SSLContext | None], object], type[Exception]], ...] = (
        (asks_witness, WitnessAwayError),
        (asks_for_stamp, TimestampAwayError),
        (asks_provider, ProviderAwayError),
    )
    for ask, away in asking:
        with pytest.raises(away):
            ask(None)
    assert asks_witness(trust) == 204
    with pytest.raises(TimestampAnswerError):  # it was heard
        asks_for_stamp(trust)
    with pytest.raises(ProviderError):  # and so was this
        asks_provider(trust)


def test_a_webhook_reaches_a_receiver_whose_certificate_is_of_the_office_s_own_authority(
    sqlite_hall: Hall, neighbour: tuple[str, Path]
) -> None:
    office, (address, file) = sqlite_hall.office, neighbour
    target = WebhookTarget(target_id="t1", office=BUREAU, url=address, is_active=True, added_at=sqlite_hall.town.now)
    with transaction(office.database) as tx:
        webhooks.add_target(tx, target)
    issued = sqlite_hall.issues()
    asked = {"id": issued["licence_id"], "reliance": {"purpose": "supervision", "legal_basis": "第十二条"}}
    assert sqlite_hall.ask("POST", "/api/v1/verifications", key="counter", json=asked).status_code == 200
    assert sqlite_hall.acts(issued["licence_id"], "revoke").status_code == 201

    assert send_due(office) == 0, "nobody knows that authority"
    office.settings = office.settings.model_copy(update={"outgoing_authorities": file})
    sqlite_hall.town.clock.moves(webhooks.PAUSES[1])
    assert send_due(office) == 1


def test_a_file_without_certificates_stops_the_start(sqlite_hall: Hall, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_bytes(b"nothing")
    for name in ("none.pem", "absent.pem"):
        with pytest.raises(SettingsError):
            outgoing_trust(sqlite_hall.office.settings.model_copy(update={"outgoing_authorities": tmp_path / name}))
