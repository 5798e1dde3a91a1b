"""Signatures in files that an auditor brings along: none that cannot be read hides behind one that can."""

import zipfile
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO

import pytest

from tests.small_pdf import SealingRoom, room_of, with_cms
from verify.certificates import read_certificate
from verify.cms import read_signed_data
from verify.key_purpose import KeyPurpose
from verify.log_audit.signed_files import FoundSignature, signatures_in
from verify.ofd_package import read_package
from verify.own_ofd import VALUE_FILE
from verify.own_pdf import find_rooms
from verify.seal_objects import read_seal_signature


def packed(files: Mapping[str, bytes]) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return written.getvalue()


def test_a_pdf_has_its_signature_with_its_key(sealed: bytes, sealing: SealingRoom) -> None:
    (room,) = find_rooms(sealed)
    digest = sha256(read_signed_data(room.cms).to_be_signed).digest()

    found = FoundSignature(
        digest=digest, kid=sealing.office.custody.public_key(sealing.key).kid, purpose=KeyPurpose.DOCUMENT
    )

    assert signatures_in(sealed) == ((found,), 0)


@pytest.mark.parametrize("name", [b"/ByteRange [ 0 10 20 30 ]", b"/ByteRange\n[0 9 99 9]", b"/B#79te#52ange 4 0 R"])
def test_a_second_signature_that_cannot_be_read_is_counted(name: bytes, sealed: bytes) -> None:
    found, unread = signatures_in(sealed + b"\n9 0 obj\n<</Type/Sig" + name + b">>\nendobj\n")

    assert (found, unread) == (signatures_in(sealed)[0], 1)


def test_a_signature_of_another_form_is_counted(sealed: bytes) -> None:
    start, _end = room_of(sealed)
    cms = bytearray(next(find_rooms(sealed)).cms)
    cms[-1:] = b""

    assert start > 0
    assert signatures_in(with_cms(sealed, b"\x30\x80" + bytes(cms)[4:])) == ((), 1)


def test_an_ofd_has_its_signature_under_whatever_name_and_counts_what_it_cannot_read(sealed_ofd: bytes) -> None:
    files = dict(read_package(sealed_ofd).files)
    value = read_seal_signature(files[VALUE_FILE])
    digest, kid = sha256(value.to_be_signed).digest(), read_certificate(value.signer_certificate).kid
    own = FoundSignature(digest=digest, kid=kid, purpose=KeyPurpose.SEAL)

    assert signatures_in(sealed_ofd) == ((own,), 0)
    assert signatures_in(packed(files | {"Doc_0/Signs/Sign_9/other.bin": files[VALUE_FILE]})) == ((own, own), 0)
    assert signatures_in(packed(files | {"Doc_0/Signs/Sign_9/SignedValue.dat": b"\x30\x00"})) == ((own,), 1)


@pytest.mark.parametrize("content", [b"", b"https://x", b"%PDF-1.7\n", b"\xff" * 9, b"PK\x03\x04"])
def test_a_file_without_a_signature_has_none(content: bytes) -> None:
    assert signatures_in(content)[0] == ()
