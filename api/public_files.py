"""Our own public files as a check needs them: trust list, status lists, revocation lists, read from the registry.

Promises:
  * Each is opened by its one strict reader before it is used; what does not hold is left out and never believed.
  * The registry is asked at every call whether anything is new, so that what was published a moment ago counts; only
    then it is read again, and parsed once for each content.
  * The trust list is checked against the root that the deployment keeps beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from registry import artefacts, catalogue
from registry.db import Database, reading
from signer.public_lists import REVOCATION, TRUST_LIST, TRUST_ROOT, newest_trust_list, revocation_lists
from verify.evidence import Evidence
from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.status import StatusList, StatusListError, open_status_list
from verify.trust import TrustList, TrustListError

STATUS: Final = "status_list"
_STATUS_USE: Final = TRUST_LIST_USE[KeyPurpose.STATUS_LIST]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFiles:
    """Reader of the registry's newest artefacts; `status_prefix` stands before a status list's number."""

    database: Database
    status_prefix: str
    _kept: list[tuple[object, Evidence]] = field(default_factory=list, init=False, repr=False)

    def trust_list(self, *, at: datetime) -> TrustList | None:
        """Return the newest trust list, None when there is none that holds at this moment."""
        trust = self._trust_list()
        return trust if _holds(trust, at=at) else None

    def _trust_list(self) -> TrustList | None:
        try:
            return newest_trust_list(self.database)
        except TrustListError:
            return None

    def evidence(self, *, at: datetime) -> Evidence:
        """Return what a check may rely on, without the registry's own word."""
        mark = artefacts.mark(self.database, (TRUST_LIST, TRUST_ROOT, STATUS, REVOCATION))
        for known, evidence in self._kept:
            if known == mark:
                return evidence if _holds(evidence.trust, at=at) else replace(evidence, trust=None, status_lists={})
        evidence = self._read()
        self._kept[:] = ((mark, evidence),)
        return evidence if _holds(evidence.trust, at=at) else replace(evidence, trust=None, status_lists={})

    def _read(self) -> Evidence:
        trust = self._trust_list()
        with reading(self.database) as tx:
            lists = artefacts.all_latest(tx, STATUS)
            types = catalogue.all_types(tx)
        return Evidence(
            trust=trust,
            crls=revocation_lists(self.database),
            status_lists={} if trust is None else self._opened_lists(trust, lists),
            offline_hours={each.code: each.offline_hours for each in types},
            type_names={each.code: (each.name, each.name_en) for each in types},
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


def _holds(trust: TrustList | None, *, at: datetime) -> bool:
    return trust is not None and at < trust.expires_at


@lru_cache(maxsize=64)
def _opened_status_list(trust: TrustList, content: bytes, uri: str) -> StatusList:
    return open_status_list(content, uri=uri, keys=lambda kid: [key for _, key in trust.keys_for(kid, _STATUS_USE)])
