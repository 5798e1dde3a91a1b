"""The checker against a small published log: what must agree with it, what it keeps, and how it goes on."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.small_log import BEGINS, ORIGIN, VERIFIER, SmallLog, genesis, intents, signed_note
from verify.cosignature import cosignature_line, cosigned_message, witness_key
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.claims import Shown
from verify.log_audit.kept import kept_of, read_kept
from verify.log_audit.records import RecordsManifest, Rows, encode_row
from verify.log_audit.scope import AuditScope
from verify.log_audit.tallies import Limits, Tally
from verify.log_entry import EntryKind, LogEntry
from verify.note import LogVerifier, checkpoint_body, note_key_id, signature_line
from verify.witness_policy import WitnessPolicy

AT = BEGINS + timedelta(days=3)
SCOPE = AuditScope(verifiers=(VERIFIER,), roots=(), at=AT, seed="dice", sample_size=5)
# Nobody is asked for records or witnesses here.
EXPECTED = {"checker.records_none", "checker.witness_none"}


def audited(log: SmallLog, scope: AuditScope = SCOPE) -> AuditResult:
    return LogAudit(scope, log).run(progress=lambda _done, _all: None, save=lambda _state: None)


def found(result: AuditResult) -> dict[str, Mapping[str, str]]:
    return {each.code: each.params for each in result.findings.found if each.code not in EXPECTED}


@pytest.fixture(scope="module")
def log() -> SmallLog:
    return SmallLog.with_intents(699)


def test_an_honest_log_is_recomputed_and_the_sample_follows_from_the_seed(log: SmallLog) -> None:
    result = audited(log)

    drawn = sorted(range(1, 700), key=lambda index: sha256(f"dice\n{log.root.hex()}\n{index}".encode()).digest())
    assert found(result) == {}
    assert result.is_complete
    assert result.judge.sample.drawn() == tuple(sorted(drawn[:5]))
    assert result.judge.tally.totals() == {EntryKind.GENESIS: 1, EntryKind.INTENT: 699}


def test_what_was_kept_must_be_continued(log: SmallLog) -> None:
    grown = SmallLog.of([*log.entries, *intents(500, first_second=100)])
    rewritten = SmallLog.of([*log.entries[:300], *intents(600, first_second=40)])
    kept = read_kept(json.loads(json.dumps(kept_of(audited(log)))))
    scope = replace(SCOPE, kept=kept)

    assert found(audited(grown, scope)) == {}
    assert audited(grown, scope).compared == ("kept",)
    assert found(audited(rewritten, scope))["checker.rewritten"]["index"] == "256"
    assert found(audited(SmallLog.with_intents(500), scope))["checker.shrunk"]["found"] == "501"


def test_only_what_is_new_is_read_when_that_is_wanted(log: SmallLog) -> None:
    grown = SmallLog.of([*log.entries, *intents(500, first_second=100)])
    kept = read_kept(kept_of(audited(log)))
    del grown.files["log/tile/entries/000"], grown.files["log/tile/0/001"]

    result = audited(grown, replace(SCOPE, kept=kept, only_new=True))

    assert (found(result), result.first, result.is_complete) == ({}, 512, True)
    assert result.judge.tally.totals() == {EntryKind.INTENT: 1_200 - 512}


def test_what_was_kept_where_a_bundle_ends_is_compared_too(log: SmallLog) -> None:
    """Once in 256 audits; the walk then begins right behind it."""
    before, other = SmallLog.of(log.entries[:512]), SmallLog.of(log.entries[1:513])
    kept = read_kept(kept_of(audited(before)))
    shown = (Shown(source="honest", note=kept.note), Shown(source="a fork", note=signed_note(512, other.root)))
    scope = replace(SCOPE, kept=kept, shown=shown, only_new=True)

    grown, none_new = audited(log, scope), audited(before, scope)

    assert (grown.first, grown.compared, none_new.compared) == (512, ("kept", "honest"), ("kept", "honest"))
    assert found(grown).keys() == found(none_new).keys() == {"checker.fork"}
    mixed = replace(kept, walk=read_kept(kept_of(audited(SmallLog.with_intents(511)))).walk)
    told = found(audited(log, replace(scope, kept=mixed, shown=())))
    assert told.keys() == {"checker.rewritten", "checker.root_other"}


def test_two_checkpoints_that_do_not_connect_are_proof_of_a_fork(log: SmallLog) -> None:
    other = SmallLog.of([*log.entries[:600], *intents(9, first_second=70)])
    shown = (
        Shown(source="a witness", note=signed_note(609, other.root)),
        Shown(source="the web site", note=signed_note(200, SmallLog.of(log.entries[:200]).root)),
        Shown(source="a mirror", note=signed_note(701, other.root)),
        Shown(source="a stranger", note="x\n1\nAAAA\n\n— y AAAA\n"),
    )

    result = audited(log, replace(SCOPE, shown=shown))

    told = found(result)
    assert told["checker.fork"]["file"] == "a witness"
    assert told["checker.fork"]["expected"] == other.root.hex()
    assert result.compared == ("the web site",)
    assert told["checker.shown_ahead"]["found"] == "701"
    assert told["checker.shown_wrong"]["file"] == "a stranger"


def test_an_audit_that_was_interrupted_goes_on_and_finds_the_same() -> None:
    log = SmallLog.with_intents(33_500)
    log.flip("log/tile/entries/003", 40)
    log.flip("log/tile/0/129", 40)
    states: list[dict[str, Any]] = []
    whole = LogAudit(SCOPE, log).run(
        progress=lambda _done, _all: None, save=lambda state: states.append(json.loads(json.dumps(state)))
    )
    read: list[str] = []
    again = LogAudit(replace(SCOPE), _Counting(log, read))
    again.resume(states[0])

    result = again.run(progress=lambda _done, _all: None, save=lambda _state: None)

    assert states[0]["walk"]["position"] == 32_768
    assert "log/tile/entries/003" not in read
    assert result.findings.state() == whole.findings.state()
    assert result.judge.state() == whole.judge.state()
    assert set(found(result)) == {"checker.entry_changed", "checker.tile_changed"}


def test_an_interrupted_audit_of_a_log_that_grew_goes_on_under_the_newer_checkpoint() -> None:
    asked = replace(SCOPE, wanted=frozenset({b"never signed, though it is said.".ljust(32)}))
    old = SmallLog.with_intents(33_500)
    states: list[dict[str, Any]] = []
    LogAudit(asked, old).run(
        progress=lambda _, __: None, save=lambda state: states.append(json.loads(json.dumps(state)))
    )
    grown = SmallLog.of([*old.entries, *intents(900, first_second=3_400)])
    read: list[str] = []

    def goes_on(log: SmallLog, **changes: Any) -> AuditResult:
        again = LogAudit(replace(asked, **changes), _Counting(log, read))
        again.resume(states[0])
        return again.run(progress=lambda _done, _all: None, save=lambda _state: None)

    result = goes_on(grown)
    assert (found(result), result.is_complete, result.compared) == ({}, True, ("unfinished",))
    twice = [path for path in read if path.startswith("log/tile/entries/0")]
    assert twice == ["log/tile/entries/000"], "nothing is read twice but when the log begins"
    offered = range(1, grown.size)
    drawn = sorted(offered, key=lambda index: sha256(f"dice\n{old.root.hex()}\n{index}".encode()).digest())
    assert result.judge.sample.drawn() == tuple(sorted(drawn[:5])), "drawn as it was begun"

    fifth = LogEntry.decode(old.entries[5]).digest
    early = goes_on(grown, wanted=frozenset({fifth}))  # asked for after its bundle was gone through
    assert early.judge.wanted[fifth] == 5

    other = SmallLog.of([*old.entries[:400], *intents(9, first_second=70)])
    shown = (Shown(source="a witness", note=signed_note(409, other.root)),)  # below the place of the interruption
    assert "checker.fork" in found(goes_on(grown, shown=shown))

    rewritten = SmallLog.of([*old.entries[:33_400], *intents(1_001, first_second=3_400)])
    told = found(goes_on(rewritten))
    assert (told["checker.fork"]["file"], told["checker.fork"]["expected"]) == ("unfinished", old.root.hex())
    assert "checker.root_other" in found(goes_on(SmallLog.of([genesis(), *intents(34_401)])))
    shrunk = goes_on(SmallLog.with_intents(400))
    assert (list(found(shrunk)), shrunk.is_complete) == (["checker.shrunk"], True)


def test_an_interrupted_audit_takes_records_up_where_it_takes_up_the_log_and_begins_both_anew_for_other_arguments() -> (
    None
):
    """Records that go on while the log begins anew would accuse an honest office of all that was compared before."""
    receipt = LogEntry(kind=EntryKind.RECEIPT, time=BEGINS + timedelta(hours=1), digest=bytes(32)).encode()
    log = SmallLog.of([genesis(), *intents(1), *[receipt] * 33_000, *intents(1, first_second=4_000)])
    lines = [encode_row({"leaf": leaf, "what": "intent", "state": "open", "attempt": "a"}) for leaf in (1, 33_002)]
    manifest = RecordsManifest(
        origin=ORIGIN, size=log.size, root=log.root, made_at=BEGINS + timedelta(hours=2), lines=2, digest=bytes(32),
        totals={},
    )  # fmt: skip
    scope, opened, states = replace(SCOPE, manifest=manifest), list[int](), list[dict[str, Any]]()

    def rows(place: int) -> Rows:
        opened.append(place)
        return Rows(iter(lines if not place else lines[1:]), place)

    def goes_on(**changes: Any) -> AuditResult:
        audit = LogAudit(replace(scope, **changes), log, rows)
        if states:
            audit.resume(states[0])
        return audit.run(progress=lambda _, __: None, save=lambda state: states.append(json.loads(json.dumps(state))))

    results = [goes_on(), goes_on(), goes_on(sample_size=9)]

    assert opened == [0, len(lines[0]), 0, 0], "begun, gone on (and what lies below read once more), begun anew"
    assert [set(found(each)) for each in results] == [set()] * 3
    assert [each.findings.list_counts["open"] for each in results] == [2] * 3
    assert len(results[2].judge.sample.drawn()) == 2, "drawn from the whole log"


def test_what_is_asked_for_is_found_below_the_new_entries_and_a_bundle_changed_since_is_named(log: SmallLog) -> None:
    grown = SmallLog.of([*log.entries, *intents(500, first_second=100)])
    kept = read_kept(kept_of(audited(log)))
    digests = [LogEntry.decode(grown.entries[index]).digest for index in (7, 600)]
    scope = replace(SCOPE, kept=kept, only_new=True, wanted=frozenset(digests))

    assert audited(grown, scope).judge.wanted == dict(zip(digests, (7, 600), strict=True))

    grown.flip("log/tile/entries/000", 2_000)
    result = audited(grown, scope)
    assert found(result)["checker.bundle_other"]["file"] == "log/tile/entries/000"
    assert result.judge.wanted[digests[0]] is None


def test_a_hostile_log_fills_no_memory_and_what_was_not_counted_by_itself_is_said() -> None:
    many = [intents(1, first_second=each * 100_000, purpose=f"purpose {each}")[0] for each in range(20)]
    forged = [
        LogEntry(
            kind=EntryKind.ABANDONED, time=BEGINS + timedelta(seconds=2_000_000), digest=bytes(32), detail={1: 1 << 40}
        ).encode()
    ]
    scope = replace(SCOPE, at=BEGINS + timedelta(days=40), limits=Limits(purposes=5, days=9))

    result = audited(SmallLog.of([genesis(), *many, *forged]), scope)

    told = {each.params["what"] for each in result.findings.found if each.code == "checker.too_many"}
    assert (told, len(result.judge.tally.days)) == ({"purposes", "days"}, 9 + 2)
    assert result.judge.tally.totals() == {EntryKind.GENESIS: 1, EntryKind.INTENT: 20, EntryKind.ABANDONED: 1}
    assert len(result.judge.given_up) == 0, "no bit is kept for a place that the log does not have"

    tally = Tally(Limits(departments=3, counts=4))
    for number in range(9):
        tally.department(int(BEGINS.timestamp()), str(number) if number else "x" * 65, 1)
    assert (len(tally.departments), tally.beyond) == (3, {"departments": 3})


class _Counting:
    def __init__(self, log: SmallLog, read: list[str]) -> None:
        self._log, self._read = log, read

    def get(self, path: str) -> bytes | None:
        self._read.append(path)
        return self._log.get(path)


def test_a_checkpoint_that_the_log_did_not_sign_ends_the_audit(log: SmallLog) -> None:
    forged = SmallLog(log.entries, log.root, dict(log.files))
    forged.flip("log/checkpoint", len(ORIGIN) + 3)

    result = audited(forged)

    assert (set(found(result)), result.checkpoint) == ({"checker.checkpoint_wrong"}, None)


def test_a_signed_root_that_is_not_that_of_the_entries_is_found(log: SmallLog) -> None:
    other = SmallLog.of([*log.entries[:699], *intents(1, first_second=90)])
    forged = SmallLog(log.entries, log.root, {**log.files, "log/checkpoint": signed_note(700, other.root).encode()})

    told = found(audited(forged))

    assert told["checker.root_other"] == {
        "file": "log/checkpoint", "expected": other.root.hex(), "found": log.root.hex(),
    }  # fmt: skip


def test_entries_are_judged_by_themselves() -> None:
    late, early = intents(1, first_second=900), intents(2, first_second=0)[1:]
    given_up = LogEntry(
        kind=EntryKind.ABANDONED, time=BEGINS + timedelta(seconds=900), digest=sha256(late[0]).digest(), detail={1: 1}
    )
    of_nothing = replace(given_up, digest=bytes(32))
    entries = [genesis(), *late, *early, given_up.encode(), of_nothing.encode(), b"\x80", genesis()]

    result = audited(SmallLog.of(entries))

    told = found(result)
    assert {code: params["index"] for code, params in told.items()} == {
        "checker.time_order": "6",
        "checker.abandoned_other": "4",
        "checker.entry_malformed": "5",
        "checker.genesis": "6",
    }
    assert result.findings.counts["failed"] == 5  # two entries went back in time
    assert [row["index"] for row in result.findings.lists["abandoned"]] == ["1", "1"]


def test_a_log_takes_another_name_by_a_close_and_a_link_and_in_no_other_way() -> None:
    old, new = "licences.test.example/2025", ORIGIN
    before = [genesis(old), *intents(300)]
    close = LogEntry(
        kind=EntryKind.CLOSED,
        time=BEGINS + timedelta(seconds=90),
        digest=sha256(new.encode()).digest(),
        detail={1: new},
    ).encode()
    at_close = SmallLog.of([*before, close])
    kept = Shown(source="kept", note=signed_note(at_close.size, at_close.root, old))
    link = {1: new, 2: old, 3: at_close.size, 4: at_close.root}
    scope = replace(SCOPE, verifiers=(VERIFIER, VERIFIER.named(old)), shown=(kept,))
    after = intents(9, first_second=95)

    def named(entry: bytes, *, closed: str | None = kept.note, **changes: Any) -> dict[str, Mapping[str, str]]:
        log = SmallLog.of([*before, entry, begins(**changes), *after])
        log.files |= {} if closed is None else {"log/closed/302/checkpoint": closed.encode()}
        return found(audited(log, scope))

    def begins(**changes: Any) -> bytes:
        detail = link | {int(key.removeprefix("_")): value for key, value in changes.items()}
        name = str(detail[1])
        time, digest = BEGINS + timedelta(seconds=90), sha256(name.encode()).digest()
        return LogEntry(kind=EntryKind.GENESIS, time=time, digest=digest, detail=detail).encode()

    assert named(close) == {}
    assert named(close, closed=None)["checker.closed_missing"]["file"] == "log/closed/302/checkpoint"
    for other in (signed_note(302, bytes(32), old), signed_note(302, at_close.root), signed_note(301, bytes(32), old)):
        assert named(close, closed=other).keys() == {"checker.closed_wrong"}
    assert named(close, _3=at_close.size - 1)["checker.link_wrong"]["index"] == "302"
    assert named(close, _4=bytes(32))["checker.link_wrong"]["index"] == "302"
    assert named(close, _2="somebody.example/log")["checker.genesis"]["index"] == "302"
    of_another = replace(LogEntry.decode(close), digest=bytes(32)).encode()
    assert named(of_another)["checker.genesis"]["index"] == "301"
    renamed = named(close, _1="licences.test.example/2027")
    assert (renamed["checker.genesis"]["index"], "checker.name_other" in renamed) == ("302", True)
    assert named(intents(1, first_second=90)[0])["checker.genesis"]["index"] == "302"
    unfinished = found(audited(SmallLog.of([*before, close, *after]), scope))
    assert unfinished["checker.genesis"]["index"] == "302"


def test_a_log_of_another_key_is_the_one_that_was_kept_only_if_it_goes_on_with_its_entries() -> None:
    """The trust list may name two logs: an operator cannot begin a fresh one and have the kept one forgotten."""
    old, key = "licences.test.example/2025", Ed25519PrivateKey.from_private_bytes(b"the key of the log of last year!")
    public = key.public_key().public_bytes_raw()
    former = LogVerifier(old, note_key_id(old, 1, public), public)

    def by_former_key(log: SmallLog) -> str:
        body = checkpoint_body(old, log.size, log.root).decode()
        return f"{body}\n{signature_line(old, former.key_id, key.sign(body.encode()))}"

    def named(kind: EntryKind, name: str, **more: Any) -> bytes:
        detail = {1: name} | {int(place[1:]): value for place, value in more.items()}
        time, digest = BEGINS + timedelta(seconds=90), sha256(name.encode()).digest()
        return LogEntry(kind=kind, time=time, digest=digest, detail=detail).encode()

    before = SmallLog.of([genesis(old), *intents(300), named(EntryKind.CLOSED, ORIGIN)])
    before.files["log/checkpoint"] = by_former_key(before).encode()
    link = named(EntryKind.GENESIS, ORIGIN, _2=old, _3=before.size, _4=before.root)
    linked = SmallLog.of([*before.entries, link, *intents(9, first_second=95)])
    linked.files[f"log/closed/{before.size}/checkpoint"] = before.files["log/checkpoint"]
    scope = replace(SCOPE, verifiers=(VERIFIER, former))
    kept = read_kept(kept_of(audited(before, scope)))

    def against_kept(log: SmallLog) -> dict[str, Mapping[str, str]]:
        whole, only_new = (found(audited(log, replace(scope, kept=kept, only_new=each))) for each in (False, True))
        assert whole == only_new
        return whole

    assert against_kept(linked) == {}
    for fresh in (SmallLog.with_intents(9), SmallLog.with_intents(700)):
        told = against_kept(fresh)
        assert told.keys() == {"checker.kept_other"}
        assert (told["checker.kept_other"]["index"], told["checker.kept_other"]["expected"]) == (
            "302",
            before.root.hex(),
        )
    same_key = found(audited(SmallLog.with_intents(9), replace(scope, verifiers=(VERIFIER, VERIFIER.named(old)),
        kept=replace(kept, note=signed_note(302, before.root, old)))))  # fmt: skip
    assert same_key.keys() == {"checker.kept_other"}, "a name of the same key, that was not closed"


def test_witnesses_are_counted_by_the_policy() -> None:
    witness = Ed25519PrivateKey.from_private_bytes(b"an audit office's witness, tests")
    key = witness_key("audit.example/w", witness.public_key().public_bytes_raw())
    log = SmallLog.with_intents(10)
    policy = WitnessPolicy.parse(f"witness audit {key.text}\nquorum audit\n")
    scope = replace(SCOPE, policy=policy)
    note, at = log.files["log/checkpoint"].decode(), int(AT.timestamp())
    text = note.rpartition("\n\n")[0] + "\n"
    line = cosignature_line(key, at, witness.sign(cosigned_message(at, text)))

    assert found(audited(log, scope))["checker.witness_few"]["expected"] == "audit"
    assert audited(log, scope).findings.counts["failed"] == 1
    soon = replace(scope, at=BEGINS + timedelta(hours=1))
    assert audited(log, soon).findings.counts["failed"] == 0

    log.files["log/checkpoint"] = (note + line).encode()
    assert audited(log, scope).witnessed.names == ("audit",)
    assert "checker.witness_few" not in found(audited(log, scope))

    log.files["log/checkpoint"] = (note + cosignature_line(key, at, bytes(64))).encode()
    assert "checker.cosignature_wrong" in found(audited(log, scope))


def test_what_persons_do_with_keys_at_night_is_listed_and_what_the_service_does_by_itself_is_not() -> None:
    at_night = BEGINS.replace(hour=14)
    told: list[tuple[EntryKind, dict[int, object]]] = [
        (EntryKind.INTENT, {1: "seal", 2: b"a seal's"}), (EntryKind.INTENT, {1: "code", 2: b"a code's", 3: bytes(32)}),
        (EntryKind.INTENT, {1: "trust_list", 2: b"the root"}), (EntryKind.INTENT, {1: "authority", 2: b"the CA's"}),
        (EntryKind.STATE, {1: "licence", 2: "revoke"}), (EntryKind.STATE, {1: "licence", 2: "supersede"}),
        (EntryKind.KEY, {1: "cut_off", 2: b"a code's"}), (EntryKind.KEY, {1: "count", 2: b"a list's"}),
        (EntryKind.ADMIN, {1: "records_export"}),
    ]  # fmt: skip
    by_day, by_night = (
        [LogEntry(kind=kind, time=time, digest=bytes(32), detail=detail).encode() for kind, detail in told]
        for time in (BEGINS, at_night)
    )

    listed = audited(SmallLog.of([genesis(), *by_day, *by_night])).findings.lists["outside_hours"]

    assert [(row["index"], row["purpose"]) for row in listed] == [
        ("10", "seal"), ("11", "code"), ("14", "licence revoke"), ("16", "cut_off"), ("18", "records_export"),
    ]  # fmt: skip
    assert listed[0]["key"] == b"a seal's".hex()
