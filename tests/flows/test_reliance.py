"""An office relies on a licence: purpose, fields, receipt, list, paper, recall; and everything that it may not."""

import base64
import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from hashlib import sha256
from typing import Any

import zxingcpp
from httpx import Response
from pypdfium2 import PdfDocument
from sqlalchemy import select, update

from api.v1.receipts import BATCHES_OF_ONE_MAX, BUSY_SECONDS
from registry.db import reading, transaction
from registry.licences import find_licence
from registry.records import Role
from registry.tables import VERIFICATION_RECEIPT
from tests.hall import Hall, settings_of
from tests.mutations import last_bit_changed
from tests.town import BUREAU, BUSINESS, FOOD, HOLDER, SCHOOLS, Town
from verify.receipt import check_verification_receipt, read_receipt
from verify.receipt_file import canonical_answer, read_receipt_file
from verify.report import Check, Outcome
from verify.timestamp_token import check_timestamp

FOOD_ITEM = "1199999900000005113000131012000"
OPERATOR = "5f" * 16
SUPERVISION = {
    "purpose": "supervision",
    "legal_basis": "《食品安全法》第一百一十条",
    "case_number": "示检〔2026〕7号",
    "operator": OPERATOR,
}
STAMPED = SUPERVISION | {"timestamp": True}
IN_PLACE_OF_A_PAPER = {
    "purpose": "materials-reduction",
    "legal_basis": "国务院令第716号第十条",
    "item_code": FOOD_ITEM,
}


def relies(hall: Hall, key: str = "counter", *, reliance: dict[str, Any] | None = None, **asked: Any) -> Any:
    body = {**asked, "reliance": reliance or SUPERVISION}
    return hall.ask("POST", "/api/v1/verifications", key=key, json=body)


def text_of(hall: Hall, issued: dict[str, Any]) -> str:
    with reading(hall.office.database) as tx:
        licence = find_licence(tx, issued["licence_id"])
    assert licence is not None
    return licence.token_text


def answered(hall: Hall, **asked: Any) -> dict[str, Any]:
    answer = relies(hall, **asked)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_receipt_says_what_was_found_for_whom_and_what_for_and_proves_it(hall: Hall) -> None:
    issued = hall.issues()

    body = answered(hall, text=text_of(hall, issued))

    cose = base64.b64decode(body["receipt"]["cose"])
    said = read_receipt(cose)
    check = check_verification_receipt(cose, hall.office.evidence().trust, proof=body["receipt"]["proof"])
    without = {name: value for name, value in body.items() if name != "receipt"}
    assert [each.outcome for each in check.findings] == [Outcome.PASSED] * 3
    assert body["verdict"] == "valid"
    assert (said.office, said.licence_id, said.result) == (BUREAU, issued["licence_id"], 0)
    assert (said.purpose, said.case_number, said.operator.hex()) == ("supervision", "示检〔2026〕7号", OPERATOR)
    assert said.answer == sha256(canonical_answer(json.loads(json.dumps(without)))).digest()
    assert said.checks["signature"] == said.checks["log"] == 0
    assert "tl_seq" in said.checks


def test_a_purpose_sees_the_fields_that_the_catalogue_names_and_no_others(sqlite_hall: Hall) -> None:
    hall = sqlite_hall
    issued = hall.issues()

    seen = answered(hall, text=text_of(hall, issued))
    other = answered(hall, text=text_of(hall, issued), reliance=SUPERVISION | {"purpose": "judicial"})

    assert [each["code"] for each in seen["fields"]] == ["KZ_SZDD", "KZ_ZPNR", "KZ_ZPXS", "KZ_GG", "KZ_SL"]
    assert other["fields"] == []
    assert read_receipt(base64.b64decode(seen["receipt"]["cose"])).fields[-5:] == (100, 101, 102, 103, 104)


