"""`pack fetch|show|verify`: the counter pack brought to where there is no network, and looked at there.

Promises:
  * A pack is opened as counters open it, under the root key that the caller pins, before it is kept or told of.
  * Nothing older takes the place of what was kept: a pack is compared with the one that stands in its file.
  * Only the address that the caller names is asked, without redirects; nothing larger than a pack is read.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.errors import NoFileError, NotWrittenError
from api.cli.files import read_file
from api.cli.offline import decode_public_key
from api.cli.program import group, session_of
from api.cli.screen import Screen
from api.clock import clock
from api.texts import moment_text
from verify.pack import PACK_BYTES_MAX, Pack, PackFormError, Pinned, open_pack

packs = group("pack")

PACK_PATH: Final = "/pack/counter"
PACK_FILE: Final = "pack/counter"
_ROOT_BYTES_MAX: Final = 4096
_SECONDS: Final = 30.0

RootOption = Annotated[Path, typer.Option(metavar="FILE", help="信任名单的根公钥（PEM）。 Root key of the trust list.")]
PackArgument = Annotated[
    Path,
    typer.Argument(metavar="FILE|FOLDER", help="核验包，或公开文件夹的拷贝。 A pack, or a copy of the public folder."),
]


@packs.command(help="从服务器取核验包并存为文件。 Fetch the pack of a server and keep it as a file.")
def fetch(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="URL", help="服务器地址。 Address of the server.")],
    *,
    root: RootOption,
    to: Annotated[Path, typer.Option(metavar="FILE", help="存到。 Where to keep it.")] = Path("counter.pack"),
) -> None:
    """Fetch, check, keep."""
    screen, pinned = session_of(context).screen, _pinned(root)
    held = open_pack(read_file(to, bytes_max=PACK_BYTES_MAX), pinned) if to.is_file() else None
    pack = open_pack(_fetched(address.rstrip("/") + PACK_PATH), pinned if held is None else held.pinned, held=held)
    pack.demand_current(at=clock())
    half = to.with_name(f"{to.name}.part")
    try:
        half.write_bytes(pack.encode())
        half.replace(to)
    except OSError as error:
        raise NotWrittenError(params={"name": str(to)}) from error
    _tell(screen, pack, to, at=clock())


@packs.command(help="说明核验包里有什么。 Tell what is in a pack.")
def show(context: typer.Context, pack: PackArgument, *, root: RootOption) -> None:
    """Open a pack and tell of it, also when it is over."""
    path = _path(pack)
    _tell(session_of(context).screen, _opened(path, root), path, at=clock())


@packs.command(help="检查核验包：签名、完整、期限。 Check a pack: signature, parts, age.")
def verify(context: typer.Context, pack: PackArgument, *, root: RootOption) -> None:
    """Open a pack as a counter does; one that is over is refused."""
    path = _path(pack)
    opened = _opened(path, root)
    opened.demand_current(at=clock())
    _tell(session_of(context).screen, opened, path, at=clock())


def _opened(path: Path, root: Path) -> Pack:
    return open_pack(read_file(path, bytes_max=PACK_BYTES_MAX), _pinned(root))


def _path(given: Path) -> Path:
    """Return the pack's file: itself, or its place in a copy of the published folder, as on a stick."""
    return given / PACK_FILE if given.is_dir() else given


def _pinned(root: Path) -> Pinned:
    return Pinned(root=decode_public_key(read_file(root, bytes_max=_ROOT_BYTES_MAX)))


def _fetched(address: str) -> bytes:
    import httpx  # who looks at a pack that lies there needs no network

    content = bytearray()
    try:
        with httpx.stream("GET", address, timeout=_SECONDS, follow_redirects=False) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > PACK_BYTES_MAX:
                    raise PackFormError("more than a pack has")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoFileError(params={"name": address}) from error
    return bytes(content)


def _tell(screen: Screen, pack: Pack, path: Path, *, at: datetime) -> None:
    manifest, trust = pack.manifest, pack.trust
    hours = max(int((at - manifest.issued_at).total_seconds() // 3600), 0)
    facts = {
        "file": str(path),
        "sequence": manifest.sequence,
        "issued_at": manifest.issued_at.isoformat(),
        "expires_at": manifest.expires_at.isoformat(),
        "age_hours": hours,
        "trust_list": trust.sequence,
        "issuers": len(trust.issuers),
        "status_lists": len(pack.status_lists),
        "types": len(pack.types),
    }
    made, end = (moment_text(each, screen.language) for each in (manifest.issued_at, manifest.expires_at))
    screen.result(
        facts,
        screen.say(
            f"核验包 {manifest.sequence}：{made} 签发（{hours} 小时前），可用至 {end}；"
            f"发证机关 {len(trust.issuers)} 个，状态名单 {len(pack.status_lists)} 份，证照类型 {len(pack.types)} 种",
            f"Counter pack {manifest.sequence}: made {made} ({hours} h ago), good until {end}; "
            f"{len(trust.issuers)} issuers, {len(pack.status_lists)} status lists, {len(pack.types)} licence types",
        ),
    )
