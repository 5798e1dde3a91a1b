"""People sign in on the pages, without JavaScript: invitation, second factor, sessions, and what each role is shown."""

import re
from datetime import timedelta

import pytest

from api.pages.doors import cookie_name
from registry.db import reading, transaction
from registry.people import close_person
from registry.records import Role
from registry.sessions import IDLE_MAX, LIFE_MAX, sessions_of
from tests.hall import Hall, sqlite_hall
from tests.staff_browser import PASSWORD, StaffBrowser
from tests.town import SCHOOLS, founded_on_sqlite, sqlite_town
from verify.receipt import check_verification_receipt
from verify.receipt_file import read_receipt_file

__all__ = ["founded_on_sqlite", "sqlite_hall", "sqlite_town"]

OTHER_PASSWORD = "der lange Weg ueber Berge 长路漫漫"


@pytest.fixture
def browser(sqlite_hall: Hall) -> StaffBrowser:
    """A browser that nobody signed in with."""
    return StaffBrowser(hall=sqlite_hall)


def test_who_was_invited_chooses_a_password_and_is_signed_in(browser: StaffBrowser) -> None:
    page = browser.accepts(browser.hires("clerk", Role.COUNTER))

    assert page.status_code == 200
    assert "Signed in as 示例clerk" in page.text
    assert "/office/desk" in page.text
    assert "/office/people" not in page.text
    assert "/office/log" not in page.text


def test_an_invitation_is_good_once(browser: StaffBrowser) -> None:
    invitation = browser.hires("clerk", Role.COUNTER)
    browser.accepts(invitation)

    again = StaffBrowser(hall=browser.hall).accepts(invitation)

    assert again.status_code == 422
    assert "The invitation is not known" in again.text


@pytest.mark.parametrize(
    ("password", "repeated", "said"),
    [
        ("short", "short", "at least 12"),
        ("password1234", "password1234", "12 to 128 characters"),
        ("clerk-clerk-clerk", "clerk-clerk-clerk", "12 to 128 characters"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "12 to 128 characters"),
        (PASSWORD, OTHER_PASSWORD, "The two passwords differ"),
    ],
)
def test_a_weak_or_mistyped_password_is_asked_for_again(
    browser: StaffBrowser, password: str, repeated: str, said: str
) -> None:
    code = browser.hires("clerk", Role.COUNTER)

    page = browser.sends("/invitation", on="/invitation", code=code, password=password, repeated=repeated)

    assert page.status_code == 422
    assert said.lower() in page.text.lower()
    assert browser.sends("/invitation", password=PASSWORD, repeated=PASSWORD).status_code == 200


def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it(browser: StaffBrowser) -> None:
    chosen = {"code": browser.hires("clerk", Role.COUNTER), "password": PASSWORD, "repeated": PASSWORD}
    browser.opens("/invitation")

    answer = browser.asks("POST", "/invitation", data={**browser.form("/invitation"), **chosen})

    cookies = [each for each in answer.headers.get_list("set-cookie") if each.startswith("__Host-yinzheng=")]
    assert len(cookies) == 1
    for part in ("; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"):
        assert part in cookies[0]
    assert "Domain" not in cookies[0]


def test_whoever_uses_a_seal_sets_up_a_second_factor_before_any_page_opens(browser: StaffBrowser) -> None:
    page = browser.accepts(browser.hires("signer", Role.ISSUING_OFFICER))
    assert "Set up an authenticator" in page.text
    assert "Set up an authenticator" in browser.opens("/office").text

    codes = browser.enrols()

    assert len(codes) == 10
    assert "Signed in as" in browser.opens("/office").text


def test_at_the_next_sign_in_the_code_is_asked_for_and_taken_once(browser: StaffBrowser) -> None:
    browser.arrives("signer", Role.ISSUING_OFFICER)
    browser.sends("/sign-out", on="/office")

    assert "Second factor" in browser.signs_in("signer").text
    assert "Second factor" in browser.opens("/office").text, "no page before the second factor"
    digits = browser.digits()
    assert "Signed in as" in browser.sends("/sign-in/second-factor", on="/sign-in/second-factor", digits=digits).text

    other = StaffBrowser(hall=browser.hall)
    other.signs_in("signer")
    again = other.sends("/sign-in/second-factor", digits=digits)
    assert again.status_code == 422
    assert "is wrong" in again.text


