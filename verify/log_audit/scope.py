"""What is audited, and by what.

Promises: all arguments that shape what an audit remembers are in ``bound``, so an interrupted one goes on under the
same alone. The others are looked at anew whenever it goes on: the moment, witnesses, checkpoints shown, digests wanted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from verify.log_audit.claims import Kept, Shown
from verify.log_audit.hours import OfficeHours
from verify.log_audit.records import RecordsManifest
from verify.log_audit.tallies import Limits
from verify.note import LogVerifier
from verify.trust import TrustList
from verify.witness_policy import WitnessPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """What is audited, and by what: ``roots`` are pinned keys of the trust list, ``at`` the moment of the audit.

    ``wanted`` are digests of signed bytes whose place in the log is asked for. ``only_new`` begins at the kept place.
    ``policy`` says which witnesses must have cosigned; ``prefix`` is where the log stands among the published files.
    ``sources`` are the caller's words for where the files come from.
    """

    verifiers: tuple[LogVerifier, ...]
    roots: tuple[bytes, ...]
    at: datetime
    kept: Kept | None = None
    shown: tuple[Shown, ...] = ()
    manifest: RecordsManifest | None = None
    wanted: frozenset[bytes] = frozenset()
    hours: OfficeHours = field(default_factory=OfficeHours)
    seed: str = ""
    sample_size: int = 0
    only_new: bool = False
    prefix: str = "log/"
    policy: WitnessPolicy = field(default_factory=WitnessPolicy)
    trust: TrustList | None = None
    limits: Limits = field(default_factory=Limits)
    sources: tuple[str, ...] = ()

    def bound(self, state_format: int) -> str:
        """Return the digest of what a saved state of this form must be of."""
        hours, limits = self.hours, self.limits
        told = [
            state_format,
            self.prefix,
            self.sources,
            sorted([each.name, each.public.hex()] for each in self.verifiers),
            sorted(each.hex() for each in self.roots),
            None if self.manifest is None else self.manifest.encode().hex(),
            [self.seed, self.sample_size],
            self.trust is None,
            _kept(self.kept) if self.only_new and self.kept is not None else None,
            [str(hours.opens), str(hours.closes), *(sorted(map(str, each)) for each in (hours.holidays, hours.work))],
            [limits.purposes, limits.days, limits.departments, limits.counts],
        ]
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _kept(kept: Kept) -> list[object]:
    told: tuple[Mapping[str, object], ...] = (kept.walk, kept.left, kept.before, kept.logged, kept.counted, kept.judged)
    return [kept.note, kept.rows, *map(dict, told)]
