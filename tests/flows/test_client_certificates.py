"""Mutual TLS: systems known by their certificates, in handshakes of their own and behind nginx as docs/tls.md has it."""

import base64
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from api.cli.client_certificates import ClientCertificateError, read_client_certificate
from api.cli.doctor import _client_lists
from api.client_certificates import ClientTrust, described
from api.peer_protocol import PEER_ADDRESS
from api.serving import Server
from api.settings import SettingsError
from api.tls import TlsFiles, own_tls
from api.tls_reload import RenewableContext
from registry.client_certificates import ClientCertificate, KnownBy, add_certificate, close_certificate
from registry.db import transaction
from tests.client_authority import ClientAuthority, Shown
from tests.flows.test_command_line import Terminal
from tests.flows.test_tls import DOCS, first_answer, free_port, nginx, serving, trusting
from tests.hall import Hall, settings_of
from tests.town import BUREAU, Town, founded_on_sqlite, sqlite_town

__all__ = ["founded_on_sqlite", "sqlite_town"]

FORM = {"grant_type": "client_credentials"}


@dataclass
class Gatehouse:
    """A hall that believes one authority, and the certificates of its systems."""

    hall: Hall
    authority: ClientAuthority
    files: TlsFiles
    shown: dict[str, Shown]

    @classmethod
    def open(cls, town: Town, folder: Path, *, proxies: str = "", has_lists: bool = False) -> "Gatehouse":
        """Open it; the systems `counter` and `auditor` have a certificate each, and with lists none is revoked."""
        town.clock.now = datetime.now(UTC)
        authority = ClientAuthority("Example client authority", folder, town.now)
        roots = folder / "clients.pem"
        roots.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        lists = folder / "clients.crl" if has_lists else None
        if lists is not None:
            lists.write_bytes(authority.revokes(at=town.now - timedelta(days=1)))
        hall = Hall.open(town, tls_client_ca=roots, tls_client_proxies=proxies, tls_client_crl=lists)
        house = cls(hall, authority, own_tls(hall.office), {})
        for name in ("counter", "auditor"):
            house.shown[name] = authority.issues(name)
            house.registers(name, house.shown[name])
        return house

    def registers(self, client: str, shown: Shown, known_by: KnownBy = KnownBy.THUMBPRINT) -> bytes:
        """Register a certificate, and return what it is known by."""
        found = described(shown.certificate)
        digest = found.thumbprint if known_by is KnownBy.THUMBPRINT else found.names
        added = ClientCertificate(key_id=client, digest=digest, known_by=known_by, subject=found.subject)
        with transaction(self.hall.office.database) as tx:
            add_certificate(tx, added, at=self.hall.town.now)
        return digest

    def caller(self, port: int, shown: Shown | None) -> httpx.Client:
        """Return a client that shows this certificate."""
        context: ssl.SSLContext = trusting(self.files)
        if shown is not None:
            context.load_cert_chain(shown.file)
        return httpx.Client(verify=context, base_url=f"https://localhost:{port}", timeout=60)


def token(client: httpx.Client, name: str = "counter", **headers: str) -> str | None:
    """Ask for a token; None when it is refused, as everybody is who is not let in."""
    answer = client.post("/api/v1/token", data={**FORM, "client_id": name}, headers=headers)
    if answer.status_code == 200:
        text: str = answer.json()["access_token"]
        return text
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    return None


def works(client: httpx.Client, text: str | None) -> int:
    """Use a token."""
    return client.get("/api/v1/recalls", headers={"Authorization": f"Bearer {text}"}).status_code


@pytest.fixture
def house(sqlite_town: Town, tmp_path: Path) -> Iterator[Gatehouse]:
    house = Gatehouse.open(sqlite_town, tmp_path)
    yield house
    house.hall.office.close()


