"""Part of an audit: the signed public files, and the register of keys, as the database holds them.

Promises:
  * Each file is signed by a key that may sign it, stands under its own name, and bears its own number; one of a kind
    that nobody knows is named too.
  * Each key of the register is one whose making was logged, with algorithm and term of that moment; it is cut off
    where the log tells of that, at the place that the trust list states. Revoked certificates stand in the lists, both
    ways.
  * A published copy that is not what the database holds is an older one that was signed as well.
  * Without a trust list that holds, what its keys sign is counted as not checked.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from cryptography.x509 import CRLNumber, load_der_x509_crl
from cryptography.x509 import ReasonFlags as Flags

from keys.ceremony import KeyEventKind
from keys.custody import DEPLOYMENT, NATIONAL, KeyName
from registry import artefacts, leaves, log_records
from registry.artefacts import StoredArtefact
from registry.db import Database, Transaction, reading
from signer import key_register, packs, seal_histories, seal_statuses, statuses
from signer.audit_report import Findings
from signer.key_acts import AUTHORITY, CERTIFICATE
from signer.key_register import KEY_TERM, REVOKED, RegisteredKey, beginning
from signer.log_files import TileStore
from signer.monthly_reports import MONTHLY_REPORT
from signer.public_lists import REVOCATION, TRUST_LIST, TRUST_LIST_NAME, TRUST_ROOT, TRUST_ROOT_NAME
from signer.publish import PATHS
from signer.trust_lists import ROOT_CHANGE
from verify import cbor
from verify.algorithms import PublicKeyError, SignatureError, check_signature
from verify.certificates import Certificate, read_certificate
from verify.cose import decode_sign1, read_header
from verify.errors import MalformedError, YinzhengError
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.log_audit.monthly import REPORT_TYPE, MonthlyReport
from verify.log_entry import EntryKind
from verify.pack import CONTENT_TYPE as PACK_TYPE
from verify.pack import MANIFEST_BYTES_MAX, Pinned, open_pack, read_manifest
from verify.revocation import read_revocation_list
from verify.seal_history import open_seal_history
from verify.signed_statement import open_statement
from verify.status import open_status_list
from verify.trust import TrustedKey, TrustList, open_trust_list, signed_by

_ANY_TIME: Final = datetime.min.replace(tzinfo=UTC)
_STATUS_USE: Final = TRUST_LIST_USE[KeyPurpose.STATUS_LIST]
_MADE: Final = frozenset({KeyEventKind.MADE.value, KeyEventKind.ROTATED.value})
_RECORD_BYTES_MAX: Final = 4096
_OWN_LISTS: Final = frozenset({DEPLOYMENT, NATIONAL})
_PATHS: Final = dict(PATHS)

Judge = Callable[[StoredArtefact], bool | None]
"""Says whether an artefact is good; None where it could not be checked."""


@dataclass(slots=True)
class _Known:
    """What the other artefacts are judged by."""

    keys: dict[str, RegisteredKey] = field(default_factory=dict)
    authorities: list[Certificate] = field(default_factory=list)
    events: dict[bytes, dict[str, Mapping[object, object]]] = field(default_factory=lambda: defaultdict(dict))
    revoked: dict[int, tuple[datetime, Flags]] = field(default_factory=dict)
    has_outside: bool = False

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The public halves of all keys that ever signed trust lists."""
        return tuple(each.public.spki for each in self.keys.values() if each.key.purpose is KeyPurpose.TRUST_LIST)


