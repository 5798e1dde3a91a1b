"""Of one application one licence: what an insider logs properly, and explains by rows that belong to somebody else."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.small_log import BEGINS, ORIGIN, VERIFIER, SmallLog, genesis
from verify.algorithms import Algorithm, key_identifier
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.bindings import ASKED_MAX, NEAR_MAX, Bindings
from verify.log_audit.findings import Findings, Weight
from verify.log_audit.kept import kept_of, read_kept
from verify.log_audit.key_owners import KeyOwners
from verify.log_audit.records import RecordsManifest, Rows
from verify.log_audit.scope import AuditScope
from verify.log_entry import EntryKind, LogEntry
from verify.trust import TrustedIssuer, TrustedKey, TrustList

AT = BEGINS + timedelta(hours=2)
PURPOSES = ("code", "document", "seal")
TRUST = TrustList(sequence=1, issued_at=BEGINS, expires_at=AT + timedelta(days=9), issuers=())
Leaf = tuple[bytes, dict[str, Any]]


def leaf(name: str, purpose: str, **changes: str) -> Leaf:
    """Return an intent of a licence and its row; `changes` are in the licence, its application's id or the attempt."""
    data_set, digest = sha256(name.encode()).digest(), sha256(f"{name} {purpose}".encode()).digest()
    entry = LogEntry(
        kind=EntryKind.INTENT, time=BEGINS, digest=digest, detail={1: purpose, 2: f"{purpose:<8}".encode(), 3: data_set}
    )
    application = {"id": f"application of {name}", "state": "filed", "at": 0, "author": "one", "reviewer": "another"}
    application |= {"id": changes.pop("application")} if "application" in changes else {}
    row = {"what": "intent", "state": "filed", "attempt": changes.pop("attempt", f"attempt of {name}")}
    licence = {"issuer": "office", "type": "t", "data_set": data_set.hex(), "signed": digest.hex(), **changes}
    return entry.encode(), {**row, "licence": {**licence, "application": application}}


def licence(name: str, *purposes: str) -> list[Leaf]:
    return [leaf(name, purpose) for purpose in purposes or PURPOSES]


def receipts(count: int) -> list[Leaf]:
    entry = LogEntry(kind=EntryKind.RECEIPT, time=BEGINS, digest=bytes(32)).encode()
    return [(entry, {"what": "receipt", "office": "o"})] * count


def official(name: str) -> Leaf:
    entry = LogEntry(
        kind=EntryKind.INTENT,
        time=BEGINS,
        digest=sha256(name.encode()).digest(),
        detail={1: "document", 2: b"document"},
    )
    told = {"department": "office", "at": 0, "author": "one", "approver": None}
    return entry.encode(), {"what": "intent", "state": "filed", "attempt": "a document", "official": told}


def audited(leaves: list[Leaf], **changes: Any) -> AuditResult:
    log = SmallLog.of([genesis(), *(entry for entry, _row in leaves)])
    lines = [json.dumps({"leaf": index, **row}).encode() for index, (_entry, row) in enumerate(leaves, 1)]
    manifest = RecordsManifest(
        origin=ORIGIN, size=log.size, root=log.root, made_at=AT, lines=len(lines), digest=bytes(32), totals={}
    )
    scope = AuditScope(verifiers=(VERIFIER,), roots=(), at=AT, manifest=manifest, **changes)
    made = LogAudit(scope, log, lambda _start: Rows(iter(lines)))
    return made.run(progress=lambda _done, _all: None, save=lambda _state: None)


def found(result: AuditResult) -> dict[tuple[str, str], Mapping[str, str]]:
    told = [each for each in result.findings.found if each.code != "checker.witness_none"]
    return {(each.code.removeprefix("checker."), each.params.get("index", "")): each.params for each in told}


def test_licences_with_what_is_their_own_are_clean_also_where_their_leaves_are_mixed() -> None:
    one, two = licence("one"), licence("two", "code", "document")

    assert found(audited([one[0], two[0], two[1], one[2], one[1], official("it")])) == {}


