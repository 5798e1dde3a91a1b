"""OpenSSL judges our key files, certificates, revocation lists, requests and time stamps."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_certificate

from keys.authority import Profile
from keys.ceremony import sign_revocation_list
from keys.custody import DEPLOYMENT, KeyName
from keys.installation import encode_pem_chain
from keys.key_files import encode_key_file, make_private_key
from keys.passphrases import USUAL_COST
from keys.requests import assemble_csr, csr_info
from keys.revocation import Reason, RevocationList, RevokedCertificate
from keys.timestamp_responder import respond
from tests.key_room import AUTHORITY, CODE, DOCUMENT, NOW, PASSPHRASE, TIMESTAMP, KeyRoom, subject
from verify.algorithms import Algorithm
from verify.key_purpose import KeyPurpose

pytestmark = pytest.mark.peer("openssl")

AT = str(int(NOW.timestamp()))
OpenSSL = Callable[..., str]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> KeyRoom:
    """A key room with authority, document and time-stamp keys."""
    return KeyRoom.found(tmp_path_factory.mktemp("office") / "keys").open_office()


@pytest.fixture
def openssl(tmp_path: Path, office: KeyRoom) -> OpenSSL:
    """Run openssl in a folder that holds the office's certificates as root.pem, document.pem and so on."""
    for key in (AUTHORITY, DOCUMENT, TIMESTAMP):
        (tmp_path / f"{key.purpose.value}.pem").write_bytes(encode_pem_chain(office.custody.chain(key)[:1]))

    def run(*arguments: str, fails: bool = False) -> str:
        done = subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.parametrize("algorithm", Algorithm)
def test_openssl_opens_a_key_file_with_the_passphrase_and_only_with_it(
    openssl: OpenSSL, tmp_path: Path, algorithm: Algorithm
) -> None:
    file = encode_key_file(CODE, make_private_key(algorithm), PASSPHRASE, USUAL_COST)
    (tmp_path / "key.pem").write_bytes(file)

    opened = openssl("pkcs8", "-in", "key.pem", "-passin", f"pass:{PASSPHRASE.decode()}")
    refused = openssl("pkcs8", "-in", "key.pem", "-passin", "pass:guess", fails=True)

    assert "BEGIN PRIVATE KEY" in opened
    assert "BEGIN PRIVATE KEY" not in refused


@pytest.mark.parametrize(("name", "purpose"), [("document", "any"), ("timestamp", "timestampsign")])
def test_openssl_verifies_our_certificates_strictly(openssl: OpenSSL, name: str, purpose: str) -> None:
    said = openssl(
        "verify", "-x509_strict", "-attime", AT, "-purpose", purpose, "-CAfile", "authority.pem", f"{name}.pem"
    )

    assert f"{name}.pem: OK" in said


def test_openssl_refuses_a_document_certificate_for_time_stamps(openssl: OpenSSL) -> None:
    openssl(
        "verify", "-attime", AT, "-purpose", "timestampsign", "-CAfile", "authority.pem", "document.pem", fails=True
    )


def test_openssl_shows_the_names_and_uses_of_a_department(openssl: OpenSSL) -> None:
    said = openssl("x509", "-in", "document.pem", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus")

    assert "测试市行政审批局" in said
    assert "Digital Signature, Non Repudiation" in said
    assert "CA:FALSE" in said


def test_openssl_verifies_a_revocation_list_and_finds_who_is_on_it(
    openssl: OpenSSL, office: KeyRoom, tmp_path: Path
) -> None:
    revoked = RevokedCertificate(
        serial_number=load_der_x509_certificate(office.custody.chain(DOCUMENT)[0]).serial_number,
        revoked_at=NOW - timedelta(hours=1),
        reason=Reason.KEY_COMPROMISE,
    )
    wanted = RevocationList(
        issuer=office.custody.chain(AUTHORITY)[0],
        number=8,
        issued_at=NOW,
        next_at=NOW + timedelta(days=7),
        revoked=(revoked,),
    )
    (tmp_path / "list.der").write_bytes(sign_revocation_list(office.sign, AUTHORITY, wanted))

    said = openssl("crl", "-inform", "DER", "-in", "list.der", "-CAfile", "authority.pem", "-out", "list.pem", "-text")
    check = ("verify", "-attime", AT, "-crl_check", "-CRLfile", "list.pem", "-CAfile", "authority.pem")

    assert "verify OK" in said
    assert "Key Compromise" in (tmp_path / "list.pem").read_text()
    assert "revoked" in openssl(*check, "document.pem", fails=True)
    assert "OK" in openssl(*check, "timestamp.pem")


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.RS256])
def test_openssl_verifies_a_request(openssl: OpenSSL, tmp_path: Path, algorithm: Algorithm) -> None:
    room = KeyRoom.found(tmp_path / "keys")
    key = room.make(KeyName(KeyPurpose.DOCUMENT, DEPLOYMENT), algorithm)
    public = room.custody.public_key(key)
    info = csr_info(subject("公文专用"), public, Profile.DEPARTMENT)
    (tmp_path / "request.der").write_bytes(assemble_csr(info, public, room.sign(key, info)))

    said = openssl("req", "-inform", "DER", "-in", "request.der", "-verify", "-noout", "-text")

    assert "verify OK" in said
    assert "Digital Signature, Non Repudiation" in said


def test_openssl_verifies_a_token(openssl: OpenSSL, office: KeyRoom, tmp_path: Path) -> None:
    (tmp_path / "token.der").write_bytes(office.stamps().stamp(sha256(b"stamped").digest()))
    check = ("ts", "-verify", "-token_in", "-in", "token.der", "-CAfile", "authority.pem", "-attime", AT)

    said = openssl(*check, "-digest", sha256(b"stamped").hexdigest())

    assert "Verification: OK" in said
    openssl(*check, "-digest", sha256(b"other").hexdigest(), fails=True)


@pytest.mark.parametrize("wish", [(), ("-cert",), ("-no_nonce",)])
def test_openssl_asks_our_responder_and_verifies_its_answer(
    openssl: OpenSSL, office: KeyRoom, tmp_path: Path, wish: tuple[str, ...]
) -> None:
    (tmp_path / "data").write_bytes(b"document")
    openssl("ts", "-query", "-data", "data", "-sha256", *wish, "-out", "query.tsq")

    (tmp_path / "reply.tsr").write_bytes(respond(office.stamps(), (tmp_path / "query.tsq").read_bytes()))

    said = openssl(
        "ts", "-verify", "-in", "reply.tsr", "-queryfile", "query.tsq", "-CAfile", "authority.pem",
        "-untrusted", "timestamp.pem", "-attime", AT,
    )  # fmt: skip
    assert "Verification: OK" in said


def test_openssl_reads_our_refusal(openssl: OpenSSL, office: KeyRoom, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"document")
    openssl("ts", "-query", "-data", "data", "-sha512", "-out", "query.tsq")
    (tmp_path / "reply.tsr").write_bytes(respond(office.stamps(), (tmp_path / "query.tsq").read_bytes()))

    said = openssl("ts", "-reply", "-in", "reply.tsr", "-text")

    assert "Rejected" in said
    assert "unrecognized or unsupported algorithm identifier" in said
