"""Which columns an audit finds a flipped byte in, decided for each: a new column without a decision fails the test.

A column that is named nowhere here is found. `OUT_OF_REACH` says of each other one why no check can, or need, find its
change; `ONLY_WHERE` in which rows of a table a change is found, and why not in the others. `EMPTY` are columns that are
found where they hold something, and hold nothing in the town of this test: other tests of the audit show them.
"""

from collections.abc import Mapping
from typing import Final

_STAFF: Final = (
    "who may sign in, and as what: administrators keep it; each act that is done stands in the log with its role"
)
_CLIENTS: Final = "which systems may call; what they did is receipts and drafts, which are judged themselves"
_WORK: Final = "work in progress: what becomes of it is drafts and licences, which are judged themselves"
_MESSAGES: Final = "a message on its way; what it tells of stands in the feed of recalls, which is judged"
_SESSION: Final = "a session or a code of some minutes or days: a changed one lets nobody in"
_WORKER: Final = "which process holds it and how long: a wrong one ends the work, and it is done again"
_KEPT_AT: Final = "when a copy was written down; nothing is decided by it, and what it is about bears its own time"
_ORDER: Final = (
    "counts what is given out once, which is a unique key: a counter set back is refused, one set on leaves a gap"
)
_PERSONS: Final = "who typed it: nothing signed tells; the sample of an audit asks the office for its papers"
_SHOWN: Final = "shown beside what is signed, in no field of a licence; nothing signed tells it"
_CATALOGUE: Final = "the office's own settings for licences to come; what a licence says stands in its signed data set"
_RESTORED: Final = (
    "only there after a restore; the lost part of the log is demanded by its range (`audit.recovery_unlogged`)"
)
_COUNTS: Final = "how often a key was used on days that are not logged yet"

OUT_OF_REACH: Final[Mapping[str, str]] = {
    "account.*": _STAFF,
    "api_client.*": _CLIENTS,
    "artefact.stored_at": _KEPT_AT,
    "batch.*": _WORK,
    "batch_sheet.*": _WORK,
    "chunk.*": _WORK,
    "client_certificate.*": _CLIENTS,
    "client_key.*": _CLIENTS,
    "client_statement.*": _SESSION,
    "client_token.*": _SESSION,
    "counter.*": _ORDER,
    "department.division": "part of numbers and seal codes to come; those that were given out are signed",
    "department.level": _SHOWN,
    "department.name_en": _SHOWN,
    "department.parent": _SHOWN,
    "department.short_code": _SHOWN,
    "draft.batch_key": _WORK,
    "draft.changed_by": _PERSONS,
    "draft.created_at": _PERSONS,
    "draft.created_by": _PERSONS,
    "draft.photo": "in the signed document; this copy is offered again when the licence is renewed, and looked at then",
    "draft.version": "counts changes of a draft, for those who write at once; a filed one is changed by nobody",
    "holder_access.*": _SESSION,
    "intent.lease_until": _WORKER,
    "intent.worker": _WORKER,
    "invitation.*": _SESSION,
    "kept_status.*": _RESTORED,
    "key_use.*": _COUNTS,
    "licence_type.definition": _CATALOGUE,
    "lineage.last_version": _ORDER + "; below a licence's version it is found",
    "live_code_use.*": _SESSION,
    "log_pending.created_at": _WORKER,
    "log_pending.pending_id": "the order of what waits: the log's own order is made by it a moment later",
    "log_record.kept_at": _KEPT_AT,
    "long_term.number": "counts the sealings of one document; each is the filed document and more, whatever its number",
    "long_term.sealed_at": "stands in the evidence of the sealing itself",
    "official_document.approved_at": "the approval's person is that of the signed use; its moment stands nowhere else",
    "official_document.etag": "counts changes, for those who write at once; a sealed one is changed by nobody",
    "official_document.layout": "where the seal's picture was laid: the signed file shows it; form and room are held to it",
    "official_document.pages": _SHOWN,
    "official_document.prepared_at": _PERSONS,
    "official_document.prepared_by": _PERSONS,
    "official_document.title": _SHOWN,
    "official_document.upload_digest": "of the file that was sent in; what was sealed is held to `prepared_digest`",
    "person.*": _STAFF,
    "place.reserved_at": _WORKER,
    "provider_subject.*": _STAFF,
    "provider_visit.*": _SESSION,
    "recall.number": "the order of the feed; above the counter it is found, below it nothing else tells it",
    "receipt_deletion.deleted_at": _KEPT_AT,
    "recovered_leaf.*": _RESTORED,
    "recovery_code.*": _STAFF,
    "request.*": _WORK,
    "seal.last_grant": _ORDER,
    "seal.name_en": _SHOWN,
    "seal.psb_code": "stands on the signed picture",
    "seal_ending.*": "a proposal, void after the next act; an end is the act, with both persons and its own grounds",
    "seal_event.event_id": "the order of acts: one that changes how a seal or a grant stands is found, any other changes nothing",
    "seal_object.key_destroyed_at": "that it was destroyed is an act on the key, in the log",
    "seal_use.lease_until": _WORKER,
    "service_item.definition": _CATALOGUE,
    "sheet_row.*": _WORK,
    "staff_session.*": _SESSION,
    "status_list.*": "a secret that spreads places: with another one the next place is a taken one, and refused, or free",
    "verification_receipt.client": _CLIENTS,
    "verification_receipt.item_code": "beside the purpose that was signed; nothing signed tells it",
    "webhook_delivery.*": _MESSAGES,
    "webhook_target.*": _MESSAGES,
    "witness_answer.*": "what a witness said last, asked again with the next head; its lines are judged",
}

ONLY_WHERE: Final[Mapping[str, tuple[str, str]]] = {
    "artefact.sequence": (
        "kind IN ('trust_list', 'trust_root', 'crl', 'pack', 'pack_since')",
        "the others bear no number: it keeps an older one from taking the place of a newer one",
    ),
    "artefact.name": ("kind <> 'pack_manifest'", "which of twelve places an older pack's parts list stands in"),
    "intent.licence_id": ("state = 'filed'", "the id of an attempt that was given up is nobody's"),
    "department.uscc": ("uscc IN (SELECT issuer FROM licence)", "offices that issue nothing stand in no signed list"),
    "department.name": ("uscc IN (SELECT issuer FROM licence)", "offices that issue nothing stand in no signed list"),
}

EMPTY: Final = frozenset(
    {"draft.given_number", "official_document.item_code", "seal_grant.role", "seal_object.replaced_at"}
)


def reason(table: str, column: str) -> str | None:
    """Return why no check finds a change of this column; None where one does."""
    return OUT_OF_REACH.get(f"{table}.*") or OUT_OF_REACH.get(f"{table}.{column}")