class ArtefactAudit:
    """Walks through all signed files, one in memory at a time."""

    def __init__(
        self,
        database: Database,
        origin: str,
        findings: Findings,
        *,
        trust: TrustList | None,
        published: TileStore | None = None,
    ) -> None:
        self._database = database
        self._origin = origin
        self._findings = findings
        self._trust = trust
        self._published = published
        self._known = _Known()
        self._judges: Mapping[str, Judge] = {
            key_register.KEY: self._is_key,
            REVOKED: self._is_revoked,
            CERTIFICATE: self._is_certificate,
            AUTHORITY: lambda each: sha256(each.content).hexdigest() == each.name,
            REVOCATION: self._is_revocation_list,
            TRUST_ROOT: self._is_root,
            TRUST_LIST: self._is_trust_list,
            ROOT_CHANGE: self._is_root_change,
            statuses.KIND: lambda each: self._is_status_list(each, each.name),
            seal_statuses.KIND: lambda each: self._is_status_list(each, seal_statuses.seal_list_address("", each.name)),
            seal_histories.KIND: self._is_history,
            packs.PACK: self._is_pack,
            packs.MANIFEST: lambda each: self._is_manifest(each.content),
            packs.SINCE: self._is_cut,
            MONTHLY_REPORT: self._is_report,
        }

    def walk(self) -> None:
        """Judge all of them: first those that the others are judged by."""
        with reading(self._database) as tx:
            names = artefacts.all_names(tx)
        self._look(names)
        for kind, name in names:
            with reading(self._database) as tx:
                stored = artefacts.stored(tx, kind, name)
            if stored is None:
                continue
            self._findings.count("artefacts")
            is_good = self._judge(stored)
            self._findings.count("artefacts_unchecked", int(is_good is None))
            self._findings.demand(is_good is not False, "audit.artefact", kind=kind, name=name)
            if self._published is not None and kind in _PATHS:
                self._judge_copy(stored, _PATHS[kind].format(name), self._published)

    def _judge(self, stored: StoredArtefact) -> bool | None:
        judge = self._judges.get(stored.kind)
        try:
            return False if judge is None else judge(stored)
        except (YinzhengError, ValueError, TypeError, LookupError):
            return False

    def _judge_copy(self, stored: StoredArtefact, path: str, published: TileStore) -> None:
        """Judge what is published under this name: the newest file, or one before it, for publishing comes later."""
        content = published.get(path)
        if content is None or content == stored.content:
            return
        self._findings.count("copies_behind")
        is_good = self._judge(replace(stored, content=content, sequence=None))
        self._findings.demand(is_good is not False, "audit.published", path=path)

    def _look(self, names: tuple[tuple[str, str], ...]) -> None:
        """Read keys, authorities, what the log tells of keys, and whom the lists name as revoked."""
        with reading(self._database) as tx:
            self._known.events = _key_events(tx, self._origin)
            for kind, name in names:
                if kind in {key_register.KEY, CERTIFICATE, AUTHORITY, REVOCATION}:
                    self._learn(tx, kind, name)

    def _learn(self, tx: Transaction, kind: str, name: str) -> None:
        content = artefacts.latest(tx, kind, name) or b""
        try:
            if kind == key_register.KEY:
                key = KeyName.parse(name)
                self._known.keys[name] = key_register.demand(tx, key)
            elif kind == REVOCATION and _is_own_list(name):
                self._known.revoked |= read_revocation_list(content).revoked
            elif kind == AUTHORITY or (kind == CERTIFICATE and KeyName.parse(name).purpose is KeyPurpose.AUTHORITY):
                self._known.has_outside |= kind == AUTHORITY
                self._known.authorities.append(read_certificate(content))
        except (YinzhengError, ValueError, LookupError):
            return  # named when it is judged itself

    def _is_key(self, each: StoredArtefact) -> bool:
        entry = self._known.keys[each.name]
        events = self._known.events[entry.public.kid]
        made = next((told for event, told in events.items() if event in _MADE), None)
        if made is None or (made["key"], made["algorithm"]) != (each.name, entry.public.algorithm.value):
            return False
        begins = beginning(datetime.fromtimestamp(_number(made["at"]), UTC))
        same_term = (entry.not_before, entry.not_after) == (begins, begins + KEY_TERM)
        return same_term and self._is_cut_as_told(entry, is_logged=KeyEventKind.CUT_OFF.value in events)

    def _is_cut_as_told(self, entry: RegisteredKey, *, is_logged: bool) -> bool:
        """Compare a cut-off with the log, and with the trust list; after a restore the list alone tells of it."""
        use = TRUST_LIST_USE.get(entry.key.purpose)
        found = () if self._trust is None or use is None else self._trust.keys_for(entry.public.kid, use)
        published = {key.cut_off for _, key in found} - {None}
        if entry.cut_off is None:
            return not is_logged and not published
        return published <= {entry.cut_off} and (is_logged or bool(published))

    def _is_revoked(self, each: StoredArtefact) -> bool:
        found = self._known.revoked.get(int(each.name, 16))
        with reading(self._database) as tx:
            entries = {
                entry.serial_number: (entry.revoked_at, Flags[entry.reason.name.lower()])
                for authority in _OWN_LISTS
                for entry in key_register.revoked(tx, authority=authority)
            }
        return found is not None and entries.get(int(each.name, 16)) == found

    def _is_certificate(self, each: StoredArtefact) -> bool | None:
        """Say whether a certificate is of its key, and by us (then it was logged before it was signed) or by a root."""
        certificate, entry = read_certificate(each.content), self._known.keys[KeyName.parse(each.name).text]
        if certificate.spki != entry.public.spki:
            return False
        with reading(self._database) as tx:
            digest = sha256(certificate.to_be_signed).digest()
            logged = leaves.find_by_digest(tx, self._origin, digest, EntryKind.INTENT)
        if self._is_signed_by_authority(certificate):
            return True
        return None if logged is None and self._known.has_outside else False

    def _is_signed_by_authority(self, certificate: Certificate) -> bool:
        signed = (certificate.algorithm, certificate.to_be_signed, certificate.signature)
        return any(
            each.subject == certificate.issuer and each.uses.signs_certificates and _has_signed(each, signed)
            for each in self._known.authorities
        )

    def _is_revocation_list(self, each: StoredArtefact) -> bool | None:
        read, parsed = read_revocation_list(each.content), load_der_x509_crl(each.content)
        signed = (read.algorithm, read.to_be_signed, read.signature)
        issuers = [known for known in self._known.authorities if known.subject == read.issuer]
        if not any(_has_signed(known, signed) for known in issuers):
            return None if self._known.has_outside and not _is_own_list(each.name) else False
        if not _is_own_list(each.name):
            return _is_numbered(each, int(read.issued_at.timestamp()))
        number = parsed.extensions.get_extension_for_class(CRLNumber).value.crl_number
        return _is_numbered(each, number) and self._are_registered(read.revoked)

    def _are_registered(self, revoked: Mapping[int, object]) -> bool:
        with reading(self._database) as tx:
            return all(artefacts.latest(tx, REVOKED, f"{serial:x}") is not None for serial in revoked)

    def _is_root(self, each: StoredArtefact) -> bool:
        key = self._known.keys[KeyName(KeyPurpose.TRUST_LIST, DEPLOYMENT, each.sequence or 0).text]
        return each.name == TRUST_ROOT_NAME and key.public.spki == each.content

    def _is_trust_list(self, each: StoredArtefact) -> bool:
        with reading(self._database) as tx:
            root = artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME) or b""
        read = open_trust_list(each.content, root, at=_ANY_TIME)
        return each.name == TRUST_LIST_NAME and _is_numbered(each, read.sequence)

    def _is_root_change(self, each: StoredArtefact) -> bool:
        by_old, by_new = _pair(each.content)
        key = self._known.keys[KeyName(KeyPurpose.TRUST_LIST, DEPLOYMENT, int(each.name)).text]
        new = open_trust_list(by_new, key.public.spki, at=_ANY_TIME)
        old = next((found for root in self._known.roots if (found := _opened(by_old, root)) is not None), None)
        return new == old and new.next_root == key.public.spki and _is_numbered(each, new.sequence)

    def _is_status_list(self, each: StoredArtefact, path: str) -> bool | None:
        trust = self._trust
        if trust is None:
            return None
        addresses = {issuer.status_prefix + path for issuer in trust.issuers}
        if len(addresses) != 1:
            return False
        open_status_list(each.content, uri=addresses.pop(), keys=self._status_keys)
        return True

    def _is_history(self, each: StoredArtefact) -> bool | None:
        if self._trust is None:
            return None
        open_seal_history(each.content, code=each.name, keys=self._status_keys)
        return True

    def _is_pack(self, each: StoredArtefact) -> bool:
        with reading(self._database) as tx:
            root = artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME) or b""
        pack = open_pack(each.content, Pinned(root=root))
        return each.name == packs.PACK_NAME and _is_numbered(each, pack.manifest.sequence)

    def _is_manifest(self, signed: bytes) -> bool | None:
        """Say whether one of our keys signed what a pack consists of."""
        if self._trust is None:
            return None
        sign1 = decode_sign1(signed, tagged=True, bytes_max=MANIFEST_BYTES_MAX)
        algorithm, kid = read_header(sign1, content_type=PACK_TYPE)
        keys = [key for key in self._status_keys(kid) if key.algorithm is algorithm]
        return signed_by(keys, sign1.to_be_signed, sign1.signature) is not None

    def _is_cut(self, each: StoredArtefact) -> bool | None:
        """Say whether what is new since an older pack is signed for, whole and nothing else."""
        match cbor.decode(each.content, bytes_max=len(each.content)):
            case [bytes(signed), list(parts)]:
                digests = {sha256(part).digest() for part in parts if isinstance(part, bytes)}
                manifest = read_manifest(signed)
                is_whole = digests <= manifest.digests and _is_numbered(each, manifest.sequence)
                return self._is_manifest(signed) if is_whole else False
            case _:
                return False

    def _is_report(self, each: StoredArtefact) -> bool:
        payload = open_statement(each.content, REPORT_TYPE, self._known.roots).payload
        return MonthlyReport.decode(payload).month == each.name

    def _status_keys(self, kid: bytes) -> tuple[TrustedKey, ...]:
        found = () if self._trust is None else self._trust.keys_for(kid, _STATUS_USE)
        return tuple(key for _, key in found)


