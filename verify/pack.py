"""Counter pack: all that a counter needs to check codes without a network, in one file that any web server carries.

Promises:
  * `open_pack` is the only reader: trust list under the pinned root, manifest under the trust list, every part by its
    digest, every status list under its own issuer's key, before anything is handed out.
  * Nothing goes back: neither the pack's number, nor the trust list's, nor the age of any status list.
  * Whoever holds a pack cuts what is new since another one out of it (`since`), without a key.
  * Age is the caller's: a pack says when it was made and until when it may be used, `evidence` leaves out what is over.

Deterministic CBOR `[manifest, parts]`. The manifest is a tagged COSE_Sign1 by a key of use 2 (status list), type 16
``application/yinzheng-pack+cwt``; claims 1 ``yinzheng-pack`` · 4 expires · 6 issued · 65534 seconds until the next
fetch · -70030: {1 sequence, 2 trust list, 3 {address: status list}, 4 catalogue, 5 [[by old root, by new root]]}; each
but 1 is the SHA-256 of a part, 5 is absent when empty. Parts are byte strings in the order of their digests; a pack
that is whole has all of them, one that was cut has those that are new. Catalogue: {type code: [name, English name,
hours]}.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from typing import Final, NamedTuple

from verify import cbor
from verify.algorithms import Algorithm
from verify.cose import Sign1, decode_sign1, encode_sign1, protected_header, read_header, sig_structure
from verify.errors import MalformedError, YinzhengError
from verify.evidence import Evidence
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.status import StatusList, open_status_list
from verify.trust import TRUST_LIST_BYTES_MAX, TrustedKey, TrustList, open_trust_list, signed_by
from verify.trust_roots import RootChange, follow_roots

NAME: Final = "yinzheng-pack"
CONTENT_TYPE: Final = "application/yinzheng-pack+cwt"
# A trust list of the largest size, and a hundred status lists of theirs.
PACK_BYTES_MAX: Final = 48 << 20
# Ten thousand lists with an address of a hundred characters each.
MANIFEST_BYTES_MAX: Final = 2 << 20
CATALOGUE_BYTES_MAX: Final = 1 << 20
DIGEST_BYTES: Final = 32
OFFLINE_HOURS_MAX: Final = 24 * 30

_NAME, _EXPIRES, _ISSUED, _TTL, _PRIVATE = 1, 4, 6, 65534, -70030
_STATUS_USE: Final = TRUST_LIST_USE[KeyPurpose.STATUS_LIST]
_INSTANT_MAX: Final = 253_402_300_799
# Signature and form are looked at; what is over is left out when the pack is used.
_ANY_TIME: Final = datetime.min.replace(tzinfo=UTC)


class PackError(YinzhengError):
    """The counter pack cannot be used."""

    code = "pack.refused"


class PackFormError(PackError, MalformedError):
    """Not a counter pack."""

    code = "pack.malformed"


class PackSignatureError(PackError):
    """The counter pack is not signed by a key of its trust list."""

    code = "pack.signature"


class PackPartError(PackError):
    """A part is missing, is not the one that was signed for, or belongs to no part of the pack."""

    code = "pack.parts"


class PackOlderError(PackError):
    """The counter pack, or a list in it, is older than what was there."""

    code = "pack.older"


class PackExpiredError(PackError):
    """The counter pack is past its end; a newer one must be fetched."""

    code = "pack.expired"


class PackType(NamedTuple):
    """A licence type as counters show it: its names, and for how many hours its status holds offline."""

    name: str
    name_en: str
    offline_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a pack consists of: digests of its parts, and its times."""

    sequence: int
    issued_at: datetime
    expires_at: datetime
    ttl_seconds: int
    trust: bytes
    lists: Mapping[str, bytes] = field(hash=False)
    catalogue: bytes
    root_changes: tuple[tuple[bytes, bytes], ...] = ()

    def __post_init__(self) -> None:
        numbers = (self.sequence, self.ttl_seconds)
        if any(type(each) is not int or each < 0 for each in numbers) or not self.issued_at < self.expires_at:
            raise PackFormError("a pack has a number, a period, and seconds until the next one")
        digests = [
            self.trust,
            self.catalogue,
            *self.lists.values(),
            *(each for pair in self.root_changes for each in pair),
        ]
        if any(type(each) is not bytes or len(each) != DIGEST_BYTES for each in digests):
            raise PackFormError("a part is named by its SHA-256")

    @property
    def digests(self) -> frozenset[bytes]:
        """The names of all parts."""
        changes = (each for pair in self.root_changes for each in pair)
        return frozenset((self.trust, self.catalogue, *self.lists.values(), *changes))

    def payload(self) -> bytes:
        """Return the deterministic CBOR of the claims."""
        content: dict[int, object] = {1: self.sequence, 2: self.trust, 3: dict(self.lists), 4: self.catalogue}
        if self.root_changes:
            content[5] = [list(pair) for pair in self.root_changes]
        times = {_EXPIRES: _unix(self.expires_at), _ISSUED: _unix(self.issued_at), _TTL: self.ttl_seconds}
        return cbor.encode({_NAME: NAME, **times, _PRIVATE: content})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What a counter keeps: the root key that it believes, and the numbers below which nothing passes."""

    root: bytes
    sequence_min: int = 0
    trust_sequence_min: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack that was opened; `root` is the key to be pinned from now on, `parts` go by their digests."""

    manifest: Manifest
    signed: bytes = field(repr=False)
    parts: Mapping[bytes, bytes] = field(repr=False, hash=False)
    root: bytes = field(repr=False)
    trust: TrustList
    status_lists: Mapping[str, StatusList] = field(repr=False, hash=False)
    types: Mapping[str, PackType] = field(repr=False, hash=False)

    def encode(self) -> bytes:
        """Return the whole pack, as for a stick."""
        return assemble_pack(self.signed, self.parts.values())

    def since(self, earlier: Manifest) -> bytes:
        """Return what somebody needs who holds the earlier one."""
        return cut_pack(self.signed, self.parts, earlier)

    @property
    def pinned(self) -> Pinned:
        """What is to be kept, so that nothing older passes from now on."""
        return Pinned(root=self.root, sequence_min=self.manifest.sequence, trust_sequence_min=self.trust.sequence)

    def demand_current(self, *, at: datetime) -> None:
        """Raise `PackExpiredError` for a pack that is over."""
        if at >= min(self.manifest.expires_at, self.trust.expires_at):
            raise PackExpiredError("past its end")

    def evidence(self, *, at: datetime) -> Evidence:
        """Return what a check may rely on at that moment; a trust list that is over is left out."""
        return Evidence(
            trust=self.trust if at < self.trust.expires_at else None,
            status_lists=self.status_lists,
            offline_hours={code: each.offline_hours for code, each in self.types.items()},
            type_names={code: (each.name, each.name_en) for code, each in self.types.items()},
        )


