"""Which bytes were signed in a file that an auditor has before them: so it can be asked whether the log has them.

Promises: nothing in the file is believed, neither its proof nor its dates; a thief leaves out what would tell on him.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from verify.cms import read_signed_data
from verify.errors import MalformedError
from verify.ofd import OFD_HEAD
from verify.ofd_package import read_package
from verify.own_pdf import find_rooms
from verify.qr_token import decode_token
from verify.seal_objects import read_seal_signature

_PDF_HEAD: Final = b"%PDF-"
_SEALED: Final = "/SignedValue.dat"
# The longest text of a code.
_TEXT_BYTES_MAX: Final = 1500


def signed_digests(content: bytes) -> tuple[bytes, ...]:
    """Return SHA-256 of what each signature is over, in a PDF, an OFD or the text of a code."""
    try:
        return tuple(sha256(each).digest() for each in _to_be_signed(content))
    except MalformedError:
        return ()


def _to_be_signed(content: bytes) -> Iterator[bytes]:
    if content.startswith(_PDF_HEAD):
        yield from _in_pdf(content)
    elif content.startswith(OFD_HEAD):
        files = read_package(content).files
        for name in sorted(files):
            if f"/{name}".endswith(_SEALED):
                yield read_seal_signature(files[name]).to_be_signed
    elif len(content) <= _TEXT_BYTES_MAX:
        try:
            yield decode_token(content.decode("ascii").strip()).to_be_signed
        except UnicodeDecodeError:
            return


def _in_pdf(content: bytes) -> Iterator[bytes]:
    for room in find_rooms(content):
        try:
            yield read_signed_data(room.cms).to_be_signed
        except MalformedError:
            continue
