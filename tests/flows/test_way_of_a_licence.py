"""A licence over HTTP: issued, read, listed, checked by the public, suspended, reinstated, renewed, revoked."""

import uuid
from datetime import timedelta
from hashlib import sha256
from typing import Literal

import pytest

from tests.hall import Hall
from tests.town import SIGNBOARD
from verify.examine import examine
from verify.verdict import Verdict

Form = Literal["pdf", "ofd"]


def test_an_officer_issues_a_licence_and_the_public_checks_it(hall: Hall) -> None:
    issued = hall.issues()

    document = hall.ask("GET", f"/api/v1/licences/{issued['licence_id']}/document", key="officer")
    verdict = hall.ask("GET", f"/api/v1/checks/{issued['licence_id']}").json()

    assert document.headers["content-type"] == "application/pdf"
    assert document.headers["cache-control"] == "no-store"
    assert examine(document.content, hall.town.evidence(), at=hall.town.now).is_genuine
    assert (verdict["verdict"], verdict["in_force"], verdict["test"]) == ("valid", True, True)


def test_both_bodies_are_handed_out_byte_for_byte_and_each_is_recognised(hall: Hall) -> None:
    issued = hall.issues()
    path = f"/api/v1/licences/{issued['licence_id']}/document"

    for form, digest in (("pdf", issued["document_digest"]), ("ofd", issued["ofd_digest"])):
        answer = hall.ask("GET", path, key="officer", params={"form": form})
        again = hall.ask(
            "GET", path, key="officer", params={"form": form}, headers={"If-None-Match": answer.headers["etag"]}
        )
        upload = {"file": (f"a.{form}", answer.content, answer.headers["content-type"])}
        verdict = hall.ask("POST", "/api/v1/verifications/file", files=upload).json()

        assert answer.headers["content-type"] == f"application/{form}"
        assert answer.headers["content-disposition"].endswith(f'{issued["licence_id"]}.{form}"')
        assert answer.headers["etag"] == f'"{digest}"' == f'"{sha256(answer.content).hexdigest()}"'
        assert (again.status_code, again.content) == (304, b"")
        assert (verdict["verdict"], verdict["genuine"], verdict["facts"]["number"]) == ("valid", True, issued["number"])
    assert hall.ask("GET", path, key="officer", params={"form": "docx"}).status_code == 422
    assert hall.ask("GET", path, key="school-officer", params={"form": "ofd"}).status_code == 404


@pytest.mark.parametrize(("has", "lacks"), [("pdf", "ofd"), ("ofd", "pdf")])
def test_a_body_that_a_type_does_not_have_is_not_handed_out(sqlite_hall: Hall, has: Form, lacks: Form) -> None:
    sqlite_hall.town.has_only(SIGNBOARD, has)
    issued = sqlite_hall.issues()
    path = f"/api/v1/licences/{issued['licence_id']}/document"

    there = sqlite_hall.ask("GET", path, key="officer", params={"form": has})
    absent = sqlite_hall.ask("GET", path, key="officer", params={"form": lacks})

    assert (there.status_code, sha256(there.content).hexdigest()) == (200, issued["document_digest"])
    assert (issued["ofd_digest"] is None) is (has == "pdf")
    assert (absent.status_code, absent.json()["code"]) == (404, "licence.no_such_body")
    assert sqlite_hall.ask("GET", f"/api/v1/checks/{issued['licence_id']}").json()["verdict"] == "valid"


def test_the_code_of_a_licence_is_checked_with_its_signature(hall: Hall) -> None:
    issued = hall.issues()

    verdict = hall.ask("POST", "/api/v1/verifications", json={"text": issued["code_text"]})

    assert verdict.status_code == 200
    assert (verdict.json()["verdict"], verdict.json()["genuine"]) == ("valid", True)


def test_a_typed_id_is_checked_and_a_slip_is_told_as_one(hall: Hall) -> None:
    issued = hall.issues()
    typed = issued["typed_id"]
    slipped = typed[:-1] + ("0" if typed[-1] != "0" else "1")

    good = hall.ask("POST", "/api/v1/verifications", json={"id": typed.lower()})
    slip = hall.ask("POST", "/api/v1/verifications", json={"id": slipped})

    assert good.json()["verdict"] == "valid"
    assert (slip.status_code, slip.json()["code"]) == (422, "licence_id.mistyped")


def test_what_the_registry_does_not_have_is_a_verdict_and_no_error(hall: Hall) -> None:
    answer = hall.ask("GET", "/api/v1/checks/0000000000000000")

    assert (answer.status_code, answer.json()["verdict"]) == (200, "not_found")


