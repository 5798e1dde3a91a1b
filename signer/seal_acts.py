"""Acts on a seal in use: suspend, reinstate, call in, destroy; and what follows for its key and certificate.

Promises:
  * The act is recorded first, so nothing more is sealed; then the certificate is revoked and the key destroyed. A crash
    between leaves work for `finish_seals`, which may run at any time and any number of times.
  * A seal is called in or destroyed by two persons: both at once, or one proposes and the other confirms.
  * A key is never destroyed while a use of it is open, nor before the record that says so.
"""

from contextlib import suppress
from datetime import datetime

from cryptography.x509 import load_der_x509_certificate

from keys import ceremony
from keys.ceremony import KeyEvent, KeyEventKind, Persons
from keys.custody import KeyName, authority_of
from keys.errors import CertificateOutsideError, KeyMissingError
from keys.revocation import Reason
from registry import seal_endings, seals
from registry.db import reading, transaction
from registry.records import Role
from registry.seal_endings import SealEnding
from registry.seal_lifecycle import SealAct
from registry.seal_records import SealDeed, SealObjectRecord, SealRecord, SealStep
from signer import key_register
from signer.desk import Desk, Operator
from signer.key_acts import KeyDesk, leave_key_event, revoke_certificate
from signer.seal_after import demand_manager, record_step
from signer.seal_grounds import APPROVERS, CUSTODIANS, MANAGERS, Grounds, deed_of
from verify.errors import YinzhengError
from verify.key_purpose import KeyPurpose


def suspend_seal(
    desk: Desk, code: str, grounds: Grounds, *, operator: Operator, at: datetime, if_match: int | None = None
) -> SealRecord:
    """Suspend a seal at once; either of those who manage it may do so."""
    demand_manager(desk, code, operator, MANAGERS)
    step = SealStep(act=SealAct.SUSPEND, if_match=if_match)
    return record_step(desk, code, step, deed_of(grounds, operator), at=at)


def reinstate_seal(
    desk: Desk, code: str, grounds: Grounds, *, operator: Operator, at: datetime, if_match: int | None = None
) -> SealRecord:
    """Let a suspended seal be used again."""
    demand_manager(desk, code, operator, MANAGERS)
    step = SealStep(act=SealAct.REINSTATE, if_match=if_match)
    return record_step(desk, code, step, deed_of(grounds, operator), at=at)


def call_in_seal(
    desk: Desk, keys: KeyDesk, code: str, grounds: Grounds, *, two: tuple[Operator, Operator], at: datetime
) -> SealRecord:
    """Call a seal in for good, by its custodian and an approver; its certificate is revoked."""
    _demand_two(desk, code, two)
    return _end(desk, keys, code, SealAct.CALL_IN, deed_of(grounds, two[0]), at=at)


def destroy_seal(
    desk: Desk, keys: KeyDesk, code: str, grounds: Grounds, *, two: tuple[Operator, Operator], at: datetime
) -> SealRecord:
    """Destroy a seal, by its custodian and an approver: its certificate is revoked, its key destroyed."""
    _demand_two(desk, code, two)
    return _end(desk, keys, code, SealAct.DESTROY, deed_of(grounds, two[0]), at=at)


def propose_ending(
    desk: Desk, code: str, act: SealAct, grounds: Grounds, *, operator: Operator, at: datetime
) -> SealEnding:
    """Let a custodian propose that a seal be called in or destroyed, where no approver is beside them.

    Raises `SealNotAllowedError`, and what keeps the operator from managing this seal. Nothing happens to the seal.
    """
    demand_manager(desk, code, operator, CUSTODIANS)
    deed = deed_of(grounds, operator)
    with transaction(desk.database) as tx:
        return seal_endings.propose_ending(tx, seals.demand_seal(tx, code), act, deed, at=at)


def confirm_ending(
    desk: Desk, keys: KeyDesk, code: str, act: SealAct, *, operator: Operator, at: datetime
) -> SealRecord:
    """Let an approver end a seal as its custodian proposed, on the custodian's grounds.

    Raises `NoEndingError` when nothing else but this act on the seal as it stands was proposed, and `TwoPersonsError`.
    """
    owner = demand_manager(desk, code, operator, APPROVERS)
    with reading(desk.database) as tx:
        ending = seal_endings.demand_ending(tx, code, act)
    custodian = Operator(person_id=ending.proposed_by, department=owner, role=Role.SEAL_CUSTODIAN)
    grounds = Grounds(reason=ending.reason, legal_basis=ending.legal_basis, reference=ending.reference)
    end = call_in_seal if act is SealAct.CALL_IN else destroy_seal
    return end(desk, keys, code, grounds, two=(custodian, operator), at=at)


def finish_seals(keys: KeyDesk, *, at: datetime) -> int:
    """Revoke and destroy what ended seals and replaced or refused objects left behind; return how many acts it took."""
    with reading(keys.database) as tx:
        ended, retired = seals.ended_objects(tx), seals.retired_objects(tx)
    revoked = sum(_revoke(keys, each, at=at) for each in ended)
    return revoked + sum(_destroy(keys, each, at=at) for each in retired)


def _demand_two(desk: Desk, code: str, two: tuple[Operator, Operator]) -> None:
    """See that a seal's custodian and an approver are there, two different persons."""
    custodian, approver = two
    Persons(first=custodian.person_id, second=approver.person_id)
    demand_manager(desk, code, custodian, CUSTODIANS)
    demand_manager(desk, code, approver, APPROVERS)


def _end(desk: Desk, keys: KeyDesk, code: str, act: SealAct, deed: SealDeed, *, at: datetime) -> SealRecord:
    seal = record_step(desk, code, SealStep(act=act), deed, at=at)
    with suppress(YinzhengError):  # the seal has ended; what is left over the daily job does
        finish_seals(keys, at=at)
    return seal


def _persons(ended: SealObjectRecord) -> Persons:
    """Return the two persons who stand behind an object: its key is ended in their names, as it was made."""
    return Persons(first=ended.applied_by, second=ended.approved_by or "")


def _revoke(keys: KeyDesk, ended: SealObjectRecord, *, at: datetime) -> bool:
    """Revoke the certificate of an ended seal, unless it is revoked, or an outside authority has to do it."""
    if ended.certificate is None or ended.key is None:
        return False
    serial = load_der_x509_certificate(ended.certificate).serial_number
    with reading(keys.database) as tx:
        known = key_register.revoked(tx, authority=authority_of(KeyPurpose.SEAL))
    if serial in {each.serial_number for each in known}:
        return False
    key, reason = KeyName.parse(ended.key), Reason.CESSATION_OF_OPERATION
    try:
        revoke_certificate(keys, key, reason=reason, persons=_persons(ended), at=at)
    except (CertificateOutsideError, KeyMissingError):
        return False
    return True


def _destroy(keys: KeyDesk, retired: SealObjectRecord, *, at: datetime) -> bool:
    """Destroy a key, then note it once; one that was destroyed before a crash is noted now."""
    key = KeyName.parse(retired.key or "")
    try:
        event = ceremony.destroy(keys.custody, key, persons=_persons(retired), at=at)
    except KeyMissingError:
        with reading(keys.database) as tx:
            public = key_register.demand(tx, key).public
        event = KeyEvent(kind=KeyEventKind.DESTROYED, key=key, public=public, persons=_persons(retired), at=at)
    with transaction(keys.database) as tx:
        is_new = seals.note_destroyed(tx, retired.code, retired.version, at=at)
        if is_new:
            leave_key_event(tx, event.kind.value, event.public.kid, event.record, at=at)
    keys.log.flush_pending()
    return is_new