def test_a_certificate_is_worth_a_token_and_the_token_is_good_beside_it_alone(house: Gatehouse) -> None:
    short = house.authority.issues("counter", ends=house.hall.town.now + timedelta(minutes=10))
    strangers = ClientAuthority(house.authority.name, house.authority.folder, house.hall.town.now)
    refused = {
        "of another authority of the same name": strangers.issues("counter"),
        "that ended": house.authority.issues("counter", ends=house.hall.town.now - timedelta(hours=1)),
        "of a server": house.authority.issues("counter", use=ExtendedKeyUsageOID.SERVER_AUTH),
    }
    for shown in (short, *refused.values()):
        house.registers("counter", shown)

    with serving(house.hall, house.files) as port:
        with house.caller(port, house.shown["counter"]) as own, house.caller(port, None) as nobody:
            good = token(own)
            assert works(own, good) == 200
            assert works(nobody, good) == 401, "without the certificate the token is nothing"
            assert token(own, "auditor") is None, "another system's id"
            assert token(own, "") is None
            assert (
                own.post("/api/v1/token", data={**FORM, "client_id": "counter", "client_assertion": "x"}).status_code
                == 401
            )
            assert nobody.get("/").status_code == 200, "a certificate is asked for, not demanded"
            assert token(nobody) is None
            forged = quote(house.shown["counter"].pem)
            assert token(nobody, **{"Client-Cert": forged}) is None, "no proxy is trusted here"
            assert works(own, house.hall.credentials["counter"].removeprefix("Bearer ")) == 401, (
                "no lasting secret beside"
            )
            with house.caller(port, house.shown["auditor"]) as another:
                assert works(another, good) == 401
            with house.caller(port, short) as ending:
                soon = token(ending)
                assert works(ending, soon) == 200
                house.hall.town.clock.moves(timedelta(minutes=11))
                assert works(ending, soon) == 401, "its certificate ended while the connection stayed open"
                house.hall.town.clock.moves(-timedelta(minutes=11))
            with transaction(house.hall.office.database) as tx:
                assert close_certificate(tx, "counter", described(house.shown["counter"].certificate).thumbprint)
            assert works(own, good) == 401
            assert token(own) is None
        for why, shown in refused.items():
            with house.caller(port, shown) as client, pytest.raises(httpx.TransportError):
                assert token(client) is None, why


def wait_for(hall: Hall, event: str, count: int) -> None:
    """Wait until the log tells of something so often."""
    until = time.monotonic() + 30
    while hall.lines.getvalue().count(f'"{event}"') < count:
        assert time.monotonic() < until, hall.lines.getvalue()[-2000:]
        time.sleep(0.05)


def test_a_revoked_certificate_is_refused_from_the_moment_at_which_the_list_is_renewed(
    sqlite_town: Town, tmp_path: Path
) -> None:
    house = Gatehouse.open(sqlite_town, tmp_path, has_lists=True)
    hall, now, path = house.hall, house.hall.town.now, house.hall.office.settings.tls_client_crl
    assert path is not None
    stranger = ClientAuthority(house.authority.name, tmp_path, now)
    revoked, good = house.shown["counter"], house.shown["auditor"]

    servers: list[Server] = []
    with serving(hall, house.files, tell=servers.append) as port, house.caller(port, revoked) as open_before:
        text = token(open_before)
        assert works(open_before, text) == 200
        for number, refused in enumerate(
            (stranger.revokes(good), b"broken", house.authority.revokes(good, is_delta=True))
        ):
            path.write_bytes(refused)
            wait_for(hall, "client_crl_not_taken", number + 1)
        assert works(open_before, text) == 200
        context = servers[0].config.ssl
        assert isinstance(context, RenewableContext)
        before = context.edition
        path.write_bytes(house.authority.revokes(revoked))
        wait_for(hall, "client_crl_taken", 1)
        while context.edition is before:
            time.sleep(0.01)
        assert context.edition.cert_store_stats()["crl"] == 1, "the list before is forgotten"
        assert works(open_before, text) == 401, "the connection stayed open, and is looked at with each request"
        assert token(open_before) is None
        with house.caller(port, revoked) as anew, pytest.raises(httpx.TransportError):
            token(anew)
        path.write_bytes(house.authority.revokes(at=now - timedelta(hours=1)))  # the one before, brought back
        wait_for(hall, "client_crl_not_taken", 4)
        with house.caller(port, revoked) as anew, pytest.raises(httpx.TransportError):
            token(anew)
        with house.caller(port, good) as other:
            assert works(other, token(other, "auditor")) == 200
            hall.app.state.client_trust.revocation.look()
            hall.app.state.health.look_seconds = 0
            assert hall.ask("GET", "/api/v1/healthz").json()["status"] == "ok"
            hall.town.clock.moves(timedelta(days=8))
            assert token(other, "auditor") is None, "a list that is over clears nobody"
            told = hall.ask("GET", "/api/v1/healthz").json()["parts"]
            assert "health.crl_over" in {each["code"] for each in told}
    hall.office.close()


