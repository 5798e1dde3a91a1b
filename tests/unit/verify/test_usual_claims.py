"""The short way of reading claims: it agrees with the long way on every payload, also on broken ones."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.code_room import CLAIMS, CodeRoom
from verify import cbor
from verify.errors import MalformedError
from verify.qr_text import LICENCE_TEXT, cut_text, open_claims
from verify.token_claims import ShortStatus, StatusClaim, TokenClaims, read_claims
from verify.usual_claims import read_usual_claims
from verify.values import LicenceId

CUT = cut_text(LICENCE_TEXT, CodeRoom().code())

instants = st.integers(100_000, 2**32 - 1).map(lambda each: datetime.fromtimestamp(each, UTC))
days = st.dates(date(1970, 1, 1), date(2150, 1, 1))
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)
usual = st.builds(
    dict,
    issued_at=instants,
    not_before=st.none() | instants,
    expires_at=st.none() | instants,
    number=texts,
    holder=st.text(st.characters(codec="utf-8"), min_size=1, max_size=80),
    holder_uscc=st.none() | st.just("91999999MA00000154"),
    valid_from=days,
    valid_until=st.none() | days,
    office=st.none() | texts,
    status=st.builds(ShortStatus, st.integers(0, 2**32 - 1), st.integers(0, 2**20 - 1)),
)


def by_the_long_way(payload: bytes) -> object:
    cut = CUT._replace(payload=payload)
    try:
        return read_claims(*open_claims(cut))
    except MalformedError as error:
        return type(error)


def by_the_short_way(payload: bytes) -> object:
    """Return what the short way says; None where it leaves the payload to the long way."""
    try:
        return read_usual_claims(payload, CUT.id_text)
    except MalformedError as error:
        return type(error)


def test_what_an_office_writes_is_read_the_short_way() -> None:
    claims = by_the_short_way(CUT.payload)

    assert claims == by_the_long_way(CUT.payload)
    assert isinstance(claims, TokenClaims)


@settings(max_examples=200, deadline=None)
@given(usual)
def test_both_ways_read_the_same_claims(fields: dict[str, object]) -> None:
    try:
        payload = CLAIMS._replace(**fields).payload()
    except MalformedError:  # a last day before the first one, and the like
        return

    claims = by_the_short_way(payload)
    assert claims is None or claims == by_the_long_way(payload)


@settings(max_examples=1500, deadline=None)
@given(st.integers(min_value=0, max_value=len(CUT.payload) - 1), st.integers(min_value=0, max_value=255))
def test_both_ways_agree_on_a_payload_with_one_other_byte(place: int, value: int) -> None:
    payload = CUT.payload[:place] + bytes((value,)) + CUT.payload[place + 1 :]

    short = by_the_short_way(payload)
    assert short is None or short == by_the_long_way(payload)


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0, max_value=len(CUT.payload)), st.binary(max_size=20))
def test_both_ways_agree_on_a_payload_that_is_cut_or_longer(place: int, more: bytes) -> None:
    for payload in (CUT.payload[:place] + more, CUT.payload[:place] + more + CUT.payload[place:]):
        short = by_the_short_way(payload)
        assert short is None or short == by_the_long_way(payload)


@pytest.mark.parametrize(
    "claims",
    [
        CLAIMS._replace(extra={"XM": "王"}),
        CLAIMS._replace(status=StatusClaim("https://status.example/1", 5)),
        CLAIMS._replace(issuer="office"),
        CLAIMS._replace(type_code="type"),
        CLAIMS._replace(holder="王" * 100),
    ],
)
def test_other_forms_are_left_to_the_long_way(claims: TokenClaims) -> None:
    assert by_the_short_way(claims.payload()) is None
    assert by_the_long_way(claims.payload()) == claims


@pytest.mark.parametrize("key", [4, 5, 6])
def test_a_time_with_a_longer_head_than_needed_is_left_to_the_long_way(key: int) -> None:
    whole = CLAIMS._replace(
        issued_at=datetime.fromtimestamp(100_000, UTC), not_before=datetime.fromtimestamp(100_001, UTC)
    )
    payload = whole._replace(expires_at=datetime.fromtimestamp(100_002, UTC)).payload()
    head = bytes((key, 0x1A))
    at = payload.index(head) + 2
    payload = payload[:at] + b"\x00\x00" + payload[at + 2 :]

    assert by_the_short_way(payload) is None
    assert isinstance(by_the_long_way(payload), type)


def test_a_text_of_another_length_than_its_head_is_left_to_the_long_way() -> None:
    item = cbor.encode(CLAIMS.number)
    payload = CLAIMS.payload().replace(b"\x02" + item, b"\x02" + bytes((item[0] - 1,)) + item[1:])

    assert payload != CLAIMS.payload()
    assert by_the_short_way(payload) is None


def test_an_id_other_than_that_in_the_address_is_refused() -> None:
    payload = CLAIMS._replace(licence_id=LicenceId(bytes(range(10, 20)))).payload()

    assert by_the_short_way(payload) is by_the_long_way(payload)
    assert isinstance(by_the_short_way(payload), type)


def test_what_the_format_forbids_is_refused_on_both_ways() -> None:
    first, last = (cbor.encode(each) for each in (20_000, 19_999))
    payload = CLAIMS._replace(valid_from=date(2024, 10, 4), valid_until=date(2024, 10, 4)).payload()
    payload = payload.replace(b"\x06" + first, b"\x06" + last)

    assert by_the_short_way(payload) is by_the_long_way(payload)
    assert isinstance(by_the_short_way(payload), type)
