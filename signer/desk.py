"""The desk: everything that an act with a key needs, put together once by `api/wiring.py`.

Promises:
  * Holds no state of its own but caches (encoded certificates, seals); share one desk among the threads of a process.
  * Reads no clock except through `clock`, which only the log and the time stamps use; acts get their moment as `at`.
  * Loads none of its parts: who only names an operator needs no press and no log.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from keys.custody import NATIONAL, Custody, KeyName
from keys.timestamps import TimestampSource
from registry.db import Database
from registry.records import Role
from registry.seal_records import SealUse
from registry.vault import FolderVault
from signer.errors import OtherDepartmentError, RoleError
from verify.evidence import Evidence
from verify.key_purpose import KeyPurpose
from verify.trust import TrustList, TrustListExpiredError
from verify.witness_policy import WitnessPolicy

if TYPE_CHECKING:
    from signer.log import SigningLog
    from signer.pades import SignerParts
    from signer.page.press import Press
    from signer.seal_parts import SealParts


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who acts: the person's id stays in our records, only the role is signed."""

    person_id: str
    department: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """What the office has set: the addresses of the deployment, and whether it is a sandbox.

    `test` prints a mark across every page. `host` (printed in codes), `status_prefix`, `crl_url` and `national_crl_url`
    (in certificates) come from here and never from a request. `timestamp_roots` are those of an outside time-stamp
    service: they go into the trust list, or nobody could check its stamps. `witnesses` go there too: whose cosignatures
    count is for the offline root to say.
    """

    host: str
    status_prefix: str
    crl_url: str | None = None
    national_crl_url: str | None = None
    test: bool = False
    status_days: int = 7
    timestamp_roots: tuple[bytes, ...] = field(default=(), repr=False)
    witnesses: WitnessPolicy = field(default_factory=WitnessPolicy, repr=False)

    def crl_url_of(self, authority: str) -> str | None:
        """Return where the revocation list of an authority of ours lies, by the authority's owner."""
        return self.national_crl_url if authority == NATIONAL else self.crl_url


def _go_on(_step: str) -> None:
    """Do nothing between two steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Database, vault, keys, log, time stamps and press of one deployment.

    `after` is called with a step's name when the step is done; fault tests kill the process there.
    """

    database: Database
    vault: FolderVault
    custody: Custody
    log: "SigningLog"
    timestamps: TimestampSource
    press: "Press"
    settings: DeskSettings
    trust: Callable[[], TrustList]
    revocation: Callable[[], tuple[bytes, ...]]
    random: Callable[[int], bytes]
    clock: Callable[[], datetime]
    after: Callable[[str], None] = _go_on
    _parts: "dict[KeyName, SignerParts]" = field(default_factory=dict, init=False, repr=False)
    _seals: "dict[tuple[str, int], SealParts]" = field(default_factory=dict, init=False, repr=False)

    def evidence(self, *, at: datetime) -> Evidence:
        """Return what a stranger would have to judge our work with: trust list and revocation lists, no registry.

        Raises `TrustListExpiredError`: what nobody could check is not issued.
        """
        return Evidence(trust=self.trust_list(at=at), crls=self.revocation())

    def trust_list(self, *, at: datetime) -> TrustList:
        """Return the trust list. Raises `TrustListExpiredError` when it has ended: renew it before issuing."""
        trust = self.trust()
        if at >= trust.expires_at:
            raise TrustListExpiredError("the deployment's own trust list has ended")
        return trust

    def key(self, purpose: KeyPurpose, owner: str) -> KeyName:
        """Return the newest key of this purpose and owner."""
        return self.custody.newest(purpose, owner)

    def signer_parts(self, key: KeyName) -> "SignerParts":
        """Return the constant parts of a document key's signatures, encoded at first use."""
        from signer.pades import SignerParts

        parts = self._parts.get(key)
        if parts is None:
            parts = self._parts[key] = SignerParts.of(self.custody.chain(key), self.custody.public_key(key).algorithm)
        return parts

    def seal(self, use: SealUse) -> "SealParts":
        """Return the seal of a use that was taken, read at the first use of this version."""
        from signer.seal_parts import SealParts

        parts = self._seals.get((use.code, use.version))
        if parts is None:
            parts = self._seals[use.code, use.version] = SealParts.read(self.database, use.code, use.version)
        return parts


def demand(operator: Operator, *, department: str, roles: frozenset[Role]) -> None:
    """Refuse an operator of another department or with another role; the system's own jobs act for every department."""
    if operator.role not in roles:
        raise RoleError(operator.role.value)
    if operator.role is not Role.SYSTEM and operator.department != department:
        raise OtherDepartmentError