def test_a_recovery_code_stands_for_the_phone_once(browser: StaffBrowser) -> None:
    browser.accepts(browser.hires("signer", Role.ISSUING_OFFICER))
    codes = browser.enrols()

    for expected in (200, 422):
        other = StaffBrowser(hall=browser.hall)
        other.signs_in("signer")
        assert other.sends("/sign-in/second-factor", digits=codes[3].lower()).status_code == expected


def test_an_invitation_alone_does_not_open_an_account_with_a_second_factor(browser: StaffBrowser) -> None:
    browser.arrives("signer", Role.ISSUING_OFFICER)

    thief = StaffBrowser(hall=browser.hall)
    page = thief.accepts(browser.invites("signer"), OTHER_PASSWORD)

    assert "Second factor" in page.text
    assert thief.opens("/sign-in/authenticator").url.path.endswith("/sign-in/second-factor"), "nor sets up another"


def test_wrong_and_unknown_are_told_alike(browser: StaffBrowser) -> None:
    browser.accepts(browser.hires("clerk", Role.COUNTER))
    browser.hires("invited", Role.COUNTER)

    pages = [StaffBrowser(hall=browser.hall).signs_in(name, OTHER_PASSWORD) for name in ("clerk", "nobody", "invited")]

    assert [page.status_code for page in pages] == [422, 422, 422]
    texts = {re.sub(r'value="[^"]*"|<b>[0-9a-f]+</b>', "", page.text) for page in pages}
    assert len(texts) == 1


def test_a_closed_account_is_out_at_once(browser: StaffBrowser) -> None:
    browser.arrives("clerk", Role.COUNTER)
    with transaction(browser.hall.office.database) as tx:
        close_person(tx, "clerk")

    assert browser.opens("/office").url.path.endswith("/sign-in")
    assert browser.signs_in("clerk").status_code == 422


@pytest.mark.parametrize("pause", [IDLE_MAX, LIFE_MAX])
def test_a_session_ends_by_itself_and_leads_back_to_where_one_was(browser: StaffBrowser, pause: timedelta) -> None:
    browser.arrives("clerk", Role.COUNTER)
    browser.hall.town.clock.moves(pause)

    page = browser.opens("/office/desk")
    assert page.url.path.endswith("/sign-in")

    page = browser.sends("/sign-in", account="clerk", password=PASSWORD)
    assert page.url.path.endswith("/office/desk")


def test_a_form_of_a_session_that_ended_is_not_done(browser: StaffBrowser) -> None:
    browser.arrives("clerk", Role.COUNTER)
    browser.opens("/office/account")
    browser.hall.town.clock.moves(IDLE_MAX)

    page = browser.sends("/office/account/sessions/end-all")

    assert page.status_code == 401
    assert "Sign in again" in page.text


def test_sign_out_makes_the_cookie_void(browser: StaffBrowser) -> None:
    browser.arrives("clerk", Role.COUNTER)
    kept = dict(browser.cookies)
    browser.sends("/sign-out", on="/office")

    browser.cookies = kept

    assert browser.opens("/office").url.path.endswith("/sign-in")


def test_a_session_is_drawn_anew_at_each_step_and_one_that_somebody_planted_is_never_signed_in(
    browser: StaffBrowser,
) -> None:
    hall, name = browser.hall, cookie_name("yinzheng", is_secure=True)
    browser.arrives("signer", Role.ISSUING_OFFICER)
    browser.sends("/sign-out", on="/office")
    thief = StaffBrowser(hall=hall).arrives("thief", Role.COUNTER)

    def is_dead(cookie: str) -> bool:
        return StaffBrowser(hall=hall, cookies={name: cookie}).opens("/office").url.path.endswith("/sign-in")

    for planted in ("A" * 43, thief.cookies[name]):
        victim = StaffBrowser(hall=hall, secret=browser.secret, cookies={name: planted})
        victim.signs_in("signer")
        half = victim.cookies[name]
        hall.town.clock.moves(timedelta(seconds=30))  # for the next digits
        victim.sends("/sign-in/second-factor", digits=victim.digits())
        whole = victim.cookies[name]

        assert "Signed in as 示例signer" in victim.opens("/office").text
        assert len({planted, half, whole}) == 3
        assert is_dead(planted), "neither taken over, nor left behind"
        assert is_dead(half), "the session before the second factor"
        assert victim.opens(f"/office?{name}={planted}").status_code == 200
        kept = dict(victim.cookies)
        victim.sends("/sign-out", on="/office")
        assert (name in victim.cookies, is_dead(whole)) == (False, True)
        with reading(hall.office.database) as tx:
            assert sessions_of(tx, "signer", at=hall.office.clock()) == (), "on the server too"
        assert StaffBrowser(hall=hall, cookies=kept).asks("POST", "/sign-out").status_code == 401
    assert StaffBrowser(hall=hall).opens(f"/office?{name}={whole}").url.path.endswith("/sign-in"), "nor by an address"


