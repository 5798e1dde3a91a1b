"""The auditor's page: the signing log as it stands, and whether it only grew since a checkpoint that was kept.

Promises: three answers, for what cannot be compared is neither good nor bad; no entry holds a name or personal data.
"""

from enum import StrEnum
from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.pages.doors import TheVisit, Visit, staff_page, staff_router
from registry import leaves
from registry.db import reading
from signer.proofs import log_head, prove_growth
from verify.log_entry import LogEntry
from verify.note import NoteError, open_checkpoint
from verify.tree import ProofError, check_consistency

audit_pages: Final = staff_router()
ENTRIES_SHOWN: Final = 50
_NOTE_LENGTH_MAX: Final = 8_000
_INDEX_LENGTH_MAX: Final = 15


class Growth(StrEnum):
    """What is found of a kept checkpoint."""

    GREW = "ui.log.grew"
    REWRITTEN = "ui.log.rewritten"
    UNKNOWN = "ui.log.unknown"


@audit_pages.get("/office/log")
def show_log(request: Request, visit: TheVisit) -> Response:
    """Show the checkpoint of now and the latest entries, or those before an index."""
    return _log_page(request, visit, None)


@audit_pages.post("/office/log")
def compare_log(request: Request, visit: TheVisit) -> Response:
    """Say whether the log grew out of a kept checkpoint."""
    kept = visit.text("kept", _NOTE_LENGTH_MAX).replace("\r\n", "\n").strip("\n") + "\n"
    return _log_page(request, visit, _growth(visit, kept))


def _growth(visit: Visit, kept: str) -> Growth:
    office = visit.office
    trust = office.public_files.trust_list(at=office.clock())
    verifiers = () if trust is None else trust.verifiers
    try:
        old = open_checkpoint(kept, verifiers)
        now = open_checkpoint(log_head(office.database, office.origin).note, verifiers)
    except NoteError:
        return Growth.UNKNOWN
    if old.origin != now.origin and old.origin not in office.origins:
        return Growth.UNKNOWN
    proof = prove_growth(office.database, now.origin, old.size)
    if proof is None:
        return Growth.REWRITTEN if old.size else Growth.UNKNOWN
    try:
        newest = open_checkpoint(proof.note, verifiers)
        check_consistency(old.size, old.root, newest.size, newest.root, proof.path)
    except (NoteError, ProofError):
        return Growth.REWRITTEN
    return Growth.GREW


def _log_page(request: Request, visit: Visit, found: Growth | None) -> Response:
    origin = visit.office.origin
    asked = request.query_params.get("before", "")
    with reading(visit.office.database) as tx:
        head = leaves.head(tx, origin)
        end = min(int(asked), head.size) if asked.isdecimal() and len(asked) <= _INDEX_LENGTH_MAX else head.size
        start = max(end - ENTRIES_SHOWN, 0)
        shown = leaves.entries(tx, origin, start, end)
    read = [(each.index, LogEntry.decode(each.entry)) for each in reversed(shown)]
    entries = [{"index": index, "kind": entry.kind.name.lower(), "digest": entry.digest.hex()} for index, entry in read]
    values = {
        "found": None if found is None else found.value,
        "size": head.size,
        "origin": origin,
        "note": head.note,
        "entries": entries,
        "earlier": start or None,
    }
    return staff_page(request, visit, "signing_log.html", values)
