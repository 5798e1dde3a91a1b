"""Issuing with a seal that may not be used: refused by its own reason, before any intent is logged.

Each way is the real one as far as there is one; what only time or an outside authority could do is done to the row.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from registry import drafts, seal_grants
from registry.db import reading, transaction
from registry.records import DraftRecord
from registry.seal_errors import (
    GrantEndedError,
    GrantItemError,
    GrantNotBegunError,
    GrantPersonError,
    GrantRoleError,
    GrantTypeError,
    GrantUsedUpError,
    GrantWithdrawnError,
    NoGrantError,
    SealCalledInError,
    SealCertificateError,
    SealDestroyedError,
    SealEndedError,
    SealError,
    SealNotBegunError,
    SealSuspendedError,
    SecondPersonError,
)
from registry.seal_records import GrantTerms
from registry.tables import SEAL_GRANT, SEAL_OBJECT, SEAL_USE
from signer.issue import issue_saved
from signer.proofs import log_head
from signer.seal_acts import call_in_seal, destroy_seal, suspend_seal
from signer.seal_granting import grant_seal, withdraw_seal_grant
from signer.seal_grounds import Grounds
from tests.town import BUREAU, ORIGIN, SCHOOLS, Town

GROUNDS = Grounds(reason="示例理由", legal_basis="国办发〔2025〕33号")
DAY = timedelta(days=1)

Prepare = Callable[[Town], None]


def terms_of(town: Town) -> GrantTerms:
    """Return the terms of the grant that the bureau has from its founding."""
    with reading(town.database) as tx:
        return seal_grants.demand_grant(tx, f"{town.seal_of(BUREAU)}-0001").terms


def with_grant(**changes: object) -> Prepare:
    """Put another grant in the place of the usual one."""

    def prepare(town: Town) -> None:
        code, terms = town.seal_of(BUREAU), terms_of(town)
        with transaction(town.database) as tx:  # it never was: a withdrawn one would be the nearest, and the reason
            tx.execute(update(SEAL_GRANT).where(SEAL_GRANT.c.code == code).values(office=SCHOOLS))
        if changes.get("items") == "others":
            others = {item: basis for item, basis in terms.items.items() if item != town.signboard_draft().item_code}
            changes["items"] = others
        if changes.get("types") == "others":
            changes["types"] = terms.types - {town.signboard_draft().type_code}
        grant_seal(
            town.desk,
            code,
            replace(terms, **changes),
            GROUNDS,
            operator=town.custodian_of(BUREAU),
            at=town.now,  # type: ignore[arg-type]
        )

    return prepare


def with_object(**changes: object) -> Prepare:
    """Change what the registry says of the filed object's terms, as only time or an outside authority could."""

    def prepare(town: Town) -> None:
        moved = {name: town.now + delta for name, delta in changes.items()}
        with transaction(town.database) as tx:
            tx.execute(update(SEAL_OBJECT).where(SEAL_OBJECT.c.code == town.seal_of(BUREAU)).values(moved))

    return prepare


def suspended(town: Town) -> None:
    suspend_seal(town.desk, town.seal_of(BUREAU), GROUNDS, operator=town.custodian_of(BUREAU), at=town.now)


def called_in(town: Town) -> None:
    two = (town.custodian_of(BUREAU), town.approver_of(BUREAU))
    call_in_seal(town.desk, town.key_desk, town.seal_of(BUREAU), GROUNDS, two=two, at=town.now)


def destroyed(town: Town) -> None:
    two = (town.custodian_of(BUREAU), town.approver_of(BUREAU))
    destroy_seal(town.desk, town.key_desk, town.seal_of(BUREAU), GROUNDS, two=two, at=town.now)


def withdrawn(town: Town) -> None:
    grant = f"{town.seal_of(BUREAU)}-0001"
    withdraw_seal_grant(town.desk, grant, GROUNDS, operator=town.custodian_of(BUREAU), at=town.now)


def used_up(town: Town) -> None:
    with_grant(uses_max=1)(town)
    town.issues(town.signboard_draft())


def another_offices(town: Town) -> None:
    with transaction(town.database) as tx:
        tx.execute(update(SEAL_GRANT).where(SEAL_GRANT.c.code == town.seal_of(BUREAU)).values(office=SCHOOLS))


def ended(town: Town) -> None:
    with_grant(valid_until=town.now + DAY)(town)
    town.clock.now += DAY


WAYS: tuple[tuple[str, Prepare, type[SealError]], ...] = (
    ("the seal is suspended", suspended, SealSuspendedError),
    ("the seal was called in", called_in, SealCalledInError),
    ("the seal was destroyed", destroyed, SealDestroyedError),
    ("the seal's term is over", with_object(valid_until=-DAY), SealEndedError),
    ("the seal's term has not begun", with_object(valid_from=DAY), SealNotBegunError),
    ("its certificate ended", with_object(certificate_until=-DAY), SealCertificateError),
    ("its certificate has not begun", with_object(certificate_from=DAY), SealCertificateError),
    ("the grant was withdrawn", withdrawn, GrantWithdrawnError),
    ("the grant's term is over", ended, GrantEndedError),
    ("the grant's uses are used up", used_up, GrantUsedUpError),
    ("the grant is for other items", with_grant(items="others"), GrantItemError),
    ("the grant is for other types", with_grant(types="others", items="others"), GrantTypeError),
    ("the grant is another person's", with_grant(person=f"reviewer-{BUREAU}"), GrantPersonError),
    ("the grant is for another role", with_grant(role="reviewer"), GrantRoleError),
    ("the grant demands a second person", with_grant(needs_second=True), SecondPersonError),
    ("the grant is another office's", another_offices, NoGrantError),
)


def saved(town: Town) -> DraftRecord:
    (record,) = town.saves([town.signboard_draft(holder_name="另一家店")])
    return record


def written(town: Town) -> tuple[object, ...]:
    """Return what an attempt could have left behind: entries of the log, uses, counts, files."""
    with reading(town.database) as tx:
        uses = tx.execute(SEAL_USE.select().order_by(SEAL_USE.c.use_id)).all()
        counts = tx.execute(SEAL_GRANT.select().order_by(SEAL_GRANT.c.grant_id)).all()
    files = sorted(path.name for path in (town.folder / "vault").rglob("*") if path.is_file())
    return log_head(town.database, ORIGIN).size, uses, counts, files


@pytest.mark.parametrize(("prepare", "error"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
def test_issuing_is_refused_before_anything_is_logged_signed_or_counted(
    sqlite_town: Town, prepare: Prepare, error: type[SealError]
) -> None:
    prepare(sqlite_town)
    draft, before = saved(sqlite_town), written(sqlite_town)

    with pytest.raises(error) as refused:
        issue_saved(sqlite_town.desk, draft, operator=sqlite_town.officer, at=sqlite_town.now)

    assert type(refused.value) is error
    assert written(sqlite_town) == before
    with reading(sqlite_town.database) as tx:
        assert drafts.find_draft(tx, draft.draft_id) == draft


def test_a_grant_that_begins_tomorrow_seals_tomorrow(sqlite_town: Town) -> None:
    with_grant(valid_from=sqlite_town.now + DAY)(sqlite_town)
    draft = saved(sqlite_town)

    with pytest.raises(GrantNotBegunError):
        issue_saved(sqlite_town.desk, draft, operator=sqlite_town.officer, at=sqlite_town.now)
    sqlite_town.clock.now += DAY

    assert issue_saved(sqlite_town.desk, draft, operator=sqlite_town.officer, at=sqlite_town.now).record.number
