"""Live codes: in their minute, once, by a key of their own; and nothing is called valid that the registry did not say."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.code_room import ANSWER, ID, LIVE_CLAIMS, LIVE_KEY, NOW, CodeRoom, Signer
from verify.evidence import NOT_FOUND, UNREACHABLE, Evidence
from verify.examine import examine_text
from verify.licence import HolderKind
from verify.live_code_check import (
    GRACE_OFFLINE,
    GRACE_ONLINE,
    examine_live,
    may_be_redeemed,
    with_redeemed,
    with_registry_away,
)
from verify.report import Check
from verify.report_objects import public_object
from verify.states import LicenceState

ROOM = CodeRoom()
EVIDENCE = Evidence(trust=ROOM.trust(LIVE_KEY.trusted(use=5), Signer(7).trusted()))
SECOND = timedelta(seconds=1)


def test_alone_it_proves_who_is_shown_and_neither_state_nor_first_use() -> None:
    report = examine_text(ROOM.live_code(), EVIDENCE, at=NOW)

    assert report.verdict == "status_unknown"
    assert report.is_genuine is True
    assert (report.facts.licence_id, report.facts.number) == (ID.text, LIVE_CLAIMS.number)
    shown = report.finding(Check.SHOW)
    assert shown is not None
    assert (shown.code, shown.outcome) == ("show.not_asked", "unknown")


def test_the_first_check_by_the_registry_is_valid_and_the_second_is_told_when_the_first_was() -> None:
    report = examine_live(ROOM.live_code(), EVIDENCE, at=NOW)

    first = with_redeemed(report, ANSWER, None, at=NOW)
    second = with_redeemed(report, ANSWER, NOW - 3 * SECOND, at=NOW)

    assert (first.verdict, first.facts.type_name, first.test) == ("valid", ANSWER.type_name, True)
    assert second.verdict == "show_code_used"
    assert second.headline is not None
    assert second.headline.params == {"at": (NOW - 3 * SECOND).isoformat()}
    assert second.facts.type_name == ""


@pytest.mark.parametrize(("grace", "seconds"), [(GRACE_ONLINE, 5), (GRACE_OFFLINE, 60)])
def test_a_minute_is_over_after_its_grace(grace: timedelta, seconds: int) -> None:
    end = LIVE_CLAIMS.expires_at + seconds * SECOND

    last, over = (examine_live(ROOM.live_code(), EVIDENCE, at=at, grace=grace) for at in (end - SECOND / 1000, end))

    assert (last.verdict, may_be_redeemed(last)) == ("status_unknown", True)
    assert (over.verdict, may_be_redeemed(over), over.is_genuine) == ("show_code_expired", False, True)


def test_what_is_no_live_code_of_ours_uses_nothing_up() -> None:
    whole = ROOM.live_code()
    cases = {
        "tampered": ROOM.live_code(signer=Signer(11)),
        "unknown_issuer": ROOM.live_code(key=Signer(7)),  # a key that signs licences
        "wrong_issuer": ROOM.live_code(
            issued_at=NOW - timedelta(days=400), expires_at=NOW - timedelta(days=400) + 60 * SECOND
        ),
        "unreadable": whole[:-17],
        "clock_wrong": ROOM.live_code(issued_at=NOW + 600 * SECOND, expires_at=NOW + 660 * SECOND),
    }

    reports = {name: examine_live(text, EVIDENCE, at=NOW) for name, text in cases.items()}
    other_id = whole.replace(LIVE_CLAIMS.code_id.text, ID.text)
    other = examine_live(other_id, EVIDENCE, at=NOW)

    assert {name: each.verdict for name, each in reports.items()} == {name: name for name in cases}
    assert other.verdict == "tampered"
    assert not any(may_be_redeemed(each) for each in (*reports.values(), other))
    assert examine_live(whole, Evidence(trust=None), at=NOW).verdict == "unreachable"
    assert public_object(reports["tampered"])["facts"] == {}


def test_the_registry_decides_the_state_and_must_agree() -> None:
    report = examine_live(ROOM.live_code(), EVIDENCE, at=NOW)

    answers = {
        "revoked": replace(ANSWER, state=LicenceState.REVOKED),
        "expired": replace(ANSWER, valid_until=date(2026, 11, 1)),
        "tampered": replace(ANSWER, number="another"),
        "not_found": NOT_FOUND,
        "unreachable": UNREACHABLE,
    }

    assert {name: with_redeemed(report, each, None, at=NOW).verdict for name, each in answers.items()} == {
        name: name for name in answers
    }
    assert with_registry_away(report, UNREACHABLE, at=NOW).verdict == "unreachable"


def test_a_persons_name_is_compared_as_it_is_masked() -> None:
    report = examine_live(ROOM.live_code(holder="欧*䶮"), EVIDENCE, at=NOW)
    answer = replace(ANSWER, holder_name="欧阳䶮", holder_kind=HolderKind.PERSON, holder_uscc=None)

    found = with_redeemed(report, answer, None, at=NOW)

    assert found.verdict == "valid"
    assert found.facts.public().holder == "欧*䶮"