def test_in_place_of_a_paper_an_item_sees_what_it_asks_for_alone(hall: Hall) -> None:
    town = hall.town
    business = town.issues(town.draft(BUSINESS)).record
    signboard = hall.issues()

    paper = answered(hall, text=business.token_text, reliance=IN_PLACE_OF_A_PAPER)
    no_paper = answered(hall, text=text_of(hall, signboard), reliance=IN_PLACE_OF_A_PAPER)

    assert "KZ_FDDBR" in [each["code"] for each in paper["fields"]]
    assert no_paper["verdict"] == "valid"
    assert no_paper["fields"] == []


def test_a_persons_name_and_number_are_shown_only_where_the_catalogue_names_them(sqlite_hall: Hall) -> None:
    hall = sqlite_hall
    town = hall.town
    teacher = town.issues(town.teacher_draft()).record
    approval = {"purpose": "approval", "legal_basis": "教师法第十条"}

    supervised = relies(hall, text=teacher.token_text).text
    approved = answered(hall, text=teacher.token_text, reliance=approval)

    assert teacher.holder_name not in supervised
    assert teacher.holder_code not in supervised
    shown = {each["code"]: each["value"] for each in approved["fields"]}
    assert (shown["holder_name"], shown["holder_code"]) == (teacher.holder_name, teacher.holder_code)
    assert approved["facts"]["holder"] != teacher.holder_name


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"item_code": None}, 422, "reliance.item"),
    ({"item_code": "1199999900000005113000131099000"}, 422, "reliance.item"),
    ({"item_code": "1199999900000006XQ3000131012000"}, 403, "reliance.other_item"),
    ({"keep_until": "2026-11-23"}, 422, "reliance.keep_until"),
    ({"keep_until": "2060-01-01"}, 422, "reliance.keep_until"),
    ({"legal_basis": ""}, 422, "fields.invalid"),
    ({"legal_basis": " \u3000"}, 422, "fields.invalid"),
    ({"legal_basis": "第十条\u202e条十第"}, 422, "fields.invalid"),
    ({"case_number": "2026\u20281"}, 422, "fields.invalid"),
    ({"purpose": "curiosity"}, 422, "fields.invalid"),
    ({"operator": "Wang"}, 422, "fields.invalid"),
    ({"operator_name": "Wang"}, 422, "fields.invalid"),
    ({"item_code": "1199\0"}, 422, "fields.invalid"),
]


def test_a_purpose_that_does_not_hold_is_refused_before_anything_is_checked(sqlite_hall: Hall) -> None:
    for change, status, code in REFUSED:
        answer = relies(sqlite_hall, id="0" * 16, reliance=IN_PLACE_OF_A_PAPER | change)
        assert (answer.status_code, answer.json()["code"]) == (status, code), change
    assert sqlite_hall.ask("GET", "/api/v1/verifications", key="counter").json()["items"] == []


def test_what_a_registry_cannot_be_asked_for_is_refused_and_breaks_nobody_elses_round(sqlite_hall: Hall) -> None:
    """PostgreSQL takes no NUL: all that would be answered together would get the one's error."""
    asked = {"number": "1", "holder": "2", "type_code": "3"}

    for name in asked:
        answer = relies(sqlite_hall, **asked | {name: "a\0b"})
        assert (answer.status_code, answer.json()["code"]) == (422, "fields.invalid"), name


def test_a_purpose_needs_a_key_and_a_key_that_may(sqlite_hall: Hall) -> None:
    body = {"id": "0" * 16, "reliance": SUPERVISION}

    assert sqlite_hall.ask("POST", "/api/v1/verifications", json=body).json()["code"] == "caller.unknown"
    assert relies(sqlite_hall, "administrator", id="0" * 16).json()["code"] == "operator.role"
    assert sqlite_hall.ask("POST", "/api/v1/verifications", key="administrator", json={"id": "0" * 16}).is_success


