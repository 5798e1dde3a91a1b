"""OpenSSL, GmSSL and Go's gmsm judge our SM2: signatures each way, certificates, revocation lists, requests."""

import random
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from keys import sm2
from keys.authority import Profile
from keys.ceremony import sign_revocation_list
from keys.installation import encode_pem_chain
from keys.key_files import KeyCipher, encode_key_file
from keys.passphrases import USUAL_COST
from keys.requests import assemble_csr, csr_info
from keys.revocation import Reason, RevocationList, RevokedCertificate
from keys.sm2_key import Sm2PrivateKey
from tests.key_room import NATIONAL_AUTHORITY, NOW, PASSPHRASE, SEAL, SEAL_MAKER, KeyRoom, subject
from tests.peers.programs import sm2check
from verify.algorithms import Algorithm, SignatureError, check_signature
from verify.certificates import find_path, read_certificate
from verify.der import BIT_STRING, SEQUENCE, read_whole
from verify.key_purpose import KeyPurpose
from verify.sm2 import SIGNER_ID, load_sm2_key

AT = str(int(NOW.timestamp()))
ID = f"distid:{SIGNER_ID.decode()}"
# As many as the issue asks for.
RANDOM_ONES = 1000
# Messages from nothing to what a large certificate signs.
LENGTH_MAX = 3000
OpenSSL = Callable[..., str]
openssl_is_there = pytest.mark.peer("openssl")
go_is_there = pytest.mark.peer("go")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> KeyRoom:
    """A key room with the national authority, a seal maker and a seal."""
    return KeyRoom.found(tmp_path_factory.mktemp("office") / "keys").open_office()


@pytest.fixture
def openssl(tmp_path: Path, office: KeyRoom) -> OpenSSL:
    """Run openssl in a folder that holds the national certificates and the public half of the seal's key."""
    for name, key in (("root", NATIONAL_AUTHORITY), ("maker", SEAL_MAKER), ("seal", SEAL)):
        (tmp_path / f"{name}.pem").write_bytes(encode_pem_chain(office.custody.chain(key)[:1]))
        (tmp_path / f"{name}.spki").write_bytes(office.custody.public_key(key).spki)

    def run(*arguments: str, fails: bool = False) -> str:
        done = subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def judge(openssl: OpenSSL, spki: str, message: str, signature: str, *, fails: bool = False) -> str:
    return openssl(
        "pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", ID, "-pubin", "-keyform", "DER",
        "-inkey", spki, "-in", message, "-sigfile", signature, fails=fails,
    )  # fmt: skip


def cut(signed: bytes) -> tuple[bytes, bytes]:
    """Return what is signed and the signature of a certificate, a list or a request."""
    frame = read_whole(signed, SEQUENCE)
    to_be_signed, _ = frame.take_whole(SEQUENCE), frame.take(SEQUENCE)
    signature = frame.take(BIT_STRING)
    frame.end()
    return to_be_signed, signature[1:]


def revocation_list(office: KeyRoom, *serials: int) -> bytes:
    revoked = tuple(
        RevokedCertificate(serial_number=each, revoked_at=NOW - timedelta(hours=1), reason=Reason.KEY_COMPROMISE)
        for each in serials
    )
    wanted = RevocationList(
        issuer=office.custody.chain(NATIONAL_AUTHORITY)[0],
        number=8,
        issued_at=NOW,
        next_at=NOW + timedelta(days=7),
        revoked=revoked,
    )
    return sign_revocation_list(office.sign, NATIONAL_AUTHORITY, wanted)


@openssl_is_there
@pytest.mark.parametrize("name", ["root", "maker", "seal"])
def test_openssl_verifies_our_national_certificates_strictly(openssl: OpenSSL, name: str) -> None:
    check = ("verify", "-x509_strict", "-attime", AT, "-CAfile", "root.pem")

    assert f"{name}.pem: OK" in openssl(*check, "-vfyopt", ID, f"{name}.pem")
    if name != "root":  # without the id it takes the empty one, and nothing of this stack holds
        openssl(*check, f"{name}.pem", fails=True)


@openssl_is_there
def test_openssl_verifies_our_national_revocation_list_and_reads_it(
    openssl: OpenSSL, office: KeyRoom, tmp_path: Path
) -> None:
    serial = read_certificate(office.custody.chain(SEAL)[0]).serial_number
    crl = revocation_list(office, serial)
    to_be_signed, signature = cut(crl)
    (tmp_path / "list.der").write_bytes(crl)
    (tmp_path / "list.tbs").write_bytes(to_be_signed)
    (tmp_path / "list.signature").write_bytes(signature)

    assert "Verified Successfully" in judge(openssl, "root.spki", "list.tbs", "list.signature")
    said = openssl("crl", "-inform", "DER", "-in", "list.der", "-noout", "-text")
    assert f"{serial:X}" in said
    assert "Key Compromise" in said
    assert "SM2-with-SM3" in said


@openssl_is_there
def test_openssl_verifies_our_request(openssl: OpenSSL, office: KeyRoom, tmp_path: Path) -> None:
    public = office.custody.public_key(SEAL)
    info = csr_info(subject("11990000000001"), public, Profile.SEAL)
    (tmp_path / "request.der").write_bytes(assemble_csr(info, public, office.sign(SEAL, info)))

    said = openssl("req", "-inform", "DER", "-in", "request.der", "-verify", "-vfyopt", ID, "-noout", "-text")

    assert "verify OK" in said


