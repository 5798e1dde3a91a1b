"""Trust list: who may issue what, with which keys; signed by an offline root that verifiers have pinned.

Promises:
  * ``open_trust_list`` is the only reader: signature, form, age and sequence are checked before anything is handed out.
  * A key is found by key id *and* use; a key of another use is never found.
  * At most 30 days old, never older than the list that the verifier already had.

Tagged COSE_Sign1, ES256; claims 1 ``yinzheng-trust`` · 4 expires · 6 issued · -70010: {1 sequence, 2 [{1 issuer, 2
name, 3 [{1 kid, 2 algorithm, 3 SPKI, 4 use, 5 not before, 6 not after, 7 cut-off [origin, size]}], 4 status prefix, 5
licence types}], 3 log policy, 4 [authority certificates], 5 SPKI of the next root}. Keys 3 to 5 are absent when empty.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from verify import cbor
from verify.algorithms import (
    COSE_NUMBER,
    Algorithm,
    PublicKey,
    SignatureError,
    check_cose_signature,
    cose_algorithm,
    key_identifier,
)
from verify.cose import decode_sign1, encode_sign1, protected_header, read_header, sig_structure
from verify.errors import MalformedError, YinzhengError
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.note import LogVerifier
from verify.witness_policy import WitnessPolicy, WitnessPolicyError

LIFETIME_MAX: Final = timedelta(days=30)
# Ten thousand departments with four keys each take some 6 MB.
TRUST_LIST_BYTES_MAX: Final = 16 << 20
NAME: Final = "yinzheng-trust"

_CLAIM_PRIVATE: Final = -70010
_USES: Final = frozenset(TRUST_LIST_USE.values())
_DOCUMENT_USE: Final = TRUST_LIST_USE[KeyPurpose.DOCUMENT]
_CERTIFIED_USES: Final = frozenset({_DOCUMENT_USE, TRUST_LIST_USE[KeyPurpose.SEAL]})
# RFC 8812: RSA, which signs documents only; never in the header of a token or list.
_RS256: Final = -257
_NUMBER: Final = COSE_NUMBER | {Algorithm.RS256: _RS256}
_INSTANT_MAX: Final = 253_402_300_799
_PREFIX_HOST: Final = re.compile(r"https?://([^/?#@]+)/.*", re.IGNORECASE)


class TrustListError(YinzhengError):
    """The trust list cannot be used."""

    code = "trust_list.refused"


class TrustListFormError(TrustListError, MalformedError):
    """Not a trust list."""

    code = "trust_list.malformed"


class TrustListSignatureError(TrustListError):
    """The trust list is not signed by the pinned root."""

    code = "trust_list.signature"


class TrustListExpiredError(TrustListError):
    """The trust list is past its end; a newer one must be fetched."""

    code = "trust_list.expired"


class TrustListSequenceError(TrustListError):
    """The trust list is older than the one that this verifier already had."""

    code = "trust_list.older"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A key of an issuer with its one use and period; ``cut_off`` is log origin and size, after a compromise only."""

    kid: bytes
    algorithm: Algorithm
    spki: bytes = field(repr=False)
    use: int
    not_before: datetime
    not_after: datetime
    cut_off: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        is_document = self.use == _DOCUMENT_USE
        numbers = _NUMBER if is_document else COSE_NUMBER
        if self.algorithm not in numbers or type(self.use) is not int or self.use not in _USES:
            raise TrustListFormError("an algorithm or a use that a trust list does not have")
        if self.use in _CERTIFIED_USES and self.cut_off is None:
            raise TrustListFormError("a key that has a certificate stands here with its cut-off only")
        if self.kid != key_identifier(self.spki):
            raise TrustListFormError("a key id is that of another key")
        PublicKey(self.spki, self.algorithm)
        if not self.not_before < self.not_after:
            raise TrustListFormError("a key's period is empty")
        if self.cut_off is not None and (not self.cut_off[0] or self.cut_off[1] < 0):
            raise TrustListFormError("a cut-off is a log's origin and size")

    def covers(self, at: datetime) -> bool:
        """Say whether the moment lies in the key's period."""
        return self.not_before <= at < self.not_after


