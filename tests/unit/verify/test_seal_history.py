"""A seal's signed history: one form, one reader, and an answer for each moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.mutations import last_bit_changed
from verify import cbor
from verify.algorithms import Algorithm, der_to_raw, key_identifier
from verify.cose import encode_sign1, protected_header, sig_structure
from verify.seal_history import (
    CONTENT_TYPE,
    GrantSpan,
    OtherSealError,
    SealHistory,
    SealHistoryError,
    SealHistoryFormError,
    SealHistorySignatureError,
    SealSpan,
    assemble_seal_history,
    open_seal_history,
    seal_history_to_be_signed,
)
from verify.trust import TrustedKey

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CODE = "99010000000001"
DIGEST = bytes(range(32))
KEY = ec.generate_private_key(ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
KID = key_identifier(SPKI)


def trusted(**changes: Any) -> TrustedKey:
    key = TrustedKey(
        kid=KID, algorithm=Algorithm.ES256, spki=SPKI, use=2, not_before=AT - HOUR, not_after=AT + 99 * HOUR
    )
    return replace(key, **changes)


def span(hours: int, standing: str, version: int | None = 1) -> SealSpan:
    digest = None if version is None else DIGEST
    return SealSpan(begins=AT + hours * HOUR, standing=standing, version=version, object_digest=digest)


def history(**changes: Any) -> SealHistory:
    whole = SealHistory(
        code=CODE,
        owner="119999990000000511",
        issued_at=AT + 9 * HOUR,
        spans=(span(0, "not_filed", None), span(1, "in_use"), span(4, "suspended")),
        grants=(GrantSpan(grant_id=f"{CODE}-0001", begins=AT + 2 * HOUR, ends=AT + 6 * HOUR, record=DIGEST),),
        records=(DIGEST,),
    )
    return replace(whole, **changes)


def signed(payload: bytes, *, content_type: str = CONTENT_TYPE) -> bytes:
    header = protected_header(Algorithm.ES256, KID, content_type=content_type)
    signature = der_to_raw(KEY.sign(sig_structure(header, payload), ec.ECDSA(SHA256())))
    return encode_sign1(header, payload, signature, tagged=True)


def opened(data: bytes, code: str = CODE, *keys: TrustedKey) -> SealHistory:
    return open_seal_history(data, code=code, keys=lambda kid: keys or ((trusted(),) if kid == KID else ()))


@given(
    hours=st.lists(st.integers(0, 10_000), min_size=1, max_size=20, unique=True).map(sorted),
    standing=st.sampled_from(["in_use", "suspended", "expired"]),
    asked=st.integers(-10, 10_100),
)
def test_what_is_written_is_read_and_each_moment_has_the_last_span_before_it(
    hours: list[int], standing: str, asked: int
) -> None:
    whole = history(spans=tuple(span(each, standing, number) for number, each in enumerate(hours, 1)))

    read = opened(signed(whole.payload()))

    found = read.at(AT + asked * HOUR)
    past = [number for number, each in enumerate(hours, 1) if each <= asked]
    assert read == whole
    assert (found is None) is (not past)
    assert found is None or (found.span.version, found.is_final) == (past[-1], asked <= 9)


def test_our_own_writer_makes_what_the_reader_opens() -> None:
    signature = der_to_raw(KEY.sign(seal_history_to_be_signed(history(), KID), ec.ECDSA(SHA256())))

    assert opened(assemble_seal_history(history(), KID, signature)) == history()


@pytest.mark.parametrize(("hours", "count"), [(1, 0), (2, 1), (5, 1), (6, 0)])
def test_a_grant_holds_from_its_beginning_until_before_its_end(hours: int, count: int) -> None:
    standing = history().at(AT + hours * HOUR)

    assert standing is not None
    assert len(standing.grants) == count


def claims(**changes: object) -> bytes:
    """Return a payload of our own with other claims, named c1 to c6 and beyond."""
    whole = cbor.decode(history().payload(), bytes_max=1 << 20)
    assert isinstance(whole, dict)
    return cbor.encode(whole | {int(name[1:]): value for name, value in changes.items()})


START = int(AT.timestamp()) * 1_000_000
BAD: dict[str, bytes] = {
    "no map": cbor.encode([1]),
    "a claim more": claims(c7=1),
    "no code": claims(c1="9901000000000"),
    "digits of another script": claims(c1="９９０１００００００００００"),
    "no owner": claims(c2=""),
    "a time that is true": claims(c3=True),
    "a time before 1970": claims(c3=-1),
    "a time after all": claims(c3=1 << 62),
    "no spans": claims(c4=[]),
    "a span that is none": claims(c4=[[START, "in_use"]]),
    "an unknown standing": claims(c4=[[START, "lost", 1, DIGEST]]),
    "a version without an object": claims(c4=[[START, "in_use", 1, b""]]),
    "an object without a version": claims(c4=[[START, "in_use", 0, DIGEST]]),
    "a version that is true": claims(c4=[[START, "in_use", True, DIGEST]]),
    "a short object digest": claims(c4=[[START, "in_use", 1, b"1"]]),
    "spans at one moment": claims(c4=[[START, "in_use", 1, DIGEST], [START, "suspended", 1, DIGEST]]),
    "spans that go back": claims(c4=[[START, "in_use", 1, DIGEST], [START - 1, "suspended", 1, DIGEST]]),
    "a grant that is none": claims(c5=[["x"]]),
    "a grant of another seal": claims(c5=[["99010000000002-0001", 0, 1, DIGEST]]),
    "a grant without a number": claims(c5=[[CODE, 0, 1, DIGEST]]),
    "a grant with a short record": claims(c5=[[f"{CODE}-0001", 0, 1, b"1"]]),
    "a record that is text": claims(c6=["x"]),
    "a short record": claims(c6=[b"1"]),
}


@pytest.mark.parametrize("payload", BAD.values(), ids=BAD)
def test_a_payload_of_another_form_is_refused_though_it_is_signed(payload: bytes) -> None:
    with pytest.raises(SealHistoryFormError):
        opened(signed(payload))


@pytest.mark.parametrize(
    ("data", "keys", "error"),
    [
        (signed(history().payload(), content_type="application/statuslist+cwt"), (trusted(),), SealHistoryFormError),
        (b"", (trusted(),), SealHistoryFormError),
        (last_bit_changed(signed(history().payload())), (trusted(),), SealHistorySignatureError),
        (signed(history().payload()), (trusted(not_after=AT),), SealHistorySignatureError),
    ],
    ids=["another type", "nothing", "another signature", "outside the key's period"],
)
def test_what_no_trusted_key_signed_as_a_history_is_refused(
    data: bytes, keys: tuple[TrustedKey, ...], error: type[SealHistoryError]
) -> None:
    with pytest.raises(error):
        opened(data, CODE, *keys)


def test_a_key_that_nobody_trusts_is_none() -> None:
    with pytest.raises(SealHistorySignatureError):
        open_seal_history(signed(history().payload()), code=CODE, keys=lambda _kid: ())


def test_the_history_of_another_seal_is_no_answer() -> None:
    with pytest.raises(OtherSealError):
        opened(signed(history().payload()), "99010000000002")
