"""`doctor`: look at a deployment from outside in, and say for each fault what to do.

Promises:
  * Changes nothing (but that it tries, in storage for published files, whether one may overwrite another) and signs
    nothing; one line a check, ✔ or ✘, and under each ✘ the cure.
  * A check that cannot be made because an earlier one failed is named as such, never as good.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from shutil import disk_usage
from typing import Final

import typer

from api.cli.contents import HELP
from api.cli.program import ExitCode, Session, app, session_of
from api.cli.words import moment
from api.client_certificates import ClientTrust
from api.clock import clock
from api.health import FREE_BYTES_MIN
from api.settings import KEPT, Settings
from api.texts import sentence
from api.wiring import Office
from keys.custody import DEPLOYMENT
from keys.folder import read_file
from keys.key_files import FILE_BYTES_MAX, decode_key_file, open_key_file
from registry import catalogue, leaves, seals
from registry.db import reading
from registry.seal_lifecycle import SealState
from signer import key_register
from signer.founding import open_custody
from signer.log import CLOCK_BEHIND_MAX
from signer.log_safety import published_checkpoint
from signer.witnessing import standings
from verify.compiled import CODEC, READER
from verify.errors import YinzhengError
from verify.evidence import OFFLINE_HOURS
from verify.key_purpose import KeyPurpose

# Certificates and keys are renewed a month ahead.
RENEWAL_AHEAD: Final = timedelta(days=30)
# A seal is renewed by two persons, and some offices wait weeks for an outside seal maker.
SEAL_RENEWAL_AHEAD: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One check: what was looked at, whether it is good, what was found, and what to do about it."""

    name: tuple[str, str]
    is_good: bool
    found: tuple[str, str] = ("", "")
    cure: tuple[str, str] = ("", "")


@app.command(help=HELP["doctor"])
def doctor(context: typer.Context) -> None:
    """Check the deployment; exit code 2 when something is wrong."""
    session = session_of(context)
    screen, language = session.screen, session.screen.language
    number = 0 if language == "zh" else 1
    is_good = True
    for line in examine(session):
        is_good = is_good and line.is_good
        text = f"{'✔' if line.is_good else '✘'} {line.name[number]}"
        if line.found[number]:
            text += f"  {line.found[number]}"
        if not line.is_good and line.cure[number]:
            text += f"\n    → {line.cure[number]}"
        value: dict[str, object] = {
            "check": line.name[1],
            "good": line.is_good,
            "found": line.found[number],
            "cure": "" if line.is_good else line.cure[number],
        }
        screen.result(value, screen.paint(text, "green" if line.is_good else "bold red"))
    raise typer.Exit(ExitCode.DONE if is_good else ExitCode.USAGE)


def examine(session: Session) -> Iterator[Line]:
    """Yield the lines in the order in which a deployment is built; stop where nothing further can be looked at."""
    settings = session.settings
    yield _settings(settings)
    yield _address(settings)
    yield _disk(settings)
    yield _reader()
    try:
        office = session.office
    except YinzhengError as error:
        yield Line(
            name=("部署", "deployment"),
            is_good=False,
            found=(sentence(error.code, "zh", error.params), sentence(error.code, "en", error.params)),
            cure=_CURES.get(error.code, _CURE_OTHERWISE),
        )
        return
    yield Line(name=("数据库、密钥文件、模板", "database, key files, templates"), is_good=True)
    for check in (_passphrase, _fonts, _clock, _log, _witnesses, _trust, _status_lists, _certificates, _seals):
        yield _guarded(check, office)
    if settings.publish_to is not None:
        yield _guarded(_storage, office)
    if settings.tls_client_crl is not None:
        yield _guarded(_client_lists, office)


_CURES: Final = {
    "deployment.no_database": (
        "新部署请运行 yinzheng init；其余检查未做",
        "For a new deployment: yinzheng init. The other checks were not made",
    ),
    "settings.wrong": (
        "改正这项设置后再体检；其余检查未做",
        "Mend the setting and look again. The other checks were not made",
    ),
}
_CURE_OTHERWISE: Final = (
    "排除上述故障后再体检；其余检查未做",
    "Mend this and look again. The other checks were not made",
)


def _guarded(check: Callable[[Office], Line], office: Office) -> Line:
    """Turn an error that a check ran into into its line."""
    try:
        return check(office)
    except YinzhengError as error:
        name = _NAMES[check.__name__]
        found = tuple(f"{sentence(error.code, language, error.params)} [{error.code}]" for language in ("zh", "en"))
        return Line(name=name, is_good=False, found=(found[0], found[1]))


