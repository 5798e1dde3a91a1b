"""Acts on keys, done by two persons: make, rotate, certify, publish revocations, destroy.

Promises:
  * Every act names two different persons by their ids, and gives back a `KeyEvent`: a record whose hash the signer logs
    as kind 5. The record stays with the deployment; the log gets its hash, the event's word and the key id only.
  * Certificates and revocation lists are signed by `sign`, a callable of the signer that logs the intent first and
    then asks custody: this module cannot sign what is not logged, and knows no log.
  * Nothing is undone half: each act is one file of custody, written whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from keys.authority import CertificateRequest, assemble_certificate, tbs_certificate
from keys.custody import KeyName, authority_of
from keys.errors import CertificateRequestError, TwoPersonsError
from keys.revocation import RevocationList, assemble_revocation_list, tbs_revocation_list
from keys.softkeys import SoftCustody
from verify import cbor
from verify.algorithms import Algorithm, PublicKey
from verify.key_purpose import KeyPurpose

SignLogged = Callable[[KeyName, bytes], bytes]
"""Log the intent to sign these bytes with this key, then sign: given by the signer."""


class KeyEventKind(StrEnum):
    """What happened to a key; the word stands in the log."""

    MADE = "made"
    ROTATED = "rotated"
    CERTIFIED = "certified"
    DESTROYED = "destroyed"
    REVOKED = "revoked"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Persons:
    """The two persons of a ceremony, by their ids in the registry."""

    first: str
    second: str

    def __post_init__(self) -> None:
        if not self.first.strip() or not self.second.strip() or self.first == self.second:
            raise TwoPersonsError("two different persons are needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEvent:
    """One act on one key. `record` is what the log's digest is made of."""

    kind: KeyEventKind
    key: KeyName
    public: PublicKey
    persons: Persons
    at: datetime

    @property
    def record(self) -> bytes:
        """The deterministic CBOR of the act: event, key, key id, algorithm, persons, moment."""
        return cbor.encode(
            {
                "event": self.kind.value,
                "key": self.key.text,
                "kid": self.public.kid,
                "algorithm": self.public.algorithm.value,
                "persons": [self.persons.first, self.persons.second],
                "at": int(self.at.timestamp()),
            }
        )


def make(custody: SoftCustody, key: KeyName, algorithm: Algorithm, *, persons: Persons, at: datetime) -> KeyEvent:
    """Make a key. Raises `KeyExistsError` when there is or was one of this name."""
    public = custody.create(key, algorithm)
    return KeyEvent(kind=KeyEventKind.MADE, key=key, public=public, persons=persons, at=at)


def rotate(
    custody: SoftCustody, purpose: KeyPurpose, owner: str, *, algorithm: Algorithm, persons: Persons, at: datetime
) -> KeyEvent:
    """Make the next generation. The one before can sign until it is destroyed; `newest` names the new one from now on.

    Raises `KeyMissingError` when there is no key to rotate.
    """
    custody.newest(purpose, owner)
    key = custody.next_name(purpose, owner)
    return KeyEvent(kind=KeyEventKind.ROTATED, key=key, public=custody.create(key, algorithm), persons=persons, at=at)


def certify(
    custody: SoftCustody, sign: SignLogged, request: CertificateRequest, *, key: KeyName, persons: Persons, at: datetime
) -> KeyEvent:
    """Certify a key by the newest authority above its purpose, or an authority's key by itself, and install the chain.

    Raises `CertificateRequestError` when the request names another issuer, and what `tbs_certificate`, `sign` and
    `check_certificate` raise; then nothing is installed.
    """
    is_root = request.issuer is None
    authority = key if is_root else custody.newest(KeyPurpose.AUTHORITY, authority_of(key.purpose))
    above = () if is_root else custody.chain(authority)
    if request.issuer not in {None, *above[:1]}:  # two generations of one authority bear the same name
        raise CertificateRequestError("the issuer is not the newest authority")
    tbs = tbs_certificate(request)
    chain = (assemble_certificate(tbs, sign(authority, tbs)), *above)
    custody.install(key, chain, anchors=chain[-1:], at=at)
    return KeyEvent(kind=KeyEventKind.CERTIFIED, key=key, public=request.public, persons=persons, at=at)


def sign_revocation_list(sign: SignLogged, authority: KeyName, wanted: RevocationList) -> bytes:
    """Return a signed revocation list in DER. `authority` is the key of the certificate `wanted.issuer`."""
    tbs = tbs_revocation_list(wanted)
    return assemble_revocation_list(tbs, sign(authority, tbs))


def destroy(custody: SoftCustody, key: KeyName, *, persons: Persons, at: datetime) -> KeyEvent:
    """Destroy a key for good. Raises `KeyMissingError` when there is none."""
    return KeyEvent(kind=KeyEventKind.DESTROYED, key=key, public=custody.destroy(key), persons=persons, at=at)
