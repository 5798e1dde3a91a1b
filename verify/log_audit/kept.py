"""What an auditor keeps from one audit to the next.

Promises: small (some megabytes for ten million entries), bounded whatever the log says, and read strictly: what cannot
be read is no reason to call the log false.

    {"format": 1, "note": checkpoint, "rows": below which leaves were compared with rows, "walk": `TreeWalk.state`,
     "left": `RowJudge.left`, "before": `EntryJudge.before`, "logged": {digest in hex: place}, "lists": {file: time},
     "counted": `Tally.state` of months whose report is not judged, "judged": {month: digest of its report in hex}}
"""

import re
from collections.abc import Mapping
from typing import Final

from verify.errors import MalformedError
from verify.log_audit.audit import AuditResult
from verify.log_audit.claims import Kept
from verify.log_audit.counted import left_to_count
from verify.log_audit.monthly import MONTH

KEPT_FORMAT: Final = 1
# Reports of a hundred years, the trust list, and licences that auditors bring along again.
LOGGED_MAX: Final = 20_000
_DIGEST: Final = re.compile("[0-9a-f]{64}")


def kept_of(result: AuditResult) -> dict[str, object]:
    """Return what an auditor keeps after an audit in which nothing failed, for JSON."""
    if result.checkpoint is None or result.walk is None:
        raise TypeError("there is nothing to keep")
    logged = [(digest.hex(), place) for digest, place in result.judge.wanted.items() if place is not None]
    newest = dict(sorted(logged, key=lambda each: -each[1])[:LOGGED_MAX])
    told: dict[str, object] = {"format": KEPT_FORMAT, "note": result.checkpoint.note, "rows": result.rows_until}
    place = dict(result.next_place)
    counted = left_to_count(result.counted, place.pop("tally"), result.judged)
    return {
        **told,
        **place,
        "logged": newest,
        "lists": dict(result.lists),
        "counted": counted,
        "judged": dict(result.judged),
    }


def read_kept(state: Mapping[str, object]) -> Kept:
    """Read what was kept. Raises ``MalformedError``."""
    note, walk, rows = state.get("note"), state.get("walk"), state.get("rows", 0)
    if state.get("format") != KEPT_FORMAT or not isinstance(note, str) or not isinstance(walk, dict):
        raise MalformedError("not what a checker keeps")
    left, before, logged, lists, counted, judged = (
        state.get(name) for name in ("left", "before", "logged", "lists", "counted", "judged")
    )
    places = {
        digest: place
        for digest, place in (logged.items() if isinstance(logged, dict) else ())
        if _DIGEST.fullmatch(digest) and type(place) is int
    }
    return Kept(
        note=note,
        walk=walk,
        rows=rows if isinstance(rows, int) else 0,
        left=left if isinstance(left, dict) else {},
        before=before if isinstance(before, dict) else {},
        logged=places,
        lists={file: time for file, time in (lists.items() if isinstance(lists, dict) else ()) if type(time) is int},
        counted=counted if isinstance(counted, dict) else {},
        judged={
            month: digest
            for month, digest in (judged.items() if isinstance(judged, dict) else ())
            if MONTH.fullmatch(month) and isinstance(digest, str)
        },
    )
