"""Who acts at the command line.

Promises:
  * An act is always somebody's: the one named by `--as`, or the only one of the department who has the role.
  * What a role may do is judged where the act is done, not here.

Whoever may read the passphrase of the keys is trusted to name the person; over HTTP callers prove who they are.
"""

from typing import Annotated, Final

import typer

from api.cli.errors import PersonAmbiguousError, PersonUnknownError
from registry import people
from registry.db import Database, reading
from registry.records import Person, Role
from signer.desk import Operator

ByOption = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="PERSON", help="经办人编号；只有一人时可省。 Who acts; may be left out when only one can."
    ),
]
ApprovedByOption = Annotated[
    str | None,
    typer.Option(
        "--approved-by",
        metavar="PERSON",
        help="审核人编号；须审核的证照类型必填。 Who approved it; needed by types that demand a reviewer.",
    ),
]
_FIRST_NAMED: Final = 5


def operator_for(database: Database, department: str, role: Role, person_id: str | None) -> Operator:
    """Return who acts for a department in a role. Raises `PersonUnknownError`, `PersonAmbiguousError`."""
    with reading(database) as tx:
        staff = people.people_of(tx, department)
    fitting = [each for each in staff if role in each.roles and person_id in {None, each.person_id}]
    if not fitting:
        raise PersonUnknownError(params={"name": person_id or role.value, "department": department})
    if len(fitting) > 1:
        names = ", ".join(each.person_id for each in fitting[:_FIRST_NAMED])
        raise PersonAmbiguousError(params={"name": names, "department": department})
    return Operator(person_id=fitting[0].person_id, department=department, role=role)


def first_people(department: str, name: str) -> tuple[Person, ...]:
    """Return the persons with whom an issuing department begins: two who issue and approve, two who manage its seal."""
    officer = Person(
        person_id=f"officer-{department}",
        department=department,
        name=f"{name}经办人",
        roles=frozenset({Role.ISSUING_OFFICER, Role.COUNTER}),
    )
    reviewer = Person(
        person_id=f"reviewer-{department}",
        department=department,
        name=f"{name}审核人",
        roles=frozenset({Role.REVIEWER, Role.COUNTER}),
    )
    custodian = Person(
        person_id=f"custodian-{department}",
        department=department,
        name=f"{name}印章保管人",
        roles=frozenset({Role.SEAL_CUSTODIAN}),
    )
    approver = Person(
        person_id=f"approver-{department}",
        department=department,
        name=f"{name}印章审批人",
        roles=frozenset({Role.SEAL_APPROVER}),
    )
    return officer, reviewer, custodian, approver
