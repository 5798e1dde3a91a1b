"""How far witnesses have seen a log in use, and how long what they have not seen may wait."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.small_log import BEGINS, VERIFIER, SmallLog, genesis, intents, signed_note
from tests.witness_room import ARCHIVE, AUDIT, CITY, TestWitness, witness_lines
from verify.log_audit.audit import AuditResult, LogAudit
from verify.log_audit.claims import Shown
from verify.log_audit.kept import kept_of, read_kept
from verify.log_audit.scope import AuditScope
from verify.tiles import WITNESSED_CHECKPOINT
from verify.witness_policy import WitnessPolicy

DAY = timedelta(days=1)
BESIDE = f"log/{WITNESSED_CHECKPOINT}"
TWO = WitnessPolicy.parse(witness_lines())


def a_day_apart(days: int) -> SmallLog:
    """Publish a genesis entry and one intent a day."""
    return SmallLog.of(
        [genesis(), *(intents(1, first_second=86_400 * day, purpose="seal")[0] for day in range(1, days))]
    )


def cosigned(log: SmallLog, size: int, *witnesses: TestWitness, root: bytes = b"") -> str:
    """Return the checkpoint of a size, cosigned."""
    note = signed_note(size, root or SmallLog.of(log.entries[:size]).root)
    return note + "".join(each.line(note, BEGINS) for each in witnesses)


def audited(log: SmallLog, *notes: str, **changes: object) -> AuditResult:
    """Audit a log an hour after its last day began, with notes beside it and from elsewhere."""
    shown = tuple(Shown(source=f"w{number}" if number else BESIDE, note=note) for number, note in enumerate(notes))
    at = BEGINS + (log.size - 1) * DAY + timedelta(hours=1)
    scope = AuditScope(verifiers=(VERIFIER,), roots=(), at=at, policy=TWO, shown=shown)
    return LogAudit(replace(scope, **changes), log).run(  # type: ignore[arg-type]  # what a test changes
        progress=lambda _done, _all: None, save=lambda _state: None
    )


def found(result: AuditResult) -> dict[str, Mapping[str, str]]:
    return {
        f"{each.weight} {each.code}": each.params
        for each in result.findings.found
        if each.code != "checker.records_none"
    }


def test_a_log_in_use_shows_its_quorum_under_a_checkpoint_that_is_older_than_the_newest() -> None:
    log = a_day_apart(5)

    result = audited(log, cosigned(log, 4, AUDIT, CITY))

    assert (found(result), result.witnessed.size, result.witnessed.names) == ({}, 4, ("audit", "city"))
    assert result.compared == (BESIDE,)


def test_what_waits_is_measured_from_the_first_entry_that_no_quorum_has_seen_and_not_from_the_last() -> None:
    log = a_day_apart(31)

    late = audited(log, cosigned(log, 29, AUDIT, CITY))
    never = audited(log)
    few = audited(log, cosigned(log, 30, AUDIT))

    told = found(late)["failed checker.witness_late"]
    assert (told["index"], told["found"]) == ("29", (BEGINS + 29 * DAY).isoformat())
    assert found(never).keys() == found(few).keys() == {"failed checker.witness_few"}
    assert (few.witnessed.size, few.witnessed.names) == (0, ("audit",))
    assert found(audited(a_day_apart(1))).keys() == {"unknown checker.witness_few"}, "nobody was asked yet"


def test_who_cosigned_a_longer_log_has_seen_the_shorter_one_in_it() -> None:
    log = a_day_apart(5)

    result = audited(log, cosigned(log, 2, ARCHIVE), cosigned(log, 4, AUDIT), cosigned(log, 3, CITY))

    assert (result.witnessed.size, result.witnessed.names) == (3, ("audit", "city"))
    assert found(result).keys() == {"failed checker.witness_late"}


@pytest.mark.parametrize("witnesses", [(AUDIT, CITY), ()])
def test_a_note_that_is_not_the_logs_counts_for_nothing(witnesses: tuple[TestWitness, ...]) -> None:
    log = a_day_apart(5)
    fork = cosigned(log, 4, *witnesses, root=bytes(32))

    assert found(audited(log, cosigned(log, 2), fork)).keys() == {"failed checker.fork", "failed checker.witness_few"}


def test_a_wrong_line_is_a_fault_beside_the_log_and_elsewhere_a_note_that_does_not_count() -> None:
    log = a_day_apart(2)
    wrong = cosigned(log, 2) + AUDIT.line(signed_note(1, bytes(32)), BEGINS)
    good = cosigned(log, 1, AUDIT, CITY)

    assert found(audited(log, wrong)).keys() == {"failed checker.cosignature_wrong", "failed checker.witness_few"}
    assert found(audited(log, good, wrong)).keys() == {"unknown checker.cosignature_wrong"}


def test_an_audit_of_new_entries_alone_finds_the_quorum_in_what_was_gone_through_before() -> None:
    log = a_day_apart(300)
    before = SmallLog.of(log.entries[:290])
    kept = read_kept(kept_of(audited(before)))

    result = audited(log, cosigned(log, 200, AUDIT, CITY), kept=kept, only_new=True)

    assert (result.first, result.witnessed.size) == (256, 200)
    assert found(result)["failed checker.witness_late"]["found"] == (BEGINS + 200 * DAY).isoformat()