def test_the_short_way_and_that_of_the_framework_answer_alike(sqlite_hall: Hall) -> None:
    """The short way leaves to the framework what names a character set."""
    sqlite_hall.gives_key("stranger", SCHOOLS, Role.ADMINISTRATOR)
    text = text_of(sqlite_hall, sqlite_hall.issues())
    bodies = [
        ("counter", {"text": text, "reliance": SUPERVISION}),
        ("counter", {"text": text, "reliance": STAMPED}),
        ("counter", {"text": text}),
        ("counter", {"text": text, "reliance": SUPERVISION | {"operator": "no pseudonym"}}),
        ("counter", {"text": text, "reliance": SUPERVISION, "more": 1}),
        ("counter", {"id": "0" * 15, "reliance": SUPERVISION}),
        ("counter", {"id": "0" * 16, "reliance": SUPERVISION}),
        ("counter", {"text": "x" * 5_000_000, "reliance": SUPERVISION}),
        ("stranger", {"text": text, "reliance": SUPERVISION}),
        *(("counter", {"text": text, "reliance": IN_PLACE_OF_A_PAPER | change}) for change, _, _ in REFUSED),
    ]
    sqlite_hall.credentials["nobody"] = sqlite_hall.credentials["counter"][:-4] + "AAAA"
    for key, body in (*bodies, ("nobody", {"text": text, "reliance": SUPERVISION})):
        content = json.dumps(body, ensure_ascii=False).encode()
        for form in (content, content.decode().encode("utf-16")) if body is bodies[0][1] else (content,):
            answers = [
                sqlite_hall.ask(
                    "POST", "/api/v1/verifications", key=key, content=form, headers={"Content-Type": media_type}
                )
                for media_type in ("application/json", "application/json; charset=utf-8")
            ]
            short, long = (_without_what_differs(each) for each in answers)
            assert short == long, (key, form[:200])


def _without_what_differs(answer: Response) -> tuple[Any, ...]:
    """Return an answer without its trace id, and without what is different in every receipt."""
    body = answer.json()
    for name in ("trace_id", "instance"):
        body.pop(name, None)
    receipt = body.pop("receipt", None)
    lengths = sorted(receipt) if receipt else receipt
    headers = sorted(set(answer.headers) | {f"{name}={answer.headers[name]}" for name in ("content-type",)})
    return answer.status_code, headers, body, lengths


def test_a_licence_is_found_by_number_and_holder_and_a_wrong_holder_is_no_number(hall: Hall) -> None:
    town = hall.town
    food = town.issues(town.food_draft()).record

    by_code = answered(hall, number=food.number, holder=HOLDER)
    by_name = answered(hall, number=food.number, holder=food.holder_name, type_code=FOOD)
    as_typed = answered(hall, number=f" {food.number.lower()[:4]} {food.number[4:]}", holder=f"{HOLDER.lower()} ")
    wrong = answered(hall, number=food.number, holder="示例市别家餐饮有限公司")
    unknown = answered(hall, number="JY0", holder=HOLDER)

    assert by_code["verdict"] == by_name["verdict"] == as_typed["verdict"] == "valid"
    assert by_code["facts"]["number"] == food.number
    assert (wrong["verdict"], wrong["facts"], wrong["fields"]) == ("not_found", {}, [])
    assert {**wrong, "receipt": None} == {**unknown, "receipt": None}
    assert hall.ask("POST", "/api/v1/verifications", json={"number": "JY0", "holder": HOLDER}).status_code == 422


def test_no_receipt_is_made_of_what_could_not_be_read(sqlite_hall: Hall) -> None:
    body = answered(sqlite_hall, text="https://licences.test.example/v/none")

    assert (body["verdict"], body["receipt"]) == ("unreadable", None)


def test_a_mistyped_id_is_an_error_of_the_request(sqlite_hall: Hall) -> None:
    assert relies(sqlite_hall, id="not an id!").json()["code"] == "licence_id.mistyped"


