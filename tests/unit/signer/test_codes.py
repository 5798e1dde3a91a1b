"""The codes: what they say of organisations and of persons, and that a too long one never reaches the log."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from registry import leaves
from registry.db import reading
from signer.codes import Coded, sign_codes, token_claims
from signer.page.errors import QrTooLongError
from signer.reservation import Reserved, reserve
from tests.town import BUREAU, HOLDER, HOST, ORIGIN, Town
from verify.algorithms import check_cose_signature
from verify.key_purpose import KeyPurpose
from verify.qr_text import TokenTooLongError
from verify.qr_token import ShortStatus, decode_token


def _reserved(town: Town, **changes: object) -> Reserved:
    draft = town.food_draft(**changes)
    (reserved,), _ = reserve(town.desk, town.saves([draft]), operator=town.officer, at=town.now)
    return reserved


def test_a_signed_code_reads_back_as_what_was_to_be_said(town: Town) -> None:
    reserved = _reserved(town)

    (coded,), refused = sign_codes(town.desk, [reserved], at=town.now)

    token = decode_token(coded.text)
    public = town.desk.custody.public_key(town.desk.key(KeyPurpose.CODE, BUREAU))
    check_cose_signature(public.algorithm, public.spki, token.to_be_signed, token.signature)
    assert refused == ()
    assert token.host == HOST
    assert token.claims == token_claims(reserved, at=town.now)
    assert token.claims.holder_uscc == HOLDER
    assert token.claims.status == ShortStatus(reserved.place.status_list, reserved.place.status_index)
    assert token.claims.data_set_digest == reserved.data_set.digest[:16]
    assert (token.claims.issued_at, token.claims.not_before) == (town.now, None)


def test_a_persons_code_shows_a_masked_name_and_no_code(sqlite_town: Town) -> None:
    draft = sqlite_town.teacher_draft(holder_name="欧阳䶮")
    records = sqlite_town.saves([draft])
    (reserved,), _ = reserve(
        sqlite_town.desk, records, operator=sqlite_town.officer_of(draft.issuer), at=sqlite_town.now
    )

    claims = token_claims(reserved, at=sqlite_town.now)

    assert claims.holder == "欧*䶮"
    assert claims.holder_uscc is None
    assert claims.expires_at is None  # a teacher's certificate has no end


def test_another_code_than_a_uscc_is_not_said_to_be_one(sqlite_town: Town) -> None:
    reserved = _reserved(sqlite_town, holder_code_type="099", holder_code="军单-1")

    claims = token_claims(reserved, at=sqlite_town.now)

    assert claims.holder_uscc is None
    assert claims.holder == reserved.data_set.holder_name


def test_papers_that_are_due_end_the_code_before_the_term_does(sqlite_town: Town) -> None:
    due = (sqlite_town.now + timedelta(days=60)).date()

    claims = token_claims(_reserved(sqlite_town, papers_due=due), at=sqlite_town.now)

    assert claims.expires_at == datetime(due.year, due.month, due.day, 16, tzinfo=UTC)  # midnight in China
    assert claims.valid_until is not None
    assert claims.valid_until > due


def test_a_term_that_begins_later_is_said_and_seconds_are_whole(sqlite_town: Town) -> None:
    starts = date(2027, 1, 1)
    moment = sqlite_town.now + timedelta(microseconds=700_000)

    claims = token_claims(_reserved(sqlite_town, valid_from=starts, valid_until=date(2031, 12, 31)), at=moment)

    assert claims.not_before == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert claims.issued_at == sqlite_town.now


def test_a_code_that_no_qr_code_holds_is_refused_before_it_is_logged_and_the_others_are_signed(town: Town) -> None:
    good = _reserved(town)
    long = _reserved(town)
    with_long_number = replace(long, data_set=replace(long.data_set, number="号" * 120))
    with reading(town.database) as tx:
        size = leaves.head(tx, ORIGIN).size

    coded, refused = sign_codes(town.desk, [with_long_number, good], at=town.now)

    assert [(type(each), each.reserved) for each in coded] == [(Coded, good)]
    assert [(each.draft_id, type(each.error)) for each in refused] == [(long.record.draft_id, TokenTooLongError)]
    with reading(town.database) as tx:
        assert leaves.head(tx, ORIGIN).size == size + 1


def test_a_text_that_no_qr_code_holds_is_refused_before_it_is_logged(sqlite_town: Town) -> None:
    reserved = _reserved(sqlite_town, holder_name="示" * 53)
    host = ".".join(["a" * 60] * 4)
    desk = replace(sqlite_town.desk, settings=replace(sqlite_town.desk.settings, host=host))
    with reading(sqlite_town.database) as tx:
        size = leaves.head(tx, ORIGIN).size

    coded, (refused,) = sign_codes(desk, [reserved], at=sqlite_town.now)

    assert (coded, type(refused.error)) == ((), QrTooLongError)
    with reading(sqlite_town.database) as tx:
        assert leaves.head(tx, ORIGIN).size == size


@pytest.mark.parametrize("chunk", [(), "too long alone"])
def test_a_chunk_without_a_good_code_writes_nothing_into_the_log(sqlite_town: Town, chunk: object) -> None:
    long = _reserved(sqlite_town)
    with_long_number = replace(long, data_set=replace(long.data_set, number="号" * 120))
    with reading(sqlite_town.database) as tx:
        size = leaves.head(tx, ORIGIN).size

    coded, refused = sign_codes(sqlite_town.desk, [with_long_number] if chunk else [], at=sqlite_town.now)

    assert (coded, len(refused)) == ((), bool(chunk))
    with reading(sqlite_town.database) as tx:
        assert leaves.head(tx, ORIGIN).size == size
