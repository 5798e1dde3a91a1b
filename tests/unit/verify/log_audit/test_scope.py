"""What an interrupted audit must have in common with the one that goes on."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.small_log import BEGINS, ORIGIN, VERIFIER, SmallLog, genesis, signed_note
from verify.log_audit.claims import Kept, Shown
from verify.log_audit.hours import OfficeHours
from verify.log_audit.records import RecordsManifest
from verify.log_audit.scope import AuditScope
from verify.log_audit.tallies import Limits
from verify.witness_policy import WitnessPolicy

LOG = SmallLog.of([genesis()])
MANIFEST = RecordsManifest(
    origin=ORIGIN, size=1, root=LOG.root, made_at=BEGINS, lines=0, digest=bytes(32), totals={"licences": 1}
)
KEPT = Kept(note=signed_note(1, LOG.root), walk={"position": 0})
SCOPE = AuditScope(verifiers=(VERIFIER,), roots=(b"root",), at=BEGINS, manifest=MANIFEST, kept=KEPT, only_new=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"verifiers": (VERIFIER, VERIFIER.named("another.example/log"))},
        {"roots": (b"root", b"another")},
        {"kept": None},
        {"kept": replace(KEPT, rows=1)},
        {"kept": replace(KEPT, counted={"seen": {"licences": 1}})},
        {"only_new": False},
        {"manifest": None},
        {"manifest": replace(MANIFEST, size=2)},
        {"manifest": replace(MANIFEST, totals={"licences": 2})},
        {"hours": OfficeHours.parse("08:00-18:01")},
        {"hours": OfficeHours(holidays=frozenset({date(2026, 10, 1)}))},
        {"hours": OfficeHours(work=frozenset({date(2026, 10, 1)}))},
        {"seed": "dice"},
        {"sample_size": 1},
        {"prefix": "old/"},
        {"limits": Limits(days=1)},
        {"sources": ("another folder",)},
    ],
)
def test_a_saved_state_is_of_every_argument_that_shaped_it(changes: dict[str, Any]) -> None:
    assert replace(SCOPE, **changes).bound(1) != SCOPE.bound(1)


def test_what_is_looked_at_anew_each_time_may_change() -> None:
    shown = (Shown(source="a witness", note="x"),)
    later = replace(
        SCOPE,
        at=BEGINS + timedelta(hours=1),
        shown=shown,
        wanted=frozenset({b"d"}),
        policy=WitnessPolicy.parse("quorum none\n"),
    )

    assert later.bound(1) == SCOPE.bound(1) != SCOPE.bound(2)
