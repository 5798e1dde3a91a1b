"""Canonical JSON: what leaves the server is what anybody makes who checks a receipt."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.json_writer import canonical_json
from api.relying import Found, Question, answer_all
from api.v1.verification_schemas import ReceiptOut, relied_bytes
from registry.purposes import Purpose
from signer.receipts import Reliance
from tests.hall import Hall
from tests.town import BUREAU
from verify.receipt_file import canonical_answer
from verify.strict_json import read_json

PLAIN = st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | st.text()
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1)
VALUES: st.SearchStrategy[Any] = st.recursive(PLAIN, lambda each: st.lists(each) | st.dictionaries(NAMES, each))


@given(st.dictionaries(NAMES, VALUES))
def test_both_writers_write_the_same(content: dict[str, object]) -> None:
    assert canonical_json(content) == canonical_answer(content)


def test_signs_that_json_writes_in_another_way_are_written_alike() -> None:
    signs = {"text": "".join(map(chr, range(256))) + '\u2028\u2029\ufeff\ufffe\U0001f600"\\/䶮'}

    assert canonical_json(signs) == canonical_answer(signs)


@pytest.mark.parametrize(("value", "error"), [("\ud800", UnicodeEncodeError), (object(), TypeError)])
def test_what_is_no_json_is_refused_as_by_the_other(value: object, error: type[Exception]) -> None:
    for write in (canonical_json, canonical_answer):
        with pytest.raises(error):
            write({"value": value})


def test_a_receipt_goes_out_with_the_members_that_the_interface_describes(sqlite_hall: Hall) -> None:
    hall = sqlite_hall
    until = datetime(2036, 11, 25, tzinfo=UTC)
    reliance = Reliance(
        office=BUREAU, client="counter", purpose=Purpose.SUPERVISION, legal_basis="第十二条", delete_after=until
    )

    (found,) = answer_all(hall.office, (Question(text=hall.issues()["code_text"]),), reliance)

    assert isinstance(found, Found)
    assert found.receipt is not None
    answer = read_json(relied_bytes(found))
    assert isinstance(answer, dict)
    assert answer["receipt"] == ReceiptOut.of(found.receipt.record, found.receipt.proof).model_dump(mode="json")