def test_sign_out_everywhere_ends_the_other_browsers_too(browser: StaffBrowser) -> None:
    browser.arrives("clerk", Role.COUNTER)
    other = StaffBrowser(hall=browser.hall)
    other.signs_in("clerk")
    assert other.opens("/office/account").text.count("<tr><td>") == 2

    browser.sends("/office/account/sessions/end-all", on="/office/account")

    assert other.opens("/office").url.path.endswith("/sign-in")
    assert browser.opens("/office").url.path.endswith("/sign-in")


def test_one_other_browser_can_be_signed_out(browser: StaffBrowser) -> None:
    browser.arrives("clerk", Role.COUNTER)
    other = StaffBrowser(hall=browser.hall)
    other.signs_in("clerk")

    page = browser.sends("/office/account/sessions/end", on="/office/account")

    assert page.text.count("<tr><td>") == 1
    assert other.opens("/office").url.path.endswith("/sign-in")


def test_a_form_of_elsewhere_is_refused(browser: StaffBrowser) -> None:
    browser.arrives("clerk", Role.COUNTER)
    own = browser.form("/sign-out")
    other = StaffBrowser(hall=browser.hall)
    other.signs_in("clerk")
    foreign = other.form("/sign-out")

    for form in ({}, {**own, "mark": "0" * 64}, {**own, "once": "A" * 22}, foreign):
        assert browser.asks("POST", "/sign-out", data=form).status_code == 403
    assert browser.opens("/office").status_code == 200


def test_a_form_is_done_once(browser: StaffBrowser) -> None:
    browser.arrives("clerk", Role.COUNTER)
    form = {**browser.form("/sign-out")}
    path = "/office/account/sessions/end"

    first = browser.asks("POST", path, data={**form, "session": "0" * 16})
    second = browser.asks("POST", path, data={**form, "session": "0" * 16})

    assert (first.status_code, second.status_code) == (303, 409)


def test_the_sign_in_form_is_taken_only_from_the_browser_that_has_it(browser: StaffBrowser) -> None:
    browser.hires("clerk", Role.COUNTER)
    browser.opens("/sign-in")
    form = {**browser.form("/sign-in"), "account": "clerk", "password": PASSWORD}

    assert StaffBrowser(hall=browser.hall).asks("POST", "/sign-in", data=form).status_code == 403


def test_after_sign_in_nobody_is_led_elsewhere(browser: StaffBrowser) -> None:
    browser.accepts(browser.hires("clerk", Role.COUNTER))

    for target in ("https://evil.example/", "//evil.example/office", "/office/../..//evil.example", "/check"):
        other = StaffBrowser(hall=browser.hall)
        other.opens("/sign-in")
        page = other.sends("/sign-in", account="clerk", password=PASSWORD, next=target)
        assert page.url.path == "/office", target


