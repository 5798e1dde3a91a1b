"""Acts on keys in a running deployment: make, rotate, certify, revoke, cut off; each by two persons, each in the log.

Promises:
  * The key is made first, then one transaction registers it, keeps the record of the act and leaves its entry for the
    log; an act that a crash cut off is finished by doing it again, and done again it changes nothing.
  * Certificates, requests to an outside authority and revocation lists are logged before they are signed.
  * Nothing here asks who the two persons are: the caller has signed them in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import urljoin

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import CertificateRevocationList, load_der_x509_certificate, load_der_x509_crl

from keys.authority import PROFILES, SERIAL_BYTES, CertificateRequest, Profile
from keys.ceremony import KeyEvent, KeyEventKind, Persons, certify, make, rotate, sign_revocation_list
from keys.certificates import Subject, public_key_info
from keys.custody import DEPLOYMENT, NATIONAL, KeyName, algorithms_of, authority_of
from keys.errors import CertificateChainError, CertificateFormError, CertificateOutsideError, KeyMissingError
from keys.requests import assemble_csr, csr_info
from keys.revocation import Reason, RevocationList, RevokedCertificate
from keys.softkeys import SoftCustody
from registry import artefacts, leaves, log_records
from registry.db import Database, Transaction, reading, transaction
from registry.records import Department
from signer import key_register
from signer.desk import DeskSettings
from signer.errors import CutOffError, KeyActError
from signer.log import SigningLog
from signer.log_entries import intent, key_event
from signer.public_lists import REVOCATION
from verify.algorithms import Algorithm, PublicKeyError, SignatureError, check_signature
from verify.key_purpose import KeyPurpose
from verify.revocation import RevocationListReadError, read_revocation_list
from verify.sm2 import SPKI_HEAD
from verify.values import Uscc

CERTIFICATE: Final = "certificate"
AUTHORITY: Final = "authority"
_STEMS: Final = {DEPLOYMENT: AUTHORITY, NATIONAL: NATIONAL}
"""By whose authority a revocation list is, and what its name begins with."""


# An authority outlives all that it certifies; a time stamp must be checkable for as long as licences run.
_TERMS: Final = {
    Profile.ROOT: timedelta(days=20 * 365),
    Profile.TIMESTAMP: timedelta(days=10 * 365),
    Profile.DEPARTMENT: timedelta(days=3 * 365),
    Profile.SEAL: timedelta(days=3 * 365),
    Profile.SEAL_MAKER: timedelta(days=10 * 365),  # as long as a seal that it made on its last day is in use
}
# Checkers that are offline hold a list for as long as they hold the trust list (30 days); it is renewed daily.
REVOCATION_LIST_TERM: Final = timedelta(days=30)
# X.520 caps an organisation's name at 64 characters, of which the USCC takes 18.
_ORGANISATION_LENGTH_MAX: Final = 46
_COMMON_NAMES: Final = {
    Profile.ROOT: "电子证照根证书",
    Profile.TIMESTAMP: "电子证照时间戳",
    Profile.DEPARTMENT: "电子证照签章",
    Profile.SEAL_MAKER: "电子印章制作",
}
_NATIONAL_ROOT: Final = "电子印章根证书"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDesk:
    """What acts on keys need: the key folder itself, where `Desk` has only what may sign with it."""

    database: Database
    custody: SoftCustody = field(repr=False)
    log: SigningLog
    settings: DeskSettings
    random: Callable[[int], bytes] = field(repr=False)

    def sign_logged(self, key: KeyName, to_be_signed: bytes) -> bytes:
        """Log the intent to sign these bytes, then sign them."""
        (receipt,) = self.log.append((intent(key.purpose, self.custody.public_key(key), to_be_signed),))
        return self.custody.sign(key, to_be_signed, receipt=receipt)


@dataclass(frozen=True, slots=True)
class _Artefact:
    kind: str
    name: str
    content: bytes


def make_key(
    desk: KeyDesk,
    purpose: KeyPurpose,
    owner: str,
    *,
    persons: Persons,
    at: datetime,
    algorithm: Algorithm | None = None,
) -> KeyName:
    """Return the newest key of this purpose and owner; make it where there is none, and see that it is registered.

    It is made with the usual algorithm of its purpose unless another one is named.
    """
    try:
        key = desk.custody.newest(purpose, owner)
    except KeyMissingError:
        key = desk.custody.next_name(purpose, owner)
        make(desk.custody, key, algorithm or algorithms_of(purpose, owner)[0], persons=persons, at=at)
    with reading(desk.database) as tx:
        is_registered = key_register.find(tx, key) is not None
    if not is_registered:
        public = desk.custody.public_key(key)
        _keep(desk, KeyEvent(kind=KeyEventKind.MADE, key=key, public=public, persons=persons, at=at))
    return key


def rotate_key(
    desk: KeyDesk, purpose: KeyPurpose, owner: str, *, algorithm: Algorithm, persons: Persons, at: datetime
) -> KeyName:
    """Make the next generation of a key; `certify_key` and a new trust list must follow before it is of use."""
    event = rotate(desk.custody, purpose, owner, algorithm=algorithm, persons=persons, at=at)
    _keep(desk, event)
    return event.key


def certify_key(desk: KeyDesk, key: KeyName, department: Department, *, persons: Persons, at: datetime) -> bytes:
    """Return the key's certificate, made by the deployment's own authority where there is none that holds.

    `department` is the key's owner, for a seal's key the department whose seal it is, and for keys of the deployment
    whoever runs it.
    """
    chain = desk.custody.chain(key)
    event = KeyEvent(kind=KeyEventKind.CERTIFIED, key=key, public=desk.custody.public_key(key), persons=persons, at=at)
    if not _holds(desk, key, at=at):
        request = _request(desk, key, department, at=at)
        event = certify(desk.custody, desk.sign_logged, request, key=key, persons=persons, at=at)
        chain = desk.custody.chain(key)
    with reading(desk.database) as tx:
        is_kept = artefacts.latest(tx, CERTIFICATE, key.text) == chain[0]
    if not is_kept:
        _keep(desk, event, _Artefact(CERTIFICATE, key.text, chain[0]))
    return chain[0]


def _holds(desk: KeyDesk, key: KeyName, *, at: datetime) -> bool:
    """Say whether a key has a certificate that neither ended nor was revoked. Raises `KeyActError` for a stolen key."""
    chain = desk.custody.chain(key)
    with reading(desk.database) as tx:
        entry = key_register.find(tx, key)
        revoked = {
            each.serial_number: each.reason for each in key_register.revoked(tx, authority=authority_of(key.purpose))
        }
    first = load_der_x509_certificate(chain[0]) if chain else None
    reason = None if first is None else revoked.get(first.serial_number)
    if reason is Reason.KEY_COMPROMISE or (entry is not None and entry.cut_off is not None):
        raise KeyActError(key.purpose.value)
    return first is not None and reason is None and first.not_valid_after_utc > at


def certify_seal_key(
    desk: KeyDesk, code: str, department: Department, *, persons: Persons, at: datetime
) -> tuple[KeyName, bytes]:
    """Return the key of a seal, by the seal's code of 14 digits, and its certificate by the national authority.

    Both are made where there is none, the certificate also where the one before has ended. `department` is whose seal
    it is.
    """
    key = make_key(desk, KeyPurpose.SEAL, code, persons=persons, at=at)
    return key, certify_key(desk, key, department, persons=persons, at=at)


def subject_of(department: Department, key: KeyName, *, test: bool) -> Subject:
    """Return the name in a certificate: the department's code and name, cut to what X.520 allows, or a seal's code."""
    name = department.name[:_ORGANISATION_LENGTH_MAX]
    if key.purpose is KeyPurpose.SEAL:
        common_name = key.owner
    else:
        common_name = name + (_NATIONAL_ROOT if key.owner == NATIONAL else _COMMON_NAMES[PROFILES[key.purpose]])
    return Subject(uscc=Uscc(department.uscc), organisation=name, common_name=common_name, test=test)


def request_certificate(desk: KeyDesk, key: KeyName, department: Department, *, at: datetime) -> bytes:
    """Return a certificate request (PKCS#10, DER) to an outside authority, signed by the key that it is for.

    What is signed is kept, so that an audit can tell this use of the key from one for a licence that nobody knows.
    """
    public, profile = desk.custody.public_key(key), PROFILES[key.purpose]
    info = csr_info(subject_of(department, key, test=desk.settings.test), public, profile)
    with transaction(desk.database) as tx:
        log_records.keep(tx, info, at=at)
    return assemble_csr(info, public, desk.sign_logged(key, info))


def install_certificate(
    desk: KeyDesk, key: KeyName, chain: Sequence[bytes], *, anchors: Sequence[bytes], persons: Persons, at: datetime
) -> None:
    """Install what an outside authority answered, and let the next trust list name its roots.

    Raises what `check_certificate` raises; then nothing is installed.
    """
    desk.custody.install(key, tuple(chain), anchors=tuple(anchors), at=at)
    event = KeyEvent(kind=KeyEventKind.CERTIFIED, key=key, public=desk.custody.public_key(key), persons=persons, at=at)
    roots = [_Artefact(AUTHORITY, sha256(each).hexdigest(), each) for each in anchors]
    _keep(desk, event, _Artefact(CERTIFICATE, key.text, chain[0]), *roots)


def keep_revocation_list(desk: KeyDesk, content: bytes, *, at: datetime) -> str:
    """Keep a revocation list of an outside authority for the public and for our own checks; return its name.

    It must be signed by an authority above one of our certificates. Raises `CertificateFormError`,
    `CertificateChainError`, and `ArtefactOrderError` for a list that is older than the one that was there.
    """
    try:
        parsed = load_der_x509_crl(content)
    except ValueError as error:
        raise CertificateFormError("not a revocation list") from error
    above = {each for key in desk.custody.names() for each in desk.custody.chain(key)[1:]}
    with reading(desk.database) as tx:
        above |= {root for _, root in artefacts.all_latest(tx, AUTHORITY)}
    signers = [each for each in above if _has_signed(each, parsed, content)]
    if not signers:
        raise CertificateChainError("the revocation list is that of no authority above our certificates")
    name = f"{AUTHORITY}-{sha256(signers[0]).hexdigest()[:16]}"
    with transaction(desk.database) as tx:
        if artefacts.latest(tx, REVOCATION, name) != content:
            sequence = int(parsed.last_update_utc.timestamp())
            artefacts.store(tx, REVOCATION, name, content, sequence=sequence, at=at)
    return name


def _has_signed(authority: bytes, revocation_list: CertificateRevocationList, content: bytes) -> bool:
    certificate = load_der_x509_certificate(authority)
    spki = public_key_info(authority)
    if spki.startswith(SPKI_HEAD):  # the library checks no SM2
        return certificate.subject == revocation_list.issuer and _has_signed_sm2(spki, content)
    public = certificate.public_key()
    return (
        certificate.subject == revocation_list.issuer
        and isinstance(public, (EllipticCurvePublicKey, RSAPublicKey))
        and revocation_list.is_signature_valid(public)
    )


def _has_signed_sm2(spki: bytes, content: bytes) -> bool:
    try:
        read = read_revocation_list(content)
        check_signature(read.algorithm, spki, read.to_be_signed, read.signature)
    except (RevocationListReadError, SignatureError, PublicKeyError):
        return False
    return True


def cut_off_key(
    desk: KeyDesk, key: KeyName, *, size: int | None = None, persons: Persons, at: datetime
) -> tuple[str, int]:
    """After a theft: what has a leaf in the log below this size (all up to now) stays good, what has none is forged.

    Return the log's origin and the size. A new trust list must follow. A key that is cut off already keeps its cut-off,
    or gets an earlier one when the theft turns out to be older. Raises `CutOffError` for a size that the log has not
    reached, or above the cut-off that was set.
    """
    with transaction(desk.database) as tx:
        known = key_register.demand(tx, key)
        reached = leaves.lock_head(tx, desk.log.origin).size
        most = reached if known.cut_off is None else known.cut_off[1]
        wanted = most if size is None else size
        if not 0 <= wanted <= most:
            raise CutOffError(params={"max": str(most)})
        if known.cut_off is None or wanted < most:
            key_register.change(tx, replace(known, cut_off=(desk.log.origin, wanted)), at=at)
            _leave(tx, KeyEvent(kind=KeyEventKind.CUT_OFF, key=key, public=known.public, persons=persons, at=at))
    desk.log.flush_pending()
    return desk.log.origin, wanted


def revoke_certificate(
    desk: KeyDesk, key: KeyName, *, reason: Reason, persons: Persons, at: datetime
) -> tuple[bytes, ...]:
    """Revoke the certificate of a key once, and return the new revocation lists.

    Raises `KeyMissingError` for a key without certificate, `CertificateOutsideError` for a certificate that is not by
    our own authority: only who issued it can revoke it (`keep_revocation_list` takes their list in).
    """
    chain = desk.custody.chain(key)
    if not chain:
        raise KeyMissingError(f"{key.text} has no certificate")
    authority = authority_of(key.purpose)
    ours = {
        desk.custody.chain(each)[:1]
        for each in desk.custody.names()
        if each.purpose is KeyPurpose.AUTHORITY and each.owner == authority
    }
    if len(chain) < 2 or chain[1:2] not in ours:
        raise CertificateOutsideError("not certified by our own authority")
    serial = load_der_x509_certificate(chain[0]).serial_number
    revoked = RevokedCertificate(serial_number=serial, revoked_at=at.replace(microsecond=0), reason=reason)
    with transaction(desk.database) as tx:
        if key_register.revoke(tx, revoked, authority=authority, at=at):
            public = desk.custody.public_key(key)
            _leave(tx, KeyEvent(kind=KeyEventKind.REVOKED, key=key, public=public, persons=persons, at=at))
    desk.log.flush_pending()
    return renew_revocation_lists(desk, at=at)


def renew_revocation_lists(desk: KeyDesk, *, at: datetime) -> tuple[bytes, ...]:
    """Sign the revocation list of each generation of our two authorities, and keep them for the public."""
    authorities = sorted(
        (key for key in desk.custody.names() if key.purpose is KeyPurpose.AUTHORITY),
        key=lambda key: (key.owner, key.generation),
    )
    return tuple(_renew_revocation_list(desk, key, at=at) for key in authorities if desk.custody.chain(key))


def _renew_revocation_list(desk: KeyDesk, authority: KeyName, *, at: datetime) -> bytes:
    name = _list_name(authority)
    issued_at = at.replace(microsecond=0)
    with reading(desk.database) as tx:
        number = artefacts.latest_sequence(tx, REVOCATION, name) + 1
        revoked = key_register.revoked(tx, authority=authority.owner)
    wanted = RevocationList(
        issuer=desk.custody.chain(authority)[0],
        number=number,
        issued_at=issued_at,
        next_at=issued_at + REVOCATION_LIST_TERM,
        revoked=revoked,
    )
    signed = sign_revocation_list(desk.sign_logged, authority, wanted)
    with transaction(desk.database) as tx:
        artefacts.store(tx, REVOCATION, name, signed, sequence=number, at=at)
    return signed


def _request(desk: KeyDesk, key: KeyName, department: Department, *, at: datetime) -> CertificateRequest:
    profile, begins = PROFILES[key.purpose], key_register.beginning(at)
    ends = begins + _TERMS[profile]
    issuer, crl_url = None, None
    if profile is not Profile.ROOT:
        authority = desk.custody.newest(KeyPurpose.AUTHORITY, authority_of(key.purpose))
        if not desk.custody.chain(authority):
            raise KeyMissingError(f"{authority.text} has no certificate: its turn was cut off and is to be done again")
        issuer, crl_url = desk.custody.chain(authority)[0], _list_address(desk, authority)
        ends = min(ends, load_der_x509_certificate(issuer).not_valid_after_utc)
    return CertificateRequest(
        profile=profile,
        subject=subject_of(department, key, test=desk.settings.test),
        public=desk.custody.public_key(key),
        serial=desk.random(SERIAL_BYTES),
        not_before=begins,
        not_after=ends,
        issuer=issuer,
        crl_url=crl_url,
    )


def generations(custody: SoftCustody, key: KeyName) -> list[KeyName]:
    """Return all generations of a key that there are, the newest first."""
    alike = [each for each in custody.names() if (each.purpose, each.owner) == (key.purpose, key.owner)]
    return sorted(alike, key=lambda each: each.generation, reverse=True)


def _list_name(authority: KeyName) -> str:
    """Return what the revocation list of one generation of an authority is called: each signs its own."""
    stem = _STEMS[authority.owner]
    return stem if authority.generation == 1 else f"{stem}-{authority.generation}"


def _list_address(desk: KeyDesk, authority: KeyName) -> str | None:
    """Return where that list lies: beside that of the first generation, whose address the office has set."""
    first = desk.settings.crl_url_of(authority.owner)
    if first is None or authority.generation == 1:
        return first
    return urljoin(first, f"{_list_name(authority)}.crl")


def _keep(desk: KeyDesk, event: KeyEvent, *files: _Artefact) -> None:
    """Register the key, keep the record and the public files, and leave the log's entry, in one transaction."""
    with transaction(desk.database) as tx:
        key_register.add(tx, event.key, event.public, at=event.at)
        for each in files:
            sequence = artefacts.latest_sequence(tx, each.kind, each.name) + 1
            artefacts.store(tx, each.kind, each.name, each.content, sequence=sequence, at=event.at)
        _leave(tx, event)
    desk.log.flush_pending()


def _leave(tx: Transaction, event: KeyEvent) -> None:
    leave_key_event(tx, event.kind.value, event.public.kid, event.record, at=event.at)


def leave_key_event(tx: Transaction, event: str, kid: bytes, record: bytes, *, at: datetime) -> None:
    """Keep the record of something that happened to a key or the trust list, and leave its entry for the log."""
    entry = key_event(event, kid, record)
    log_records.keep(tx, record, at=at)
    leaves.add_pending(tx, entry.kind, entry.digest, entry.detail, at=at, key=f"key:{entry.digest.hex()}")