_NAMES: Final = {
    "_passphrase": ("密钥可以打开", "keys can be opened"),
    "_fonts": ("字体与模板", "fonts and templates"),
    "_clock": ("时钟", "clock"),
    "_log": ("签发日志", "signing log"),
    "_witnesses": ("见证方", "witnesses"),
    "_trust": ("信任名单", "trust list"),
    "_status_lists": ("状态名单", "status lists"),
    "_certificates": ("证书有效期", "certificates"),
    "_seals": ("印章", "seals"),
    "_storage": ("公布文件的存储", "storage of published files"),
    "_client_lists": ("系统证书的吊销列表", "revocation lists of systems' certificates"),
}


def _settings(settings: Settings) -> Line:
    path = settings.data / KEPT
    return Line(
        name=("设置", "settings"),
        is_good=path.is_file(),
        found=(str(path), str(path)),
        cure=(
            "没有部署：运行 yinzheng init，或用 --data 指明文件夹",
            "No deployment: run yinzheng init, or name its folder by --data",
        ),
    )


def _address(settings: Settings) -> Line:
    is_secure = settings.public_address.startswith("https://")
    return Line(
        name=("公众地址", "public address"),
        is_good=is_secure or settings.test,
        found=(settings.public_address, settings.public_address),
        cure=(
            "正式使用必须是 https 域名：它印在每个二维码里；没有 HTTPS，浏览器不给摄像头",
            "In service it must be https: it is printed in every code, and browsers give no camera without it",
        ),
    )


def _disk(settings: Settings) -> Line:
    folder = settings.data if settings.data.exists() else settings.data.absolute().parent
    free = disk_usage(folder).free if folder.exists() else 0
    text = f"{free / 1024**3:.1f} GB"
    return Line(
        name=("磁盘余量", "free disk space"),
        is_good=free >= FREE_BYTES_MIN,
        found=(text, text),
        cure=("清理或扩容：写满时停止签发", "Make room: issuing stops when the disk is full"),
    )


def _reader() -> Line:
    """Tell what reads codes and records; both ways give the same answers, so neither is a fault."""
    compiled = ("机器码", "machine code")
    plain = (
        "仅用 Python（安装时没有 C 编译器），较慢",
        "Python alone (no C compiler when it was installed), more slowly",
    )
    return Line(
        name=("读二维码和记录", "reading of codes and records"),
        is_good=True,
        found=plain if None in {READER, CODEC} else compiled,
    )


def _passphrase(office: Office) -> Line:
    settings = office.settings
    custody = open_custody(settings.keys_folder, settings.passphrase(), office.origin)
    path = settings.keys_folder / f"{custody.newest(KeyPurpose.CHECKPOINT, DEPLOYMENT).text}.key"
    open_key_file(decode_key_file(read_file(path, bytes_max=FILE_BYTES_MAX)), settings.passphrase())
    count = len(custody.names())
    return Line(name=_NAMES["_passphrase"], is_good=True, found=(f"{count} 个密钥文件", f"{count} key files"))


def _fonts(office: Office) -> Line:
    with reading(office.database) as tx:
        types = catalogue.all_types(tx)
    for each in types:
        office.press.missing_characters(each, {})
    return Line(name=_NAMES["_fonts"], is_good=True, found=(f"{len(types)} 种证照", f"{len(types)} licence types"))


def _clock(office: Office) -> Line:
    with reading(office.database) as tx:
        head = leaves.head(tx, office.origin)
    now = office.clock()
    is_good = head.time is None or head.time - now <= CLOCK_BEHIND_MAX
    return Line(
        name=_NAMES["_clock"],
        is_good=is_good,
        found=(moment(now, "zh"), moment(now, "en")),
        cure=(
            "时钟落后于签发日志：校正时间（NTP）后自动恢复签发",
            "The clock is behind the log: set it (NTP), then issuing goes on",
        ),
    )


def _log(office: Office) -> Line:
    verifier = office.desk.log.verifier
    with reading(office.database) as tx:
        head = leaves.head(tx, office.origin)
    published = published_checkpoint(verifier, office.published, head.prefix)
    is_good = published is None or published.size <= head.size
    behind = "" if published is None else f" · {published.size}"
    return Line(
        name=_NAMES["_log"],
        is_good=is_good,
        found=(f"{head.size} 条{behind}", f"{head.size} entries{behind}"),
        cure=(
            "已公布的检查点比数据库新：数据库可能是旧备份，停止签发并查明",
            "The published checkpoint is ahead of the database, which may be an old copy: stop issuing and find out",
        ),
    )


def _storage(office: Office) -> Line:
    """See that the storage keeps publishers from overwriting one another; its trial leaves nothing behind."""
    with office.published.alone():
        return Line(name=_NAMES["_storage"], is_good=True, found=(office.settings.publish_to or "",) * 2)


