"""Status lists and revocation lists that lie beside a published log: whose they are, and whether they follow the log.

Promises:
  * What an act in the log did to a licence stands in the published list, in its very place; a list that is older than
    the log by an hour of the log's own time has failed, a younger one could not be compared.
  * Two bits and a mark for each place that an act names, however many acts there are.

Which place is a licence's, the registry's records say; the act and its time are the log's.
"""

import base64
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Final

from verify.algorithms import PublicKeyError, SignatureError
from verify.certificates import CertificateError, read_certificate
from verify.errors import MalformedError
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.log_audit.findings import Findings
from verify.log_audit.index_set import IndexSet
from verify.log_audit.tree_walk import Reader
from verify.revocation import ReadList, check_list_issuer, read_revocation_list
from verify.status import PACKED_BYTES_MAX, StatusListError, StatusValue, open_status_list
from verify.trust import TrustedKey, TrustList

STATUS: Final = "status/{}"
# A list has 131,072 places of licences; so many hold sixteen million.
LISTS_MAX: Final = 128
_USE: Final = TRUST_LIST_USE[KeyPurpose.STATUS_LIST]
_AUTHORITIES: Final = ("authority", "national")
_GENERATIONS_MAX: Final = 100
# Lists are signed some seconds after an act; an hour is a worker that stood still.
_BEHIND_SECONDS: Final = 3600
_AFTER: Final[Mapping[str, StatusValue]] = {
    "suspend": StatusValue.SUSPENDED,
    "reinstate": StatusValue.IN_FORCE,
    "supersede": StatusValue.SUPERSEDED,
}