def test_what_a_proxy_tells_is_held_to_the_list_too_and_a_setting_without_one_stops_the_start(
    sqlite_town: Town, tmp_path: Path
) -> None:
    house = Gatehouse.open(sqlite_town, tmp_path, proxies="127.0.0.1", has_lists=True)
    settings, now = house.hall.office.settings, house.hall.town.now
    path, names = settings.tls_client_crl, {"YINZHENG_TLS_CLIENT_CRL"}
    assert path is not None
    path.write_bytes(house.authority.revokes(house.shown["counter"]))
    trust = ClientTrust.of(settings)

    def told(shown: Shown) -> bool:
        headers = [(b"client-cert", quote(shown.pem).encode())]
        return trust.shown({"state": {PEER_ADDRESS: "127.0.0.1"}, "headers": headers}, at=now) is not None

    assert (told(house.shown["counter"]), told(house.shown["auditor"])) == (False, True)
    assert _client_lists(house.hall.office).is_good
    path.write_bytes(house.authority.revokes(at=now - timedelta(days=7)))
    assert not _client_lists(house.hall.office).is_good, "it ended a moment ago, and the doctor says so"
    other = ClientAuthority("another", tmp_path, now)
    for content, cause in ((other.revokes(), "tls_crl"), (b"nothing", "unreadable"), (bytes(5_000_000), "tls_crl")):
        path.write_bytes(content)
        with pytest.raises(SettingsError) as refused:
            ClientTrust.of(settings)
        assert (refused.value.params["cause"], {refused.value.params["name"]}) == (cause, names)
    with pytest.raises(SettingsError) as refused:
        ClientTrust.of(settings_of(house.hall.town, tls_client_crl=path))
    assert refused.value.params["cause"] == "tls_crl"
    house.hall.office.close()


def test_a_system_known_by_issuer_and_subject_may_renew_its_certificate(house: Gatehouse) -> None:
    first, renewed, other = (house.authority.issues(name) for name in ("food-systems", "food-systems", "fire-systems"))
    house.registers("administrator", first, KnownBy.SUBJECT)

    with serving(house.hall, house.files) as port:
        got = []
        for shown in (first, renewed, other):
            with house.caller(port, shown) as client:
                got.append(token(client, "administrator") is not None)

    assert got == [True, True, False]


@contextmanager
def recipe(house: Gatehouse, inside: int, folder: Path) -> Iterator[int]:
    """Run nginx as the recipe for certificates of systems has it."""
    outside = free_port()
    server, more = re.findall(r"```nginx\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[:2]
    conf = server.split("\nserver {")[0].replace(
        "    location / {\n", "    location / {\n" + more.split("# in location\n")[1]
    )
    conf = conf.replace("    ssl_protocols", more.split("# in location\n")[0] + "    ssl_protocols")
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{outside} ssl"),
        ("licences.example.gov.cn", "localhost"),
        ("/etc/yinzheng/server.pem", str(house.files.certificate)),
        ("/etc/yinzheng/server.key", str(house.files.key)),
        ("/etc/yinzheng/clients.pem", str(house.hall.office.settings.tls_client_ca)),
        ("127.0.0.1:8000", f"127.0.0.1:{inside}"),
    ):
        assert old in conf
        conf = conf.replace(old, new)
    with nginx(conf, folder) as runs:
        with house.caller(outside, None) as client:
            first_answer(client, "/", runs)
        yield outside


