"""Compare the log's leaves with the registry's rows and applications: where a forgery from inside shows.

Promises:
  * Every intent of a licence or official document leads to a filed row with an application of its own, by an author,
    or was given up; every change of state and every act leads to the record whose digest it bears. Of other intents
    only those of lists and certificates have no row. What does not hold is named with its index.
  * A row that a recovery lost lies where an entry of the log says that it brought leaves back.
  * What a person should look at stands in lists: no reason, one person in two roles, keys used for something else.
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from verify import cbor
from verify.certificate_request import is_certificate_request
from verify.errors import MalformedError
from verify.key_purpose import KeyPurpose
from verify.log_audit.bindings import Bindings
from verify.log_audit.entry_judge import EntryJudge
from verify.log_audit.findings import Findings
from verify.log_audit.index_set import IndexSet
from verify.log_audit.monthly import DepartmentCount
from verify.log_audit.records import RecordsManifest, Row, Rows
from verify.log_audit.statuses import PublishedLists
from verify.log_entry import EntryKind
from verify.usual_entry import UsualEntry

RECORD_BYTES_MAX: Final = 1 << 21
LICENCE_PURPOSES: Final = frozenset({KeyPurpose.CODE.value, KeyPurpose.DOCUMENT.value, KeyPurpose.SEAL.value})
# Words of changes: what the log calls them, what the rows do.
_CHANGES: Final = {"licence": "event", "seal": "seal_event", "seal_grant": "seal_event", "seal_use": "seal_uses"}
# What the service signs and keeps in no row: trust lists, reports, records; certificates and revocation lists.
_ROWLESS: Final = frozenset({KeyPurpose.TRUST_LIST.value, KeyPurpose.AUTHORITY.value})
# Of these anything may be signed that is kept; any other key signs in a record its own request for a certificate.
_KEPT: Final = _ROWLESS | {KeyPurpose.SEAL_MAKER.value}
_RECOVERED: Final = "log_recovered"
# A log that was brought back more often has another trouble.
_RECOVERIES_MAX: Final = 1000
_CODE: Final = KeyPurpose.CODE.value
_SEAL: Final = KeyPurpose.SEAL.value
_REASON, _ACT, _OWNER, _OFFICE, _BODIES = 5, 2, 12, 8, 13


class RowJudge:
    """Compares one leaf after the other; ``finish`` says what was still missing."""

    def __init__(self, findings: Findings, judge: EntryJudge, lists: PublishedLists | None = None) -> None:
        self._lists = lists
        self._findings = findings
        self._judge = judge
        self._sealed = IndexSet()
        self._abandoned = IndexSet()
        self._open = IndexSet()
        self._lost = IndexSet()
        self._recoveries: list[tuple[int, int]] = []
        self.carried = IndexSet()
        self.bindings = Bindings(findings, 0)

    def watch(self, rows: Rows, manifest: RecordsManifest, again: Callable[[], Rows | None] | None) -> None:
        """See also the rows of leaves that were compared before."""
        self.bindings = Bindings(self._findings, manifest.lines)
        self.bindings.begin(rows, again)

    def judge(self, index: int, found: UsualEntry, row: Row | None) -> None:
        """Compare a leaf with its row."""
        kind = found.shape.kind
        if row is not None and row.get("what") == "recovered":
            self._lost.add(index)
            self._findings.unknown("checker.row_lost", index=index, what=f"{found.shape.first} {found.shape.second}")
        elif kind is EntryKind.INTENT:
            self._intent(index, found, row)
        elif kind is EntryKind.STATE:
            self._change(index, found, row)
        elif kind in {EntryKind.KEY, EntryKind.ADMIN}:
            self._recorded(index, found, row)
        elif kind is EntryKind.RECEIPT:
            self._judge.tally.seen["receipts" if row is not None else "receipts_deleted"] += 1
        elif row is not None:
            self._differs(index, "what", "", row.get("what"))

    def follow(self, index: int, found: UsualEntry, row: Row | None) -> None:
        """Compare a leaf that was open when the audit before this one ended."""
        self._open.discard(index)
        self.judge(index, found, row)

    def given_up(self, index: int, row: Row | None) -> None:
        """Judge the row of an intent that was compared by an audit before this one, and is given up only now."""
        if row is not None and row.get("state") not in {"abandoned", "open"} and row.get("what") != "recovered":
            self._findings.fail("checker.abandoned_filed", index=index)

    def left(self, given_up: IndexSet) -> dict[str, object]:
        """Return what is neither filed nor given up, and seals without a recorded use: for the next audit, in JSON."""
        opened, sealed = (
            IndexSet(each for each in some if each not in given_up) for some in (self._open, self._sealed)
        )
        return {"open": opened.state(), "sealed": sealed.state()}

    def begin(self, left: Mapping[str, object]) -> None:
        """Begin with what an audit before this one left."""
        try:
            opened, sealed = (IndexSet.from_state(left[each]) for each in ("open", "sealed"))
        except (KeyError, MalformedError):  # kept by a checker that did not know of it
            return
        self._open, self._sealed, self.carried = opened, sealed, IndexSet(opened)

    def finish(self, given_up: IndexSet, *, time_of: Callable[[int], int], until: int, compared: range) -> None:
        """Say which intents only the registry or only the log gave up, and which seals have no recorded use.

        The entry of a use follows its signatures within minutes: what is younger than ``until`` is only open.
        ``time_of`` tells the time of an entry, 0 where it cannot be read.
        """
        for index in (each for each in self._abandoned if each not in given_up):
            self._findings.fail("checker.abandoned_unlogged", index=index)
        for index in self._open:  # recovery gives up what nobody files, in minutes
            if index not in given_up and (time := time_of(index)) < until:
                self._findings.fail("checker.intent_open", index=index, found=time)
        known = self._abandoned, self._open
        for index in given_up:
            if (index in compared or index in self.carried) and not any(index in each for each in known):
                self._findings.fail("checker.abandoned_filed", index=index)
        for index in (each for each in self._sealed if each not in given_up):
            self._unused(index, time_of(index), until)
        for index in (each for each in self._lost if not any(first <= each < end for first, end in self._recoveries)):
            self._findings.fail("checker.row_unrecovered", index=index)

    def _unused(self, index: int, time: int, until: int) -> None:
        if time < until:
            self._findings.fail("checker.use_missing", index=index)
        else:
            self._findings.list("open", index=index, purpose=_SEAL, time=time)

    def state(self) -> dict[str, object]:
        """Return what is still open, for JSON."""
        return {
            "sealed": self._sealed.state(),
            "abandoned": self._abandoned.state(),
            "open": self._open.state(),
            "carried": self.carried.state(),
            "lost": self._lost.state(),
            "recoveries": self._recoveries,
            "asked": self.bindings.state(),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take up what ``state`` gave."""
        self._sealed = IndexSet.from_state(state["sealed"])
        self._abandoned = IndexSet.from_state(state["abandoned"])
        self._open = IndexSet.from_state(state["open"])
        self.carried = IndexSet.from_state(state["carried"])
        self._lost = IndexSet.from_state(state["lost"])
        recoveries = state["recoveries"]
        self._recoveries = [(int(first), int(end)) for first, end in recoveries] if isinstance(recoveries, list) else []
        self.bindings.restore(state["asked"])

    def _intent(self, index: int, found: UsualEntry, row: Row | None) -> None:
        shape = found.shape
        is_of_licence = shape.has_data_set or shape.first in LICENCE_PURPOSES
        if row is None:
            if is_of_licence or shape.first not in _ROWLESS:
                self._findings.fail("checker.row_missing", index=index, what=shape.first)
            else:
                self._findings.list("key_uses", index=index, purpose=shape.first, key=shape.kid, time=found.time)
            return
        if row.get("what") == "record":
            is_of_office = is_of_licence or shape.first not in _KEPT
            is_request = not shape.has_data_set and is_certificate_request(_bytes(row.get("record")))
            if is_of_office and not is_request:
                self._differs(index, "what", "intent", "record")
            self._recorded(index, found, row)
            self._findings.list("key_uses", index=index, purpose=shape.first, key=shape.kid, time=found.time)
            return
        if row.get("what") != "intent" or not is_of_licence:
            self._differs(index, "what", "intent", row.get("what"))
            return
        self._attempt(index, found, row)

    def _attempt(self, index: int, found: UsualEntry, row: Row) -> None:
        state = row.get("state")
        if state == "open":
            self._open.add(index)
            self._findings.list("open", index=index, purpose=found.shape.first, time=found.time)
        elif state == "abandoned":
            self._abandoned.add(index)
        elif state == "filed":
            if found.shape.first == _SEAL:
                self._sealed.add(index)
            licence, official = row.get("licence"), row.get("official")
            if isinstance(licence, dict):
                self._licence(index, found, licence)
                self.bindings.licence(index, found.shape.first, row)
            elif isinstance(official, dict):
                self._official(index, found, official)
                self.bindings.official(index, row)
            else:
                self._findings.fail("checker.row_missing", index=index, what=found.shape.first)
        else:
            self._differs(index, "state", "filed", state)

    def _licence(self, index: int, found: UsualEntry, licence: Mapping[str, Any]) -> None:
        """Compare an intent with its licence: one data set, one digest, and an application that somebody made."""
        shape = found.shape
        if licence.get("data_set") != found.data_set.hex():
            self._differs(index, "data_set", found.data_set, licence.get("data_set"))
        if shape.first == _CODE:
            if licence.get("signed") != found.digest.hex():
                self._differs(index, "signed", found.digest, licence.get("signed"))
            self._judge.owners.demand_issuer(index, shape.kid, licence.get("issuer"))
            self._judge.tally.seen["licences"] += 1
            self._judge.tally.department(found.time, str(licence.get("issuer")), DepartmentCount.LICENCES)
        application = licence.get("application")
        if not isinstance(application, dict) or application.get("state") != "filed":
            self._findings.fail("checker.application_missing", index=index, what=shape.first)
            return
        author, reviewer = application.get("author"), application.get("reviewer")
        if not _is_person(author):
            self._findings.fail("checker.application_missing", index=index, what=shape.first)
        elif author == reviewer:
            self._findings.list("same_person", index=index, what="application", person=author)
        if reviewer is None and shape.first == _CODE:
            self._findings.list("unreviewed", index=index, type=licence.get("type"), person=author)
        self._demand_earlier(index, found, application.get("at"))

    def _demand_earlier(self, index: int, found: UsualEntry, at: object) -> None:
        """See that an application, or a document that was prepared, is older than the intent to sign."""
        if not isinstance(at, int) or at > found.time:
            self._findings.fail("checker.application_late", index=index, expected=found.time, found=at)

    def _official(self, index: int, found: UsualEntry, official: Mapping[str, Any]) -> None:
        if found.shape.has_data_set:
            self._differs(index, "data_set", "", found.data_set)
        self._judge.tally.seen["officials"] += 1
        self._judge.tally.department(found.time, str(official.get("department")), DepartmentCount.DOCUMENTS)
        self._demand_earlier(index, found, official.get("at"))
        author, approver = official.get("author"), official.get("approver")
        if not _is_person(author):
            self._findings.fail("checker.application_missing", index=index, what=found.shape.first)
        elif author == approver:
            self._findings.list("same_person", index=index, what="document", person=author)

    def _change(self, index: int, found: UsualEntry, row: Row | None) -> None:
        shape = found.shape
        wanted = _CHANGES.get(shape.first)
        if row is None or wanted is None:
            self._findings.fail("checker.row_missing", index=index, what=f"{shape.first} {shape.second}")
            return
        if row.get("what") != wanted:
            self._differs(index, "what", wanted, row.get("what"))
            return
        if wanted == "event" and self._lists is not None:
            self._lists.act(row.get("place"), shape.second, found.time)
        if wanted == "event" and row.get("record") is None:
            self._judge.tally.seen["events"] += 1
            self._findings.list("forgotten", index=index, act=shape.second)
            self._judge.tally.department(found.time, str(row.get("issuer")), DepartmentCount.CHANGES)
            return
        record = self._record(index, found.digest, row)
        if record is None:
            return
        if wanted == "seal_uses":
            self._uses(index, found, row, record)
            return
        if record.get(_ACT) != shape.second:
            self._differs(index, "act", shape.second, record.get(_ACT))
        self._reasoned(index, found, row, record)

    def _reasoned(self, index: int, found: UsualEntry, row: Row, record: Mapping[object, object]) -> None:
        is_licence = row["what"] == "event"
        has_reason = bool(str(record.get(_REASON, "")).strip()) if is_licence else row.get("has_reason") is True
        if not has_reason:
            self._findings.list("no_reason", index=index, what=found.shape.first, act=found.shape.second)
        self._judge.tally.seen["events" if is_licence else "seal_events"] += 1
        code = row.get("issuer") if is_licence else record.get(_OWNER)
        self._judge.tally.department(found.time, str(code), DepartmentCount.CHANGES)

    def _uses(self, index: int, found: UsualEntry, row: Row, listed: Mapping[object, object]) -> None:
        """Compare a list of uses with the uses: each record is listed, once, and its seals were announced."""
        digests, uses = listed.get(1), row.get("uses")
        if not isinstance(digests, list) or not isinstance(uses, list):
            self._differs(index, "uses", "a list", type(uses).__name__)
            return
        records = [_bytes(each.get("record")) if isinstance(each, dict) else b"" for each in uses]
        if sorted(sha256(each).digest() for each in records) != sorted(
            each for each in digests if isinstance(each, bytes)
        ):
            self._differs(index, "uses", len(digests), len(records))
            return
        for use, content in zip(uses, records, strict=True):
            record = _decoded(content)
            self._judge.tally.seen["seal_uses"] += 1
            self._judge.tally.department(found.time, str(record.get(_OFFICE)), DepartmentCount.SEAL_USES)
            if use.get("person") is not None and use.get("person") == use.get("second"):
                self._findings.list("same_person", index=index, what="seal_use", person=use["person"])
            for leaf in _leaves(record.get(_BODIES)):
                self._sealed.discard(leaf)

    def _recorded(self, index: int, found: UsualEntry, row: Row | None) -> None:
        if row is None or row.get("what") != "record":
            self._findings.fail("checker.record_missing", index=index, what=found.shape.first)
            return
        record = self._record(index, found.digest, row)
        if record is not None and found.shape.kind is EntryKind.ADMIN and found.shape.first == _RECOVERED:
            self._recovered(record)
        persons = None if record is None else record.get("persons")
        if isinstance(persons, list) and len(persons) != len({str(each) for each in persons}):
            self._findings.list("same_person", index=index, what=found.shape.first, person="")

    def _recovered(self, record: Mapping[object, object]) -> None:
        """Note which leaves a recovery brought back."""
        first, end = record.get("first"), record.get("size")
        if isinstance(first, int) and isinstance(end, int) and len(self._recoveries) < _RECOVERIES_MAX:
            self._recoveries.append((first, end))

    def _record(self, index: int, digest: bytes, row: Row) -> Mapping[object, object] | None:
        """Return the record of a row, if it is the one whose digest the leaf bears; no CBOR map tells nothing."""
        content = _bytes(row.get("record"))
        if sha256(content).digest() != digest:
            self._findings.fail(
                "checker.record_other", index=index, expected=digest, found=sha256(content).digest() if content else ""
            )
            return None
        return _decoded(content)

    def _differs(self, index: int, what: str, expected: object, found: object) -> None:
        self._findings.fail("checker.row_differs", index=index, what=what, expected=expected, found=found)


def _is_person(pseudonym: object) -> bool:
    return isinstance(pseudonym, str) and bool(pseudonym)


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _decoded(content: bytes) -> Mapping[object, object]:
    try:
        told = cbor.decode(content, bytes_max=RECORD_BYTES_MAX)
    except MalformedError:
        return {}
    return told if isinstance(told, dict) else {}


def _leaves(bodies: object) -> Iterator[int]:
    for each in bodies if isinstance(bodies, list) else ():
        if isinstance(each, list) and len(each) == 2 and type(each[1]) is int:
            yield each[1]
