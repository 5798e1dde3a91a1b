"""Part of an audit: seals, grants and uses against the log, both ways.

Promises:
  * Each act on a seal or grant, and each use, has its leaf; its columns tell what its record tells, also of persons.
    How a seal, an object or a grant stands follows from its acts (`audit_seal_states`); its count is that of its uses.
  * Each seal object is what its maker signed, with the name, term and picture that the registry tells; they are those
    that were applied for and approved. Its key and certificate are those that the registry tells, too.
  * Each leaf about a seal, a grant or uses has its rows, and each signature of a seal has a use.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from keys.custody import KeyName
from registry import leaves, log_records, seal_audits, seals
from registry.db import Database, Transaction, reading
from registry.seal_audits import AuditedRecord, AuditedUse
from registry.seal_events import (
    GRANT,
    RECORD_BYTES_MAX,
    SEAL,
    VALID_FROM,
    VALID_UNTIL,
    applied_for,
    events_of_seal,
    read_applied_for,
)
from registry.seal_grants import grants_of
from registry.seal_lifecycle import SealAct
from registry.seal_records import SealEventRecord, SealObjectRecord, SealRecord
from registry.seal_uses import FILE, USE
from signer import key_register
from signer.audit_entries import entries_at
from signer.audit_report import Findings
from signer.audit_seal_states import grant_otherwise, object_otherwise, seal_otherwise
from verify import cbor
from verify.certificates import read_certificate
from verify.errors import MalformedError
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.seal_fields import SealError
from verify.seal_objects import Seal, read_seal

Acts = Mapping[tuple[str, int | None], SealEventRecord]
WORDS: Final = frozenset({SEAL, GRANT, USE})
"""First words of the entries that are judged here."""

_SALT: Final = 0
_SEALING: Final = frozenset({KeyPurpose.SEAL.value, KeyPurpose.DOCUMENT.value})


def judge_seal_entry(tx: Transaction, index: int, entry: LogEntry, findings: Findings) -> None:
    """From the log to the registry: an entry about a seal, a grant or uses has the rows that it tells of."""
    detail = entry.detail or {}
    if detail.get(1) == USE:
        listed = _listed(log_records.find(tx, entry.digest), entry.digest)
        has_uses = listed is not None and listed == seal_audits.use_digests(tx, entry.digest)
        findings.demand(has_uses and detail.get(2) == FILE, "audit.seal_use_missing", index=index)
        return
    event = seal_audits.event_of_digest(tx, entry.digest)
    if event is None:
        findings.demand(False, "audit.event_unknown", index=index)
        return
    grant_id, act = event
    wanted = {1: SEAL if grant_id is None else GRANT, 2: act}
    findings.demand(detail == wanted, "audit.seal_leaf", index=index)


def is_sealing_known(tx: Transaction, index: int, entry: LogEntry) -> bool:
    """Say whether the intent of a seal or of the seal maker, which is of no licence, has its use or its record."""
    purpose = (entry.detail or {}).get(1)
    if purpose == KeyPurpose.SEAL_MAKER.value:
        record = log_records.find(tx, entry.digest)
        return record is not None and sha256(record).digest() == entry.digest
    return purpose != KeyPurpose.SEAL.value or bool(seal_audits.sealed_leaves(tx, (index,)))


class SealAudit:
    """From the registry to the log: walks through seals, acts, grants and uses."""

    def __init__(self, database: Database, origin: str, findings: Findings) -> None:
        self._database = database
        self._origin = origin
        self._findings = findings

    def walk(self) -> None:
        """Judge all of them."""
        self._seals()
        self._events()
        self._grants()
        self._uses()

    def _seals(self) -> None:
        with reading(self._database) as tx:
            for seal in seals.seals_of(tx):
                self._findings.count("seals")
                events = events_of_seal(tx, seal.code)
                acts = [each for each in events if each.grant_id is None]
                objects = seals.objects_of(tx, seal.code)
                columns = seal_otherwise(seal, objects, acts)
                self._findings.demand(not columns, "audit.seal_state", seal=seal.code, columns=columns)
                logged = {each.version: each.record for each in acts if each.act in {"make", "file"}}
                did = {(each.act, each.version): each for each in acts}
                for made in objects:
                    columns = object_otherwise(made, acts)
                    agrees = not columns and _is_theirs(made, did) and _is_wanted(seal, made, did)
                    if made.content is not None:
                        agrees &= self._is_object(tx, seal, made, logged.get(made.version))
                    named = {"seal": seal.code, "version": made.version, "columns": columns}
                    self._findings.demand(agrees, "audit.seal_object", **named)
                for grant in grants_of(tx, seal.code):
                    columns = grant_otherwise(grant, events)
                    self._findings.demand(not columns, "audit.seal_grant", grant=grant.grant_id, columns=columns)

    def _is_object(self, tx: Transaction, seal: SealRecord, made: SealObjectRecord, record: bytes | None) -> bool:
        """Say whether an object is the one that was logged, signed and recorded, and tells what its columns tell."""
        content, leaf = made.content or b"", -1 if made.maker_leaf is None else made.maker_leaf
        try:
            signed = read_seal(content)
        except SealError:
            return False
        entry = entries_at(tx, self._origin, (leaf,)).get(leaf)
        digest = sha256(content).digest()
        return (
            _is_maker_intent(entry, signed)
            and record is not None
            and _told(record).get(6) == digest
            and _tells(signed, seal, made)
            and _is_certified(tx, seal, made)
        )

    def _events(self) -> None:
        after = 0
        while True:
            with reading(self._database) as tx:
                page = seal_audits.seal_event_page(tx, after=after)
            if not page:
                return
            after = page[-1].event_id
            for each in page:
                self._findings.count("seal_events")
                named = {"seal": each.code, "act": each.act}
                named |= {} if each.grant_id is None else {"grant": each.grant_id}
                self._judge_record(each.recorded, sha256(each.recorded.record).digest(), named)

    def _grants(self) -> None:
        after = ""
        while True:
            with reading(self._database) as tx:
                page = seal_audits.grant_page(tx, after=after)
            if not page:
                return
            after = page[-1].grant_id
            for each in page:
                self._findings.count("seal_grants")
                agrees = (each.counted, each.state) == (each.uses, each.last_state)
                self._findings.demand(agrees, "audit.seal_grant", grant=each.grant_id)

    def _uses(self) -> None:
        after = ""
        while True:
            with reading(self._database) as tx:
                page = seal_audits.use_page(tx, after=after)
                if not page:
                    return
                after = page[-1].use_id
                wanted = sorted({leaf for each in page for leaf in each.leaves})
                entries = entries_at(tx, self._origin, wanted)
                intents = leaves.intents_by_licence(tx, [each.attempt for each in page])
                lists = {
                    each.recorded.logged: _listed(log_records.find(tx, each.recorded.logged), each.recorded.logged)
                    for each in page
                }
            for each in page:
                self._findings.count("seal_uses")
                own = {intent.leaf_index for intent in intents.get(each.attempt, ())}
                self._judge_use(each, entries, own, lists[each.recorded.logged])

    def _judge_use(
        self,
        use: AuditedUse,
        entries: Mapping[int, LogEntry],
        own: set[int],
        listed: frozenset[bytes] | None,
    ) -> None:
        named = {"use": use.use_id}
        self._judge_record(use.recorded, use.recorded.logged, named)
        self._findings.demand(use.is_filed, "audit.seal_use_state", **named)
        is_listed = listed is not None and sha256(use.recorded.record).digest() in listed
        self._findings.demand(is_listed, "audit.seal_use_unlisted", **named)
        sealed = bool(use.leaves) and all(leaf in own and _is_sealing(entries.get(leaf)) for leaf in use.leaves)
        self._findings.demand(sealed, "audit.seal_use_leaf", **named)

    def _judge_record(self, recorded: AuditedRecord, digest: bytes, named: Mapping[str, str]) -> None:
        same = _told(recorded.record) == recorded.told and _told(recorded.private) == recorded.private_told
        self._findings.demand(same, "audit.seal_record", **named)
        is_logged = recorded.leaf_index is not None or recorded.waits
        self._findings.demand(is_logged and recorded.logged == digest, "audit.seal_unlogged", **named)


def _told(record: bytes) -> dict[object, object]:
    """Return what a record tells behind its salt, nothing where it is none."""
    try:
        told = cbor.decode(record, bytes_max=RECORD_BYTES_MAX)
    except MalformedError:
        return {}
    return {key: told[key] for key in told if key != _SALT} if isinstance(told, dict) else {}


def _listed(record: bytes | None, digest: bytes) -> frozenset[bytes] | None:
    """Return the digests in a list of uses, None where the list is not the one whose digest was logged."""
    if record is None or sha256(record).digest() != digest:
        return None
    digests = _told(record).get(1)
    return frozenset(each for each in digests if isinstance(each, bytes)) if isinstance(digests, list) else None


def _is_maker_intent(entry: LogEntry | None, signed: Seal) -> bool:
    if entry is None or entry.kind is not EntryKind.INTENT or entry.detail is None:
        return False
    is_maker = entry.detail.get(1) == KeyPurpose.SEAL_MAKER.value
    return is_maker and entry.digest == sha256(signed.to_be_signed).digest()


def _is_sealing(entry: LogEntry | None) -> bool:
    return entry is not None and entry.kind is EntryKind.INTENT and (entry.detail or {}).get(1) in _SEALING


def _is_theirs(made: SealObjectRecord, did: Acts) -> bool:
    """Say whether an object names those who applied and approved: who manages a seal may not use it."""
    persons = tuple(None if each is None else each.person for each in _deciding(made, did))
    return (made.applied_by, made.approved_by) == persons


def _is_wanted(seal: SealRecord, made: SealObjectRecord, did: Acts) -> bool:
    """Say whether an object is what the records of applying and approving tell: its making may only shorten its term.

    It begins when it is made, and ends with its certificate, at the latest.
    """
    told = applied_for(seal.kind, seal.name, made)
    term = (told.pop(VALID_FROM), told.pop(VALID_UNTIL))
    making = did.get((SealAct.MAKE.value, made.version))
    for event in _deciding(made, did):
        if event is None:
            continue
        asked = dict(read_applied_for(event.record) or {})
        begins, ends = asked.pop(VALID_FROM, None), asked.pop(VALID_UNTIL, None)
        if asked != told or not isinstance(begins, int) or not isinstance(ends, int):
            return False
        if making is not None and made.certificate_until is not None:
            begins = max(begins, int(making.happened_at.timestamp()))
            ends = min(ends, int(made.certificate_until.timestamp()))
        if (begins, ends) != term:
            return False
    return True


def _deciding(made: SealObjectRecord, did: Acts) -> tuple[SealEventRecord | None, SealEventRecord | None]:
    """Return the acts of applying for an object and of approving it; the second is None until it is approved."""
    first = SealAct.APPLY if made.version == 1 else SealAct.RENEW
    return did.get((first.value, made.version)), did.get((SealAct.APPROVE.value, made.version))


def _is_certified(tx: Transaction, seal: SealRecord, made: SealObjectRecord) -> bool:
    """Say whether an object's key and the term of its certificate, by which uses are judged, are the certificate's."""
    try:
        certificate, key = read_certificate(made.certificate or b""), KeyName.parse(made.key or "")
        registered = key_register.find(tx, key)
    except MalformedError:
        return False
    return (
        registered is not None
        and (key.purpose, key.owner) == (KeyPurpose.SEAL, seal.code)
        and registered.public.spki == certificate.spki
        and (made.certificate_from, made.certificate_until) == (certificate.not_before, certificate.not_after)
    )


def _tells(signed: Seal, seal: SealRecord, made: SealObjectRecord) -> bool:
    picture = signed.picture
    return (
        signed.code,
        signed.kind,
        signed.name,
        signed.certificates,
        signed.valid_from,
        signed.valid_until,
        (picture.data, picture.width_mm, picture.height_mm),
    ) == (
        seal.code,
        seal.kind,
        seal.name,
        (made.certificate,),
        made.valid_from,
        made.valid_until,
        (made.picture.content, made.picture.width_mm, made.picture.height_mm),
    )
