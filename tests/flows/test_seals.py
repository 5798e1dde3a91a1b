"""The life of a seal over HTTP: applied for, approved, made, filed, granted, used, suspended, ended; and asked about."""

import base64
import uuid
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.wiring import build_public
from registry import seals
from registry.db import reading
from registry.records import Role
from registry.seal_history import seal_at
from registry.seal_lifecycle import ALLOWED, SealAct, SealState
from signer.proofs import log_head
from tests.hall import Hall, ask, settings_of
from tests.town import BUREAU, ORIGIN, SCHOOLS
from verify import cbor
from verify.log_entry import LogEntry
from verify.log_proof import LogReceipt, check_receipt
from verify.seal_history import open_seal_history
from verify.status import StatusValue, open_status_list

PATH = "/api/v1/seals"
GROUNDS = {"reason": "启用新印章", "legal_basis": "国办发〔2025〕33号", "reference": "示审章〔2026〕1号"}
WISH = {"use": "不动产登记专用章", "valid_until": "2028-11-23", **GROUNDS}
# The role that may do each act, or the step of an end that comes first.
BY = {SealAct.APPROVE: "approver", SealAct.REFUSE: "approver", SealAct.MAKE: "custodian", SealAct.FILE: "approver"}
ENDINGS = {SealAct.CALL_IN, SealAct.DESTROY}


def applies(hall: Hall, **changes: Any) -> httpx.Response:
    return hall.ask("POST", PATH, key="custodian", once=uuid.uuid4().hex, json=WISH | changes)


def seen_of(hall: Hall, code: str) -> str:
    return hall.ask("GET", f"{PATH}/{code}", key="custodian").headers["etag"]


def acts(hall: Hall, code: str, act: SealAct, **more: Any) -> httpx.Response:
    """Do an act on a seal; an end takes two persons, of whom the second one is asked only after the first."""
    body = {"valid_until": "2028-11-23", **GROUNDS} if act is SealAct.RENEW else GROUNDS
    sent = {"key": BY.get(act, "custodian"), "once": uuid.uuid4().hex, "seen": seen_of(hall, code), **more}
    if act not in ENDINGS:
        return hall.ask("POST", f"{PATH}/{code}/{act.value}", json=body, **sent)
    proposed = hall.ask("POST", f"{PATH}/{code}/ending", json=GROUNDS | {"act": act.value}, **sent)
    if proposed.status_code != 200:
        return proposed
    sent |= {"key": "approver", "once": uuid.uuid4().hex}
    return hall.ask("POST", f"{PATH}/{code}/ending/confirm", json={"act": act.value}, **sent)


def done(hall: Hall, code: str, *wanted: SealAct) -> None:
    for act in wanted:
        answer = acts(hall, code, act)
        assert answer.status_code in {200, 201}, answer.text


def grant_of(hall: Hall, **changes: Any) -> dict[str, Any]:
    """Return a grant for the bureau's signboard permits, as a request writes it."""
    draft = hall.town.signboard_draft()
    items = [{"item_code": draft.item_code, "legal_basis": "城市市容和环境卫生管理条例 第十一条"}]
    terms = {"office": BUREAU, "types": [draft.type_code], "items": items, "valid_until": "2027-11-23"}
    return terms | GROUNDS | changes


def gives(hall: Hall, code: str, **changes: Any) -> httpx.Response:
    body = grant_of(hall, **changes)
    return hall.ask("POST", f"{PATH}/{code}/grants", key="custodian", once=uuid.uuid4().hex, json=body)


def status(hall: Hall, code: str, at: datetime | None = None) -> httpx.Response:
    return hall.ask("GET", f"{PATH}/{code}/status", params={} if at is None else {"at": at.isoformat()})


def written(hall: Hall) -> tuple[object, ...]:
    """Return what would change if anything was written about any seal: log, acts, states, what waits for the log."""
    with reading(hall.office.database) as tx:
        found = seals.seals_of(tx)
        objects = [seals.objects_of(tx, each.code) for each in found]
    return log_head(hall.office.database, ORIGIN).size, found, objects