def signed_by(candidates: Iterable[TrustedKey], to_be_signed: bytes, signature: bytes) -> TrustedKey | None:
    """Return the first of these keys that made the COSE signature; a key id is a hint, so several may bear one."""
    for key in candidates:
        try:
            check_cose_signature(key.algorithm, key.spki, to_be_signed, signature)
        except SignatureError:
            continue
        return key
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """An issuing office: its keys, the prefix of its status lists, the licence types that it may issue.

    ``host`` is that of the prefix, with its port if it has one; empty when the prefix names none.
    """

    issuer: str
    name: str
    keys: tuple[TrustedKey, ...]
    status_prefix: str
    licence_types: tuple[str, ...]
    host: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.issuer or not self.name:
            raise TrustListFormError("an issuer has an id and a name")
        found = _PREFIX_HOST.fullmatch(self.status_prefix)
        object.__setattr__(self, "host", "" if found is None else found[1].lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """The content of a trust list; made by the deployment to be signed, or by ``open_trust_list``."""

    sequence: int
    issued_at: datetime
    expires_at: datetime
    issuers: tuple[TrustedIssuer, ...]
    log_policy: str = ""
    authorities: tuple[bytes, ...] = ()
    next_root: bytes = field(default=b"", repr=False)
    policy: WitnessPolicy = field(init=False, compare=False, repr=False)
    _by_id: Mapping[str, TrustedIssuer] = field(init=False, compare=False, repr=False)
    _by_key: Mapping[tuple[bytes, int], tuple[tuple[TrustedIssuer, TrustedKey], ...]] = field(
        init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        if self.sequence < 0 or not timedelta(0) < self.expires_at - self.issued_at <= LIFETIME_MAX:
            raise TrustListFormError("a trust list has a number and lives at most 30 days")
        by_id = {issuer.issuer: issuer for issuer in self.issuers}
        if len(by_id) != len(self.issuers):
            raise TrustListFormError("an issuer stands twice in the list")
        by_key: dict[tuple[bytes, int], tuple[tuple[TrustedIssuer, TrustedKey], ...]] = {}
        for issuer in self.issuers:
            for key in issuer.keys:
                by_key[key.kid, key.use] = (*by_key.get((key.kid, key.use), ()), (issuer, key))
        if self.next_root:
            PublicKey(self.next_root, Algorithm.ES256)
        object.__setattr__(self, "_by_id", by_id)
        object.__setattr__(self, "_by_key", by_key)
        object.__setattr__(self, "policy", _policy(self.log_policy))

    @property
    def verifiers(self) -> tuple[LogVerifier, ...]:
        """The keys of the logs that are believed."""
        return self.policy.logs

    def issuer(self, issuer: str) -> TrustedIssuer | None:
        """Return the entry of an issuer."""
        return self._by_id.get(issuer)

    def keys_for(self, kid: bytes, use: int) -> tuple[tuple[TrustedIssuer, TrustedKey], ...]:
        """Return all keys with this id and use, each with its issuer; the id is a hint, so there may be several."""
        return self._by_key.get((kid, use), ())

    def is_below(self, cut_off: tuple[str, int], origin: str, index: int) -> bool:
        """Say whether a leaf of our log lies below a cut-off; leaves are counted on through all names of the log."""
        return index < cut_off[1] and {cut_off[0], origin} <= {each.name for each in self.verifiers}

    def payload(self) -> bytes:
        """Return the deterministic CBOR of the claims."""
        content: dict[int, object] = {1: self.sequence, 2: [_issuer_map(each) for each in self.issuers]}
        if self.log_policy:
            content[3] = self.log_policy
        if self.authorities:
            content[4] = list(self.authorities)
        if self.next_root:
            content[5] = self.next_root
        claims = {1: NAME, 4: _unix(self.expires_at), 6: _unix(self.issued_at), _CLAIM_PRIVATE: content}
        return cbor.encode(claims)


def trust_list_to_be_signed(trust: TrustList, kid: bytes) -> bytes:
    """Return the COSE Sig_structure that the ``trust_list`` key signs; ``kid`` is that key's id."""
    return sig_structure(protected_header(Algorithm.ES256, kid), trust.payload())


def assemble_trust_list(trust: TrustList, kid: bytes, signature: bytes) -> bytes:
    """Return the signed trust list; the signature is r and s (see ``algorithms.der_to_raw``)."""
    return encode_sign1(protected_header(Algorithm.ES256, kid), trust.payload(), signature, tagged=True)


def open_trust_list(data: bytes, root_spki: bytes, *, at: datetime, sequence_min: int = 0) -> TrustList:
    """Check and read a trust list against the pinned root key, at that moment.

    ``sequence_min`` is the number of the list that the verifier already had. Raises a ``TrustListError``.
    """
    try:
        sign1 = decode_sign1(data, tagged=True, bytes_max=TRUST_LIST_BYTES_MAX)
        algorithm, kid = read_header(sign1)
    except MalformedError as error:
        raise TrustListFormError(error.detail) from error
    if algorithm is not Algorithm.ES256 or kid != key_identifier(root_spki):
        raise TrustListSignatureError("signed by another key than the pinned root")
    try:
        check_cose_signature(algorithm, root_spki, sign1.to_be_signed, sign1.signature)
    except SignatureError as error:
        raise TrustListSignatureError("the root's signature does not fit") from error
    trust = _read(sign1.payload)
    if trust.sequence < sequence_min:
        raise TrustListSequenceError("older than the list that was there")
    if at >= trust.expires_at:
        raise TrustListExpiredError("past its end")
    return trust


def _policy(text: str) -> WitnessPolicy:
    """Return what the policy text (C2SP tlog-policy) says of logs and witnesses; without a text no log is known."""
    try:
        return WitnessPolicy.parse(text) if text else WitnessPolicy()
    except WitnessPolicyError as error:
        raise TrustListFormError(f"the log policy: {error.detail}") from error


def _issuer_map(issuer: TrustedIssuer) -> dict[int, object]:
    return {
        1: issuer.issuer,
        2: issuer.name,
        3: [_key_map(key) for key in issuer.keys],
        4: issuer.status_prefix,
        5: list(issuer.licence_types),
    }


def _key_map(key: TrustedKey) -> dict[int, object]:
    entries: dict[int, object] = {
        1: key.kid,
        2: _NUMBER[key.algorithm],
        3: key.spki,
        4: key.use,
        5: _unix(key.not_before),
        6: _unix(key.not_after),
    }
    return entries if key.cut_off is None else entries | {7: list(key.cut_off)}


def _read(payload: bytes) -> TrustList:
    try:
        match cbor.decode(payload, bytes_max=TRUST_LIST_BYTES_MAX):
            case {1: "yinzheng-trust", 4: int(expires), 6: int(issued), -70010: dict(content), **others} if not others:
                return _read_content(content, _instant(issued), _instant(expires))
    except TrustListError:
        raise
    except MalformedError as error:
        raise TrustListFormError(error.detail) from error
    raise TrustListFormError("not the claims of a trust list")


def _read_content(content: dict[object, object], issued_at: datetime, expires_at: datetime) -> TrustList:
    match content:
        case {1: int(sequence), 2: list(issuers), **others} if others.keys() <= {3, 4, 5}:
            policy, next_root = others.get(3, ""), others.get(5, b"")
            if not isinstance(policy, str) or not isinstance(next_root, bytes) or not _are(int, [sequence]):
                raise TrustListFormError("not a number, not a policy text or not a key")
            return TrustList(
                sequence=sequence,
                issued_at=issued_at,
                expires_at=expires_at,
                issuers=tuple(_read_issuer(each) for each in issuers),
                log_policy=policy,
                authorities=_certificates(others.get(4, [])),
                next_root=next_root,
            )
        case _:
            raise TrustListFormError("not the content of a trust list")


def _read_issuer(value: object) -> TrustedIssuer:
    match value:
        case {1: str(issuer), 2: str(name), 3: list(keys), 4: str(prefix), 5: list(types), **others} if not others:
            if not _are(str, types):
                raise TrustListFormError("licence types are texts")
            read = tuple(_read_key(each) for each in keys)
            return TrustedIssuer(issuer=issuer, name=name, keys=read, status_prefix=prefix, licence_types=tuple(types))
        case _:
            raise TrustListFormError("not an issuer")


def _read_key(value: object) -> TrustedKey:
    match value:
        case {1: bytes(kid), 2: number, 3: bytes(spki), 4: int(use), 5: int(start), 6: int(end), **others}:
            return TrustedKey(
                kid=kid,
                algorithm=Algorithm.RS256 if number == _RS256 else cose_algorithm(number),
                spki=spki,
                use=use,
                not_before=_instant(start),
                not_after=_instant(end),
                cut_off=_read_cut_off(others),
            )
        case _:
            raise TrustListFormError("not a key")


def _read_cut_off(others: dict[object, object]) -> tuple[str, int] | None:
    if not others:
        return None
    match others:
        case {7: [str(origin), int(size)], **more} if not more and _are(int, [size]):
            return origin, size
        case _:
            raise TrustListFormError("not a cut-off")


def _certificates(value: object) -> tuple[bytes, ...]:
    if not isinstance(value, list) or not _are(bytes, value):
        raise TrustListFormError("certificates are a list of bytes")
    return tuple(value)


def _are(kind: type, values: list[object]) -> bool:
    """Say whether all are of exactly this type; a truth value is no number here."""
    return all(type(each) is kind for each in values)


def _instant(number: int) -> datetime:
    if type(number) is not int or not 0 <= number <= _INSTANT_MAX:
        raise TrustListFormError("not a time")
    return datetime.fromtimestamp(number, UTC)


def _unix(instant: datetime) -> int:
    return int(instant.timestamp())
