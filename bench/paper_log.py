"""A published log of any size in seconds: entries like those of a town, its tiles, and the registry's records of them.

The entries are counted up; hashes, tree, checkpoint and records are as they must be, signed by a town's own keys, so that
an auditor finds nothing wrong. Nothing is flushed: a power cut may take it.

Of ten entries six are intents of three licences (code and document), one is a change of state with its record, and three
are receipts. They lie within the office hours of one September, whose report is not due yet.
"""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from api.cli.offline import encode_public_key
from registry import artefacts
from registry.db import reading
from signer.log_entries import genesis
from tests.town import BUREAU, Town
from verify import cbor
from verify.algorithms import der_to_raw
from verify.key_purpose import KeyPurpose
from verify.log_audit.records import RECORDS_TYPE, TOTALS, RecordsManifest, encode_row, manifest_line
from verify.log_entry import EntryKind, LogEntry
from verify.note import checkpoint_body, signature_line
from verify.signed_statement import assemble_statement, statement_to_be_signed
from verify.tiles import TILE_WIDTH, encode_bundle, entries_path, tile_path
from verify.tree import Frontier, leaf_hash

BEGINS: Final = datetime(2026, 9, 1, 0, 30, tzinfo=UTC)  # half past eight in China
ENDS: Final = datetime(2026, 9, 28, tzinfo=UTC)
_DAYS: Final = tuple(day for day in range(24) if (BEGINS + timedelta(days=day)).weekday() < 5)
_SECONDS_A_DAY: Final = 8 * 3600
_ROUND: Final = 10
_EACH: Final = 1 << 16
_LEVELS: Final = 8


def write_paper_log(town: Town, folder: Path, size: int) -> None:
    """Write `log/`, `trust-list.cbor`, the pinned `root.pem`, and `records` into a folder."""
    folder.mkdir()
    (folder / "records").touch()
    tiles = _Tiles(folder / "log")
    digest = sha256()
    lines = 0
    with (folder / "records").open("wb") as records:
        for first in range(0, size, _EACH):
            entries, rows = _entries_and_rows(town, range(first, min(first + _EACH, size)), size)
            tiles.add(entries)
            told = b"".join(rows)
            records.write(told)
            digest.update(told)
            lines += len(rows)
        root = tiles.finish()
        manifest = RecordsManifest(
            origin=town.desk.log.origin,
            size=size,
            root=root,
            made_at=ENDS,
            lines=lines,
            digest=digest.digest(),
            totals=dict.fromkeys(TOTALS, 0),
        )
        records.write(manifest_line(_signed(town, manifest)))
    log = town.desk.log
    body = checkpoint_body(log.origin, size, root)
    line = signature_line(log.origin, log.verifier.key_id, town.desk.custody.sign_counted(log.key, body))
    (folder / "log" / "checkpoint").write_text(f"{body.decode()}\n{line}", encoding="utf-8")
    with reading(town.database) as tx:
        (folder / "trust-list.cbor").write_bytes(artefacts.latest(tx, "trust_list", "trust-list") or b"")
        root_key = artefacts.latest(tx, "trust_root", "trust-root") or b""
    (folder / "root.pem").write_bytes(encode_public_key(root_key))


