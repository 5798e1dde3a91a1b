"""Make and sign the deployment's trust list: who may issue what, with which keys (verify/trust.py has the form).

Promises:
  * Made from the register of keys, the departments and the catalogue as they stand; nothing is typed in.
  * The trust-list key signs what is logged, as every "log first" key; the signed list's hash is logged once more as an
    event of kind 5, so that an auditor sees each list that was ever given out.
  * When the root is another key than before, the old one signs the same list, which names the new one: verifiers who
    believe the old root can follow (verify/trust_roots.py).
  * A newer list never has a lower number, also when two processes sign at once.

A department stands in the list once it has a code key, or a seal whose key was cut off, and may issue the types whose
items bear its code in front; types without an item may be issued by every one of these. One that only ever had a seal
made stands in the list as well, for its official documents, and may issue nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from keys.custody import DEPLOYMENT, KeyName
from registry import artefacts, catalogue, departments, leaves, seals
from registry.db import Transaction, reading, transaction
from registry.records import Department, LicenceType
from registry.seal_lifecycle import SealState
from signer import key_register
from signer.key_acts import AUTHORITY, CERTIFICATE, KeyDesk, leave_key_event
from signer.key_register import RegisteredKey
from signer.public_lists import TRUST_LIST, TRUST_LIST_NAME, TRUST_ROOT, TRUST_ROOT_NAME
from verify import cbor
from verify.algorithms import der_to_raw
from verify.certificates import read_certificate
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.licence import ISSUER_ZONE
from verify.note import verifier_key_text
from verify.trust import (
    LIFETIME_MAX,
    TrustedIssuer,
    TrustedKey,
    TrustList,
    assemble_trust_list,
    trust_list_to_be_signed,
)

ROOT_CHANGE: Final = "trust_root_change"
"""The kind of artefact; its name is the generation of the new root's key."""
_ISSUER_CODE_LENGTH: Final = 18
_NEVER_MADE: Final = frozenset({SealState.APPLIED, SealState.APPROVED, SealState.REFUSED})
# What every issuer's entry repeats: the service's keys of these purposes sign in every issuer's name.
_SERVICE_PURPOSES: Final = (KeyPurpose.STATUS_LIST, KeyPurpose.RECEIPT, KeyPurpose.PRESENTATION)


def renew_trust_list(desk: KeyDesk, *, at: datetime, lifetime: timedelta = LIFETIME_MAX) -> TrustList:
    """Sign a new trust list and keep it for the public. Raises `ArtefactOrderError` when another process was faster."""
    key = desk.custody.newest(KeyPurpose.TRUST_LIST, DEPLOYMENT)
    public = desk.custody.public_key(key)
    issued_at = at.replace(microsecond=0)
    with reading(desk.database) as tx:
        old = _old_root(desk, tx, public.spki)
        trust = TrustList(
            sequence=artefacts.latest_sequence(tx, TRUST_LIST, TRUST_LIST_NAME) + 1,
            issued_at=issued_at,
            expires_at=issued_at + lifetime,
            issuers=_issuers(tx, desk.settings.status_prefix, at=at),
            log_policy=_policy(tx, desk),
            authorities=tuple(dict.fromkeys((*_authorities(tx), *desk.settings.timestamp_roots))),
            next_root=b"" if old is None else public.spki,
        )
    by_old = None if old is None else _signed(desk, trust, old)
    content = _signed(desk, trust, key)
    with transaction(desk.database) as tx:
        artefacts.store(tx, TRUST_LIST, TRUST_LIST_NAME, content, sequence=trust.sequence, at=at)
        if by_old is not None:
            change = cbor.encode([by_old, content])
            artefacts.store(tx, ROOT_CHANGE, str(key.generation), change, sequence=trust.sequence, at=at)
        if artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME) != public.spki:
            artefacts.store(tx, TRUST_ROOT, TRUST_ROOT_NAME, public.spki, sequence=key.generation, at=at)
        leave_key_event(tx, TRUST_LIST, public.kid, _record(trust, content), at=at)
    desk.log.flush_pending()
    return trust


def _old_root(desk: KeyDesk, tx: Transaction, spki: bytes) -> KeyName | None:
    """Return the key that verifiers believe as root, when it is another than the newest one and at hand."""
    believed = artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME)
    if believed in {None, spki}:
        return None
    names = [each for each in desk.custody.names() if each.purpose is KeyPurpose.TRUST_LIST]
    return next((each for each in names if desk.custody.public_key(each).spki == believed), None)


def _signed(desk: KeyDesk, trust: TrustList, key: KeyName) -> bytes:
    kid = desk.custody.public_key(key).kid
    signature = der_to_raw(desk.sign_logged(key, trust_list_to_be_signed(trust, kid)))
    return assemble_trust_list(trust, kid, signature)


