"""`staff invite|link`: how a member of staff gets in: by an invitation, or by who they are at the identity provider."""

from typing import Annotated

import typer

from api.cli.errors import NoSuchNameError
from api.cli.program import session_of
from api.cli.staff import PersonArgument, staff
from registry import accounts
from registry.db import Database, reading, transaction
from registry.people import find_person


@staff.command(help="发邀请：本人用它设置口令，只显示这一次。 Invite somebody to choose a password; shown this once.")
def invite(
    context: typer.Context,
    person_id: PersonArgument,
    by: Annotated[str, typer.Option("--as", metavar="PERSON", help="经办人编号。 Who invites.")] = "command-line",
) -> None:
    """Make an invitation and show its address."""
    session = session_of(context)
    office = session.office
    _demand_person(session.office.database, person_id)
    from api.staff.house import open_sign_in  # needed by this command only

    code = open_sign_in(office).invite(person_id, made_by=by, at=office.clock())
    address = f"{office.settings.public_address}/invitation#{code}"
    session.screen.result(
        {"person_id": person_id, "address": address},
        session.screen.say(
            f"请把这个地址交给 {person_id}（四天内有效，只能用一次）：\n{address}",
            f"Hand this address to {person_id} (good for four days, once):\n{address}",
        ),
    )


@staff.command(help="登记某人在统一身份平台的标识（sub）。 Say who somebody is at the identity provider.")
def link(
    context: typer.Context,
    person_id: PersonArgument,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="平台给出的 sub。 The provider's `sub`.")],
) -> None:
    """Link a person with a subject of the provider of the settings."""
    session = session_of(context)
    issuer = session.settings.oidc_issuer
    if issuer is None:
        raise NoSuchNameError(params={"name": "YINZHENG_OIDC_ISSUER"})
    _demand_person(session.office.database, person_id)
    with transaction(session.office.database) as tx:
        accounts.link_subject(tx, issuer, subject, person_id)
    session.screen.result(
        {"person_id": person_id, "issuer": issuer, "subject": subject},
        session.screen.say(f"已登记 {person_id}", f"Linked {person_id}"),
    )


def _demand_person(database: Database, person_id: str) -> None:
    with reading(database) as tx:
        if find_person(tx, person_id) is None:
            raise NoSuchNameError(params={"name": person_id})
