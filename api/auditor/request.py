"""What an auditor asks for, and the files that were brought along, opened.

Promises: the pinned root is the only thing believed without a signature; the trust list comes from beside the log, and
is checked under that root.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from api.auditor.files import HttpReader, ReadError, chunks, close_source, manifest_place, open_source, read_capped
from verify.errors import MalformedError, YinzhengError
from verify.log_audit.claims import Shown
from verify.log_audit.hours import OfficeHours
from verify.log_audit.records import RECORDS_TYPE, RecordsError, RecordsManifest, read_manifest_line
from verify.log_audit.tree_walk import Reader
from verify.note import NOTE_LENGTH_MAX, LogVerifier
from verify.signed_statement import StatementError, open_statement
from verify.tiles import CHECKPOINT, WITNESSED_CHECKPOINT
from verify.trust import TRUST_LIST_BYTES_MAX, TrustList, TrustListError, open_trust_list
from verify.witness_policy import POLICY_LENGTH_MAX, WitnessPolicy

TRUST_LIST: Final = "trust-list.cbor"
# So many entries are drawn by lot and followed to their acts, as auditors of accounts do.
SAMPLE: Final = 25
_PEM: Final = re.compile(r"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END PUBLIC KEY-----")
_KEY_BYTES_MAX: Final = 4096
_DAYS_BYTES_MAX: Final = 65_536


class RequestError(YinzhengError):
    """Something that was brought along cannot be used."""

    code = "auditor.request"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """The checker's arguments, as the command line and `yinzheng log audit` both have them."""

    source: str
    roots: tuple[Path, ...]
    trust: Path | None = None
    policy: Path | None = None
    records: Path | None = None
    checkpoints: tuple[str, ...] = ()
    licences: tuple[Path, ...] = ()
    keep: Path | None = None
    only_new: bool = False
    hours: str = "08:00-18:00"
    holidays: Path | None = None
    seed: str = ""
    sample: int = 0
    prefix: str = "log/"
    ask_witnesses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Everything opened and checked as far as it can be before the log itself is read."""

    reader: Reader
    roots: tuple[bytes, ...]
    trust: TrustList
    trust_content: bytes = field(repr=False)
    policy: WitnessPolicy
    shown: tuple[Shown, ...]
    hours: OfficeHours
    manifest: RecordsManifest | None
    records_end: int
    records_problem: str = ""
    unasked: tuple[tuple[str, str], ...] = ()


def open_request(request: AuditRequest) -> Opened:
    """Open what a request names. Raises `RequestError`, `ReadError`, `MalformedError`."""
    reader = open_source(request.source)
    seen = reader.get(f"{request.prefix}{WITNESSED_CHECKPOINT}")  # before the newest, which is then the longer one
    roots = tuple(_root(path) for path in request.roots)
    if not roots:
        raise RequestError(params={"name": "--root", "reason": "no pinned key"})
    content = reader.get(TRUST_LIST) if request.trust is None else read_capped(request.trust, TRUST_LIST_BYTES_MAX)
    trust = _trust(content, roots)
    policy = trust.policy
    if request.policy is not None:
        policy = WitnessPolicy.parse(_text(read_capped(request.policy, POLICY_LENGTH_MAX), request.policy))
    manifest, end, problem = _records(request.records, roots)
    shown = [] if seen is None else [Shown(source=f"{request.prefix}{WITNESSED_CHECKPOINT}", note=_cut(seen))]
    shown += [Shown(source=each, note=_note(each)) for each in request.checkpoints]
    asked, unasked = _ask_witnesses(policy, policy.logs or trust.verifiers) if request.ask_witnesses else ([], [])
    return Opened(
        reader=reader,
        roots=roots,
        trust=trust,
        trust_content=content or b"",
        policy=policy,
        shown=(*shown, *asked),
        hours=_hours(request),
        manifest=manifest,
        records_end=end,
        records_problem=problem,
        unasked=tuple(unasked),
    )


def _root(path: Path) -> bytes:
    match = _PEM.search(_text(read_capped(path, _KEY_BYTES_MAX), path))
    try:
        return base64.b64decode("".join(match[1].split()) if match else "?", validate=True)
    except binascii.Error as error:
        raise RequestError(params={"name": str(path), "reason": "not a public key in PEM"}) from error


def _trust(content: bytes | None, roots: Iterable[bytes]) -> TrustList:
    """Open the trust list under one of the roots; one that has ended still names the log's key."""
    if content is None:
        raise RequestError(params={"name": TRUST_LIST, "reason": "not there"})
    reason = ""
    for root in roots:
        try:
            return open_trust_list(content, root, at=datetime.min.replace(tzinfo=UTC))
        except TrustListError as error:
            reason = error.detail
    raise RequestError(params={"name": TRUST_LIST, "reason": reason})