def issuing_departments(types: Sequence[LicenceType]) -> Mapping[str, tuple[str, ...]]:
    """Return the codes of the departments that the items of these types name, each with the types that it may issue."""
    issuers = sorted({code[:_ISSUER_CODE_LENGTH] for each in types for code in each.item_codes})
    return {issuer: _types_of(issuer, types) for issuer in issuers}


def _types_of(issuer: str, types: Sequence[LicenceType]) -> tuple[str, ...]:
    return tuple(
        each.code for each in types if not each.item_codes or any(code.startswith(issuer) for code in each.item_codes)
    )


def _issuers(tx: Transaction, status_prefix: str, *, at: datetime) -> tuple[TrustedIssuer, ...]:
    types = catalogue.all_types(tx, on=at.astimezone(ISSUER_ZONE).date())
    keys = key_register.all_keys(tx)
    service = [each for each in keys if each.key.purpose in _SERVICE_PURPOSES]
    stolen = _seals_cut_off(tx, keys)
    issuing = {each.key.owner for each in keys if each.key.purpose is KeyPurpose.CODE} | stolen.keys()
    owners = issuing | _sealing(tx)
    return tuple(
        TrustedIssuer(
            issuer=department.uscc,
            name=department.name,
            keys=tuple(_trusted(each) for each in (*_own_of(department, keys, stolen), *service)),
            status_prefix=status_prefix,
            licence_types=_types_of(department.uscc, types) if department.uscc in issuing else (),
        )
        for department in departments.all_departments(tx)
        if department.uscc in owners
    )


def _sealing(tx: Transaction) -> frozenset[str]:
    """Return the departments that ever had a seal made: they seal official documents, also where they issue nothing."""
    return frozenset(each.owner for each in seals.seals_of(tx) if each.state not in _NEVER_MADE)


def _own_of(
    department: Department, keys: Sequence[RegisteredKey], stolen: Mapping[str, Sequence[RegisteredKey]]
) -> list[RegisteredKey]:
    """Return the code keys of a department, and of the keys of its documents and seals those that were cut off."""
    own = [each for each in keys if each.key.owner == department.uscc]
    codes = [each for each in own if each.key.purpose is KeyPurpose.CODE]
    documents = [each for each in own if each.key.purpose is KeyPurpose.DOCUMENT and each.cut_off is not None]
    return [*codes, *documents, *stolen.get(department.uscc, ())]


def _seals_cut_off(tx: Transaction, keys: Sequence[RegisteredKey]) -> Mapping[str, list[RegisteredKey]]:
    """Return the seals' keys that were cut off, by the department that their certificates name."""
    found = defaultdict[str, list[RegisteredKey]](list)
    for each in keys:
        if each.key.purpose is KeyPurpose.SEAL and each.cut_off is not None:
            certificate = artefacts.latest(tx, CERTIFICATE, each.key.text)
            if certificate is not None:
                found[read_certificate(certificate).organisation[:_ISSUER_CODE_LENGTH]].append(each)
    return found


def _trusted(entry: RegisteredKey) -> TrustedKey:
    return TrustedKey(
        kid=entry.public.kid,
        algorithm=entry.public.algorithm,
        spki=entry.public.spki,
        use=TRUST_LIST_USE[entry.key.purpose],
        not_before=entry.not_before,
        not_after=entry.not_after,
        cut_off=entry.cut_off,
    )


def _policy(tx: Transaction, desk: KeyDesk) -> str:
    """Return the log policy (C2SP tlog-policy): all logs of ours, by their names, and the witnesses of the settings."""
    origins = dict.fromkeys((*(each.origin for each in leaves.all_heads(tx)), desk.log.origin))
    logs = (desk.log.verifier.named(each) for each in origins)
    lines = [f"log {verifier_key_text(each.name, each.public)}\n" for each in logs]
    return "".join(lines) + desk.settings.witnesses.witness_text


def _authorities(tx: Transaction) -> tuple[bytes, ...]:
    """Return the certificates of our own authority, all generations, then the outside roots."""
    own = [
        content
        for name, content in artefacts.all_latest(tx, CERTIFICATE)
        if KeyName.parse(name).purpose is KeyPurpose.AUTHORITY
    ]
    return (*own, *(content for _, content in artefacts.all_latest(tx, AUTHORITY)))


def _record(trust: TrustList, content: bytes) -> bytes:
    entries = {"event": TRUST_LIST, "sequence": trust.sequence, "digest": sha256(content).digest()}
    return cbor.encode(entries)
