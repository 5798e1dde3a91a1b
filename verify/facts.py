"""Facts of a licence as a verdict shows them, and who may see how many of them.

Promises:
  * ``public`` shows what stands on an enterprise's own wall: kind, holder (a person's masked), number, issuer, term,
    state; no identity number, no code of a person, no reason of an act, nothing of the fields.
  * A fact that nobody checked is no fact: what is not genuine leaves its kind and its claimed issuer, nothing else.
  * A repr shows no holder.
"""

from datetime import date
from typing import Any, Final, NamedTuple

from verify.errors import MalformedError
from verify.licence import HolderKind, mask_name
from verify.states import LicenceState
from verify.values import LicenceId

_DAYS: Final = frozenset({"valid_from", "valid_until", "state_since", "suspended_until", "papers_due", "sealed_on"})
FACT_LENGTH_MAX: Final = 4000


class FactsError(MalformedError):
    """Not the facts of a verdict object."""

    code = "facts.malformed"


class Facts(NamedTuple):
    """What is known of one licence version; an empty text or None is not known.

    ``long_term`` tells a licence without an end from one whose end nobody knows. The last ones tell of the state:
    since when, on what ground, until when. An official document has ``official_id`` in place of a licence's id; the
    mandate is the one that was signed: grant, item, law and role, never a person.
    """

    licence_id: str = ""
    identifier: str = ""
    type_code: str = ""
    type_name: str = ""
    type_name_en: str = ""
    number: str = ""
    holder: str = ""
    holder_kind: HolderKind | None = None
    holder_uscc: str = ""
    issuer: str = ""
    issuer_name: str = ""
    issuer_name_en: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    long_term: bool = False
    state: LicenceState | None = None
    state_since: date | None = None
    state_reason: str = ""
    state_legal_basis: str = ""
    state_reference: str = ""
    suspended_until: date | None = None
    papers_due: date | None = None
    superseded_by: str = ""
    superseded_by_number: str = ""
    official_id: str = ""
    sealed_on: date | None = None
    seal_name: str = ""
    seal_code: str = ""
    mandate_grant: str = ""
    mandate_item: str = ""
    mandate_legal_basis: str = ""
    mandate_role: str = ""

    def __repr__(self) -> str:
        return f"Facts({self.licence_id or self.official_id})"

    def public(self) -> "Facts":
        """Return what everybody may see; masking a masked name changes nothing that is still to be read."""
        holder = mask_name(self.holder) if self.holder_kind is HolderKind.PERSON else self.holder
        return self._replace(holder=holder, holder_uscc="", state_reason="")

    def of_no_licence(self) -> "Facts":
        """Return what is left when nothing of it is genuine."""
        return Facts(
            type_code=self.type_code,
            type_name=self.type_name,
            type_name_en=self.type_name_en,
            issuer=self.issuer,
            issuer_name=self.issuer_name,
            issuer_name_en=self.issuer_name_en,
        )


def facts_object(facts: Facts) -> dict[str, object]:
    """Return the facts as JSON values, without those that are not known."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in zip(Facts._fields, facts, strict=True)
        if value
    }


def facts_from_object(entries: object) -> Facts:
    """Read the facts back; raises ``FactsError`` for anything that ``facts_object`` would not write."""
    if not isinstance(entries, dict) or not entries.keys() <= _NAMES:
        raise FactsError("not the names of facts")
    try:
        values: dict[str, Any] = {name: _fact(name, value) for name, value in entries.items()}
    except ValueError as error:
        raise FactsError("not the value of a fact") from error
    return Facts(**values)


_NAMES: Final = frozenset(Facts._fields)


def _fact(name: str, value: object) -> object:
    if name == "long_term":
        return value is True
    if not isinstance(value, str) or not 0 < len(value) <= FACT_LENGTH_MAX:
        raise FactsError("a fact is a text")
    if name in _DAYS:
        return date.fromisoformat(value)
    if name == "holder_kind":
        return HolderKind(value)
    if name == "official_id":
        return LicenceId.parse(value).text
    return LicenceState(value) if name == "state" else value