def purposes_of(leaves: list[Leaf]) -> list[str]:
    """Return what the log says of each leaf, the genesis entry included."""
    return ["", *(str((LogEntry.decode(entry).detail or {})[1]) for entry, _row in leaves)]


def bound(leaves: list[Leaf], made: Bindings | None = None, *, first: int = 1, can_look_up: bool = True) -> Findings:
    """Take the rows in without a log, which tells purposes alone; `first` is where this run takes them up."""
    findings = Findings()
    made = made or Bindings(findings, len(leaves))
    purposes = purposes_of(leaves)
    rows = [{"leaf": index, **row} for index, (_entry, row) in enumerate(leaves, 1)]
    lines = [json.dumps(row).encode() for row in rows]
    for row in rows[: first - 1]:
        made.earlier(row)
    for row in rows[first - 1 :]:
        made.licence(int(row["leaf"]), purposes[int(row["leaf"])], row)
    made.confirm((lambda: Rows(iter(lines))) if can_look_up else None, purposes.__getitem__)
    return findings


FORGED: dict[str, tuple[Leaf, str, str]] = {
    "the application of another": (leaf("v", "code", application="application of one"), "licence_twice", "application"),
    "a second code": (leaf("one", "code", attempt="w", application="w"), "licence_twice", "data_set"),
    "a second document": (leaf("one", "document"), "licence_twice", "document"),
    "a body of another data set": (leaf("x", "seal", attempt="attempt of two"), "licence_other", "data_set"),
    "a body of another office": (leaf("three", "seal", issuer="y"), "licence_other", "issuer"),
    "a body without a code": (leaf("z", "document"), "licence_codeless", "document"),
}
HONEST = [*licence("one"), *licence("two", "code", "document"), *licence("three", "code", "document")]
FAR = [leaf(f"{number}", "code") for number in range(NEAR_MAX + 9)]


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_what_borrows_of_an_honest_licence_is_named(forged: tuple[Leaf, str, str]) -> None:
    more, code, what = forged

    told = bound([*HONEST, more]).found

    assert {each.params["index"] for each in told} == {str(len(HONEST) + 1)}
    assert [(each.code, each.weight) for each in told if each.params["what"] == what] == [
        (f"checker.{code}", Weight.FAILED)
    ]


def test_it_is_named_however_much_lies_between() -> None:
    told = bound([*HONEST, *FAR, *(more for more, _code, _what in FORGED.values())]).found

    first = len(HONEST) + len(FAR) + 1
    assert {(each.code, each.params["what"], each.params["index"]) for each in told} >= {
        (f"checker.{code}", what, str(first + number)) for number, (_, code, what) in enumerate(FORGED.values())
    }
    assert {each.params["index"] for each in told} == {str(first + number) for number in range(len(FORGED))}


def test_an_attempt_stands_for_one_licence_while_its_bodies_are_waited_for() -> None:
    more = leaf("x", "code", attempt="attempt of one")

    (told,) = bound([*HONEST, more]).found

    assert (told.code, told.params) == ("checker.licence_twice", {"index": "8", "what": "attempt", "expected": "1"})


def test_what_was_compared_before_counts_for_what_comes_later() -> None:
    again = leaf("x", "code", application="application of one")

    assert [each.code for each in bound([*HONEST, again], first=8).found] == ["checker.licence_twice"]
    for first in range(1, 8):  # leaves of one licence on both sides of where an audit begins
        assert bound(HONEST, first=first).found == []
        told = bound([*HONEST, leaf("two", "document")], first=first).found
        assert [(each.code, each.params["index"]) for each in told] == [("checker.licence_twice", "8")], first


def test_what_cannot_be_looked_up_is_no_accusation() -> None:
    told = bound([*HONEST, leaf("x", "code", application="application of one")], can_look_up=False).found

    assert [(each.code, each.weight) for each in told] == [("checker.licence_unbound", Weight.UNKNOWN)]


