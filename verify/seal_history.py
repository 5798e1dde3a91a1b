"""A seal's whole history in one signed statement: it answers for any moment until it was made, also offline.

Promises:
  * `open_seal_history` is the only reader: signature, period of the key, seal and form are checked first.
  * What it says of a moment before `issued_at` is final, for acts are never dated back. What it says of a later one is
    what was known then; `SealStanding.is_final` tells the two apart.
  * It names no person. Each act's record, which the log has, is named by its digest: nobody can leave one out unseen.

Tagged COSE_Sign1 by a key of use 2, type 16 ``application/vnd.yinzheng.seal-history+cbor``. Payload, as deterministic
CBOR: 1 seal · 2 department whose seal it is · 3 made at · 4 [[from, standing, version, SHA-256 of the object], …] ·
5 [[grant, from, until before, SHA-256 of the record of its giving], …] · 6 [SHA-256 of each act's record, …]. Moments
are microseconds since 1970; version 0 and an empty digest mean that nothing was filed yet.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from verify import cbor
from verify.algorithms import Algorithm
from verify.cose import decode_sign1, encode_sign1, protected_header, read_header, sig_structure
from verify.errors import MalformedError, YinzhengError
from verify.trust import TrustedKey, signed_by

CONTENT_TYPE: Final = "application/vnd.yinzheng.seal-history+cbor"
# Some 80 bytes for each grant and 34 for each act: a seal with ten thousand grants in its life has 1.2 MB.
SEAL_HISTORY_BYTES_MAX: Final = 4 * 1024 * 1024
STANDINGS: Final = frozenset(
    {"not_filed", "in_use", "not_yet_valid", "expired", "suspended", "called_in", "destroyed", "refused"}
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOMENT_MAX: Final = 253_402_300_799_000_000
_DIGEST_BYTES: Final = 32
_CODE: Final = re.compile(r"[0-9]{14}", re.ASCII)
_GRANT: Final = re.compile(r"[0-9]{14}-[0-9]{4,9}", re.ASCII)


class SealHistoryError(YinzhengError):
    """The history of a seal cannot be used."""

    code = "seal_history.refused"


class SealHistoryFormError(SealHistoryError, MalformedError):
    """Not the history of a seal."""

    code = "seal_history.malformed"


class SealHistorySignatureError(SealHistoryError):
    """The history is not signed by a trusted key of that use."""

    code = "seal_history.signature"


class OtherSealError(SealHistoryError):
    """The history of another seal."""

    code = "seal_history.other_seal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSpan:
    """From when on a seal stood how, and which object was filed."""

    begins: datetime
    standing: str
    version: int | None
    object_digest: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantSpan:
    """From when until before when a grant was in force, and the digest of the record with its terms."""

    grant_id: str
    begins: datetime
    ends: datetime
    record: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealStanding:
    """How a seal stood at a moment. `is_final` says that nothing can change this answer any more."""

    at: datetime
    is_final: bool
    span: SealSpan
    grants: tuple[GrantSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealHistory:
    """All that a seal went through until `issued_at`."""

    code: str
    owner: str
    issued_at: datetime
    spans: tuple[SealSpan, ...]
    grants: tuple[GrantSpan, ...]
    records: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code) or not self.spans or not self.owner:
            raise SealHistoryFormError("not a seal with a beginning")
        if any(later.begins <= earlier.begins for earlier, later in pairwise(self.spans)):
            raise SealHistoryFormError("spans must follow each other")
        if any(each.standing not in STANDINGS for each in self.spans):
            raise SealHistoryFormError("not a standing")
        if any(not _GRANT.fullmatch(each.grant_id) or not each.grant_id.startswith(self.code) for each in self.grants):
            raise SealHistoryFormError("not a grant of this seal")
        digests = (*self.records, *(each.record for each in self.grants))
        if any(len(each) != _DIGEST_BYTES for each in digests):
            raise SealHistoryFormError("not a digest")

    def at(self, moment: datetime) -> SealStanding | None:
        """Return how the seal stood at a moment, None before it was applied for."""
        past = [each for each in self.spans if each.begins <= moment]
        if not past:
            return None
        grants = tuple(each for each in self.grants if each.begins <= moment < each.ends)
        return SealStanding(at=moment, is_final=moment <= self.issued_at, span=past[-1], grants=grants)

    def payload(self) -> bytes:
        """Return the deterministic CBOR of the claims."""
        return cbor.encode(
            {
                1: self.code,
                2: self.owner,
                3: _number(self.issued_at),
                4: [
                    [_number(each.begins), each.standing, each.version or 0, each.object_digest or b""]
                    for each in self.spans
                ],
                5: [[each.grant_id, _number(each.begins), _number(each.ends), each.record] for each in self.grants],
                6: list(self.records),
            }
        )


def seal_history_to_be_signed(history: SealHistory, kid: bytes) -> bytes:
    """Return the COSE Sig_structure that the ``status_list`` key signs; ``kid`` is that key's id."""
    return sig_structure(_header(kid), history.payload())


