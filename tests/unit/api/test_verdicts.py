"""Reports in words: the whole table of verdicts, in both languages, as the design's page has it."""

from datetime import date, timedelta

import pytest

from api.environment import Language
from api.verdicts import LOOKS, Border, Tone, public_facts, verdict_words
from tests.code_room import CLAIMS, HOST, ID, NOW, PREFIX, CodeRoom, Signer
from tests.town import BUREAU, Town
from verify.evidence import NOT_FOUND, UNREACHABLE, Evidence, OfficialAnswer
from verify.examine import examine, examine_id, examine_text
from verify.licence import licence_end
from verify.official_examine import examine_official_id, with_official
from verify.report import Check, Finding, Outcome, Report, Subject
from verify.states import LicenceState
from verify.verdict import Verdict

ROOM = CodeRoom()
TEXT = ROOM.code()

# The table of ux.md section 4: code, mark, border, family, exit code.
TABLE = """
unreadable ? dotted unread 2
tampered ✘ double ended 1
wrong_issuer ✘ double ended 1
unknown_issuer ? solid ended 1
not_found ✘ solid ended 1
not_in_log ✘ solid ended 5
log_inconsistent ⚠ double ended 5
signer_revoked ✘ solid ended 1
rescinded ✘ solid ended 3
revoked ✘ solid ended 3
withdrawn ✘ solid ended 3
cancelled ■ solid ended 3
ended ✘ solid ended 3
suspended ❚❚ dashed not-now 3
superseded ↻ dashed not-now 3
expired ⏱ dashed not-now 3
not_yet_valid ⏱ dashed not-now 3
show_code_expired ⏱ dotted not-now 4
show_code_used ⏱ dotted not-now 4
clock_wrong ◷ dotted undecided 4
status_unknown ◐ dotted undecided 4
unreachable ⇄ dotted unread 4
partly_valid ◑ dashed not-now 3
valid_expiring ✔ solid in-force 0
valid ✔ solid in-force 0
"""


def online(text: str = TEXT, **changes: object) -> Report:
    return examine_text(text, ROOM.evidence(registry=ROOM.answer(text, **changes)), at=NOW)


def with_failure(code: str, **params: str) -> Report:
    finding = Finding(check=Check(code.split(".", maxsplit=1)[0]), code=code, outcome=Outcome.FAILED, params=params)
    report = online()
    return report._replace(findings=(*report.findings, finding))


def sentence_of(report: Report, language: Language) -> str:
    return verdict_words(report, language, reference="a1b2").sentence


def test_the_table_is_that_of_the_design() -> None:
    rows = [line.split() for line in TABLE.split("\n") if line]

    assert [row[0] for row in rows] == [each.value for each in Verdict]
    for code, mark, border, tone, exit_code in rows:
        look = LOOKS[Verdict(code)]
        assert (look.mark, look.border, look.tone) == (mark, Border(border), Tone(tone)), code
        assert look.exit_code == int(exit_code), code


def test_what_is_in_force_is_green_and_nothing_else_is() -> None:
    assert {each for each in Verdict if LOOKS[each].tone is Tone.IN_FORCE} == {Verdict.VALID, Verdict.VALID_EXPIRING}
    assert {each for each in Verdict if LOOKS[each].exit_code == 0} == {Verdict.VALID, Verdict.VALID_EXPIRING}


def test_valid_names_what_was_checked_and_when() -> None:
    assert (
        sentence_of(online(), "zh") == "已核对：签名、发证机关、内容一致、登记状态、签发日志（2026年11月24日 10:00）。"
    )
    assert sentence_of(online(), "en") == (
        "Checked: Signature, Issuer, Contents, Status, Signing log (24 November 2026 10:00)."
    )
    by_id = examine_id(ID, Evidence(trust=None, registry=ROOM.answer(TEXT)), at=NOW)
    assert sentence_of(by_id, "zh") == "已核对：登记状态（2026年11月24日 10:00）。"


DOCUMENT = OfficialAnswer(
    document_id=ID.text,
    issuer=BUREAU,
    issuer_name="示例市行政审批服务局",
    issuer_name_en="Approval Service Bureau of Sample City",
    seal_code="11990000000001",
    sealed_at=NOW,
    document_digest="0" * 64,
    leaf=7,
)


