"""Was this seal in force, in whose hands, for this item, at that moment? Answered for any time, by the dated acts."""

from datetime import datetime, timedelta

import pytest

from registry.db import Database, reading
from registry.seal_errors import UnknownGrantError, UnknownSealError
from registry.seal_history import grant_at, history_of, seal_at
from registry.seal_lifecycle import SealAct
from tests.seal_office import AT, BUREAU, FOOD_BASIS, FOOD_ITEM, SealOffice

HOUR = timedelta(hours=1)
# What happens in each hour, and how the seal stands from then on.
STORY: list[tuple[SealAct | str, str]] = [
    ("apply", "not_filed"),
    (SealAct.APPROVE, "not_filed"),
    (SealAct.MAKE, "not_filed"),
    (SealAct.FILE, "in_use"),
    (SealAct.SUSPEND, "suspended"),
    (SealAct.REINSTATE, "in_use"),
    ("renew", "in_use"),
    (SealAct.APPROVE, "in_use"),
    (SealAct.MAKE, "in_use"),
    (SealAct.FILE, "in_use"),
    (SealAct.CALL_IN, "called_in"),
    (SealAct.DESTROY, "destroyed"),
]


def happens(office: SealOffice) -> str:
    """Let the story happen, an act an hour; a grant is given in hour 4 and withdrawn in hour 9."""
    code, grant = "", None
    for hour, (act, _) in enumerate(STORY):
        at = AT + hour * HOUR
        if act == "apply":
            code = office.applies(at=at).code
        elif act == "renew":
            office.renews(code, at=at, valid_until=AT + timedelta(days=500))
        elif isinstance(act, SealAct):
            office.does(code, act, at=at)
        if hour == 4:
            grant = office.grants(code, at=at, valid_until=AT + timedelta(days=1))
        if hour == 9 and grant is not None:
            office.withdraws(grant, at=at)
    return code


def test_each_hour_of_a_seals_life_has_its_answer_long_after_its_end(sample: Database) -> None:
    office = SealOffice(sample)
    code = happens(office)

    with reading(sample) as tx:
        answers = [seal_at(tx, code, AT + hour * HOUR + HOUR / 2) for hour in range(len(STORY))]
        with pytest.raises(UnknownSealError):
            seal_at(tx, code, AT - HOUR)
        with pytest.raises(UnknownSealError):
            seal_at(tx, "99010000000099", AT)

    assert [each.standing for each in answers] == [standing for _, standing in STORY]
    assert [each.object.version if each.object else None for each in answers] == [None] * 3 + [1] * 6 + [2] * 3
    assert [len(each.grants) for each in answers] == [0] * 4 + [1] * 5 + [0] * 3
    assert answers[4].grants[0].terms.items[FOOD_ITEM] == FOOD_BASIS
    assert {each.owner for each in answers} == {BUREAU}
    assert answers[8].since == AT + 5 * HOUR, "a renewal on its way does not change since when a seal is in use"


@pytest.mark.parametrize("life", ["renewed and ended", "left until its end"])
def test_the_history_to_be_signed_says_of_every_moment_what_the_acts_say(sample: Database, life: str) -> None:
    office = SealOffice(sample)
    code = (
        happens(office)
        if life == "renewed and ended"
        else office.has_seal(valid_from=AT + 2 * HOUR, valid_until=AT + 5 * HOUR)
    )
    tick = timedelta(microseconds=1)
    moments = [AT + number * HOUR / 4 + tick * offset for number in range(4 * len(STORY) + 8) for offset in (-1, 0, 1)]

    with reading(sample) as tx:
        history = history_of(tx, code, at=AT + 99 * HOUR)
        answers = {moment: seal_at(tx, code, moment) for moment in moments[1:]}

    assert history.at(AT - tick) is None
    for moment, told in answers.items():
        found = history.at(moment)
        assert found is not None
        assert found.span.standing == told.standing, moment
        assert found.span.version == (None if told.object is None else told.object.version), moment
        assert {each.grant_id for each in found.grants} == {each.grant_id for each in told.grants}, moment


@pytest.mark.parametrize(
    ("at", "standing"),
    [
        (AT + timedelta(days=10), "not_yet_valid"),
        (AT + timedelta(days=31), "in_use"),
        (AT + timedelta(days=61), "expired"),
    ],
)
def test_before_and_after_its_term_a_seal_is_not_in_force(sample: Database, at: datetime, standing: str) -> None:
    office = SealOffice(sample)
    code = office.has_seal(valid_from=AT + timedelta(days=30), valid_until=AT + timedelta(days=60))

    with reading(sample) as tx:
        assert seal_at(tx, code, at).standing == standing


def test_a_grant_stands_by_its_term_its_withdrawal_and_its_uses(sample: Database) -> None:
    office = SealOffice(sample)
    code = office.has_seal()
    grant = office.grants(code, uses_max=1, valid_from=AT + HOUR, valid_until=AT + 4 * HOUR)
    office.takes(grant, at=AT + 2 * HOUR)
    office.withdraws(grant, at=AT + 5 * HOUR)

    with reading(sample) as tx:
        answers = [grant_at(tx, grant.grant_id, AT + hour * HOUR + HOUR / 2) for hour in range(6)]
        with pytest.raises(UnknownGrantError):
            grant_at(tx, grant.grant_id, AT - HOUR)
        with pytest.raises(UnknownGrantError):
            grant_at(tx, f"{code}-0099", AT)

    assert [each.standing for each in answers] == [
        "not_yet_valid",
        "granted",
        "used_up",
        "used_up",
        "expired",
        "withdrawn",
    ]
    assert [each.uses for each in answers] == [0, 0, 1, 1, 1, 1]