def test_a_seal_goes_the_whole_way_is_used_and_seen_by_its_auditor(hall: Hall) -> None:
    applied = applies(hall)
    code = applied.json()["seal_code"]
    picture = hall.ask("GET", f"{PATH}/{code}/picture", key="approver")
    done(hall, code, SealAct.APPROVE, SealAct.MAKE, SealAct.FILE)
    given = gives(hall, code, uses_max=1)
    issued = hall.issues()
    uses = hall.ask("GET", f"{PATH}/{code}/uses", key="auditor").json()["items"]
    of_licence = hall.ask("GET", "/api/v1/seal-uses", key="auditor", params={"licence_id": issued["licence_id"]})
    of_file = hall.ask("GET", "/api/v1/seal-uses", key="auditor", params={"digest": issued["ofd_digest"]})
    mine = hall.ask("GET", "/api/v1/seal-grants", key="officer").json()["items"]
    events = hall.ask("GET", f"{PATH}/{code}/events", key="auditor").json()["items"]

    seal = hall.ask("GET", f"{PATH}/{code}", key="custodian").json()

    assert (applied.status_code, applied.headers["location"]) == (201, f"{PATH}/{code}")
    assert (seal["state"], seal["version"], seal["name"]) == ("in_use", 1, "示例市行政审批服务局不动产登记专用章")
    assert picture.content.startswith(b"\x89PNG")
    assert (given.status_code, given.json()["terms"]["uses_max"]) == (201, 1)
    assert [each["licence_id"] for each in uses] == [issued["licence_id"]]
    assert uses[0]["grant_id"] == given.json()["grant_id"]
    assert (uses[0]["person"], uses[0]["state"]) == ("officer", "filed")
    assert {each["digest"] for each in uses[0]["bodies"]} == {issued["document_digest"], issued["ofd_digest"]}
    assert of_licence.json()["items"] == of_file.json()["items"] == uses
    assert {each["grant_id"]: each["uses_taken"] for each in mine}[given.json()["grant_id"]] == 1
    assert [each["act"] for each in events] == ["apply", "approve", "make", "file", "grant"]
    assert [each["person"] for each in events] == ["custodian", "approver", "custodian", "approver", "custodian"]
    assert all(each["log_leaf"] is not None for each in events)


def test_the_answer_for_any_moment_is_signed_and_a_stranger_finds_each_record_in_the_log(hall: Hall) -> None:
    code, begun = applies(hall).json()["seal_code"], hall.town.now
    moments = [begun]
    steps = [SealAct.APPROVE, SealAct.MAKE, SealAct.FILE, SealAct.SUSPEND, SealAct.REINSTATE, SealAct.CALL_IN]
    for step in steps:
        hall.town.clock.now += timedelta(hours=1)
        done(hall, code, step)
        if step is SealAct.FILE:
            gives(hall, code, person=f"officer-{BUREAU}")
        moments.append(hall.town.now)

    answers = [status(hall, code, each + timedelta(minutes=1) if each != moments[-1] else each) for each in moments]
    last = answers[-1].json()
    trust = hall.town.desk.trust_list(at=hall.town.now)
    signed = base64.b64decode(last["signed"])
    history = open_seal_history(signed, code=code, keys=lambda kid: [key for _, key in trust.keys_for(kid, 2)])
    records = hall.ask("GET", f"{PATH}/{code}/records").json()["items"]

    told = [each.json()["standing"] for each in answers]
    assert told == ["not_filed", "not_filed", "not_filed", "in_use", "suspended", "in_use", "called_in"]
    assert all(each.json()["is_final"] for each in answers)
    assert [len(each.json()["grants"]) for each in answers] == [0, 0, 0, 1, 1, 1, 1]
    assert hall.ask("GET", f"{PATH}/{code}/history").content == signed
    assert [bytes.fromhex(each["digest"]) for each in records] == list(history.records)
    assert last["grants"][0]["record"] in {each["digest"] for each in records}
    for each in records:
        record = base64.b64decode(each["record"])
        proof = hall.ask("GET", f"/api/v1/log/proofs/by-digest/{sha256(record).hexdigest()}")
        receipt = LogReceipt.from_text(proof.text)
        check_receipt(receipt, trust.verifiers)
        assert LogEntry.decode(receipt.entry).digest == sha256(record).digest()
        assert cbor.decode(record, bytes_max=1 << 20)[1] == code  # type: ignore[index]
    with reading(hall.office.database) as tx:
        for moment, answer in zip(moments, answers, strict=True):
            at = datetime.fromisoformat(answer.json()["at"])
            assert at >= moment
            assert seal_at(tx, code, at).standing == answer.json()["standing"]
    public = "".join(each.text for each in answers) + str(records) + signed.decode("latin-1")
    assert not [name for name in ("custodian", "approver", f"officer-{BUREAU}") if f'"{name}"' in public]
    assert GROUNDS["reason"] not in public


