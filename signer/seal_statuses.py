"""Publish the status lists of seals: two bits for each seal, in the form of the licences' lists.

Promises: as those of `statuses`. A seal's list and place follow from its code (`registry/seals.py`), so whoever holds a
seal object knows where to look: `<prefix>seal-<division>-<block>`.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from registry import seals
from registry.db import Transaction, reading
from signer.desk import Desk
from signer.statuses import ListSource, pack_values, refresh_list

KIND: Final = "seal_status_list"
"""The kind of artefact; its name is that of the list."""
_ADDRESS: Final = "seal-"


def seal_list_address(prefix: str, name: str) -> str:
    """Return the address of a list of seals, by the prefix in the owner's entry of the trust list."""
    return f"{prefix}{_ADDRESS}{name}"


def refresh_seal_lists(desk: Desk, *, at: datetime, only: Collection[str] | None = None) -> tuple[str, ...]:
    """Sign and keep the lists that changed or are old, all or only those of these seals; return their names."""
    with reading(desk.database) as tx:
        names = seals.seal_statuses(tx)
    wanted = names if only is None else {seals.status_place(code)[0] for code in only}
    return tuple(name for name in sorted(wanted) if refresh_list(desk, _source(desk, name), at=at))


def _source(desk: Desk, name: str) -> ListSource:
    def packed(tx: Transaction) -> bytes:
        return pack_values(seals.seal_statuses(tx).get(name, {}))

    return ListSource(kind=KIND, name=name, address=seal_list_address(desk.settings.status_prefix, name), packed=packed)