def test_each_act_is_seen_by_the_next_check(hall: Hall) -> None:
    licence_id = hall.issues()["licence_id"]

    suspended = hall.acts(licence_id, "suspend", until=(hall.town.now + timedelta(days=30)).date().isoformat())
    while_suspended = hall.ask("GET", f"/api/v1/checks/{licence_id}").json()["verdict"]
    reinstated = hall.acts(licence_id, "reinstate", seen=suspended.headers["etag"])
    revoked = hall.acts(licence_id, "revoke", seen=reinstated.headers["etag"], reference="示市监罚字〔2026〕1号")
    events = hall.ask("GET", f"/api/v1/licences/{licence_id}/events", key="reviewer").json()["items"]

    assert suspended.json()["state"] == "suspended"
    assert while_suspended == "suspended"
    assert revoked.json()["state"] == "revoked"
    assert [each["event"] for each in events] == ["suspend", "reinstate", "revoke"]
    assert all(each["log_leaf"] is not None for each in events)
    assert hall.ask("GET", f"/api/v1/checks/{licence_id}").json()["verdict"] == "revoked"


def test_an_act_on_a_version_that_nobody_looked_at_is_refused(hall: Hall) -> None:
    licence_id = hall.issues()["licence_id"]
    body = {"event": "revoke", "reason": "示例", "legal_basis": "示例"}
    path = f"/api/v1/licences/{licence_id}/events"

    without = hall.ask("POST", path, key="officer", once=uuid.uuid4().hex, json=body)
    stale = hall.ask("POST", path, key="officer", once=uuid.uuid4().hex, seen='"7"', json=body)
    any_version = hall.ask("POST", path, key="officer", once=uuid.uuid4().hex, seen="*", json=body)

    assert (without.status_code, stale.status_code, any_version.status_code) == (428, 412, 400)
    assert hall.ask("GET", f"/api/v1/licences/{licence_id}", key="officer").json()["state"] == "in_force"


def test_an_act_without_its_grounds_names_the_field(hall: Hall) -> None:
    licence_id = hall.issues()["licence_id"]

    answer = hall.acts(licence_id, "revoke", reason=" ")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/reason"


def test_a_renewal_is_drafted_issued_and_supersedes_the_old_version(hall: Hall) -> None:
    old = hall.issues()
    until = (hall.town.signboard_draft().valid_until or hall.town.now.date()) + timedelta(days=200)
    path = f"/api/v1/licences/{old['licence_id']}/renew"
    body = {"valid_from": hall.town.now.date().replace(year=2027).isoformat(), "valid_until": until.isoformat()}

    draft = hall.ask("POST", path, key="officer", once=uuid.uuid4().hex, seen='"1"', json=body)
    path = f"{draft.headers['location']}/issue"
    new = hall.ask("POST", path, key="officer", once=uuid.uuid4().hex, seen=draft.headers["etag"])

    assert (draft.status_code, new.status_code) == (201, 201), new.text
    assert (new.json()["version"], new.json()["number"]) == (2, old["number"])
    verdict = hall.ask("GET", f"/api/v1/checks/{old['licence_id']}").json()
    assert verdict["verdict"] == "superseded"


def test_a_type_with_a_reviewer_goes_from_draft_to_licence_by_two_keys(hall: Hall) -> None:
    body = hall.body(hall.town.food_draft())
    draft = hall.ask("POST", "/api/v1/drafts", key="officer", json=body)
    path = draft.headers["location"]
    submitted = hall.ask("POST", f"{path}/submit", key="officer", seen=draft.headers["etag"])

    too_early = hall.ask("POST", f"{path}/issue", key="officer", once=uuid.uuid4().hex, seen=submitted.headers["etag"])
    approved = hall.ask("POST", f"{path}/approve", key="reviewer", seen=submitted.headers["etag"])
    issued = hall.ask("POST", f"{path}/issue", key="officer", once=uuid.uuid4().hex, seen=approved.headers["etag"])

    assert (too_early.status_code, too_early.json()["code"]) == (409, "draft.not_approved")
    assert approved.json()["state"] == "approved"
    assert issued.status_code == 201
    assert hall.ask("GET", path, key="reviewer").json()["licence_id"] == issued.json()["licence_id"]


def test_a_draft_that_cannot_be_issued_is_not_handed_to_the_reviewer(hall: Hall) -> None:
    latin = "Sample Trading and Catering Services Holding Company of the New Harbour District" * 2
    bad = hall.town.draft("11999999000000019M006", holder_name=latin[:150])
    draft = hall.ask("POST", "/api/v1/drafts", key="officer", json=hall.body(bad))
    path = draft.headers["location"]

    refused = hall.ask("POST", f"{path}/submit", key="officer", seen=draft.headers["etag"])

    assert (refused.status_code, refused.json()["code"]) == (422, "fields.invalid")
    assert [each["code"] for each in refused.json()["errors"]] == ["page.text_overflow", "page.text_overflow"]
    assert hall.ask("GET", path, key="officer").json()["state"] == "draft"


