"""`serve`, `worker`, `status publish`, `recover`: processes that go on by themselves, and what they do by the way."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from api.cli.contents import HELP
from api.cli.program import app, group, session_of
from api.publishing import publish_files
from api.settings import with_settings
from api.sm2_choice import choose_sm2
from api.tls import TlsFiles, office_tls, own_tls
from api.wiring import Office
from signer.packs import refresh_pack
from signer.recover import recover as recover_attempts
from signer.statuses import refresh_status_lists

status = group("status")


@app.command(help=HELP["serve"])
def serve(  # noqa: PLR0913 - each option is an argument
    context: typer.Context,
    *,
    public: Annotated[bool, typer.Option("--public", help="只供公众核验。 For the public only.")] = False,
    host: Annotated[str | None, typer.Option(help="监听地址，缺省见设置。 Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="端口，缺省见设置。 Port.")] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="用本部署自己的 CA 签发的证书加密。 TLS by the deployment's own authority.")
    ] = False,
    tls_certificate: Annotated[
        Path | None, typer.Option(metavar="PEM", help="本单位 CA 的服务器证书。 Certificate by the office's authority.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="它的私钥（0600）。 Its private key.")] = None,
) -> None:
    """Serve until stopped."""
    session = session_of(context)
    given = {"tls_certificate": tls_certificate, "tls_key": tls_key}
    settings = with_settings(session.settings, {name: path for name, path in given.items() if path is not None})
    office = session.public_office if public else session.office
    if not public:
        prepare(office)
    files = office_tls(settings, at=office.clock())
    if files is None and tls:
        files = own_tls(office)
    scheme = "http" if files is None else "https"
    listen = (host or settings.listen_host, port or settings.listen_port)

    def tell() -> None:
        session.screen.note(
            f"正在提供服务：{scheme}://{listen[0]}:{listen[1]}/ （Ctrl-C 停止）",
            f"Serving {scheme}://{listen[0]}:{listen[1]}/ (Ctrl-C stops)",
        )

    serve_office(office, host=listen[0], port=listen[1], tls=files, tell=tell)


@app.command(help=HELP["worker"])
def worker(
    context: typer.Context,
    *,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="做完就结束。 End when nothing is left to do.")
    ] = False,
) -> None:
    """Work until stopped; a signal lets the chunk under way come to its end."""
    session = session_of(context)
    from api.work import Workshop  # the workshop is needed by this command only

    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    prepare(session.office)
    tell_sm2(session.office)
    session.screen.note("后台工作已开始", "Working in the background")
    Workshop(session.office).run(stop, until_idle=until_idle)


@status.command(
    "publish", help="重签需要更新的状态名单，并写出全部公开文件。 Sign lists anew and write all public files."
)
def publish_status(context: typer.Context) -> None:
    """Refresh status lists and write the public files into the folder `published`."""
    session = session_of(context)
    office = session.office
    lists = refresh_status_lists(office.desk, at=office.clock())
    refresh_pack(office.desk, at=office.clock())
    publish_files(office)
    folder = office.settings.publish_to or str(office.settings.published_folder)
    session.screen.result(
        {"lists": list(lists), "folder": folder},
        session.screen.say(
            f"已重签 {len(lists)} 份状态名单；公开文件在 {folder}",
            f"Signed {len(lists)} status lists anew; public files are in {folder}",
        ),
    )


@app.command(help=HELP["recover"])
def recover(context: typer.Context) -> None:
    """Abandon what a crash left behind."""
    session = session_of(context)
    done = recover_attempts(session.office.desk, at=session.office.clock())
    session.screen.result(
        {"abandoned": done.abandoned, "swept": done.swept},
        session.screen.say(
            f"已放弃 {done.abandoned} 次中断的签发，清理 {done.swept} 个无主文件",
            f"Gave up {done.abandoned} broken attempts, removed {done.swept} files that nothing names",
        ),
    )


def prepare(office: Office) -> None:
    """Open the keys, and see that the log continues what was published, before anything is signed."""
    _ = office.desk


def tell_sm2(office: Office) -> None:
    """Choose what makes and checks SM2 signatures in this process, and log it."""
    chosen = choose_sm2()
    office.log.info("sm2_chosen", signs=chosen.signs, checks=chosen.checks)


def serve_office(
    office: Office, *, host: str, port: int, tls: TlsFiles | None = None, tell: Callable[[], None] = lambda: None
) -> None:
    """Serve an office until stopped; `tell` is called when the port answers."""
    tell_sm2(office)
    from api.serving import serve as serve_http  # uvicorn and the pages are needed by this command only

    serve_http(office, public=office.is_public, host=host, port=port, tls=tls, tell=tell)
