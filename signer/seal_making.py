"""Make a seal: apply, approve by another person, make, file; and renew it the same way.

Promises:
  * The seal maker signs what is logged; nothing is filed that our own strict check refuses.
  * A crash between any two steps loses nothing: the same act done again goes on from where it stopped. A key that was
    made for an object is found again, and what the maker signed and nobody filed is a leaf with its record.
  * Two persons stand behind each seal: who applied, and who approved. Their names are those of the key's making.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from cryptography.x509 import load_der_x509_certificate

from keys.ceremony import Persons
from keys.custody import DEPLOYMENT, KeyName, algorithms_of
from keys.errors import KeyMissingError
from registry import departments, log_records, seals
from registry.db import reading, transaction
from registry.errors import UnknownDepartmentError
from registry.records import Department
from registry.seal_errors import SealNotAllowedError
from registry.seal_events import applied_for, events_of_seal, read_applied_for
from registry.seal_lifecycle import ObjectState, SealAct
from registry.seal_records import (
    MadeObject,
    SealApplication,
    SealObjectRecord,
    SealPicture,
    SealRecord,
    SealStep,
)
from signer.desk import Desk, Operator, demand
from signer.errors import SealApplicationError, SelfCheckError
from signer.key_acts import KeyDesk, certify_key, make_key, rotate_key
from signer.log_entries import intent
from signer.page.seal_picture import OBJECT_PIXELS_PER_MM, SEAL_MM, draw_seal
from signer.public_lists import newest_trust_list, revocation_lists
from signer.seal_after import bring_up_to_date, demand_manager, record_step
from signer.seal_grounds import APPROVERS, CUSTODIANS, MANAGERS, Grounds, deed_of
from signer.trust_lists import renew_trust_list
from verify.errors import YinzhengError
from verify.key_purpose import KeyPurpose
from verify.report import Outcome
from verify.seal_check import check_seal
from verify.seal_encoding import SealDraft, assemble_seal, seal_to_be_signed
from verify.seal_fields import Picture, SealError
from verify.seal_objects import read_seal

VENDOR: Final = "YINZHENG"
PICTURE_KIND: Final = "PNG"
KINDS: Final = frozenset({1, 2, 3, 4, 5, 99})
"""The public-security list: statutory name, finance, invoice, contract, a representative's name, other."""

NAME_LENGTH_MAX: Final = 100
# A seal's certificate holds three years; a seal ends with it.
TERM_MAX: Final = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealWish:
    """What a custodian applies for.

    `use` is the line under the star ("行政审批专用章"); the seal's name is the owner's name with it. `picture` is one
    that the office brought (checked by `seal_upload`), None has it drawn. `code` is given by the authority, or the next
    one of the division. `psb_code` is the number of the public security, which stands on the seal.
    """

    owner: str
    valid_from: datetime
    valid_until: datetime
    use: str = ""
    name_en: str = ""
    kind: int = 99
    picture: SealPicture | None = None
    code: str | None = None
    psb_code: str | None = None


def apply_for_seal(desk: Desk, wish: SealWish, grounds: Grounds, *, operator: Operator, at: datetime) -> SealRecord:
    """Save an application for a seal of the custodian's department.

    Raises `RoleError`, `OtherDepartmentError`, `ChangeRefusedError`, `SealApplicationError`, `SealPictureTextError`,
    `SealCodeError`, `SealCodeUsedError`, `LogClockError`.
    """
    demand(operator, department=wish.owner, roles=CUSTODIANS)
    deed = deed_of(grounds, operator)
    application = _application(desk, wish, at=at)
    desk.log.demand_clock()
    with transaction(desk.database) as tx:
        seal = seals.apply_for_seal(tx, application, deed, at=at, random=desk.random, code=wish.code)
    desk.after("seal_applied")
    bring_up_to_date(desk, seal.code, at=at)
    return seal


def renew_seal(
    desk: Desk, code: str, wish: SealWish, grounds: Grounds, *, operator: Operator, at: datetime
) -> SealRecord:
    """Save an application for the next object of a seal in use; its name, kind and code stay as they are."""
    owner = demand_manager(desk, code, operator, CUSTODIANS)
    if wish.owner != owner:
        raise SealApplicationError(params={"field": "owner"})
    deed = deed_of(grounds, operator)
    application = _application(desk, wish, at=at)
    desk.log.demand_clock()
    with transaction(desk.database) as tx:
        seal = seals.renew_seal(tx, code, application, deed, at=at, random=desk.random)
    desk.after("seal_applied")
    bring_up_to_date(desk, code, at=at)
    return seal


def approve_seal(
    desk: Desk, code: str, grounds: Grounds, *, operator: Operator, at: datetime, if_match: int | None = None
) -> SealRecord:
    """Approve what another person applied for. Raises `SealSamePersonError`, `SealNotAllowedError`."""
    demand_manager(desk, code, operator, APPROVERS)
    step = SealStep(act=SealAct.APPROVE, if_match=if_match)
    return record_step(desk, code, step, deed_of(grounds, operator), at=at)


