"""`licence holder-code`: lets a licence's holder look at their own licences, and show them live.

Promises: the code is shown once and kept nowhere; who hands it out has seen that it is the holder.
"""

import typer

from api.cli.licences import IdArgument, find, licence
from api.cli.program import session_of
from registry.db import transaction
from registry.holder_access import CODE_LIFE, Holder, invite


@licence.command(
    "holder-code",
    help="给持证人一个一次性访问码，查看和出示自己的证照。 Give the holder a code, good once, to show licences.",
)
def give_holder_code(context: typer.Context, licence_id: IdArgument) -> None:
    """Make a code for the holder of a licence."""
    session = session_of(context)
    record = find(session, licence_id)
    office = session.office
    holder = Holder(record.holder_code, record.holder_code_type)
    with transaction(office.database) as tx:
        code = invite(tx, holder, at=office.clock(), random=office.random)
    address = f"{session.settings.public_address}/holder"
    days = str(CODE_LIFE.days)
    text = session.screen.say(
        f"✔ 访问码  {code}（{days} 天内有效，用一次）\n  网址    {address}",
        f"✔ Access code  {code} (good once, for {days} days)\n  page         {address}",
    )
    session.screen.result({"code": code, "address": address, "days": CODE_LIFE.days}, text)
