"""Whole turns of keys, each of several acts: a new generation with all that makes it of use, a certificate anew.

Promises:
  * Each turn ends with a trust list that names the key, so that nothing signed afterwards is refused for an old list.
  * A turn that a crash cut off may be done again: a generation more does no harm, and certifying goes on where it was.
  * Keys that checkers have pinned (of the trust list, of the log) are not turned: nobody would follow.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.x509 import load_der_x509_certificate
from cryptography.x509.oid import NameOID

from keys.authority import PROFILES
from keys.ceremony import Persons
from keys.custody import KeyName
from registry import departments
from registry.db import reading
from registry.errors import UnknownDepartmentError
from registry.records import Department
from signer.errors import KeyActError
from signer.key_acts import KeyDesk, certify_key, cut_off_key, generations, renew_revocation_lists, rotate_key
from signer.trust_lists import renew_trust_list
from verify.algorithms import Algorithm
from verify.key_purpose import KeyPurpose

TURNED: Final = frozenset(
    {
        KeyPurpose.AUTHORITY,
        KeyPurpose.CODE,
        KeyPurpose.DOCUMENT,
        KeyPurpose.PRESENTATION,
        KeyPurpose.RECEIPT,
        KeyPurpose.SEAL_MAKER,
        KeyPurpose.STATUS_LIST,
        KeyPurpose.TIMESTAMP,
        KeyPurpose.WEBHOOK,
    }
)
"""Purposes whose newest key is used as soon as the trust list names it."""

_CUT_OFF: Final = frozenset({KeyPurpose.CODE, KeyPurpose.DOCUMENT, KeyPurpose.SEAL})
# Our certificates name an organisation by its USCC of 18 characters, with the name behind it.
_USCC_LENGTH: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedKey:
    """A key that is of use now, and the number of the trust list that says so."""

    key: KeyName
    trust_list: int


def turn_key(
    desk: KeyDesk, purpose: KeyPurpose, owner: str, *, algorithm: Algorithm | None, persons: Persons, at: datetime
) -> TurnedKey:
    """Make the next generation of a key, with the algorithm of the one before unless another is named.

    1. The key. 2. Its certificate, where keys of this purpose have one: for the same organisation as the one before. 3.
    For an authority, revocation lists of all its generations. 4. The trust list.
    Raises `KeyActError` for a key that checkers have pinned or that is made anew with its seal.
    """
    if purpose not in TURNED:
        raise KeyActError(purpose.value)
    before = desk.custody.newest(purpose, owner)
    department = _certified_for(desk, before) if purpose in PROFILES else None
    usual = desk.custody.public_key(before).algorithm
    key = rotate_key(desk, purpose, owner, algorithm=algorithm or usual, persons=persons, at=at)  # (1)
    if department is not None:
        certify_key(desk, key, department, persons=persons, at=at)  # (2)
    if purpose is KeyPurpose.AUTHORITY:
        renew_revocation_lists(desk, at=at)  # (3)
    return TurnedKey(key=key, trust_list=renew_trust_list(desk, at=at).sequence)  # (4)


def certify_anew(desk: KeyDesk, key: KeyName, *, persons: Persons, at: datetime) -> TurnedKey:
    """Give a key a certificate by our own authority where it has none that holds; a key that was stolen gets none.

    Raises `KeyActError` for a key without certificates, and for one that was cut off or revoked as stolen.
    """
    if key.purpose not in PROFILES or key.purpose not in TURNED:
        raise KeyActError(key.purpose.value)
    certify_key(desk, key, _certified_for(desk, key), persons=persons, at=at)
    return TurnedKey(key=key, trust_list=renew_trust_list(desk, at=at).sequence)


def cut_off(desk: KeyDesk, key: KeyName, *, size: int | None, persons: Persons, at: datetime) -> tuple[int, int]:
    """Cut a stolen key off at a size of the log, and return that size and the number of the new trust list.

    What codes', documents' and seals' keys sign is found in the log one by one; other keys raise `KeyActError`.
    """
    if key.purpose not in _CUT_OFF:
        raise KeyActError(key.purpose.value)
    _, reached = cut_off_key(desk, key, size=size, persons=persons, at=at)
    return reached, renew_trust_list(desk, at=at).sequence


def _certified_for(desk: KeyDesk, key: KeyName) -> Department:
    """Return the department for which a key is certified, or which owns it. Raises `UnknownDepartmentError`.

    Where a turn was cut off before the certificate, the generation before tells.
    """
    uscc = key.owner
    chains = [desk.custody.chain(each) for each in (key, *generations(desk.custody, key))]
    found = next((chain for chain in chains if chain), None)
    if found is not None:
        (organisation,) = load_der_x509_certificate(found[0]).subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        uscc = str(organisation.value)[:_USCC_LENGTH]
    with reading(desk.database) as tx:
        department = departments.find_department(tx, uscc)
    if department is None:
        raise UnknownDepartmentError
    return department
