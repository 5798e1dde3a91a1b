"""Records of acts on seals and grants: public without persons, and yet proof of who acted."""

from hashlib import sha256

from registry import seals
from registry.db import Database, reading
from registry.seal_events import applied_for, event_query, events_of_seal, read_applied_for
from registry.tables import SEAL_EVENT
from tests.seal_office import CUSTODIAN, FOOD_BASIS, FOOD_ITEM, SealOffice
from verify import cbor


def test_a_record_tells_the_act_and_holds_only_a_commitment_to_the_person(sample: Database) -> None:
    office = SealOffice(sample)
    code = office.has_seal()
    office.grants(code, person="officer-7", uses_max=3)

    with reading(sample) as tx:
        events = events_of_seal(tx, code)
        private = dict(tx.execute(event_query(SEAL_EVENT.c.private)).mappings().all()[-1])["private"]
    told = cbor.decode(events[-1].record, bytes_max=4096)
    assert isinstance(told, dict)
    assert (told[1], told[2], told[10]) == (code, "grant", f"{code}-0001")
    assert told[11][3][FOOD_ITEM] == FOOD_BASIS
    assert told[11][10] is True
    for event in events:
        for word in (CUSTODIAN.person, "approver-1", "officer-7", CUSTODIAN.reason):
            assert word.encode() not in event.record
        assert event.digest == sha256(event.record).digest()
        assert event.leaf_index is None, "nothing is sequenced yet"
    assert told[9] == sha256(private).digest()
    told_private = cbor.decode(private, bytes_max=4096)
    assert isinstance(told_private, dict)
    assert (told_private[1], told_private[4]) == (CUSTODIAN.person, "officer-7")


def test_applying_and_approving_tell_the_picture_and_the_term_and_no_other_act_does(sample: Database) -> None:
    office = SealOffice(sample)
    code = office.has_seal()
    office.grants(code)

    with reading(sample) as tx:
        seal, (made,) = seals.demand_seal(tx, code), seals.objects_of(tx, code)
        told = {each.act: read_applied_for(each.record) for each in events_of_seal(tx, code)}
    wanted = applied_for(seal.kind, seal.name, made)
    assert wanted[3] == sha256(made.picture.content).digest()
    assert (wanted[6], wanted[7]) == (int(made.valid_from.timestamp()), int(made.valid_until.timestamp()))
    assert told == {"apply": wanted, "approve": wanted, "make": None, "file": None, "grant": None}


def test_what_is_no_record_tells_nothing_of_what_was_applied_for() -> None:
    for content in (b"", b"\xff", b"\x01", cbor.encode({13: 1})):
        assert read_applied_for(content) is None


def test_equal_acts_have_different_records_since_each_has_its_own_salt(sample: Database) -> None:
    office = SealOffice(sample)

    codes = office.has_seal(), office.has_seal()

    with reading(sample) as tx:
        digests = [each.digest for code in codes for each in events_of_seal(tx, code)]
    assert len(set(digests)) == len(digests) == 8