class PublishedLists:
    """The lists beside one log; ``issued`` says when each was, by its file."""

    def __init__(self, reader: Reader, trust: TrustList, findings: Findings, *, at: datetime) -> None:
        self.issued: dict[str, int] = {}
        self._reader = reader
        self._trust = trust
        self._findings = findings
        self._at = at
        self._packed: dict[int, bytes] = {}
        self._wanted: dict[int, bytearray] = {}
        self._places: dict[int, IndexSet] = {}
        self._behind: dict[int, int] = {}

    def fetch(self, seen: Mapping[str, int]) -> None:
        """Read and check all lists; none may be older than the one that was ``seen`` before."""
        prefixes = {each.status_prefix for each in self._trust.issuers if each.status_prefix}
        numbered = (STATUS.format(number) for number in range(1, LISTS_MAX + 1))
        for number, (_file, content) in enumerate(_standing(self._reader, numbered) if len(prefixes) == 1 else (), 1):
            self._read_status(number, content, f"{min(prefixes)}{number}")
        for file, content in revocation_files(self._reader):
            self._read_revocations(file, content)
        for file in sorted(self.issued.keys() & seen.keys()):
            if self.issued[file] < seen[file]:
                self._findings.fail("checker.list_older", file=file, expected=seen[file], found=self.issued[file])
        for file in sorted(seen.keys() - self.issued.keys()):
            if self._reader.get(file) is None:
                self._findings.fail("checker.list_gone", file=file)

    def act(self, place: object, act: str, time: int) -> None:
        """Take in an act on the licence that has this place (list and index)."""
        match place:
            case [int(number), int(index)] if 0 <= index < PACKED_BYTES_MAX * 4 and 0 < number <= LISTS_MAX:
                pass
            case _:  # records of before they named it, or of an insider
                self._behind[0] = self._behind.get(0, 0) + 1
                return
        issued = self.issued.get(STATUS.format(number))
        if issued is None or time > issued:
            self._behind[number] = time
            if number in self._places:
                self._places[number].discard(index)
            return
        wanted = self._wanted.setdefault(number, bytearray(PACKED_BYTES_MAX))
        shift = (index & 3) << 1
        wanted[index >> 2] = wanted[index >> 2] & ~(3 << shift) | _AFTER.get(act, StatusValue.ENDED) << shift
        self._places.setdefault(number, IndexSet()).add(index)

    def judge(self, last_time: int) -> None:
        """Compare the lists with the acts; ``last_time`` is that of the log's last entry."""
        for number, places in sorted(self._places.items()):
            packed, wanted = self._packed.get(number, b""), self._wanted[number]
            for index in places:
                expected, found = _value(wanted, index), _value(packed, index)
                if expected != found:
                    file = STATUS.format(number)
                    self._findings.fail(
                        "checker.status_differs", file=file, index=index, expected=_word(expected), found=_word(found)
                    )
        for number, time in sorted(self._behind.items()):
            file = STATUS.format(number or "?")
            issued = self.issued.get(file)
            is_late = issued is not None and last_time - issued > _BEHIND_SECONDS
            note = self._findings.fail if is_late else self._findings.unknown
            note("checker.status_behind", file=file, expected=time, found="" if issued is None else issued)

    def state(self) -> dict[str, object]:
        """Return what acts asked for, for JSON."""
        return {
            "places": {str(number): places.state() for number, places in self._places.items()},
            "wanted": {
                str(number): base64.b64encode(zlib.compress(bytes(wanted), 1)).decode()
                for number, wanted in self._wanted.items()
            },
            "behind": {str(number): time for number, time in self._behind.items()},
        }

    def restore(self, state: Mapping[str, Mapping[str, str | int]]) -> None:
        """Take up what ``state`` gave."""
        self._places = {int(number): IndexSet.from_state(each) for number, each in state["places"].items()}
        self._behind = {int(number): int(time) for number, time in state["behind"].items()}
        for number, text in state["wanted"].items():
            inflated = zlib.decompressobj().decompress(base64.b64decode(str(text)), PACKED_BYTES_MAX)
            self._wanted[int(number)] = bytearray(inflated.ljust(PACKED_BYTES_MAX, b"\0"))

    def _read_status(self, number: int, content: bytes, address: str) -> None:
        file = STATUS.format(number)

        def keys(kid: bytes) -> Sequence[TrustedKey]:
            return tuple({key.spki: key for _issuer, key in self._trust.keys_for(kid, _USE)}.values())

        try:
            read = open_status_list(content, uri=address, keys=keys)
        except StatusListError as error:
            self._findings.fail("checker.list_wrong", file=file, found=error.detail)
            return
        self._packed[number] = read.packed
        self._dated(file, read.issued_at, read.expires_at)

    def _read_revocations(self, file: str, content: bytes) -> None:
        try:
            read = read_revocation_list(content)
        except MalformedError as error:
            self._findings.fail("checker.list_wrong", file=file, found=error.detail)
            return
        signer = self._signer_of(content, read)
        if signer is None:
            self._findings.unknown("checker.list_authority", file=file)
        elif not signer:
            self._findings.fail("checker.list_wrong", file=file, found="not signed by the authority that it names")
        else:
            self._dated(file, read.issued_at, read.next_at)

    def _signer_of(self, content: bytes, read: ReadList) -> bool | None:
        """Say whether the authority signed it that it names; None when the trust list has none of that name."""
        answer: bool | None = None
        for encoded in self._trust.authorities:
            try:
                authority = read_certificate(encoded)
                if authority.subject != read.issuer:
                    continue
                answer = answer or False
                check_list_issuer(content, authority)
            except (CertificateError, SignatureError, PublicKeyError):
                continue
            return True
        return answer

    def _dated(self, file: str, issued_at: datetime, expires_at: datetime) -> None:
        self.issued[file] = int(issued_at.timestamp())
        if expires_at <= self._at:
            self._findings.unknown("checker.list_expired", file=file, found=expires_at.astimezone(UTC).isoformat())


def revocation_files(reader: Reader) -> Iterator[tuple[str, bytes]]:
    """Yield the revocation lists beside a log, of every authority and generation, as they were read."""
    for name in _AUTHORITIES:
        later = (f"{name}-{generation}.crl" for generation in range(2, _GENERATIONS_MAX))
        yield from _standing(reader, chain((f"{name}.crl",), later))


def _standing(reader: Reader, files: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield files with their content up to the first one that is not there."""
    for file in files:
        content = reader.get(file)
        if content is None:
            return
        yield file, content


def _value(packed: bytes | bytearray, index: int) -> int:
    """Return a place's value; -1 behind the end."""
    return packed[index >> 2] >> ((index & 3) << 1) & 3 if index >> 2 < len(packed) else -1


def _word(value: int) -> str:
    return StatusValue(value).name.lower() if value >= 0 else "-"
