"""The state of a licence: by the status list and its age, by the registry's word, and where both end."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.code_room import ANSWER, CLAIMS, FOOD, NOW, PREFIX, CodeRoom
from verify.evidence import NOT_FOUND, UNREACHABLE, Evidence
from verify.licence import HolderKind
from verify.qr_token import ShortStatus, StatusClaim, decode_token
from verify.report import Finding, Outcome
from verify.states import LicenceState
from verify.status_check import check_clock, check_registry, check_status_list, differences, find_list
from verify.token_check import claimed_by

ROOM = CodeRoom()
(OFFICE,) = ROOM.trust().issuers


def by_list(value: int, *, age: timedelta = timedelta(minutes=3), days: int = 7, hours: int | None = None) -> Finding:
    limits = {} if hours is None else {FOOD: hours}
    evidence = Evidence(trust=None, offline_hours=limits)
    return check_status_list(CLAIMS, ROOM.status_list(value, age=age, days=days), evidence, at=NOW)


@pytest.mark.parametrize(
    ("value", "code", "outcome"),
    [
        (0, "status.in_force", Outcome.PASSED),
        (1, "status.ended", Outcome.FAILED),
        (2, "status.suspended", Outcome.FAILED),
        (3, "status.superseded", Outcome.FAILED),
    ],
)
def test_a_fresh_list_says_the_state(value: int, code: str, outcome: Outcome) -> None:
    finding = by_list(value)

    assert (finding.code, finding.outcome) == (code, outcome)
    assert finding.as_of == NOW - timedelta(minutes=3)
    assert finding.source == "status list"


def test_a_list_is_fresh_for_a_day_and_not_a_second_more() -> None:
    assert by_list(0, age=timedelta(hours=24)).code == "status.in_force"

    stale = by_list(0, age=timedelta(hours=24, seconds=1))

    assert (stale.code, stale.outcome) == ("status.stale", Outcome.UNKNOWN)
    assert stale.params == {"hours": "24", "days": "1"}


def test_a_licence_type_may_want_fresher_lists() -> None:
    assert by_list(0, age=timedelta(hours=4), hours=4).code == "status.in_force"
    assert by_list(0, age=timedelta(hours=5), hours=4).code == "status.stale"


def test_what_ended_or_was_replaced_stays_so_in_an_old_list_and_a_suspension_does_not() -> None:
    old = timedelta(days=3)

    assert by_list(1, age=old).code == "status.ended"
    assert by_list(3, age=old).code == "status.superseded"
    assert by_list(2, age=old).code == "status.stale"


@pytest.mark.parametrize("value", range(4))
def test_a_list_past_its_end_says_nothing(value: int) -> None:
    assert by_list(value, age=timedelta(days=7)).code == "status.stale"


def test_no_list_and_no_such_place_are_gaps() -> None:
    beyond = CLAIMS._replace(status=ShortStatus(1, 8))

    assert check_status_list(CLAIMS, None, ROOM.evidence(), at=NOW).code == "status.not_asked"
    finding = check_status_list(beyond, ROOM.status_list(), ROOM.evidence(), at=NOW)
    assert (finding.code, finding.outcome) == ("status.not_asked", Outcome.UNKNOWN)
    assert finding.detail == "status_list.no_such_place"


def test_a_list_is_found_by_the_issuers_prefix_and_its_number() -> None:
    evidence = ROOM.evidence()

    assert find_list(CLAIMS, OFFICE, evidence) is evidence.status_lists[f"{PREFIX}1"]
    assert find_list(CLAIMS._replace(status=ShortStatus(2, 5)), OFFICE, evidence) is None
    assert find_list(CLAIMS, None, evidence) is None
    assert find_list(CLAIMS, OFFICE, ROOM.evidence(None)) is None


def test_an_address_in_the_code_counts_only_below_the_issuers_prefix() -> None:
    evidence = ROOM.evidence()
    own = CLAIMS._replace(status=StatusClaim(f"{PREFIX}1", 5))
    foreign = CLAIMS._replace(status=StatusClaim("https://elsewhere.example/1", 5))
    lists = {**evidence.status_lists, "https://elsewhere.example/1": ROOM.status_list()}

    assert find_list(own, OFFICE, evidence) is not None
    assert find_list(foreign, OFFICE, replace(evidence, status_lists=lists)) is None
    assert find_list(own, replace(OFFICE, status_prefix=""), evidence) is None


def test_the_clock_is_judged_by_a_comparison_or_by_a_list_from_the_future() -> None:
    compared = Evidence(trust=None, clock_offset=timedelta(minutes=-6))
    future = ROOM.status_list(age=-timedelta(minutes=90))

    assert check_clock(None, Evidence(trust=None), at=NOW).code == "clock.not_asked"
    assert check_clock(None, replace(compared, clock_offset=timedelta(minutes=5)), at=NOW).code == "clock.good"
    assert check_clock(None, compared, at=NOW).params == {"minutes": "6"}
    assert check_clock(ROOM.status_list(age=-timedelta(minutes=5)), ROOM.evidence(), at=NOW).code == "clock.not_asked"
    assert check_clock(future, ROOM.evidence(), at=NOW).params == {"minutes": "90"}
    assert check_clock(future, replace(compared, clock_offset=timedelta(0)), at=NOW).code == "clock.good"


def test_a_registry_that_is_away_or_has_no_such_licence_is_two_things() -> None:
    away, none = check_registry(UNREACHABLE, at=NOW), check_registry(NOT_FOUND, at=NOW)

    assert (away.code, away.outcome) == ("status.unreachable", Outcome.UNKNOWN)
    assert (none.code, none.outcome) == ("status.not_found", Outcome.FAILED)


@pytest.mark.parametrize("state", LicenceState)
def test_the_registry_says_the_act_by_its_own_name(state: LicenceState) -> None:
    finding = check_registry(replace(ANSWER, state=state), at=NOW)

    assert finding.code == f"status.{state.value}"
    assert (finding.outcome is Outcome.PASSED) is (state is LicenceState.IN_FORCE)
    assert finding.as_of == NOW


def test_the_act_is_told_with_what_was_recorded_of_it_and_nothing_else() -> None:
    suspended = replace(
        ANSWER,
        state=LicenceState.SUSPENDED,
        event_effective_on=date(2026, 11, 1),
        event_reason="卫生检查不合格",
        suspended_until=date(2026, 12, 1),
    )

    assert check_registry(suspended, at=NOW).params == {
        "authority": "示例市行政审批服务局",
        "authority_en": "Approval Service Bureau of Sample City",
        "date": "2026-11-01",
        "until": "2026-12-01",
    }
    assert check_registry(ANSWER, at=NOW).params == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("licence_id", "0" * 16),
        ("number", "JY29999990000026"),
        ("type_code", "11999999000000019M003"),
        ("issuer", "1199999900000006XQ"),
        ("holder_name", "别家餐饮有限公司"),
        ("valid_from", date(2026, 9, 26)),
        ("valid_until", None),
        ("token_kid", bytes(8)),
        ("token_digest", bytes(32)),
    ],
)
def test_the_registry_must_agree_with_the_code_in_each_point(name: str, value: Any) -> None:
    text = ROOM.code()
    claimed = claimed_by(decode_token(text))
    answer = ROOM.answer(text)

    assert differences(claimed, answer) == ()
    assert differences(claimed, replace(answer, **{name: value})) == (name.removesuffix("_name"),)


def test_a_persons_full_name_agrees_with_the_masked_one_in_the_code() -> None:
    text = ROOM.code(holder="欧*䶮", holder_uscc=None)
    answer = ROOM.answer(text, holder_name="欧阳䶮", holder_kind=HolderKind.PERSON, holder_uscc=None)

    assert differences(claimed_by(decode_token(text)), answer) == ()
    assert differences(claimed_by(decode_token(text)), replace(answer, holder_name="欧阳修")) == ("holder",)
