"""`keys rotate|certify|compromised`: the next key, a certificate anew, and what follows a theft.

Promises:
  * Each is an act of two administrators, stands in the log, and ends with a new trust list that is published at once.
  * What cannot be taken back (`compromised`) is done only when the key's name is given twice; nothing is asked.
"""

from typing import Annotated

import typer

from api.cli.key_room import FirstOption, KeyArgument, SecondOption, administrators, keys
from api.cli.program import Session, session_of
from api.publishing import publish_files
from keys.custody import KeyName
from keys.errors import KeyMissingError
from signer.key_turns import certify_anew, cut_off, turn_key
from verify.algorithms import Algorithm


@keys.command(
    help="换密钥：生成下一代，签发证书，重签并公布信任名单；旧密钥签的仍有效。"
    " Make a key's next generation with certificate and trust list; what the old one signed stays good."
)
def rotate(
    context: typer.Context,
    key: KeyArgument,
    *,
    first: FirstOption,
    second: SecondOption,
    algorithm: Annotated[
        Algorithm | None, typer.Option(help="算法，缺省与原密钥相同。 Algorithm; that of the key before when left out.")
    ] = None,
) -> None:
    """Rotate a key."""
    session = session_of(context)
    office, before = session.office, _held(session, key)
    if office.key_desk.custody.newest(before.purpose, before.owner) != before:
        raise KeyMissingError(key)
    turned = turn_key(
        office.key_desk,
        before.purpose,
        before.owner,
        algorithm=algorithm,
        persons=administrators(office, first, second),
        at=office.clock(),
    )
    _publish(session)
    session.screen.result(
        {"key": turned.key.text, "before": before.text, "trust_list": turned.trust_list},
        session.screen.say(
            f"新密钥 {turned.key.text}；信任名单第 {turned.trust_list} 版，已公布。正在运行的服务请重启。",
            f"New key {turned.key.text}; trust list number {turned.trust_list} is published. Restart running services.",
        ),
    )


@keys.command(
    help="由自有机构为密钥签发证书：原证书到期或吊销（失窃除外）之后。外部机构见 keys request 与 keys install。"
    " Certify a key by our own authority when its certificate ended or was revoked, but for theft; for an outside"
    " authority see `keys request` and `keys install`."
)
def certify(context: typer.Context, key: KeyArgument, *, first: FirstOption, second: SecondOption) -> None:
    """Certify a key anew."""
    session = session_of(context)
    office, name = session.office, _held(session, key)
    persons = administrators(office, first, second)
    certified = certify_anew(office.key_desk, name, persons=persons, at=office.clock())
    _publish(session)
    session.screen.result(
        {"key": name.text, "trust_list": certified.trust_list},
        session.screen.say(
            f"{name.text} 的证书有效；信任名单第 {certified.trust_list} 版，已公布。正在运行的服务请重启。",
            f"{name.text} has a certificate that holds; trust list number {certified.trust_list} is published. Restart"
            " running services.",
        ),
    )


@keys.command(
    help="密钥失窃：设截止点。日志中截止点以前的签名仍有效，其余一律不认；此后须 keys rotate。不能撤回。"
    " A key was stolen: what stands in the log below the cut-off stays good, all else is forged. Cannot be taken back;"
    " `keys rotate` must follow."
)
def compromised(
    context: typer.Context,
    key: KeyArgument,
    *,
    cut_off_at: Annotated[
        int,
        typer.Option(
            "--cut-off",
            metavar="SIZE",
            min=0,
            help="截止时日志的条数，见 log checkpoint。 Size of the log at the cut-off.",
        ),
    ],
    confirm: Annotated[
        str,
        typer.Option("--confirm", metavar="KEY", help="再写一次密钥名，以示确认。 The key's name again, to confirm."),
    ],
    first: FirstOption,
    second: SecondOption,
) -> None:
    """Cut a stolen key off."""
    session = session_of(context)
    office, screen, name = session.office, session.screen, KeyName.parse(key)
    if confirm != key:
        raise typer.BadParameter(
            screen.say("与密钥名不一致，未做任何更改", "not the name of the key; nothing was changed"),
            param_hint="--confirm",
        )
    persons = administrators(office, first, second)
    size, trust_list = cut_off(office.key_desk, name, size=cut_off_at, persons=persons, at=office.clock())
    _publish(session)
    screen.result(
        {"key": name.text, "cut_off": [office.desk.log.origin, size], "trust_list": trust_list},
        screen.say(
            f"{name.text} 已在日志第 {size} 条处截止；信任名单第 {trust_list} 版，已公布。请接着办理 keys rotate。",
            f"{name.text} is cut off at entry {size} of the log; trust list number {trust_list} is published. Go on"
            " with `keys rotate`.",
        ),
    )


def _held(session: Session, text: str) -> KeyName:
    """Return the name of a key that can sign. Raises `KeyNameError`, `KeyMissingError`."""
    name = KeyName.parse(text)
    if name not in session.office.key_desk.custody.names():
        raise KeyMissingError(text)
    return name


def _publish(session: Session) -> None:
    publish_files(session.office)
