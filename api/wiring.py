"""The composition root: real parts put together from settings.

Promises:
  * `build` and `build_public` stop with a sentence when database, key or template is missing; they make nothing.
  * A key is opened when something is signed for the first time, not before.
  * `build_public` has no keys: it never looks into the key folder, and asking for its desk is refused.
  * What is read from the registry's public files (trust list, status lists) is checked before it is used.
  * Parts that only some processes put together (keys, press, log, witnesses) are loaded where they are put together.
"""

import os
import platform
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from api.clock import Clock, clock, random
from api.demonstration import Demonstration
from api.environment import PREFIX
from api.errors import NoCustodyError, NoDatabaseError, NoKeysError, NoTemplateError
from api.logs import Log, open_log
from api.outgoing import open_timestamps, outgoing_trust, read_certificates
from api.public_files import PublicFiles
from api.settings import Settings, SettingsError
from keys.custody import DEPLOYMENT
from keys.time_limits import TimeLimits
from registry import catalogue, leaves
from registry.db import Database, open_database, reading
from registry.schema import check_schema
from registry.vault import FolderVault
from signer.log_files import FolderStore, TileStore
from signer.page.folders import OWN_TEMPLATES
from signer.public_lists import newest_trust_list, revocation_lists
from verify.errors import YinzhengError
from verify.evidence import Evidence, RegistryAnswer, Unreachable
from verify.key_purpose import KeyPurpose
from verify.witness_policy import POLICY_LENGTH_MAX, WitnessPolicy, WitnessPolicyError

if TYPE_CHECKING:
    from api.witness_client import HttpWitnessClient
    from keys.softkeys import SoftCustody
    from signer.desk import Desk, DeskSettings
    from signer.key_acts import KeyDesk
    from signer.log import SigningLog
    from signer.page.press import Press
    from signer.receipts import ReceiptBook
    from signer.witnessing import Witnessing
    from verify.note import LogVerifier

STATUS_PATH: Final = "/status/"
REVOCATION_PATH: Final = "/authority.crl"
NATIONAL_REVOCATION_PATH: Final = "/national.crl"
_CHECKPOINT_KEYS: Final = f"{KeyPurpose.CHECKPOINT.value}.{DEPLOYMENT}-*.key"

# The start waits for witnesses that long and no longer; who is away is no evidence.
GUARD_LIMITS: Final = TimeLimits(connect_seconds=1.0, read_seconds=1.0, overall_seconds=2.0)

# Callers wait while storage is asked over the network; the publisher, for whom nobody waits, compares all the time.
STORAGE_LOOK_SECONDS: Final = 300.0


