"""A key room: real key files in a folder, a real signing log in memory, one authority, one department, one stamp service.

Small brother of the town, for what needs keys and nothing else. Its passphrase is a drawn one, so that keys open at once.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from keys.authority import CertificateRequest, Profile
from keys.ceremony import Persons, certify, make
from keys.certificates import Subject
from keys.custody import DEPLOYMENT, NATIONAL, KeyName, algorithms_of, authority_of
from keys.passphrases import draw_passphrase
from keys.softkeys import SoftCustody, create_key, read_public_key
from keys.timestamps import OwnTimestampService
from verify.algorithms import Algorithm
from verify.check_characters import uscc_character
from verify.key_purpose import KeyPurpose
from verify.log_entry import EntryKind, LogEntry
from verify.log_proof import LogReceipt
from verify.note import ED25519_TYPE, LogVerifier, checkpoint_body, note_key_id, signature_line
from verify.tree import inclusion_path, leaf_hash, root_of
from verify.values import Uscc

NOW = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
PASSPHRASE = draw_passphrase(lambda _count: sha256(b"a passphrase of tests").digest())
BUREAU = "11999999MB2867521" + uscc_character("11999999MB2867521")
ORIGIN = "log.test.example/2026"
PERSONS = Persons(first="p-001", second="p-002")
CHECKPOINT = KeyName(KeyPurpose.CHECKPOINT, DEPLOYMENT)
AUTHORITY = KeyName(KeyPurpose.AUTHORITY, DEPLOYMENT)
NATIONAL_AUTHORITY = KeyName(KeyPurpose.AUTHORITY, NATIONAL)
SEAL_MAKER = KeyName(KeyPurpose.SEAL_MAKER, DEPLOYMENT)
SEAL = KeyName(KeyPurpose.SEAL, "11990000000001")
TIMESTAMP = KeyName(KeyPurpose.TIMESTAMP, DEPLOYMENT)
DOCUMENT = KeyName(KeyPurpose.DOCUMENT, BUREAU)
CODE = KeyName(KeyPurpose.CODE, BUREAU)
CRL_URL = "http://licences.test.example/authority.crl"


def subject(common_name: str) -> Subject:
    return Subject(uscc=Uscc(BUREAU), organisation="测试市行政审批局", common_name=common_name, test=True)


@dataclass(kw_only=True)
class KeyRoom:
    """Custody and log; `sign` goes the whole way: log the intent, then sign with the receipt."""

    folder: Path
    custody: SoftCustody
    verifier: LogVerifier
    entries: list[bytes] = field(default_factory=list, repr=False)
    random: Random = field(default_factory=lambda: Random(7))  # noqa: S311 - serial numbers of a test

    @classmethod
    def found(cls, folder: Path) -> "KeyRoom":
        """Make the checkpoint key, then the custody that believes it, then the genesis entry."""
        create_key(folder, PASSPHRASE, CHECKPOINT, Algorithm.ED25519)
        public = read_public_key(folder, CHECKPOINT).spki[-32:]
        verifier = LogVerifier(ORIGIN, note_key_id(ORIGIN, ED25519_TYPE, public), public)
        room = cls(folder=folder, custody=SoftCustody(folder, PASSPHRASE, (verifier,)), verifier=verifier)
        room.append(EntryKind.GENESIS, sha256(ORIGIN.encode()).digest(), {1: ORIGIN})
        return room

    def append(self, kind: EntryKind, digest: bytes, detail: dict[int, object] | None) -> LogReceipt:
        """Write an entry of any kind into the log, and return its receipt."""
        self.entries.append(LogEntry(kind=kind, time=NOW, digest=digest, detail=detail).encode())
        leaves = [leaf_hash(entry) for entry in self.entries]
        body = checkpoint_body(ORIGIN, len(leaves), root_of(leaves))
        signature = self.custody.sign_counted(CHECKPOINT, body)
        index = len(leaves) - 1
        return LogReceipt(
            entry=self.entries[-1],
            index=index,
            path=inclusion_path(leaves, index),
            note=body.decode() + "\n" + signature_line(ORIGIN, self.verifier.key_id, signature),
        )

    def intent(self, key: KeyName, to_be_signed: bytes) -> LogReceipt:
        """Log the intent to sign these bytes."""
        detail: dict[int, object] = {1: key.purpose.value, 2: self.custody.public_key(key).kid}
        return self.append(EntryKind.INTENT, sha256(to_be_signed).digest(), detail)

    def sign(self, key: KeyName, to_be_signed: bytes) -> bytes:
        """Log first, then sign."""
        return self.custody.sign(key, to_be_signed, receipt=self.intent(key, to_be_signed))

    def make(self, key: KeyName, algorithm: Algorithm | None = None) -> KeyName:
        """Make a key with the purpose's usual algorithm."""
        chosen = algorithm or algorithms_of(key.purpose, key.owner)[0]
        make(self.custody, key, chosen, persons=PERSONS, at=NOW)
        return key

    def request(self, key: KeyName, profile: Profile, **changes: Any) -> CertificateRequest:
        """Return a good request for a certificate of this key; `changes` make it another one."""
        is_root = profile is Profile.ROOT
        request = CertificateRequest(
            profile=profile,
            subject=subject(key.owner if key.purpose is KeyPurpose.SEAL else key.purpose.value),
            public=self.custody.public_key(key),
            serial=self.random.randbytes(16),
            not_before=NOW - timedelta(days=1),
            not_after=NOW + timedelta(days=3650 if is_root else 365),
            issuer=None
            if is_root
            else self.custody.chain(self.custody.newest(KeyPurpose.AUTHORITY, authority_of(key.purpose)))[0],
            crl_url=None if is_root else CRL_URL,
        )
        return replace(request, **changes)

    def certify(self, key: KeyName, profile: Profile, **changes: Any) -> tuple[bytes, ...]:
        """Certify a key by the room's authority and return the installed chain."""
        request = self.request(key, profile, **changes)
        certify(self.custody, self.sign, request, key=key, persons=PERSONS, at=NOW)
        return self.custody.chain(key)

    def open_office(self) -> "KeyRoom":
        """Make and certify authority, document key and time-stamp key, then the national ones: seal maker and seal."""
        for key, profile in (
            (AUTHORITY, Profile.ROOT),
            (DOCUMENT, Profile.DEPARTMENT),
            (TIMESTAMP, Profile.TIMESTAMP),
            (NATIONAL_AUTHORITY, Profile.ROOT),
            (SEAL_MAKER, Profile.SEAL_MAKER),
            (SEAL, Profile.SEAL),
        ):
            self.certify(self.make(key), profile)
        return self

    def stamps(self, *, at: datetime = NOW) -> OwnTimestampService:
        """Return the time-stamp service with a clock that stands still."""
        return OwnTimestampService(custody=self.custody, key=TIMESTAMP, clock=lambda: at, random=self.random.randbytes)
