"""Pages, their intents and signatures: what is logged is what is signed, and a page that cannot be made is refused."""

from dataclasses import replace
from hashlib import sha256

import pytest
from asn1crypto import cms

from keys.errors import ReceiptDigestError
from registry import leaves
from registry.db import reading
from signer.codes import Coded, sign_codes
from signer.documents import Rendered, log_documents, render, sign_documents
from signer.page.errors import UnknownTemplateError
from signer.reservation import reserve
from tests.town import ORIGIN, Town
from verify.mandate import Mandate
from verify.oids import MANDATE


def _coded(town: Town, count: int) -> tuple[Coded, ...]:
    reserved, _ = reserve(town.desk, town.drafts(count), operator=town.officer, at=town.now)
    coded, _ = sign_codes(town.desk, reserved, at=town.now)
    return coded


def _rendered(town: Town, count: int) -> tuple[Rendered, ...]:
    rendered, refused = render(town.desk, _coded(town, count), operator=town.officer, at=town.now)
    assert refused == ()
    return rendered


def test_the_hash_of_the_exact_bytes_that_are_signed_stands_in_the_log(town: Town) -> None:
    rendered = _rendered(town, 2)

    receipts = log_documents(town.desk, rendered)

    with reading(town.database) as tx:
        entries = leaves.entries(tx, ORIGIN, receipts[0].index, receipts[-1].index + 1)
    assert [each.digest for each in entries] == [sha256(each.attributes).digest() for each in rendered]


def test_custody_signs_nothing_but_what_the_receipt_is_for(town: Town) -> None:
    rendered = _rendered(town, 2)
    first, second = log_documents(town.desk, rendered)

    with pytest.raises(ReceiptDigestError):
        sign_documents(town.desk, rendered, (second, first))


def test_the_signed_mandate_names_item_law_and_role_and_no_person(sqlite_town: Town) -> None:
    (rendered,) = _rendered(sqlite_town, 1)

    attributes = {each["type"].dotted: each["values"][0] for each in cms.CMSAttributes.load(rendered.attributes)}

    draft = rendered.coded.reserved.record.draft
    assert Mandate.decode(attributes[MANDATE].dump()) == Mandate(
        item_code=draft.item_code, legal_basis="《食品安全法》第三十五条", role="issuing_officer"
    )
    assert sqlite_town.officer.person_id.encode() not in rendered.attributes


def test_a_page_that_cannot_be_made_is_refused_and_the_others_are_made(sqlite_town: Town) -> None:
    good, bad = _coded(sqlite_town, 2)
    without_template = replace(bad.reserved.licence_type, template="no_such_template")
    bad = replace(bad, reserved=replace(bad.reserved, licence_type=without_template))

    rendered, refused = render(sqlite_town.desk, [bad, good], operator=sqlite_town.officer, at=sqlite_town.now)

    assert [each.coded for each in rendered] == [good]
    assert [(each.draft_id, type(each.error)) for each in refused] == [
        (bad.reserved.record.draft_id, UnknownTemplateError)
    ]


def test_no_page_is_no_entry(sqlite_town: Town) -> None:
    with reading(sqlite_town.database) as tx:
        before = leaves.head(tx, ORIGIN)

    assert log_documents(sqlite_town.desk, ()) == ()

    with reading(sqlite_town.database) as tx:
        assert leaves.head(tx, ORIGIN) == before