@openssl_is_there
@pytest.mark.parametrize("cipher", KeyCipher)
def test_openssl_opens_an_sm2_key_file_and_signs_with_it_for_us(
    openssl: OpenSSL, tmp_path: Path, cipher: KeyCipher
) -> None:
    key = sm2.provider().generate()
    (tmp_path / "key.pem").write_bytes(encode_key_file(SEAL, key, PASSPHRASE, USUAL_COST, cipher))
    (tmp_path / "message").write_bytes(b"message")

    openssl("pkcs8", "-in", "key.pem", "-passin", f"pass:{PASSPHRASE.decode()}", "-out", "plain.pem")
    sign = (
        "pkeyutl",
        "-sign",
        "-rawin",
        "-digest",
        "sm3",
        "-inkey",
        "plain.pem",
        "-in",
        "message",
        "-out",
        "signature",
    )
    openssl(*sign, "-pkeyopt", ID)

    check_signature(Algorithm.SM2, key.spki, b"message", (tmp_path / "signature").read_bytes())
    openssl(*sign)
    with pytest.raises(SignatureError):  # made with the empty id
        check_signature(Algorithm.SM2, key.spki, b"message", (tmp_path / "signature").read_bytes())


@openssl_is_there
def test_a_certificate_that_openssl_made_is_trusted_under_its_root(openssl: OpenSSL, tmp_path: Path) -> None:
    new = ("-newkey", "SM2", "-nodes", "-sm3", "-sigopt", ID)
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Outside",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    openssl("req", "-new", *new, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=Leaf")
    (tmp_path / "leaf.ext").write_text("basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-sm3",
            "-vfyopt", ID, "-sigopt", ID, "-extfile", "leaf.ext", "-out", "leaf.pem")  # fmt: skip

    leaf, root = (
        load_pem_x509_certificate((tmp_path / name).read_bytes()).public_bytes(Encoding.DER)
        for name in ("leaf.pem", "ca.pem")
    )

    path = find_path(leaf, (), (root,), KeyPurpose.SEAL)
    assert [each.common_name for each in path.certificates] == ["Leaf", "Outside"]


def random_messages() -> list[bytes]:
    drawn = random.Random(32918)  # noqa: S311 - what is signed in a test
    return [drawn.randbytes(drawn.randrange(LENGTH_MAX)) for _ in range(RANDOM_ONES)]


def test_gmssl_accepts_a_thousand_signatures_of_ours_and_we_a_thousand_of_its() -> None:
    key = sm2.provider().generate()
    sign = sm2.signer(key)
    point, number = gmssl_pyx.sm2_key_generate()
    theirs = load_sm2_key(Sm2PrivateKey(number, point).spki)

    for message in random_messages():
        assert gmssl_pyx.sm2_verify(key.point, message, sign(message), SIGNER_ID)
        theirs.verify(gmssl_pyx.sm2_sign(number, point, message, SIGNER_ID), message)


@go_is_there
def test_gos_gmsm_accepts_our_signatures_and_we_its(tmp_path: Path) -> None:
    key = sm2.provider().generate()
    sign = sm2.signer(key)
    lines = [b" ".join(each.hex().encode() for each in (key.spki, m, sign(m))) for m in random_messages() if m]
    (tmp_path / "good").write_bytes(b"\n".join(lines) + b"\n")
    (tmp_path / "bad").write_bytes(lines[0].replace(lines[0].split()[1], b"00") + b"\n")

    said = subprocess.run(
        [str(sm2check()), "signatures", "good"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    refused = subprocess.run([str(sm2check()), "signatures", "bad"], cwd=tmp_path, capture_output=True, check=False)
    made = subprocess.run([str(sm2check()), "sign", "200"], capture_output=True, text=True, check=True)

    assert said.stdout == f"ok {len(lines)}\n"
    assert refused.returncode == 1
    theirs = [[bytes.fromhex(part) for part in line.split(" ")] for line in made.stdout.splitlines()]
    assert len(theirs) == 200
    for spki, message, signature in theirs:
        check_signature(Algorithm.SM2, spki, message, signature)


@go_is_there
def test_gos_gmsm_verifies_our_certificates_and_lists(office: KeyRoom, tmp_path: Path) -> None:
    serial = read_certificate(office.custody.chain(SEAL)[0]).serial_number
    (tmp_path / "root").write_bytes(office.custody.chain(NATIONAL_AUTHORITY)[0])
    (tmp_path / "list").write_bytes(revocation_list(office, serial))

    for key in (SEAL, SEAL_MAKER):
        (tmp_path / "leaf").write_bytes(office.custody.chain(key)[0])
        said = subprocess.run(
            [str(sm2check()), "certificate", "root", "leaf", "list"], cwd=tmp_path, capture_output=True, text=True, check=True
        )  # fmt: skip
        assert said.stdout == "ok 1\n"
    swapped = [str(sm2check()), "certificate", "leaf", "root", "list"]
    assert subprocess.run(swapped, cwd=tmp_path, capture_output=True, check=False).returncode == 1
