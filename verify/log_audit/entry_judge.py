"""Judge the log's entries one after the other: form, order, names, and whether what was given up was there.

Promises:
  * A bad entry is a finding with its file and index, never an error; the next one is judged as well.
  * A log begins with its name, and takes another one only by a closing entry and a link to what it was until then.
  * A time before there was any log, or after the audit, is a finding, and is counted as the one before it.
"""

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from verify.errors import MalformedError
from verify.key_purpose import KeyPurpose
from verify.log_audit.findings import Findings
from verify.log_audit.hours import OfficeHours, Sample
from verify.log_audit.index_set import IndexSet
from verify.log_audit.key_owners import KeyOwners
from verify.log_audit.tallies import Limits, Tally
from verify.log_audit.tree_walk import Bundle
from verify.log_entry import EntryKind, LogEntry
from verify.trust import TrustList
from verify.usual_entry import EntryReader, UsualEntry

# 2000-01-01T00:00:00Z: there was no log then, and months before are no months of a report.
TIME_MIN: Final = 946_684_800
# Clocks of two offices agree to well under that.
CLOCK_APART_SECONDS: Final = 300
# The event of the entry that tells of a recovery after a restore.
_RECOVERED: Final = "log_recovered"
_NAMING: Final = frozenset({EntryKind.GENESIS, EntryKind.CLOSED})
_CODE: Final = KeyPurpose.CODE.value
# What the service does by itself at any hour: it signs lists, counts uses of keys, and files uses of seals and new
# versions behind signatures that are listed themselves. All else is some person's act.
_UNATTENDED: Final = frozenset(
    {
        (EntryKind.INTENT, KeyPurpose.TRUST_LIST.value, ""),
        (EntryKind.INTENT, KeyPurpose.AUTHORITY.value, ""),
        (EntryKind.KEY, "trust_list", ""),
        (EntryKind.KEY, "count", ""),
        (EntryKind.STATE, "seal_use", "file"),
        (EntryKind.STATE, "licence", "supersede"),
    }
)
_ATTENDED: Final = frozenset({EntryKind.INTENT, EntryKind.STATE, EntryKind.KEY, EntryKind.ADMIN})


class Link(NamedTuple):
    """What a name that follows another one says of the log until then."""

    place: int
    size: int
    root: bytes
    name: str


