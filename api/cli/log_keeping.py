"""`log recover|lost|export|turn`: what keeps the signing log over restores, servers and years.

Promises:
  * `recover` writes only what is proven, and names each act that is lost; `lost` names them again at any time.
  * `export` needs the database alone and makes the same files again, byte for byte.
  * `turn` is done only when the new name is given twice; nothing is asked.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from api.cli.program import Session, group, session_of
from api.publishing import publish_files
from api.texts import sentence
from api.wiring import build, desk_settings
from registry import leaves
from registry.db import reading
from registry.recovered import RecoveredLeaf
from registry.recovered import recovered as recovered_leaves
from signer.log_files import FolderStore
from signer.log_recovery import LogRecovered, recover_log
from signer.log_restored import Restored, restore_public
from signer.log_turn import turn_log
from signer.statuses import refresh_status_lists
from signer.trust_lists import renew_trust_list

log = group("log")


@log.command(
    help="恢复旧备份之后：从已公布的文件找回缺少的条目（逐条验证），并列出丢失的事项。"
    " After an older backup was restored: bring the missing entries back from the published files, proven, and name"
    " the acts that are lost."
)
def recover(context: typer.Context) -> None:
    """Bring the log back, then the lists, and tell what people must do again."""
    session = session_of(context)
    office = session.office
    signing_log = office.open_log(office.open_custody())
    done = recover_log(signing_log, office.published, office.vault, at=office.clock())
    public = restore_public(
        office.database,
        office.published,
        origin=signing_log.origin,
        status_prefix=desk_settings(office.settings).status_prefix,
        at=office.clock(),
    )
    refresh_status_lists(office.desk, at=office.clock())  # older ones must not take the place of what the public has
    publish_files(office)
    _show_recovered(session, done, public)
    _show(session, done.lost)


def _show_recovered(session: Session, done: LogRecovered, public: Restored) -> None:
    screen = session.screen
    value = {
        "first": done.first,
        "entries": done.count,
        "trust_list": public.trust_list,
        "revoked": list(public.revoked),
        "ended": list(public.ended),
    }
    lines = [
        screen.say(
            f"已从公布的文件找回 {done.count} 条（自第 {done.first} 条起），逐条验证无误"
            if done.count
            else "数据库不缺条目",
            f"Brought back {done.count} entries from {done.first} on, each proven"
            if done.count
            else "The database lacks no entry",
        )
    ]
    if public.trust_list is not None:
        lines.append(screen.say(f"信任名单：第 {public.trust_list} 版", f"Trust list: number {public.trust_list}"))
    lines += [screen.say(f"证书已吊销：{each}", f"Certificate is revoked: {each}") for each in public.revoked]
    lines += [
        screen.say(
            f"证照 {each}：公众已知其失效或停用，办理该事项的记录已丢失，请补办",
            f"Licence {each}: the public was told that it ended or is suspended; that act is lost, do it again",
        )
        for each in public.ended
    ]
    screen.result(value, "\n".join(lines))


@log.command(help="列出恢复备份后丢失的事项，供补办。 List the acts that a restore lost, so that people do them again.")
def lost(context: typer.Context) -> None:
    """List the leaves that came back, and what is known of each."""
    session = session_of(context)
    with reading(session.office.database) as tx:
        found = [each for head in leaves.all_heads(tx) for each in recovered_leaves(tx, head.origin)]
    _show(session, found)


@log.command(
    help="由数据库重新生成全部公开文件，写入一个文件夹，任何网页服务器都可提供。"
    " Make all public files anew from the database, into a folder that any web server carries."
)
def export(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="文件夹，可以是空的。 Folder, may be empty.")],
) -> None:
    """Export the public files."""
    session = session_of(context)
    office = session.office
    done = publish_files(office, FolderStore(folder))
    session.screen.result(
        {"size": done.size, "files": done.files, "folder": str(folder)},
        session.screen.say(
            f"日志 {done.size} 条；{folder} 中新写 {done.files} 个文件",
            f"The log has {done.size} entries; {done.files} files written in {folder}",
        ),
    )


@log.command(
    help="日志换卷：以最后一条封闭现名称，改用新名称续写同一棵树，重签并公布信任名单；每年一次。"
    " Once a year: close the log's name by a last entry and let the tree go on under a new one; trust list and files"
    " are published."
)
def turn(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="新名称，如 licences.example.gov.cn/log/2027。 The log's new name."),
    ],
    *,
    confirm: Annotated[
        str, typer.Option("--confirm", metavar="NAME", help="再写一次新名称。 The new name again, to confirm.")
    ],
) -> None:
    """Turn the log, then sign a trust list that names both, with keys that believe the new name."""
    session = session_of(context)
    screen = session.screen
    if confirm != name:
        raise typer.BadParameter(
            screen.say("与新名称不一致，未做任何更改", "not the new name; nothing was changed"), param_hint="--confirm"
        )
    before = session.office.desk.log
    turn_log(before, name)
    office = build(session.office.settings)
    trust = renew_trust_list(office.key_desk, at=office.clock())
    published = publish_files(office)
    office.close()
    screen.result(
        {"origin": name, "before": before.origin, "size": published.size, "trust_list": trust.sequence},
        screen.say(
            f"日志 {before.origin} 已封闭，改用 {name} 续写；信任名单第 {trust.sequence} 版，已公布。"
            "正在运行的服务请重启。",
            f"The log {before.origin} is closed and goes on as {name}; trust list number {trust.sequence} is published."
            " Restart running services.",
        ),
    )


def _show(session: Session, found: Sequence[RecoveredLeaf]) -> None:
    """Show one line a leaf: what it tells, and the document that is left of it."""
    screen = session.screen
    for each in found:
        known = {"number": each.number or "", "licence_id": each.licence_id or "", "document": each.document or ""}
        params = {"leaf": str(each.leaf_index), "what": each.what} | {
            name: text for name, text in known.items() if text
        }
        value = {"leaf": each.leaf_index, "what": each.what} | {name: text or None for name, text in known.items()}
        screen.result(value, "  " + sentence("ui.log.lost", screen.language, params))