def test_an_administrator_invites_and_gives_roles_after_a_new_proof(browser: StaffBrowser) -> None:
    browser.arrives("head", Role.ADMINISTRATOR)
    browser.hires("clerk", Role.COUNTER)
    browser.hall.town.clock.moves(timedelta(minutes=6))

    page = browser.sends("/office/people/clerk/invitation", on="/office/people")
    assert "Prove that it is you" in page.text
    page = browser.sends("/office/confirmation", password=PASSWORD, digits=browser.digits())
    assert page.url.path == "/office/people"
    page = browser.sends("/office/people/clerk/invitation")
    address = re.search(r"/invitation#([A-Z2-7]{16,})<", page.text)
    assert address is not None, "behind #, where it reaches no server's log"
    assert browser.opens(f"/invitation?lang=en&code={address[1]}").text.count(address[1]) == 0

    browser.sends("/office/people/clerk/roles", on="/office/people", role=["auditor"])
    invitation = browser.invites("clerk")
    clerk = StaffBrowser(hall=browser.hall)
    clerk.accepts(invitation)
    assert clerk.opens("/office/log").status_code == 200
    assert clerk.opens("/office/desk").status_code == 403


def test_who_is_given_a_role_with_a_second_factor_uses_it_in_no_session_without_one(browser: StaffBrowser) -> None:
    clerk = StaffBrowser(hall=browser.hall).arrives("clerk", Role.COUNTER)
    browser.arrives("head", Role.ADMINISTRATOR)

    browser.sends("/office/people/clerk/roles", on="/office/people", role=["counter", "issuing_officer"])

    assert clerk.opens("/office/licences").url.path.endswith("/sign-in")
    assert "Set up an authenticator" in clerk.signs_in("clerk").text


def test_roles_that_must_stay_apart_and_ones_own_are_refused(browser: StaffBrowser) -> None:
    browser.arrives("head", Role.ADMINISTRATOR)
    browser.hires("clerk", Role.COUNTER)

    mixed = browser.sends("/office/people/clerk/roles", on="/office/people", role=["auditor", "seal_custodian"])
    assert mixed.status_code == 422
    browser.opens("/office/people")
    own = browser.asks("POST", "/office/people/head/close?lang=en", data=browser.form("/sign-out"))
    assert own.status_code == 422
    assert "another administrator" in own.text


def test_a_closed_colleague_is_signed_out(browser: StaffBrowser) -> None:
    clerk = StaffBrowser(hall=browser.hall).arrives("clerk", Role.COUNTER)
    browser.arrives("head", Role.ADMINISTRATOR)

    browser.sends("/office/people/clerk/close", on="/office/people")

    assert clerk.opens("/office").url.path.endswith("/sign-in")
    assert "示例clerk" not in browser.opens("/office/people").text


def test_a_new_password_ends_the_other_sessions(browser: StaffBrowser) -> None:
    browser.arrives("clerk", Role.COUNTER)
    other = StaffBrowser(hall=browser.hall)
    other.signs_in("clerk")

    browser.sends("/office/account/password", on="/office/account", password=OTHER_PASSWORD, repeated=OTHER_PASSWORD)

    assert browser.opens("/office").status_code == 200
    assert other.opens("/office").url.path.endswith("/sign-in")
    assert other.signs_in("clerk", PASSWORD).status_code == 422
    assert other.signs_in("clerk", OTHER_PASSWORD).status_code == 200


def test_a_key_opens_no_page_and_a_session_nothing_of_the_interface(browser: StaffBrowser) -> None:
    browser.arrives("auditor-1", Role.AUDITOR)

    assert browser.hall.ask("GET", "/office/log", key="auditor").status_code == 401
    assert browser.asks("GET", "/api/v1/verifications").status_code == 401


def test_on_this_very_machine_without_https_the_cookie_has_a_plain_name() -> None:
    assert cookie_name("yinzheng", is_secure=False) == "yinzheng"
    assert cookie_name("yinzheng", is_secure=True) == "__Host-yinzheng"


def test_a_stranger_who_guesses_does_not_keep_the_owner_waiting(browser: StaffBrowser) -> None:
    browser.accepts(browser.hires("clerk", Role.COUNTER))
    slow = browser.hall.app.state.house.passwords
    for _ in range(11):
        slow.begin("clerk ")  # as if strangers had guessed so often

    assert StaffBrowser(hall=browser.hall).signs_in("clerk").status_code == 429
    assert browser.signs_in("clerk").status_code == 200