def test_a_key_with_both_roles_does_not_approve_its_own_draft(hall: Hall) -> None:
    from registry.records import Role
    from tests.town import BUREAU

    hall.gives_key("both", BUREAU, Role.ISSUING_OFFICER, Role.REVIEWER)
    draft = hall.ask("POST", "/api/v1/drafts", key="both", json=hall.body(hall.town.food_draft()))
    path = draft.headers["location"]
    submitted = hall.ask("POST", f"{path}/submit", key="both", seen=draft.headers["etag"])

    answer = hall.ask("POST", f"{path}/approve", key="both", seen=submitted.headers["etag"])

    assert (answer.status_code, answer.json()["code"]) == (403, "draft.own_review")


def test_a_type_with_a_reviewer_is_not_issued_at_once(hall: Hall) -> None:
    body = hall.body(hall.town.food_draft())

    answer = hall.ask("POST", "/api/v1/licences", key="officer", once=uuid.uuid4().hex, json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "draft.not_approved")
    assert hall.ask("GET", "/api/v1/drafts", key="officer").json()["items"] == []


def test_a_returned_draft_is_mended_and_an_old_version_is_not_written_over(hall: Hall) -> None:
    draft = hall.ask("POST", "/api/v1/drafts", key="officer", json=hall.body(hall.town.food_draft()))
    path = draft.headers["location"]
    submitted = hall.ask("POST", f"{path}/submit", key="officer", seen=draft.headers["etag"])
    returned = hall.ask("POST", f"{path}/return", key="reviewer", seen=submitted.headers["etag"])
    mended = hall.body(hall.town.food_draft(), holder_name="示例市新城餐饮有限公司")

    stale = hall.ask("PUT", path, key="officer", seen=draft.headers["etag"], json=mended)
    changed = hall.ask("PUT", path, key="officer", seen=returned.headers["etag"], json=mended)

    assert stale.status_code == 412
    assert changed.json()["holder_name"] == "示例市新城餐饮有限公司"


def test_a_list_is_paged_by_cursor_to_its_end(hall: Hall) -> None:
    ids = {hall.issues(holder_name=f"示例{number}号店")["licence_id"] for number in range(3)}
    seen, path = [], "/api/v1/licences?limit=2&state=in_force"

    while path:
        page = hall.ask("GET", path, key="officer")
        seen += [each["licence_id"] for each in page.json()["items"]]
        link = page.headers.get("link", "")
        path = link.partition(">")[0].removeprefix("<")

    assert len(seen) == 3
    assert set(seen) == ids


def test_a_foreign_cursor_is_refused(hall: Hall) -> None:
    for cursor in ("zzz", "ZHJhZnRzOjE", "%00"):
        answer = hall.ask("GET", "/api/v1/licences", key="officer", params={"cursor": cursor})

        assert answer.status_code == 400
        assert answer.json()["code"] == "cursor.malformed"


def test_who_has_the_version_already_gets_no_body(hall: Hall) -> None:
    issued = hall.issues()
    path = f"/api/v1/licences/{issued['licence_id']}"
    first = hall.ask("GET", path, key="officer")

    second = hall.ask("GET", path, key="officer", headers={"If-None-Match": first.headers["etag"]})
    hall.acts(issued["licence_id"], "suspend")
    third = hall.ask("GET", path, key="officer", headers={"If-None-Match": first.headers["etag"]})

    assert (second.status_code, second.content) == (304, b"")
    assert third.status_code == 200


def test_a_photo_comes_as_base64(hall: Hall) -> None:
    import base64

    draft = hall.town.teacher_draft()
    body = hall.body(draft, photo=base64.b64encode(draft.photo or b"").decode())

    saved = hall.ask("POST", "/api/v1/drafts", key="school-officer", json=body)
    refused = hall.ask("POST", "/api/v1/drafts", key="school-officer", json=body | {"photo": "no base64!"})

    assert saved.json()["has_photo"] is True
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/photo")


def test_the_public_sees_a_masked_name_and_no_number_of_a_person(hall: Hall) -> None:
    draft = hall.town.teacher_draft()
    issued = hall.town.issues(draft)

    answer = hall.ask("GET", f"/api/v1/checks/{issued.record.licence_id}")

    assert draft.holder_name not in answer.text
    assert draft.holder_code not in answer.text
    assert answer.json()["verdict"] == Verdict.VALID.value
