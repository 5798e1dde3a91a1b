"""The code of a licence by itself: each step kept, broken, and the way from one to the other."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from keys import sm2
from tests.code_room import CLAIMS, FOOD, HOST, ISSUER, NOW, OTHER_ISSUER, TEACHER, CodeRoom, Signer
from tests.mutations import last_bit_changed
from verify.algorithms import Algorithm, key_identifier
from verify.evidence import Evidence
from verify.examine import examine_text
from verify.licence import HolderKind, licence_end
from verify.qr_text import LICENCE_TEXT, make_text
from verify.qr_token import decode_token
from verify.report import Check, Finding, Outcome
from verify.token_check import check_term, check_token, claimed_by, facts_of, is_test_issuer
from verify.trust import TrustList
from verify.values import LicenceId

ROOM = CodeRoom()
THIEF = Signer(8)


def found(text: str, trust: TrustList | None = None, at: datetime = NOW) -> dict[Check, Finding]:
    check = check_token(text, Evidence(trust=ROOM.trust() if trust is None else trust), at=at)
    return {each.check: each for each in check.findings}


def test_a_genuine_code_passes_every_step_and_names_its_issuer() -> None:
    check = check_token(ROOM.code(), ROOM.evidence(), at=NOW)

    assert [(each.code, each.outcome.value) for each in check.findings] == [
        ("form.code", "passed"),
        ("signature.good", "passed"),
        ("issuer.trusted", "passed"),
        ("term.in_term", "passed"),
        ("log.not_asked", "unknown"),
    ]
    assert check.issuer is not None
    assert check.issuer.issuer == ISSUER


def test_the_vector_of_sm2_passes_under_its_key_and_under_no_other() -> None:
    vector = json.loads((Path(__file__).parents[2] / "vectors" / "credential-sm2.json").read_text())
    spki = bytes.fromhex(vector["spki_der_hex"])
    text = make_text(LICENCE_TEXT, HOST, LicenceId.parse(vector["id"]), bytes.fromhex(vector["cose_sign1_hex"]))
    claims = decode_token(text).claims
    key = ROOM.key.trusted(algorithm=Algorithm.SM2, spki=spki, kid=key_identifier(spki))
    trust = ROOM.trust(key, issuer=claims.issuer, types=(claims.type_code,))
    at = claims.issued_at + timedelta(minutes=1)

    report = examine_text(text, Evidence(trust=trust), at=at)

    assert {each.check: each.code for each in report.findings}[Check.SIGNATURE] == "signature.good"
    assert {each.check: each.code for each in report.findings}[Check.ISSUER] == "issuer.trusted"
    cose = bytes.fromhex(vector["cose_sign1_hex"])
    altered = make_text(LICENCE_TEXT, HOST, LicenceId.parse(vector["id"]), last_bit_changed(cose))
    failed = {each.check: each.outcome for each in check_token(altered, Evidence(trust=trust), at=at).findings}
    assert failed[Check.SIGNATURE] is Outcome.FAILED
    stranger = sm2.provider().generate().spki
    others = ROOM.trust(replace(key, spki=stranger, kid=key_identifier(stranger)), issuer=claims.issuer)
    unknown = {each.check: each.outcome for each in check_token(text, Evidence(trust=others), at=at).findings}
    assert unknown[Check.SIGNATURE] is not Outcome.PASSED


def test_a_text_that_is_no_code_is_unreadable() -> None:
    for text in ("", "hello", "https://example.com/", ROOM.code()[:-40], ROOM.code().replace("/v/", "/p/")):
        check = check_token(text, ROOM.evidence(), at=NOW)

        assert check.token is None
        assert check.findings[0].code == "form.unreadable"
        assert check.findings[0].outcome is Outcome.FAILED


def test_an_id_in_the_address_that_was_not_signed_is_the_code_of_something_else() -> None:
    text = ROOM.code()

    changed = found(text.replace("/v/0", "/v/1"))

    assert changed[Check.CONTENTS].code == "contents.other_token"
    assert changed[Check.FORM].outcome is Outcome.PASSED


def test_a_signature_by_another_key_under_our_key_id_is_bad_and_proves_no_issuer() -> None:
    forged = found(ROOM.code(signer=THIEF))

    assert forged[Check.SIGNATURE].code == "signature.bad"
    assert forged[Check.ISSUER].code == "issuer.not_asked"


def test_a_key_that_the_list_does_not_have_is_unknown_and_its_signature_is_not_asked() -> None:
    unknown = found(ROOM.code(), ROOM.trust(THIEF.trusted()))

    assert unknown[Check.ISSUER].code == "issuer.unknown"
    assert unknown[Check.ISSUER].as_of == ROOM.trust().issued_at
    assert unknown[Check.SIGNATURE].outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("use", [2, 3, 5])
def test_a_key_of_another_use_is_no_key_for_codes(use: int) -> None:
    assert found(ROOM.code(), ROOM.trust(ROOM.key.trusted(use=use)))[Check.ISSUER].code == "issuer.unknown"


def test_without_a_trust_list_nothing_is_said_of_signature_and_issuer() -> None:
    check = check_token(ROOM.code(), Evidence(trust=None), at=NOW)

    outcomes = {each.check: (each.code, each.outcome) for each in check.findings}
    assert outcomes[Check.ISSUER] == ("issuer.no_trust_list", Outcome.UNKNOWN)
    assert outcomes[Check.SIGNATURE] == ("signature.not_asked", Outcome.UNKNOWN)


def test_an_issuer_that_may_not_issue_the_type_is_not_entitled() -> None:
    assert found(ROOM.code(), ROOM.trust(types=(TEACHER,)))[Check.ISSUER].code == "issuer.not_entitled"
    assert found(ROOM.code(), ROOM.trust(types=(FOOD,)))[Check.ISSUER].code == "issuer.trusted"


def test_a_code_that_names_another_issuer_than_the_keys_owner_is_not_entitled() -> None:
    finding = found(ROOM.code(), ROOM.trust(issuer=OTHER_ISSUER))[Check.ISSUER]

    assert finding.code == "issuer.not_entitled"
    assert finding.params == {"signer": "示例市行政审批服务局"}


def test_a_key_is_judged_when_the_code_was_issued_and_not_when_it_is_scanned() -> None:
    before = ROOM.trust(ROOM.key.trusted(not_after=CLAIMS.issued_at))
    after = ROOM.trust(ROOM.key.trusted(not_after=CLAIMS.issued_at + timedelta(seconds=1)))
    later = ROOM.trust(ROOM.key.trusted(not_before=CLAIMS.issued_at + timedelta(seconds=1)))

    assert found(ROOM.code(), before)[Check.ISSUER].code == "issuer.out_of_period"
    assert found(ROOM.code(), after)[Check.ISSUER].code == "issuer.trusted"
    assert found(ROOM.code(), later)[Check.ISSUER].code == "issuer.out_of_period"


def test_a_key_with_a_cut_off_proves_nothing_by_itself() -> None:
    finding = found(ROOM.code(), ROOM.trust(ROOM.key.trusted(cut_off=("log.example", 40))))[Check.LOG]

    assert finding.code == "log.cut_off"
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.params == {"size": "40"}


def term(at: datetime, ends_at: datetime | None = None, until: date | None = date(2026, 11, 30)) -> Finding:
    starts_at = datetime(2026, 9, 25, 2, 0, tzinfo=UTC)
    return check_term(date(2026, 9, 25), until, starts_at, ends_at, at=at)


def test_a_licence_ends_at_midnight_in_china_after_its_last_day() -> None:
    end = licence_end(date(2026, 11, 30))

    assert term(end - timedelta(seconds=1)).code == "term.in_term"
    assert term(end).code == "term.expired"
    assert term(end).params == {"date": "2026-11-30", "days": "1"}


def test_a_licence_begins_when_it_is_issued_or_on_its_first_day() -> None:
    assert term(datetime(2026, 9, 25, 2, 0, tzinfo=UTC)).code == "term.in_term"
    assert term(datetime(2026, 9, 25, 1, 59, tzinfo=UTC)).code == "term.not_yet"
    assert term(datetime(2026, 9, 25, 1, 59, tzinfo=UTC)).params == {"date": "2026-09-25"}


def test_papers_that_are_due_end_the_code_before_the_licence() -> None:
    due = licence_end(date(2026, 10, 31))

    assert term(due - timedelta(seconds=1), due).params == {"date": "2026-10-31"}
    assert term(due, due).code == "term.expired"
    assert term(due, due).params["date"] == "2026-10-31"
    assert term(due, due, None).code == "term.expired"


def test_a_code_ends_at_its_instant_though_the_day_goes_on() -> None:
    noon = datetime(2026, 10, 31, 4, 0, tzinfo=UTC)

    assert term(noon - timedelta(seconds=1), noon).code == "term.in_term"
    assert term(noon, noon).code == "term.expired"
    assert term(noon, noon).params == {"date": "2026-10-31", "days": "0"}


def test_a_long_term_licence_has_no_last_day() -> None:
    assert term(datetime(2099, 1, 1, tzinfo=UTC), None, None).code == "term.long_term"


def test_a_code_that_begins_later_is_not_yet_in_force() -> None:
    begins = NOW + timedelta(days=10)

    finding = found(ROOM.code(not_before=begins, valid_from=begins.date()))[Check.TERM]

    assert finding.code == "term.not_yet"
    assert finding.params == {"date": "2026-12-04"}


def test_facts_come_from_the_code_and_names_from_the_evidence() -> None:
    check = check_token(ROOM.code(), ROOM.evidence(), at=NOW)
    assert check.token is not None

    facts = facts_of(check.token, check.issuer, Evidence(trust=None, type_names={FOOD: ("食品", "Food")}))

    assert (facts.type_name, facts.type_name_en) == ("食品", "Food")
    assert facts.issuer_name == "示例市行政审批服务局"
    assert facts.holder_kind is HolderKind.ORGANISATION
    assert not facts.long_term
    assert facts_of(check.token, None, Evidence(trust=None)).issuer_name == ""


def test_a_code_without_a_credit_code_is_a_persons() -> None:
    check = check_token(
        ROOM.code(holder="欧*䶮", holder_uscc=None, valid_until=None, expires_at=None), ROOM.evidence(), at=NOW
    )
    assert check.token is not None

    facts = facts_of(check.token, check.issuer, ROOM.evidence())

    assert facts.holder_kind is HolderKind.PERSON
    assert facts.long_term


def test_what_the_registry_must_agree_with_is_named_by_hash() -> None:
    check = check_token(ROOM.code(), ROOM.evidence(), at=NOW)
    assert check.token is not None

    claimed = claimed_by(check.token)

    assert claimed.token_kid == ROOM.key.kid.hex()
    assert claimed.token_digest == sha256(check.token.to_be_signed).hexdigest()
    assert "老城" not in repr(claimed)


def test_division_999999_is_a_test() -> None:
    assert is_test_issuer("119999990000000511")
    assert not is_test_issuer("11330100MB1A2B3CX4")


def notices(text: str, trust: TrustList | None) -> list[tuple[str, Outcome, dict[str, str]]]:
    check = check_token(text, Evidence(trust=trust), at=NOW)
    return [(each.code, each.outcome, dict(each.params)) for each in check.notices]


def test_a_host_that_is_not_the_issuers_is_told_and_takes_nothing_from_the_code() -> None:
    text = ROOM.code(host="licences-test.example:8443")

    assert notices(text, ROOM.trust()) == [
        ("form.foreign_host", Outcome.PASSED, {"host": "licences-test.example:8443"})
    ]
    assert {each.code for each in found(text).values()} == {each.code for each in found(ROOM.code()).values()}


def test_the_issuers_own_host_is_no_news_in_either_case_of_letters() -> None:
    text = ROOM.code()
    office = replace(ROOM.trust().issuers[0], status_prefix="HTTPS://Licences.Test.Example/status/")

    assert notices(text.upper(), ROOM.trust()) == []
    assert notices(text, replace(ROOM.trust(), issuers=(office,))) == []


def test_hosts_are_not_compared_with_an_issuer_that_names_none_or_that_nobody_trusts() -> None:
    text = ROOM.code(host="elsewhere.example")
    office = replace(ROOM.trust().issuers[0], status_prefix="")

    assert notices(text, replace(ROOM.trust(), issuers=(office,))) == []
    assert notices(text, ROOM.trust(THIEF.trusted())) == []
    assert notices(text, None) == []


def test_claims_of_a_later_version_are_told_by_their_numbers() -> None:
    text = ROOM.code_that_says_more({100: "x"}, {30: 1})
    told = [("form.not_understood", Outcome.PASSED, {"claims": "100, 30"})]

    assert notices(text, ROOM.trust()) == told
    assert notices(text, None) == told
    assert found(text)[Check.SIGNATURE].code == "signature.good"
