"""Who acts on a seal, and on what grounds: checked before anything is done.

Promises: no act without reason and legal basis; what is missing or too long is named by its field.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from registry.records import Role
from registry.seal_records import SealDeed
from signer.change import LEGAL_BASIS_LENGTH_MAX, REASON_LENGTH_MAX, REFERENCE_LENGTH_MAX
from signer.desk import Operator
from signer.errors import ChangeRefusedError

CUSTODIANS: Final = frozenset({Role.SEAL_CUSTODIAN})
APPROVERS: Final = frozenset({Role.SEAL_APPROVER})
MANAGERS: Final = CUSTODIANS | APPROVERS
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Why an act on a seal or a grant is done; `reference` is the number of the decision, if it has one."""

    reason: str = field(repr=False)
    legal_basis: str
    reference: str = field(default="", repr=False)


def deed_of(grounds: Grounds, operator: Operator) -> SealDeed:
    """Return the deed to be recorded. Raises `ChangeRefusedError` with the field that is missing or wrong."""
    return SealDeed(
        person=operator.person_id,
        role=operator.role.value,
        reason=_checked("reason", grounds.reason, REASON_LENGTH_MAX),
        legal_basis=_checked("legal_basis", grounds.legal_basis, LEGAL_BASIS_LENGTH_MAX),
        reference=_checked("reference", grounds.reference, REFERENCE_LENGTH_MAX) if grounds.reference.strip() else "",
    )


def _checked(name: str, value: str, length_max: int) -> str:
    text = value.strip()
    if not text or len(text) > length_max or _CONTROL.search(text):
        raise ChangeRefusedError(params={"field": name})
    return text