def refuse_seal(
    desk: Desk, code: str, grounds: Grounds, *, operator: Operator, at: datetime, if_match: int | None = None
) -> SealRecord:
    """Refuse an application, or what was made of it; a key that was made for it is destroyed by `finish_seals`."""
    demand_manager(desk, code, operator, APPROVERS)
    step = SealStep(act=SealAct.REFUSE, if_match=if_match)
    return record_step(desk, code, step, deed_of(grounds, operator), at=at)


def make_seal(
    desk: Desk, keys: KeyDesk, code: str, grounds: Grounds, *, operator: Operator, at: datetime
) -> SealRecord:
    """Make the object of a seal that was approved.

    1. See that it may be made, and is still what two people applied for and approved. 2. Make its key and certificate.
    3. Keep what the maker is to sign, and log its hash. 4. Let the maker sign. 5. Check our own work like a stranger.
    6. Record the object. 7. See that the trust list names the department, which may never have sealed anything before.

    Raises `SealNotAllowedError` unless it is approved, `SelfCheckError`, and what keys, log and database raise; done
    again it goes on.
    """
    demand_manager(desk, code, operator, MANAGERS)
    deed = deed_of(grounds, operator)
    with reading(desk.database) as tx:  # (1)
        seal, wanted = seals.demand_seal(tx, code), seals.pending_object(tx, code)
        owner = departments.find_department(tx, seal.owner)
        others = [each for each in seals.objects_of(tx, code) if each.key is not None]
    if wanted is None or wanted.state is not ObjectState.APPROVED or wanted.approved_by is None or owner is None:
        state = seal.state if wanted is None else wanted.state
        raise SealNotAllowedError(params={"state": state.value, "act": SealAct.MAKE.value})
    _demand_approved(desk, seal, wanted)
    persons = Persons(first=wanted.applied_by, second=wanted.approved_by)
    key = _key(keys, code, others, persons=persons, at=at)  # (2)
    certificate = certify_key(keys, key, owner, persons=persons, at=at)
    desk.after("seal_certified")
    made = _made(desk, seal, wanted, (key, certificate), at=at)  # (3) to (5)
    step = SealStep(act=SealAct.MAKE, made=made, if_match=seal.etag)
    done = record_step(desk, code, step, deed, at=at)  # (6)
    _make_known(keys, owner, at=at)  # (7)
    return done


def file_seal(
    desk: Desk, code: str, grounds: Grounds, *, operator: Operator, at: datetime, if_match: int | None = None
) -> SealRecord:
    """File a made seal: from now on it may be granted and used; an object that it replaces is of the past.

    Raises `SealNotAllowedError` unless it is made, and `SelfCheckError` when what was made does not hold any more.
    """
    demand_manager(desk, code, operator, MANAGERS)
    with reading(desk.database) as tx:
        wanted = seals.pending_object(tx, code)
    if wanted is not None and wanted.content is not None:
        _demand_good(desk, wanted.content, at=at)
    step = SealStep(act=SealAct.FILE, if_match=if_match)
    return record_step(desk, code, step, deed_of(grounds, operator), at=at)


def _make_known(keys: KeyDesk, owner: Department, *, at: datetime) -> None:
    """Publish a trust list that names the owner, unless it does; what fails here the daily job does."""
    if newest_trust_list(keys.database).issuer(owner.uscc) is None:
        with suppress(YinzhengError):
            renew_trust_list(keys, at=at)


def _application(desk: Desk, wish: SealWish, *, at: datetime) -> SealApplication:
    """Return the application, with its picture. Raises `SealApplicationError` with the field that is wrong."""
    with reading(desk.database) as tx:
        owner = departments.find_department(tx, wish.owner)
    if owner is None:
        raise UnknownDepartmentError
    _demand_wish(wish, owner, at=at)
    return SealApplication(
        name=owner.name + wish.use,
        name_en=wish.name_en or owner.name_en,
        kind=wish.kind,
        owner=wish.owner,
        picture=wish.picture or _drawn(owner, wish),
        valid_from=wish.valid_from.replace(microsecond=0),
        valid_until=wish.valid_until.replace(microsecond=0),
        psb_code=wish.psb_code,
    )


def _demand_wish(wish: SealWish, owner: Department, *, at: datetime) -> None:
    problems = {
        "kind": wish.kind not in KINDS,
        "use": not (owner.name + wish.use).isprintable() or len(owner.name + wish.use) > NAME_LENGTH_MAX,
        "psb_code": wish.psb_code is not None and not _is_psb_code(wish.psb_code),
        "valid_until": not max(wish.valid_from, at) < wish.valid_until <= at + TERM_MAX,
    }
    wrong = [name for name, is_wrong in problems.items() if is_wrong]
    if wrong:
        raise SealApplicationError(params={"field": wrong[0]})