def test_behind_nginx_the_certificate_is_what_the_trusted_proxy_says_and_nobody_else(
    sqlite_town: Town, tmp_path: Path
) -> None:
    house = Gatehouse.open(sqlite_town, tmp_path, proxies="127.0.0.1, 192.0.2.0/24")
    strangers = ClientAuthority(house.authority.name, tmp_path, house.hall.town.now).issues("counter")
    forged = quote(house.shown["counter"].pem)
    content = house.shown["counter"].certificate.public_bytes(Encoding.DER)

    with serving(house.hall, None) as inside, recipe(house, inside, tmp_path) as outside:
        with house.caller(outside, house.shown["counter"]) as own:
            assert works(own, token(own)) == 200
            other = quote(house.shown["auditor"].pem)
            assert token(own, "auditor", **{"Client-Cert": other}) is None, "nginx writes the header, not its caller"
        with house.caller(outside, None) as nobody:
            assert token(nobody, **{"Client-Cert": forged}) is None
        with house.caller(outside, strangers) as stranger:
            refused = stranger.post("/api/v1/token", data={**FORM, "client_id": "counter"})
        address = f"http://127.0.0.1:{inside}"
        with httpx.Client(base_url=address) as proxy:
            assert token(proxy, **{"Client-Cert": f":{base64.b64encode(content).decode()}:"}) is not None, "RFC 9440"
            for told in ("", "x", ":AAAA:", forged[:-20], quote(strangers.pem), f"{forged}" + "%41" * 6000):
                assert token(proxy, **{"Client-Cert": told}) is None
            twice = [("Client-Cert", forged), ("Client-Cert", forged)]
            answer = proxy.post("/api/v1/token", data={**FORM, "client_id": "counter"}, headers=twice)
        with httpx.Client(base_url=address, transport=httpx.HTTPTransport(local_address="127.0.0.2")) as elsewhere:
            assert token(elsewhere, **{"Client-Cert": forged}) is None, "not an address of a proxy"
            assert token(elsewhere, **{"Client-Cert": forged, "X-Forwarded-For": "127.0.0.1"}) is None
    house.hall.office.close()

    assert refused.status_code == 400, "nginx refuses a certificate of an unknown authority"
    assert answer.status_code == 401, "two headers are two opinions"


def test_what_is_registered_must_be_by_an_authority_of_the_settings(house: Gatehouse) -> None:
    trust = ClientTrust.of(house.hall.office.settings)
    own = house.shown["counter"]
    strangers = ClientAuthority(house.authority.name, house.authority.folder, house.hall.town.now).issues("counter")

    assert read_client_certificate(own.pem, trust) == own.certificate
    for content, known in ((strangers.pem, trust), (own.pem, ClientTrust()), (b"-----BEGIN", trust)):
        with pytest.raises(ClientCertificateError):
            read_client_certificate(content, known)


def test_settings_that_are_no_authorities_or_no_addresses_stop_the_start(house: Gatehouse, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    for path in (broken, tmp_path / "none.pem"):
        with pytest.raises(SettingsError) as refused:
            ClientTrust.of(settings_of(house.hall.town, tls_client_ca=path))
        assert refused.value.params == {"name": "YINZHENG_TLS_CLIENT_CA", "cause": "unreadable"}


def test_a_system_in_service_is_added_without_a_secret_and_registered_by_its_certificate(
    house: Gatehouse, tmp_path: Path
) -> None:
    office = house.hall.office.settings
    settings = {
        "YINZHENG_DATA": str(office.data),
        "YINZHENG_DATABASE_URL": office.database,
        "YINZHENG_PUBLIC_ADDRESS": office.public_address,
        "YINZHENG_TLS_CLIENT_CA": str(office.tls_client_ca),
        "YINZHENG_LANGUAGE": "en",
    }
    terminal, added = Terminal(tmp_path, settings), ("client", "add", "food-systems", "--department", BUREAU)
    first, renewed = (house.authority.issues("food-systems") for _ in range(2))
    stranger = ClientAuthority("Strangers", tmp_path, house.hall.town.now).issues("food-systems")

    (made,) = terminal.reads(*added, "--production")
    assert made == {"key_id": "food-systems", "department": BUREAU, "bearer": None}
    terminal.calls("client", "certificate-add", "food-systems", str(stranger.file), expect=2)
    (known,) = terminal.reads("client", "certificate-add", "food-systems", str(first.file), "--by", "subject")
    assert (known["known_by"], known["subject"]) == ("subject", "CN=food-systems")
    with serving(house.hall, house.files) as port, house.caller(port, renewed) as client:
        assert works(client, token(client, "food-systems")) == 200
        (listed,) = terminal.reads("client", "certificate-list", "food-systems")
        assert listed["digest"] == known["digest"]
        assert "CN=food-systems" in terminal.calls("client", "certificate-list", "food-systems").stdout
        terminal.calls("client", "certificate-close", "food-systems", known["digest"])
        assert token(client, "food-systems") is None
    for unknown in (known["digest"], "x"):
        terminal.calls("client", "certificate-close", "food-systems", unknown, expect=2)