def test_a_file_is_relied_on_like_its_code(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()
    path = f"/api/v1/licences/{issued['licence_id']}/document"
    document = sqlite_hall.ask("GET", path, key="officer").content
    sent = {"files": {"file": ("x.pdf", document)}, "data": {"reliance": json.dumps(SUPERVISION)}}

    answer = sqlite_hall.ask("POST", "/api/v1/verifications/file", key="counter", **sent)

    assert answer.status_code == 200, answer.text
    said = read_receipt(base64.b64decode(answer.json()["receipt"]["cose"]))
    assert said.presented == sha256(document).digest()
    assert said.licence_id == issued["licence_id"]
    bad = {**sent, "data": {"reliance": '{"purpose": 1}'}}
    refused = sqlite_hall.ask("POST", "/api/v1/verifications/file", key="counter", **bad)
    assert (refused.status_code, refused.json()["code"]) == (422, "fields.invalid")


def test_a_batch_is_answered_in_its_order_with_one_commit_of_the_log(hall: Hall) -> None:
    first, second = hall.issues(), hall.issues(holder_name="示例市新城餐饮有限公司")
    items = [
        {"ref": "a", "text": text_of(hall, first), "case_number": "示检〔2026〕8号"},
        {"ref": "b", "id": "not an id!"},
        {"ref": "c", "id": second["licence_id"]},
        {"ref": "d", "id": "0" * 16},
    ]

    answer = hall.ask(
        "POST", "/api/v1/verifications/batch", key="counter", json={"reliance": SUPERVISION, "items": items}
    )

    assert answer.status_code == 200, answer.text
    found = answer.json()["items"]
    assert [each["ref"] for each in found] == ["a", "b", "c", "d"]
    assert found[1]["error"]["code"] == "licence_id.mistyped"
    results = [found[place]["result"] for place in (0, 2, 3)]
    assert [each["verdict"] for each in results] == ["valid", "valid", "not_found"]
    notes = {each["receipt"]["proof"].partition("\n\n")[2] for each in results}
    assert len(notes) == 1
    assert read_receipt(base64.b64decode(results[0]["receipt"]["cose"])).case_number == "示检〔2026〕8号"


def test_batches_have_their_turns_while_who_asks_about_one_licence_is_answered(sqlite_hall: Hall) -> None:
    turns, nobody = sqlite_hall.app.state.batch_turns, "0" * 16
    batch = {"reliance": SUPERVISION, "items": [{"id": nobody}]}

    def sent() -> Response:
        return sqlite_hall.ask("POST", "/api/v1/verifications/batch", key="counter", json=batch)

    with ThreadPoolExecutor(BATCHES_OF_ONE_MAX + 1) as pool:
        with turns.turn("another client", seconds=1):
            waiting = [pool.submit(sent) for _ in range(BATCHES_OF_ONE_MAX + 1)]
            one_too_many = next(as_completed(waiting)).result()
            alone = sqlite_hall.ask(
                "POST", "/api/v1/verifications", key="counter", json={"id": nobody, "reliance": SUPERVISION}
            )
            assert [each.done() for each in waiting].count(False) == BATCHES_OF_ONE_MAX
        answers = [each.result().status_code for each in waiting]

    assert (one_too_many.status_code, one_too_many.json()["code"]) == (429, "request.too_many")
    assert one_too_many.headers["Retry-After"] == str(BUSY_SECONDS)
    assert alone.status_code == 200
    assert sorted(answers) == [200] * BATCHES_OF_ONE_MAX + [429]


def test_a_batch_has_one_to_a_thousand_checks(sqlite_hall: Hall) -> None:
    for count in (0, 1001):
        body = {"reliance": SUPERVISION, "items": [{"id": "0" * 16}] * count}
        assert sqlite_hall.ask("POST", "/api/v1/verifications/batch", key="counter", json=body).status_code == 422


def test_the_same_request_sent_again_leaves_one_receipt(hall: Hall) -> None:
    issued, once = hall.issues(), uuid.uuid4().hex
    body = {"text": text_of(hall, issued), "reliance": SUPERVISION}

    first, second = (hall.ask("POST", "/api/v1/verifications", key="counter", once=once, json=body) for _ in range(2))

    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(hall.ask("GET", "/api/v1/verifications", key="counter").json()["items"]) == 1


def test_an_office_reads_its_own_receipts_and_no_others(hall: Hall) -> None:
    hall.gives_key("school-counter", SCHOOLS, Role.COUNTER)
    issued = hall.issues()
    receipt_id = answered(hall, text=text_of(hall, issued))["receipt"]["receipt_id"]
    answered(hall, text=text_of(hall, issued), reliance=SUPERVISION | {"case_number": "示检〔2026〕9号"})

    one = hall.ask("GET", "/api/v1/verifications", key="counter", params={"limit": 1}).json()
    rest = hall.ask("GET", "/api/v1/verifications", key="counter", params={"cursor": one["next"]}).json()
    named = hall.ask(
        "GET", "/api/v1/verifications", key="counter", params={"case_number": SUPERVISION["case_number"]}
    ).json()
    whole = hall.ask("GET", f"/api/v1/verifications/{receipt_id}", key="auditor").json()

    assert [each["case_number"] for each in one["items"]] == ["示检〔2026〕9号"]
    assert [each["receipt_id"] for each in rest["items"]] == [receipt_id]
    assert [each["receipt_id"] for each in named["items"]] == [receipt_id]
    cose = base64.b64decode(whole["receipt"]["cose"])
    trust = hall.office.evidence().trust
    assert check_verification_receipt(cose, trust, proof=whole["receipt"]["proof"]).is_good
    assert whole["operator"] == OPERATOR
    assert hall.ask("GET", "/api/v1/verifications", key="school-counter").json()["items"] == []
    for path in (receipt_id, f"{receipt_id}/page"):
        assert hall.ask("GET", f"/api/v1/verifications/{path}", key="school-counter").status_code == 404
        assert hall.ask("GET", f"/api/v1/verifications/0{path[1:]}", key="counter").status_code in {200, 404}
    assert hall.ask("GET", "/api/v1/verifications/none", key="counter").json()["code"] == "verification_receipt.unknown"


def test_who_relied_on_a_licence_that_changed_is_told(hall: Hall) -> None:
    hall.gives_key("school-counter", SCHOOLS, Role.COUNTER)
    acts = {"revoke": "revoked", "suspend": "suspended", "cancel": "cancelled"}
    texts = [text_of(hall, hall.issues()) for _ in acts]
    before = [answered(hall, text=each)["receipt"]["receipt_id"] for each in texts]
    theirs = [answered(hall, key="school-counter", text=each)["receipt"]["receipt_id"] for each in texts]
    hall.town.clock.moves(timedelta(days=3))

    for event, text in zip(acts, texts, strict=True):
        assert hall.acts(text.split("/")[4][:16], event).status_code == 201

    mine = hall.ask("GET", "/api/v1/recalls", key="counter").json()["items"]
    other = hall.ask("GET", "/api/v1/recalls", key="school-counter").json()["items"]
    told = [(each["receipt_id"], each["verdict"], each["was_in_force"]) for each in mine]
    assert told == [(receipt, verdict, True) for receipt, verdict in zip(before, acts.values(), strict=True)]
    assert [each["receipt_id"] for each in other] == theirs
    assert [answered(hall, text=each)["verdict"] for each in texts] == list(acts.values())
    assert len(hall.ask("GET", "/api/v1/recalls", key="counter").json()["items"]) == len(acts)


def test_an_act_that_goes_back_says_that_the_licence_did_not_hold(hall: Hall) -> None:
    issued = hall.issues()
    hall.town.clock.moves(timedelta(days=5))
    first = answered(hall, text=text_of(hall, issued))["receipt"]["receipt_id"]
    hall.town.clock.moves(timedelta(days=5))
    second = answered(hall, text=text_of(hall, issued))["receipt"]["receipt_id"]

    effective_on = (hall.town.now - timedelta(days=2)).date().isoformat()
    assert hall.acts(issued["licence_id"], "revoke", effective_on=effective_on).status_code == 201

    page = hall.ask("GET", "/api/v1/recalls", key="counter").json()
    assert {each["receipt_id"]: each["was_in_force"] for each in page["items"]} == {first: True, second: False}
    empty = hall.ask("GET", "/api/v1/recalls", key="counter", params={"cursor": page["next"]}).json()
    assert (empty["items"], empty["next"]) == ([], page["next"])
    whole = hall.ask("GET", f"/api/v1/verifications/{second}", key="counter").json()
    assert [each["verdict"] for each in whole["recalls"]] == ["revoked"]


def test_what_should_never_have_been_granted_never_held(sqlite_hall: Hall) -> None:
    hall = sqlite_hall
    issued = hall.issues()
    answered(hall, text=text_of(hall, issued))
    hall.town.clock.moves(timedelta(days=5))

    hall.acts(issued["licence_id"], "rescind")

    (recall,) = hall.ask("GET", "/api/v1/recalls", key="counter").json()["items"]
    assert (recall["verdict"], recall["was_in_force"]) == ("rescinded", False)


def test_an_answer_that_was_kept_is_held_against_its_receipt(sqlite_hall: Hall) -> None:
    hall = sqlite_hall
    answer = answered(hall, text=text_of(hall, hall.issues()), reliance=SUPERVISION)
    whole = hall.ask("GET", f"/api/v1/verifications/{answer['receipt']['receipt_id']}", key="counter").json()
    trust = hall.office.evidence().trust

    def said(kept: dict[str, Any]) -> tuple[str, bool]:
        read = read_receipt_file(json.dumps(kept, indent=1).encode())
        check = check_verification_receipt(read.content, trust, proof=read.proof, answer=read.answer)
        return next((each.code for each in check.findings if each.check is Check.CONTENTS), "-"), check.is_good

    fields = [answer["fields"][0] | {"value": "另一个"}, *answer["fields"][1:]]
    altered = [
        answer | {"facts": answer["facts"] | {"holder": "另一家"}},
        answer | {"verdict": "valid_expiring"},
        answer | {"fields": fields},
        answer | {"more": True},
        {name: each for name, each in answer.items() if name != "fields"},
    ]
    assert said(answer) == ("contents.receipt_answer", True)
    assert [said(each) for each in altered] == [("contents.receipt_answer_differs", False)] * len(altered)
    assert said(whole) == said(answer["receipt"]) == ("-", True), "no answer is there to compare"


def test_the_printed_receipt_carries_the_signed_one_and_its_code_leads_to_a_check_of_it(sqlite_hall: Hall) -> None:
    hall, issued = sqlite_hall, sqlite_hall.issues()
    receipt = answered(hall, text=text_of(hall, issued), reliance=STAMPED)["receipt"]
    path = f"/api/v1/verifications/{receipt['receipt_id']}/page"
    words = {
        "zh": ("有效", "监督检查", "示检〔2026〕7号", "编号、持证主体", "设置地点"),
        "en": ("Valid", "Supervision", "示检〔2026〕7号", "Number, Holder", "Place"),
    }

    for language, shown in words.items():
        answer = hall.ask("GET", path, key="counter", params={"language": language})
        assert answer.headers["content-type"] == "application/pdf"
        kept = read_receipt_file(answer.content)
        assert kept.content == base64.b64decode(receipt["cose"])
        assert kept.timestamp == base64.b64decode(receipt["timestamp"])
        assert check_verification_receipt(kept.content, hall.office.evidence().trust, proof=kept.proof).is_good
        pages = PdfDocument(answer.content)
        printed = pages[0].get_textpage().get_text_range()
        assert len(pages) == 1
        assert all(each in printed for each in (*shown, receipt["receipt_id"], issued["licence_id"][:4]))
        (code,) = zxingcpp.read_barcodes(pages[0].render(scale=3).to_pil())
        assert code.text == f"https://{hall.office.settings.host}/r/{receipt['receipt_id']}"
        again = hall.ask("GET", code.text.partition(hall.office.settings.host)[2], params={"lang": language})
        assert again.status_code == 200
        assert all(each in again.text for each in (*shown[:2], receipt["receipt_id"], issued["licence_id"][:4]))
        assert "示检〔2026〕7号" not in again.text, "an address is passed on more easily than a paper"
        assert OPERATOR not in again.text


def test_the_page_of_a_receipt_tells_what_does_not_hold_any_more(sqlite_hall: Hall) -> None:
    hall, issued = sqlite_hall, sqlite_hall.issues()
    bodies = [answered(hall, text=text_of(hall, issued), reliance=each) for each in (SUPERVISION, STAMPED, STAMPED)]
    first, second, third = (each["receipt"]["receipt_id"] for each in bodies)

    def headline(receipt_id: str) -> str:
        page = hall.ask("GET", f"/r/{receipt_id}", params={"lang": "en"}, headers={"Accept": "text/html"})
        return re.findall(r"<h1>(.*?)</h1>", page.text)[0]

    assert [headline(each) for each in (first, second)] == ["Genuine receipt"] * 2
    hall.town.clock.moves(timedelta(days=5))
    hall.acts(issued["licence_id"], "rescind")
    told = hall.ask("GET", f"/r/{first}", params={"lang": "en"}).text
    assert headline(first) == "Genuine receipt, but the licence changed since"
    assert "the licence did not hold on the day of the check" in told
    with transaction(hall.office.database) as tx:
        rows = VERIFICATION_RECEIPT.c
        row = tx.execute(select(rows.content).where(rows.receipt_id == second)).scalar_one()
        spoilt = last_bit_changed(row)
        tx.execute(update(VERIFICATION_RECEIPT).where(rows.receipt_id == first).values(content=spoilt))
        tx.execute(update(VERIFICATION_RECEIPT).where(rows.receipt_id == second).values(timestamp=b"0"))
        tx.execute(update(VERIFICATION_RECEIPT).where(rows.receipt_id == third).values(leaf=1 << 40))
    assert [headline(each) for each in (first, second)] == ["This receipt is not in order"] * 2
    assert headline(third) == "This receipt could not be checked"
    for unknown, status in (("0" * 32, 404), ("x", 404), (first.upper(), 404)):
        assert hall.ask("GET", f"/r/{unknown}", headers={"Accept": "text/html"}).status_code == status


def test_a_time_stamp_is_given_to_who_asks_and_to_all_where_the_office_says_so(sqlite_town: Town) -> None:
    hall = Hall.open(sqlite_town)
    text = text_of(hall, hall.issues())

    plain, asked = (answered(hall, text=text, reliance=each)["receipt"] for each in (SUPERVISION, STAMPED))
    read = hall.ask("GET", f"/api/v1/verifications/{asked['receipt_id']}", key="counter").json()["receipt"]
    hall.office.settings = settings_of(hall.town, receipt_timestamps=True)
    batch = {"reliance": SUPERVISION, "items": [{"text": text}, {"id": text.split("/")[4][:16]}]}
    many = hall.ask("POST", "/api/v1/verifications/batch", key="counter", json=batch).json()["items"]
    hall.office.close()

    assert plain["timestamp"] is None
    assert read["timestamp"] == asked["timestamp"]
    for receipt in (asked, *(each["result"]["receipt"] for each in many)):
        digest = sha256(base64.b64decode(receipt["cose"])).digest()
        known = hall.office.evidence()
        stamped = check_timestamp(
            base64.b64decode(receipt["timestamp"]), digest, known.trust.authorities, at=hall.town.now
        )
        assert stamped.at == hall.town.now
