"""Which purpose a key signs for, and whose it is: so that no intent passes for one of another purpose or office.

Promises:
  * A key has one purpose: the one for which the trust list has it, else the one under which the log named it first.
  * Whose a code key is, the trust list says; keys of documents and seals stand there after a theft only, and whose they
    are is in their certificates, within the files.
"""

from collections.abc import Mapping
from typing import Final

from verify.key_purpose import TRUST_LIST_USE, KeyPurpose
from verify.log_audit.findings import Findings
from verify.trust import TrustList
from verify.usual_entry import EntryShape

# Thirteen purposes of some thousand offices, in some generations; keys beyond are left alone.
KEYS_MAX: Final = 50_000
_PURPOSE_OF_USE: Final = {use: purpose.value for purpose, use in TRUST_LIST_USE.items()}
_CODE: Final = KeyPurpose.CODE


class KeyOwners:
    """What is known of the log's keys by their ids."""

    def __init__(self, findings: Findings, trust: TrustList | None) -> None:
        self._findings = findings
        self._trust = trust
        self._purposes: dict[bytes, str] = {}
        self._unlisted: set[bytes] = set()
        for issuer in () if trust is None else trust.issuers:
            self._purposes |= {key.kid: _PURPOSE_OF_USE[key.use] for key in issuer.keys}

    def judge(self, index: int, shape: EntryShape) -> None:
        """See that an intent's key is for the purpose that the intent says."""
        known = self._purposes.get(shape.kid)
        if known == shape.first:
            return
        if known is not None:
            self._findings.fail("checker.key_other_use", index=index, what=shape.first, expected=known, found=shape.kid)
        elif shape.kid and len(self._purposes) < KEYS_MAX:
            self._purposes[shape.kid] = shape.first

    def demand_issuer(self, index: int, kid: bytes, issuer: object) -> None:
        """See that a code key is that of the office for which the registry has the licence."""
        if self._trust is None:
            return
        owners = {each.issuer for each, _key in self._trust.keys_for(kid, TRUST_LIST_USE[_CODE])}
        if owners and issuer not in owners:
            expected = " ".join(sorted(owners))
            self._findings.fail("checker.row_differs", index=index, what="issuer", expected=expected, found=issuer)
        elif not owners and kid not in self._unlisted and len(self._unlisted) < KEYS_MAX:
            self._unlisted.add(kid)
            self._findings.unknown("checker.key_unlisted", index=index, found=kid)

    def state(self) -> dict[str, str]:
        """Return what was learnt, for JSON."""
        return {kid.hex(): purpose for kid, purpose in self._purposes.items()}

    def restore(self, state: object) -> None:
        """Take up what ``state`` gave; the trust list at hand says more."""
        learnt = (
            {bytes.fromhex(str(kid)): str(each) for kid, each in state.items()} if isinstance(state, Mapping) else {}
        )
        self._purposes = learnt | self._purposes
