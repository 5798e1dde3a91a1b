"""Receipts are signed, logged and kept together, or not at all; however many wait, each gets its own."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from keys.errors import TimestampError
from keys.outside_timestamps import OutsideTimestampClient
from registry.db import reading, transaction
from registry.errors import ConflictError, NestedTransactionError
from registry.receipts import demand_receipt, list_receipts
from signer.proofs import log_head
from tests.receipt_desk import book_of, drafted, makes
from tests.town import BUREAU, HOST, ORIGIN, Town
from verify.receipt import Stamp, check_verification_receipt, read_receipt
from verify.verdict import Verdict


def test_receipts_come_in_the_order_asked_signed_logged_and_kept(town: Town) -> None:
    ids = ("89RBVZ9NYCEFXWTS", "0123456789ABCDEF", "")
    drafts = [drafted(town, each, verdict=Verdict.VALID if each else Verdict.NOT_FOUND) for each in ids]

    made = makes(town, *drafts)

    assert [each.record.licence_id or "" for each in made] == list(ids)
    assert [each.record.in_force for each in made] == [True, True, False]
    for each in made:
        check = check_verification_receipt(each.record.content, town.desk.trust(), proof=each.proof.to_text())
        assert check.is_good
        assert check.leaf == each.record.leaf
        with reading(town.database) as tx:
            assert demand_receipt(tx, each.record.receipt_id) == each.record
    said = read_receipt(made[0].record.content)
    assert (said.issuer, said.office, said.made_at, said.operator) == (HOST, BUREAU, town.now, b"_" * 16)
    assert (said.fields, said.checks) == ((1, 2, 3), {"form": 0, "signature": 0})
    assert book_of(town).make((), at=town.now) == ()


def test_all_who_wait_get_their_own(sqlite_town: Town) -> None:
    book = book_of(sqlite_town)
    asked = [[drafted(sqlite_town, case_number=f"{caller}-{number}") for number in range(3)] for caller in range(6)]

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda drafts: book.make(drafts, at=sqlite_town.now), asked))

    got = [[each.record.case_number for each in mine] for mine in made]
    assert got == [[each.reliance.case_number for each in drafts] for drafts in asked]
    assert len({each.record.leaf for mine in made for each in mine}) == 18


def test_what_cannot_be_kept_leaves_nothing_in_the_log_either(town: Town) -> None:
    size = log_head(town.database, ORIGIN).size

    with pytest.raises(ConflictError):
        makes(town, drafted(town), drafted(town, office="119999990000000000"))
    with pytest.raises(ValueError, match="could not be read"):
        makes(town, drafted(town, verdict=Verdict.UNREADABLE))
    with transaction(town.database), pytest.raises(NestedTransactionError):
        makes(town)

    assert log_head(town.database, ORIGIN).size == size
    with reading(town.database) as tx:
        assert list_receipts(tx, BUREAU) == ()


def test_a_time_stamp_is_over_the_receipt_and_without_its_authority_there_is_none(sqlite_town: Town) -> None:
    town, trust = sqlite_town, sqlite_town.desk.trust()
    assert trust is not None

    (made,) = makes(town, drafted(town, stamped=True))

    stamp = Stamp(token=made.record.timestamp or b"", at=town.now)
    found = check_verification_receipt(made.record.content, trust, proof=made.proof.to_text(), stamp=stamp)
    assert [each.code for each in found.findings][-1] == "clock.receipt_stamped"
    size = log_head(town.database, ORIGIN).size
    nobody = OutsideTimestampClient(
        url="http://127.0.0.1:9/", roots=trust.authorities, clock=town.clock, random=town.desk.random
    )
    with pytest.raises(TimestampError):
        book_of(town, timestamps=nobody).make((drafted(town, stamped=True),), at=town.now)
    assert log_head(town.database, ORIGIN).size == size
