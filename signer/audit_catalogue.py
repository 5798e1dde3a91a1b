"""Part of an audit: the catalogue against itself, and the departments against the trust list.

Promises:
  * What stands out of a type's or an item's definition for quick answers (names, hours, the day from which it holds) is
    what the definition says; a definition that cannot be read any more is named.
  * A department bears the name that the trust list gives it, where it stands there.

Not here, for nothing signed tells of them: the rest of a definition, and of a department all but its name. What a
licence says stands in its signed data set, whatever the catalogue says later.
"""

from registry import catalogue, departments
from registry.db import Database, reading
from registry.errors import RegistryError
from signer.audit_columns import different
from signer.audit_report import Findings
from verify.errors import MalformedError
from verify.trust import TrustList


def judge_catalogue(database: Database, findings: Findings, trust: TrustList | None) -> None:
    """Judge types, items and departments."""
    with reading(database) as tx:
        types, items = catalogue.stored_types(tx), catalogue.stored_items(tx)
        offices = departments.all_departments(tx)
    for row in types:
        columns = _type_otherwise(row)
        findings.demand(not columns, "audit.type", type_code=row.code, version=row.version, columns=columns)
    for item in items:
        columns = _item_otherwise(item)
        findings.demand(not columns, "audit.item", item_code=item.item_code, columns=columns)
    for office in offices:
        entry = None if trust is None else trust.issuer(office.uscc)
        agrees = entry is None or entry.name == office.name
        findings.demand(agrees, "audit.department", department=office.uscc)
    missing = set() if trust is None else {each.issuer for each in trust.issuers} - {each.uscc for each in offices}
    for uscc in sorted(missing):
        findings.demand(False, "audit.department", department=uscc)


def _type_otherwise(row: catalogue.StoredType) -> str:
    try:
        told = catalogue.type_of_definition(row.definition)
    except (RegistryError, MalformedError, ValueError, TypeError, LookupError):
        return "definition"
    names = ("code", "version", "in_force_from", "name", "name_en", "offline_hours")
    return different({name: (getattr(row, name), getattr(told, name)) for name in names})


def _item_otherwise(row: catalogue.StoredItem) -> str:
    try:
        told = catalogue.item_of_definition(row.definition)
    except (RegistryError, MalformedError, ValueError, TypeError, LookupError):
        return "definition"
    return different({name: (getattr(row, name), getattr(told, name)) for name in ("item_code", "name")})