def _is_psb_code(text: str) -> bool:
    return len(text) == 13 and text.isascii() and text.isdecimal()


def _drawn(owner: Department, wish: SealWish) -> SealPicture:
    content = draw_seal(owner.name, lower=wish.use, code=wish.psb_code or "", pixels_per_mm=OBJECT_PIXELS_PER_MM)
    return SealPicture(content=content, width_mm=SEAL_MM, height_mm=SEAL_MM)


def _key(keys: KeyDesk, code: str, others: Sequence[SealObjectRecord], *, persons: Persons, at: datetime) -> KeyName:
    """Return the key of the object to be made: the newest, unless another object has it; then the next generation."""
    try:
        newest = keys.custody.newest(KeyPurpose.SEAL, code)
    except KeyMissingError:
        return make_key(keys, KeyPurpose.SEAL, code, persons=persons, at=at)
    if newest.text in {each.key for each in others}:
        algorithm = algorithms_of(KeyPurpose.SEAL, code)[0]
        return rotate_key(keys, KeyPurpose.SEAL, code, algorithm=algorithm, persons=persons, at=at)
    return make_key(keys, KeyPurpose.SEAL, code, persons=persons, at=at)


def _demand_approved(desk: Desk, seal: SealRecord, wanted: SealObjectRecord) -> None:
    """Hold what the maker is about to sign against what the log has of those who applied and approved.

    The columns may have been changed in between by somebody with a hand in the database; the log may not.
    """
    desk.log.flush_pending()
    with reading(desk.database) as tx:
        events = {each.act: each for each in events_of_seal(tx, seal.code) if each.version == wanted.version}
    first = SealAct.APPLY if wanted.version == 1 else SealAct.RENEW
    told = applied_for(seal.kind, seal.name, wanted)
    for act in (SealAct.APPROVE, first):
        event = events.get(act.value)
        if event is None or event.leaf_index is None or event.digest != sha256(event.record).digest():
            raise SelfCheckError(f"the log has nothing of this act on the seal: {act.value}")
        if read_applied_for(event.record) != told:
            raise SelfCheckError(f"the seal to be made is not the one of this act: {act.value}")


def _made(
    desk: Desk, seal: SealRecord, wanted: SealObjectRecord, certified: tuple[KeyName, bytes], *, at: datetime
) -> MadeObject:
    key, certificate = certified
    term = load_der_x509_certificate(certificate)
    created = at.replace(microsecond=0)
    begins, ends = max(wanted.valid_from, created), min(wanted.valid_until, term.not_valid_after_utc)
    draft = SealDraft(
        code=seal.code,
        vendor=VENDOR,
        kind=seal.kind,
        name=seal.name,
        certificates=(certificate,),
        created=created,
        valid_from=begins,
        valid_until=ends,
        picture=Picture(
            kind=PICTURE_KIND,
            data=wanted.picture.content,
            width_mm=wanted.picture.width_mm,
            height_mm=wanted.picture.height_mm,
        ),
    )
    content, leaf = _signed(desk, seal_to_be_signed(draft), at=at)
    _demand_good(desk, content, at=at)
    return MadeObject(
        key=key.text,
        valid_from=begins,
        valid_until=ends,
        certificate=certificate,
        certificate_from=term.not_valid_before_utc,
        certificate_until=term.not_valid_after_utc,
        content=content,
        maker_leaf=leaf,
    )


def _signed(desk: Desk, to_be_signed: bytes, *, at: datetime) -> tuple[bytes, int]:
    """Return the object round the maker's signature, and the leaf of the intent; what is signed is kept for audits."""
    maker = desk.key(KeyPurpose.SEAL_MAKER, DEPLOYMENT)
    with transaction(desk.database) as tx:
        log_records.keep(tx, to_be_signed, at=at)
    (receipt,) = desk.log.append((intent(maker.purpose, desk.custody.public_key(maker), to_be_signed),))
    desk.after("seal_logged")
    signature = desk.custody.sign(maker, to_be_signed, receipt=receipt)
    desk.after("seal_signed")
    return assemble_seal(to_be_signed, desk.custody.chain(maker)[0], signature), receipt.index


def _demand_good(desk: Desk, content: bytes, *, at: datetime) -> None:
    """Judge a seal object as a stranger would, with nothing but the trust list and the revocation lists."""
    try:
        seal = read_seal(content)
    except SealError as error:
        raise SelfCheckError("the seal object cannot be read") from error
    trust, crls = newest_trust_list(desk.database), revocation_lists(desk.database)
    found = check_seal(seal, trust, crls, at=max(at, seal.valid_from))
    bad = [each.code for each in found if each.outcome is not Outcome.PASSED]
    if bad or seal.warnings:
        raise SelfCheckError(f"the seal object does not hold: {' '.join(bad)}")
