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
from tests.town import BUREAU, ORIGIN, Town
from verify.log_entry import LogEntry
from verify.mandate import Mandate
from verify.ofd_package import read_package
from verify.oids import MANDATE
from verify.own_ofd import VALUE_FILE
from verify.seal_objects import read_seal_signature

# That of the service item, which the seal's grant names.
LEGAL_BASIS = "《食品安全法》第三十五条"


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
    bodies = [body for each in rendered for body in each.bodies]
    assert [each.digest for each in entries] == [sha256(body.message).digest() for body in bodies]
    told = [LogEntry.decode(each.entry).detail or {} for each in entries]
    assert [each[1] for each in told] == ["document", "seal", "document", "seal"]
    assert [each[2] for each in told] == [town.desk.custody.public_key(body.key).kid for body in bodies]


@pytest.mark.parametrize("order", [(2, 3, 0, 1), (1, 0, 3, 2), (0, 3, 2, 1)])
def test_custody_signs_nothing_but_what_the_receipt_is_for(town: Town, order: tuple[int, ...]) -> None:
    """The receipts of the other licence, those of the other body, and the one of the other licence's OFD."""
    rendered = _rendered(town, 2)
    receipts = log_documents(town.desk, rendered)

    with pytest.raises(ReceiptDigestError):
        sign_documents(town.desk, rendered, [receipts[each] for each in order])


def test_the_signed_mandate_of_both_bodies_names_grant_item_law_and_role_and_no_person(sqlite_town: Town) -> None:
    (rendered,) = _rendered(sqlite_town, 1)
    pdf, ofd = rendered.bodies

    (signed,) = sign_documents(sqlite_town.desk, (rendered,), log_documents(sqlite_town.desk, (rendered,)))

    attributes = {each["type"].dotted: each["values"][0] for each in cms.CMSAttributes.load(pdf.message)}
    sealed = read_seal_signature(read_package(signed.documents[1]).files[VALUE_FILE])
    assert Mandate.decode(attributes[MANDATE].dump()) == sealed.mandate
    assert sealed.to_be_signed == ofd.message
    assert sealed.mandate == Mandate(
        item_code=rendered.coded.reserved.record.draft.item_code,
        legal_basis=LEGAL_BASIS,
        role="issuing_officer",
        grant=sqlite_town.grant_of(BUREAU).grant_id,
    )
    for body in rendered.bodies:
        assert sqlite_town.officer.person_id.encode() not in body.message
        assert sqlite_town.reviewer.person_id.encode() not in body.message


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
