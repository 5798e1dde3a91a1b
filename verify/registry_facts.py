"""The facts of a licence as its registry states them: what every check that could ask the registry shows.

Promises: what the registry states now replaces what a paper or code said; nothing is judged here.
"""

from verify.evidence import RegistryAnswer
from verify.facts import Facts


def facts_with(facts: Facts, answer: RegistryAnswer) -> Facts:
    """Return the facts as the registry states them now."""
    return facts._replace(
        identifier=answer.identifier,
        type_code=answer.type_code,
        type_name=answer.type_name,
        type_name_en=answer.type_name_en,
        number=answer.number,
        holder=answer.holder_name,
        holder_kind=answer.holder_kind,
        holder_uscc=answer.holder_uscc or "",
        issuer=answer.issuer,
        issuer_name=answer.issuer_name,
        issuer_name_en=answer.issuer_name_en,
        valid_from=answer.valid_from,
        valid_until=answer.valid_until,
        long_term=answer.valid_until is None,
        state=answer.state,
        state_since=answer.event_effective_on,
        state_reason=answer.event_reason or "",
        state_legal_basis=answer.event_legal_basis or "",
        state_reference=answer.event_reference or "",
        suspended_until=answer.suspended_until,
        papers_due=answer.papers_due,
        superseded_by=answer.superseded_by or "",
        superseded_by_number=answer.superseded_by_number or "",
    )
