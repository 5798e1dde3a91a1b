"""Which bytes were signed in a file that an auditor has before them: so it can be asked whether the log has them.

Promises:
  * Nothing in the file is believed, neither its proof nor its dates; a thief leaves out what would tell on him.
  * A signature that stands there and cannot be read is counted: an honest one beside it does not speak for it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from verify.certificates import read_certificate
from verify.cms import TST_INFO, SignedData, read_signed_data
from verify.der import SEQUENCE
from verify.errors import MalformedError, YinzhengError
from verify.key_purpose import KeyPurpose
from verify.ofd import OFD_HEAD
from verify.ofd_package import read_package
from verify.own_pdf import find_rooms
from verify.qr_token import decode_token
from verify.seal_objects import read_seal, read_seal_signature

_PDF_HEAD: Final = b"%PDF-"
# The longest text of a code.
_TEXT_BYTES_MAX: Final = 1500
# A signature's entry in a PDF, however its name is written (ISO 32000-2, 7.3.5): any letter may be # and two digits.
_BYTE_RANGE: Final = re.compile(b"/" + b"".join(b"(?:%c|#%02x|#%02X)" % (each, each, each) for each in b"ByteRange"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSignature:
    """One signature: SHA-256 of what it is over, the key that it says it was made by, empty if none is read.

    ``purpose`` is what such a signature is made for: by it alone, and by a key of it, may its intent be logged.
    """

    digest: bytes
    kid: bytes
    purpose: KeyPurpose


def signatures_in(content: bytes) -> tuple[tuple[FoundSignature, ...], int]:
    """Return the signatures in a PDF, an OFD or the text of a code, and how many more there are that nobody can read.

    Time stamps are no signatures of an office, and are passed over.
    """
    try:
        found = list(_found(content))
    except MalformedError:
        return (), 1
    return tuple(each for each in found if each is not None), found.count(None)


def _found(content: bytes) -> Iterator[FoundSignature | None]:
    """Yield each signature, None for one that cannot be read."""
    if content.startswith(_PDF_HEAD):
        yield from _in_pdf(content)
    elif content.startswith(OFD_HEAD):
        for _name, value in sorted(read_package(content).files.items()):
            if value[:1] == bytes([SEQUENCE]):
                yield from _in_ofd(value)
    elif len(content) <= _TEXT_BYTES_MAX:
        try:
            token = decode_token(content.decode("ascii").strip())
        except UnicodeDecodeError:
            return
        digest = sha256(token.to_be_signed).digest()
        yield FoundSignature(digest=digest, kid=token.kid, purpose=KeyPurpose.CODE)


def _in_pdf(content: bytes) -> Iterator[FoundSignature | None]:
    read = 0
    for room in find_rooms(content):
        try:
            signed = read_signed_data(room.cms)
        except MalformedError:
            continue
        read += 1
        if signed.content_type != TST_INFO:
            digest = sha256(signed.to_be_signed).digest()
            yield FoundSignature(digest=digest, kid=_kid_in(signed), purpose=KeyPurpose.DOCUMENT)
    yield from [None] * (sum(1 for _ in _BYTE_RANGE.finditer(content)) - read)


def _in_ofd(value: bytes) -> Iterator[FoundSignature | None]:
    """Yield the signature that this file is; a seal that lies beside it is none."""
    try:
        signature = read_seal_signature(value)
    except MalformedError:
        if not _is_seal(value):
            yield None
        return
    digest, kid = sha256(signature.to_be_signed).digest(), _kid_of(signature.signer_certificate)
    yield FoundSignature(digest=digest, kid=kid, purpose=KeyPurpose.SEAL)


def _is_seal(value: bytes) -> bool:
    try:
        read_seal(value)
    except MalformedError:
        return False
    return True


def _kid_in(signed: SignedData) -> bytes:
    try:
        return signed.signing_certificate().kid
    except YinzhengError:
        return b""


def _kid_of(certificate: bytes) -> bytes:
    try:
        return read_certificate(certificate).kid
    except YinzhengError:
        return b""
