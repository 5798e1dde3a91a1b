"""Statements of the whole deployment, signed by the key of its trust list: monthly report, records for an auditor.

Promises:
  * The header names the kind of statement, so that none is ever taken for a trust list or for another statement.
  * Whoever pinned the root of the trust list can check it, with nothing else.

Why this key: it speaks for the whole deployment, its uses are logged before they are made, and auditors have its
public half already. A department's key speaks for one office only; a key of its own would be one more to guard.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from verify.algorithms import Algorithm, SignatureError, check_cose_signature, key_identifier
from verify.cose import decode_sign1, encode_sign1, protected_header, read_header, sig_structure
from verify.errors import MalformedError, YinzhengError

STATEMENT_BYTES_MAX: Final = 16 << 20


class StatementError(YinzhengError):
    """Not a statement of this kind that the root of the trust list signed."""

    code = "statement.refused"


class Statement(NamedTuple):
    """What a checked statement says, and the digest by which the log knows of its signature."""

    payload: bytes
    digest: bytes


def statement_to_be_signed(kind: str, payload: bytes, kid: bytes) -> bytes:
    """Return the COSE Sig_structure that the ``trust_list`` key signs; ``kid`` is that key's id."""
    return sig_structure(protected_header(Algorithm.ES256, kid, content_type=kind), payload)


def assemble_statement(kind: str, payload: bytes, kid: bytes, signature: bytes) -> bytes:
    """Return the signed statement; the signature is r and s."""
    header = protected_header(Algorithm.ES256, kid, content_type=kind)
    return encode_sign1(header, payload, signature, tagged=True)


def open_statement(data: bytes, kind: str, roots: Sequence[bytes]) -> Statement:
    """Check a statement against the pinned roots (SubjectPublicKeyInfo). Raises ``StatementError``."""
    try:
        sign1 = decode_sign1(data, tagged=True, bytes_max=STATEMENT_BYTES_MAX)
        algorithm, kid = read_header(sign1, content_type=kind)
    except MalformedError as error:
        raise StatementError(error.detail) from error
    root = next((each for each in roots if key_identifier(each) == kid), None)
    if root is None or algorithm is not Algorithm.ES256:
        raise StatementError("signed by another key than the pinned root")
    try:
        check_cose_signature(algorithm, root, sign1.to_be_signed, sign1.signature)
    except SignatureError as error:
        raise StatementError("the root's signature does not fit") from error
    return Statement(sign1.payload, sha256(sign1.to_be_signed).digest())