def test_whoever_holds_a_sealed_file_gets_the_records_of_its_sealing_and_nobody_else(sqlite_hall: Hall) -> None:
    issued = sqlite_hall.issues()
    sqlite_hall.office.desk.log.flush_pending()  # the filing's entry goes with the next act, or with the worker
    content = sqlite_hall.ask("GET", f"/api/v1/licences/{issued['licence_id']}/document", key="officer").content

    found = sqlite_hall.ask("GET", f"/api/v1/seal-uses/by-digest/{sha256(content).hexdigest()}/records").json()

    (use,) = found["items"]
    record, listed = base64.b64decode(use["record"]), base64.b64decode(use["use_list"])
    told = cbor.decode(record, bytes_max=1 << 20)
    assert told[15] == issued["licence_id"]  # type: ignore[index]
    assert sha256(record).digest() in cbor.decode(listed, bytes_max=1 << 20)[1]  # type: ignore[index]
    proof = sqlite_hall.ask("GET", f"/api/v1/log/proofs/by-digest/{sha256(listed).hexdigest()}")
    assert LogReceipt.from_text(proof.text).index == use["log_leaf"]
    assert b"officer" not in record.replace(b"issuing_officer", b"")
    other = sqlite_hall.ask("GET", f"/api/v1/seal-uses/by-digest/{'0' * 64}/records")
    assert (other.status_code, other.json()["items"]) == (200, [])


def test_the_process_for_the_public_answers_without_a_key_and_the_list_says_the_same(sqlite_hall: Hall) -> None:
    code = sqlite_hall.town.seal_of(BUREAU)
    done(sqlite_hall, code, SealAct.SUSPEND)
    office = build_public(settings_of(sqlite_hall.town), clock=sqlite_hall.town.clock)
    public = create_app(office, public=True)
    trust = sqlite_hall.town.desk.trust_list(at=sqlite_hall.town.now)

    answer = ask(public, "GET", f"{PATH}/{code}/status")

    name, index = seals.status_place(code)
    content = ask(public, "GET", f"/status/seal-{name}").content
    uri = f"{sqlite_hall.town.desk.settings.status_prefix}seal-{name}"
    listed = open_status_list(content, uri=uri, keys=lambda kid: [key for _, key in trust.keys_for(kid, 2)])
    assert (answer.status_code, answer.json()["standing"]) == (200, "suspended")
    assert listed.value(index) is StatusValue.SUSPENDED
    assert ask(public, "GET", f"{PATH}/{code}/picture").status_code == 404
    office.close()


def test_nobody_is_told_of_the_future_of_a_time_before_or_of_no_seal(sqlite_hall: Hall) -> None:
    code, now = sqlite_hall.town.seal_of(BUREAU), sqlite_hall.town.now
    asked = [
        status(sqlite_hall, code, now + timedelta(seconds=1)),
        status(sqlite_hall, code, now - timedelta(seconds=1)),
        status(sqlite_hall, "00000000000000"),
        status(sqlite_hall, "0000"),
        sqlite_hall.ask("GET", f"{PATH}/{code}/status", params={"at": "2026-11-24T10:00:00"}),
        sqlite_hall.ask("GET", f"{PATH}/{code}/status", params={"at": "0001-01-01T00:00:00+23:59"}),
        sqlite_hall.ask("GET", f"{PATH}/{code}/records", params={"cursor": "c2VhbHM6MQ"}),
    ]

    assert [each.status_code for each in asked] == [422, 404, 404, 422, 422, 422, 400]
    assert [each.json()["code"] for each in asked[:3]] == ["request.future", "seal.unknown", "seal.unknown"]


