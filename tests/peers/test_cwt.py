"""The `cwt` library judges the tokens in our QR codes: the vectors, and tokens signed by real keys."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import cwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from tests.key_room import BUREAU, CODE, KeyRoom
from verify.algorithms import Algorithm, der_to_raw
from verify.qr_text import decode_digits
from verify.qr_token import ShortStatus, TokenClaims, decode_token, encode_token, to_be_signed
from verify.values import LicenceId

CLAIMS = TokenClaims(
    issuer=BUREAU,
    licence_id=LicenceId(bytes(range(10))),
    issued_at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
    expires_at=datetime(2031, 11, 24, 16, 0, tzinfo=UTC),
    type_code="11999999000000019M002",
    number="JY29901000000017",
    holder="示例餐饮有限公司",
    holder_uscc=BUREAU,
    valid_from=date(2026, 11, 25),
    valid_until=date(2031, 11, 24),
    data_set_digest=bytes(16),
    status=ShortStatus(1, 4711),
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> KeyRoom:
    """A key room with a code key."""
    room = KeyRoom.found(tmp_path_factory.mktemp("codes") / "keys")
    room.make(CODE)
    return room


@pytest.fixture(scope="module")
def text(room: KeyRoom) -> str:
    """The text of a QR code whose intent was logged before it was signed."""
    public = room.custody.public_key(CODE)
    message = to_be_signed(CLAIMS, algorithm=Algorithm.ES256, kid=public.kid)
    signature = der_to_raw(room.sign(CODE, message))
    return encode_token(CLAIMS, algorithm=Algorithm.ES256, kid=public.kid, signature=signature, host="licences.example")


def _sign1(text: str) -> bytes:
    return decode_digits(text.partition("#1")[2])


def _check(sign1: bytes, spki: bytes, kid: bytes) -> bytes:
    """Return the payload that the library verified."""
    pem = load_der_public_key(spki).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    tagged = b"\xd2" + sign1  # our tokens leave the tag out; the library wants it
    payload: bytes = cwt.COSE.new().decode(tagged, cwt.COSEKey.from_pem(pem, kid=kid, alg="ES256"))
    return payload


def test_cwt_verifies_our_token_and_reads_the_same_claims(room: KeyRoom, text: str) -> None:
    public = room.custody.public_key(CODE)

    payload = _check(_sign1(text), public.spki, public.kid)

    assert payload == decode_token(text).claims.payload()


def test_cwt_refuses_our_token_under_another_key(room: KeyRoom, text: str) -> None:
    other = room.custody.public_key(room.make(replace(CODE, generation=2)))

    with pytest.raises(cwt.VerifyError):
        _check(_sign1(text), other.spki, room.custody.public_key(CODE).kid)


def test_cwt_refuses_our_token_with_one_bit_changed(room: KeyRoom, text: str) -> None:
    public = room.custody.public_key(CODE)
    changed = bytearray(_sign1(text))
    changed[60] ^= 1

    with pytest.raises(cwt.VerifyError):
        _check(bytes(changed), public.spki, public.kid)


def test_the_repository_holds_the_vectors_with_their_origin(repository: Path) -> None:
    described = (repository / "tests/vectors/README.md").read_text(encoding="utf-8")

    vectors = [path.name for path in (repository / "tests/vectors").glob("*.json")]

    assert vectors
    assert [name for name in vectors if f"`{name}`" not in described] == []