def _key_events(tx: Transaction, origin: str) -> dict[bytes, dict[str, Mapping[object, object]]]:
    """Return what the log tells of keys, by key id and event: from the kept records whose digests are in the log."""
    found: dict[bytes, dict[str, Mapping[object, object]]] = defaultdict(dict)
    after = b""
    while page := log_records.record_page(tx, after=after):
        after = page[-1][0]
        for digest, record in page:
            told = _told(record)
            if told is None or digest != sha256(record).digest():
                continue
            is_logged = leaves.find_by_digest(tx, origin, digest, EntryKind.KEY) is not None
            if is_logged or leaves.pending_of(tx, (digest,)):
                found[told["kid"]][told["event"]] = told  # type: ignore[index]  # both were looked at
    return found


def _told(record: bytes) -> Mapping[object, object] | None:
    """Return the record of an act on a key, None for any other record."""
    if len(record) > _RECORD_BYTES_MAX:
        return None
    try:
        told = cbor.decode(record, bytes_max=_RECORD_BYTES_MAX)
    except MalformedError:
        return None
    if not isinstance(told, dict):
        return None
    match told:
        case {"event": str(event), "key": str(), "kid": bytes(), "algorithm": str(), "at": int()} if event in set(
            KeyEventKind
        ):
            return told
        case _:
            return None


def _is_numbered(each: StoredArtefact, number: int) -> bool:
    """Say whether an artefact bears the number that the registry tells; that of a copy is its own."""
    return each.sequence in {None, number}


def _is_own_list(name: str) -> bool:
    """Say whether a revocation list has the name of one of ours: an authority, or a later generation of it."""
    stem, _, generation = name.partition("-")
    return stem in {AUTHORITY, NATIONAL} and (not generation or (generation.isdecimal() and len(generation) < 16))


def _has_signed(authority: Certificate, signed: tuple[object, bytes, bytes]) -> bool:
    algorithm, to_be_signed, signature = signed
    try:
        check_signature(algorithm, authority.spki, to_be_signed, signature)  # type: ignore[arg-type]  # of a read file
    except (SignatureError, PublicKeyError):
        return False
    return True


def _opened(content: bytes, root: bytes) -> TrustList | None:
    try:
        return open_trust_list(content, root, at=_ANY_TIME)
    except YinzhengError:
        return None


def _pair(content: bytes) -> tuple[bytes, bytes]:
    match cbor.decode(content, bytes_max=len(content)):
        case [bytes(old), bytes(new)]:
            return old, new
        case _:
            raise MalformedError("a change of the root has two lists")


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