def manifest_to_be_signed(manifest: Manifest, kid: bytes) -> bytes:
    """Return the COSE Sig_structure that the ``status_list`` key signs; ``kid`` is that key's id."""
    return sig_structure(_header(kid), manifest.payload())


def assemble_manifest(manifest: Manifest, kid: bytes, signature: bytes) -> bytes:
    """Return the signed manifest; the signature is r and s (see ``algorithms.der_to_raw``)."""
    return encode_sign1(_header(kid), manifest.payload(), signature, tagged=True)


def assemble_pack(signed: bytes, parts: Iterable[bytes]) -> bytes:
    """Put a pack together; each part stands once, in the order of the digests."""
    named = {sha256(each).digest(): each for each in parts}
    return cbor.encode([signed, [named[digest] for digest in sorted(named)]])


def cut_pack(signed: bytes, parts: Mapping[bytes, bytes], earlier: Manifest) -> bytes:
    """Return the pack without the parts that the earlier one had."""
    return assemble_pack(signed, (each for digest, each in parts.items() if digest not in earlier.digests))


def encode_types(types: Mapping[str, PackType]) -> bytes:
    """Return the part that names the licence types."""
    return cbor.encode({code: list(each) for code, each in types.items()})


def read_manifest(signed: bytes) -> Manifest:
    """Read a manifest, whose signature is not checked here. Raises `PackFormError`."""
    return _read_manifest(_sign1(signed))


def open_pack(data: bytes, pinned: Pinned, *, held: Pack | None = None) -> Pack:
    """Check and read a pack, or what is new since the one that is `held`.

    1. Form. 2. Parts: each one named, none missing. 3. Root: the pinned one, or one that it names as its follower.
    4. Trust list. 5. The manifest's signature. 6. Status lists, none older than the one held. 7. Catalogue.

    Raises a `PackError`, `TrustListError` or `StatusListError`.
    """
    signed, brought = _cut(data)  # (1)
    sign1 = _sign1(signed)
    manifest = _read_manifest(sign1)
    parts = _parts(manifest, brought, {} if held is None else held.parts)  # (2)
    changes = [RootChange(by_old=parts[old], by_new=parts[new]) for old, new in manifest.root_changes]
    root = follow_roots(pinned.root, changes)  # (3)
    trust = open_trust_list(parts[manifest.trust], root, at=_ANY_TIME, sequence_min=pinned.trust_sequence_min)  # (4)
    _check_signature(sign1, manifest, trust)  # (5)
    if manifest.sequence < pinned.sequence_min:
        raise PackOlderError("a pack with a lower number than the one that was there")
    lists = {uri: _open_list(parts[digest], uri, trust) for uri, digest in manifest.lists.items()}  # (6)
    _demand_newer(lists, {} if held is None else held.status_lists)
    return Pack(
        manifest=manifest,
        signed=signed,
        parts={digest: parts[digest] for digest in manifest.digests},
        root=root,
        trust=trust,
        status_lists=lists,
        types=_read_types(parts[manifest.catalogue]),  # (7)
    )


def _header(kid: bytes) -> bytes:
    return protected_header(Algorithm.ES256, kid, content_type=CONTENT_TYPE)