def _records(path: Path | None, roots: tuple[bytes, ...]) -> tuple[RecordsManifest | None, int, str]:
    """Return the manifest of a file of records and where it begins; with a reason where it does not fit the file."""
    if path is None:
        return None, 0, ""
    line, end = manifest_place(path)
    try:
        statement = open_statement(read_manifest_line(line), RECORDS_TYPE, roots)
        manifest = RecordsManifest.decode(statement.payload)
        digest = sha256()
        for chunk in chunks(path, end):
            digest.update(chunk)
        if digest.digest() != manifest.digest:
            raise RecordsError("the bytes are not those that were signed")
    except (StatementError, MalformedError) as error:
        return None, 0, error.detail
    return manifest, end, ""


def _note(source: str) -> str:
    """Return a checkpoint from a file, or from an address."""
    if "://" in source:
        folder, _, name = source.rpartition("/")
        content = open_source(folder).get(name)
        if content is None:
            raise RequestError(params={"name": source, "reason": "not there"})
        return _text(content[: NOTE_LENGTH_MAX * 4], Path(source))
    return _text(read_capped(Path(source), NOTE_LENGTH_MAX * 4), Path(source))


def _ask_witnesses(policy: WitnessPolicy, logs: Sequence[LogVerifier]) -> tuple[list[Shown], list[tuple[str, str]]]:
    """Return what each witness shows of each name of the log (C2SP tlog-witness), and who could not be asked."""
    shown: list[Shown] = []
    away: list[tuple[str, str]] = []
    for witness in policy.witnesses:
        for log in logs if witness.address else ():
            path = f"{sha256(log.name.encode()).hexdigest()}/{CHECKPOINT}"
            try:
                reader = HttpReader(witness.address)
                content = reader.get(path)
                close_source(reader)
            except ReadError as error:
                away.append((witness.name, error.params.get("reason", "")))
                continue
            if content is not None:
                shown.append(Shown(source=f"{witness.address}/{path}", note=_cut(content)))
    asked = {name for name, _reason in away} | {each.source.rpartition("/")[0].rpartition("/")[0] for each in shown}
    away += [(each.name, "404") for each in policy.witnesses if each.address and not {each.name, each.address} & asked]
    return shown, away


def _cut(content: bytes) -> str:
    return content[: NOTE_LENGTH_MAX * 4].decode(errors="replace")


def _hours(request: AuditRequest) -> OfficeHours:
    """Read hours, and a file of days: `2027-01-01` is a holiday, `+2027-02-06` a weekend on which the office works."""
    holidays: set[date] = set()
    work: set[date] = set()
    if request.holidays is not None:
        for line in _text(read_capped(request.holidays, _DAYS_BYTES_MAX), request.holidays).split():
            try:
                (work if line.startswith("+") else holidays).add(date.fromisoformat(line.removeprefix("+")))
            except ValueError as error:
                raise RequestError(params={"name": str(request.holidays), "reason": line[:20]}) from error
    return OfficeHours.parse(request.hours, holidays, work)


def _text(content: bytes, path: Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise RequestError(params={"name": str(path), "reason": "not UTF-8"}) from error
