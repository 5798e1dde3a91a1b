"""Found a deployment: from an empty database with a catalogue, and an empty key folder, to the first trust list.

Promises:
  * Done again after a crash it goes on where it stopped; done again after its end it is refused.
  * Keys and database must belong together: a key folder without its log, or a log without its key, is refused, for
    signing with an old copy of either would fork the log.
  * Everything is logged first: genesis, then each key and certificate by two persons.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from keys.ceremony import Persons
from keys.custody import ALGORITHMS, DEPLOYMENT, NATIONAL, KeyName
from keys.key_files import KeyCipher
from keys.softkeys import SoftCustody, create_key
from registry import artefacts, catalogue, departments, leaves
from registry.db import Database, reading
from registry.errors import UnknownDepartmentError
from registry.records import Department
from signer.desk import DeskSettings
from signer.errors import FoundingMismatchError, LogExistsError
from signer.key_acts import KeyDesk, certify_key, make_key, renew_revocation_lists
from signer.log import SigningLog, log_verifier
from signer.public_lists import TRUST_LIST, TRUST_LIST_NAME
from signer.trust_lists import issuing_departments, renew_trust_list
from verify.algorithms import Algorithm
from verify.key_purpose import KeyPurpose
from verify.note import NoteError, open_checkpoint

CHECKPOINT: Final = KeyName(KeyPurpose.CHECKPOINT, DEPLOYMENT)

# Authorities first, for they certify the others.
_CERTIFIED_KEYS: Final = (
    (KeyPurpose.AUTHORITY, DEPLOYMENT),
    (KeyPurpose.AUTHORITY, NATIONAL),
    (KeyPurpose.TIMESTAMP, DEPLOYMENT),
    (KeyPurpose.SEAL_MAKER, DEPLOYMENT),
)
# Keys of the deployment beside those with certificates.
_SERVICE_KEYS: Final = (
    KeyPurpose.TRUST_LIST,
    KeyPurpose.STATUS_LIST,
    KeyPurpose.RECEIPT,
    KeyPurpose.PRESENTATION,
    KeyPurpose.WEBHOOK,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """Where a deployment is founded and what it is called.

    `origin` is the log's name for good; `operator` is the USCC of the department that runs the deployment and stands in
    the authorities' certificates; `issuers` are departments that issue beside those that the catalogue's items name;
    `code_algorithm` is SM2 where the law asks for it in QR codes too.
    """

    database: Database
    folder: Path
    passphrase: bytes = field(repr=False)
    origin: str
    settings: DeskSettings
    operator: str
    persons: Persons
    clock: Callable[[], datetime] = field(repr=False)
    random: Callable[[int], bytes] = field(repr=False)
    issuers: tuple[str, ...] = ()
    code_algorithm: Algorithm = Algorithm.ES256
    worker: str = "founding"
    cipher: KeyCipher = field(default=KeyCipher.AES_256, repr=False)


def open_custody(
    folder: Path,
    passphrase: bytes,
    origin: str,
    *,
    cipher: KeyCipher = KeyCipher.AES_256,
) -> SoftCustody:
    """Open the key folder of a deployment; custody believes all generations of the key of the log of this origin.

    The cipher is that of keys made from now on; a file says by itself what it was made with.
    """
    custody = SoftCustody(folder, passphrase)
    generations = sorted(key.generation for key in custody.names() if key.purpose is KeyPurpose.CHECKPOINT)
    verifiers = tuple(
        log_verifier(origin, custody.public_key(KeyName(KeyPurpose.CHECKPOINT, DEPLOYMENT, each)))
        for each in generations
    )
    return SoftCustody(folder, passphrase, verifiers, cipher)


def found(foundation: Foundation, *, at: datetime) -> KeyDesk:
    """Found the deployment, or finish what a crash cut off.

    1. See that keys and database belong together. 2. Make the log: its key, then its first entry. 3. Make the two
    authorities, the international and the national one. 4. Make the keys of the deployment, the seal maker's among
    them. 5. Make the keys of each department that issues. 6. Sign revocation lists and trust list; with the trust list
    the deployment is founded.

    Raises `LogExistsError` when it was founded before, `FoundingMismatchError`, `UnknownDepartmentError`, and what
    custody raises: a wrong passphrase, a folder that others can read.
    """
    operator, issuers = _offices(foundation)
    _demand_fit(foundation)  # (1)
    desk = _begin_log(foundation)  # (2)
    persons = foundation.persons
    make_key(desk, KeyPurpose.CHECKPOINT, DEPLOYMENT, persons=persons, at=at)
    for purpose, owner in _CERTIFIED_KEYS:  # (3), (4)
        certify_key(desk, make_key(desk, purpose, owner, persons=persons, at=at), operator, persons=persons, at=at)
    for purpose in _SERVICE_KEYS:
        make_key(desk, purpose, DEPLOYMENT, persons=persons, at=at)
    for department in issuers:  # (5)
        add_department_keys(desk, department, persons=persons, at=at, code_algorithm=foundation.code_algorithm)
    renew_revocation_lists(desk, at=at)  # (6)
    renew_trust_list(desk, at=at)
    return desk


def add_department_keys(
    desk: KeyDesk,
    department: Department,
    *,
    persons: Persons,
    at: datetime,
    code_algorithm: Algorithm = Algorithm.ES256,
) -> None:
    """Make a department's document key with its certificate, and its code key; a new trust list must follow."""
    document = make_key(desk, KeyPurpose.DOCUMENT, department.uscc, persons=persons, at=at)
    certify_key(desk, document, department, persons=persons, at=at)
    make_key(desk, KeyPurpose.CODE, department.uscc, persons=persons, at=at, algorithm=code_algorithm)


