"""The reader of usual codes: it agrees with the general way on every text, as Python reads it and as it was compiled."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.code_room import CLAIMS, HOST, CodeRoom
from verify import cbor, qr_text, usual_code
from verify.algorithms import Algorithm
from verify.compiled import READ_USUAL_CODE
from verify.cose import encode_sign1, protected_header
from verify.errors import MalformedError
from verify.qr_text import LICENCE_TEXT, cut_text, decode_digits, encode_digits, open_claims
from verify.qr_token import LicenceToken, decode_any, decode_token, decode_usual, encode_token
from verify.token_claims import ShortStatus, StatusClaim, TokenClaims, read_claims
from verify.usual_code import UsualCode, read_digits, read_usual_code

Reader = Callable[[str], UsualCode | None]
READERS: dict[str, Reader] = {"python": read_usual_code}
if READ_USUAL_CODE is not None:
    READERS["compiled"] = READ_USUAL_CODE

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())
TEXT = CodeRoom().code()
START, _, DIGITS = TEXT.partition("#1")
DATA = decode_digits(DIGITS)
PAYLOAD = CLAIMS.payload()
WITH_ALL = CLAIMS._replace(not_before=datetime(2026, 10, 1, tzinfo=UTC), office="示例市行政审批服务局")

each_reader = pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
instants = st.integers(0, 2**32 - 1).map(lambda each: datetime.fromtimestamp(each, UTC))
days = st.dates(date(1970, 1, 1), date(2150, 1, 1))
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
claims_of_all_sorts = st.builds(
    dict,
    issuer=st.just(CLAIMS.issuer) | texts,
    issued_at=instants,
    not_before=st.none() | instants,
    expires_at=st.none() | instants,
    type_code=st.just(CLAIMS.type_code) | texts,
    number=texts,
    holder=texts,
    holder_uscc=st.none() | st.just("91999999MA00000154") | st.text(max_size=18, min_size=1),
    valid_from=days,
    valid_until=st.none() | days,
    office=st.none() | texts,
    status=st.builds(ShortStatus, st.integers(0, 2**32 - 1), st.integers(0, 2**20 - 1)),
    extra=st.just({}) | st.just({"XM": "王"}),
)


def by_the_general_way(text: str) -> object:
    """Return the token as the longest way reads it, or the kind of error that it raises."""
    try:
        cut = cut_text(LICENCE_TEXT, text)
        claims = read_claims(*open_claims(cut))
    except MalformedError as error:
        return type(error)
    return LicenceToken(claims, cut.algorithm, cut.kid, cut.to_be_signed, cut.signature, cut.host, cut.text)


def by_the_short_way(text: str, read: Reader) -> object:
    """Return what the short way says; None where it leaves the text to the general way."""
    try:
        return decode_usual(text, read)
    except MalformedError as error:
        return type(error)


def assert_both_agree(text: str) -> None:
    general = by_the_general_way(text)
    for read in READERS.values():
        short = by_the_short_way(text, read)
        assert short is None or short == general
        assert not isinstance(short, LicenceToken) or short.text == text


def text_of(data: bytes) -> str:
    return f"{START}#1{encode_digits(data)}"


def text_with(payload: bytes, *, kid: bytes = bytes(8)) -> str:
    return text_of(encode_sign1(protected_header(Algorithm.ES256, kid), payload, bytes(range(64)), tagged=False))


@pytest.mark.peer("cc")
def test_where_there_is_a_compiler_the_reader_was_compiled() -> None:
    assert READ_USUAL_CODE is not None, "run: make, or python -c 'import hatch_build ...' (verify/README.md)"
    assert type(READ_USUAL_CODE) is type(len)


@each_reader
@pytest.mark.parametrize("claims", [CLAIMS, WITH_ALL, CLAIMS._replace(expires_at=None, valid_until=None)])
@pytest.mark.parametrize("holder_uscc", [CLAIMS.holder_uscc, None])
def test_what_an_office_writes_is_read_the_short_way(read: Reader, claims: TokenClaims, holder_uscc: str) -> None:
    text = text_with(claims._replace(holder_uscc=holder_uscc).payload())

    token = decode_usual(text, read)

    assert token is not None
    assert token == by_the_general_way(text) == decode_any(text) == decode_token(text)
    assert token.claims == claims._replace(holder_uscc=holder_uscc)


@settings(max_examples=300)
@given(claims_of_all_sorts, st.binary(min_size=64, max_size=64))
def test_both_ways_read_the_same_claims(fields: dict[str, object], signature: bytes) -> None:
    try:
        claims = CLAIMS._replace(**fields)
        text = encode_token(claims, algorithm=Algorithm.ES256, kid=bytes(8), signature=signature, host=HOST)
    except MalformedError:  # a last day before the first one, more than a code carries, and the like
        return

    assert_both_agree(text)


@settings(max_examples=2000)
@given(st.integers(min_value=0, max_value=len(DATA) - 1), st.integers(min_value=0, max_value=255))
def test_both_ways_agree_on_a_code_with_one_other_byte(place: int, value: int) -> None:
    assert_both_agree(text_of(DATA[:place] + bytes((value,)) + DATA[place + 1 :]))


@settings(max_examples=500)
@given(st.integers(min_value=0, max_value=len(PAYLOAD)), st.binary(max_size=4), st.integers(0, 4))
def test_both_ways_agree_on_claims_with_bytes_put_in_or_left_out(place: int, more: bytes, fewer: int) -> None:
    assert_both_agree(text_with(PAYLOAD[:place] + more + PAYLOAD[place + fewer :]))


@settings(max_examples=500)
@given(st.integers(min_value=0, max_value=len(DATA)), st.binary(max_size=20), st.sampled_from([b"", DATA]))
def test_both_ways_agree_on_a_code_that_is_cut_or_longer(place: int, more: bytes, rest: bytes) -> None:
    assert_both_agree(text_of(DATA[:place] + more + rest[place:]))


@settings(max_examples=500)
@given(st.integers(min_value=0, max_value=len(TEXT) - 1), st.characters(codec="utf-8"))
@example(place=0, other="H")
@example(place=len(TEXT) - 1, other="\uff11")
@example(place=len(START), other="1")
def test_both_ways_agree_on_a_text_with_one_other_character(place: int, other: str) -> None:
    assert_both_agree(TEXT[:place] + other + TEXT[place + 1 :])


@given(st.text(max_size=60), st.text("0123456789", max_size=400), st.sampled_from(["", START, f"{START}#1", "#1"]))
def test_both_ways_agree_on_what_comes_from_anywhere(before: str, digits: str, start: str) -> None:
    assert_both_agree(before + start + digits)
    assert_both_agree(start + digits + before)


@settings(max_examples=300)
@given(st.text("0123456789", max_size=200) | st.binary(max_size=100).map(encode_digits) | st.text(max_size=40))
def test_digits_stand_for_the_same_bytes(digits: str) -> None:
    try:
        expected = decode_digits(digits)
    except MalformedError:
        expected = None

    assert read_digits(digits.encode()) == expected


@each_reader
@pytest.mark.parametrize("case", VECTORS["reject"], ids=lambda case: case["why"])
def test_what_must_be_refused_is_read_no_other_way(read: Reader, case: dict[str, str]) -> None:
    short = by_the_short_way(case["qr_text"], read)

    assert short is None or short == by_the_general_way(case["qr_text"])


@each_reader
@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT.replace("https", "HTTPS"),
        TEXT.replace(HOST, HOST.upper()),
        TEXT.replace(HOST, "-"),
        TEXT.replace("/v/", "/p/"),
        TEXT.replace("/v/", "/v/A"),
        START.lower() + "#1" + DIGITS,
        f"{START}#2{DIGITS}",
        f"{START}#1",
        f"{START}#1{DIGITS}0",
        f"{START}#1{'9' * 17}{DIGITS[17:]}",
        TEXT.replace(f"/{START[-16:]}", f"/{START[-16:-1]}{'0' if START[-1] != '0' else '1'}"),
        TEXT.replace(f"/{START[-16:]}", f"/U{START[-15:]}"),
        text_of(DATA + bytes(450)),
        text_with(b"\xa0"),
        text_with(CLAIMS._replace(extra={"XM": "王"}).payload()),
        text_with(CLAIMS._replace(status=StatusClaim("https://status.example/1", 5)).payload()),
        text_with(CLAIMS._replace(issuer="office").payload()),
        text_with(CLAIMS._replace(type_code="type").payload()),
        text_with(CLAIMS._replace(holder="王" * 67).payload()),
        text_with(CLAIMS._replace(number="王" * 22).payload()),
        text_with(CLAIMS._replace(valid_from=date(1970, 1, 2)).payload()),
        text_with(CLAIMS._replace(issued_at=datetime.fromtimestamp(65_535, UTC)).payload()),
        text_with(PAYLOAD.replace(b"\x06\x1a", b"\x06\x1b\x00\x00\x00\x00")),
        text_with(PAYLOAD.replace(CLAIMS.number.encode(), b"\xff" * len(CLAIMS.number))),
        text_with(PAYLOAD.replace(b"\x82\x01\x05", b"\x82\x18\x01\x05")),
        text_with(PAYLOAD.replace(b"\x82\x01\x05", b"\x82\x19\x00\x01\x05")),
        text_with(PAYLOAD.replace(b"\x82\x01\x05", b"\x82\x1a\x00\x00\x00\x01\x05")),
        text_with(PAYLOAD.replace(b"\x82\x01\x05", b"\x82\x1b" + bytes(7) + b"\x01\x05")),
        text_with(PAYLOAD.replace(b"\x82\x01\x05", b"\x83\x01\x05\x05")),
        text_with(PAYLOAD.replace(b"\x02" + cbor.encode(CLAIMS.number), b"\x02\x78\x10" + CLAIMS.number.encode())),
        text_with(PAYLOAD.replace(b"\x02" + cbor.encode(CLAIMS.number), b"\x02\x60")),
        text_with(PAYLOAD.replace(b"\x02" + cbor.encode(CLAIMS.number), b"\x02\x79\x00\x10" + CLAIMS.number.encode())),
        text_with(PAYLOAD + b"\x00"),
        text_of(DATA.replace(b"\x58\x40", b"\x59\x00\x40")),
        text_of(DATA[:16] + b"\x59\x00" + DATA[17:]),
        text_of(DATA[:16] + b"\x5a\x00\x00\x00" + DATA[17:]),
        text_of(b"\x85" + DATA[1:]),
        text_of(DATA[:15] + b"\xa1" + DATA[16:]),
        text_of(DATA[:2] + b"\xa2\x01\x38\x18\x04" + DATA[6:]),
    ],
)
def test_every_other_form_is_left_to_the_general_way(read: Reader, text: str) -> None:
    assert decode_usual(text, read) is None


@each_reader
@pytest.mark.parametrize("number", [0, 23, 24, 255, 256, 65_535, 65_536, 2**20 - 1])
def test_numbers_of_a_status_are_read_under_each_of_their_heads(read: Reader, number: int) -> None:
    text = text_with(CLAIMS._replace(status=ShortStatus(number, number)).payload())

    token = decode_usual(text, read)

    assert token is not None
    assert token.claims.status == ShortStatus(number, number)


@each_reader
@pytest.mark.parametrize("size", [1, 23, 24, 64])
def test_texts_of_each_length_are_read(read: Reader, size: int) -> None:
    text = text_with(WITH_ALL._replace(number="9" * size, office="9" * size).payload())

    token = decode_usual(text, read)

    assert token is not None
    assert token == by_the_general_way(text)


@each_reader
def test_what_the_format_forbids_is_refused_as_on_the_general_way(read: Reader) -> None:
    payload = CLAIMS._replace(valid_from=date(2024, 10, 4), valid_until=date(2024, 10, 4)).payload()
    payload = payload.replace(b"\x06" + cbor.encode(20_000), b"\x06" + cbor.encode(19_999))
    text = text_with(payload)

    assert by_the_short_way(text, read) is by_the_general_way(text) is qr_text.TokenClaimsError


def test_the_limits_are_those_of_the_general_way() -> None:
    assert usual_code.TEXT_LENGTH_MAX == qr_text.TEXT_LENGTH_MAX
    assert usual_code.DATA_BYTES_MAX == qr_text.TOKEN_BYTES_MAX
