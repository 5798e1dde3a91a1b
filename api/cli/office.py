"""`keys`, `client`, `fonts`, `template`: what an office sets up once and changes seldom."""

import base64
from pathlib import Path
from typing import Annotated, Final, get_args

import typer

from api.cli.errors import ClientExistsError, FontError, NoSuchNameError
from api.cli.files import read_file, write_file
from api.cli.program import group, session_of
from api.cli.screen import Screen
from registry import departments, people
from registry.db import reading, transaction
from registry.records import ApiClient, Environment, Role
from signer.page.fonts import FontShelf
from signer.page.press import Press

# The largest font that we know, with every character of the plane, has 30 MB.
FONT_BYTES_MAX: Final = 64 * 1024 * 1024
_TRUE_TYPE: Final = (b"\x00\x01\x00\x00", b"true")

client = group("client")
fonts = group("fonts")
template = group("template")


@client.command(
    "add", help="登记一个系统；沙箱的密钥只显示这一次。 Add a system; one for trying gets a secret, shown once."
)
def add_client(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="接口账号。 Its id.")],
    department: Annotated[str, typer.Option(help="所属部门代码（18 位）。 Code of its department.")],
    *,
    name: Annotated[str, typer.Option(help="系统名称。 Its name.")] = "",
    roles: Annotated[list[Role] | None, typer.Option("--role", help="角色（可多次）。 Role (repeatable).")] = None,
    production: Annotated[
        bool, typer.Option("--production/--sandbox", help="正式或沙箱。 In service, or for trying.")
    ] = False,
) -> None:
    """Add a calling system; show its secret if it is for trying. One in service signs, or shows a certificate."""
    session = session_of(context)
    environment: Environment = get_args(Environment)[int(production)]
    added = ApiClient(
        key_id=key_id,
        department=department,
        roles=frozenset(roles or (Role.COUNTER,)),
        environment=environment,
        name=name or key_id,
    )
    with transaction(session.office.database) as tx:
        if departments.find_department(tx, department) is None:
            raise NoSuchNameError(params={"name": department})
        if any(each.key_id == key_id for each in people.clients_of(tx, department)):
            raise ClientExistsError(params={"name": key_id})
        bearer = None
        if production:
            people.add_client_in_service(tx, added)
        else:
            bearer = bearer_text(key_id, people.add_client(tx, added, random=session.office.random))
    value = {"key_id": key_id, "department": department, "bearer": bearer}
    session.screen.result(value, _added_words(session.screen, key_id, bearer))


def _added_words(screen: Screen, key_id: str, bearer: str | None) -> str:
    if bearer is None:
        return screen.say(
            f"已登记 {key_id}。正式系统没有共享密钥：请登记公钥（client key-add）或证书（client certificate-add）",
            f"Added {key_id}. A system in service has no shared secret: register its public key (client key-add) "
            "or its certificate (client certificate-add)",
        )
    return screen.say(
        f"已登记 {key_id}。请求头（只显示这一次）：\nAuthorization: Bearer {bearer}",
        f"Added {key_id}. Header of its requests (shown this once):\nAuthorization: Bearer {bearer}",
    )


@client.command("list", help="列出各部门的系统。 List the systems of all departments.")
def list_clients(context: typer.Context) -> None:
    """List the systems that may call."""
    session = session_of(context)
    with reading(session.office.database) as tx:
        listed = [each for office in departments.all_departments(tx) for each in people.clients_of(tx, office.uscc)]
    if session.screen.as_json:
        for each in listed:
            session.screen.result(
                {"key_id": each.key_id, "department": each.department, "name": each.name,
                 "roles": sorted(each.roles), "environment": each.environment}, "",
            )  # fmt: skip
        return
    headings = (
        ("账号", "部门", "名称", "角色", "环境")
        if session.screen.language == "zh"
        else ("id", "department", "name", "roles", "environment")
    )
    rows = [
        (each.key_id, each.department, each.name, " ".join(sorted(each.roles)), each.environment) for each in listed
    ]
    session.screen.result({}, session.screen.table(headings, rows))


@client.command("close", help="停用一个系统，不可恢复。 Close a system's key for good.")
def close_client(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="接口账号。 Its id.")],
) -> None:
    """Close a key."""
    session = session_of(context)
    with transaction(session.office.database) as tx:
        known = {
            each.key_id for office in departments.all_departments(tx) for each in people.clients_of(tx, office.uscc)
        }
        if key_id not in known:
            raise NoSuchNameError(params={"name": key_id})
        people.close_client(tx, key_id)
    session.screen.result(
        {"key_id": key_id, "closed": True}, session.screen.say(f"已停用 {key_id}", f"Closed {key_id}")
    )


@fonts.command("add", help="加入一个 TrueType 字体，补足生僻字。 Add a TrueType font for characters that ours lack.")
def add_font(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="字体文件。 The font's file.")],
) -> None:
    """Copy a font into the deployment, after it was opened once."""
    session = session_of(context)
    content = read_file(file, bytes_max=FONT_BYTES_MAX)
    if not content.startswith(_TRUE_TYPE):
        raise FontError(params={"name": file.name})
    target = session.settings.fonts_folder / f"{file.stem}.ttf"
    write_file(target, content)
    try:
        FontShelf.open((session.settings.fonts_folder,))
    except Exception as error:  # whatever a broken font provokes: it must not stay
        target.unlink()
        raise FontError(params={"name": file.name}) from error
    session.screen.result(
        {"font": str(target)},
        session.screen.say(
            f"已加入：{target}。正在运行的服务重启后使用。",
            f"Added: {target}. Running services use it after a restart.",
        ),
    )


@template.command(help="用很长的样例数据生成一页，供检查模板。 Make a page of long sample data, to look at a template.")
def preview(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="模板名，即文件名。 The template's file name.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="写出的 PDF。 PDF to write.")],
) -> None:
    """Write a preview; needs no deployment, but uses the catalogue and fonts of one that is there."""
    session = session_of(context)
    office_fonts = (session.settings.fonts_folder,)
    office_templates = (session.settings.data / "templates",)
    press = Press.open(fonts=office_fonts, templates=office_templates)
    write_file(out, press.preview(name))
    session.screen.result({"file": str(out)}, session.screen.say(f"已写出：{out}", f"Written: {out}"))


def bearer_text(key_id: str, secret: bytes) -> str:
    """Return id and secret as they stand in the header of a request."""
    return f"{key_id}.{base64.urlsafe_b64encode(secret).rstrip(b'=').decode()}"