class EntryJudge:
    """Judges entries, and remembers what must be known of them at the end.

    ``wanted`` are digests of signed bytes that the auditor has before them: where each stands in the log is noted.
    ``at`` is the moment of the audit (unix time). ``recovered_at`` is the last entry that tells of a recovery, or -1.
    """

    def __init__(
        self,
        findings: Findings,
        *,
        hours: OfficeHours,
        sample: Sample,
        at: int,
        limits: Limits | None = None,
        trust: TrustList | None = None,
    ) -> None:
        self.tally = Tally(limits)
        self.owners = KeyOwners(findings, trust)
        self.wanted: dict[bytes, int | None] = {}
        self.given_up = IndexSet()
        self.last_time = 0
        self.recovered_at = -1
        self.sample = sample
        self.links: list[Link] = []
        self.name = ""
        self._next_name = ""
        self._time_max = at + CLOCK_APART_SECONDS
        self._hours = hours
        self._findings = findings
        self._reader = EntryReader()

    def judge(self, bundle: Bundle, fetch: Callable[[int], bytes | None]) -> Iterator[tuple[int, UsualEntry]]:
        """Judge a bundle and yield what could be read; ``fetch`` returns an earlier entry."""
        tally, wanted, read, hours = self.tally, self.wanted, self._reader.read, self._hours
        for index, entry in enumerate(bundle.entries, bundle.start):
            if not entry:  # not the one that the log holds: named before
                continue
            try:
                found = read(entry)
            except MalformedError as error:
                self._findings.fail("checker.entry_malformed", file=bundle.file, index=index, expected=error.detail)
                continue
            if not self.last_time <= found.time <= self._time_max or found.time < TIME_MIN:
                found = self._at_another_time(bundle, index, found)
            shape, time, digest, _ = found
            self.last_time = max(time, self.last_time)
            tally.entry(index, shape, time)
            if shape.kind is EntryKind.INTENT:
                self._intent(index, found, digest in wanted)
            else:
                self._other(index, found, fetch)
            if shape.kind in _ATTENDED and not hours.covers(time) and shape[:3] not in _UNATTENDED:
                what = f"{shape.first} {shape.second}".strip()
                self._findings.list("outside_hours", index=index, purpose=what, time=time, key=shape.kid)
            if shape.kind in _NAMING or index == 0 or self._next_name:
                self._named(bundle, index, entry, found)
            yield index, found

    def before(self) -> dict[str, object]:
        """Return what the next audit must know of the entries until here, for JSON."""
        return {"last_time": self.last_time, "names": [self.name, self._next_name], "recovered_at": self.recovered_at}

    def begin(self, before: Mapping[str, object], logged: Mapping[str, int]) -> None:
        """Begin behind entries of which ``before`` tells; ``logged`` says where digests stand among them."""
        match before:
            case {"last_time": int(last_time), "names": [str(name), str(next_name)], "recovered_at": int(recovered_at)}:
                self.last_time, self.recovered_at = last_time, recovered_at
                self.name, self._next_name = name, next_name
            case _:  # kept by a checker that did not know of it
                pass
        self._know(logged)

    def state(self) -> dict[str, object]:
        """Return what was remembered, for JSON."""
        return {
            "tally": self.tally.state(),
            "wanted": {each.hex(): place for each, place in self.wanted.items()},
            "given_up": self.given_up.state(),
            "last_time": self.last_time,
            "recovered_at": self.recovered_at,
            "sample": list(self.sample.drawn()),
            "names": [self.name, self._next_name],
            "keys": self.owners.state(),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take up what ``state`` gave."""
        tally, wanted, given_up, last_time, sample = (
            state[each] for each in ("tally", "wanted", "given_up", "last_time", "sample")
        )
        if not (isinstance(tally, dict) and isinstance(wanted, dict) and isinstance(last_time, int)):
            raise TypeError("not the state of a judge")
        self.tally = Tally.from_state(tally, self.tally.limits)
        self._know(wanted)
        self.given_up = IndexSet.from_state(given_up)
        self.last_time = last_time
        self.sample.restore(sample if isinstance(sample, list) else ())
        recovered_at = state["recovered_at"]
        self.recovered_at = recovered_at if isinstance(recovered_at, int) else -1
        self.owners.restore(state.get("keys"))
        names = state["names"]
        self.name, self._next_name = names if isinstance(names, list) else ("", "")

    def _know(self, places: Mapping[str, int | None]) -> None:
        """Take in where digests stand that are asked for; of others nobody asks any more."""
        known = {bytes.fromhex(each): place for each, place in places.items()}
        self.wanted |= {each: place for each, place in known.items() if each in self.wanted}

    def _at_another_time(self, bundle: Bundle, index: int, found: UsualEntry) -> UsualEntry:
        """Note a time that goes back or cannot be; return the entry, at a time that can be counted."""
        time, where = found.time, {"file": bundle.file, "index": index}
        if time > self._time_max or time < TIME_MIN:
            self._findings.fail("checker.time_impossible", **where, expected=self._time_max, found=time)
            return found._replace(time=max(self.last_time, TIME_MIN))
        self._findings.fail("checker.time_order", **where, expected=self.last_time, found=time)
        return found

    def _named(self, bundle: Bundle, index: int, entry: bytes, found: UsualEntry) -> None:
        """Judge a beginning, a close, and what follows one: the next name with its link, and nothing else."""
        shape, expected = found.shape, self._next_name
        if shape.kind is EntryKind.GENESIS:
            is_good = (index == 0 or shape.first == expected) and found.digest == sha256(shape.first.encode()).digest()
            detail = LogEntry.decode(entry).detail or {}
            size, root = detail.get(3), detail.get(4)
            if index and self.name not in {"", detail.get(2)}:
                is_good = False
            if index and isinstance(size, int) and isinstance(root, bytes):
                self.links.append(Link(index, size, root, str(detail.get(2))))
            elif index:
                is_good = False
            self.name = shape.first
        else:
            is_good = index > 0 and not expected and found.digest == sha256(shape.first.encode()).digest()
        self._next_name = shape.first if shape.kind is EntryKind.CLOSED else ""
        if not is_good:
            self._findings.fail("checker.genesis", file=bundle.file, index=index, expected=expected or self.name)

    def _intent(self, index: int, found: UsualEntry, is_wanted: bool) -> None:  # noqa: FBT001 - one of two ways
        if is_wanted and self.wanted[found.digest] is None:
            self.wanted[found.digest] = index
        if found.shape.has_data_set and found.shape.first == _CODE:
            self.sample.offer(index)
        self.owners.judge(index, found.shape)

    def _other(self, index: int, found: UsualEntry, fetch: Callable[[int], bytes | None]) -> None:
        kind = found.shape.kind
        if kind is EntryKind.ABANDONED:
            self._abandoned(index, found, fetch)
        elif kind is EntryKind.ADMIN and found.shape.first == _RECOVERED:
            self.recovered_at = index

    def _abandoned(self, index: int, found: UsualEntry, fetch: Callable[[int], bytes | None]) -> None:
        target = found.shape.target
        entry = fetch(target) if target < index else None
        if target >= index or (entry is not None and sha256(entry).digest() != found.digest):
            self._findings.fail("checker.abandoned_other", index=index, expected=found.digest, found=target)
        elif entry is None:
            self._findings.unknown("checker.abandoned_unread", index=index, found=target)
        self._findings.list("abandoned", index=target, given_up_at=index, time=found.time)
        if target < index:
            self.given_up.add(target)