@pytest.mark.parametrize(
    ("language", "following", "kind", "sealed_by", "fault"),
    [
        ("zh", "请核对手中的公文与所验的是否一致", ("文件", "公文"), "用印单位", "不是公文的问题。签名未核验。"),
        (
            "en",
            "Check that the document at hand is the one that was checked",
            ("Document", "Official document"),
            "Sealed by",
            "Not a fault of the document. Signature was not checked.",
        ),
    ],
)
def test_an_official_document_is_never_spoken_of_as_a_licence_that_somebody_bears(
    language: Language, following: str, kind: tuple[str, str], sealed_by: str, fault: str
) -> None:
    report = examine_official_id(ID, DOCUMENT, at=NOW)
    words, facts = verdict_words(report, language), public_facts(report, language)
    offline, missing = (with_official(report, each, at=NOW) for each in (UNREACHABLE, NOT_FOUND))

    assert (words.verdict, words.next_step) == (Verdict.VALID, following)
    named = {each.code: (each.name, each.value) for each in facts}
    assert named["kind"] == kind
    assert named["issuer"][0] == sealed_by
    assert sentence_of(offline, language) == fault
    test = verdict_words(report._replace(test=True), language).test_notice
    for said in (words.next_step, sentence_of(missing, language), test, *(each.name for each in facts)):
        assert not any(
            word in said.lower() for word in ("证照", "发证", "持证", "出示人", "licence", "bearer", "holder")
        )


def test_a_licence_is_still_to_be_compared_with_who_bears_it() -> None:
    words = verdict_words(online(), "zh")

    assert words.next_step == "请核对出示人身份"
    assert public_facts(online(), "zh")[0].name == "证照"


def test_a_licence_about_to_expire_says_in_how_many_days() -> None:
    until = date(2026, 12, 4)
    text = ROOM.code(valid_until=until, expires_at=licence_end(until))

    words = verdict_words(online(text, valid_until=until), "en")

    assert words.headline == "Valid, expires in 10 days"
    assert words.next_step == "Suggest renewal"


@pytest.mark.parametrize(
    ("state", "zh", "en"),
    [
        (
            LicenceState.REVOKED,
            "示例市行政审批服务局于2026年11月1日作出吊销决定（示罚1号）。",
            "Revoked by Approval Service Bureau of Sample City on 1 November 2026 (示罚1号).",
        ),
        (
            LicenceState.RESCINDED,
            "示例市行政审批服务局于2026年11月1日撤销：自始不应发给。",
            "Rescinded by Approval Service Bureau of Sample City on 1 November 2026: wrongly granted.",
        ),
        (
            LicenceState.WITHDRAWN,
            "依据或情况变化，2026年11月1日撤回。",
            "Withdrawn on 1 November 2026 after a change of law or facts.",
        ),
        (LicenceState.CANCELLED, "已于2026年11月1日办理注销。", "Deregistered on 1 November 2026."),
        (
            LicenceState.SUSPENDED,
            "2026年11月1日起暂扣，至2026年12月1日；期间不得使用。",
            "Suspended from 1 November 2026 to 1 December 2026; not usable meanwhile.",
        ),
        (
            LicenceState.SUPERSEDED,
            "本件已作废，新证编号 JY29999990000026。",
            "This copy is void; the new number is JY29999990000026.",
        ),
    ],
)
def test_each_act_is_told_in_the_words_of_the_law(state: LicenceState, zh: str, en: str) -> None:
    report = online(
        state=state,
        event_effective_on=date(2026, 11, 1),
        event_reference="示罚1号",
        suspended_until=date(2026, 12, 1),
        superseded_by_number="JY29999990000026",
    )

    assert sentence_of(report, "zh") == zh
    assert sentence_of(report, "en") == en


def test_an_expired_and_a_future_licence_say_their_day() -> None:
    expired = examine_text(TEXT, ROOM.evidence(), at=licence_end(date(2031, 9, 24)) + timedelta(days=2))
    future = examine_text(TEXT, ROOM.evidence(clock_offset=timedelta(0)), at=CLAIMS.issued_at - timedelta(days=1))

    assert sentence_of(expired, "zh") == "有效期至2031年9月24日，已过 3 天。"
    assert sentence_of(future, "en") == "Valid from 25 September 2026."


def test_a_stranger_is_told_with_the_date_of_the_list_and_a_wrong_issuer_by_name() -> None:
    stranger = examine_text(TEXT, ROOM.evidence(trust=ROOM.trust(Signer(8).trusted())), at=NOW)
    wrong = examine_text(TEXT, ROOM.evidence(trust=ROOM.trust(types=("x",))), at=NOW)

    assert sentence_of(stranger, "zh") == "信任名单（2026年11月21日版）中没有这个签署方。"
    assert sentence_of(wrong, "zh") == "签名真实，但 示例市行政审批服务局 无权签发11999999000000019M002。"


def test_what_was_not_reached_blames_no_licence_and_says_whether_the_signature_was_checked() -> None:
    signed = examine_text(TEXT, ROOM.evidence(None, registry=UNREACHABLE), at=NOW)
    unsigned = examine_id(ID, Evidence(trust=None, registry=UNREACHABLE), at=NOW)

    assert sentence_of(signed, "zh") == "不是证照的问题。签名已核验。"
    assert sentence_of(unsigned, "en") == "Not a fault of the licence. Signature was not checked."
    assert verdict_words(unsigned, "zh", reference="a1b2").next_step == "稍后再试（参考号 a1b2）"