def test_who_repeats_thousands_of_times_fills_no_memory_and_is_told_of() -> None:
    some = [leaf(f"{number}", "code", application=f"{number // 2}") for number in range(2 * ASKED_MAX + 10)]

    counts = bound(some)

    assert (counts.counts["failed"], counts.counts["unknown"]) == (ASKED_MAX, 1)
    assert counts.found[0].code == "checker.too_many"


def test_a_full_table_is_said_to_be_full() -> None:
    findings = Findings()

    told = bound(FAR, Bindings(findings, lines=1))  # whoever signed the records said that they have one line

    assert told.found == []
    assert [(each.code, each.params["what"]) for each in findings.found] == [("checker.too_many", "application")]


def test_the_checker_finds_it_in_a_log_and_an_interrupted_one_goes_on_with_what_it_had_to_look_up() -> None:
    leaves = [*HONEST, leaf("x", "code", application="application of one"), official("it"), official("it again")]
    wanted = {("licence_twice", "8"): "application", ("licence_twice", "10"): "document"}

    assert {key: each["what"] for key, each in found(audited(leaves)).items()} == wanted

    findings, lines = Findings(), [json.dumps({"leaf": at, **row}).encode() for at, (_, row) in enumerate(leaves, 1)]
    before, after = Bindings(findings, 9), Bindings(findings, 9)
    for index, (_entry, row) in enumerate(leaves[:8], 1):
        before.licence(index, purposes_of(leaves)[index], row)
    after.begin(Rows(iter(lines[8:]), sum(map(len, lines[:8]))), lambda: Rows(iter(lines)))
    after.restore(json.loads(json.dumps(before.state())))
    after.official(9, leaves[8][1])
    after.official(10, leaves[9][1])
    after.confirm(lambda: Rows(iter(lines)), purposes_of(leaves).__getitem__)
    assert {(each.code, each.params["index"]) for each in findings.found} == {
        (f"checker.{key}", at) for key, at in wanted
    }


def test_an_audit_of_new_entries_alone_finds_what_is_borrowed_of_earlier_ones() -> None:
    before = [*HONEST, *receipts(400)]
    kept = read_kept(json.loads(json.dumps(kept_of(audited(before)))))
    honest, forged = licence("four"), leaf("x", "code", application="application of one")

    later = audited([*before, *honest, forged], kept=kept, only_new=True)

    assert later.first == 256
    assert found(later).keys() == {("licence_twice", str(len(before) + 4))}


def test_an_intent_is_for_the_purpose_of_its_key_and_a_licence_for_the_office_of_its_code_key() -> None:
    other = LogEntry(kind=EntryKind.INTENT, time=BEGINS, digest=bytes(32), detail={1: "trust_list", 2: b"document"})
    spki = ec.derive_private_key(9, ec.SECP256R1()).public_key()
    content = spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    kid = key_identifier(content)
    key = TrustedKey(kid=kid, algorithm=Algorithm.ES256, spki=content, use=1, not_before=BEGINS, not_after=AT)
    issuer = TrustedIssuer(issuer="another", name="a", keys=(key,), status_prefix="", licence_types=())
    owners = KeyOwners(told := Findings(), replace(TRUST, issuers=(issuer,)))

    hidden = audited([*HONEST, (other.encode(), {})])
    owners.demand_issuer(1, kid, "office")
    owners.demand_issuer(2, kid, "another")
    owners.demand_issuer(3, b"nobody's", "office")

    assert found(hidden)["key_other_use", "8"]["expected"] == "document"
    assert [(each.weight, each.code, each.params["index"]) for each in told.found] == [
        (Weight.FAILED, "checker.row_differs", "1"), (Weight.UNKNOWN, "checker.key_unlisted", "3"),
    ]  # fmt: skip