class _Tiles:
    """Bundles and tiles of what is added; sizes are multiples of a tile's width, but the last one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._frontier = Frontier()
        self._rows: list[list[bytes]] = [[] for _ in range(_LEVELS)]
        self._counts = [0] * _LEVELS
        self._made: set[Path] = set()

    def add(self, entries: Sequence[bytes]) -> None:
        for start in range(0, len(entries), TILE_WIDTH):
            part = entries[start : start + TILE_WIDTH]
            self._write(entries_path(self._frontier.size // TILE_WIDTH, len(part)), encode_bundle(part))
            self._frontier, nodes = self._frontier.grow([leaf_hash(each) for each in part])
            for (level, _), value in nodes.items():
                if not level % 8:
                    self._push(level // 8, value)

    def finish(self) -> bytes:
        """Write the partial tiles and return the root."""
        for level, row in enumerate(self._rows):
            if row:
                self._write(tile_path(level, self._counts[level], len(row)), b"".join(row))
        return self._frontier.root

    def _push(self, level: int, value: bytes) -> None:
        row = self._rows[level]
        row.append(value)
        if len(row) == TILE_WIDTH:
            self._write(tile_path(level, self._counts[level], TILE_WIDTH), b"".join(row))
            row.clear()
            self._counts[level] += 1

    def _write(self, path: str, content: bytes) -> None:
        place = self._folder / path
        if place.parent not in self._made:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(place.parent)
        place.write_bytes(content)


def _entries_and_rows(town: Town, indexes: range, size: int) -> tuple[list[bytes], list[bytes]]:
    """Return the entries at these places, and the line of the registry for each that has one."""
    patterns = _patterns(town)
    entries, rows = [], []
    for index in indexes:
        time = _time(index, size)
        if not index:
            draft = genesis(town.desk.log.origin)
            at = datetime.fromtimestamp(time, UTC)
            entries.append(LogEntry(kind=draft.kind, time=at, digest=draft.digest, detail=draft.detail).encode())
            continue
        name, head, tail = patterns[(index - 1) % _ROUND]
        seed = sha256(b"%d" % index).digest()
        data_set = sha256(b"data set %d" % ((index - 1) // 2)).digest() if name in {"code", "document"} else b""
        record = cbor.encode({0: seed[:16], 2: "suspend", 5: "检查中"}) if name == "change" else b""
        digest = sha256(record).digest() if record else seed
        entries.append(head + time.to_bytes(4, "big") + b"\x58\x20" + digest + tail + data_set)
        rows.append(encode_row(_row(name, index, time, digest, data_set, record)))
    return entries, rows


def _row(name: str, index: int, time: int, digest: bytes, data_set: bytes, record: bytes) -> dict[str, object]:
    if name == "receipt":
        return {"leaf": index, "what": "receipt", "office": BUREAU}
    if name == "change":
        encoded = base64.b64encode(record).decode()
        return {"leaf": index, "what": "event", "event": "suspend", "issuer": BUREAU, "record": encoded}
    application = {
        "id": f"{(index - 1) // 2:032x}",
        "state": "filed",
        "at": time - 60,
        "author": "a" * 16,
        "reviewer": "b" * 16,
    }
    licence = {"issuer": BUREAU, "type": "business", "item": "000", "data_set": data_set.hex(), "signed": digest.hex()}
    attempt = f"{(index - 1) // 2:016}"
    whole = licence | {"application": application}
    return {"leaf": index, "what": "intent", "state": "filed", "attempt": attempt, "licence": whole}


def _patterns(town: Town) -> list[tuple[str, bytes, bytes]]:
    """Return what each of ten entries is, with its bytes before the time and behind the digest."""
    custody = town.desk.custody
    made: dict[str, tuple[EntryKind, dict[int, object] | None]] = {
        "receipt": (EntryKind.RECEIPT, None),
        "change": (EntryKind.STATE, {1: "licence", 2: "suspend"}),
    }
    for purpose in (KeyPurpose.CODE, KeyPurpose.DOCUMENT):
        kid = custody.public_key(custody.newest(purpose, BUREAU)).kid
        made[purpose.value] = EntryKind.INTENT, {1: purpose.value, 2: kid, 3: bytes(32)}
    cut = {name: _cut(kind, detail) for name, (kind, detail) in made.items()}
    order = ("code", "document") * 3 + ("change",) + ("receipt",) * 3
    return [(name, *cut[name]) for name in order]


def _cut(kind: EntryKind, detail: dict[int, object] | None) -> tuple[bytes, bytes]:
    encoded = LogEntry(kind=kind, time=BEGINS, digest=bytes(32), detail=detail).encode()
    end = -32 if detail is not None and 3 in detail else len(encoded)
    return encoded[:4], encoded[42:end]


def _time(index: int, size: int) -> int:
    """Spread the entries over the month's hours of work."""
    second = index * len(_DAYS) * _SECONDS_A_DAY // size
    day, rest = divmod(second, _SECONDS_A_DAY)
    return int(BEGINS.timestamp()) + _DAYS[day] * 86_400 + rest


def _signed(town: Town, manifest: RecordsManifest) -> bytes:
    custody = town.desk.custody
    key = custody.newest(KeyPurpose.TRUST_LIST, "deployment")
    kid = custody.public_key(key).kid
    to_be_signed = statement_to_be_signed(RECORDS_TYPE, manifest.encode(), kid)
    signature = der_to_raw(town.key_desk.sign_logged(key, to_be_signed))
    return assemble_statement(RECORDS_TYPE, manifest.encode(), kid, signature)
