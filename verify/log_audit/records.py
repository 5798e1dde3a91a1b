"""The registry's records for an auditor: one line of JSON for each leaf that a row of the registry belongs to.

Promises:
  * Lines stand in the order of the log, so a checker that walks through the log needs one line at a time.
  * The last line is the manifest, signed by the root of the trust list: whoever changes a byte above it is found.
  * No holder's name, number or address. Persons of the office are pseudonyms that hold within one file; the office can
    say who stands behind one, and prove it by the key that it keeps for this file.

    {"leaf": 41, "what": "intent", "state": "filed", "attempt": "<id>", "licence": {"issuer": "<code>",
     "type": "<code>", "item": "<code>", "data_set": "<hex>", "signed": "<hex>", "application": {"id": "<id>",
     "state": "filed", "at": <unix time>, "author": "<pseudonym>", "reviewer": "<pseudonym>"}}}
        signed: the digest of a code that was signed; of a body that of its file
    {… "official": {"department": "<code>", "at": <unix time>, "author": "<pseudonym>", "approver": "<pseudonym>"}}
    {"leaf": 42, "what": "event", "event": "revoke", "issuer": "<code>", "place": [1, 7], "record": "<base64>"}
        place: in the status list; record null: destroyed
    {"leaf": 43, "what": "seal_event", "record": "<base64>", "person": "<pseudonym>", "has_reason": true}
    {"leaf": 44, "what": "seal_uses", "record": "<base64>", "uses": [{"record": "<base64>", "person": …, "second": …}]}
    {"leaf": 45, "what": "record", "record": "<base64>"}   of a key, a list, an administrator's act, a request
    {"leaf": 46, "what": "receipt", "office": "<code>"}
    {"leaf": 47, "what": "recovered"}            it came back into the log after a restore, and its row is lost
    {"leaf": null, "what": "waiting", "of": "event", "at": <unix time>}  behind all others: the log does not have it yet
    {"manifest": "<base64 of the signed statement>"}
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from verify import cbor
from verify.errors import MalformedError
from verify.signed_statement import STATEMENT_BYTES_MAX

RECORDS_TYPE: Final = "application/yinzheng-records+cbor"
# A list of two thousand uses, each with its record.
LINE_BYTES_MAX: Final = 4 << 20
MANIFEST_LINE_MAX: Final = 8192
TOTALS: Final = ("licences", "events", "seal_events", "seal_uses", "officials")
_KEYS: Final = frozenset(range(1, 8))
_DECODER: Final = json.JSONDecoder()


class RecordsError(MalformedError):
    """Not a file of records for an auditor."""

    code = "audit_records.malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsManifest:
    """What a file of records belongs to: log, size, root, its own digest, and how many rows the registry has.

    Payload: 1 origin · 2 size · 3 root · 4 made at · 5 lines above · 6 SHA-256 of the bytes above · 7 {what: rows}.
    """

    origin: str
    size: int
    root: bytes
    made_at: datetime
    lines: int
    digest: bytes
    totals: Mapping[str, int] = field(hash=False)

    def encode(self) -> bytes:
        """Return the payload."""
        made_at = int(self.made_at.timestamp())
        values = (self.origin, self.size, self.root, made_at, self.lines, self.digest, dict(self.totals))
        return cbor.encode(dict(enumerate(values, 1)))

    @classmethod
    def decode(cls, payload: bytes) -> "RecordsManifest":
        """Read a payload. Raises ``MalformedError``."""
        told = cbor.decode(payload, bytes_max=STATEMENT_BYTES_MAX)
        if not isinstance(told, dict) or told.keys() != _KEYS:
            raise RecordsError("not the keys of a manifest")
        match [told[key] for key in sorted(told)]:
            case [str(origin), int(size), bytes(root), int(made), int(lines), bytes(digest), dict(totals)]:
                if totals.keys() != set(TOTALS) or any(type(each) is not int or each < 0 for each in totals.values()):
                    raise RecordsError("not the totals of a registry")
                made_at = datetime.fromtimestamp(min(max(made, 0), 253_402_300_799), UTC)
                return cls(
                    origin=origin,
                    size=size,
                    root=root,
                    made_at=made_at,
                    lines=lines,
                    digest=digest,
                    totals=totals,
                )
            case _:
                raise RecordsError("not the values of a manifest")


Row = Mapping[str, Any]
"""One line as read; who uses a value checks its form."""


def encode_row(row: Row) -> bytes:
    """Return a line, with its line feed."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def manifest_line(statement: bytes) -> bytes:
    """Return the last line."""
    return encode_row({"manifest": base64.b64encode(statement).decode()})


def read_manifest_line(line: bytes) -> bytes:
    """Return the signed statement of the last line. Raises ``RecordsError``."""
    row = _read(line)
    try:
        return base64.b64decode(str(row.get("manifest", "")), validate=True)
    except binascii.Error as error:
        raise RecordsError("not a manifest") from error


class Rows:
    """Hands out the row of each leaf while a checker goes through the log; ``consumed`` counts the bytes read.

    ``passed_over`` is told of rows of leaves that nobody asked for.
    """

    def __init__(self, lines: Iterator[bytes], consumed: int = 0) -> None:
        self.consumed = consumed
        self.passed_over: Callable[[Row], None] = _ignored
        self._lines = lines
        self._next: tuple[int, Row, int] | None = None
        self._last = -1
        self._is_over = False
        self._waiting: Row | None = None

    def row(self, index: int) -> Row | None:
        """Return the row of this leaf; rows of leaves before it were left over. Raises ``RecordsError``."""
        while True:
            found = self._peek()
            if found is None or found[0] > index:
                return None
            self._take()
            if found[0] == index:
                return found[1]
            self.passed_over(found[1])

    def each(self) -> Iterator[tuple[int, Row]]:
        """Yield all rows that have a leaf, with it, from here on. Raises ``RecordsError``."""
        while (found := self._peek()) is not None:
            self._take()
            yield found[0], found[1]

    def waiting(self) -> Iterator[Row]:
        """Yield the rows without a leaf, which stand behind all others. Raises ``RecordsError``."""
        for _ in self.each():
            pass
        if self._waiting is not None:
            yield self._waiting
        for line in self._lines:
            row = _read(line)
            if row.get("leaf", 0) is not None:
                raise RecordsError("a row with a leaf behind one without")
            yield row

    def _peek(self) -> tuple[int, Row, int] | None:
        if self._next is None and not self._is_over:
            line = next(self._lines, None)
            if line is None:
                self._is_over = True
                return None
            row = _read(line)
            leaf = row.get("leaf", -1)
            if leaf is None:
                self._is_over, self._waiting = True, row
                return None
            if type(leaf) is not int or leaf <= self._last:
                raise RecordsError("the rows do not stand in the order of the log")
            self._last = leaf
            self._next = (leaf, row, len(line))
        return self._next

    def _take(self) -> None:
        if self._next is not None:
            self.consumed += self._next[2]
            self._next = None


def _ignored(_row: Row) -> None:
    """Take no note of a row."""


def _read(line: bytes) -> Row:
    if len(line) > LINE_BYTES_MAX:
        raise RecordsError("a line is too long")
    try:
        row = _DECODER.decode(str(line, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise RecordsError("a line is no JSON") from error
    if not isinstance(row, dict):
        raise RecordsError("a line is no object")
    return row