# How a seal comes into each state, from nothing.
WAYS: dict[SealState, tuple[SealAct, ...]] = {
    SealState.APPLIED: (),
    SealState.APPROVED: (SealAct.APPROVE,),
    SealState.REFUSED: (SealAct.REFUSE,),
    SealState.MADE: (SealAct.APPROVE, SealAct.MAKE),
    SealState.IN_USE: (SealAct.APPROVE, SealAct.MAKE, SealAct.FILE),
    SealState.SUSPENDED: (SealAct.APPROVE, SealAct.MAKE, SealAct.FILE, SealAct.SUSPEND),
    SealState.CALLED_IN: (SealAct.APPROVE, SealAct.MAKE, SealAct.FILE, SealAct.CALL_IN),
    SealState.DESTROYED: (SealAct.APPROVE, SealAct.MAKE, SealAct.DESTROY),
}
# These act on an object on its way, which a seal in use has only while it is renewed.
NEEDS_RENEWAL = {SealAct.APPROVE, SealAct.REFUSE, SealAct.MAKE, SealAct.FILE}


@pytest.mark.parametrize("state", WAYS)
def test_what_no_table_allows_in_a_state_is_refused_and_leaves_nothing_behind(
    sqlite_hall: Hall, state: SealState
) -> None:
    code = applies(sqlite_hall).json()["seal_code"]
    done(sqlite_hall, code, *WAYS[state])
    refused = {act for act in SealAct if act is not SealAct.APPLY and (state, act) not in ALLOWED}
    refused |= NEEDS_RENEWAL if state is SealState.IN_USE else set()
    before = written(sqlite_hall)

    answers = {act: acts(sqlite_hall, code, act) for act in refused}

    told = {act: (each.status_code, each.json()["code"]) for act, each in answers.items()}
    assert told == dict.fromkeys(refused, (409, "seal.not_allowed"))
    assert written(sqlite_hall) == before
    if state not in {SealState.IN_USE, SealState.SUSPENDED}:
        assert gives(sqlite_hall, code).json()["code"] == "seal.not_allowed"
        assert written(sqlite_hall) == before


def test_an_end_needs_two_persons_the_act_that_was_proposed_and_a_seal_that_did_not_change(sqlite_hall: Hall) -> None:
    code = sqlite_hall.town.seal_of(BUREAU)
    path, body = f"{PATH}/{code}/ending", GROUNDS | {"act": "destroy"}

    def sends(where: str, key: str, **sent: Any) -> httpx.Response:
        seen = seen_of(sqlite_hall, code)
        return sqlite_hall.ask("POST", where, key=key, once=uuid.uuid4().hex, seen=seen, json=sent)

    unproposed = sends(f"{path}/confirm", "approver", act="destroy")
    proposed = sends(path, "custodian", **body)
    by_custodian = sends(f"{path}/confirm", "custodian", act="destroy")
    another = sends(f"{path}/confirm", "approver", act="call_in")
    done(sqlite_hall, code, SealAct.SUSPEND)
    changed = sends(f"{path}/confirm", "approver", act="destroy")
    sends(path, "custodian", **body)
    confirmed = sends(f"{path}/confirm", "approver", act="destroy")

    assert [each.json()["code"] for each in (unproposed, by_custodian, another, changed)] == [
        "seal.no_ending", "operator.role", "seal.no_ending", "seal.no_ending",
    ]  # fmt: skip
    assert (proposed.json()["state"], proposed.json()["ending"]["act"]) == ("in_use", "destroy")
    assert (confirmed.status_code, confirmed.json()["state"], confirmed.json()["ending"]) == (200, "destroyed", None)


def test_nobody_approves_their_own_application_nor_acts_on_what_they_did_not_see(sqlite_hall: Hall) -> None:
    sqlite_hall.gives_key("both", BUREAU, Role.SEAL_CUSTODIAN, Role.SEAL_APPROVER)
    own = sqlite_hall.ask("POST", PATH, key="both", once=uuid.uuid4().hex, json=WISH).json()["seal_code"]
    code = applies(sqlite_hall).json()["seal_code"]

    answers = [
        acts(sqlite_hall, own, SealAct.APPROVE, key="both"),
        acts(sqlite_hall, code, SealAct.APPROVE, seen='"7"'),
        acts(sqlite_hall, code, SealAct.APPROVE, seen=None),
        acts(sqlite_hall, code, SealAct.APPROVE, once=None),
        acts(sqlite_hall, code, SealAct.MAKE, seen='"7"'),
    ]

    assert [each.json()["code"] for each in answers] == [
        "seal.same_person", "record.changed", "precondition.missing", "idempotency.missing", "record.changed",
    ]  # fmt: skip