def _witnesses(office: Office) -> Line:
    """Tell how much of the log is witnessed; without witnesses that is no fault, but it is said."""
    found = standings(office.database, office.witness_policy)
    late = [each for each in found if each.is_overdue(office.clock())]
    text = " · ".join(f"{each.witnessed}/{each.size}" for each in found)
    none = ("未设置，见证不可核验", "none set, so nobody outside vouches for the log")
    return Line(
        name=_NAMES["_witnesses"],
        is_good=not late,
        found=(text, text) if found else none,
        cure=(
            "有条目逾期未见证：运行 yinzheng log witnesses --ask 查看各见证方的答复",
            "Entries wait too long for witnesses: yinzheng log witnesses --ask tells what each one answers",
        ),
    )


def _trust(office: Office) -> Line:
    trust = office.evidence().trust
    if trust is None:
        return Line(
            name=_NAMES["_trust"],
            is_good=False,
            cure=(
                "没有有效的信任名单：运行 yinzheng keys publish，并让 yinzheng worker 常驻",
                "There is none that holds: run yinzheng keys publish, and keep yinzheng worker running",
            ),
        )
    ends = trust.expires_at
    return Line(
        name=_NAMES["_trust"],
        is_good=True,
        found=(
            f"第 {trust.sequence} 版，至 {moment(ends, 'zh')}",
            f"number {trust.sequence}, until {moment(ends, 'en')}",
        ),
    )


def _status_lists(office: Office) -> Line:
    lists = office.evidence().status_lists
    if not lists:
        return Line(name=_NAMES["_status_lists"], is_good=True, found=("尚无", "none yet"))
    age = office.clock() - min(each.issued_at for each in lists.values())
    hours = f"{age.total_seconds() / 3600:.1f}"
    return Line(
        name=_NAMES["_status_lists"],
        is_good=age < timedelta(hours=min(office.offline_hours().values(), default=OFFLINE_HOURS)),
        found=(f"最旧 {hours} 小时", f"the oldest is {hours} h old"),
        cure=(
            "运行 yinzheng status publish，并让 yinzheng worker 常驻",
            "Run yinzheng status publish, and keep yinzheng worker running",
        ),
    )


def _certificates(office: Office) -> Line:
    with reading(office.database) as tx:
        register = key_register.all_keys(tx)
    newest = {(each.key.purpose, each.key.owner): each for each in register}
    ending = [each.key.text for each in newest.values() if each.not_after - clock() < RENEWAL_AHEAD]
    return Line(
        name=_NAMES["_certificates"],
        is_good=not ending,
        found=(", ".join(ending) or f"{len(newest)} 个密钥", ", ".join(ending) or f"{len(newest)} keys"),
        cure=("这些密钥即将到期：轮换", "These keys end soon: rotate them"),
    )


def _seals(office: Office) -> Line:
    """Tell which seals end soon, and which are suspended: that is somebody's decision, and no fault."""
    with reading(office.database) as tx:
        found = [(each, seals.current_object(tx, each.code)) for each in seals.seals_of(tx)]
    running = [each for each in found if each[0].state in {SealState.IN_USE, SealState.SUSPENDED}]
    limit = office.clock() + SEAL_RENEWAL_AHEAD
    ending = [seal.code for seal, filed in running if filed is not None and filed.valid_until < limit]
    suspended = [seal.code for seal, _ in running if seal.state is SealState.SUSPENDED]
    zh, en = [f"{len(running)} 枚"], [f"{len(running)} in all"]
    if ending:
        zh, en = [*zh, f"60 日内到期：{' '.join(ending)}"], [*en, f"ending within 60 days: {' '.join(ending)}"]
    if suspended:
        zh, en = [*zh, f"停用：{' '.join(suspended)}"], [*en, f"suspended: {' '.join(suspended)}"]
    return Line(
        name=_NAMES["_seals"],
        is_good=not ending,
        found=("；".join(zh), "; ".join(en)),
        cure=("申请换发：yinzheng seal renew", "Renew them: yinzheng seal renew"),
    )


def _client_lists(office: Office) -> Line:
    revocation = ClientTrust.of(office.settings).revocation
    ends = min((each.ends_at for each in revocation.lists.values()), default=None) if revocation is not None else None
    return Line(
        name=_NAMES["_client_lists"],
        is_good=ends is not None and office.clock() < ends,
        found=("", "") if ends is None else (f"至 {moment(ends, 'zh')}", f"until {moment(ends, 'en')}"),
        cure=(
            "列表已过期，其机构的证书一律不予放行：放入新列表（mv），无须重启",
            "The list is over, and no certificate of its authority is let in: put a newer one there by mv, no restart",
        ),
    )
