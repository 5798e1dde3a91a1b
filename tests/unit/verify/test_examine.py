"""The whole check of a code or an id: verdicts offline and online, and that a forgery never gets a good word."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.code_room import ANSWER, CLAIMS, FOOD, ID, NOW, PREFIX, CodeRoom, Signer
from verify.evidence import NOT_FOUND, UNREACHABLE, Evidence
from verify.examine import examine_id, examine_text, with_registry
from verify.licence import HolderKind
from verify.report import Check, Report, Subject
from verify.states import LicenceState
from verify.status import open_status_list
from verify.trust import open_trust_list
from verify.values import LicenceId
from verify.verdict import Verdict

ROOM = CodeRoom()
TEXT = ROOM.code()
VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "credential-qr.json").read_text())
VECTOR_AT = datetime(2026, 3, 20, tzinfo=UTC)
VECTOR_TRUST = open_trust_list(
    bytes.fromhex(VECTORS["trust_list"]["cose_sign1_tagged_hex"]),
    bytes.fromhex(VECTORS["keys"]["trust_list_es256"]["spki_der_hex"]),
    at=VECTOR_AT,
)
VECTOR_LIST = open_status_list(
    bytes.fromhex(VECTORS["status_list"]["cose_sign1_tagged_hex"]),
    uri=VECTORS["status_list"]["uri"],
    keys=lambda kid: [key for _, key in VECTOR_TRUST.keys_for(kid, 2)],
)
VECTOR_EVIDENCE = Evidence(trust=VECTOR_TRUST, status_lists={VECTOR_LIST.uri: VECTOR_LIST})
GOOD = {Verdict.VALID, Verdict.VALID_EXPIRING}


def offline(text: str = TEXT, at: datetime = NOW, **changes: Any) -> Report:
    return examine_text(text, ROOM.evidence(**changes), at=at)


def online(text: str = TEXT, **changes: Any) -> Report:
    return examine_text(text, ROOM.evidence(registry=ROOM.answer(text, **changes)), at=NOW)


def codes(report: Report) -> dict[Check, str]:
    return {each.check: each.code for each in report.findings}


def test_a_genuine_code_with_a_fresh_list_is_valid_offline() -> None:
    report = offline()

    assert report.verdict is Verdict.VALID
    assert report.is_genuine is True
    assert report.test
    # A printed code has no seal, and is no live one.
    assert list(codes(report)) == [each for each in Check if each not in {Check.SEAL, Check.SHOW}]
    assert codes(report)[Check.CONTENTS] == "contents.not_asked"


@pytest.mark.parametrize(("value", "verdict"), [(1, Verdict.ENDED), (2, Verdict.SUSPENDED), (3, Verdict.SUPERSEDED)])
def test_the_list_says_what_is_not_in_force(value: int, verdict: Verdict) -> None:
    assert offline(status=value).verdict is verdict


def test_without_a_list_or_with_an_old_one_nobody_says_valid() -> None:
    old = {f"{PREFIX}1": ROOM.status_list(age=timedelta(hours=25))}

    assert offline(status=None).verdict is Verdict.STATUS_UNKNOWN
    assert offline(status_lists=old).verdict is Verdict.STATUS_UNKNOWN


def test_a_list_from_the_future_tells_that_the_clock_is_wrong_and_outranks_the_term() -> None:
    before = NOW - timedelta(days=400)

    report = offline(at=before, status_lists={f"{PREFIX}1": ROOM.status_list()})

    assert report.verdict is Verdict.CLOCK_WRONG
    assert codes(report)[Check.TERM] == "term.not_yet"


def test_the_term_is_judged_at_the_moment_that_is_given() -> None:
    assert offline(at=datetime(2031, 9, 24, 16, tzinfo=UTC)).verdict is Verdict.EXPIRED
    assert (
        offline(at=CLAIMS.issued_at - timedelta(seconds=1), clock_offset=timedelta(0)).verdict is Verdict.NOT_YET_VALID
    )


def test_the_registry_is_asked_before_any_list() -> None:
    revoked = ROOM.answer(TEXT, state=LicenceState.REVOKED, event_effective_on=date(2026, 11, 1))

    report = examine_text(TEXT, ROOM.evidence(registry=revoked), at=NOW)

    assert report.verdict is Verdict.REVOKED
    assert report.facts.state is LicenceState.REVOKED
    assert [each.code for each in report.findings if each.check is Check.STATUS] == ["status.revoked"]


@pytest.mark.parametrize("state", LicenceState)
def test_online_each_state_is_its_own_verdict(state: LicenceState) -> None:
    expected = Verdict.VALID if state is LicenceState.IN_FORCE else Verdict(state.value)

    assert online(state=state).verdict is expected


def test_a_registry_that_agrees_completes_facts_log_and_contents() -> None:
    report = online()

    assert report.verdict is Verdict.VALID
    assert codes(report)[Check.CONTENTS] == "contents.registry_agrees"
    assert codes(report)[Check.LOG] == "log.recorded"
    assert (report.log.code_leaf, report.log.document_leaf) == (40, 41)
    assert report.facts.type_name_en == "Food business licence"
    assert report.facts.identifier == ANSWER.identifier


def test_a_registry_that_differs_makes_the_code_an_altered_one() -> None:
    report = online(number="JY29999990000026")

    assert report.verdict is Verdict.TAMPERED
    assert report.headline is not None
    assert report.headline.detail == "number"
    assert report.facts.number == CLAIMS.number


def test_a_number_that_the_registry_does_not_have_is_not_found() -> None:
    assert examine_text(TEXT, ROOM.evidence(registry=NOT_FOUND), at=NOW).verdict is Verdict.NOT_FOUND


def test_a_registry_that_is_away_takes_nothing_from_a_fresh_list_and_is_never_not_found() -> None:
    assert examine_text(TEXT, ROOM.evidence(registry=UNREACHABLE), at=NOW).verdict is Verdict.VALID
    assert examine_text(TEXT, ROOM.evidence(None, registry=UNREACHABLE), at=NOW).verdict is Verdict.UNREACHABLE
    assert examine_text(TEXT, ROOM.evidence(2, registry=UNREACHABLE), at=NOW).verdict is Verdict.SUSPENDED


def test_a_transport_problem_never_hides_a_failed_signature() -> None:
    forged = ROOM.code(signer=Signer(8))

    report = examine_text(forged, ROOM.evidence(registry=UNREACHABLE), at=NOW)

    assert report.verdict is Verdict.TAMPERED
    assert report.is_genuine is False


def test_the_registrys_facts_are_not_given_to_a_forgery() -> None:
    forged = ROOM.code(signer=Signer(8), holder="冒名餐饮有限公司")

    report = examine_text(forged, ROOM.evidence(registry=ROOM.answer(TEXT)), at=NOW)

    assert report.verdict is Verdict.TAMPERED
    assert report.facts.identifier == ""


def test_a_key_with_a_cut_off_is_undecided_offline_and_decided_by_its_leaf_online() -> None:
    trust = ROOM.trust(ROOM.key.trusted(cut_off=("log.example", 41)))

    assert offline(trust=trust).verdict is Verdict.STATUS_UNKNOWN
    below = examine_text(TEXT, ROOM.evidence(trust=trust, registry=ROOM.answer(TEXT, code_leaf=40)), at=NOW)
    above = examine_text(TEXT, ROOM.evidence(trust=trust, registry=ROOM.answer(TEXT, code_leaf=41)), at=NOW)
    assert below.verdict is Verdict.VALID
    assert above.verdict is Verdict.NOT_IN_LOG


def test_without_a_trust_list_even_the_registrys_word_is_not_enough_for_a_code() -> None:
    report = examine_text(TEXT, Evidence(trust=None, registry=ROOM.answer(TEXT)), at=NOW)

    assert report.verdict is Verdict.UNREACHABLE
    assert report.is_genuine is None


def test_a_typed_id_is_answered_by_the_registry_alone_and_says_so() -> None:
    report = examine_id(ID, Evidence(trust=None, registry=ANSWER), at=NOW)

    assert report.verdict is Verdict.VALID
    assert report.subject is Subject.ID
    assert report.is_genuine is None
    assert codes(report)[Check.SIGNATURE] == "signature.not_asked"
    assert report.facts.number == CLAIMS.number
    assert report.test


def test_a_typed_id_is_judged_by_the_registrys_dates() -> None:
    ended = replace(ANSWER, valid_until=date(2026, 11, 23))

    assert examine_id(ID, Evidence(trust=None, registry=ended), at=NOW).verdict is Verdict.EXPIRED


def test_a_typed_id_is_not_found_not_reached_or_not_asked() -> None:
    by = {answer: examine_id(ID, Evidence(trust=None, registry=answer), at=NOW) for answer in (NOT_FOUND, UNREACHABLE)}

    assert by[NOT_FOUND].verdict is Verdict.NOT_FOUND
    assert by[UNREACHABLE].verdict is Verdict.UNREACHABLE
    assert examine_id(ID, Evidence(trust=None), at=NOW).verdict is Verdict.UNREACHABLE
    assert by[NOT_FOUND].facts.licence_id == ID.text


def test_a_report_is_completed_later_as_if_the_registry_had_been_asked_at_once() -> None:
    answer = ROOM.answer(TEXT, state=LicenceState.SUSPENDED)

    later = with_registry(offline(status=None), answer, ROOM.evidence(), at=NOW)

    assert later == examine_text(TEXT, ROOM.evidence(None, registry=answer), at=NOW)


def test_what_could_not_be_read_has_nothing_to_be_completed() -> None:
    report = offline("nothing")

    assert report.verdict is Verdict.UNREADABLE
    assert with_registry(report, NOT_FOUND, ROOM.evidence(), at=NOW) is report


def test_the_name_of_a_person_is_full_inside_and_masked_for_the_public() -> None:
    text = ROOM.code(holder="欧*䶮", holder_uscc=None)
    answer = ROOM.answer(text, holder_name="欧阳䶮", holder_kind=HolderKind.PERSON, holder_uscc=None)

    facts = examine_text(text, ROOM.evidence(registry=answer), at=NOW).facts

    assert facts.holder == "欧阳䶮"
    assert facts.public().holder == "欧*䶮"


def test_the_vectors_status_list_decides_about_the_vectors_code() -> None:
    text = next(case["qr_text"] for case in VECTORS["cases"] if "/v/" in case["qr_text"])
    fresh = VECTOR_LIST.issued_at + timedelta(minutes=1)

    report = examine_text(text, VECTOR_EVIDENCE, at=fresh)

    assert codes(report)[Check.SIGNATURE] == "signature.good"
    assert codes(report)[Check.STATUS] == "status.in_force"
    assert report.verdict is Verdict.VALID


@pytest.mark.parametrize("case", VECTORS["reject"], ids=lambda case: case["why"])
def test_no_vector_that_must_be_refused_gets_a_good_word(case: dict[str, Any]) -> None:
    report = examine_text(case["qr_text"], VECTOR_EVIDENCE, at=VECTOR_LIST.issued_at + timedelta(minutes=1))

    assert report.verdict in {Verdict.UNREADABLE, Verdict.TAMPERED, Verdict.UNKNOWN_ISSUER}
    assert report.is_genuine is not True


@settings(max_examples=60, deadline=None)
@given(place=st.integers(min_value=TEXT.index("#") + 2, max_value=len(TEXT) - 1), digit=st.sampled_from("0123456789"))
def test_no_digit_of_a_code_can_be_changed(place: int, digit: str) -> None:
    changed = TEXT[:place] + digit + TEXT[place + 1 :]

    verdict = offline(changed).verdict

    assert (verdict in GOOD) is (changed == TEXT)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gets_a_report(text: str) -> None:
    assert offline(text).verdict is Verdict.UNREADABLE


@given(st.binary(min_size=10, max_size=10).filter(lambda octets: octets != ID.octets))
def test_another_id_in_the_address_never_passes(octets: bytes) -> None:
    other = TEXT.replace(ID.text, LicenceId(octets).text)

    assert offline(other).verdict is Verdict.TAMPERED


def test_offline_limits_go_by_the_licence_type() -> None:
    old = {f"{PREFIX}1": ROOM.status_list(age=timedelta(hours=5))}

    assert offline(status_lists=old).verdict is Verdict.VALID
    assert offline(status_lists=old, offline_hours={FOOD: 4}).verdict is Verdict.STATUS_UNKNOWN