def test_the_password_alone_gets_no_fresh_count_of_guesses_at_the_code(browser: StaffBrowser) -> None:
    browser.arrives("signer", Role.ISSUING_OFFICER)
    slow = browser.hall.app.state.house.codes
    for _ in range(5):
        slow.begin("signer ")  # as if somebody had guessed so often in browsers that nobody was whole in

    thief = StaffBrowser(hall=browser.hall)
    thief.signs_in("signer")
    assert thief.sends("/sign-in/second-factor", digits="000000").status_code == 429

    browser.sends("/sign-out", on="/office")
    browser.signs_in("signer")
    assert "Signed in as" in browser.sends("/sign-in/second-factor", digits=browser.digits()).text


def test_the_auditor_compares_a_kept_checkpoint(browser: StaffBrowser) -> None:
    browser.arrives("auditor-1", Role.AUDITOR)
    kept = browser.hall.ask("GET", "/log/checkpoint").text
    browser.hall.issues()

    assert "Append-only" in browser.sends("/office/log", on="/office/log", kept=kept.replace("\n", "\r\n")).text
    other = kept.replace(kept.split("\n")[1], "3", 1)
    assert "Cannot tell" in browser.sends("/office/log", on="/office/log", kept=other).text


def test_a_clerk_sees_more_only_for_a_purpose_and_leaves_a_receipt(browser: StaffBrowser) -> None:
    browser.arrives("clerk", Role.COUNTER)
    issued = browser.hall.issues()
    purpose = {"purpose": "supervision", "basis": "行政许可法第六十一条"}

    plain = browser.sends("/office/desk", on="/office/desk", entry=issued["licence_id"])
    stated = browser.sends("/office/desk", on="/office/desk", entry=issued["licence_id"], **purpose)
    open_number = browser.sends("/office/desk", on="/office/desk", number=issued["number"])
    both = browser.sends("/office/desk", on="/office/desk", entry=issued["licence_id"], number="另一编号", **purpose)
    blank = browser.sends(
        "/office/desk", on="/office/desk", entry=issued["licence_id"], **purpose | {"basis": "\u3000"}
    )

    assert plain.status_code == stated.status_code == 200
    assert re.findall(r"<h1>.*</h1>", plain.text) == re.findall(r"<h1>.*</h1>", stated.text)
    assert "data-receipt" not in plain.text
    assert "data-field" not in plain.text
    receipt = re.search(r"<b data-receipt>([0-9a-f]+)</b>", stated.text)
    assert receipt is not None
    assert browser.hall.ask("GET", f"/api/v1/verifications/{receipt[1]}", key="counter").status_code == 200
    assert "kept in the receipt until its day" in stated.text
    assert "keeps nothing" not in stated.text
    assert [each.status_code for each in (open_number, both, blank)] == [422] * 3
    assert "Fill in one of them" in both.text


def test_a_clerk_keeps_the_receipt_sees_the_department_s_and_what_was_recalled(browser: StaffBrowser) -> None:
    browser.arrives("clerk", Role.COUNTER)
    hall, issued = browser.hall, browser.hall.issues()
    assert "no receipt yet" in browser.opens("/office/receipts").text
    purpose = {"purpose": "supervision", "basis": "行政许可法第六十一条", "case": "示检〔2026〕7号"}
    page = browser.sends("/office/desk", on="/office/desk", entry=issued["licence_id"], **purpose)
    places = re.findall(r'href="(/office/receipts/[0-9a-f]{32}/(?:page|signed))', page.text)

    paper, signed = (browser.opens(each) for each in places)
    kept = read_receipt_file(signed.content)
    listed = browser.opens("/office/receipts")
    hall.acts(issued["licence_id"], "revoke")
    recalled = browser.opens("/office/receipts")
    stranger = StaffBrowser(hall=hall).arrives("stranger", Role.COUNTER, department=SCHOOLS)

    assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    assert read_receipt_file(paper.content).content == kept.content
    assert check_verification_receipt(kept.content, hall.office.evidence().trust, proof=kept.proof).is_good
    assert "示检〔2026〕7号" in listed.text
    assert "Recalled" not in listed.text
    assert re.search(r"Recalled.*revoked.*in force", recalled.text, re.DOTALL | re.IGNORECASE), recalled.text
    assert [stranger.opens(each).status_code for each in places] == [404, 404]
    assert "示检" not in stranger.opens("/office/receipts").text
