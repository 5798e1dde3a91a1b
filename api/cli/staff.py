"""`staff add|list|close`: who works where, and in which roles; a new office begins with these.

Promises: nobody manages seals and uses or audits them as well. A closed account's acts stay on record.
"""

from typing import Annotated

import typer

from api.cli.errors import NoSuchNameError
from api.cli.program import group, session_of
from api.texts import sentence
from registry import departments, people
from registry.db import reading, transaction
from registry.records import Person, Role

PersonArgument = Annotated[str, typer.Argument(metavar="PERSON", help="人员编号。 Id of the person.")]

staff = group("staff")


@staff.command(help="登记一名工作人员。 Add a member of staff.")
def add(
    context: typer.Context,
    person_id: PersonArgument,
    department: Annotated[str, typer.Option(metavar="USCC", help="所属部门代码（18 位）。 Code of the department.")],
    *,
    name: Annotated[str, typer.Option(metavar="TEXT", help="姓名。 Name.")],
    roles: Annotated[list[Role], typer.Option("--role", help="角色（可多次）。 Role (repeatable).")],
) -> None:
    """Add a person; the system's own role is nobody's."""
    session = session_of(context)
    if Role.SYSTEM in roles:
        raise typer.BadParameter(Role.SYSTEM.value, param_hint="--role")
    added = Person(person_id=person_id, department=department, name=name, roles=frozenset(roles))
    with transaction(session.office.database) as tx:
        if departments.find_department(tx, department) is None:
            raise NoSuchNameError(params={"name": department})
        people.add_person(tx, added)
    session.screen.result(_object(added), session.screen.say(f"✔ 已登记 {person_id}", f"✔ Added {person_id}"))


@staff.command("list", help="列出工作人员。 List the staff.")
def list_staff(
    context: typer.Context,
    department: Annotated[
        str | None, typer.Option(metavar="USCC", help="部门代码，缺省为全部。 Code of a department; all if left out.")
    ] = None,
) -> None:
    """List people whose accounts are open."""
    session = session_of(context)
    screen = session.screen
    with reading(session.office.database) as tx:
        offices = [each for each in departments.all_departments(tx) if department in {None, each.uscc}]
        found = [person for office in offices for person in people.people_of(tx, office.uscc)]
    if not offices:
        raise NoSuchNameError(params={"name": department or ""})
    if screen.as_json:
        for each in found:
            screen.result(_object(each), "")
        return
    headings = ("编号", "部门", "姓名", "角色") if screen.language == "zh" else ("id", "department", "name", "roles")
    rows = []
    for each in found:
        roles = " ".join(sentence(f"role.{role.value}", screen.language) for role in sorted(each.roles))
        rows.append((each.person_id, each.department, each.name, roles))
    screen.result({}, screen.table(headings, rows))


@staff.command(help="停用一个人员账号。 Close an account; what it did stays on record.")
def close(context: typer.Context, person_id: PersonArgument) -> None:
    """Close an account."""
    session = session_of(context)
    with transaction(session.office.database) as tx:
        if people.find_person(tx, person_id) is None:
            raise NoSuchNameError(params={"name": person_id})
        people.close_person(tx, person_id)
    session.screen.result(
        {"person_id": person_id, "closed": True}, session.screen.say(f"已停用 {person_id}", f"Closed {person_id}")
    )


def _object(person: Person) -> dict[str, object]:
    return {
        "person_id": person.person_id,
        "department": person.department,
        "name": person.name,
        "roles": sorted(person.roles),
    }
