"""`webhook`: the administrator's list of addresses that are told of recalls, and messages on their way to them."""

from typing import Annotated

import typer

from api.cli.errors import NoSuchNameError
from api.cli.program import group, session_of
from api.webhooks import check_address, send_due
from registry import departments, webhooks
from registry.db import reading, transaction
from registry.webhooks import WebhookTarget
from verify.licence import ISSUER_ZONE

webhook = group("webhook")
_ID_BYTES = 8

TargetArgument = Annotated[str, typer.Argument(metavar="TARGET", help="推送地址编号。 Id of an address.")]


@webhook.command("add", help="登记推送地址：https，或本机 http。 List an address: https, or http on this machine.")
def add_webhook(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="对方系统的地址。 Address of the other system.")],
    department: Annotated[str, typer.Option(help="所属部门代码（18 位）。 Code of its department.")],
) -> None:
    """List an address of a department."""
    session = session_of(context)
    office = session.office
    target = WebhookTarget(
        target_id=office.random(_ID_BYTES).hex(),
        office=department,
        url=check_address(url),
        is_active=True,
        added_at=office.clock(),
    )
    with transaction(office.database) as tx:
        if departments.find_department(tx, department) is None:
            raise NoSuchNameError(params={"name": department})
        webhooks.add_target(tx, target)
    value = {"target_id": target.target_id, "department": department, "url": target.url}
    session.screen.result(value, session.screen.say(f"已登记 {target.target_id}", f"Listed {target.target_id}"))


@webhook.command("list", help="列出推送地址。 List the addresses.")
def list_webhooks(context: typer.Context) -> None:
    """List the addresses of all departments."""
    session = session_of(context)
    with reading(session.office.database) as tx:
        listed = webhooks.list_targets(tx)
    for each in listed:
        state = session.screen.say("在用", "in use") if each.is_active else session.screen.say("已停用", "closed")
        value = {"target_id": each.target_id, "department": each.office, "url": each.url, "active": each.is_active}
        session.screen.result(value, f"{each.target_id}  {each.office}  {state}  {each.url}")


@webhook.command("close", help="停用推送地址。 Send nothing more to an address.")
def close_webhook(context: typer.Context, target_id: TargetArgument) -> None:
    """Close an address."""
    session = session_of(context)
    with transaction(session.office.database) as tx:
        webhooks.close_target(tx, target_id)
    session.screen.result({"target_id": target_id, "active": False}, session.screen.say("已停用", "Closed"))


@webhook.command("messages", help="列出发往一个地址的消息。 List the messages to an address.")
def list_messages(
    context: typer.Context,
    target_id: TargetArgument,
    *,
    limit: Annotated[int, typer.Option(min=1, max=webhooks.PAGE_MAX, help="最多几条。 At most so many.")] = 50,
) -> None:
    """List messages, the newest first."""
    session = session_of(context)
    with reading(session.office.database) as tx:
        found = webhooks.list_deliveries(tx, target_id, limit=limit)
    for each in found:
        made = each.created_at.astimezone(ISSUER_ZONE).isoformat(sep=" ", timespec="seconds")
        value = {
            "message_id": each.message_id,
            "created_at": each.created_at.isoformat(),
            "state": each.state,
            "attempts": each.attempts,
            "last_status": each.last_status,
        }
        session.screen.result(value, f"{each.message_id}  {made}  {each.state}  {each.attempts}  {each.last_status}")


@webhook.command("resend", help="再发一条消息。 Send a message again.")
def resend_message(
    context: typer.Context, message_id: Annotated[str, typer.Argument(metavar="MESSAGE", help="消息编号。 Its id.")]
) -> None:
    """Let a message be sent again, by the worker's next round."""
    session = session_of(context)
    with transaction(session.office.database) as tx:
        webhooks.send_again(tx, message_id, at=session.office.clock())
    session.screen.result({"message_id": message_id}, session.screen.say("将再发送", "Will be sent again"))


@webhook.command("send", help="发送到时的消息。 Send the messages whose time has come.")
def send_messages(context: typer.Context) -> None:
    """Send what is due now; `serve` and `work` do so by themselves."""
    session = session_of(context)
    taken = send_due(session.office)
    session.screen.result({"taken": taken}, session.screen.say(f"对方已收 {taken} 条", f"{taken} taken"))
