"""`witness`: be a witness of other offices' logs.

Promises:
  * A witness needs no deployment: a folder of its own with its key, the logs that it watches, and what it cosigned.
  * It is founded once; started again it goes on from what it holds, and never back.
  * Whoever begins to ask and says no more is cut off in seconds, and one address holds a part of the places alone.
"""

import secrets
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from api.cli.contents import HELP
from api.cli.files import read_file
from api.cli.program import app, session_of
from api.cli.screen import Screen
from api.clock import clock
from api.errors import ListenError
from api.logs import forward_libraries, open_log
from api.peer_protocol import PeerProtocol
from api.witness.app import witness_app
from api.witness.service import WitnessService
from api.witness.store import WitnessStore
from keys.passphrases import draw_passphrase
from verify.note import NOTE_LENGTH_MAX, parse_verifier_key

# Of connections; who comes when all are held is told to come back (503).
CONNECTIONS_MAX: Final = 256


class WitnessProtocol(PeerProtocol):
    """The office's protocol, for a server that some dozens of offices ask, each over one connection or two."""

    of_one_max = 32


@app.command(help=HELP["witness"])
def witness(  # noqa: PLR0913 - a command's options are its arguments
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="见证方的文件夹。 The witness's folder.")],
    *,
    name: Annotated[
        str,
        typer.Option(metavar="NAME", help="首次：名称，如 audit.example.gov.cn/w1。 The first time: its name."),
    ] = "",
    watch: Annotated[
        list[str] | None,
        typer.Option("--log", metavar="KEY", help="要见证的日志公钥（可多个）。 Key of a log to watch, or several."),
    ] = None,
    seen: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="恢复备份后：公布的检查点，可多个。 After a restore: published checkpoints.",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="监听地址。 Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="端口。 Port.")] = 8100,
    serves: Annotated[
        bool, typer.Option("--serve/--no-serve", help="是否随即提供服务。 Serve, or only show the key.")
    ] = True,
) -> None:
    """Found the witness if it is new, then serve until stopped."""
    screen = session_of(context).screen
    verifiers = [parse_verifier_key(each) for each in watch or ()]
    if name and not (folder / "name").exists():
        passphrase = draw_passphrase(secrets.token_bytes)
        store = WitnessStore.found(folder, name, passphrase)
    else:
        store = WitnessStore.open(folder)
    for each in verifiers:
        store.watch(each)
    _remember(store, seen or [])
    _show_self(screen, store)
    if serves:
        _serve(store, host, port)


def _remember(store: WitnessStore, seen: list[Path]) -> None:
    """Take up what published checkpoints prove that this witness cosigned. Raises `WitnessStoreError`."""
    service = WitnessService(store=store, clock=clock)
    for path in seen:
        service.remember(read_file(path, bytes_max=NOTE_LENGTH_MAX * 4).decode(errors="replace"))


def _show_self(screen: Screen, store: WitnessStore) -> None:
    line = f"witness {store.key.name} {store.key.text}"
    names = [each.name for each in store.logs]
    watched = screen.say(f"见证的日志：{'、'.join(names) or '无'}", f"logs: {', '.join(names) or 'none'}")
    screen.result({"name": store.key.name, "key": store.key.text, "logs": names}, f"{line}\n{watched}")


def _serve(store: WitnessStore, host: str, port: int) -> None:
    """Serve on this address; behind a proxy that speaks TLS. Raises `ListenError`."""
    lines = open_log(clock)
    forward_libraries(lines)
    config = uvicorn.Config(
        witness_app(WitnessService(store=store, clock=clock), lines),
        http=WitnessProtocol,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="off",
        limit_concurrency=CONNECTIONS_MAX,
    )
    lines.info("witness_serves", address=f"{host}:{port}", logs=len(store.logs))
    try:
        uvicorn.Server(config).run()
    except SystemExit as error:
        raise ListenError(params={"address": f"{host}:{port}"}) from error