def _cut(data: bytes) -> tuple[bytes, list[bytes]]:
    try:
        value = cbor.decode(data, bytes_max=PACK_BYTES_MAX)
    except cbor.CborError as error:
        raise PackFormError(error.detail) from error
    match value:
        case [bytes(signed), list(parts)] if all(type(each) is bytes for each in parts):
            return signed, parts
        case _:
            raise PackFormError("not a manifest and its parts")


def _sign1(signed: bytes) -> Sign1:
    try:
        sign1 = decode_sign1(signed, tagged=True, bytes_max=MANIFEST_BYTES_MAX)
        read_header(sign1, content_type=CONTENT_TYPE)
    except MalformedError as error:
        raise PackFormError(error.detail) from error
    return sign1


def _read_manifest(sign1: Sign1) -> Manifest:
    try:
        claims = cbor.decode(sign1.payload, bytes_max=MANIFEST_BYTES_MAX)
    except cbor.CborError as error:
        raise PackFormError(error.detail) from error
    match claims:
        case {
            1: "yinzheng-pack",
            4: int(expires),
            6: int(issued),
            65534: int(ttl),
            -70030: {1: int(sequence), 2: bytes(trust), 3: dict(lists), 4: bytes(catalogue), **more},
            **others,
        } if not others and more.keys() <= {5} and all(type(each) is str for each in lists):
            return Manifest(
                sequence=sequence,
                issued_at=_instant(issued),
                expires_at=_instant(expires),
                ttl_seconds=ttl,
                trust=trust,
                lists=lists,
                catalogue=catalogue,
                root_changes=tuple(_pair(each) for each in _present(more)),
            )
    raise PackFormError("not the claims of a pack")


def _present(more: Mapping[object, object]) -> list[object]:
    """Return the changes of the root: absent, or a list of at least one."""
    if 5 not in more:
        return []
    changes = more[5]
    if not isinstance(changes, list) or not changes:
        raise PackFormError("changes of the root are a list, or absent")
    return changes


def _pair(value: object) -> tuple[bytes, bytes]:
    match value:
        case [bytes(old), bytes(new)]:
            return old, new
        case _:
            raise PackFormError("a change of the root has two lists")


def _parts(manifest: Manifest, brought: list[bytes], held: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    named = [sha256(each).digest() for each in brought]
    if any(second <= first for first, second in pairwise(named)):
        raise PackPartError("parts stand once, in the order of their digests")
    if not manifest.digests.issuperset(named):
        raise PackPartError("a part that the pack does not name")
    parts = dict(held) | dict(zip(named, brought, strict=True))
    if not manifest.digests <= parts.keys():
        raise PackPartError("a part is missing")
    if len(parts[manifest.trust]) > TRUST_LIST_BYTES_MAX or len(parts[manifest.catalogue]) > CATALOGUE_BYTES_MAX:
        raise PackPartError("a part is too large")
    return parts


def _check_signature(sign1: Sign1, manifest: Manifest, trust: TrustList) -> None:
    algorithm, kid = read_header(sign1, content_type=CONTENT_TYPE)
    candidates = [
        key
        for _, key in trust.keys_for(kid, _STATUS_USE)
        if key.algorithm is algorithm and key.covers(manifest.issued_at)
    ]
    if signed_by(candidates, sign1.to_be_signed, sign1.signature) is None:
        raise PackSignatureError("no key of status lists in the trust list made the signature")


def _open_list(content: bytes, uri: str, trust: TrustList) -> StatusList:
    """Open a list under a key of the issuer whose address it has; another issuer's key does not count."""

    def keys(kid: bytes) -> list[TrustedKey]:
        return [key for issuer, key in trust.keys_for(kid, _STATUS_USE) if _is_below(uri, issuer.status_prefix)]

    return open_status_list(content, uri=uri, keys=keys)


def _is_below(uri: str, prefix: str) -> bool:
    return bool(prefix) and uri.startswith(prefix)


def _demand_newer(lists: Mapping[str, StatusList], held: Mapping[str, StatusList]) -> None:
    for uri, before in held.items():
        now = lists.get(uri)
        # One that is gone leaves a gap, which no verdict calls "in force"; offices move to another address.
        if now is not None and now.issued_at < before.issued_at:
            raise PackOlderError("a status list went back")


def _read_types(content: bytes) -> Mapping[str, PackType]:
    try:
        value = cbor.decode(content, bytes_max=CATALOGUE_BYTES_MAX)
    except cbor.CborError as error:
        raise PackFormError(error.detail) from error
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value):
        raise PackFormError("the catalogue goes by type codes")
    return {code: _read_type(each) for code, each in value.items()}


def _read_type(value: object) -> PackType:
    match value:
        case [str(name), str(name_en), int(hours)] if type(hours) is int and 0 < hours <= OFFLINE_HOURS_MAX:
            return PackType(name, name_en, hours)
        case _:
            raise PackFormError("a type has two names and a number of hours")


def _instant(number: int) -> datetime:
    if type(number) is not int or not 0 <= number <= _INSTANT_MAX:
        raise PackFormError("not a time")
    return datetime.fromtimestamp(number, UTC)


def _unix(instant: datetime) -> int:
    return int(instant.timestamp())
