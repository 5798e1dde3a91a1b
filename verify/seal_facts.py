"""What a signed document says of the seal under which it was signed, as facts: name, code, grant, item, law, role.

Promises: only signed data, and never a person. A PDF holds no seal: its code is that at the head of the grant's id.
"""

import re
from typing import Final

from verify.facts import Facts
from verify.signed_document import SignedDocument

_GRANT: Final = re.compile(r"([0-9]{14})-[0-9]{4,}")


def with_seal(facts: Facts, signed: SignedDocument) -> Facts:
    """Return the facts with those of seal and mandate; a document without them leaves all as it is."""
    mandate, seal = signed.mandate, signed.seal
    grant = (mandate.grant if mandate is not None else None) or ""
    of_grant = _GRANT.fullmatch(grant)
    code = seal.code if seal is not None else of_grant[1] if of_grant else ""
    return facts._replace(
        seal_name="" if seal is None else seal.name,
        seal_code=code,
        mandate_grant=grant,
        mandate_item=(mandate.item_code if mandate is not None else None) or "",
        mandate_legal_basis="" if mandate is None else mandate.legal_basis,
        mandate_role="" if mandate is None else mandate.role,
    )
