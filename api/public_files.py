"""Our own public files as a check needs them: trust list, status lists, revocation lists, read from the registry.

Promises:
  * Each is opened by its one strict reader before it is used; what does not hold is left out and never believed.
  * Read anew at every call, so that what was published a moment ago counts; parsed once for each content.
  * The trust list's root is the one that the deployment was founded with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from registry import artefacts, catalogue
from registry.db import Database, reading
from verify.evidence import Evidence
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.status import StatusList, StatusListError, open_status_list
from verify.trust import TrustList, TrustListError, TrustListExpiredError, open_trust_list

TRUST_LIST: Final = "trust_list"
TRUST_LIST_NAME: Final = "trust-list"
TRUST_ROOT: Final = "trust_root"
TRUST_ROOT_NAME: Final = "trust-root"
REVOCATION: Final = "crl"
STATUS: Final = "status_list"
CERTIFICATE: Final = "certificate"
_STATUS_USE: Final = TRUST_LIST_USE[KeyPurpose.STATUS_LIST]


class NoTrustListError(TrustListError):
    """The registry holds no trust list; the deployment was not founded to the end."""

    code = "trust_list.missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFiles:
    """Reader of the registry's newest artefacts; `status_prefix` stands before a status list's number."""

    database: Database
    status_prefix: str

    def trust_list(self, *, at: datetime) -> TrustList:
        """Return the newest trust list. Raises a `TrustListError` when there is none that holds at this moment."""
        with reading(self.database) as tx:
            content = artefacts.latest(tx, TRUST_LIST, TRUST_LIST_NAME)
            root = artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME)
        return _opened_trust_list(content, root, at=at)

    def revocation_lists(self) -> tuple[bytes, ...]:
        """Return the newest revocation lists, as DER."""
        with reading(self.database) as tx:
            return tuple(content for _, content in artefacts.all_latest(tx, REVOCATION))

    def evidence(self, *, at: datetime) -> Evidence:
        """Return what a check may rely on, without the registry's own word."""
        with reading(self.database) as tx:
            content = artefacts.latest(tx, TRUST_LIST, TRUST_LIST_NAME)
            root = artefacts.latest(tx, TRUST_ROOT, TRUST_ROOT_NAME)
            revocation = artefacts.all_latest(tx, REVOCATION)
            lists = artefacts.all_latest(tx, STATUS)
            hours = {each.code: each.offline_hours for each in catalogue.all_types(tx)}
        try:
            trust = _opened_trust_list(content, root, at=at)
        except TrustListError:
            trust = None
        opened = {} if trust is None else self._opened_lists(trust, lists)
        return Evidence(
            trust=trust, crls=tuple(each for _, each in revocation), status_lists=opened, offline_hours=hours
        )

    def offline_hours(self) -> Mapping[str, int]:
        """Return for each licence type how old its status may be offline."""
        with reading(self.database) as tx:
            return {each.code: each.offline_hours for each in catalogue.all_types(tx)}

    def _opened_lists(self, trust: TrustList, lists: tuple[tuple[str, bytes], ...]) -> dict[str, StatusList]:
        opened = {}
        for number, content in lists:
            uri = f"{self.status_prefix}{number}"
            try:
                opened[uri] = _opened_status_list(trust, content, uri)
            except StatusListError:
                continue  # a list that does not hold is as good as none: the check says so
        return opened


def _opened_trust_list(content: bytes | None, root: bytes | None, *, at: datetime) -> TrustList:
    if content is None or root is None:
        raise NoTrustListError
    trust = _parsed_trust_list(content, root)
    if at >= trust.expires_at:
        raise TrustListExpiredError("past its end")
    return trust


@lru_cache(maxsize=4)
def _parsed_trust_list(content: bytes, root: bytes) -> TrustList:
    """Check signature and form; the age is the caller's, for what is cached does not grow old."""
    return open_trust_list(content, root, at=datetime.min.replace(tzinfo=UTC))


@lru_cache(maxsize=64)
def _opened_status_list(trust: TrustList, content: bytes, uri: str) -> StatusList:
    return open_status_list(
        content, uri=uri, keys=lambda kid: [key for _, key in trust.keys_for(kid, _STATUS_USE)]
    )