@dataclass(slots=True, kw_only=True, eq=False)
class Office:
    """One running deployment. Share one object among the threads of a process."""

    settings: Settings
    database: Database
    vault: FolderVault
    public_files: PublicFiles
    is_public: bool
    worker: str
    clock: Clock = clock
    random: Callable[[int], bytes] = random
    log_lines: TextIO | None = None
    _press: "Press | None" = field(default=None, init=False, repr=False)
    _log: Log | None = field(default=None, init=False, repr=False)
    demonstration: Demonstration | None = None
    _published: TileStore | None = field(default=None, init=False, repr=False)
    _custody: "SoftCustody | None" = field(default=None, init=False, repr=False)
    _desk: "Desk | None" = field(default=None, init=False, repr=False)
    _receipts: "ReceiptBook | None" = field(default=None, init=False, repr=False)
    _policy: WitnessPolicy | None = field(default=None, init=False, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    def example(self, type_code: str) -> Mapping[str, str]:
        """Return what an application for a type may say: something in a demonstration, nothing elsewhere."""
        return {} if self.demonstration is None else self.demonstration.examples.get(type_code, {})

    @property
    def log(self) -> Log:
        """The process's own log, opened at the first line; to stderr, or where `log_lines` says."""
        with self._lock:
            if self._log is None:
                self._log = open_log(self.clock, out=self.log_lines)
            return self._log

    @property
    def press(self) -> "Press":
        """The press, with its fonts and templates opened at the first use."""
        from signer.page.press import Press

        with self._lock:
            if self._press is None:
                self._press = Press.open(
                    fonts=_folders(self.settings.fonts_folder), templates=_folders(self.settings.templates_folder)
                )
            return self._press

    @property
    def origin(self) -> str:
        """The name of the log that is written into: the settings' until another one followed it."""
        with reading(self.database) as tx:
            return leaves.newest_origin(tx, self.settings.origin)

    @property
    def origins(self) -> tuple[str, ...]:
        """All names that the log ever had, the one that is written into last."""
        with reading(self.database) as tx:
            return tuple(each.origin for each in leaves.all_heads(tx))

    @property
    def published(self) -> TileStore:
        """Where the public files go: the folder of the deployment, or the storage that the settings name."""
        with self._lock:
            if self._published is None:
                self._published = _open_store(self.settings)
            return self._published

    @property
    def desk(self) -> "Desk":
        """The desk, with custody, signing log and time stamps opened at the first use.

        Raises `NoCustodyError` in a process that serves the public, and what opening the parts raises.
        """
        if self.is_public:
            raise NoCustodyError
        with self._lock:
            if self._desk is None:
                custody = self.open_custody()
                self._custody, self._desk = custody, _open_desk(self, custody)
            return self._desk

    def open_custody(self) -> "SoftCustody":
        """Open the keys, which believe the log that is written into now."""
        from keys.key_files import KeyCipher
        from signer.founding import open_custody

        settings = self.settings
        return open_custody(
            settings.keys_folder, settings.passphrase(), self.origin, cipher=KeyCipher(settings.key_cipher)
        )

    def open_log(self, custody: "SoftCustody") -> "SigningLog":
        """Return the signing log, which compares its head with what others know before it signs."""
        from signer.log import SigningLog
        from signer.log_safety import LOOK_SECONDS, HeadGuard

        log = SigningLog(
            database=self.database,
            custody=custody,
            origin=self.origin,
            key=custody.newest(KeyPurpose.CHECKPOINT, DEPLOYMENT),
            clock=self.clock,
            worker=self.worker,
        )
        every = LOOK_SECONDS if self.settings.publish_to is None else STORAGE_LOOK_SECONDS
        guard = HeadGuard(database=self.database, verifier=log.verifier, store=self.published, look_seconds=every)
        if self.witness_policy.witnesses:
            from api.witness_client import HttpWitnessClient

            client = HttpWitnessClient(limits=GUARD_LIMITS, trust=outgoing_trust(self.settings))
            guard = replace(guard, witnesses=self._witnessing(log.verifier, client).seen)
        return replace(log, guard=guard)

    @property
    def witness_policy(self) -> WitnessPolicy:
        """The witnesses that the settings name, and their quorum. Raises `SettingsError`."""
        with self._lock:
            if self._policy is None:
                self._policy = read_policy(self.settings)
            return self._policy

    @property
    def witnessing(self) -> "Witnessing":
        """What collects cosignatures. Raises as `desk` does."""
        from api.witness_client import HttpWitnessClient

        client = HttpWitnessClient(trust=outgoing_trust(self.settings))
        return self._witnessing(self.desk.log.verifier, client)

    def _witnessing(self, verifier: "LogVerifier", client: "HttpWitnessClient") -> "Witnessing":
        from signer.witnessing import Witnessing

        return Witnessing(
            database=self.database, verifier=verifier, policy=self.witness_policy, client=client, clock=self.clock
        )

    @property
    def receipts(self) -> "ReceiptBook":
        """The receipts of relying offices. Raises as `desk` does."""
        from signer.receipts import ReceiptBook

        desk = self.desk
        with self._lock:
            if self._receipts is None:
                self._receipts = ReceiptBook(
                    database=self.database,
                    custody=desk.custody,
                    log=desk.log,
                    timestamps=desk.timestamps,
                    issuer=self.settings.host,
                    random=self.random,
                )
            return self._receipts

    @property
    def key_desk(self) -> "KeyDesk":
        """The desk of acts on keys and of lists that keys sign: trust list, revocation lists."""
        from signer.key_acts import KeyDesk

        desk, custody = self.desk, self._custody
        if custody is None:
            raise NoCustodyError
        return KeyDesk(
            database=self.database, custody=custody, log=desk.log, settings=desk.settings, random=self.random
        )

    def evidence(self, *, registry: "RegistryAnswer | Unreachable | None" = None) -> Evidence:
        """Return what a check may rely on here and now: our public files, and what the registry was asked."""
        evidence = self.public_files.evidence(at=self.clock())
        return evidence if registry is None else replace(evidence, registry=registry)

    def offline_hours(self) -> Mapping[str, int]:
        """Return for each licence type how old its status may be offline."""
        return self.public_files.offline_hours()

    def close(self) -> None:
        """Note how often keys were used, as far as the database can be reached, and close its connections."""
        if self._desk is not None:
            from signer.daily import note_uses

            with suppress(YinzhengError):
                note_uses(self._desk, at=self.clock())
        self.database.close()


def open_registry(settings: Settings) -> Database:
    """Open the registry's database without asking whether its tables are there; `init` and `doctor` do."""
    try:
        return open_database(settings.database)
    except ValueError as error:
        raise SettingsError(
            "DATABASE_URL is wrong", params={"name": f"{PREFIX}DATABASE_URL", "cause": "database"}
        ) from error


def build(settings: Settings, *, clock: Clock = clock) -> Office:
    """Put the office together: the process that issues, and that opens keys when it must.

    Raises `NoDatabaseError`, `DatabaseSchemaError`, `DatabaseAwayError`, `NoKeysError`, `NoTemplateError` or
    `SettingsError`, before anything is done.
    """
    office = _build(settings, is_public=False, clock=clock)
    if not any(settings.keys_folder.glob(_CHECKPOINT_KEYS)):
        raise NoKeysError
    settings.passphrase()
    if settings.timestamp_roots is not None:
        read_certificates(settings.timestamp_roots, "TIMESTAMP_ROOTS")
    outgoing_trust(settings)
    _demand_templates(office)
    return office


def build_public(settings: Settings, *, clock: Clock = clock) -> Office:
    """Put together what serves the public: registry and public files, no keys. Raises as `build` does."""
    return _build(settings, is_public=True, clock=clock)


def _build(settings: Settings, *, is_public: bool, clock: Clock) -> Office:
    if settings.database_url is None and not (settings.data / "registry.db").is_file():
        raise NoDatabaseError(params={"name": str(settings.data)})
    database = open_registry(settings)
    check_schema(database)
    return Office(
        settings=settings,
        database=database,
        vault=FolderVault(settings.vault_folder),
        public_files=PublicFiles(database=database, status_prefix=settings.public_address + STATUS_PATH),
        is_public=is_public,
        clock=clock,
        worker=f"{platform.node()[:60]}:{os.getpid()}:{random(4).hex()}",
    )


def _open_desk(office: Office, custody: "SoftCustody") -> "Desk":
    """Put log, time stamps and press beside the custody."""
    from signer.desk import Desk

    log = office.open_log(custody)
    log.demand_safe()
    return Desk(
        database=office.database,
        vault=office.vault,
        custody=custody,
        log=log,
        timestamps=open_timestamps(office.settings, custody, clock=office.clock, random=office.random),
        press=office.press,
        settings=desk_settings(office.settings),
        trust=lambda: newest_trust_list(office.database),
        revocation=lambda: revocation_lists(office.database),
        random=office.random,
        clock=office.clock,
    )


def desk_settings(settings: Settings) -> "DeskSettings":
    """Return what acts with a key must know of the settings."""
    from signer.desk import DeskSettings

    roots = settings.timestamp_roots
    return DeskSettings(
        host=settings.host,
        status_prefix=settings.public_address + STATUS_PATH,
        crl_url=settings.public_address + REVOCATION_PATH,
        national_crl_url=settings.public_address + NATIONAL_REVOCATION_PATH,
        test=settings.test,
        status_days=settings.status_days,
        timestamp_roots=() if roots is None else read_certificates(roots, "TIMESTAMP_ROOTS"),
        witnesses=read_policy(settings),
    )


def read_policy(settings: Settings) -> WitnessPolicy:
    """Read the file with the witnesses; logs that it names are not believed. Raises `SettingsError`."""
    if settings.witnesses is None:
        return WitnessPolicy()
    name = f"{PREFIX}WITNESSES"
    try:
        with settings.witnesses.open("rb") as file:
            policy = WitnessPolicy.parse(file.read(POLICY_LENGTH_MAX * 4).decode())
    except OSError as error:
        raise SettingsError(f"{name} cannot be read", params={"name": name, "cause": "unreadable"}) from error
    except (UnicodeDecodeError, WitnessPolicyError) as error:
        raise SettingsError(f"{name} is no policy", params={"name": name, "cause": "witnesses"}) from error
    return replace(policy, logs=())


def _open_store(settings: Settings) -> TileStore:
    if settings.publish_to is None:
        return FolderStore(settings.published_folder)
    from signer.log_objects import ObjectStore  # its library is needed by this kind of deployment only

    return ObjectStore.open(
        settings.publish_to,
        endpoint=settings.publish_endpoint,
        region=settings.publish_region,
        credentials=settings.storage_key(),
    )


def _demand_templates(office: Office) -> None:
    folders = (office.settings.templates_folder, OWN_TEMPLATES)
    with reading(office.database) as tx:
        wanted = {each.template for each in catalogue.all_types(tx)}
    for name in sorted(wanted):
        if not any((folder / f"{name}.toml").is_file() for folder in folders):
            raise NoTemplateError(params={"name": name})


def _folders(folder: Path) -> tuple[Path, ...]:
    return (folder,) if folder.is_dir() else ()
