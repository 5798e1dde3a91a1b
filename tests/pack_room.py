"""A pack room: the code room's office with a pinned root, a service key, and signed packs. No database.

    room = PackRoom()
    data = room.pack(status=0)                      # a whole pack, signed
    pack = open_pack(data, room.pinned)

Promises: real keys, real signatures; what is wrong with a pack is what the caller changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from tests.code_room import FOOD, ISSUER, NOW, PREFIX, TEACHER, Signer
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.pack import (
    Manifest,
    PackType,
    Pinned,
    assemble_manifest,
    assemble_pack,
    encode_types,
    manifest_to_be_signed,
)
from verify.status import StatusList, assemble_status_list, pack, status_list_to_be_signed
from verify.trust import TrustedIssuer, TrustedKey, TrustList, assemble_trust_list, trust_list_to_be_signed

STATUS_USE = TRUST_LIST_USE[KeyPurpose.STATUS_LIST]
ROOT, SERVICE, CODES = Signer(3), Signer(5), (Signer(7).trusted(),)
TYPES = {FOOD: PackType("食品经营许可证", "Food business licence", 4), TEACHER: PackType("教师资格证书", "Teacher", 24)}


def digest(part: bytes) -> bytes:
    return sha256(part).digest()


def sign_trust(trust: TrustList, root: Signer) -> bytes:
    """Return a trust list, signed by this root."""
    return assemble_trust_list(trust, root.kid, root.sign(trust_list_to_be_signed(trust, root.kid)))


@dataclass(frozen=True)
class PackRoom:
    """The deployment; `root` signs trust lists, `service` status lists and packs, `codes` are trusted for codes."""

    root: Signer = ROOT
    service: Signer = SERVICE
    codes: tuple[TrustedKey, ...] = CODES

    @property
    def pinned(self) -> Pinned:
        return Pinned(root=self.root.spki)

    def trust(self, **changes: Any) -> TrustList:
        """Return the list that names the office with its code keys and the service's key."""
        office = TrustedIssuer(
            issuer=ISSUER,
            name="示例市行政审批服务局",
            keys=(*self.codes, self.service.trusted(use=STATUS_USE)),
            status_prefix=PREFIX,
            licence_types=(FOOD, TEACHER),
        )
        issued = NOW - timedelta(days=3)
        known = TrustList(sequence=4, issued_at=issued, expires_at=issued + timedelta(days=30), issuers=(office,))
        return replace(known, **changes)

    def status_list(
        self, values: Mapping[int, int], *, issued_at: datetime = NOW - timedelta(minutes=3), number: int = 1
    ) -> bytes:
        """Return a signed status list with these values."""
        entries = [values.get(place, 0) for place in range(4096)]
        content = StatusList(
            uri=f"{PREFIX}{number}",
            issued_at=issued_at,
            expires_at=issued_at + timedelta(days=7),
            ttl_seconds=300,
            packed=pack(entries),
        )
        kid = self.service.kid
        return assemble_status_list(content, kid, self.service.sign(status_list_to_be_signed(content, kid)))

    def manifest(self, trust: bytes, lists: Mapping[str, bytes], types: bytes, **changes: Any) -> Manifest:
        """Return what names these parts."""
        known = Manifest(
            sequence=9,
            issued_at=NOW - timedelta(minutes=2),
            expires_at=NOW + timedelta(days=7),
            ttl_seconds=300,
            trust=digest(trust),
            lists={uri: digest(content) for uri, content in lists.items()},
            catalogue=digest(types),
        )
        return replace(known, **changes)

    def sign(self, manifest: Manifest, parts: Iterable[bytes], *, signer: Signer | None = None) -> bytes:
        """Return the pack; `signer` may be somebody else, who uses the service's key id."""
        kid = self.service.kid
        signature = (signer or self.service).sign(manifest_to_be_signed(manifest, kid))
        return assemble_pack(assemble_manifest(manifest, kid, signature), parts)

    def pack(
        self,
        status: Mapping[int, int] | None = None,
        *,
        trust: bytes | None = None,
        at: datetime | None = None,
        **changes: Any,
    ) -> bytes:
        """Return a whole pack with one status list."""
        trust = sign_trust(self.trust(), self.root) if trust is None else trust
        issued_at = NOW - timedelta(minutes=3) if at is None else at
        lists = {f"{PREFIX}1": self.status_list(status or {}, issued_at=issued_at)}
        types = encode_types(TYPES)
        return self.sign(self.manifest(trust, lists, types, **changes), (trust, *lists.values(), types))
