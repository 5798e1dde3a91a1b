"""`kill -9` of a real process between any two steps of sealing an official document, on both databases and in both forms."""

import pytest

from registry import official_documents, seal_uses
from registry.db import reading
from registry.official_documents import OfficialRecord, OfficialState
from registry.official_errors import OfficialStateError
from signer.audit import AuditScope, audit
from signer.recover import recover
from tests.faults.world import LEASE, World
from tests.official_office import OfficialOffice, plain_ofd, plain_pdf
from verify.report import Outcome

STEPS = ("use_taken", "document_logged", "document_signed", "document_checked", "document_kept", "document_filed")
UPLOADS = {"pdf": plain_pdf(), "ofd": plain_ofd()}


def state_of(world: World, record: OfficialRecord) -> OfficialState:
    with reading(world.town.database) as tx:
        return official_documents.demand_official(tx, record.document_id).state


def uses(world: World, office: OfficialOffice) -> int:
    with reading(world.town.database) as tx:
        return seal_uses.count_uses(tx, office.grant.grant_id, until=world.town.now)


def demand_clean_audit(world: World) -> None:
    desk = world.town.desk
    scope = AuditScope(
        database=world.town.database,
        verifier=desk.log.verifier,
        trust=desk.trust(),
        crls=desk.revocation(),
        vault=desk.vault,
    )
    assert audit(scope, at=world.town.now).discrepancies == ()


def test_these_are_all_the_steps(world: World) -> None:
    office = OfficialOffice(world.town)
    record = office.prepares()
    del world.town.steps[:]

    office.seals(record)

    assert tuple(world.town.steps) == STEPS


@pytest.mark.parametrize("form", UPLOADS)
@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step_it_is_sealed_whole_or_given_up_whole(world: World, step: str, form: str) -> None:
    office = OfficialOffice(world.town)
    record = office.prepares(UPLOADS[form])
    order = {"document_id": record.document_id, "digest": record.prepared_digest}
    assert world.does("seal_document", step=step, **order) is None, "it was killed"
    is_filed = step == "document_filed"
    assert state_of(world, record) is (OfficialState.SEALED if is_filed else OfficialState.SEALING)

    world.town.clock.moves(2 * LEASE)
    recover(world.town.desk, at=world.town.now)

    assert state_of(world, record) is (OfficialState.SEALED if is_filed else OfficialState.ABANDONED)
    assert uses(world, office) == int(is_filed)
    with pytest.raises(OfficialStateError):
        office.seals(record)
    again = office.seals(office.prepares(UPLOADS[form]))
    report = office.judge(office.document(again))
    assert report.is_genuine
    assert all(each.outcome is Outcome.PASSED for each in report.signatures)
    assert uses(world, office) == 1 + int(is_filed)
    demand_clean_audit(world)


def test_a_document_that_nobody_seals_is_given_up_after_a_month(world: World) -> None:
    office = OfficialOffice(world.town)
    old = office.prepares()
    world.town.clock.moves(31 * 144 * LEASE)
    young = office.prepares()

    recover(world.town.desk, at=world.town.now)

    assert (state_of(world, old), state_of(world, young)) == (OfficialState.ABANDONED, OfficialState.PREPARED)