def test_an_act_that_is_sent_twice_is_done_once(sqlite_hall: Hall) -> None:
    code, once = sqlite_hall.town.seal_of(BUREAU), uuid.uuid4().hex
    seen = seen_of(sqlite_hall, code)

    first = acts(sqlite_hall, code, SealAct.SUSPEND, once=once, seen=seen)
    again = acts(sqlite_hall, code, SealAct.SUSPEND, once=once, seen=seen)

    assert (first.status_code, again.status_code, again.headers["idempotent-replayed"]) == (200, 200, "true")
    assert first.content == again.content


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_until": "2031-01-01"}, "seal.application"),
        ({"valid_until": "2026-11-23"}, "seal.application"),
        ({"psb_code": "12"}, "seal.application"),
        ({"code": "12"}, "seal.code"),
        ({"picture": base64.b64encode(b"<svg/>").decode()}, "seal_picture.format"),
        ({"reason": " "}, "change.incomplete"),
        ({"kind": 7}, "fields.invalid"),
        ({"owner": SCHOOLS}, "fields.invalid"),
        ({"use": "\x00"}, "fields.invalid"),
    ],
)
def test_a_wrong_application_is_refused_by_its_reason(sqlite_hall: Hall, changes: dict[str, Any], code: str) -> None:
    before = written(sqlite_hall)

    answer = applies(sqlite_hall, **changes)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert written(sqlite_hall) == before


@pytest.mark.parametrize(
    ("changes", "status_code", "code"),
    [
        ({"office": "000000000000000000"}, 404, "department.unknown"),
        ({"types": ["1"]}, 422, "seal_grant.terms"),
        ({"types": [], "items": []}, 422, "seal_grant.terms"),
        ({"valid_until": "2020-01-01"}, 422, "seal_grant.terms"),
        ({"person": f"custodian-{BUREAU}"}, 403, "seal.same_person"),
        ({"uses_max": 0}, 422, "fields.invalid"),
        ({"role": "auditor"}, 422, "fields.invalid"),
    ],
)
def test_a_wrong_grant_is_refused_by_its_reason(
    sqlite_hall: Hall, changes: dict[str, Any], status_code: int, code: str
) -> None:
    before = written(sqlite_hall)

    answer = gives(sqlite_hall, sqlite_hall.town.seal_of(BUREAU), **changes)

    assert (answer.status_code, answer.json()["code"]) == (status_code, code)
    assert written(sqlite_hall) == before


def test_a_withdrawn_grant_is_of_the_past_and_lists_are_read_page_by_page(sqlite_hall: Hall) -> None:
    code = sqlite_hall.town.seal_of(BUREAU)
    grants = [gives(sqlite_hall, code).json()["grant_id"] for _ in range(2)]
    path = f"/api/v1/seal-grants/{grants[0]}/withdraw"
    answers = [sqlite_hall.ask("POST", path, key="approver", once=uuid.uuid4().hex, json=GROUNDS) for _ in range(2)]
    for _ in range(3):
        sqlite_hall.issues()

    def pages(path: str, key: str) -> list[dict[str, Any]]:
        found, query = [], "?limit=2"
        while query:
            answer = sqlite_hall.ask("GET", f"{path}{query}", key=key)
            found += answer.json()["items"]
            query = answer.links["next"]["url"].removeprefix(path) if answer.links else ""
        return found

    uses = [each["use_id"] for each in pages(f"{PATH}/{code}/uses", "auditor")]
    assert [each.status_code for each in answers] == [200, 409]
    assert answers[1].json()["code"] == "seal_grant.withdrawn"
    assert len(uses) == len(set(uses)) == 3
    assert [each["grant_id"] for each in pages(f"{PATH}/{code}/grants", "custodian")][1:] == grants
    assert len(pages(f"{PATH}/{code}/events", "auditor")) == len(pages(f"{PATH}/{code}/records", "auditor")) == 8
    assert [each["seal_code"] for each in pages(PATH, "auditor")] == [code]
    standing = status(sqlite_hall, code, sqlite_hall.town.now).json()
    assert [each["grant_id"] for each in standing["grants"]] == [f"{code}-0001", grants[1]]