def assemble_seal_history(history: SealHistory, kid: bytes, signature: bytes) -> bytes:
    """Return the signed history; the signature is r and s (see ``algorithms.der_to_raw``)."""
    return encode_sign1(_header(kid), history.payload(), signature, tagged=True)


def open_seal_history(data: bytes, *, code: str, keys: Callable[[bytes], Sequence[TrustedKey]]) -> SealHistory:
    """Check and read the history of the seal that was asked for.

    ``keys`` answers with the trusted keys of use 2 that have a key id. The key is judged at the time at which the
    history was made. Raises a ``SealHistoryError``.
    """
    try:
        sign1 = decode_sign1(data, tagged=True, bytes_max=SEAL_HISTORY_BYTES_MAX)
        algorithm, kid = read_header(sign1, content_type=CONTENT_TYPE)
        candidates = [key for key in keys(kid) if key.algorithm is algorithm]
        key = signed_by(candidates, sign1.to_be_signed, sign1.signature)
        if key is None:
            raise SealHistorySignatureError("no trusted key of this use made the signature")
        history = _read(sign1.payload)
    except MalformedError as error:
        raise SealHistoryFormError(error.detail) from error
    if not key.covers(history.issued_at):
        raise SealHistorySignatureError("made outside the period of the key")
    if history.code != code:
        raise OtherSealError("the history of another seal")
    return history


def _header(kid: bytes) -> bytes:
    return protected_header(Algorithm.ES256, kid, content_type=CONTENT_TYPE)


def _read(payload: bytes) -> SealHistory:
    match cbor.decode(payload, bytes_max=SEAL_HISTORY_BYTES_MAX):
        case {1: str(code), 2: str(owner), 3: int(issued), 4: list(spans), 5: list(grants), 6: list(records), **others}:
            if others or not all(isinstance(each, bytes) for each in records):
                raise SealHistoryFormError("not the claims of a history")
            return SealHistory(
                code=code,
                owner=owner,
                issued_at=_moment(issued),
                spans=tuple(_read_span(each) for each in spans),
                grants=tuple(_read_grant(each) for each in grants),
                records=tuple(records),
            )
        case _:
            raise SealHistoryFormError("not the claims of a history")


def _read_span(value: object) -> SealSpan:
    match value:
        case [int(begins), str(standing), int(version), bytes(digest)]:
            if type(version) is not int or version < 0 or (version == 0) is not (digest == b""):
                raise SealHistoryFormError("not a version")
            if len(digest) not in {0, _DIGEST_BYTES}:
                raise SealHistoryFormError("not a digest")
            return SealSpan(
                begins=_moment(begins), standing=standing, version=version or None, object_digest=digest or None
            )
        case _:
            raise SealHistoryFormError("not a span")


def _read_grant(value: object) -> GrantSpan:
    match value:
        case [str(grant_id), int(begins), int(ends), bytes(record)]:
            return GrantSpan(grant_id=grant_id, begins=_moment(begins), ends=_moment(ends), record=record)
        case _:
            raise SealHistoryFormError("not a grant")


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(number: int) -> datetime:
    if type(number) is not int or not 0 <= number <= _MOMENT_MAX:
        raise SealHistoryFormError("not a time")
    return _EPOCH + number * _MICROSECOND