def _offices(foundation: Foundation) -> tuple[Department, tuple[Department, ...]]:
    """Return who runs the deployment, and the departments that issue, in the order of their levels."""
    with reading(foundation.database) as tx:
        known = {each.uscc: each for each in departments.all_departments(tx)}
        named = {*issuing_departments(catalogue.all_types(tx)), *foundation.issuers}
    missing = {foundation.operator, *named} - known.keys()
    if missing:
        raise UnknownDepartmentError(", ".join(sorted(missing)))
    return known[foundation.operator], tuple(each for uscc, each in known.items() if uscc in named)


def _demand_fit(foundation: Foundation) -> None:
    """Refuse a deployment that stands, and keys and database of which one is new and the other is not."""
    custody = SoftCustody(foundation.folder, foundation.passphrase)
    names = custody.names()
    with reading(foundation.database) as tx:
        head = leaves.head(tx, foundation.origin)
        is_founded = artefacts.latest(tx, TRUST_LIST, TRUST_LIST_NAME) is not None
    if is_founded:
        raise LogExistsError(foundation.origin)
    if not head.size:
        if names - {CHECKPOINT}:
            raise FoundingMismatchError("the key folder is that of another deployment")
        return
    if CHECKPOINT not in names:
        raise FoundingMismatchError("the database has a log whose key is not in the folder")
    try:
        open_checkpoint(head.note, (log_verifier(foundation.origin, custody.public_key(CHECKPOINT)),))
    except NoteError as error:
        raise FoundingMismatchError("the log in the database was signed with another key") from error


def _begin_log(foundation: Foundation) -> KeyDesk:
    if CHECKPOINT not in SoftCustody(foundation.folder, foundation.passphrase).names():
        algorithm = ALGORITHMS[KeyPurpose.CHECKPOINT][0]
        create_key(
            foundation.folder,
            foundation.passphrase,
            CHECKPOINT,
            algorithm,
            cipher=foundation.cipher,
        )
    custody = open_custody(
        foundation.folder,
        foundation.passphrase,
        foundation.origin,
        cipher=foundation.cipher,
    )
    log = SigningLog(
        database=foundation.database,
        custody=custody,
        origin=foundation.origin,
        key=CHECKPOINT,
        clock=foundation.clock,
        worker=foundation.worker,
    )
    if not log.is_founded():
        log.found()
    return KeyDesk(
        database=foundation.database, custody=custody, log=log, settings=foundation.settings, random=foundation.random
    )
