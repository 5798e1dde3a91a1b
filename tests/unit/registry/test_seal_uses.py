"""Uses of seals: taken under lock, filed or abandoned; limits hold whoever races whom, on both databases."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Barrier

import pytest

from registry import catalogue, leaves, log_records, seal_grants, seal_uses
from registry.db import Database, open_database, reading, transaction
from registry.records import IntentState
from registry.seal_errors import (
    GrantItemError,
    GrantUsedUpError,
    GrantWithdrawnError,
    SealError,
    SealSuspendedError,
    UnknownUseError,
    UseAbandonedError,
    UseFiledError,
)
from registry.seal_lifecycle import SealAct, UseState
from registry.seal_records import UseFiling, UseRequest
from registry.tables import SEAL_USE
from tests.databases import KINDS
from tests.registry_office import Office
from tests.seal_office import AT, SealOffice
from verify import cbor
from verify.log_entry import EntryKind

MINUTE = timedelta(minutes=1)
LIMIT = 5

RACER = """
import sys, secrets
from registry.db import open_database
from registry.seal_errors import GrantUsedUpError
from registry import seal_grants
from registry.db import reading
from tests.seal_office import SealOffice

office = SealOffice(open_database(sys.argv[1]), secrets.token_bytes)
with reading(office.database) as tx:
    grant = seal_grants.demand_grant(tx, sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
taken = 0
for _ in range(5):
    try:
        office.takes(grant)
        taken += 1
    except GrantUsedUpError:
        pass
print(taken, flush=True)
"""


def counted(office: SealOffice, grant_id: str) -> int:
    """Return how many uses of a grant are counted."""
    with reading(office.database) as tx:
        return seal_grants.demand_grant(tx, grant_id).uses_taken


def test_a_use_says_all_that_a_signed_mandate_and_a_signature_need(sample: Database) -> None:
    office = SealOffice(sample)
    code = office.has_seal()
    grant = office.grants(code)

    use = office.takes(grant)

    assert (use.code, use.version, use.key, use.grant_id) == (code, 1, f"seal.{code}-1", grant.grant_id)
    assert (use.legal_basis, use.state, use.licence_id) == (
        "城市市容和环境卫生管理条例 第十一条",
        UseState.OPEN,
        "0123456789abcdef",
    )
    with reading(sample) as tx:
        assert seal_uses.find_use(tx, use.use_id) == use
        assert seal_uses.uses_of_licence(tx, "0123456789abcdef") == (use,)
        assert seal_uses.uses_of_seal(tx, code, before=AT + MINUTE) == (use,)
        assert seal_uses.uses_of_seal(tx, code, before=AT) == ()
    assert counted(office, grant.grant_id) == 1


def test_a_refused_use_names_what_it_was_for_and_leaves_nothing(sample: Database) -> None:
    office = SealOffice(sample)
    grant = office.grants(office.has_seal(), uses_max=2)
    good, bad = office.request(grant, "good"), office.request(grant, "bad", item_code="another")

    with pytest.raises(GrantItemError) as refused, transaction(sample) as tx:
        seal_uses.take_uses(tx, [good, bad], at=AT, lease_until=AT + MINUTE, random=office.random)

    assert refused.value.params == {"document": "bad"}
    assert counted(office, grant.grant_id) == 0
    with reading(sample) as tx:
        assert seal_uses.uses_of_licence(tx, "good") == ()


def test_the_uses_of_one_chunk_count_among_themselves(sample: Database) -> None:
    office = SealOffice(sample)
    grant = office.grants(office.has_seal(), uses_max=2)

    requests = [office.request(grant, str(number)) for number in range(3)]
    with pytest.raises(GrantUsedUpError), transaction(sample) as tx:
        seal_uses.take_uses(tx, requests, at=AT, lease_until=AT + MINUTE, random=office.random)

    assert counted(office, grant.grant_id) == 0


def test_racing_threads_never_exceed_a_limit(sample: Database) -> None:
    office = SealOffice(sample)
    grant = office.grants(office.has_seal(), uses_max=LIMIT)
    start = Barrier(8)

    def race(number: int) -> bool:
        racer = SealOffice(sample, os.urandom)
        start.wait()
        try:
            racer.takes(grant, role="issuing_officer", person=f"officer-{number}")
        except GrantUsedUpError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = sum(pool.map(race, range(8)))

    assert (won, counted(office, grant.grant_id)) == (LIMIT, LIMIT)


@pytest.mark.parametrize("kind", KINDS)
def test_racing_processes_never_exceed_a_limit(kind: str, request: pytest.FixtureRequest, repository: Path) -> None:
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "fresh_postgresql_url")
    database = open_database(url)
    with transaction(database) as tx:
        catalogue.load_sample(tx)
    office = SealOffice(database)
    grant = office.grants(office.has_seal(), uses_max=LIMIT)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, url, grant.grant_id],
            cwd=repository,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in racers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in racers:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    answers = [int(each.communicate(timeout=60)[0]) for each in racers]

    assert sum(answers) == LIMIT
    assert counted(office, grant.grant_id) == LIMIT
    database.close()


def test_uses_filed_together_have_one_leaf_whose_record_lists_them(sample: Database) -> None:
    office = SealOffice(sample)
    grant = office.grants(office.has_seal())
    uses = office.takes(grant, licence_id="a"), office.takes(grant, licence_id="b", second_person="reviewer-1")
    with reading(sample) as tx:
        before = leaves.take_pending(tx)

    first, second = office.files(*uses, at=AT + MINUTE)

    with reading(sample) as tx:
        (entry,) = leaves.take_pending(tx)[len(before) :]
        listed = log_records.find(tx, entry.digest)
        rows = tx.execute(SEAL_USE.select().order_by(SEAL_USE.c.licence_id)).all()
        assert seal_uses.uses_of_body(tx, first.bodies[0][0]) == (first,)
    assert (entry.kind, entry.detail) == (EntryKind.STATE, {1: "seal_use", 2: "file"})
    assert listed == seal_uses.list_record([sha256(row.record).digest() for row in rows])
    assert (first.state, second.filed_at) == (UseState.FILED, AT + MINUTE)
    told = cbor.decode(rows[1].record, bytes_max=4096)
    assert isinstance(told, dict)
    assert (told[1], told[15], told[13]) == (
        second.use_id,
        "b",
        [[bytes.fromhex(digest), leaf] for digest, leaf in second.bodies],
    )
    assert b"reviewer-1" not in rows[1].record


def test_a_use_is_filed_once_and_never_after_it_was_abandoned(sample: Database) -> None:
    office = SealOffice(sample)
    grant = office.grants(office.has_seal(), uses_max=2)
    kept, given_up = office.takes(grant, licence_id="a"), office.takes(grant, licence_id="b")
    office.files(kept)

    with transaction(sample) as tx:
        assert seal_uses.abandon_uses(tx, attempts=("a", "b")) == 1
        assert seal_uses.abandon_uses(tx, attempts=("a", "b")) == 0
        assert seal_uses.abandon_uses(tx) == 0

    assert counted(office, grant.grant_id) == 1, "what was given up may be used again"
    for use, error in ((kept, UseFiledError), (given_up, UseAbandonedError)):
        with pytest.raises(error) as refused:
            office.files(use)
        assert refused.value.params == {"use": use.use_id}
    with pytest.raises(UnknownUseError):
        office.files(replace(kept, use_id="0" * 32))
    with pytest.raises(UseAbandonedError), transaction(sample) as tx:
        seal_uses.renew_use(tx, given_up.use_id, until=AT + MINUTE)


def test_what_was_suspended_or_withdrawn_since_is_not_filed(sample: Database) -> None:
    office = SealOffice(sample)
    code = office.has_seal()
    grant = office.grants(code)
    use = office.takes(grant)

    office.does(code, SealAct.SUSPEND)
    with pytest.raises(SealSuspendedError):
        office.files(use)
    office.does(code, SealAct.REINSTATE)
    office.withdraws(grant)
    with pytest.raises(GrantWithdrawnError):
        office.files(use)

    with reading(sample) as tx:
        still = seal_uses.find_use(tx, use.use_id)
    assert still is not None
    assert still.state is UseState.OPEN


def test_an_open_use_is_given_up_when_its_lease_is_over_unless_an_intent_is_open(sample: Database) -> None:
    seal_office, office = SealOffice(sample), Office(sample)
    grant = seal_office.grants(seal_office.has_seal())
    (place,) = office.reserves(office.saves())
    office.intends([place], lease=timedelta(hours=1))
    works = seal_office.takes(replace(grant), lease=10)
    with transaction(sample) as tx:
        request = UseRequest(grant_id=grant.grant_id, occasion=seal_office.occasion(), licence_id=place.licence_id)
        later = AT + 10 * MINUTE
        logged = seal_uses.take_use(tx, request, at=AT, lease_until=later, random=seal_office.random)
        seal_uses.renew_use(tx, works.use_id, until=AT + 20 * MINUTE)

    for minutes, gone in ((11, 0), (21, 1), (21, 0)):
        with transaction(sample) as tx:
            assert seal_uses.abandon_overdue(tx, at=AT + minutes * MINUTE) == gone
    with transaction(sample) as tx:
        leaves.abandon_intents(tx, [place.licence_id])
        assert all(each.state is IntentState.ABANDONED for each in leaves.intents_of(tx, place.licence_id))
        assert seal_uses.abandon_overdue(tx, at=AT + 21 * MINUTE) == 1
        assert seal_uses.count_uses(tx, grant.grant_id, until=AT) == 0
        found = seal_uses.find_use(tx, logged.use_id)
    assert found is not None
    assert found.state is UseState.ABANDONED


def test_a_seal_is_not_suspended_between_the_judging_and_the_writing_of_a_use(fresh_postgresql_url: str) -> None:
    """On a server an act on the seal waits for whoever holds it; on SQLite only one transaction decides at a time."""
    database = open_database(fresh_postgresql_url)
    with transaction(database) as tx:
        catalogue.load_sample(tx)
    office = SealOffice(database)
    code = office.has_seal()
    grant = office.grants(code)

    with ThreadPoolExecutor(1) as pool, transaction(database) as tx:
        request = office.request(grant)
        seal_uses.take_use(tx, request, at=AT, lease_until=AT + MINUTE, random=office.random)
        suspending = pool.submit(SealOffice(database, os.urandom).does, code, SealAct.SUSPEND)
        with pytest.raises(TimeoutError):
            suspending.result(timeout=0.5)
        tx.connection.commit()
        suspending.result(timeout=30)
    with pytest.raises(SealError):
        office.takes(grant)
    database.close()


def test_filing_nothing_and_taking_nothing_do_nothing(sample: Database) -> None:
    office = SealOffice(sample)
    with transaction(sample) as tx:
        assert seal_uses.file_uses(tx, (), at=AT, random=office.random) == ()
        assert seal_uses.take_uses(tx, (), at=AT, lease_until=AT, random=office.random) == ()
        assert leaves.count_pending(tx) == 0
        assert UseFiling(use_id="x", bodies=()).bodies == ()