def test_an_old_list_is_told_with_its_time_and_age() -> None:
    old = {f"{PREFIX}1": ROOM.status_list(age=timedelta(hours=30))}
    report = examine_text(TEXT, ROOM.evidence(status_lists=old), at=NOW)

    assert sentence_of(report, "zh") == "脱机，状态名单为 2026年11月23日 04:00（30 小时前）。"
    assert sentence_of(examine_text(TEXT, ROOM.evidence(None), at=NOW), "zh") == "脱机。"


def test_a_file_that_could_not_be_read_is_not_called_a_code() -> None:
    unread = examine_text("x", ROOM.evidence(), at=NOW)

    assert "二维码" in sentence_of(unread, "zh")
    assert "证照文件" in sentence_of(unread._replace(subject=Subject.DOCUMENT), "zh")


def test_the_rest_that_is_wrong_stands_under_also() -> None:
    report = with_failure("status.revoked")._replace(
        findings=(
            *with_failure("status.revoked").findings,
            *with_failure("term.expired", date="2026-11-01").findings[-1:],
        ),
    )

    assert verdict_words(report, "zh").also == ("有效期至 2026年11月1日",)


def test_every_check_has_a_line_with_a_mark_and_a_word() -> None:
    lines = verdict_words(online(), "zh").checks

    assert [(each.name, each.mark, each.result) for each in lines] == [
        ("格式", "✔", "通过"),
        ("签名", "✔", "通过"),
        ("发证机关", "✔", "通过"),
        ("内容一致", "✔", "通过"),
        ("有效期", "✔", "通过"),
        ("登记状态", "✔", "通过"),
        ("签发日志", "✔", "通过"),
        ("本机时间", "–", "未核验"),
    ]


def test_facts_are_few_public_and_in_the_order_of_the_paper() -> None:
    assert [(each.code, each.value) for each in public_facts(online(), "en")] == [
        ("kind", "Food business licence"),
        ("holder", CLAIMS.holder),
        ("number", CLAIMS.number),
        ("issuer", "Approval Service Bureau of Sample City"),
        ("valid_from", "25 September 2026"),
        ("valid_until", "24 September 2031"),
    ]


def test_a_forgery_shows_no_holder_and_no_number() -> None:
    forged = examine_text(ROOM.code(signer=Signer(8)), ROOM.evidence(), at=NOW)

    assert {each.code for each in public_facts(forged, "zh")} <= {"kind", "issuer"}


def test_a_long_term_licence_says_so() -> None:
    text = ROOM.code(valid_until=None, expires_at=None)

    facts = {each.code: each.value for each in public_facts(examine_text(text, ROOM.evidence(), at=NOW), "zh")}

    assert facts["valid_until"] == "长期"


def test_a_test_licence_says_so_with_any_verdict() -> None:
    assert verdict_words(online(), "zh").test_notice == "测试证照，不具法律效力"
    assert verdict_words(online()._replace(test=False), "zh").test_notice == ""


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("verdict", Verdict)
def test_no_verdict_has_an_empty_headline_or_next_step(verdict: Verdict, language: Language) -> None:
    report = tuple.__new__(Report, (*online()[:-1], verdict))

    words = verdict_words(report, language)

    assert words.headline
    assert words.next_step
    assert "{" not in words.headline + words.sentence + words.next_step


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_foreign_host_is_told_beside_the_verdict_and_is_no_line_of_what_was_checked(language: Language) -> None:
    plain, foreign = (verdict_words(online(ROOM.code(host=host)), language) for host in (HOST, "evil.example"))

    assert (foreign.verdict, foreign.headline, foreign.checks) == (plain.verdict, plain.headline, plain.checks)
    assert plain.notices == ()
    assert foreign.also == (*plain.also, *foreign.notices)
    assert "evil.example" in foreign.notices[0]


def test_offline_a_document_of_either_body_is_called_what_its_own_metadata_call_it(sqlite_town: Town) -> None:
    issued = sqlite_town.issues(sqlite_town.teacher_draft())

    reports = [
        examine(each, sqlite_town.evidence(), at=sqlite_town.now) for each in (issued.document, issued.ofd or b"")
    ]

    for report in reports:
        assert report.is_genuine
        assert verdict_words(report, "zh").kind == verdict_words(report, "en").kind == "教师资格证书"


def test_offline_a_code_has_no_name_for_its_type_and_that_is_said() -> None:
    report = examine_text(TEXT, ROOM.evidence(), at=NOW)

    assert verdict_words(report, "zh").kind == f"{CLAIMS.type_code}（名称须联机查）"
    assert verdict_words(report, "en").kind == f"{CLAIMS.type_code} (name not known offline)"
    assert verdict_words(online(), "zh").kind == "食品经营许可证"
