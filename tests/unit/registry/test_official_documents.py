"""Official documents in the registry: one way through the states, and which bytes a sweep must leave alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from registry import official_documents as documents
from registry.db import Database, reading, transaction
from registry.official_documents import OfficialRecord, OfficialState
from registry.official_errors import OfficialDigestError, OfficialStateError, UnknownOfficialDocumentError
from tests.seal_office import AT, BUREAU, MARKET, SealOffice
from verify.official_examine import VerifiedOfficial

ID = "0123456789ABCDEF"


def record(office: SealOffice, document_id: str = ID, **changes: object) -> OfficialRecord:
    code = office.has_seal()
    grant = office.grants(code)
    prepared = OfficialRecord(
        document_id=document_id,
        department=BUREAU,
        form="pdf",
        title="准予行政许可决定书",
        state=OfficialState.PREPARED,
        grant_id=grant.grant_id,
        seal_code=code,
        seal_version=1,
        item_code=None,
        upload_digest="a" * 64,
        prepared_digest="b" * 64,
        pages=1,
        layout="{}",
        prepared_by="officer-1",
        prepared_at=AT,
    )
    return replace(prepared, **changes)  # type: ignore[arg-type]


@pytest.fixture
def office(sample: Database) -> SealOffice:
    return SealOffice(sample)


def test_a_document_is_found_as_it_was_saved_and_only_by_its_department(office: SealOffice) -> None:
    first = record(office)
    second = record(office, "1123456789ABCDEF", prepared_at=AT + timedelta(minutes=1))
    with transaction(office.database) as tx:
        documents.add_prepared(tx, first)
        documents.add_prepared(tx, second)

    with reading(office.database) as tx:
        assert documents.find_official(tx, ID) == first
        assert [each.document_id for each in documents.list_officials(tx, BUREAU)] == [second.document_id, ID]
        assert [each.document_id for each in documents.list_officials(tx, BUREAU, before=second.document_id)] == [ID]
        assert documents.list_officials(tx, BUREAU, before="FFFFFFFFFFFFFFFF") == ()
        assert documents.list_officials(tx, MARKET) == ()
    foreign = record(office, "2123456789ABCDEF", department=MARKET, prepared_at=AT + timedelta(minutes=2))
    with transaction(office.database) as tx:
        documents.add_prepared(tx, foreign)
        assert documents.list_officials(tx, BUREAU, before=foreign.document_id) == (), "nobody learns that it is there"
        assert [each.document_id for each in documents.list_officials(tx, MARKET)] == [foreign.document_id]
        assert documents.public_official(tx, ID) is None
        with pytest.raises(UnknownOfficialDocumentError):
            documents.demand_official(tx, "FFFFFFFFFFFFFFFF")


def test_prepared_bytes_are_named_until_the_document_is_given_up(office: SealOffice) -> None:
    prepared = record(office)
    with transaction(office.database) as tx:
        documents.add_prepared(tx, prepared)

    with transaction(office.database) as tx:
        named = documents.named_officials(tx, ["b" * 64, "c" * 64])
        too_early = documents.abandon_prepared(tx, before=AT)
        given_up = documents.abandon_prepared(tx, before=AT + timedelta(seconds=1))
        afterwards = documents.named_officials(tx, ["b" * 64])

    assert (named, too_early, given_up, afterwards) == (frozenset({"b" * 64}), 0, 1, frozenset())
    with pytest.raises(OfficialStateError), transaction(office.database) as tx:
        documents.lock_for_sealing(tx, ID, digest="b" * 64)


def test_only_the_prepared_digest_moves_a_document_on(office: SealOffice) -> None:
    prepared = record(office)
    with transaction(office.database) as tx:
        documents.add_prepared(tx, prepared)

    for act in (documents.lock_for_sealing, documents.approve_official):
        more = {} if act is documents.lock_for_sealing else {"person": "reviewer-1", "at": AT}
        with pytest.raises(OfficialDigestError), transaction(office.database) as tx:
            act(tx, ID, digest="c" * 64, **more)  # type: ignore[operator]
        with pytest.raises(UnknownOfficialDocumentError), transaction(office.database) as tx:
            act(tx, "FFFFFFFFFFFFFFFF", digest="b" * 64, **more)  # type: ignore[operator]


def test_nobody_makes_a_verified_document_but_the_check() -> None:
    with pytest.raises(TypeError):
        VerifiedOfficial(document_id=ID, digest="d" * 64, leaf=1, made_by=object())
