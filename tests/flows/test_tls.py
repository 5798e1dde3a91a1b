"""TLS with a certificate by our authority, by another, and behind nginx as docs/tls.md has it; real handshakes on loopback."""

import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from api.settings import SettingsError
from api.tls import TlsFiles, office_tls, own_tls
from keys.installation import decode_pem_chain
from registry.records import Role
from tests.hall import Hall, settings_of
from tests.served_hall import free_port, serving
from tests.staff_browser import StaffBrowser
from tests.town import HOST, Town, founded_on_sqlite, sqlite_town
from verify.certificates import CertificateUseError, find_path
from verify.key_purpose import KeyPurpose

__all__ = ["founded_on_sqlite", "sqlite_town"]

DOCS = Path(__file__).parents[2] / "docs" / "tls.md"


@pytest.fixture
def hall(sqlite_town: Town) -> Iterator[Hall]:
    """A hall whose clock is that of the handshakes."""
    sqlite_town.clock.now = datetime.now(UTC)
    hall = Hall.open(sqlite_town)
    yield hall
    hall.office.close()


@contextmanager
def nginx(servers: str, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run nginx with these servers; all that it writes lies in the folder."""
    folders = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = folder / "nginx.conf"
    conf.write_text(
        f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nuser root;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{folders}{servers}}}\n"
    )
    process = subprocess.Popen(["nginx", "-c", str(conf), "-g", "daemon off;"], stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def first_answer(client: httpx.Client, path: str, server: "subprocess.Popen[bytes]") -> httpx.Response:
    """Ask until the server that was just started answers."""
    for _ in range(100):
        try:
            return client.get(path)
        except httpx.ConnectError:
            assert server.poll() is None, server.stderr
            time.sleep(0.05)
    raise AssertionError("the server does not answer")


def trusting(files: TlsFiles) -> ssl.SSLContext:
    """A browser's trust after the office installed the authority's root, and nothing else."""
    root = decode_pem_chain(files.certificate.read_bytes())[-1]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=root)
    return context


def test_our_authority_certifies_the_server_and_a_browser_believes_it(hall: Hall) -> None:
    files = own_tls(hall.office)

    with serving(hall, files) as port, httpx.Client(verify=trusting(files)) as client:
        answer = client.get(f"https://localhost:{port}/sign-in?lang=en")
        strict = httpx.Client(verify=ssl.create_default_context())
        with pytest.raises(httpx.ConnectError), strict:
            strict.get(f"https://localhost:{port}/")

    assert answer.status_code == 200
    assert "not encrypted" not in answer.text
    assert files.key.stat().st_mode & 0o077 == 0


@pytest.mark.server
def test_the_command_serves_tls_where_the_settings_say(hall: Hall) -> None:
    settings, port = hall.office.settings, str(free_port())
    environment = os.environ | {
        "YINZHENG_DATABASE_URL": settings.database,
        "YINZHENG_PUBLIC_ADDRESS": settings.public_address,
        "YINZHENG_PASSPHRASE_FILE": str(settings.passphrase_path),
        "YINZHENG_TEST": "true",
        "YINZHENG_LISTEN_HOST": "127.0.0.2",
        "YINZHENG_LISTEN_PORT": port,
    }
    command = [str(Path(sys.executable).parent / "yinzheng"), "--data", str(settings.data), "serve", "--tls"]
    server = subprocess.Popen(
        command, env=environment, cwd=DOCS.parents[1], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    address, named = ("127.0.0.2", int(port)), {"sni_hostname": HOST}
    try:
        for _ in range(600):
            with suppress(OSError), socket.create_connection(address, timeout=20):
                break
            assert server.poll() is None, server.communicate()
            time.sleep(0.1)
        folder = settings.data / "tls"
        context = trusting(TlsFiles(certificate=folder / "server.pem", key=folder / "server.key"))
        with httpx.Client(verify=context, headers={"Host": HOST}) as client:
            answer = client.get(f"https://127.0.0.2:{port}/encryption?lang=en", extensions=named)
    finally:
        server.terminate()
        server.communicate(timeout=60)

    assert answer.status_code == 200


def test_the_certificate_is_for_tls_of_this_server_alone(hall: Hall) -> None:
    leaf, *chain = decode_pem_chain(own_tls(hall.office).certificate.read_bytes())

    read = x509.load_der_x509_certificate(leaf)
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert HOST in names.get_values_for_type(x509.DNSName)
    assert not read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    for purpose in (KeyPurpose.DOCUMENT, KeyPurpose.TIMESTAMP):
        with pytest.raises(CertificateUseError):
            find_path(leaf, tuple(chain), tuple(chain), purpose)


def test_it_is_logged_before_it_is_signed(hall: Hall) -> None:
    size = hall.ask("GET", "/api/v1/log/entries?limit=1").json()["size"]

    own_tls(hall.office)

    assert hall.ask("GET", "/api/v1/log/entries?limit=1").json()["size"] == size + 1


def test_a_certificate_is_made_once_and_anew_before_it_ends(hall: Hall) -> None:
    first = own_tls(hall.office).certificate.read_bytes()
    again = own_tls(hall.office).certificate.read_bytes()
    hall.town.clock.moves(timedelta(days=140))
    renewed = own_tls(hall.office).certificate.read_bytes()

    assert first == again
    assert renewed != first


def test_a_renewed_certificate_is_taken_without_a_restart_and_one_that_does_not_fit_is_not(hall: Hall) -> None:
    def shown(port: int, *, unlike: str = "", looks: int = 100) -> str:
        for _ in range(looks):
            certificate = ssl.get_server_certificate(("127.0.0.1", port))
            if certificate != unlike:
                break
            time.sleep(0.1)
        return certificate

    files = own_tls(hall.office)
    with serving(hall, files) as port:
        first = shown(port)
        hall.town.clock.moves(timedelta(days=140))  # in the last sixty days of 199
        second = shown(port, unlike=first)
        files.certificate.write_bytes(files.certificate.read_bytes().replace(b"A", b"B", 40))
        third = shown(port, unlike=second, looks=10)

    assert second != first
    assert third == second
    assert "certificate_taken" in hall.lines.getvalue()
    assert "certificate_not_taken" in hall.lines.getvalue()


def test_files_that_do_not_fit_stop_the_start_with_a_word(hall: Hall, tmp_path: Path) -> None:
    good = own_tls(hall.office)
    other = tmp_path / "other.key"
    key = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        capture_output=True,
        check=True,
    )
    other.write_bytes(key.stdout)
    other.chmod(0o600)
    opened = tmp_path / "open.key"
    opened.write_bytes(good.key.read_bytes())
    opened.chmod(0o644)
    now = hall.office.clock()
    cases = [
        (good.certificate, good.key, f"https://{HOST}", now, None),
        (good.certificate, other, f"https://{HOST}", now, "tls_key"),
        (good.certificate, opened, f"https://{HOST}", now, "open"),
        (good.key, good.key, f"https://{HOST}", now, "unreadable"),
        (good.certificate, tmp_path / "none", f"https://{HOST}", now, "unreadable"),
        (good.certificate, good.key, "https://other.example", now, "tls_host"),
        (good.certificate, good.key, f"https://{HOST}", now + timedelta(days=200), "tls_ended"),
    ]

    for certificate, key_file, address, at, cause in cases:
        settings = settings_of(hall.town, tls_certificate=certificate, tls_key=key_file, public_address=address)
        if cause is None:
            assert office_tls(settings, at=at) == TlsFiles(certificate=certificate, key=key_file)
            continue
        with pytest.raises(SettingsError) as refused:
            office_tls(settings, at=at)
        assert refused.value.params["cause"] == cause


def test_a_page_that_is_not_encrypted_says_what_is_off(hall: Hall) -> None:
    page = hall.ask("GET", "/?lang=en").text

    assert "This page is not encrypted" in page
    told = hall.ask("GET", "/encryption?lang=en")
    assert told.status_code == 200
    assert "Scanning by camera" in told.text


def test_nginx_in_front_as_the_recipe_has_it(hall: Hall, tmp_path: Path) -> None:
    files, outside, plain = own_tls(hall.office), free_port(), free_port()
    invitation = StaffBrowser(hall=hall).hires("clerk", Role.COUNTER)
    with serving(hall, None) as inside:
        recipe = re.search(r"```nginx\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
        assert recipe is not None
        servers = recipe[1]
        for old, new in (
            ("listen 443 ssl", f"listen 127.0.0.1:{outside} ssl"),
            ("listen 80", f"listen 127.0.0.1:{plain}"),
            ("licences.example.gov.cn", "localhost"),
            ("/etc/yinzheng/server.pem", str(files.certificate)),
            ("/etc/yinzheng/server.key", str(files.key)),
            ("127.0.0.1:8000", f"127.0.0.1:{inside}"),
        ):
            assert old in servers
            servers = servers.replace(old, new)
        with (
            nginx(servers, tmp_path) as runs,
            httpx.Client(verify=trusting(files), base_url=f"https://localhost:{outside}", timeout=60) as client,
        ):
            page = first_answer(client, "/invitation?lang=en", runs)
            hidden = dict(re.findall(r'name="(once|mark)" value="([^"]+)"', page.text))
            chosen = {"code": invitation, "password": "lange Wege und 长路", "repeated": "lange Wege und 长路"}
            signed_in = client.post("/invitation?lang=en", data={**hidden, **chosen}, follow_redirects=True)
            large = client.post("/check/file?lang=en", files={"file": ("a.pdf", b"%PDF-" + b"0" * 19_000_000)})
            redirected = httpx.get(f"http://127.0.0.1:{plain}/v/x", headers={"Host": "localhost"})

    assert "not encrypted" not in page.text, "the proxy says that it was https"
    assert signed_in.status_code == 200
    assert "Signed in as" in signed_in.text
    assert large.status_code == 200
    assert redirected.status_code == 301
    assert redirected.headers["location"].startswith("https://localhost/v/x")
